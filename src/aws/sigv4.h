// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4 of one HTTP request, in the three stages of its specification, each there
// to look at (IAM User Guide, "Signing AWS API requests"). Pure but for libcrypto. Whoever sends
// requests owns a state and keeps it: the derived key in it serves for a day.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"

#define SIGV4_HEX_MAX  65 // SHA-256 in hexadecimal digits, and its terminator
#define SIGV4_TIME_MAX 17 // 20150830T123600Z

// All borrowed. `session_token` NULL: keys that do not expire.
struct sigv4_keys {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token;
};

struct sigv4_header {
    const char *name; // in any case
    const char *value;
};

// As it will be sent; all borrowed. Signed with `Host`, which must be among the headers, and
// X-Amz-Date and X-Amz-Security-Token, which are added here and must not.
struct sigv4_request {
    const char *method;
    const char *path;  // decoded or not, as it stands in the request line; "" is "/"
    const char *query; // after the '?', NULL: none
    const struct sigv4_header *headers;
    size_t n_headers;
    const void *body; // as sent: after compression
    size_t n_body_bytes;
    bool is_path_kept; // not normalized: dots and double slashes stay
};

struct sigv4_scope {
    const char *region;
    const char *service;
};

// All zero before the first; its texts are of the last request. What is secret in it is wiped.
struct sigv4 {
    char time[SIGV4_TIME_MAX];
    char *canonical_request;       // stage 1, owned
    char *signed_headers;          // "host;x-amz-date", owned
    char *string_to_sign;          // stage 2, owned
    char signature[SIGV4_HEX_MAX]; // stage 3
    char *authorization;           // the value of the header, owned
    struct sigv4_derived *derived; // the key of the day, owned; wiped when it is freed
};

// `time_s`: seconds since 1970, of the signing. -EINVAL: a text that cannot be signed (a control
// character in a header or key), and nothing is written.
must_check int sigv4_sign(struct sigv4 *sigv4, const struct sigv4_request *request,
    const struct sigv4_keys *keys, const struct sigv4_scope *scope, int64_t time_s);
void sigv4_finish(struct sigv4 *sigv4);
