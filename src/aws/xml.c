// SPDX-License-Identifier: Apache-2.0
// Tags are told from text, and no more: no tree, nothing kept, one pass. Syntax: Extensible Markup
// Language (XML) 1.0, sections 2 and 4. Fuzzed by test/fuzz/aws_error_fuzz.c.
#include <stdbool.h>
#include <string.h>

#include "aws/xml.h"
#include "base.h"
#include "base/parse.h"

#define BLANKS " \t\r\n"

struct cursor {
    const char *at, *end;
};

struct tag {
    const char *name; // qualified; not terminated
    size_t n_name;
    bool is_end, is_empty; // </name>; <name/>
};

static size_t n_left(const struct cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

static bool is_at(const struct cursor *cursor, const char *words)
{
    size_t n = strlen(words);
    return n_left(cursor) >= n && memcmp(cursor->at, words, n) == 0;
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

// Goes behind the next `words`.
static bool skip_past(struct cursor *cursor, const char *words)
{
    const char *found = memmem(cursor->at, n_left(cursor), words, strlen(words));
    if (found == NULL)
        return false;
    cursor->at = found + strlen(words);
    return true;
}

// A declaration may hold others, in brackets: then what follows is in doubt.
static bool skip_declaration(struct cursor *cursor)
{
    const char *start = cursor->at;
    return skip_past(cursor, ">") && memchr(start, '[', (size_t)(cursor->at - start)) == NULL;
}

// 0: it is not at something that is no tag. -1: at one that does not end.
static int skip_aside(struct cursor *cursor)
{
    static const struct {
        const char *opening, *closing;
    } asides[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};
    for (size_t i = 0; i < ARRAY_SIZE(asides); i++) {
        if (!is_at(cursor, asides[i].opening))
            continue;
        cursor->at += strlen(asides[i].opening);
        return skip_past(cursor, asides[i].closing) ? 1 : -1;
    }
    if (!is_at(cursor, "<!"))
        return 0;
    return skip_declaration(cursor) ? 1 : -1;
}

// Behind the name: attributes, whose values may hold a '>', and the end of the tag.
static bool skip_attributes(struct cursor *cursor, bool *ret_is_empty)
{
    char quote = '\0';
    for (bool is_empty = false; cursor->at < cursor->end; cursor->at++) {
        char c = *cursor->at;
        if (quote == '\0' && c == '>') {
            cursor->at++;
            *ret_is_empty = is_empty;
            return true;
        }
        if (quote == '\0' && c == '<')
            return false;
        is_empty = c == '/';
        if (quote == c)
            quote = '\0';
        else if (quote == '\0' && (c == '"' || c == '\''))
            quote = c;
    }
    return false;
}

// At a '<'.
static bool take_tag(struct cursor *cursor, struct tag *ret_tag)
{
    struct tag tag = {0};
    cursor->at++;
    tag.is_end = is_at(cursor, "/");
    cursor->at += tag.is_end;
    tag.name = cursor->at;
    while (cursor->at < cursor->end && !is_one_of(*cursor->at, BLANKS "/>"))
        cursor->at++;
    tag.n_name = (size_t)(cursor->at - tag.name);
    if (tag.n_name == 0 || !skip_attributes(cursor, &tag.is_empty))
        return false;
    *ret_tag = tag;
    return true;
}

static bool next_tag(struct cursor *cursor, struct tag *ret_tag)
{
    while ((cursor->at = memchr(cursor->at, '<', n_left(cursor))) != NULL) {
        int r = skip_aside(cursor);
        if (r <= 0)
            return r == 0 && take_tag(cursor, ret_tag);
    }
    return false;
}

static bool has_local_name(const struct tag *tag, const char *name)
{
    const char *colon = memrchr(tag->name, ':', tag->n_name);
    size_t n_prefix = colon != NULL ? (size_t)(colon + 1 - tag->name) : 0;
    return tag->n_name - n_prefix == strlen(name) &&
        memcmp(tag->name + n_prefix, name, strlen(name)) == 0;
}

// XML's Char without the control characters: what is no text at all, and NUL, has no number here.
static bool is_character(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xd800) ||
        (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

// UTF-8.
static char *put_character(char *at, uint32_t c)
{
    static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
    int n_more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    *at++ = (char)(leads[n_more] | (c >> (6 * n_more)));
    while (n_more-- > 0)
        *at++ = (char)(0x80 | ((c >> (6 * n_more)) & 0x3f));
    return at;
}

// 0: no number, or of no character.
static uint32_t number_of(const char *digits, size_t n)
{
    static const char all[] = "0123456789abcdef";
    bool is_hex = n > 0 && *digits == 'x';
    uint32_t base = is_hex ? 16 : 10, number = 0;
    if (n == (size_t)is_hex || n > 8)
        return 0;
    for (size_t i = is_hex; i < n; i++) {
        char c = (char)(digits[i] >= 'A' && digits[i] <= 'F' ? digits[i] - 'A' + 'a' : digits[i]);
        const char *found = memchr(all, c, base);
        if (found == NULL)
            return 0;
        number = number * base + (uint32_t)(found - all);
    }
    return is_character(number) ? number : 0;
}

// 0: XML does not know it by itself.
static uint32_t character_of(const char *entity, size_t n)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    if (n > 0 && *entity == '#')
        return number_of(entity + 1, n - 1);
    for (size_t i = 0; i < ARRAY_SIZE(entities); i++)
        if (strlen(entities[i].name) == n && memcmp(entity, entities[i].name, n) == 0)
            return (uint32_t)entities[i].c;
    return 0;
}

// A reference to a character is never shorter than the character.
static bool decode(struct cursor text, char *at)
{
    while (text.at < text.end) {
        char c = *text.at++;
        if (c == '\0')
            return false;
        if (c != '&') {
            *at++ = c;
            continue;
        }
        const char *end = memchr(text.at, ';', n_left(&text));
        uint32_t character = end != NULL ? character_of(text.at, (size_t)(end - text.at)) : 0;
        if (character == 0)
            return false;
        at = put_character(at, character);
        text.at = end + 1;
    }
    return true;
}

static char *decoded(struct cursor text)
{
    while (n_left(&text) > 0 && is_one_of(*text.at, BLANKS))
        text.at++;
    while (n_left(&text) > 0 && is_one_of(text.end[-1], BLANKS))
        text.end--;
    if (n_left(&text) == 0)
        return NULL;
    char *result = xcalloc(n_left(&text) + 1, 1);
    if (decode(text, result))
        return result;
    free(result);
    return NULL;
}

// The cursor is behind the start tag.
static char *text_within(struct cursor *cursor, const struct tag *start)
{
    struct cursor text = *cursor;
    struct tag end;
    cursor->at = memchr(cursor->at, '<', n_left(cursor));
    if (cursor->at == NULL)
        return NULL;
    text.end = cursor->at;
    if (!take_tag(cursor, &end) || !end.is_end || end.n_name != start->n_name ||
        memcmp(end.name, start->name, end.n_name) != 0)
        return NULL;
    return decoded(text);
}

char *xml_text(const char *xml, size_t n_bytes, const char *name)
{
    struct cursor cursor = {xml, xml + n_bytes};
    struct tag tag;
    while (next_tag(&cursor, &tag))
        if (!tag.is_end && has_local_name(&tag, name))
            return tag.is_empty ? NULL : text_within(&cursor, &tag);
    return NULL;
}
