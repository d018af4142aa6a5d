// SPDX-License-Identifier: Apache-2.0
// What a service says when it says no: the code and the message, wherever they stand, and what the
// code means for who asked. Pure. Codes: CloudWatch, CloudWatch Logs and STS models; the lists of
// retryable ones: botocore, retries/standard.py; of clock errors: aws-runtime,
// service_clock_skew.rs.
#pragma once

#include <stddef.h>

#include "aws/client.h"

enum aws_error {
    AWS_ERROR_TRANSIENT,
    AWS_ERROR_THROTTLED,
    AWS_ERROR_EXPIRED,     // the keys
    AWS_ERROR_CLOCK,       // certainly the clock
    AWS_ERROR_MAYBE_CLOCK, // the clock, or the keys
    AWS_ERROR_DENIED,
    AWS_ERROR_INVALID, // this request
};

struct aws_error_text {
    char code[AWS_CODE_MAX];
    char message[AWS_MESSAGE_MAX];
};

// All borrowed; headers NULL when absent.
struct aws_error_answer {
    long status;
    const char *type_header;  // x-amzn-errortype
    const char *query_header; // x-amzn-query-error: "Code;Sender"
    const char *body;         // JSON, XML, HTML, or anything
    size_t n_body_bytes;
};

void aws_error_read(const struct aws_error_answer *answer, struct aws_error_text *ret_text);
enum aws_error aws_error_kind(long status, const char *code);
