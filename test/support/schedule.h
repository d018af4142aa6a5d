// SPDX-License-Identifier: Apache-2.0
// A random schedule of what befalls one to three interfaces, and the samples that it gives.
#pragma once

#include "base.h"
#include "support/history.h"

#define SCHEDULE_VERDICT_NS   (10 * NS_PER_S)
#define SCHEDULE_MAX_SLOTS    3
#define SCHEDULE_MAX_CARDS    8
#define SCHEDULE_MAX_TICKS    200
#define SCHEDULE_N_TAIL_TICKS 16 // of 1 s, truthful: all verdicts fall in them
#define SCHEDULE_MAX_LOOKS    (SCHEDULE_MAX_SLOTS * (SCHEDULE_MAX_TICKS + SCHEDULE_N_TAIL_TICKS))

// What can befall a card. Late ticks, gaps, missed reads and steps of the wall clock always happen.
enum plight {
    PLIGHT_HIDDEN = 1,  // metrics, or a group, are not in the sample for a while
    PLIGHT_LIE = 2,     // the reads of a group fail for a while
    PLIGHT_TOLD = 4,    // a reset, and total_resets moves in the same sample
    PLIGHT_UNTOLD = 8,  // a reset that total_resets does not tell of, or only later
    PLIGHT_KEPT = 16,   // total_resets moves, but the counters go on
    PLIGHT_ATTACH = 32, // another ifindex; the counters restart or go on
    PLIGHT_OTHER = 64,  // another card takes the place; a known one may come back
    PLIGHT_STORM = 128, // a told reset while reads fail
};

// Of one difficulty. In a spaced class plights come one by one, late enough that the one before was
// seen to be over, and whatever restarts stays below its old values for as long as an observer
// needs to see that: so no observer can mistake one for another.
struct schedule_class {
    const char *name;
    unsigned int plights; // bits
    bool is_spaced;
};

#define SCHEDULE_N_CLASSES 8
extern const struct schedule_class schedule_classes[SCHEDULE_N_CLASSES];
// How many schedules to play of each class: so many in all, or ENAWATCH_TEST_SCHEDULES.
size_t schedule_n_of_each(size_t n_schedules, size_t n_classes);

// What a card goes through now. Plights are counted in samples that are still to come.
struct course {
    bool is_calm;           // the last plight was seen to be over for longer than the verdict
    uint64_t truth_from_ns; // when it was first seen to be over; 0: not yet
    bool is_told;           // one truthful sample tells an observer all about it
    uint32_t low;           // metrics that are kept below their old values until calm
    uint64_t hidden_left;   // until metrics come back
    uint64_t telling_left;  // until total_resets moves
    uint64_t storm_left;    // until the reset
    uint64_t missed_left;
    uint64_t counted_at_ns;
};

struct schedule {
    const struct schedule_class *schedule_class;
    struct dice dice;
    struct now now;
    int64_t wall_step_ms;
    int next_ifindex;
    size_t n_slots;
    size_t slots[SCHEDULE_MAX_SLOTS]; // the card in each
    size_t n_cards;
    struct card cards[SCHEDULE_MAX_CARDS];
    struct course courses[SCHEDULE_MAX_CARDS];
    size_t n_ticks, tick, slot; // that come next
    bool is_still_in_tail;
    size_t n_looks;
    struct look looks[SCHEDULE_MAX_LOOKS];
};

void schedule_init(
    struct schedule *schedule, const struct schedule_class *schedule_class, uint64_t seed);
// The sample of a look at a card of the schedule, as the ENI was then.
void schedule_fill(const struct schedule *schedule, const struct look *look, struct eni *ret_eni,
    struct sample *ret_sample);
// The next sample, kept in `looks`; NULL at the end.
const struct look *schedule_next(struct schedule *schedule);
