// SPDX-License-Identifier: Apache-2.0
// What truly happened between two samples of an ENI: the rules of truth. Pure.
//
// The device's counters restart at a reset; a failed command of the driver reads as zeros, or on
// some versions as garbage (out-of-tree driver: ena_ethtool.c, ena_com.c, release
// notes 2.13.0, 2.16.0). A sample that may be such a lie is suspect: the baseline is held, nothing
// of it is published, and later samples decide. Verdicts, for one ENI:
//
// clang-format off
//
//   state      next sample                                      then
//   ---------  -----------------------------------------------  ------------------------------------
//   first      not all zero (or no gauge that tells)            baseline, publish nothing
//   truthful   no counter of the device fell, none jumped       publish the difference
//   truthful   same, but the ifindex is another                 rebased: new baseline only
//   any        one fell, total_resets or the ifindex moved,     reset: publish what the group that
//              and the device answers more than zeros           fell counted from zero
//   any        one fell, or jumped, or all turned zero          suspect: hold, publish nothing
//   suspect    at or above the baseline again                   lie: publish the difference
//   suspect    one and the same new life for `verdict_ms`       reset; but rebased when it jumped, or
//                                                               when the baseline was seen only once
//   suspect    all zero for `verdict_ms`                        reset on trial: zeros are published,
//                                                               the old baseline is kept aside
//   on trial   at or above the baseline that is kept aside      lie after all: publish the difference
//   on trial   anything else but zeros                          the reset stands: count from zero
//
// clang-format on
//
// The device gives two groups of statistics by two commands, either of which can fail alone:
// allowances with conntrack_allowance_available, and SRD with its mode. "All zero" is a group with
// that gauge, and trials are a group's own. While the allowances are all zero their gauge is not
// published: a 0 there would mean that no connections are left, and then a counter moves with it.
// SRD counters get their first baseline when their group first reads more than zeros. A counter in
// the driver's own memory cannot lie: when it falls it restarted, and counts from zero.
#pragma once

#include <stdbool.h>

#include "option.h"
#include "sample.h"

struct delta_options {
    uint64_t verdict_ms; // sample.verdict
};

extern const struct option_table delta_option_table; // section sample

enum verdict { VERDICT_NONE, VERDICT_LIE, VERDICT_RESET, VERDICT_REBASED };

// Counters as their increase since the sample before, everything else as it is now.
struct delta {
    const struct eni *eni; // borrowed from the sample
    struct now at;
    uint64_t elapsed_ns; // that the increases cover
    enum verdict verdict;
    uint32_t n_readings;
    struct reading readings[METRIC_MAX];
};

// What delta_table_apply() comes to.
enum delta_outcome {
    DELTA_PUBLISH, // `ret_delta` holds what happened; it may be nothing but a verdict
    DELTA_BASELINE,
    DELTA_SUSPECT,
};

// ENIs whose counters are remembered at once; the one seen longest ago is forgotten first. The
// largest instance types have 64 network interfaces and more come and go on EKS, each with a MAC of
// its own.
#define DELTA_MAX_LIVES 256

struct delta_table {
    const struct catalog *catalog; // borrowed
    uint64_t verdict_ns;
    size_t n_lives;
    size_t next; // where the next life is probably: ENIs come in the same order in each tick
    struct life **lives;
};

void delta_table_init(
    struct delta_table *table, const struct catalog *catalog, const struct delta_options *options);
enum delta_outcome delta_table_apply(
    struct delta_table *table, const struct sample *sample, struct delta *ret_delta);
void delta_table_finish(struct delta_table *table);
