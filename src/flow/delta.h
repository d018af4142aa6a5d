// SPDX-License-Identifier: Apache-2.0
// What truly happened between two samples of an ENI: the rules of truth. Pure.
//
// The device gives two groups of statistics by two commands: allowances with
// conntrack_allowance_available, and SRD with its mode. Its counters restart at a reset, and a
// command that fails reads as zeros, or on some versions as garbage (out-of-tree driver:
// ena_ethtool.c, ena_com.c, release notes 2.13.0, 2.16.0), either by itself. A group that may be
// such a lie is suspect: its baseline is held, nothing of it is published, and later samples
// decide. Each group has a state of its own:
//
// clang-format off
//
//   state      the group in the next sample                     then
//   ---------  -----------------------------------------------  ------------------------------------
//   first      allowances all zero, the gauge too               publish nothing, still first
//   first      anything else                                    baseline, publish nothing
//   truthful   no counter fell, none jumped                     publish the difference
//   truthful   same, but the ifindex is another                 rebased: new baseline only
//   any        one fell but not all is zero, and total_resets   reset: publish what the group counted
//              or the ifindex moved                             from zero
//   any        one fell, or jumped, or allowances turned zero   suspect: hold, publish nothing
//   suspect    at or above the baseline again                   lie: publish the difference
//   suspect    one and the same new life for `verdict_ms`       reset; but rebased when it jumped, or
//                                                               when the baseline was seen only once
//   suspect    all zero for `verdict_ms`                        reset on trial: zeros are published,
//                                                               the old baseline is kept aside
//   on trial   at or above the baseline that is kept aside      lie after all: publish the difference;
//                                                               of another ifindex: rebased
//   on trial   anything else but zeros                          the reset stands: count from zero
//
// clang-format on
//
// While the allowances are all zero their gauge is not published: a 0 there would mean that no
// connections are left, and then a counter moves with it. SRD that first reads all zero, as when it
// is off, is on trial from the start. A counter in the driver's own memory cannot lie: when it
// falls it restarted, and counts from zero.
#pragma once

#include <stdbool.h>

#include "option.h"
#include "sample.h"

struct delta_options {
    uint64_t verdict_ms; // sample.verdict
};

extern const struct option_table delta_option_table; // section sample

// Bits: the groups of one sample may get different ones.
enum verdict { VERDICT_LIE = 1, VERDICT_RESET = 2, VERDICT_REBASED = 4 };

// Counters as their increase since the sample before, everything else as it is now; and how long
// the sample took, as self_read_ms.
struct delta {
    const struct eni *eni; // borrowed from the sample; NULL: of the instance
    struct now at;
    uint64_t elapsed_ns;   // that the increases cover
    unsigned int verdicts; // enum verdict bits
    unsigned int held;     // 1 << enum metric_group: what is suspect
    uint32_t n_readings;
    struct reading readings[METRIC_MAX];
};

// What delta_table_apply() came to. In each case `ret_delta` holds what is to be published, which
// may be nothing: the groups that are not held, and the driver's counters.
enum delta_outcome {
    DELTA_PUBLISH,
    DELTA_BASELINE, // a group, or the ENI, was seen for the first time
    DELTA_SUSPECT,  // a group is held
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
