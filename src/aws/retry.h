// SPDX-License-Identifier: Apache-2.0
// Whether what failed may be tried again, and when: standard mode of AWS's SDKs with the numbers of
// 2026 (botocore, retries/standard.py and quota.py, version 2.1). All requests of a client draw on
// one bucket, so that a service in trouble is not asked three times as often. Pure; embedded in a
// client.
#pragma once

#include <stdbool.h>

#include "base.h"

#define AWS_RETRY_TOKENS 500 // of a full bucket

struct aws_retry {
    unsigned int n_tokens;
    unsigned int n_taken; // for the last retry of the request in hand; 0: it has had none
    uint64_t random;
};

// An attempt that failed.
struct aws_retry_failure {
    unsigned int n_attempts; // so far, from 1
    bool is_throttled;
    const char *after; // the header x-amz-retry-after, ms; NULL: none
};

void aws_retry_init(struct aws_retry *retry, uint64_t seed);
// Of each request.
void aws_retry_begin(struct aws_retry *retry);
// False: the bucket does not hold enough.
bool aws_retry_take(
    struct aws_retry *retry, const struct aws_retry_failure *failure, uint64_t *ret_delay_ns);
// The request was answered well: gives back what its last retry cost, or one for none.
void aws_retry_succeed(struct aws_retry *retry);
