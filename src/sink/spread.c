// SPDX-License-Identifier: Apache-2.0
// A hash, and a place in the period.
#include "base.h"
#include "base/random.h"
#include "sink/spread.h"

// FNV-1a, 64 bits (Noll), and a mixing after it: names that differ in their last character end up
// far apart.
uint64_t spread_hash(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return next_random(&hash);
}

uint64_t spread_until_ns(const struct spread *spread, const struct now *now)
{
    uint64_t half_ms = spread->period_ms / 2;
    uint64_t within_ms = spread->within_ms < half_ms ? spread->within_ms : half_ms;
    uint64_t turn_ms = (spread->hash >> 32) * within_ms >> 32;
    uint64_t phase_ms = (uint64_t)now->wall_ms % spread->period_ms;
    return phase_ms < turn_ms ? now->boot_ns + (turn_ms - phase_ms) * NS_PER_MS : 0;
}
