// SPDX-License-Identifier: Apache-2.0
// When to sample: at once, then on the wall clock's multiples of the interval. Pure.
#pragma once

#include <stdbool.h>

#include "now.h"

struct ticker {
    uint64_t interval_ms;
    int64_t due_wall_ms;  // the multiple that the next tick is for
    uint64_t due_boot_ns; // when to wake up for it; 0 before the first tick
    uint64_t late_ns;     // how long after it was due the last tick began
    uint64_t n_missed;    // multiples between the last tick's and the next one's
};

void ticker_init(struct ticker *ticker, uint64_t interval_ms);
// True when it is time to sample; the ticker then waits for the next multiple. Multiples that were
// slept through are skipped: a late sample covers them. Follows steps of the wall clock.
bool ticker_is_due(struct ticker *ticker, const struct now *now);
