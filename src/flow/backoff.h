// SPDX-License-Identifier: Apache-2.0
// When to try again what failed: steps that double up to a maximum, with jitter so that a fleet
// that lost the same peer does not come back as one. Pure; embedded in what tries again.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "now.h"

struct backoff {
    uint64_t first_ns, max_ns; // of a step
    uint64_t step_ns;          // of the last failure; 0: none since the reset
    uint64_t until_ns;         // boot time of the next try; 0: at once
    uint64_t random;
};

void backoff_init(struct backoff *backoff, uint64_t first_ns, uint64_t max_ns, uint64_t seed);
// The next try comes after one half of the step and a random part of the other half.
void backoff_fail(struct backoff *backoff, const struct now *now);
// After a success: the next failure begins with the first step again.
void backoff_reset(struct backoff *backoff);
bool backoff_is_over(const struct backoff *backoff, const struct now *now);
