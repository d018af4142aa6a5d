// SPDX-License-Identifier: Apache-2.0
// YAML 1.1, as the libyaml family reads it (nodeadm: sigs.k8s.io/yaml), of one line.
#include <string.h>
#include <strings.h>

#include "identity/node_config_value.h"

#define KEY_MAX 256 // YAML 1.1 allows a key 1024 characters

static bool is_letter(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

// What a plain key may be: much less than in YAML, but all of Kubernetes.
static size_t plain_key_length(struct text text)
{
    size_t n = 0;
    while (n < text.n_bytes &&
        (is_letter(text.at[n]) || is_digit(text.at[n]) || text.at[n] == '_' || text.at[n] == '/' ||
            (n > 0 && (text.at[n] == '-' || text.at[n] == '.'))))
        n++;
    return n;
}

// With its quotes; 0 when it does not end here.
static size_t quoted_length(struct text text, bool *ret_has_escapes)
{
    char quote = *text.at;
    bool has_escapes = false;
    for (size_t n = 1; n < text.n_bytes; n++) {
        bool is_doubled = quote == '\'' && n + 1 < text.n_bytes && text.at[n + 1] == '\'';
        if (text.at[n] == quote && !is_doubled) {
            *ret_has_escapes = has_escapes;
            return n + 1;
        }
        if (text.at[n] == quote || (quote == '"' && text.at[n] == '\\')) {
            has_escapes = true;
            n++;
        }
    }
    return 0;
}

static bool is_quote(char byte)
{
    return byte == '"' || byte == '\'';
}

bool value_take_key(struct text *rest, struct text *ret_key)
{
    bool is_quoted = rest->n_bytes > 0 && is_quote(*rest->at), has_escapes = false;
    size_t n = is_quoted ? quoted_length(*rest, &has_escapes) : plain_key_length(*rest);
    struct text after = text_skip(*rest, n);
    if (n == 0 || n > KEY_MAX || has_escapes ||
        (!text_is(after, ":") && !text_starts_with(after, ": ")))
        return false;
    *ret_key = (struct text){rest->at + is_quoted, n - 2 * (size_t)is_quoted};
    *rest = text_skip(after, 1);
    return true;
}

static bool is_end(struct text after)
{
    while (after.n_bytes > 1 && text_starts_with(after, " "))
        after = text_skip(after, 1);
    return after.n_bytes == 0 || (*after.at == '#' && after.at[-1] == ' ');
}

// Inside of flow style a quote opens something only where a value begins: it's, key:'x' have none.
static bool may_open_quote(struct text text, size_t at)
{
    size_t n = at;
    while (text.at[n - 1] == ' ')
        n--;
    char before = text.at[n - 1];
    return strchr("[{,", before) != NULL || (before == ':' && (n < at || is_quote(text.at[n - 2])));
}

// From { or [ to the bracket that closes it; 0 when that is not here, or not for sure.
static size_t flow_length(struct text text)
{
    size_t depth = 0;
    bool ignored;
    for (size_t n = 0; n < text.n_bytes; n++) {
        char byte = text.at[n];
        if (is_quote(byte)) {
            size_t length = may_open_quote(text, n) ? quoted_length(text_skip(text, n), &ignored)
                                                    : 0;
            if (length == 0)
                return 0;
            n += length - 1;
        } else if (byte == '#') {
            return 0;
        } else if (byte == '{' || byte == '[') {
            depth++;
        } else if ((byte == '}' || byte == ']') && --depth == 0) {
            return n + 1;
        }
    }
    return 0;
}

static bool parse_flow(struct text text, struct value *ret_value)
{
    size_t n = flow_length(text);
    if (n == 0 || !is_end(text_skip(text, n)))
        return false;
    ret_value->kind = n == 2 && text_starts_with(text, "{}") ? VALUE_EMPTY_MAP : VALUE_OTHER;
    return true;
}

static bool parse_quoted(struct text text, struct value *ret_value)
{
    bool ignored;
    size_t n = quoted_length(text, &ignored);
    if (n == 0 || !is_end(text_skip(text, n)))
        return false;
    ret_value->kind = VALUE_QUOTED;
    ret_value->text = (struct text){text.at + 1, n - 2};
    return true;
}

// An indentation in digits is left to YAML.
static bool parse_block(struct text text, struct value *ret_value)
{
    text = text_skip(text, 1);
    if (text_starts_with(text, "-") || text_starts_with(text, "+"))
        text = text_skip(text, 1);
    ret_value->kind = VALUE_BLOCK;
    return is_end(text);
}

static bool parse_plain(struct text text, struct value *ret_value)
{
    bool is_alone = text.n_bytes == 1 || text.at[1] == ' ';
    if (strchr(",]}&*!%@`", *text.at) != NULL || (is_alone && strchr("-?:", *text.at) != NULL))
        return false;
    for (struct text at = text; at.n_bytes > 0; at = text_skip(at, 1)) {
        if (text_starts_with(at, ": ") || text_is(at, ":"))
            return false;
        if (text_starts_with(at, " #")) {
            text.n_bytes -= at.n_bytes;
            break;
        }
    }
    while (text.at[text.n_bytes - 1] == ' ')
        text.n_bytes--;
    *ret_value = (struct value){VALUE_PLAIN, text};
    return text.at[text.n_bytes - 1] != ':'; // before a comment
}

bool value_parse(struct text text, struct value *ret_value)
{
    struct value value = {VALUE_NONE};
    while (text_starts_with(text, " "))
        text = text_skip(text, 1);
    char first = text.n_bytes > 0 ? *text.at : '#';
    bool is_sure = true;
    if (is_quote(first))
        is_sure = parse_quoted(text, &value);
    else if (first == '{' || first == '[')
        is_sure = parse_flow(text, &value);
    else if (first == '|' || first == '>')
        is_sure = parse_block(text, &value);
    else if (first != '#')
        is_sure = parse_plain(text, &value);
    if (is_sure)
        *ret_value = value;
    return is_sure;
}

// What starts with a digit is a string for sure only with a letter that no number and no date has:
// 0x1f, 0o17, 0b11, 1e3, 0x1p4, 2026-01-31.
static bool looks_like_number(struct text text)
{
    if (!is_digit(*text.at))
        return false;
    for (size_t i = 0; i < text.n_bytes; i++)
        if (is_letter(text.at[i]) && strchr("abcdefABCDEFxXoOpP", text.at[i]) == NULL)
            return false;
    return true;
}

bool value_is_string(const struct value *value)
{
    static const char *const words[] = {
        "y", "n", "yes", "no", "on", "off", "true", "false", "null"}; // YAML 1.1, and some more
    if (value->kind != VALUE_PLAIN)
        return value->kind == VALUE_QUOTED;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (text_is_in_any_case(value->text, words[i]))
            return false;
    return !looks_like_number(value->text);
}
