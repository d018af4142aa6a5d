// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4 of one HTTP request, in the three stages of its specification, each there
// to look at (IAM User Guide, "Signing AWS API requests"). Pure but for libcrypto. Whoever sends
// requests owns a state and keeps it: the derived key in it serves for a day.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"

#define SIGV4_HEX_MAX        65  // SHA-256 in hexadecimal digits, and its terminator
#define SIGV4_TIME_MAX       17  // 20150830T123600Z
#define SIGV4_SECRET_MAX     256 // bytes of a secret; AWS's have 40
#define SIGV4_MAX_HEADERS    64
#define SIGV4_MAX_PARAMETERS 64 // of a query

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

// As it will be sent; all borrowed. `Host` must be among the headers. X-Amz-Date,
// X-Amz-Security-Token and Authorization must not: they are sent as well, as struct sigv4 has them.
// What proxies change (Connection, User-Agent and the like) may be there and is not signed.
// X-Amz-Content-SHA256, where it is there, stands for the body, which then is not looked at.
struct sigv4_request {
    const char *method;
    // From the request line; "" is "/". A percent sign is encoded once more, as all services but S3
    // expect it, and so is what came without its encoding.
    const char *path;
    // After the '?', NULL: none. %XX stand for their bytes; a '+' is a plus, not a space.
    const char *query;
    const struct sigv4_header *headers;
    size_t n_headers;
    const void *body; // as sent: after compression
    size_t n_body_bytes;
    bool is_path_kept; // not normalized: dots and double slashes stay; encoded all the same
};

struct sigv4_scope {
    const char *region;
    const char *service;
};

// All zero before the first; its texts are of the last request. Secrets and the session token are
// wiped when they leave it.
struct sigv4 {
    char time[SIGV4_TIME_MAX];     // the value of X-Amz-Date
    char *canonical_request;       // stage 1, owned; holds the session token: not for a log
    char *signed_headers;          // "host;x-amz-date", owned
    char *string_to_sign;          // stage 2, owned
    char signature[SIGV4_HEX_MAX]; // stage 3
    char *authorization;           // the value of the header, owned
    struct sigv4_derived *derived; // the key of the day, owned; see sigv4_key.h
};

// `time_s`: seconds since 1970, of the signing. -EINVAL: what cannot be signed: a control character
// anywhere; a blank, or a byte that is not ASCII, in a key or the scope; no Host; too many or too
// long. -EIO: libcrypto failed. -ENOMEM: there is no page for the derived key.
// After an error the texts are those of the last request still.
must_check int sigv4_sign(struct sigv4 *sigv4, const struct sigv4_request *request,
    const struct sigv4_keys *keys, const struct sigv4_scope *scope, int64_t time_s);
void sigv4_finish(struct sigv4 *sigv4);

// SHA-256, as X-Amz-Content-SHA256 says it. 0, or -EIO.
must_check int sigv4_hash(const void *bytes, size_t n_bytes, char ret_hex[static SIGV4_HEX_MAX]);
