// SPDX-License-Identifier: Apache-2.0
// Doubling steps with jitter, from the time and the seed that the caller brings.
#include "flow/backoff.h"

void backoff_init(struct backoff *backoff, uint64_t first_ns, uint64_t max_ns, uint64_t seed)
{
    *backoff = (struct backoff){.first_ns = first_ns, .max_ns = max_ns, .random = seed};
}

// SplitMix64 (Steele, Lea, Flood 2014): any seed will do, 0 too, and neighbours part at once.
static uint64_t next_random(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static uint64_t next_step(const struct backoff *backoff)
{
    uint64_t step_ns = backoff->step_ns == 0 ? backoff->first_ns : backoff->step_ns;
    if (backoff->step_ns != 0 && __builtin_mul_overflow(step_ns, 2, &step_ns))
        return backoff->max_ns;
    return step_ns < backoff->max_ns ? step_ns : backoff->max_ns;
}

void backoff_fail(struct backoff *backoff, const struct now *now)
{
    backoff->step_ns = next_step(backoff);
    uint64_t half_ns = backoff->step_ns / 2;
    uint64_t delay_ns = half_ns + next_random(&backoff->random) % (half_ns + 1);
    if (__builtin_add_overflow(now->boot_ns, delay_ns, &backoff->until_ns))
        backoff->until_ns = UINT64_MAX;
}

void backoff_reset(struct backoff *backoff)
{
    backoff->step_ns = 0;
    backoff->until_ns = 0;
}

bool backoff_is_over(const struct backoff *backoff, const struct now *now)
{
    return now->boot_ns >= backoff->until_ns;
}
