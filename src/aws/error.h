// SPDX-License-Identifier: Apache-2.0
// What a service says when it says no: the code and the message, wherever they stand, and what the
// code means for who asked. Pure. Codes: CloudWatch, CloudWatch Logs and STS models, and the errors
// common to all services; the lists of retryable ones: botocore, retries/standard.py; of clock
// errors: aws-runtime, service_clock_skew.rs, and AWS's SDK for JavaScript.
#pragma once

#include "aws/clean.h"

#define AWS_CODE_MAX 128 // bytes of an error code, with the terminator; ours

enum aws_error {
    AWS_ERROR_TRANSIENT,
    AWS_ERROR_THROTTLED,
    AWS_ERROR_EXPIRED,     // the keys
    AWS_ERROR_CLOCK,       // certainly the clock
    AWS_ERROR_MAYBE_CLOCK, // the clock, or the keys
    AWS_ERROR_DENIED,      // this identity; or, rarely, the clock
    AWS_ERROR_INVALID,     // this request, or where it was sent
};

struct aws_error_text {
    char code[AWS_CODE_MAX];       // "" where none is told: it may not be the service that speaks
    char message[AWS_MESSAGE_MAX]; // cleaned; "" for nothing
};

// All borrowed; headers NULL when absent.
struct aws_error_answer {
    long status;
    const char *type_header;  // x-amzn-errortype
    const char *query_header; // x-amzn-query-error: "Code;Sender"
    const char *location;     // of a redirect
    const char *body;         // JSON, XML, HTML, or anything
    size_t n_body_bytes;
    const struct sigv4_keys *keys; // the message holds nothing of these; NULL: none
};

// The code of the query header comes first: it is what older clients know. Then that of the type
// header, then the body's.
void aws_error_read(const struct aws_error_answer *answer, struct aws_error_text *ret_text);
// A code that is on none of the lists, and none at all, means what the status does.
enum aws_error aws_error_kind(long status, const char *code);
