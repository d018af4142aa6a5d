// SPDX-License-Identifier: Apache-2.0
// Keys to sign with, and who has some. A key source is what a client signs from: the credential
// chain, or within it the provider on which a role builds.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "aws/sigv4.h"
#include "now.h"

#define AWS_NEVER_EXPIRES INT64_MAX
// Ours; bytes. AWS's ids have 20, and up to 128 (IAM, API reference, AccessKey); of tokens it names
// no limit. Of a secret: SIGV4_SECRET_MAX.
#define AWS_KEY_ID_MAX 128
#define AWS_TOKEN_MAX  65536

// Texts are owned, and wiped when they are freed.
struct aws_keys {
    char *access_key_id;
    char *secret_access_key;
    char *session_token; // NULL: none
    int64_t expires_ms;  // wall clock, or AWS_NEVER_EXPIRES
};

// Copies in place of what `keys` held; an empty session token is none. False, and nothing written:
// one is missing, too long, or cannot be signed with: a blank, a control character, a byte that is
// not ASCII, in an id a slash or comma.
bool aws_keys_set(struct aws_keys *keys, const struct sigv4_keys *from, int64_t expires_ms);
void aws_keys_finish(struct aws_keys *keys);
// Wipes and frees any text.
void aws_free_secret(char *text);

struct key_source {
    // NULL: none now. Borrowed until the source works again.
    const struct sigv4_keys *(*keys)(struct key_source *source);
    // The service does not take these: they have expired, or are unknown to it.
    void (*refuse)(struct key_source *source, const struct now *now);
};
