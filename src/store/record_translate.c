// SPDX-License-Identifier: Apache-2.0
// Metrics are found by name; series and properties stay in the order of the catalog.
#include <string.h>

#include "base.h"
#include "flow/catalog.h"
#include "store/record_translate.h"

// METRIC_MAX: it has none of this name.
static uint32_t translate(uint32_t metric, const struct catalog *from, const struct catalog *to)
{
    const char *name = from->metrics[metric].name;
    return catalog_find(to, name, strlen(name));
}

static void translate_set(
    struct metric_set *set, const struct catalog *from, const struct catalog *to)
{
    struct metric_set translated = {0};
    for (uint32_t i = 0; i < from->n_metrics; i++) {
        uint32_t metric = metric_set_has(set, i) ? translate(i, from, to) : METRIC_MAX;
        if (metric < METRIC_MAX)
            metric_set_add(&translated, metric);
    }
    *set = translated;
}

static int compare_series(const void *a, const void *b)
{
    return (int)((const struct series *)a)->metric - (int)((const struct series *)b)->metric;
}

static int compare_readings(const void *a, const void *b)
{
    return (int)((const struct reading *)a)->metric - (int)((const struct reading *)b)->metric;
}

// Those of its block are the record's own, whatever its pointers to them say.
static void translate_series(
    struct record *record, const struct catalog *from, const struct catalog *to)
{
    struct series *series = (struct series *)record->series;
    uint32_t n_kept = 0;
    for (uint32_t i = 0; i < record->n_series; i++) {
        series[n_kept] = series[i];
        series[n_kept].metric = translate(series[i].metric, from, to);
        n_kept += series[n_kept].metric < METRIC_MAX;
    }
    record->n_series = n_kept;
    qsort(series, n_kept, sizeof(*series), compare_series);
}

static void translate_properties(
    struct record *record, const struct catalog *from, const struct catalog *to)
{
    struct reading *properties = (struct reading *)record->properties;
    uint32_t n_kept = 0;
    for (uint32_t i = 0; i < record->n_properties; i++) {
        properties[n_kept].value = properties[i].value;
        properties[n_kept].metric = translate(properties[i].metric, from, to);
        n_kept += properties[n_kept].metric < METRIC_MAX;
    }
    record->n_properties = n_kept;
    qsort(properties, n_kept, sizeof(*properties), compare_readings);
}

uint32_t record_translate(
    struct record *record, const struct catalog *from, const struct catalog *to)
{
    uint32_t n_before = record->n_series + record->n_properties;
    translate_set(&record->eni.offered, from, to);
    translate_set(&record->unsupported, from, to);
    translate_series(record, from, to);
    translate_properties(record, from, to);
    uint32_t n_left_out = n_before - record->n_series - record->n_properties;
    if (n_left_out > 0)
        record->parts.key = 0;
    return n_left_out;
}
