// SPDX-License-Identifier: Apache-2.0
// MIME multipart as far as nodeadm reads it, with net/mail and mime/multipart of Go: one level of
// parts, and of those the NodeConfigs. What those two refuse, or other readers take otherwise, is a
// doubt. RFC 2045 and 2046.
#include <string.h>

#include "identity/node_config_text.h"

#define HEADER_MAX   512
#define BOUNDARY_MAX 70 // RFC 2046, 5.1.1

static const char odd_type[] = "it has a Content-Type that cannot be told for sure";
static const char odd_parts[] = "its MIME parts cannot be told for sure";

// A value, its lines joined.
struct header {
    char value[HEADER_MAX + 1];
    size_t n_bytes;
    unsigned int n_times; // that it is there
    bool is_cut;
};

struct headers {
    struct header type, encoding;
};

struct media_type {
    char name[HEADER_MAX + 1]; // as it is written
    char boundary[BOUNDARY_MAX + 1];
};

static void header_append(struct header *header, struct text text)
{
    if (header->n_bytes + text.n_bytes > HEADER_MAX ||
        memchr(text.at, '\0', text.n_bytes) != NULL) {
        header->is_cut = true;
        return;
    }
    memcpy(header->value + header->n_bytes, text.at, text.n_bytes);
    header->n_bytes += text.n_bytes;
}

// How long the name before the colon is; 0 for a line that is no header.
static size_t name_length(struct text line)
{
    size_t n = 0;
    while (n < line.n_bytes && line.at[n] > ' ' && line.at[n] < 0x7f && line.at[n] != ':')
        n++;
    return n < line.n_bytes && line.at[n] == ':' ? n : 0;
}

// The header to which the line belongs; NULL for one that nobody asks about.
static struct header *header_of(struct headers *headers, struct text line, size_t n_name)
{
    struct text name = {line.at, n_name};
    struct header *header = NULL;
    if (text_is_in_any_case(name, "Content-Type"))
        header = &headers->type;
    else if (text_is_in_any_case(name, "Content-Transfer-Encoding"))
        header = &headers->encoding;
    if (header != NULL)
        header->n_times++;
    return header;
}

// Up to and with the empty line, or the end after a whole line. False when these are no headers.
static bool read_headers(struct text *rest, struct headers *ret_headers)
{
    struct headers headers = {0};
    struct header *header = NULL;
    struct line line;
    for (bool is_first = true; text_next_line(rest, &line); is_first = false) {
        if (line.text.n_bytes == 0) {
            *ret_headers = headers;
            return true;
        }
        bool goes_on = *line.text.at == ' ' || *line.text.at == '\t';
        size_t n_name = name_length(line.text);
        if (line.n_end == 0 || (goes_on ? is_first : n_name == 0))
            return false;
        if (!goes_on)
            header = header_of(&headers, line.text, n_name);
        if (header != NULL)
            header_append(header, goes_on ? line.text : text_skip(line.text, n_name + 1));
    }
    *ret_headers = headers;
    return true;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

// RFC 2045, 5.1: what is written without quotes.
static size_t token_length(const char *at)
{
    return strspn(
        at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`{|}~");
}

// The value of a parameter, quoted or not; NULL for an odd one, else what follows.
static const char *take_parameter_value(const char *at, struct text *ret_value)
{
    bool is_quoted = *at == '"';
    at += is_quoted;
    size_t n = is_quoted ? strcspn(at, "\"\\") : token_length(at);
    if (is_quoted ? at[n] != '"' : n == 0)
        return NULL;
    *ret_value = (struct text){at, n};
    return at + n + is_quoted;
}

static bool take_boundary(struct media_type *type, struct text value)
{
    if (type->boundary[0] != '\0' || value.n_bytes == 0 || value.n_bytes > BOUNDARY_MAX)
        return false;
    for (size_t i = 0; i < value.n_bytes; i++)
        if (value.at[i] < ' ' || value.at[i] > '~')
            return false;
    memcpy(type->boundary, value.at, value.n_bytes);
    return value.at[value.n_bytes - 1] != ' ';
}

// From the semicolon before it; NULL for an odd one.
static const char *take_parameter(const char *at, struct media_type *type)
{
    struct text value;
    at = skip_blanks(at + 1);
    if (*at == '\0') // a semicolon at the end
        return at;
    struct text name = {at, token_length(at)};
    at += name.n_bytes;
    if (name.n_bytes == 0 || *at != '=' || (at = take_parameter_value(at + 1, &value)) == NULL)
        return NULL;
    if (text_is_in_any_case(name, "boundary") && !take_boundary(type, value))
        return NULL;
    return skip_blanks(at);
}

static bool parse_media_type(const struct header *header, struct media_type *ret_type)
{
    struct media_type type = {0};
    if (header->n_times != 1 || header->is_cut)
        return false;
    const char *name = skip_blanks(header->value);
    size_t n = token_length(name);
    size_t n_sub = n > 0 && name[n] == '/' ? token_length(name + n + 1) : 0;
    if (n_sub == 0)
        return false;
    memcpy(type.name, name, n + 1 + n_sub);
    const char *at = skip_blanks(name + n + 1 + n_sub);
    while (at != NULL && *at == ';')
        at = take_parameter(at, &type);
    if (at == NULL || *at != '\0')
        return false;
    *ret_type = type;
    return true;
}

static bool is_multipart(const char *type)
{
    static const char prefix[] = "multipart/";
    return strncasecmp(type, prefix, strlen(prefix)) == 0;
}

// NULL when the body is as it stands (RFC 2045, 6).
static const char *doubt_encoding(const struct header *header)
{
    const char *value = skip_blanks(header->value);
    struct text encoding = {value, strcspn(value, " \t")};
    if (header->n_times == 0)
        return NULL;
    if (header->n_times > 1 || header->is_cut)
        return "it has a part of unknown encoding";
    if (text_is_in_any_case(encoding, "base64"))
        return "its NodeConfig is base64";
    bool is_identity = text_is_in_any_case(encoding, "7bit") ||
        text_is_in_any_case(encoding, "8bit") || text_is_in_any_case(encoding, "binary");
    return is_identity && *skip_blanks(value + encoding.n_bytes) == '\0'
        ? NULL
        : "it has a part of unknown encoding";
}

static void take_part(struct text part, struct finding *finding)
{
    struct headers headers;
    struct media_type type;
    if (!read_headers(&part, &headers)) {
        finding_doubt(finding, odd_parts);
        return;
    }
    if (headers.type.n_times == 0)
        return;
    if (!parse_media_type(&headers.type, &type)) {
        finding_doubt(finding, odd_type);
    } else if (is_multipart(type.name)) {
        finding_doubt(finding, "it has multiparts in multiparts");
    } else if (strcasecmp(type.name, NODE_CONFIG_MEDIA_TYPE) == 0) {
        const char *doubt = doubt_encoding(&headers.encoding);
        if (doubt != NULL)
            finding_doubt(finding, doubt);
        else
            node_config_take_document(part, finding);
    }
}

enum delimiter { DELIMITER_NONE, DELIMITER_NEXT, DELIMITER_LAST, DELIMITER_ODD };

static enum delimiter delimiter_of(struct text line, const char *boundary)
{
    if (!text_starts_with(line, "--"))
        return DELIMITER_NONE;
    line = text_skip(line, 2);
    if (!text_starts_with(line, boundary))
        return DELIMITER_NONE;
    line = text_skip(line, strlen(boundary));
    bool is_last = text_starts_with(line, "--");
    for (line = text_skip(line, is_last ? 2 : 0); line.n_bytes > 0; line = text_skip(line, 1))
        if (*line.at != ' ' && *line.at != '\t')
            return DELIMITER_ODD;
    return is_last ? DELIMITER_LAST : DELIMITER_NEXT;
}

// Go goes by the line end of the first delimiter: with CR LF it sees no delimiter after or before a
// lone LF, where others do.
static bool is_consistent(const struct line *before, const struct line *delimiter, size_t n_end)
{
    return (delimiter->n_end == n_end || delimiter->n_end == 0) &&
        (n_end == 1 || before->n_end == 2);
}

// Text before the first delimiter and after the last is nobody's.
static void take_parts(struct text body, const char *boundary, struct finding *finding)
{
    struct line line, before = {0};
    const char *part = NULL; // where it starts; NULL before the first
    size_t n_end = 0;        // of the first delimiter
    for (; text_next_line(&body, &line); before = line) {
        enum delimiter delimiter = delimiter_of(line.text, boundary);
        if (delimiter == DELIMITER_NONE)
            continue;
        if (delimiter == DELIMITER_ODD || line.text.at == part)
            break;
        if (part != NULL && !is_consistent(&before, &line, n_end))
            break;
        if (part != NULL)
            take_part((struct text){part, (size_t)(line.text.at - part) - before.n_end}, finding);
        if (delimiter == DELIMITER_LAST)
            return;
        n_end = part == NULL ? line.n_end : n_end;
        part = body.at;
    }
    finding_doubt(finding, odd_parts);
}

bool node_config_take_multipart(struct text text, struct finding *finding)
{
    struct headers headers;
    struct media_type type;
    if (!read_headers(&text, &headers) || !is_multipart(skip_blanks(headers.type.value)))
        return false;
    if (!parse_media_type(&headers.type, &type) || type.boundary[0] == '\0')
        finding_doubt(finding, odd_type);
    else
        take_parts(text, type.boundary, finding);
    return true;
}
