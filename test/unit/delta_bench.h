// SPDX-License-Identifier: Apache-2.0
// A delta table, an ENI and a sample in hand, for the tests of flow/delta.c. Seconds are after
// second 100 of the boot clock. With DELTA_RELOADED the daemon restarts before every sample, and
// everything is as it is without.
#pragma once

#include <string.h>

#include "base.h"
#include "flow/catalog.h"
#include "flow/delta.h"
#include "support/reload.h"
#include "support/unit.h"

#define SECOND NS_PER_S

struct bench {
    struct catalog catalog;
    struct delta_table table;
    struct eni eni;
    struct sample sample;
    struct delta delta;
    struct catalog_options options;
};

static inline int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    static char *words[] = {
        (char *)"default", (char *)"queue_0_tx_cnt", (char *)"num_of_active_io_queues"};
    bench->options = (struct catalog_options){.metrics = {ARRAY_SIZE(words), words}};
    catalog_init(&bench->catalog, &bench->options);
    struct delta_options options = {.verdict_ms = 10000};
    delta_table_init(&bench->table, &bench->catalog, &options);
    bench->eni = (struct eni){.mac = {{2, 0, 0, 0, 0, 1}}, .ifindex = 2, .ifname = "ens5"};
    *state = bench;
    return 0;
}

static inline int tear_down(void **state)
{
    struct bench *bench = *state;
    delta_table_finish(&bench->table);
    free(bench);
    return 0;
}

static inline void begin(struct bench *bench, uint64_t second)
{
    bench->sample.eni = &bench->eni;
    bench->sample.at = (struct now){.boot_ns = (100 + second) * SECOND};
    bench->sample.n_readings = 0;
}

static inline void put(struct bench *bench, uint32_t metric, uint64_t value)
{
    bench->sample.readings[bench->sample.n_readings++] = (struct reading){metric, value};
}

static inline enum delta_outcome apply(struct bench *bench)
{
#ifdef DELTA_RELOADED
    reload(&bench->table, &bench->sample.at);
#endif
    return delta_table_apply(&bench->table, &bench->sample, &bench->delta);
}

// A sample with one allowance counter, the gauge beside it and total_resets.
static inline enum delta_outcome look(
    struct bench *bench, uint64_t second, uint64_t pps, uint64_t available, uint64_t resets)
{
    begin(bench, second);
    put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, pps);
    put(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, available);
    put(bench, METRIC_TOTAL_RESETS, resets);
    return apply(bench);
}

static inline bool has(const struct bench *bench, uint32_t metric)
{
    for (uint32_t i = 0; i < bench->delta.n_readings; i++)
        if (bench->delta.readings[i].metric == metric)
            return true;
    return false;
}

static inline uint64_t of(const struct bench *bench, uint32_t metric)
{
    for (uint32_t i = 0; i < bench->delta.n_readings; i++)
        if (bench->delta.readings[i].metric == metric)
            return bench->delta.readings[i].value;
    fail_msg("metric %u is not in the delta", metric);
    return 0;
}

static inline uint64_t pps(const struct bench *bench)
{
    return of(bench, METRIC_PPS_ALLOWANCE_EXCEEDED);
}

// A life whose baseline a second sample has confirmed: pps 1000 at second 1.
static inline struct bench *confirmed(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(look(bench, 0, 1000, 500, 3), DELTA_BASELINE);
    assert_int_equal(look(bench, 1, 1000, 500, 3), DELTA_PUBLISH);
    return bench;
}
