// SPDX-License-Identifier: Apache-2.0
// Text to meaning: numbers with units, and the `[section]` / `key = value` files that our own
// configuration and the AWS profile files share.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// All of `text` must be the number; false, and nothing written, for anything else or an overflow.
bool parse_u64(const char *text, uint64_t *ret_value);
// 500ms, 1s, 5m, 1h; a number without a unit is refused.
bool parse_duration_ms(const char *text, uint64_t *ret_ms);
// 4096, 512KiB, 64MiB, 1GiB.
bool parse_bytes(const char *text, uint64_t *ret_bytes);
// Finite, not negative.
bool parse_real(const char *text, double *ret_value);

// Cuts blanks at both ends, in place.
char *parse_trim(char *text);

#define PARSE_LINE_MAX 65536 // session tokens pass; a binary file does not

enum ini_kind { INI_SECTION, INI_PAIR, INI_BAD };

struct ini_line {
    enum ini_kind kind;
    unsigned int number;   // of the line, from 1
    const char *text;      // all of it, blanks included; not terminated
    size_t n_bytes;        // of the text, without its newline
    const char *section;   // "" before the first section
    const char *key;       // of a pair
    const char *value;     // of a pair; may be empty
    const char *complaint; // of a bad line: what would be allowed
};

// Reads `n_bytes` of `text`, which need not be terminated, and calls `take` for each line that says
// something. A `#` or `;` opens a comment at the start of a line only: values keep theirs. Copies
// that it makes are wiped: a value may be a secret.
// Stops at, and returns, the first result of `take` that is not 0.
int parse_ini(
    const char *text, size_t n_bytes, int (*take)(const struct ini_line *, void *), void *to);
