// SPDX-License-Identifier: Apache-2.0
// JSON that always comes out: text from outside is repaired, not refused, and out of memory ends
// the program. Used by the encoders and by the journal.
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

// These take over `value`, as jansson's own do; an earlier member of that name is replaced.
void document_set(json_t *object, const char *name, json_t *value);
void document_append(json_t *array, json_t *value);

// Up to the first NUL or `max_bytes`: kernel texts may fill their field. A byte that is not part of
// valid UTF-8 becomes a '?'.
json_t *document_text(const char *text, size_t max_bytes);
// As a real beyond INT64_MAX, which is where JSON integers of jansson end.
json_t *document_number(uint64_t value);

// `value` with its last digits behind the point, none of them a needless zero: 1520 with two
// decimals is 15.2.
json_t *document_decimal(uint64_t value, unsigned int n_decimals);

// Seconds, with as many decimals as it takes: exact while the seconds have up to 12 digits.
json_t *document_seconds(int64_t ms);

// What a reader makes of a number who keeps all of them as doubles.
double document_double(const json_t *number);

// Compact, members in the order in which they were set, without a newline. Freed by the caller.
char *document_print(const json_t *root);
// What document_print() would give, piece by piece; the callback returns 0.
void document_write(const json_t *root, json_dump_callback_t take, void *context);
// Of that, how many bytes.
size_t document_bytes(const json_t *root);
