// SPDX-License-Identifier: Apache-2.0
// A part of config.c: what no row can see alone, because two rows, or a row and what a document
// holds, must fit together.
#include <errno.h>
#include <string.h>

#include "config.h"

static int complain(const char *key, const char *allowed)
{
    log_error("%s: allowed is %s", key, allowed);
    return -EINVAL;
}

// The instance has no ENI id.
static bool can_have_value(const struct config *config, enum metric_scope scope, const char *name)
{
    return identity_knows_dimension(&config->identity, name) &&
        (scope == METRIC_SCOPE_ENI || strcmp(name, "NetworkInterfaceId") != 0);
}

// A set that can never be complete would publish nothing, without a word.
static int check_dimensions(
    const struct config *config, enum metric_scope scope, const char *key, const char *text)
{
    struct dimension_sets sets = {0};
    const char *complaint = dimension_sets_parse(text, &sets);
    bool is_any_complete = false;
    const char *unknown = NULL;
    for (size_t i = 0; complaint == NULL && i < sets.n_sets; i++) {
        bool is_complete = true;
        for (size_t k = 0; k < sets.sets[i].n_names; k++) {
            if (can_have_value(config, scope, sets.sets[i].names[k]))
                continue;
            is_complete = false;
            if (strcmp(sets.sets[i].names[k], "ClusterName") != 0)
                unknown = sets.sets[i].names[k];
        }
        is_any_complete |= is_complete;
    }
    int r = 0;
    if (unknown != NULL) {
        log_error(
            "%s = %s: %s has no value: allowed is InstanceId, ClusterName, NetworkInterfaceId "
            "and what identity.dimension.NAME defines",
            key, text, unknown);
        r = -EINVAL;
    } else if (complaint == NULL && !is_any_complete) {
        log_error("%s = %s: no set is complete without identity.cluster: set it, or add a set", key,
            text);
        r = -EINVAL;
    }
    dimension_sets_finish(&sets);
    return r;
}

static int check_metrics(const struct config *config)
{
    for (size_t i = 0; i < config->catalog.metrics.n_words; i++) {
        const char *name = config->catalog.metrics.words[i];
        if (!emf_is_reserved(name) && !identity_is_own_dimension(name))
            continue;
        log_error("publish.metrics: %s is a member of every document: allowed are names of "
                  "statistics",
            name);
        return -EINVAL;
    }
    return 0;
}

static bool has_pair(const struct option_map *map, const char *name)
{
    for (size_t i = 0; i < map->n_pairs; i++)
        if (strcmp(map->pairs[i].name, name) == 0)
            return true;
    return false;
}

// Two labels of one name would be one member of the document.
static int check_twins(const struct identity_options *identity)
{
    for (size_t i = 0; i < identity->properties.n_pairs; i++) {
        const char *name = identity->properties.pairs[i].name;
        if (!has_pair(&identity->dimensions, name))
            continue;
        log_error("identity.property.%s: allowed is a name that no dimension has", name);
        return -EINVAL;
    }
    return 0;
}

// So would a label and a statistic.
static int check_labels(
    const struct catalog *catalog, const char *key, const struct option_map *map)
{
    for (size_t i = 0; i < map->n_pairs; i++) {
        const char *name = map->pairs[i].name;
        if (catalog_find(catalog, name, strlen(name)) == METRIC_MAX)
            continue;
        log_error("%s.%s: allowed is a name that no statistic has", key, name);
        return -EINVAL;
    }
    return 0;
}

static int check_names(const struct config *config)
{
    struct catalog catalog;
    catalog_init(&catalog, &config->catalog);
    int r = check_metrics(config);
    if (r == 0)
        r = check_twins(&config->identity);
    if (r == 0)
        r = check_labels(&catalog, "identity.dimension", &config->identity.dimensions);
    return r != 0 ? r : check_labels(&catalog, "identity.property", &config->identity.properties);
}

int config_check(const struct config *config)
{
    const char *complaint = catalog_options_check(&config->catalog);
    if (complaint != NULL)
        return complain("publish.metrics", complaint);
    complaint = window_options_check(&config->window);
    if (complaint != NULL)
        return complain("publish.period", complaint);
    complaint = identity_options_check(&config->identity);
    if (complaint != NULL)
        return complain("[identity]", complaint);
    if (config->sample.interval_ms > config->window.period_ms)
        return complain("sample.interval", "at most publish.period");
    if (config->emf.resolution == EMF_RESOLUTION_1 && config->window.period_ms != 1000 &&
        config->window.period_ms != 5000 && config->window.period_ms != 10000 &&
        config->window.period_ms != 30000)
        return complain("publish.resolution = 1", "a publish.period of 1s, 5s, 10s or 30s with it");
    int r = check_names(config);
    if (r == 0)
        r = check_dimensions(config, METRIC_SCOPE_INSTANCE, "publish.instance_dimensions",
            config->emf.instance_dimensions);
    if (r == 0)
        r = check_dimensions(
            config, METRIC_SCOPE_ENI, "publish.eni_dimensions", config->emf.eni_dimensions);
    return r;
}
