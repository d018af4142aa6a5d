// SPDX-License-Identifier: Apache-2.0
// A member of a window becomes a record: one block, made to measure.
#include <string.h>

#include "base.h"
#include "flow/catalog.h"
#include "flow/window_member.h"

struct record_size {
    uint32_t n_series, n_properties, n_runs;
};

static struct record_size measure(const struct window *window, const struct member *member)
{
    struct record_size size = {0};
    for (uint32_t i = 0; i < window->catalog->n_metrics; i++) {
        const struct track *track = &member->tracks[i];
        size.n_series += track->series.n_runs > 0;
        size.n_runs += track->series.n_runs;
        size.n_properties += track->has_property;
    }
    return size;
}

// Header, series, properties and runs in one block, in this order: none needs padding before it.
static struct record *allocate_record(const struct record_size *size)
{
    size_t bytes = sizeof(struct record) + size->n_series * sizeof(struct series) +
        size->n_properties * sizeof(struct reading) + size->n_runs * sizeof(struct run);
    struct record *record = xcalloc(1, bytes);
    record->bytes = bytes;
    return record;
}

static uint32_t count_values(const struct growing *series)
{
    uint32_t n_values = 0;
    for (uint32_t i = 0; i < series->n_runs; i++)
        n_values += series->runs[i].n_values;
    return n_values;
}

static void fill_record(
    struct record *record, const struct record_size *size, const struct member *member)
{
    struct series *series = (struct series *)(record + 1);
    struct reading *properties = (struct reading *)(series + size->n_series);
    struct run *runs = (struct run *)(properties + size->n_properties);
    record->series = series;
    record->properties = properties;
    for (uint32_t i = 0; i < METRIC_MAX; i++) {
        const struct track *track = &member->tracks[i];
        if (track->has_property)
            properties[record->n_properties++] = (struct reading){i, track->property};
        if (track->series.n_runs == 0)
            continue;
        memcpy(runs, track->series.runs, track->series.n_runs * sizeof(*runs));
        series[record->n_series++] = (struct series){
            i, count_values(&track->series), track->series.n_runs, runs};
        runs += track->series.n_runs;
    }
}

static struct metric_set unsupported(
    const struct window *window, const struct member *member, enum metric_scope scope)
{
    struct metric_set set = {0};
    for (uint32_t i = 0; member->was_read && i < window->catalog->n_metrics; i++)
        if (catalog_lacks(window->catalog, &member->eni.offered, scope, i))
            metric_set_add(&set, i);
    return set;
}

struct record *member_record(
    const struct window *window, const struct member *member, enum metric_scope scope)
{
    struct record_size size = measure(window, member);
    if (size.n_series == 0)
        return NULL;
    struct record *record = allocate_record(&size);
    record->scope = scope;
    if (scope == METRIC_SCOPE_ENI)
        record->eni = member->eni;
    record->start_ms = window->start_ms;
    record->clock_offset_ms = window->clock_offset_ms;
    record->period_ms = window->options->period_ms;
    record->sample_ms = window->sample_ms;
    record->gap_ms = member->gap_ms;
    record->unsupported = unsupported(window, member, scope);
    fill_record(record, &size, member);
    return record;
}
