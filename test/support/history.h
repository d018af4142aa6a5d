// SPDX-License-Identifier: Apache-2.0
// A simulated device behind an ENI that knows the truth, and what each sample showed of it.
#pragma once

#include <stdbool.h>

#include "sample.h"
#include "unit/dice.h"

// Those of an ENI and one that the user named, which comes last.
#define HISTORY_N_METRICS (METRIC_N_ENI + 1)
#define HISTORY_N_GROUPS  (METRIC_GROUP_DRIVER + 1)

// What a group of a sample is worth. How a failed command reads is the driver's matter: ENA
// r2.17.0 and its history, ena_ethtool.c; customer metrics: always zeros; ENI statistics and SRD:
// stale up to 2.13.1, garbage in 2.13.2 to 2.15.0, zeros from 2.16.0 on.
enum telling {
    TELLS_NOTHING, // not in the sample
    TELLS_TRUTH,
    TELLS_STALE, // the last values that were read: true then
    TELLS_ZEROS,
    TELLS_GARBAGE,
};

// One sample of one card: as it was shown, and what only the history knows.
struct look {
    size_t card;
    struct now at;
    int ifindex;
    uint32_t shows; // a bit per metric
    uint64_t values[HISTORY_N_METRICS];
    enum telling telling[HISTORY_N_GROUPS];
    unsigned int lives[HISTORY_N_GROUPS]; // that the values are from; counts up at each restart
    uint64_t counted[HISTORY_N_METRICS];  // truly, in all lives up to now
};

// Commands of one group that fail for a while.
struct failure {
    enum telling telling;
    uint64_t n_left;
    uint64_t n_reads;  // that it has spoilt
    uint64_t since_ns; // of the first one
    bool is_stuck;     // garbage: the same in each sample
    bool is_plausible; // garbage: nothing in it is larger than a device could count
};

struct card {
    struct eni eni;
    uint32_t layout;                   // the metrics that driver and device have
    enum telling telling;              // how ENI statistics and SRD read when they fail
    uint64_t rates[HISTORY_N_METRICS]; // a second at most; 0: never moves
    uint64_t values[HISTORY_N_METRICS];
    uint64_t counted[HISTORY_N_METRICS];
    unsigned int lives[HISTORY_N_GROUPS];
    uint32_t still; // metrics that do not count for now
    uint32_t hidden;
    struct failure failures[HISTORY_N_GROUPS];
    uint64_t held[HISTORY_N_METRICS]; // the driver's copy: what stale values are
    unsigned int held_lives[HISTORY_N_GROUPS];
    bool has_held[HISTORY_N_GROUPS];
    uint64_t junk[HISTORY_N_METRICS]; // the garbage of the last failure
};

static inline enum metric_group history_group(uint32_t metric)
{
    return metric <= METRIC_CONNTRACK_ALLOWANCE_AVAILABLE ? METRIC_GROUP_ALLOWANCE
        : metric < METRIC_N_DEVICE                        ? METRIC_GROUP_SRD
                                                          : METRIC_GROUP_DRIVER;
}

// Their places in the catalog, and back.
static inline uint32_t history_to_catalog(uint32_t metric)
{
    return metric < METRIC_N_ENI ? metric : METRIC_N_KNOWN;
}

static inline uint32_t history_from_catalog(uint32_t metric)
{
    return metric < METRIC_N_ENI ? metric : METRIC_N_ENI;
}

// The metrics of a group stand together.
static inline uint32_t history_first(enum metric_group group)
{
    static const uint32_t firsts[] = {0, METRIC_SRD_MODE, METRIC_N_DEVICE, HISTORY_N_METRICS};
    return firsts[group];
}

static inline uint32_t history_end(enum metric_group group)
{
    return history_first(group + 1);
}

static inline bool history_is_level(uint32_t metric)
{
    return metric == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE || metric == METRIC_SRD_MODE ||
        metric == METRIC_SRD_RESOURCE_UTILIZATION;
}

static inline bool look_shows(const struct look *look, uint32_t metric)
{
    return look->shows >> metric & 1;
}

// All that is shown of the group is zero, the levels too. A failed read looks so.
bool look_is_mute(const struct look *look, enum metric_group group);

// A card with a layout, a past and a temper of its own.
void card_init(struct card *card, struct dice *dice);
// Every value that the group counts is zero.
bool card_is_untouched(const struct card *card, enum metric_group group);
void card_count(struct card *card, struct dice *dice, uint64_t elapsed_ns);
// The counters of the group begin again at zero: a new life.
void card_restart(struct card *card, enum metric_group group);
// Reads it, with the failures that it has. Fills all of the look but `card` and `at`.
void card_show(struct card *card, struct dice *dice, struct look *ret_look);
