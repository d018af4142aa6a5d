// SPDX-License-Identifier: Apache-2.0
// All that was seen of one group of a device, for support/oracle.h.
#pragma once

#include "support/schedule.h"

#define TRAIL_MAX_NODES    (SCHEDULE_MAX_TICKS + SCHEDULE_N_TAIL_TICKS)
#define TRAIL_MAX_COUNTERS METRIC_N_EXCEEDED

struct bounds {
    uint64_t least, most;
};

// What is known of a counter at a node, wherever an observer may have come from.
struct footing {
    struct bounds sum;  // published up to here
    struct bounds base; // of the next increase
    bool is_known;      // it was seen before
    bool is_elsewhere;  // the base was seen under another ifindex
};

// A sample that says something of the group: true, or garbage that may be taken for it.
struct node {
    const struct look *look;
    uint64_t resets; // total_resets
    bool has_resets; // it was in the sample
    bool is_garbage;
    bool is_likely;  // no more than a device could count
    bool is_lasting; // garbage that lasted for the verdict
    bool is_after_garbage;
    bool is_silence;    // zeros were shown since the node before
    uint64_t silent_ns; // the longest run of them
    uint64_t since_ns;  // the first node of the life that it shows, as far as an observer can tell
    uint64_t life_ns;   // the same; 0: there is no verdict to wait for
    uint64_t before[TRAIL_MAX_COUNTERS]; // the least sums before that life
    uint32_t some, all;                  // metrics in any sample of that life, and in every one
    struct footing footings[TRAIL_MAX_COUNTERS];
};

// Samples of one kind in a row.
struct stretch {
    const struct look *first, *last;
    bool has_truth;
};

// All that was seen of one group of the device.
struct trail {
    enum metric_group group;
    uint32_t first_counter, n_counters;
    struct stretch silence, garbage, truth;
    bool was_settled;             // before the last sample
    uint64_t silent_from_ns;      // silence since the last node
    uint64_t silent_ns;           // the longest run of it
    const struct node *last_node; // that is true
    const struct look *zeros_at_first;
    uint32_t zeros_shown; // metrics that were among the zeros at first
    bool is_zero_known;   // before the first node: zeros were seen for the verdict, and are true
    bool has_garbage;
    bool is_after_garbage; // garbage was shown since the last true node
    uint64_t most[TRAIL_MAX_COUNTERS];
    size_t n_nodes;
    struct node nodes[TRAIL_MAX_NODES];
};

void trail_init(struct trail *trail, enum metric_group group);
// `look` stays where it is.
void trail_see(struct trail *trail, const struct look *look);
// As oracle_sum(), of the counter of this place in the group.
struct bounds trail_sum(const struct trail *trail, uint32_t counter);
bool trail_is_settled(const struct trail *trail, const struct look *last);
bool trail_trusts_levels(const struct trail *trail, const struct look *last);
