// SPDX-License-Identifier: Apache-2.0
// How a destination that says no is treated: rests that grow, and each kind of trouble told once
// until it is over. Pure; embedded in a sink.
#pragma once

#include "flow/backoff.h"
#include "flow/outage.h"

struct patience {
    struct backoff soon;   // what may pass by itself
    struct backoff seldom; // what somebody has to mend
    bool is_hurried;
    uint64_t rest_until_ns; // boot time; 0: no rest
    struct outage outage;
    unsigned int told; // kinds of trouble in this outage: bits
};

// Something went wrong.
struct setback {
    unsigned int kind; // below 32
    bool is_seldom;    // it does not pass by itself
};

void patience_init(struct patience *patience, uint64_t seed);
// The end is near: what rests tries again at once, and then more often.
void patience_hurry(struct patience *patience);
// True when the log does not know of this kind yet.
bool patience_fail(struct patience *patience, const struct now *now, const struct setback *setback);
// True when there was an outage, with how long it was.
bool patience_succeed(
    struct patience *patience, const struct now *now, char ret_lasted[static OUTAGE_TEXT_MAX]);
bool patience_is_over(const struct patience *patience, const struct now *now);
