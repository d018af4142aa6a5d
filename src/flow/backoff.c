// SPDX-License-Identifier: Apache-2.0
// Doubling steps with jitter, from the time and the seed that the caller brings.
#include "base/random.h"
#include "flow/backoff.h"

void backoff_init(struct backoff *backoff, uint64_t first_ns, uint64_t max_ns, uint64_t seed)
{
    *backoff = (struct backoff){.first_ns = first_ns, .max_ns = max_ns, .random = seed};
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
