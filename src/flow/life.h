// SPDX-License-Identifier: Apache-2.0
// What delta.c remembers of one ENI, and the hearing that a sample gets. Shared by delta.c, which
// owns the lives, and group.c, which judges the device's groups of statistics.
#pragma once

#include "flow/delta.h"

#define N_DEVICE_GROUPS METRIC_GROUP_DRIVER
#define NO_RESETS       UINT64_MAX // total_resets was not there to read

// A life that was not known; NULL when it was, or there is no room. For what is restored: all that
// a first sample makes of a life is then yet to be filled in.
struct life *delta_table_restore(struct delta_table *table, const struct mac *mac);
// Brings `value_ns` up to what `still_ns` says.
void life_end_standstill(struct life *life);

enum group_state { GROUP_FIRST, GROUP_TRUTHFUL, GROUP_SUSPECT };

// Where a group's baseline came from.
struct origin {
    uint64_t truthful_ns;
    uint64_t resets; // total_resets then
    int ifindex;
    bool is_confirmed; // a second sample agreed with it
};

struct group {
    enum group_state state;
    struct origin origin;
    bool is_shown;             // in the last sample
    bool was_lit;              // its baseline has been anything but zeros
    bool is_doubted;           // its baseline are zeros, and nobody knows yet whether they are true
    bool is_on_trial;          // judged reset on zeros alone: the baseline is that before them
    uint64_t dark_since_ns;    // the zeros that lead up to the last sample; 0: it had others
    uint64_t dark_ns;          // how long they have lasted, or had when others came
    bool was_dark_long;        // as long as a verdict takes, since the doubt began
    uint64_t suspect_since_ns; // the new life that suspect samples show, as far as they agree
    int suspect_ifindex;
};

// Every value of one metric, with whether it was there.
struct values {
    uint64_t value[METRIC_MAX];
    bool is_known[METRIC_MAX];
};

struct life {
    struct mac mac;
    int ifindex;
    bool is_dark;      // the allowance group of the last sample reads all zero
    uint64_t seen_ns;  // any sample, for forgetting
    uint64_t last_ns;  // the last sample but this one; 0: this is the first
    uint64_t still_ns; // the last sample that showed what was shown before, unchanged; 0: none
    uint32_t n_shown;  // metrics in the last sample
    uint8_t shown[METRIC_MAX]; // which
    struct group groups[N_DEVICE_GROUPS];
    struct values baseline;
    uint64_t value_ns[METRIC_MAX];           // when each was published or seen, but see still_ns
    struct values suspect;                   // of groups that are, the last that answered
    uint64_t suspect_first[METRIC_N_DEVICE]; // of the same, the first of that new life
};

// A sample before its judge.
struct hearing {
    const struct delta_table *table;
    struct life *life;
    const struct sample *sample;
    struct delta *delta;
    int ifindex;     // 0: of the instance
    bool did_answer; // the allowances, up to this sample: zeros of SRD are then its own
    uint64_t resets;
};

// Judges one group of the device, publishes what is true of it and moves its baseline.
// DELTA_BASELINE: the group was seen for the first time; DELTA_SUSPECT: it is held.
enum delta_outcome group_hear(const struct hearing *hearing, enum metric_group id);

static inline bool is_counter(const struct hearing *hearing, uint32_t metric)
{
    return hearing->table->is_counter[metric];
}

static inline bool is_of(const struct hearing *hearing, uint32_t metric, enum metric_group id)
{
    return hearing->table->catalog->metrics[metric].group == id;
}

static inline void note_elapsed(const struct hearing *hearing, uint64_t since_ns)
{
    uint64_t elapsed_ns = hearing->sample->at.boot_ns - since_ns;
    if (elapsed_ns > hearing->delta->elapsed_ns)
        hearing->delta->elapsed_ns = elapsed_ns;
}

static inline void put(struct delta *delta, uint32_t metric, uint64_t value)
{
    delta->readings[delta->n_readings++] = (struct reading){metric, value};
}

static inline void note_turning_point(const struct hearing *hearing)
{
    hearing->delta->is_turning_point = true;
}

static inline void remember(const struct hearing *hearing, const struct reading *reading)
{
    struct life *life = hearing->life;
    if (!life->baseline.is_known[reading->metric] && is_counter(hearing, reading->metric))
        note_turning_point(hearing);
    life->baseline.value[reading->metric] = reading->value;
    life->baseline.is_known[reading->metric] = true;
    life->value_ns[reading->metric] = hearing->sample->at.boot_ns;
}

static inline bool is_withheld(uint32_t metric, bool is_dark)
{
    return is_dark && metric == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE;
}
