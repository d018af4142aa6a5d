// SPDX-License-Identifier: Apache-2.0
// What others say, made fit for a log: one line that can be printed, cut, and nothing of our keys
// in it (the message of a signature error repeats the session token). Pure.
#pragma once

#include "aws/sigv4.h"

#define AWS_MESSAGE_MAX 512 // bytes, with the terminator; ours

// `keys` NULL: there is nothing to keep secret.
void aws_clean(const char *text, size_t n_bytes, const struct sigv4_keys *keys,
    char ret_text[static AWS_MESSAGE_MAX]);
