// SPDX-License-Identifier: Apache-2.0
// When in a period it is our turn: all nodes of a fleet close their windows in the same second, and
// must not all call then. Pure.
#pragma once

#include <stdint.h>

#include "now.h"

struct spread {
    uint64_t period_ms; // of the windows, which begin on its multiples
    uint64_t within_ms; // turns are spread over so much of it, at most over its half
    uint64_t hash;      // of who we are
};

// Of an instance id or a host name: alike in every run, and far apart for neighbours.
uint64_t spread_hash(const char *name);
// The boot time at which it is our turn in the period that is now; 0: it is.
uint64_t spread_until_ns(const struct spread *spread, const struct now *now);
