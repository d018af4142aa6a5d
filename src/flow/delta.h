// SPDX-License-Identifier: Apache-2.0
// What truly happened between two samples of an ENI: the rules of truth. Pure. States, verdicts and
// what nobody can tell: flow/truth.md.
//
// The device gives two groups of statistics by two commands: allowances with
// conntrack_allowance_available, and SRD with its mode. A group that may be a lie, because its
// command failed or the device was reset, is suspect: its baseline is held, nothing of it is
// published, and later samples decide. Everything else cannot lie: what falls there restarted, and
// counts from zero.
#pragma once

#include <stdbool.h>

#include "base.h"
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
    bool is_turning_point; // what was counted up to now may soon be told by nobody any more, or
                           // counting begins here: worth being written down at once
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
    bool is_counter[METRIC_MAX]; // by metric of the catalog
    size_t n_lives;
    size_t next; // where the next life is probably: ENIs come in the same order in each tick
    struct life **lives;
};

void delta_table_init(
    struct delta_table *table, const struct catalog *catalog, const struct delta_options *options);
enum delta_outcome delta_table_apply(
    struct delta_table *table, const struct sample *sample, struct delta *ret_delta);
// A time as self_read_ms has it: in hundredths of a ms.
static inline uint64_t delta_read_time(uint64_t read_ns)
{
    return read_ns / (NS_PER_MS / 100);
}
void delta_table_finish(struct delta_table *table);
