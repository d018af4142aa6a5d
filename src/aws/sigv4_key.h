// SPDX-License-Identifier: Apache-2.0
// The key that signs, derived from the secret for one day, region and service, and kept for the
// next request. For sigv4.c only.
#pragma once

#include "aws/sigv4.h"

#define SIGV4_DIGEST_BYTES 32 // SHA-256

// On a page of its own that core dumps leave out.
struct sigv4_derived {
    uint8_t mark[SIGV4_DIGEST_BYTES]; // of the secret and the credential it was derived for
    uint8_t key[SIGV4_DIGEST_BYTES];
};

// Makes sure that `*derived`, NULL before the first time, is for this secret, not longer than
// SIGV4_SECRET_MAX, and this `credential`: "AKID/20150830/us-east-1/service/aws4_request", where no
// part has a slash in it. 0, -EIO, or -ENOMEM when there is no page.
must_check int sigv4_derive(
    struct sigv4_derived **derived, const char *secret, const char *credential);
// 0, or -EIO.
must_check int sigv4_mac(
    const struct sigv4_derived *derived, const char *text, char ret_hex[static SIGV4_HEX_MAX]);
void sigv4_derived_destroy(struct sigv4_derived *derived);

void sigv4_hex(const uint8_t digest[static SIGV4_DIGEST_BYTES], char ret_hex[static SIGV4_HEX_MAX]);
