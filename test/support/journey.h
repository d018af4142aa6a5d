// SPDX-License-Identifier: Apache-2.0
// The life of a machine over a random schedule: what befalls its interfaces (support/schedule.h),
// its clocks, its destination, its configuration, the daemon and the machine itself. At the end
// the sums of all that was published are held against what an observer could know who saw the
// samples that count: those up to the last window or checkpoint on disk before each crash.
#pragma once

#include "support/machine.h"
#include "support/oracle.h"

#define JOURNEY_MAX_BOOTS 4

// What befalls it.
enum hazard {
    HAZARD_CRASH = 1,       // of the process, between two calls or within one
    HAZARD_POWER = 2,       // of the machine: what was not waited for may be gone
    HAZARD_CLOCK = 4,       // steps of the wall clock, suspends, pauses
    HAZARD_DESTINATION = 8, // all moods
    HAZARD_RESTART = 16,    // of the daemon
    HAZARD_REBOOT = 32,     // of the machine
    HAZARD_RELOAD = 64,     // of the configuration
    HAZARD_ROOM = 128,      // little of it for the journal
    HAZARD_IMAGE = 256,     // the disk comes to another machine
};

struct journey_class {
    const char *name;
    struct schedule_class schedule; // of the interfaces
    unsigned int hazards;           // bits
};

// What became of a boot, judged at the end.
struct boot {
    unsigned int number;
    bool are_all_sent; // quiet ENIs, too, all the time
    size_t n_cards;
    struct mac macs[SCHEDULE_MAX_CARDS];
    struct bounds sums[SCHEDULE_MAX_CARDS][HISTORY_N_METRICS];
    uint64_t self[BOOK_N_SELF];
    struct tally untold; // of the instance: in no record
};

struct journey_counts {
    size_t n_crashes, n_crashes_in_calls, n_power_cuts, n_restarts, n_reboots, n_reloads, n_steps,
        n_images, n_wide, n_sums;
    uint64_t n_records, n_items, n_doubled, n_resent, n_in_doubt, n_cut_short, n_of[N_FATES];
};

struct journey {
    const struct journey_class *journey_class;
    uint64_t seed;
    bool is_alone; // the one journey of the test: all is told
    char title[128];
    struct dice dice;
    struct machine machine;
    struct machine_config config;
    struct schedule schedule;
    struct sample sample;
    struct eni eni;
    int64_t clock_error_ms; // of the wall clock
    size_t slots[SCHEDULE_MAX_SLOTS];
    bool is_in_tick, is_last;
    bool is_near_end; // of this boot: nothing else happens to the daemon
    bool is_over;     // this boot, and there will be another
    enum ending { ENDING_NOT, ENDING_RESTART, ENDING_REBOOT, ENDING_FOR_GOOD } ending; // next tick
    struct now tick_now;
    struct image before; // a call that the process does not live through
    bool is_doomed;
    const struct look *looks[SCHEDULE_MAX_LOOKS]; // that count, in this boot
    struct oracle oracles[SCHEDULE_MAX_CARDS];
    size_t n_boots;
    struct boot boots[JOURNEY_MAX_BOOTS];
    struct journey_counts counts; // of all journeys
};

// Fails the test where the law does not hold.
void journey_run(struct journey *journey, const struct journey_class *journey_class, uint64_t seed);
