// SPDX-License-Identifier: Apache-2.0
// What the encoders need of jansson, without its ways to fail: invalid UTF-8 is the one input that
// it refuses, no memory the one trouble that it has.
#include <stdbool.h>
#include <string.h>

#include "base.h"
#include "encode/document.h"
#include "log.h"

// 15 digits are what a double keeps of any decimal number, so 15.26 stays 15.26.
#define DOCUMENT_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

static void must(bool is_done)
{
    if (is_done)
        return;
    log_error("out of memory");
    abort();
}

// The lead bytes of well-formed UTF-8 and what may follow them: The Unicode Standard, table 3-7.
// After the second byte all are 80 to BF.
struct utf8_lead {
    unsigned char first, last;
    unsigned char n_bytes;
    unsigned char second_first, second_last;
};

static const struct utf8_lead utf8_leads[] = {
    {0x00, 0x7f, 1, 0x00, 0x00},
    {0xc2, 0xdf, 2, 0x80, 0xbf},
    {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f},
    {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf},
    {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static bool is_sequence(const unsigned char *at, const struct utf8_lead *lead)
{
    if (lead->n_bytes > 1 && (at[1] < lead->second_first || at[1] > lead->second_last))
        return false;
    for (size_t i = 2; i < lead->n_bytes; i++)
        if (at[i] < 0x80 || at[i] > 0xbf)
            return false;
    return true;
}

// The bytes of the character that starts here; 0 if none does. The terminator continues none, so
// nothing is read behind it.
static size_t character_bytes(const unsigned char *at)
{
    for (size_t i = 0; i < ARRAY_SIZE(utf8_leads); i++) {
        const struct utf8_lead *lead = &utf8_leads[i];
        if (*at >= lead->first && *at <= lead->last)
            return is_sequence(at, lead) ? lead->n_bytes : 0;
    }
    return 0;
}

static char *repaired(const char *text, size_t max_bytes)
{
    size_t n_bytes = strnlen(text, max_bytes);
    char *copy = xcalloc(n_bytes + 1, 1);
    memcpy(copy, text, n_bytes);
    for (char *at = copy; *at != '\0';) {
        size_t n = character_bytes((const unsigned char *)at);
        if (n == 0)
            *at = '?';
        at += n > 0 ? n : 1;
    }
    return copy;
}

void document_set(json_t *object, const char *name, json_t *value)
{
    scoped_free char *key = repaired(name, SIZE_MAX);
    must(json_object_set_new(object, key, value) == 0);
}

void document_append(json_t *array, json_t *value)
{
    must(json_array_append_new(array, value) == 0);
}

json_t *document_text(const char *text, size_t max_bytes)
{
    scoped_free char *clean = repaired(text, max_bytes);
    return json_string(clean);
}

json_t *document_number(uint64_t value)
{
    return value <= INT64_MAX ? json_integer((json_int_t)value) : json_real((double)value);
}

json_t *document_decimal(uint64_t value, unsigned int n_decimals)
{
    uint64_t divisor = 1;
    while (n_decimals-- > 0)
        divisor *= 10;
    if (value % divisor == 0)
        return document_number(value / divisor);
    return json_real((double)value / (double)divisor);
}

json_t *document_seconds(int64_t ms)
{
    int64_t per_s = (int64_t)MS_PER_S;
    return ms % per_s == 0 ? json_integer(ms / per_s) : json_real((double)ms / (double)per_s);
}

double document_double(const json_t *number)
{
    char text[32] = {0}; // 15 digits, sign, point, exponent
    if (json_is_integer(number))
        return (double)json_integer_value(number);
    size_t n_bytes = json_dumpb(number, text, sizeof(text), DOCUMENT_FLAGS | JSON_ENCODE_ANY);
    must(n_bytes > 0 && n_bytes < sizeof(text));
    return strtod(text, NULL);
}

char *document_print(const json_t *root)
{
    char *text = json_dumps(root, DOCUMENT_FLAGS);
    must(text != NULL);
    return text;
}

void document_write(const json_t *root, json_dump_callback_t take, void *context)
{
    must(json_dump_callback(root, take, context, DOCUMENT_FLAGS) == 0);
}

size_t document_bytes(const json_t *root)
{
    size_t n_bytes = json_dumpb(root, NULL, 0, DOCUMENT_FLAGS);
    must(n_bytes > 0);
    return n_bytes;
}
