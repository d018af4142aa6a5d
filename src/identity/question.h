// SPDX-License-Identifier: Apache-2.0
// When to ask the metadata service for one key, and when to ask again. Pure; embedded in whoever
// wants to know.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "now.h"

#define QUESTION_NEVER UINT64_MAX

// Keys of a device that was just attached may come half a minute late (amazon-ec2-net-utils,
// lib.sh): often at first, then seldom: these packets count against the allowance that is watched.
#define QUESTION_OFTEN_NS  (2 * NS_PER_S)    // for as long as QUESTION_FRESH_NS
#define QUESTION_FRESH_NS  (60 * NS_PER_S)   // since there is something to ask about
#define QUESTION_RARELY_NS (60 * NS_PER_S)   // doubling up to it, until the wait is over
#define QUESTION_SELDOM_NS (900 * NS_PER_S)  // from then on
#define QUESTION_RENEW_NS  (3600 * NS_PER_S) // of an answer that may change

// All zero: due at once.
struct question {
    uint64_t due_ns; // boot time
    uint64_t step_ns;
    bool is_said; // that its answer is no good
};

// Since when there is something to ask about, and until when records wait for it. Boot times.
struct question_span {
    uint64_t since_ns;
    uint64_t wait_until_ns;
};

// There was no good answer: plans the next try.
void question_repeat(
    struct question *question, const struct question_span *span, const struct now *now);
// The more urgent of two: NULL is none.
struct question *question_first(struct question *a, struct question *b);
