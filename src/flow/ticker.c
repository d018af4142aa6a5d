// SPDX-License-Identifier: Apache-2.0
// Ticks on the wall clock's multiples of the interval, so that windows hold equally many samples.
// The wake-up is computed on the boot clock: a step of the wall clock never puts the program to
// sleep for longer than one interval.
#include "flow/ticker.h"

void ticker_init(struct ticker *ticker, uint64_t interval_ms)
{
    *ticker = (struct ticker){.interval_ms = interval_ms};
}

static void wait_until(struct ticker *ticker, const struct now *now, int64_t wall_ms)
{
    ticker->due_wall_ms = wall_ms;
    ticker->due_boot_ns = now->boot_ns + (uint64_t)(wall_ms - now->wall_ms) * 1000000;
}

// The first multiple that leaves at least half an interval: the first tick comes at any moment, and
// two samples in quick succession tell less than one.
static int64_t next_multiple(const struct ticker *ticker, const struct now *now)
{
    int64_t interval = (int64_t)ticker->interval_ms;
    int64_t next = (now->wall_ms / interval + 1) * interval;
    return next - now->wall_ms < interval / 2 ? next + interval : next;
}

// A slewed clock lets the boot clock arrive a little before the multiple itself.
static bool is_early(const struct ticker *ticker, const struct now *now)
{
    int64_t left = ticker->due_wall_ms - now->wall_ms;
    return left > 0 && left < (int64_t)ticker->interval_ms / 2;
}

// On the boot clock, so that a step of the wall clock misses nothing; rounded, for it may be
// slewed.
static uint64_t n_between(const struct ticker *ticker, uint64_t due_ns)
{
    uint64_t interval_ns = ticker->interval_ms * 1000000;
    uint64_t n_intervals = (ticker->due_boot_ns - due_ns + interval_ns / 2) / interval_ns;
    return n_intervals > 1 ? n_intervals - 1 : 0;
}

bool ticker_is_due(struct ticker *ticker, const struct now *now)
{
    if (now->boot_ns < ticker->due_boot_ns)
        return false;
    if (ticker->due_boot_ns != 0 && is_early(ticker, now)) {
        wait_until(ticker, now, ticker->due_wall_ms);
        return false;
    }
    uint64_t due_ns = ticker->due_boot_ns;
    wait_until(ticker, now, next_multiple(ticker, now));
    ticker->late_ns = due_ns != 0 ? now->boot_ns - due_ns : 0;
    ticker->n_missed = due_ns != 0 ? n_between(ticker, due_ns) : 0;
    return true;
}
