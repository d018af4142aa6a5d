// SPDX-License-Identifier: Apache-2.0
// Bytes made smaller, as HTTP's Content-Encoding gzip has it (RFC 1952).
#pragma once

#include <stddef.h>

// The caller's; one whole member.
void *gzip_bytes(const void *bytes, size_t n_bytes, size_t *ret_n_bytes);
