// SPDX-License-Identifier: Apache-2.0
// The end of keys, as AWS writes it: a date and time of ISO 8601. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// "2026-11-21T16:00:00Z", perhaps with a fraction of the second, perhaps "+00:00" for Z: ms since
// 1970. False, and nothing written, for all else: a date without a zone among them.
bool aws_timestamp_parse(const char *text, int64_t *ret_ms);
