// SPDX-License-Identifier: Apache-2.0
// Text to meaning. Pure: no file is opened here. Fuzzed by test/fuzz/config_fuzz.c.
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "base/parse.h"

// The number at the start of `text`; what follows it, or NULL.
static const char *leading_u64(const char *text, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *at = text;
    for (; isdigit((unsigned char)*at); at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return NULL;
    if (at == text)
        return NULL;
    *ret_value = value;
    return at;
}

bool parse_u64(const char *text, uint64_t *ret_value)
{
    uint64_t value;
    const char *rest = leading_u64(text, &value);
    if (rest == NULL || *rest != '\0')
        return false;
    *ret_value = value;
    return true;
}

struct unit {
    const char *name;
    uint64_t factor;
};

static bool parse_with_unit(
    const char *text, const struct unit *units, size_t n_units, uint64_t *ret_value)
{
    uint64_t value;
    const char *rest = leading_u64(text, &value);
    for (size_t i = 0; rest != NULL && i < n_units; i++)
        if (strcmp(rest, units[i].name) == 0)
            return !__builtin_mul_overflow(value, units[i].factor, ret_value);
    return false;
}

bool parse_duration_ms(const char *text, uint64_t *ret_ms)
{
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    uint64_t ms;
    if (!parse_with_unit(text, units, ARRAY_SIZE(units), &ms))
        return false;
    *ret_ms = ms;
    return true;
}

bool parse_bytes(const char *text, uint64_t *ret_bytes)
{
    static const struct unit units[] = {
        {"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    uint64_t bytes;
    if (!parse_with_unit(text, units, ARRAY_SIZE(units), &bytes))
        return false;
    *ret_bytes = bytes;
    return true;
}

bool parse_real(const char *text, double *ret_value)
{
    if (!isdigit((unsigned char)*text) && *text != '.')
        return false;
    char *rest;
    errno = 0;
    double value = strtod(text, &rest);
    if (errno != 0 || rest == text || *rest != '\0' || !isfinite(value) || value < 0)
        return false;
    *ret_value = value;
    return true;
}

char *parse_trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return text;
}

struct ini_reader {
    int (*take)(const struct ini_line *, void *);
    void *to;
    struct ini_line line; // in hand: its number and text
    char section[256];
};

static int tell(const struct ini_reader *reader, struct ini_line line)
{
    line.number = reader->line.number;
    line.text = reader->line.text;
    line.n_bytes = reader->line.n_bytes;
    line.section = reader->section;
    return reader->take(&line, reader->to);
}

static int tell_bad(const struct ini_reader *reader, const char *complaint)
{
    return tell(reader, (struct ini_line){.kind = INI_BAD, .complaint = complaint});
}

static int take_section(struct ini_reader *reader, char *text)
{
    size_t length = strlen(text);
    if (text[length - 1] != ']')
        return tell_bad(reader, "a section is written [name]");
    text[length - 1] = '\0';
    const char *name = parse_trim(text + 1);
    if (*name == '\0' || strlen(name) >= sizeof(reader->section))
        return tell_bad(reader, "a section name has 1 to 255 characters");
    memmove(reader->section, name, strlen(name) + 1);
    return tell(reader, (struct ini_line){.kind = INI_SECTION});
}

static int take_pair(struct ini_reader *reader, char *text)
{
    char *equals = strchr(text, '=');
    if (equals == NULL)
        return tell_bad(
            reader, "a line is [section], key = value, or a comment that starts with #");
    *equals = '\0';
    const char *key = parse_trim(text);
    if (*key == '\0')
        return tell_bad(reader, "a key stands before the =");
    return tell(
        reader, (struct ini_line){.kind = INI_PAIR, .key = key, .value = parse_trim(equals + 1)});
}

static int take_text(struct ini_reader *reader, char *text)
{
    text = parse_trim(text);
    if (*text == '\0' || *text == '#' || *text == ';')
        return 0;
    return *text == '[' ? take_section(reader, text) : take_pair(reader, text);
}

static int take_line(struct ini_reader *reader)
{
    size_t length = reader->line.n_bytes;
    if (length > PARSE_LINE_MAX)
        return tell_bad(reader, "a line has at most 65536 bytes");
    if (memchr(reader->line.text, '\0', length) != NULL)
        return tell_bad(reader, "the file is text, without NUL bytes");
    scoped_free char *copy = xcalloc(length + 1, 1);
    memcpy(copy, reader->line.text, length);
    int r = take_text(reader, copy);
    explicit_bzero(copy, length);
    return r;
}

int parse_ini(
    const char *text, size_t n_bytes, int (*take)(const struct ini_line *, void *), void *to)
{
    struct ini_reader reader = {.take = take, .to = to};
    const char *end = text + n_bytes;
    for (const char *start = text; start < end;) {
        const char *newline = memchr(start, '\n', (size_t)(end - start));
        size_t length = (size_t)((newline != NULL ? newline : end) - start);
        reader.line.number++;
        reader.line.text = start;
        reader.line.n_bytes = length;
        int r = take_line(&reader);
        if (r != 0)
            return r;
        start += newline != NULL ? length + 1 : length;
    }
    return 0;
}
