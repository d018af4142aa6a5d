// SPDX-License-Identifier: Apache-2.0
// Path and query, canonical. Where the specification is silent (dots at the end of a path, query
// parameters without a name) this does as botocore, AWS's SDK for Python, does.
#include <openssl/crypto.h>
#include <string.h>

#include "aws/sigv4_uri.h"

// Not terminated.
struct span {
    const char *at;
    size_t n;
};

// Of a query, as it stands there.
struct parameter {
    struct span name, value;
};

// RFC 3986, 2.3: what stands for itself.
static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '.' || c == '_' || c == '~';
}

static char *put_encoded(char *at, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";
    if (is_unreserved(c)) {
        *at++ = (char)c;
    } else {
        *at++ = '%';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    return at;
}

static char *put_segment(char *at, struct span segment)
{
    *at++ = '/';
    for (size_t i = 0; i < segment.n; i++)
        at = put_encoded(at, (unsigned char)segment.at[i]);
    return at;
}

static bool span_is(struct span span, const char *text)
{
    return span.n == strlen(text) && memcmp(span.at, text, span.n) == 0;
}

// Without empty segments and dots. A slash at the end stays.
static char *put_normal_path(char *at, const char *path)
{
    const char *const start = at;
    while (*path == '/') {
        struct span segment = {path + 1, strcspn(path + 1, "/")};
        path += 1 + segment.n;
        if (span_is(segment, "..")) {
            while (at > start && *--at != '/')
                continue;
        } else if (segment.n > 0 && !span_is(segment, ".")) {
            at = put_segment(at, segment);
        }
        if (*path == '\0' && (segment.n == 0 || at == start))
            *at++ = '/';
    }
    return at;
}

static char *put_kept_path(char *at, const char *path)
{
    while (*path == '/') {
        struct span segment = {path + 1, strcspn(path + 1, "/")};
        path += 1 + segment.n;
        at = put_segment(at, segment);
    }
    return at;
}

char *sigv4_put_path(char *at, const char *path, bool is_kept)
{
    if (*path == '\0')
        path = "/";
    return is_kept ? put_kept_path(at, path) : put_normal_path(at, path);
}

// The byte that the span begins with, %XX for one; taken off.
static unsigned char take_byte(struct span *span)
{
    unsigned char c = (unsigned char)*span->at;
    size_t n = 1;
    if (c == '%' && span->n >= 3) {
        int high = OPENSSL_hexchar2int((unsigned char)span->at[1]);
        int low = OPENSSL_hexchar2int((unsigned char)span->at[2]);
        if (high >= 0 && low >= 0) {
            c = (unsigned char)(high * 16 + low);
            n = 3;
        }
    }
    span->at += n;
    span->n -= n;
    return c;
}

// Of a byte among encoded ones: a '%' comes before all that stands for itself, the digits after it
// are in the order of the bytes.
static int rank(unsigned char c)
{
    return is_unreserved(c) ? 0x100 + c : c;
}

static int compare_encoded(struct span a, struct span b)
{
    while (a.n > 0 && b.n > 0) {
        int difference = rank(take_byte(&a)) - rank(take_byte(&b));
        if (difference != 0)
            return difference;
    }
    return (a.n > 0) - (b.n > 0);
}

static int compare_parameters(const void *left, const void *right)
{
    const struct parameter *a = left, *b = right;
    int order = compare_encoded(a->name, b->name);
    return order != 0 ? order : compare_encoded(a->value, b->value);
}

size_t sigv4_count_parameters(const char *query)
{
    size_t n = 1;
    for (; (query = strchr(query, '&')) != NULL; query++)
        n++;
    return n;
}

static size_t split_query(const char *query, struct parameter parameters[SIGV4_MAX_PARAMETERS])
{
    size_t n = 0;
    for (const char *at = query;; at++) {
        struct parameter *parameter = &parameters[n++];
        parameter->name = (struct span){at, strcspn(at, "=&")};
        at += parameter->name.n;
        at += *at == '=';
        parameter->value = (struct span){at, strcspn(at, "&")};
        at += parameter->value.n;
        if (*at == '\0')
            return n;
    }
}

char *sigv4_put_query(char *at, const char *query)
{
    struct parameter parameters[SIGV4_MAX_PARAMETERS];
    if (*query == '\0')
        return at;
    size_t n = split_query(query, parameters);
    qsort(parameters, n, sizeof(parameters[0]), compare_parameters);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            *at++ = '&';
        while (parameters[i].name.n > 0)
            at = put_encoded(at, take_byte(&parameters[i].name));
        *at++ = '=';
        while (parameters[i].value.n > 0)
            at = put_encoded(at, take_byte(&parameters[i].value));
    }
    return at;
}
