// SPDX-License-Identifier: Apache-2.0
// What the user can say about what is published, in either form: the section `publish`, read by
// config.c.
#include <string.h>

#include "encode/emf.h"

#define LOG_GROUP_MAX 512 // PutLogEvents model 2014-03-28

static const char *check_namespace(const char *name, const char *value)
{
    (void)name;
    if (!label_is_name(value, CLOUDWATCH_MAX_NAME) || strncmp(value, "AWS/", 4) == 0)
        return "1 to 255 printable ASCII characters, not starting with : or AWS/";
    return NULL;
}

static const char *check_log_group(const char *name, const char *value)
{
    (void)name;
    size_t n = strspn(value,
        "abcdefghijklmnopqrstuvwxyz"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "0123456789.-_/#");
    return n >= 1 && n <= LOG_GROUP_MAX && value[n] == '\0'
        ? NULL
        : "1 to 512 of A-Z, a-z, 0-9 and . - _ / #";
}

static bool has_reserved(const struct dimension_sets *sets)
{
    for (size_t i = 0; i < sets->n_sets; i++)
        for (size_t j = 0; j < sets->sets[i].n_names; j++)
            if (emf_is_reserved(sets->sets[i].names[j]))
                return true;
    return false;
}

static const char *check_dimensions(const char *name, const char *value)
{
    (void)name;
    struct dimension_sets sets;
    const char *allowed = dimension_sets_parse(value, &sets);
    if (allowed != NULL)
        return allowed;
    if (has_reserved(&sets))
        allowed = "any name that the documents do not use for themselves";
    dimension_sets_finish(&sets);
    return allowed;
}

// In the order of enum encoder_resolution.
static const char *const resolutions[] = {"60", "1", NULL};

static const struct option rows[] = {
    {.name = "namespace",
        .type = OPTION_STRING,
        .offset = offsetof(struct encoder_options, namespace),
        .fallback = "EnaWatch",
        .check = check_namespace,
        .help = "The CloudWatch namespace of all metrics."},
    {.name = "log_group",
        .type = OPTION_STRING,
        .offset = offsetof(struct encoder_options, log_group),
        .fallback = "/enawatch/metrics",
        .check = check_log_group,
        .help = "The CloudWatch Logs group that documents go to."},
    {.name = "resolution",
        .type = OPTION_CHOICE,
        .offset = offsetof(struct encoder_options, resolution),
        .fallback = "60",
        .choices = resolutions,
        .help = "Seconds that CloudWatch keeps apart: 60, or 1 for high resolution."},
    {.name = "instance_dimensions",
        .type = OPTION_STRING,
        .offset = offsetof(struct encoder_options, instance_dimensions),
        .fallback = "InstanceId; ClusterName",
        .check = check_dimensions,
        .help = "Dimension sets of the instance's metrics, sets apart by ; and names by commas."},
    {.name = "eni_dimensions",
        .type = OPTION_STRING,
        .offset = offsetof(struct encoder_options, eni_dimensions),
        .fallback = "InstanceId, NetworkInterfaceId",
        .check = check_dimensions,
        .help = "Dimension sets of an interface's metrics, sets apart by ; and names by commas."},
};

const struct option_table encoder_option_table = {
    .section = "publish",
    .rows = rows,
    .n_rows = ARRAY_SIZE(rows),
    .options_size = sizeof(struct encoder_options),
};
