// SPDX-License-Identifier: Apache-2.0
// The open window: a member per ENI and one for the instance, each with a series per metric.
#include <string.h>

#include "base.h"
#include "flow/percent.h"
#include "flow/window_member.h"

#define MS_PER_HOUR   UINT64_C(3600000)
#define MS_PER_MINUTE UINT64_C(60000)

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

// What the inner loop of a tick has to know of a metric.
enum trait { TRAIT_COUNTER = 1, TRAIT_ENI = 2, TRAIT_SRD_FIGURE = 4 };

static bool is_srd_figure(uint32_t metric)
{
    return metric >= METRIC_SRD_TX_PKTS && metric <= METRIC_SRD_RESOURCE_UTILIZATION;
}

static uint8_t traits_of(const struct catalog *catalog, uint32_t metric)
{
    bool is_counter = catalog->metrics[metric].kind == METRIC_COUNTER;
    bool is_published = (catalog->metrics[metric].published & METRIC_SCOPE_ENI) != 0;
    return (uint8_t)((is_counter ? TRAIT_COUNTER : 0) | (is_published ? TRAIT_ENI : 0) |
        (is_srd_figure(metric) ? TRAIT_SRD_FIGURE : 0));
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
    for (uint32_t i = 0; i < window->catalog->n_metrics; i++)
        window->traits[i] = traits_of(window->catalog, i);
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
    if (series->n_runs == series->capacity) {
        series->capacity = 2 * series->capacity + 8;
        series->runs = xreallocarray(series->runs, series->capacity, sizeof(*series->runs));
    }
    series->last = &series->runs[series->n_runs++];
    *series->last = (struct run){.value = value, .n_values = 1};
}

static void append(struct growing *series, uint64_t value)
{
    if (series->last != NULL && series->last->value == value)
        series->last->n_values++;
    else
        add_run(series, value);
}

static void take_property(struct track *track, enum metric_kind kind, uint64_t value)
{
    if (kind == METRIC_COUNTER)
        track->property += value;
    else if (kind != METRIC_DURATION || value > track->property)
        track->property = value;
    track->has_property = true;
}

static void take_value(struct member *member, const struct metric *metric, enum metric_scope scope,
    const struct reading *reading)
{
    struct track *track = &member->tracks[reading->metric];
    if (metric->published & scope)
        append(&track->series, reading->value);
    else
        take_property(track, metric->kind, reading->value);
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

// A counter that did not move, as most do in most samples: all that costs is to say that it was
// there.
static bool take_standstill(struct window *window, struct member *member, uint32_t metric)
{
    struct track *track = &member->tracks[metric];
    struct run *last = track->series.last;
    if (!(window->traits[metric] & TRAIT_ENI))
        track->has_property = true;
    else if (last != NULL && last->value == 0)
        last->n_values++;
    else
        return false;
    window->ticks[metric].has_value = true;
    return true;
}

static void note_gap(const struct window *window, struct member *member, uint64_t elapsed_ns)
{
    uint64_t elapsed_ms = elapsed_ns / NS_PER_MS;
    bool is_unusual = elapsed_ms > window->sample_ms + window->sample_ms / 2;
    if (is_unusual && elapsed_ms > member->gap_ms)
        member->gap_ms = elapsed_ms;
}

static void note_largest(struct window *window, uint64_t available)
{
    if (available > window->largest_available)
        window->largest_available = available;
}

static void take_reading(
    struct window *window, struct member *member, const struct reading *reading)
{
    const struct metric *metric = &window->catalog->metrics[reading->metric];
    take_value(member, metric, METRIC_SCOPE_ENI, reading);
    roll_up(&window->ticks[reading->metric], metric->kind, reading->value);
    if (reading->metric == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE)
        note_largest(window, reading->value);
}

// What is not of an ENI counts for the instance alone.
static void add_of_instance(struct window *window, const struct delta *delta)
{
    for (uint32_t i = 0; i < delta->n_readings; i++) {
        const struct reading *reading = &delta->readings[i];
        enum metric_kind kind = window->catalog->metrics[reading->metric].kind;
        roll_up(&window->ticks[reading->metric], kind, reading->value);
    }
}

static void add_of_eni(struct window *window, const struct delta *delta)
{
    struct member *member = member_of(window, delta->eni);
    member->eni = *delta->eni;
    member->was_read = true;
    window->instance->was_read = true;
    note_gap(window, member, delta->elapsed_ns);
    note_gap(window, window->instance, delta->elapsed_ns);
    // ENA Express that is switched off has nothing to tell but its mode, which comes first, and
    // what moved before it was switched off.
    unsigned int muted = TRAIT_SRD_FIGURE;
    const struct reading *end = delta->readings + delta->n_readings;
    for (const struct reading *reading = delta->readings; reading < end; reading++) {
        unsigned int traits = window->traits[reading->metric];
        bool stands = reading->value == 0 || !(traits & TRAIT_COUNTER);
        if (stands && (traits & muted))
            continue;
        if (stands && (traits & TRAIT_COUNTER) && take_standstill(window, member, reading->metric))
            continue;
        take_reading(window, member, reading);
        if (reading->metric == METRIC_SRD_MODE && (reading->value & METRIC_SRD_MODE_ON))
            muted = 0;
    }
}

void window_add(struct window *window, const struct delta *delta)
{
    if (delta->eni != NULL)
        add_of_eni(window, delta);
    else
        add_of_instance(window, delta);
}

// The limit itself is told nowhere: the largest number that was ever left stands for it.
static void derive_used(struct window *window)
{
    const struct window_tick *available = &window->ticks[METRIC_CONNTRACK_ALLOWANCE_AVAILABLE];
    uint64_t largest = window->largest_available;
    if (!available->has_value || largest == 0)
        return;
    window->ticks[METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT] = (struct window_tick){
        true, percent_hundredths(largest - available->value, largest)};
}

bool window_is_last_tick(const struct window *window, const struct now *now)
{
    return window->is_open && now->wall_ms >= window->end_ms;
}

bool window_end_tick(struct window *window, const struct now *now)
{
    derive_used(window);
    for (uint32_t i = 0; i < window->catalog->n_metrics; i++) {
        struct window_tick *tick = &window->ticks[i];
        if (!tick->has_value)
            continue;
        struct reading reading = {i, tick->value};
        take_value(window->instance, &window->catalog->metrics[i], METRIC_SCOPE_INSTANCE, &reading);
        *tick = (struct window_tick){0};
    }
    window->has_ended = window_is_last_tick(window, now);
    return window->has_ended;
}

// Empties a member for the next window and keeps its memory.
static void clear_member(struct member *member)
{
    for (uint32_t i = 0; i < METRIC_MAX; i++) {
        struct track *track = &member->tracks[i];
        track->series.n_runs = 0;
        track->series.last = NULL;
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

// Whether an exceeded counter moved in this window.
static bool is_loud(const struct member *member)
{
    for (uint32_t i = 0; i < METRIC_N_EXCEEDED; i++)
        if (track_sum(&member->tracks[i]) > 0)
            return true;
    return false;
}

// What the ENIs offer that were read is what the instance does.
static struct record *instance_record(const struct window *window)
{
    uint32_t n_read = 0;
    struct metric_set offered = {0};
    for (size_t i = 0; i < window->n_enis; i++) {
        if (!window->enis[i]->was_read)
            continue;
        n_read++;
        metric_set_add_all(&offered, &window->enis[i]->eni.offered);
    }
    struct record *record = member_record(
        window, window->instance, METRIC_SCOPE_INSTANCE, &offered);
    if (record != NULL)
        record->n_enis = n_read;
    return record;
}

static struct record *eni_record(const struct window *window, const struct member *member)
{
    if (!is_loud(member) && window->options->quiet_enis == QUIET_ENIS_OMIT)
        return NULL;
    return member_record(window, member, METRIC_SCOPE_ENI, &member->eni.offered);
}

struct record *window_snapshot(const struct window *window)
{
    if (!window->is_open)
        return NULL;
    struct record *first = instance_record(window);
    struct record **end = first != NULL ? &first->next : &first;
    for (size_t i = 0; i < window->n_enis; i++) {
        *end = eni_record(window, window->enis[i]);
        if (*end != NULL)
            end = &(*end)->next;
    }
    return first;
}

struct record *window_close(struct window *window)
{
    struct record *first = window_snapshot(window);
    if (!window->is_open)
        return NULL;
    // The sums of an instance without a record go on to the next one.
    window->instance->was_read = false;
    if (first != NULL && first->scope == METRIC_SCOPE_INSTANCE)
        clear_member(window->instance);
    clear_enis(window);
    window->is_open = false;
    return first;
}

static bool is_sum(const struct window *window, uint32_t metric)
{
    return window->catalog->metrics[metric].kind == METRIC_COUNTER &&
        (window->catalog->metrics[metric].published & METRIC_SCOPE_INSTANCE) == 0;
}

uint32_t window_untold(const struct window *window, struct reading *ret_readings)
{
    uint32_t n = 0;
    if (member_has_series(window, window->instance, METRIC_SCOPE_INSTANCE))
        return 0;
    for (uint32_t i = 0; i < window->catalog->n_metrics; i++)
        if (is_sum(window, i) && window->instance->tracks[i].property > 0)
            ret_readings[n++] = (struct reading){i, window->instance->tracks[i].property};
    return n;
}

void window_recall_untold(struct window *window, const struct reading *reading)
{
    if (is_sum(window, reading->metric))
        take_property(&window->instance->tracks[reading->metric], METRIC_COUNTER, reading->value);
}
