// SPDX-License-Identifier: Apache-2.0
// Path and query in the one form that both sides can make of them. For sigv4_canonical.c only.
#pragma once

#include "aws/sigv4.h"

// How many parameters the query has.
size_t sigv4_count_parameters(const char *query);

// Both write at `at`, no terminator, and return the end. Room: three bytes for each of the path,
// and one; three for each of the query, and SIGV4_MAX_PARAMETERS, which is the most it may have.
char *sigv4_put_path(char *at, const char *path, bool is_kept);
char *sigv4_put_query(char *at, const char *query);
