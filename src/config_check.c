// SPDX-License-Identifier: Apache-2.0
// A part of config.c: what no row can see alone, because two rows, or a row and what a document
// holds, must fit together. Complaints name the place where the value was set.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "encode/emf.h"

printf_like(4, 5) static int complain(
    const struct config *config, const char *section, const char *key, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    const char *origin = config_origin(config, section, key);
    log_error("%s: %s.%s%s", origin != NULL ? origin : "default", section, key, text);
    return -EINVAL;
}

static bool can_have_value(const struct config *config, enum metric_scope scope, const char *name)
{
    return identity_knows_dimension(&config->identity, name, scope == METRIC_SCOPE_ENI);
}

// The first name of the set that never has a value; NULL when the set can be complete.
static const char *find_unknown(
    const struct config *config, enum metric_scope scope, const struct dimension_set *set)
{
    for (size_t i = 0; i < set->n_names; i++)
        if (!can_have_value(config, scope, set->names[i]))
            return set->names[i];
    return NULL;
}

// A set that can never be complete would publish nothing, without a word. ClusterName alone may be
// missing: it is in the default, and a node need not be in a cluster.
static int check_sets(const struct config *config, enum metric_scope scope, const char *key,
    const struct dimension_sets *sets)
{
    bool is_any_complete = false;
    for (size_t i = 0; i < sets->n_sets; i++) {
        const char *unknown = find_unknown(config, scope, &sets->sets[i]);
        is_any_complete |= unknown == NULL;
        if (unknown != NULL && strcmp(unknown, "ClusterName") != 0)
            return complain(config, "publish", key,
                ": %s has no value here: allowed is InstanceId, ClusterName, %swhat "
                "identity.dimension.NAME defines, and with identity.imds = auto what the metadata "
                "service tells",
                unknown, scope == METRIC_SCOPE_ENI ? "NetworkInterfaceId, " : "");
    }
    if (!is_any_complete)
        return complain(config, "publish", key,
            ": no set is complete without identity.cluster: set it, or add a set");
    return 0;
}

static int check_dimensions(
    const struct config *config, enum metric_scope scope, const char *key, const char *text)
{
    struct dimension_sets sets = {0};
    if (dimension_sets_parse(text, &sets) != NULL)
        return -EINVAL; // its row has refused it before
    int r = check_sets(config, scope, key, &sets);
    dimension_sets_finish(&sets);
    return r;
}

static int check_metrics(const struct config *config)
{
    const char *complaint = catalog_options_check(&config->catalog);
    if (complaint != NULL)
        return complain(config, "publish", "metrics", ": allowed is %s", complaint);
    for (size_t i = 0; i < config->catalog.metrics.n_words; i++) {
        const char *name = config->catalog.metrics.words[i];
        if (emf_is_reserved(name) || identity_is_own_label(name))
            return complain(config, "publish", "metrics",
                ": %s is a member of every document: allowed are names of statistics", name);
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
static int check_twins(const struct config *config)
{
    const struct identity_options *identity = &config->identity;
    for (size_t i = 0; i < identity->properties.n_pairs; i++) {
        const char *name = identity->properties.pairs[i].name;
        scoped_free char *key = xasprintf("property.%s", name);
        if (has_pair(&identity->dimensions, name))
            return complain(config, "identity", key, ": allowed is a name that no dimension has");
    }
    return 0;
}

// So would a label and a statistic.
static int check_labels(const struct config *config, const struct catalog *catalog,
    const char *map_key, const struct option_map *map)
{
    for (size_t i = 0; i < map->n_pairs; i++) {
        const char *name = map->pairs[i].name;
        scoped_free char *key = xasprintf("%s.%s", map_key, name);
        if (catalog_find(catalog, name, strlen(name)) != METRIC_MAX)
            return complain(config, "identity", key, ": allowed is a name that no statistic has");
    }
    return 0;
}

static int check_names(const struct config *config)
{
    const char *complaint = identity_options_check(&config->identity);
    if (complaint != NULL)
        return complain(config, "identity", "property", ": allowed is %s", complaint);
    struct catalog catalog;
    catalog_init(&catalog, &config->catalog);
    int r = check_twins(config);
    if (r == 0)
        r = check_labels(config, &catalog, "dimension", &config->identity.dimensions);
    if (r == 0)
        r = check_labels(config, &catalog, "property", &config->identity.properties);
    return r;
}

static int check_times(const struct config *config)
{
    uint64_t period_ms = config->window.period_ms;
    const char *complaint = window_options_check(&config->window);
    if (complaint != NULL)
        return complain(config, "publish", "period", ": allowed is %s", complaint);
    if (config->sample.interval_ms > period_ms)
        return complain(config, "sample", "interval", ": allowed is at most publish.period");
    bool is_high = config->encoder.resolution == ENCODER_RESOLUTION_1;
    if (is_high && period_ms != 1000 && period_ms != 5000 && period_ms != 10000 &&
        period_ms != 30000)
        return complain(config, "publish", "resolution",
            " = 1: allowed is a publish.period of 1s, 5s, 10s or 30s with it");
    return 0;
}

int config_check(const struct config *config)
{
    int r = check_times(config);
    if (r == 0)
        r = check_metrics(config);
    if (r == 0)
        r = check_names(config);
    if (r == 0)
        r = check_dimensions(config, METRIC_SCOPE_INSTANCE, "instance_dimensions",
            config->encoder.instance_dimensions);
    if (r == 0)
        r = check_dimensions(
            config, METRIC_SCOPE_ENI, "eni_dimensions", config->encoder.eni_dimensions);
    return r;
}
