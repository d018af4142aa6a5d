// SPDX-License-Identifier: Apache-2.0
// How often a device is read: at every tick, or less often when its reads take longer than they
// may. Pure; one per device, owned by its source.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PACE_TICKS      60 // that the mean is of
#define PACE_MAX_STRIDE 10

struct pace {
    uint32_t budget_us;            // that one read may take on average
    uint32_t spent_us[PACE_TICKS]; // a ring: 0 in a tick without a read, else at least 1
    uint32_t at;                   // of the running tick
    uint64_t total_us;
    uint32_t n_reads;
    uint32_t stride;   // from one read to the next, in ticks
    uint32_t n_waited; // ticks since the last read
};

void pace_init(struct pace *pace, uint64_t budget_ns);
// To be called once in every tick: whether the device is to be read in it.
bool pace_is_due(struct pace *pace);
// How long the read of this tick took, whatever came of it.
void pace_note(struct pace *pace, uint64_t read_ns);
// Of the reads of the last 60 ticks. For the budget they count as at least six.
uint64_t pace_mean_us(const struct pace *pace);
