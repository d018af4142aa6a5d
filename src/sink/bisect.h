// SPDX-License-Identifier: Apache-2.0
// The way to the few items for which a destination refuses a whole request: what it refuses is
// halved until it is one item. Goes from the front to the back, so that what is settled is always
// the first items of the batch. Pure; one that is bad among n costs about 2 log2(n) requests.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define BISECT_MAX_DEPTH (sizeof(size_t) * 8 + 1)

struct bisect {
    size_t begin;                  // items before it are settled
    size_t ends[BISECT_MAX_DEPTH]; // of the parts that are under way, the smallest last
    size_t n_ends;                 // 0: all is settled
};

static inline void bisect_begin(struct bisect *bisect, size_t n_items)
{
    bisect->begin = 0;
    bisect->ends[0] = n_items;
    bisect->n_ends = n_items > 0;
}

// What comes next: from `begin` to here. Not when all is settled.
static inline size_t bisect_end(const struct bisect *bisect)
{
    return bisect->ends[bisect->n_ends - 1];
}

// What comes next is settled, one way or the other.
static inline void bisect_settle(struct bisect *bisect)
{
    bisect->begin = bisect->ends[--bisect->n_ends];
}

// It was refused. False: it is one item, and cannot be halved.
static inline bool bisect_halve(struct bisect *bisect)
{
    size_t n_items = bisect_end(bisect) - bisect->begin;
    if (n_items <= 1)
        return false;
    bisect->ends[bisect->n_ends++] = bisect->begin + n_items / 2;
    return true;
}
