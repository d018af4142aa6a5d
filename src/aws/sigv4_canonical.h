// SPDX-License-Identifier: Apache-2.0
// Stage 1 of a signature: the request in the one form that both sides can make of it. For sigv4.c
// only.
#pragma once

#include "aws/sigv4.h"

// Whether the text has no control characters.
bool sigv4_is_printable(const char *text);
// Whether it has, and no blanks, and is all ASCII, and not empty.
bool sigv4_is_plain(const char *text);
bool sigv4_request_is_signable(const struct sigv4_request *request);

// Sets canonical_request and signed_headers, from the time in `sigv4`. The request is signable,
// `session_token` plain or NULL. 0, or -EIO.
must_check int sigv4_canonicalize(
    struct sigv4 *sigv4, const struct sigv4_request *request, const char *session_token);
