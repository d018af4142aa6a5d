// SPDX-License-Identifier: Apache-2.0
// ENIs as `enawatch read` watches them: their statistics at one look, and what moved since the look
// before. Owns all that reads them, the same parts as the daemon's.
#pragma once

#include <stdbool.h>

#include "collector.h"
#include "config.h"

// One statistic of an ENI in the running look.
struct statistic {
    bool is_present;
    bool is_suspect; // `value` is what was read, and not believed
    bool has_moved;  // what moved is known, be it 0
    uint64_t value;
    uint64_t increase; // of a counter
    double per_second; // of a counter
    int64_t change;    // of anything else
    bool has_level;    // one that was believed, for the next change
    uint64_t level;
};

struct watched {
    struct eni eni;
    bool is_read; // in the running look; else the rest is of the last look in which it was
    bool is_new;  // first seen in the running look
    bool is_gone; // with the running look
    char old_ifname[IF_NAMESIZE];            // until the running look; empty unless it is another
    unsigned int verdicts;                   // enum verdict bits
    uint64_t covered_ns;                     // the longest time that an increase covers
    uint64_t told_ns[METRIC_GROUP_HOST];     // boot clock: when each group was believed last
    struct statistic statistics[METRIC_MAX]; // by metric
};

struct watch {
    const struct config *config; // borrowed
    struct catalog catalog;
    struct counters *counters;
    struct collector *collector;
    struct delta_table table;
    struct now at;       // of the running look
    uint64_t elapsed_ns; // since the look before; 0: this is the first
    uint64_t window_ns;  // when a window of the daemon's length began
    bool is_any_unread;  // an interface gave nothing in the running look
    size_t n_enis;
    struct watched **enis;
    struct sample sample; // in hand, as is the next
    struct delta delta;
};

// Logs what is wrong and returns the exit status. watch_finish() in either case.
must_check int watch_start(struct watch *watch, const struct config *config, uint64_t interval_ms);
// Reads every ENI once; forgets those that were gone with the look before.
void watch_look(struct watch *watch, const struct now *now);
void watch_finish(struct watch *watch);

// Of the running look.
size_t watch_n_read(const struct watch *watch);
// Whether nothing moved that `read` shows a table for: conntrack_allowance_available alone does.
bool watched_is_quiet(const struct watched *eni);
// Whether a counter moved or a level changed.
bool statistic_is_moved(const struct statistic *statistic);
// Whether it is published, and this ENI does not offer it.
bool watched_lacks(const struct watch *watch, const struct watched *eni, uint32_t metric);
