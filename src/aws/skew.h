// SPDX-License-Identifier: Apache-2.0
// A service's clock against ours, learned from the Date of its answers, so that a machine whose
// clock is wrong signs in the service's time (the design that AWS's SDKs share since 2026:
// aws-runtime, service_clock_skew.rs and clock-skew-test-cases.json). Pure; embedded in a client.
#pragma once

#include <stdbool.h>

#include "now.h"

#define AWS_SKEW_TOLERATED_MS INT64_C(240000)

struct aws_skew {
    int64_t ms;   // the service's clock is ahead by this
    bool was_off; // the last answer: the time that was signed is more than TOLERATED from its own
};

// An answer, and the attempt that it answers.
struct aws_skew_answer {
    const char *date, *age; // headers; NULL: none
    uint64_t sent_ns;       // boot time
    int64_t signed_ms;      // the wall clock with the skew of then
};

// Date is of the middle between sending and receiving. One that a cache aged, that is no date, or
// that took more than 15 minutes to get here teaches nothing.
void aws_skew_learn(
    struct aws_skew *skew, const struct now *received, const struct aws_skew_answer *answer);

// IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT": RFC 9110, 5.6.7) and nothing else: seconds since
// 1970.
bool aws_date_parse(const char *text, int64_t *ret_s);
