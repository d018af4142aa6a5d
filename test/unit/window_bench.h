// SPDX-License-Identifier: Apache-2.0
// A window, a few ENIs and a clock for the tests of flow/window.c, and what the tests ask of
// records. Times are in ms after HOUR_MS on the wall clock; the boot clock is BOOT_MS then.
#pragma once

#include <stdio.h>
#include <string.h>

#include "base.h"
#include "flow/catalog.h"
#include "flow/window.h"
#include "support/unit.h"

#define HOUR_MS INT64_C(1699999200000) // 2023-11-14 22:00:00 UTC: a start of every period
#define BOOT_MS UINT64_C(7777777)
#define N_ENIS  4

#define OF_INSTANCE (-1) // in the place of an ENI: a delta of none

struct bench {
    struct catalog catalog;
    struct window_options options;
    struct window window;
    struct eni enis[N_ENIS];
    struct now now;
    int64_t step_ms; // of the wall clock, so far
    uint64_t elapsed_ms;
    struct record *records; // that were closed so far, in their order
    size_t n_closed;        // windows
};

// What the window is made with; zeros are the defaults of the configuration.
struct bench_settings {
    const char *metrics[8];
    uint64_t period_ms, sample_ms;
    enum quiet_enis quiet_enis;
};

static inline struct bench *bench_create(const struct bench_settings *settings)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    const char *words[8] = {"default"};
    size_t n_words = 0;
    while (n_words < ARRAY_SIZE(words) && settings->metrics[n_words] != NULL) {
        words[n_words] = settings->metrics[n_words];
        n_words++;
    }
    struct catalog_options selection = {{n_words > 0 ? n_words : 1, (char **)words}};
    catalog_init(&bench->catalog, &selection);
    bench->options = (struct window_options){
        settings->period_ms > 0 ? settings->period_ms : 60000, settings->quiet_enis};
    bench->elapsed_ms = settings->sample_ms > 0 ? settings->sample_ms : 1000;
    window_init(&bench->window, &bench->catalog, &bench->options, bench->elapsed_ms);
    for (int i = 0; i < N_ENIS; i++) {
        bench->enis[i] = (struct eni){
            .mac = {{2, 0, 0, 0, 0, (uint8_t)(i + 1)}}, .ifindex = i + 2, .driver = "ena"};
        snprintf(bench->enis[i].ifname, sizeof(bench->enis[i].ifname), "ens%d", i + 5);
    }
    return bench;
}

// BENCH(.period_ms = 1000): in a test that has bench_tear_down() as its teardown.
#define BENCH(...) (*state = bench_create(&(struct bench_settings){__VA_ARGS__}))

static inline void forget_records(struct bench *bench)
{
    while (bench->records != NULL) {
        struct record *next = bench->records->next;
        free(bench->records);
        bench->records = next;
    }
    bench->n_closed = 0;
}

static inline int bench_tear_down(void **state)
{
    struct bench *bench = *state;
    if (bench == NULL)
        return 0;
    forget_records(bench);
    window_finish(&bench->window);
    free(bench);
    *state = NULL;
    return 0;
}

static inline void set_time(struct bench *bench, int64_t ms)
{
    bench->now = (struct now){
        .boot_ns = (BOOT_MS + (uint64_t)ms) * NS_PER_MS, .wall_ms = HOUR_MS + ms + bench->step_ms};
}

// Whatever a record holds, it is one block of `bytes`, and its runs are as long as they can be.
static inline void assert_well_formed(const struct record *record)
{
    const char *block = (const char *)record, *end = block + record->bytes;
    assert_true((const char *)record->series >= block);
    assert_true((const char *)(record->series + record->n_series) <= end);
    assert_true((const char *)(record->properties + record->n_properties) <= end);
    assert_true(record->n_series > 0);
    for (uint32_t i = 0; i < record->n_series; i++) {
        const struct series *series = &record->series[i];
        uint64_t n_values = 0;
        assert_true((const char *)series->runs >= block);
        assert_true((const char *)(series->runs + series->n_runs) <= end);
        for (uint32_t k = 0; k < series->n_runs; k++) {
            assert_true(series->runs[k].n_values > 0);
            assert_true(k == 0 || series->runs[k].value != series->runs[k - 1].value);
            n_values += series->runs[k].n_values;
        }
        assert_int_equal(series->n_values, n_values);
        assert_true(n_values > 0);
        for (uint32_t k = 0; k < i; k++)
            assert_int_not_equal(series->metric, record->series[k].metric);
    }
}

static inline void close_window(struct bench *bench)
{
    struct record **end = &bench->records;
    while (*end != NULL)
        end = &(*end)->next;
    *end = window_close(&bench->window);
    for (const struct record *record = *end; record != NULL; record = record->next)
        assert_well_formed(record);
    bench->n_closed++;
}

// A tick as the pipeline makes it: begin, any number of deltas, end.
static inline void begin(struct bench *bench, int64_t ms)
{
    set_time(bench, ms);
    if (window_is_stale(&bench->window, &bench->now))
        close_window(bench);
    window_open(&bench->window, &bench->now);
}

static inline void add(struct bench *bench, int eni, const struct reading *readings, size_t n)
{
    struct delta delta = {.eni = eni != OF_INSTANCE ? &bench->enis[eni] : NULL,
        .at = bench->now,
        .elapsed_ns = bench->elapsed_ms * NS_PER_MS,
        .n_readings = (uint32_t)n};
    memcpy(delta.readings, readings, n * sizeof(*readings));
    window_add(&bench->window, &delta);
}

// ADD(bench, 0, {METRIC_TOTAL_RESETS, 1}, ...): a delta of the first ENI.
#define ADD(bench, eni, ...)                                                                       \
    add(bench, eni, (const struct reading[]){__VA_ARGS__},                                         \
        ARRAY_SIZE(((const struct reading[]){__VA_ARGS__})))

static inline void end(struct bench *bench)
{
    if (window_end_tick(&bench->window, &bench->now))
        close_window(bench);
}

// A whole tick of the first ENI, with one counter.
static inline void tick(struct bench *bench, int64_t ms, uint64_t pps)
{
    begin(bench, ms);
    ADD(bench, 0, {METRIC_PPS_ALLOWANCE_EXCEEDED, pps});
    end(bench);
}

static inline size_t n_records(const struct bench *bench)
{
    size_t n = 0;
    for (const struct record *record = bench->records; record != NULL; record = record->next)
        n++;
    return n;
}

static inline const struct record *record_at(const struct bench *bench, size_t index)
{
    const struct record *record = bench->records;
    for (size_t i = 0; i < index && record != NULL; i++)
        record = record->next;
    if (record == NULL)
        fail_msg("there is no record %zu", index);
    return record;
}

static inline const struct record *instance_of(const struct bench *bench)
{
    const struct record *record = record_at(bench, 0);
    assert_int_equal(record->scope, METRIC_SCOPE_INSTANCE);
    return record;
}

// The first record of an ENI; NULL when there is none.
static inline const struct record *eni_record(const struct bench *bench, int eni)
{
    for (const struct record *record = bench->records; record != NULL; record = record->next)
        if (record->scope == METRIC_SCOPE_ENI &&
            memcmp(&record->eni.mac, &bench->enis[eni].mac, sizeof(struct mac)) == 0)
            return record;
    return NULL;
}

static inline const struct series *series_of(const struct record *record, uint32_t metric)
{
    for (uint32_t i = 0; i < record->n_series; i++)
        if (record->series[i].metric == metric)
            return &record->series[i];
    return NULL;
}

static inline const struct reading *property_of(const struct record *record, uint32_t metric)
{
    for (uint32_t i = 0; i < record->n_properties; i++)
        if (record->properties[i].metric == metric)
            return &record->properties[i];
    return NULL;
}

static inline void assert_property(const struct record *record, uint32_t metric, uint64_t value)
{
    const struct reading *property = property_of(record, metric);
    assert_non_null(property);
    assert_int_equal(property->value, value);
}

static inline void assert_values(
    const struct record *record, uint32_t metric, const uint64_t *values, size_t n_values)
{
    const struct series *series = series_of(record, metric);
    if (series == NULL)
        fail_msg("metric %u is not in the record", metric);
    assert_int_equal(series->n_values, n_values);
    size_t at = 0;
    for (uint32_t i = 0; i < series->n_runs; i++)
        for (uint32_t k = 0; k < series->runs[i].n_values; k++)
            assert_int_equal(series->runs[i].value, values[at++]);
}

#define ASSERT_VALUES(record, metric, ...)                                                         \
    assert_values(record, metric, (const uint64_t[]){__VA_ARGS__},                                 \
        ARRAY_SIZE(((const uint64_t[]){__VA_ARGS__})))
