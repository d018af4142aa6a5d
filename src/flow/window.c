// SPDX-License-Identifier: Apache-2.0
// The open window: a member per ENI and one for the instance, each with a series per metric.
#include <string.h>

#include "base.h"
#include "flow/window.h"

#define MS_PER_HOUR   UINT64_C(3600000)
#define MS_PER_MINUTE UINT64_C(60000)

// A series that still grows.
struct growing {
    uint32_t n_runs, capacity;
    struct run *runs;
};

// What a member knows of one metric: its series where it is published, else what a property says.
struct track {
    struct growing series;
    bool has_property;
    uint64_t property;
};

struct member {
    struct eni eni; // all zero for the instance
    bool was_read;  // in this window
    uint64_t gap_ms;
    struct track tracks[METRIC_MAX];
};

static const char *const quiet_enis_choices[] = {"omit", "send", NULL};

static const struct option rows[] = {
    {.name = "period",
        .type = OPTION_DURATION,
        .offset = offsetof(struct window_options, period_ms),
        .fallback = "60s",
        .min = 1000,
        .max = MS_PER_HOUR,
        .help =
            "How long a window is: it divides one hour, and above 60s it is a multiple of 60s."},
    {.name = "quiet_enis",
        .type = OPTION_CHOICE,
        .offset = offsetof(struct window_options, quiet_enis),
        .fallback = "omit",
        .choices = quiet_enis_choices,
        .help = "Whether an ENI none of whose *_exceeded counters moved is published."},
};

const struct option_table window_option_table = {
    "publish", rows, ARRAY_SIZE(rows), sizeof(struct window_options)};

const char *window_options_check(const struct window_options *options)
{
    uint64_t period_ms = options->period_ms;
    if (MS_PER_HOUR % period_ms != 0 ||
        (period_ms > MS_PER_MINUTE && period_ms % MS_PER_MINUTE != 0) || period_ms % MS_PER_S != 0)
        return "whole seconds that divide one hour, above 60s a multiple of 60s";
    return NULL;
}

void window_init(struct window *window, const struct catalog *catalog,
    const struct window_options *options, uint64_t sample_ms)
{
    *window = (struct window){.catalog = catalog, .options = options, .sample_ms = sample_ms};
    window->instance = xcalloc(1, sizeof(*window->instance));
}

static void free_member(struct member *member)
{
    if (member == NULL)
        return;
    for (uint32_t i = 0; i < METRIC_MAX; i++)
        free(member->tracks[i].series.runs);
    free(member);
}

void window_finish(struct window *window)
{
    free_member(window->instance);
    for (size_t i = 0; i < window->n_enis; i++)
        free_member(window->enis[i]);
    free(window->enis);
    *window = (struct window){0};
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

// Whether a tick comes too late for a window that ends then, or on another clock than `offset_ms`
// tells.
static bool is_past(
    const struct window *window, const struct now *now, int64_t end_ms, int64_t offset_ms)
{
    // The tick of the window's end belongs to it; one that comes an interval later tells of a gap.
    return now->wall_ms >= end_ms + (int64_t)window->sample_ms ||
        distance(now_offset_ms(now), offset_ms) > (int64_t)window->options->period_ms;
}

bool window_is_stale(const struct window *window, const struct now *now)
{
    return window->is_open && is_past(window, now, window->end_ms, window->clock_offset_ms);
}

// The window that follows the last one, when that ended with a tick of its own and this tick is not
// too late for it; else the one that `now` falls in.
static int64_t start_of_next(const struct window *window, const struct now *now)
{
    int64_t period_ms = (int64_t)window->options->period_ms;
    bool follows = window->has_ended &&
        !is_past(window, now, window->end_ms + period_ms, window->clock_offset_ms);
    return follows ? window->end_ms : now->wall_ms - now->wall_ms % period_ms;
}

void window_open(struct window *window, const struct now *now)
{
    if (window->is_open)
        return;
    window->start_ms = start_of_next(window, now);
    window->end_ms = window->start_ms + (int64_t)window->options->period_ms;
    window->clock_offset_ms = now_offset_ms(now);
    window->is_open = true;
    window->has_ended = false;
}

static struct member *find_member(struct window *window, const struct mac *mac)
{
    for (size_t i = 0; i < window->n_enis; i++) {
        if (window->next >= window->n_enis)
            window->next = 0;
        struct member *member = window->enis[window->next++];
        if (memcmp(&member->eni.mac, mac, sizeof(*mac)) == 0)
            return member;
    }
    return NULL;
}

static struct member *member_of(struct window *window, const struct eni *eni)
{
    struct member *member = find_member(window, &eni->mac);
    if (member != NULL)
        return member;
    window->enis = xreallocarray(window->enis, window->n_enis + 1, sizeof(struct member *));
    member = xcalloc(1, sizeof(*member));
    window->enis[window->n_enis++] = member;
    return member;
}

rarely static void add_run(struct growing *series, uint64_t value)
{
    if (series->runs == NULL || series->n_runs == series->capacity) {
        series->capacity = 2 * series->capacity + 8;
        series->runs = xreallocarray(series->runs, series->capacity, sizeof(*series->runs));
    }
    series->runs[series->n_runs++] = (struct run){.value = value, .n_values = 1};
}

static void append(struct growing *series, uint64_t value)
{
    struct run *last = series->n_runs > 0 ? &series->runs[series->n_runs - 1] : NULL;
    if (last != NULL && last->value == value)
        last->n_values++;
    else
        add_run(series, value);
}

static void take_value(struct member *member, const struct metric *metric, enum metric_scope scope,
    const struct reading *reading)
{
    struct track *track = &member->tracks[reading->metric];
    if (metric->published & scope) {
        append(&track->series, reading->value);
        return;
    }
    track->property = metric->kind == METRIC_COUNTER ? track->property + reading->value
                                                     : reading->value;
    track->has_property = true;
}

static void take_level(struct window_tick *tick, enum metric_kind kind, uint64_t value)
{
    bool is_extreme = kind == METRIC_GAUGE ? value < tick->value : value > tick->value;
    if (!tick->has_value || is_extreme)
        tick->value = value;
}

static void roll_up(struct window_tick *tick, enum metric_kind kind, uint64_t value)
{
    if (kind == METRIC_COUNTER)
        tick->value += value; // from 0: ticks are emptied when they end
    else if (kind != METRIC_MODE)
        take_level(tick, kind, value);
    tick->has_value = kind != METRIC_MODE;
}

// ENA Express that is switched off has nothing to tell but its mode; what moved in the second in
// which it was switched off is not told either.
static bool is_srd_off(const struct delta *delta)
{
    for (uint32_t i = 0; i < delta->n_readings; i++)
        if (delta->readings[i].metric == METRIC_SRD_MODE)
            return (delta->readings[i].value & METRIC_SRD_MODE_ON) == 0;
    return true;
}

static void note_gap(const struct window *window, struct member *member, uint64_t elapsed_ns)
{
    uint64_t elapsed_ms = elapsed_ns / NS_PER_MS;
    bool is_unusual = elapsed_ms > window->sample_ms + window->sample_ms / 2;
    if (is_unusual && elapsed_ms > member->gap_ms)
        member->gap_ms = elapsed_ms;
}

static bool is_srd_figure(uint32_t metric)
{
    return metric >= METRIC_SRD_TX_PKTS && metric <= METRIC_SRD_RESOURCE_UTILIZATION;
}

void window_add(struct window *window, const struct delta *delta)
{
    const struct metric *metrics = window->catalog->metrics;
    struct member *member = member_of(window, delta->eni);
    member->eni = *delta->eni;
    member->was_read = true;
    note_gap(window, member, delta->elapsed_ns);
    note_gap(window, window->instance, delta->elapsed_ns);
    bool srd_off = is_srd_off(delta);
    for (uint32_t i = 0; i < delta->n_readings; i++) {
        const struct reading *reading = &delta->readings[i];
        if (srd_off && is_srd_figure(reading->metric))
            continue;
        const struct metric *metric = &metrics[reading->metric];
        take_value(member, metric, METRIC_SCOPE_ENI, reading);
        roll_up(&window->ticks[reading->metric], metric->kind, reading->value);
    }
}

bool window_end_tick(struct window *window, const struct now *now)
{
    for (uint32_t i = 0; i < window->catalog->n_metrics; i++) {
        struct window_tick *tick = &window->ticks[i];
        if (!tick->has_value)
            continue;
        struct reading reading = {i, tick->value};
        take_value(window->instance, &window->catalog->metrics[i], METRIC_SCOPE_INSTANCE, &reading);
        *tick = (struct window_tick){0};
    }
    window->has_ended = window->is_open && now->wall_ms >= window->end_ms;
    return window->has_ended;
}

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

static struct record *make_record(
    const struct window *window, const struct member *member, enum metric_scope scope)
{
    struct record_size size = measure(window, member);
    if (size.n_series == 0)
        return NULL;
    struct record *record = allocate_record(&size);
    record->scope = scope;
    record->eni = member->eni;
    record->start_ms = window->start_ms;
    record->clock_offset_ms = window->clock_offset_ms;
    record->period_ms = window->options->period_ms;
    record->sample_ms = window->sample_ms;
    record->gap_ms = member->gap_ms;
    fill_record(record, &size, member);
    return record;
}

// Empties a member for the next window and keeps its memory.
static void clear_member(struct member *member)
{
    for (uint32_t i = 0; i < METRIC_MAX; i++) {
        struct track *track = &member->tracks[i];
        track->series.n_runs = 0;
        track->has_property = false;
        track->property = 0;
    }
    member->was_read = false;
    member->gap_ms = 0;
}

// Members that were not read in a whole window are forgotten: their ENI is gone.
static void clear_enis(struct window *window)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < window->n_enis; i++) {
        struct member *member = window->enis[i];
        if (!member->was_read) {
            free_member(member);
            continue;
        }
        clear_member(member);
        window->enis[n_kept++] = member;
    }
    window->n_enis = n_kept;
}

static uint32_t count_read(const struct window *window)
{
    uint32_t n_read = 0;
    for (size_t i = 0; i < window->n_enis; i++)
        n_read += window->enis[i]->was_read;
    return n_read;
}

// Whether an exceeded counter moved in this window.
static bool is_loud(const struct member *member)
{
    for (uint32_t i = 0; i < METRIC_N_EXCEEDED; i++) {
        const struct track *track = &member->tracks[i];
        if (track->property > 0 || track->series.n_runs > 1 ||
            (track->series.n_runs == 1 && track->series.runs[0].value > 0))
            return true;
    }
    return false;
}

struct record *window_close(struct window *window)
{
    if (!window->is_open)
        return NULL;
    struct record *first = make_record(window, window->instance, METRIC_SCOPE_INSTANCE);
    struct record **end = first != NULL ? &first->next : &first;
    if (first != NULL)
        first->n_enis = count_read(window);
    for (size_t i = 0; i < window->n_enis; i++) {
        const struct member *member = window->enis[i];
        if (!is_loud(member) && window->options->quiet_enis == QUIET_ENIS_OMIT)
            continue;
        *end = make_record(window, member, METRIC_SCOPE_ENI);
        if (*end != NULL)
            end = &(*end)->next;
    }
    clear_member(window->instance);
    clear_enis(window);
    window->is_open = false;
    return first;
}
