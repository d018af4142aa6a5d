// SPDX-License-Identifier: Apache-2.0
// Whether something is away, and since when, so that its owner says so once when it goes and once,
// with the time it took, when it is back. Pure; embedded in what can be away.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "now.h"

#define OUTAGE_TEXT_MAX 32 // "5124095h34m" and its terminator

struct outage {
    bool is_on;
    uint64_t since_ns;
};

// True when it was not away before: the time to say so.
bool outage_begin(struct outage *outage, const struct now *now);
// True when it was away, with how long: 12s, 3m12s, 1h05m.
bool outage_end(
    struct outage *outage, const struct now *now, char ret_lasted[static OUTAGE_TEXT_MAX]);
