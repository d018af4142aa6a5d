// SPDX-License-Identifier: Apache-2.0
// A delta table before the law (rule 8): what it says of each look of a schedule is what an
// observer could know. Whatever is wrong ends the test, with the samples and how to play them
// again.
#pragma once

#include "flow/delta.h"
#include "support/oracle.h"

// What the table said to one look.
struct answer {
    bool is_given; // the look was seen
    uint32_t has;
    uint64_t values[HISTORY_N_METRICS];
    uint64_t elapsed_ns;
};

// Of a counter: since when the next increase is, at the longest and at the shortest.
struct times {
    uint64_t far_ns, near_ns;
};

struct trial {
    struct catalog catalog;
    struct delta_table table;
    struct eni eni; // of the sample
    struct sample sample;
    struct delta delta;
    const struct schedule *schedule; // borrowed
    uint64_t seed;
    bool is_strict; // nothing may be lost; else it is counted
    struct answer answers[SCHEDULE_MAX_LOOKS];
    struct oracle oracles[SCHEDULE_MAX_CARDS];
    const struct look *first[SCHEDULE_MAX_CARDS];
    uint64_t published[SCHEDULE_MAX_CARDS][HISTORY_N_METRICS];
    struct times times[SCHEDULE_MAX_CARDS][HISTORY_N_METRICS];
    size_t n_sums, n_wide; // counters of cards, and those with an interval for their sum
    size_t n_schedules, n_wide_schedules;
    size_t n_lossy; // schedules in which something was lost
    uint64_t lossy_seed;
};

void trial_init(struct trial *trial);
// A table that has seen nothing, for the looks of another schedule.
void trial_begin(struct trial *trial, const struct schedule *schedule, uint64_t seed);
// The next look: any of the schedule's, in their order.
void trial_see(struct trial *trial, const struct look *look);
// Behind the tail of the schedule.
void trial_end(struct trial *trial);
void trial_finish(struct trial *trial);
