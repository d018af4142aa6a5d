// SPDX-License-Identifier: Apache-2.0
// Text and bytes, in and out. What is no line is told, never guessed at.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "encode/document.h"
#include "store/line.h"

#define CHECKSUM_DIGITS 8
#define HEAD_BYTES      (CHECKSUM_DIGITS + 1) // and the space
#define READ_BYTES      65536

static char *make_room(struct line *line, size_t n_bytes)
{
    if (line->capacity - line->n_bytes < n_bytes) {
        line->capacity = line->capacity * 2 + n_bytes;
        line->text = xreallocarray(line->text, line->capacity, 1);
    }
    return line->text + line->n_bytes;
}

void line_begin(struct line *line)
{
    line->n_bytes = 0;
    memset(make_room(line, HEAD_BYTES), ' ', HEAD_BYTES);
    line->n_bytes = HEAD_BYTES;
}

void line_add_bytes(struct line *line, const char *bytes, size_t n_bytes)
{
    if (n_bytes > 0)
        memcpy(make_room(line, n_bytes), bytes, n_bytes);
    line->n_bytes += n_bytes;
}

void line_add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    scoped_free char *text = xvasprintf(format, arguments);
    va_end(arguments);
    line_add_bytes(line, text, strlen(text));
}

static int take_bytes(const char *bytes, size_t n_bytes, void *line)
{
    line_add_bytes(line, bytes, n_bytes);
    return 0;
}

void line_add_json(struct line *line, const json_t *json)
{
    document_write(json, take_bytes, line);
}

static void format_checksum(const char *json, size_t n_bytes, char ret_text[static HEAD_BYTES + 1])
{
    uLong checksum = crc32_z(0, (const Bytef *)json, n_bytes);
    snprintf(ret_text, HEAD_BYTES + 1, "%08lx ", checksum);
}

void line_end(struct line *line)
{
    char head[HEAD_BYTES + 1];
    format_checksum(line->text + HEAD_BYTES, line->n_bytes - HEAD_BYTES, head);
    memcpy(line->text, head, HEAD_BYTES);
    line_add_bytes(line, "\n", 1);
}

void line_finish(struct line *line)
{
    free(line->text);
    *line = (struct line){0};
}

// Reads more behind what is there. 0, LINE_END or negative errno.
static int read_more(struct line_reader *reader)
{
    if (reader->at > 0)
        memmove(reader->bytes, reader->bytes + reader->at, reader->n_bytes - reader->at);
    reader->n_bytes -= reader->at;
    reader->at = 0;
    if (reader->n_bytes > LINE_MAX_BYTES) {
        reader->n_missed += reader->n_bytes;
        reader->n_bytes = 0;
    }
    if (reader->capacity - reader->n_bytes < READ_BYTES) {
        reader->capacity = reader->capacity * 2 + READ_BYTES;
        reader->bytes = xreallocarray(reader->bytes, reader->capacity, 1);
    }
    ssize_t n = read(reader->fd, reader->bytes + reader->n_bytes, READ_BYTES);
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    reader->n_bytes += (size_t)n;
    return n > 0 ? 0 : LINE_END;
}

static int take_line(const char *text, size_t n_bytes, json_t **ret_json)
{
    char head[HEAD_BYTES + 1];
    if (n_bytes <= HEAD_BYTES)
        return LINE_BAD;
    format_checksum(text + HEAD_BYTES, n_bytes - HEAD_BYTES, head);
    if (memcmp(text, head, HEAD_BYTES) != 0)
        return LINE_BAD;
    json_t *json = json_loadb(
        text + HEAD_BYTES, n_bytes - HEAD_BYTES, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        return LINE_BAD;
    }
    *ret_json = json;
    return 0;
}

// How many of the bytes behind `n_seen` of the next line come before its newline; all of them where
// there is none.
static size_t find_newline(const struct line_reader *reader, size_t n_seen)
{
    size_t n_left = reader->n_bytes - reader->at - n_seen;
    if (n_left == 0)
        return 0;
    const char *from = reader->bytes + reader->at + n_seen;
    const char *newline = memchr(from, '\n', n_left);
    return newline != NULL ? (size_t)(newline - from) : n_left;
}

int line_read(struct line_reader *reader, json_t **ret_json)
{
    size_t n = 0;
    while ((n += find_newline(reader, n)) == reader->n_bytes - reader->at) {
        int r = read_more(reader);
        if (r == LINE_END)
            return reader->n_bytes + reader->n_missed > 0 ? LINE_TORN : LINE_END;
        if (r < 0)
            return r;
        n = reader->n_bytes < n ? 0 : n;
    }
    int r = reader->n_missed > 0 ? LINE_BAD : take_line(reader->bytes + reader->at, n, ret_json);
    reader->at += n + 1;
    reader->offset += reader->n_missed + n + 1;
    reader->n_missed = 0;
    return r;
}

void line_reader_finish(struct line_reader *reader)
{
    free(reader->bytes);
    reader->bytes = NULL;
}
