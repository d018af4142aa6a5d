// SPDX-License-Identifier: Apache-2.0
// Keys to sign with, and who has some. A key source is what a client signs from: the credential
// chain, or within it the provider on which a role builds.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "aws/sigv4.h"
#include "now.h"

#define AWS_NEVER_EXPIRES INT64_MAX

// Texts are owned, and wiped when they are freed.
struct aws_keys {
    char *access_key_id;
    char *secret_access_key;
    char *session_token; // NULL: none
    int64_t expires_ms;  // wall clock, or AWS_NEVER_EXPIRES
};

// Copies. False, and nothing written: one of them is empty or holds what no header may.
bool aws_keys_set(struct aws_keys *keys, const struct sigv4_keys *from, int64_t expires_ms);
void aws_keys_finish(struct aws_keys *keys);

struct key_source {
    // NULL: none now. Borrowed until the source works again.
    const struct sigv4_keys *(*keys)(struct key_source *source);
    // The service does not take these: they have expired, or are unknown to it.
    void (*refuse)(struct key_source *source, const struct now *now);
};
