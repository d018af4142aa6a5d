// SPDX-License-Identifier: Apache-2.0
// Labels from the configuration.
#include <string.h>

#include "base/mac.h"
#include "encode/emf.h"
#include "identity/fixed.h"

static const char *check_dimension_value(const char *name, const char *value)
{
    (void)name;
    bool has_ink = false;
    for (const char *at = value; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~')
            return "printable ASCII";
        has_ink |= *at != ' ';
    }
    if (!has_ink || strlen(value) > CLOUDWATCH_MAX_DIMENSION_VALUE)
        return "1 to 1024 characters, not all blank";
    return NULL;
}

bool identity_is_own_dimension(const char *name)
{
    return strcmp(name, "InstanceId") == 0 || strcmp(name, "ClusterName") == 0 ||
        strcmp(name, "NetworkInterfaceId") == 0;
}

static const char *check_name(const char *name)
{
    if (identity_is_own_dimension(name) || emf_is_reserved(name))
        return "a name that enawatch does not use itself";
    return label_is_name(name, EMF_MAX_DIMENSION_NAME) ? NULL
                                                       : "a name of 1 to 250 printable characters";
}

static const char *check_dimension(const char *name, const char *value)
{
    const char *complaint = check_name(name);
    return complaint != NULL ? complaint : check_dimension_value(name, value);
}

static const char *check_property(const char *name, const char *value)
{
    const char *complaint = check_name(name);
    if (complaint == NULL && strlen(value) > CLOUDWATCH_MAX_DIMENSION_VALUE)
        complaint = "a value of at most 1024 bytes";
    return complaint;
}

static const char *const imds_choices[] = {"auto", "off", NULL};

static const struct option rows[] = {
    {.name = "imds",
        .type = OPTION_CHOICE,
        .offset = offsetof(struct identity_options, imds),
        .fallback = "auto",
        .choices = imds_choices,
        .help = "Whether to ask the instance metadata service; this version never does, both mean "
                "off."},
    {.name = "instance_id",
        .type = OPTION_STRING,
        .offset = offsetof(struct identity_options, instance_id),
        .check = check_dimension_value,
        .help = "The dimension InstanceId; the host name stands in for it."},
    {.name = "cluster",
        .type = OPTION_STRING,
        .offset = offsetof(struct identity_options, cluster),
        .check = check_dimension_value,
        .help = "The dimension ClusterName."},
    {.name = "dimension",
        .type = OPTION_MAP,
        .offset = offsetof(struct identity_options, dimensions),
        .check = check_dimension,
        .help = "dimension.NAME = VALUE: a name for use in the dimension sets of [publish]."},
    {.name = "property",
        .type = OPTION_MAP,
        .offset = offsetof(struct identity_options, properties),
        .check = check_property,
        .help = "property.NAME = VALUE: a member of every document, searchable, without cost as a "
                "metric."},
};

const struct option_table identity_option_table = {
    "identity", rows, ARRAY_SIZE(rows), sizeof(struct identity_options)};

const char *identity_options_check(const struct identity_options *options)
{
    // The rest of LABELS_MAX is for what enawatch itself knows.
    if (options->dimensions.n_pairs > 27 || options->properties.n_pairs > 32)
        return "at most 27 dimension.NAME and 32 property.NAME";
    return NULL;
}

static bool is_ascii_name(const char *text)
{
    return *text != '\0' && check_dimension_value(NULL, text) == NULL;
}

void identity_init(struct identity *identity, const struct identity_options *options)
{
    *identity = (struct identity){.options = options};
    if (gethostname(identity->host_name, sizeof(identity->host_name) - 1) != 0 ||
        !is_ascii_name(identity->host_name))
        memcpy(identity->host_name, "unknown", sizeof("unknown"));
}

static const char *find(const struct option_map *map, const char *name)
{
    for (size_t i = 0; i < map->n_pairs; i++)
        if (strcmp(map->pairs[i].name, name) == 0)
            return map->pairs[i].value;
    return NULL;
}

bool identity_knows_dimension(const struct identity_options *options, const char *name)
{
    if (strcmp(name, "ClusterName") == 0)
        return options->cluster != NULL;
    return identity_is_own_dimension(name) || find(&options->dimensions, name) != NULL;
}

static void add(struct labels *labels, const char *name, const char *value, bool is_dimension)
{
    if (value != NULL)
        labels_add(labels, (struct label){name, value, is_dimension});
}

static void add_pairs(struct labels *labels, const struct option_map *map, bool are_dimensions)
{
    for (size_t i = 0; i < map->n_pairs; i++)
        add(labels, map->pairs[i].name, map->pairs[i].value, are_dimensions);
}

void identity_label(
    struct identity *identity, const struct record *record, struct labels *ret_labels)
{
    const struct identity_options *options = identity->options;
    ret_labels->n_labels = 0;
    add(ret_labels, "InstanceId",
        options->instance_id != NULL ? options->instance_id : identity->host_name, true);
    add(ret_labels, "ClusterName", options->cluster, true);
    if (record->scope == METRIC_SCOPE_ENI) {
        mac_format(record->eni.mac.octets, identity->mac);
        add(ret_labels, "NetworkInterfaceId", identity->mac, true);
    }
    add_pairs(ret_labels, &options->dimensions, true);
    add_pairs(ret_labels, &options->properties, false);
}
