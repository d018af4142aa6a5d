// SPDX-License-Identifier: Apache-2.0
// What an observer of one card can know at best: it sees the truth beside each sample, and says
// what the sum of all that was published may be.
//
// The rule is the law (rule 8): between two truthful samples of one life of a counter its increase;
// across a restart that can be seen, which is that a counter of the group fell, what the new life
// showed; across an ifindex without a fall nothing (rule 3). Where the same samples would be seen
// from another truth as well, no observer can tell: the sum has a least and a most. These are all
// such places, with the reason at each in passage.c and oracle.c:
//
//   zeros at first    zeros before the first other values, unless they were seen for the verdict
//   garbage at first  garbage before the first true values
//   hidden restart    a restart while zeros are shown, and then nothing below the old values
//   lasting lie       zeros, or garbage that stays, for the verdict or longer
//   likely garbage    garbage that a device could have counted
//   brief life        true values below the old ones, untold and gone before the verdict (rule 5)
//   lone sample       the first of all, or of a new ifindex, when the next one is below it, untold
//   counter unseen    one that was not in the sample when its group restarted, or at the verdict
#pragma once

#include "support/trail.h"

// A counter in the driver's memory.
struct driver_counter {
    bool is_known;
    int ifindex;
    uint64_t base;
    struct bounds sum;
};

struct oracle {
    struct trail trails[METRIC_GROUP_DRIVER];
    struct driver_counter driver[HISTORY_N_METRICS];
    const struct look *last;
};

void oracle_init(struct oracle *oracle);
// `look` stays where it is.
void oracle_see(struct oracle *oracle, const struct look *look);
// Published so far of a counter: never more than `most`, and not less than `least` once settled.
struct bounds oracle_sum(const struct oracle *oracle, uint32_t metric);
// The group was truthful for longer than the verdict, up to the last sample and in it.
bool oracle_is_settled(const struct oracle *oracle, enum metric_group group);
// And before it: the verdict may fall in a sample of which nothing is published.
bool oracle_was_settled(const struct oracle *oracle, enum metric_group group);
// Whether the level of the last sample may be published, by what the group of it was worth.
bool oracle_trusts_level(const struct oracle *oracle, uint32_t metric);
