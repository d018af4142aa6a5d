// SPDX-License-Identifier: Apache-2.0
// A member of a window becomes a record: one block, made to measure.
#include <string.h>

#include "base.h"
#include "flow/catalog.h"
#include "flow/percent.h"
#include "flow/record_block.h"
#include "flow/window_member.h"

// A member with what is derived from the whole window, which no track of it has.
struct portrait {
    const struct member *member;
    struct run share_run;
    struct track share; // METRIC_SRD_TX_SHARE_PERCENT
};

uint64_t track_sum(const struct track *track)
{
    uint64_t sum = track->property;
    for (uint32_t i = 0; i < track->series.n_runs; i++)
        sum += track->series.runs[i].value * track->series.runs[i].n_values;
    return sum;
}

// Where no packet was eligible there is no share, neither 0 nor 100.
static void derive_share(
    const struct window *window, enum metric_scope scope, struct portrait *portrait)
{
    const struct track *tracks = portrait->member->tracks;
    uint64_t eligible = track_sum(&tracks[METRIC_SRD_ELIGIBLE_TX_PKTS]);
    uint64_t sent = track_sum(&tracks[METRIC_SRD_TX_PKTS]);
    const struct metric *metric = &window->catalog->metrics[METRIC_SRD_TX_SHARE_PERCENT];
    if (eligible == 0)
        return;
    uint64_t value = percent_hundredths(sent, eligible);
    portrait->share_run = (struct run){value, 1};
    if (metric->published & scope)
        portrait->share.series = (struct growing){.n_runs = 1, .runs = &portrait->share_run};
    else
        portrait->share = (struct track){.has_property = true, .property = value};
}

static const struct track *track_of(const struct portrait *portrait, uint32_t metric)
{
    return metric == METRIC_SRD_TX_SHARE_PERCENT ? &portrait->share
                                                 : &portrait->member->tracks[metric];
}

static struct record_size measure(const struct window *window, const struct portrait *portrait)
{
    struct record_size size = {0};
    for (uint32_t i = 0; i < window->catalog->n_metrics; i++) {
        const struct track *track = track_of(portrait, i);
        size.n_series += track->series.n_runs > 0;
        size.n_runs += track->series.n_runs;
        size.n_properties += track->has_property;
    }
    return size;
}

static uint32_t count_values(const struct growing *series)
{
    uint32_t n_values = 0;
    for (uint32_t i = 0; i < series->n_runs; i++)
        n_values += series->runs[i].n_values;
    return n_values;
}

static struct record *make_record(const struct record_size *size, const struct portrait *portrait)
{
    struct record_block block = record_block_create(size);
    struct record *record = block.record;
    struct run *runs = block.runs;
    for (uint32_t i = 0; i < METRIC_MAX; i++) {
        const struct track *track = track_of(portrait, i);
        if (track->has_property)
            block.properties[record->n_properties++] = (struct reading){i, track->property};
        if (track->series.n_runs == 0)
            continue;
        memcpy(runs, track->series.runs, track->series.n_runs * sizeof(*runs));
        block.series[record->n_series++] = (struct series){
            i, count_values(&track->series), track->series.n_runs, runs};
        runs += track->series.n_runs;
    }
    return record;
}

static struct metric_set unsupported(
    const struct window *window, const struct metric_set *offered, enum metric_scope scope)
{
    struct metric_set set = {0};
    for (uint32_t i = 0; i < window->catalog->n_metrics; i++)
        if (catalog_lacks(window->catalog, offered, scope, i))
            metric_set_add(&set, i);
    return set;
}

bool member_has_series(
    const struct window *window, const struct member *member, enum metric_scope scope)
{
    struct portrait portrait = {.member = member};
    derive_share(window, scope, &portrait);
    return measure(window, &portrait).n_series > 0;
}

struct record *member_record(const struct window *window, const struct member *member,
    enum metric_scope scope, const struct metric_set *offered)
{
    struct portrait portrait = {.member = member};
    derive_share(window, scope, &portrait);
    struct record_size size = measure(window, &portrait);
    if (size.n_series == 0)
        return NULL;
    struct record *record = make_record(&size, &portrait);
    record->scope = scope;
    if (scope == METRIC_SCOPE_ENI)
        record->eni = member->eni;
    record->start_ms = window->start_ms;
    record->clock_offset_ms = window->clock_offset_ms;
    record->period_ms = window->options->period_ms;
    record->sample_ms = window->sample_ms;
    record->gap_ms = member->gap_ms;
    if (member->was_read)
        record->unsupported = unsupported(window, offered, scope);
    return record;
}
