// SPDX-License-Identifier: Apache-2.0
// What a core dump of this process would show.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// How often the bytes are in memory that this process can write. They must not be there themselves:
// a literal, which is in memory that it cannot.
size_t memory_count(const void *bytes, size_t n_bytes);
// Whether a core dump leaves the page at `address` out.
bool memory_is_undumped(const void *address);
