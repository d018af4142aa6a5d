// SPDX-License-Identifier: Apache-2.0
// Random numbers for tests, from a seed that is printed: ENAWATCH_TEST_SEED=N repeats a run.
#pragma once

#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#include "support/unit.h"

struct dice {
    uint64_t state;
};

static inline void dice_init(struct dice *dice)
{
    const char *wanted = getenv("ENAWATCH_TEST_SEED");
    uint64_t seed = 1;
    if (wanted != NULL)
        seed = strtoull(wanted, NULL, 0);
    else if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        fail_msg("no random seed");
    print_message("# ENAWATCH_TEST_SEED=%" PRIu64 "\n", seed);
    dice->state = seed;
}

// SplitMix64 (Steele, Lea, Flood 2014).
static inline uint64_t dice_next(struct dice *dice)
{
    uint64_t z = (dice->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

// 0 to n - 1.
static inline uint64_t dice_below(struct dice *dice, uint64_t n)
{
    return dice_next(dice) % n;
}
