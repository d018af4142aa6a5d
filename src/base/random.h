// SPDX-License-Identifier: Apache-2.0
// Numbers that look random, out of a seed: for jitter, never for a secret.
#pragma once

#include <stdint.h>
#include <sys/random.h>
#include <unistd.h>

// SplitMix64 (Steele, Lea, Flood 2014): any seed will do, 0 too, and neighbours part at once.
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

// Another one for each start of the program, as far as the kernel has some.
static inline uint64_t random_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = (uint64_t)getpid();
    return seed;
}
