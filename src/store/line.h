// SPDX-License-Identifier: Apache-2.0
// The lines of the journal's file: a checksum, a space, a JSON object, a newline. The checksum is
// CRC-32 (that of gzip, zip and PNG) of the object's bytes, as eight hexadecimal digits.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base.h"

// What is longer is no line: so much memory at the most is needed to read a file that is none of
// ours.
#define LINE_MAX_BYTES (UINT32_C(64) << 20)

// A line that is being made, or a part of one. Begins all zero, keeps its memory.
struct line {
    char *text; // not terminated
    size_t n_bytes, capacity;
};

// Empties it, and leaves room for the checksum.
void line_begin(struct line *line);
printf_like(2, 3) void line_add(struct line *line, const char *format, ...);
void line_add_bytes(struct line *line, const char *bytes, size_t n_bytes);
void line_add_json(struct line *line, const json_t *json);
// Checksum and newline: it is whole.
void line_end(struct line *line);
void line_finish(struct line *line);

// Reads a file line by line, from where it stands.
struct line_reader {
    int fd; // borrowed
    char *bytes;
    size_t at, n_bytes, capacity;
    uint64_t offset;   // in the file, of the line that comes next
    uint64_t n_missed; // of that line, which is too long: its first bytes
};

// Outcomes of line_read() besides 0.
enum {
    LINE_BAD = 1, // it ends with a newline, and is no line of ours
    LINE_TORN,    // the last bytes of the file, without a newline: of a line that was never written
                  // whole, or zeros
    LINE_END,
};

// The object of the next line, a reference for the caller. Negative errno: the file cannot be read.
must_check int line_read(struct line_reader *reader, json_t **ret_json);
void line_reader_finish(struct line_reader *reader);
