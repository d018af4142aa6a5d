// SPDX-License-Identifier: Apache-2.0
// The time, as an argument: read once per wake-up and passed down, so that a fake clock is a
// struct.
#pragma once

#include <stdint.h>

struct now {
    uint64_t boot_ns; // CLOCK_BOOTTIME: measures intervals, goes on during suspend, never steps
    int64_t wall_ms;  // CLOCK_REALTIME since 1970: stamps windows, may step
};

// Wall clock minus boot clock in ms: constant but for steps and slewing of the wall clock.
static inline int64_t now_offset_ms(const struct now *now)
{
    return now->wall_ms - (int64_t)(now->boot_ns / 1000000);
}

static inline uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}
