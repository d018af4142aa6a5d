// SPDX-License-Identifier: Apache-2.0
// The canonical request: what may be signed at all, which headers, and in what form.
#include <string.h>
#include <strings.h>

#include "aws/sigv4_canonical.h"
#include "aws/sigv4_uri.h"

#define DATE_HEADER  "X-Amz-Date"
#define TOKEN_HEADER "X-Amz-Security-Token"
#define HASH_HEADER  "X-Amz-Content-SHA256"

// What is signed, sorted by name; those of one name in the order of the request.
struct sorted_headers {
    const struct sigv4_header *headers[SIGV4_MAX_HEADERS + 2];
    size_t n;
    size_t n_name_bytes, n_value_bytes;
};

static bool has_only(const char *text, unsigned char first, unsigned char last)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < first || (unsigned char)*text > last ||
            (unsigned char)*text == 0x7f)
            return false;
    return true;
}

bool sigv4_is_printable(const char *text)
{
    return has_only(text, ' ', 0xff);
}

bool sigv4_is_plain(const char *text)
{
    return *text != '\0' && has_only(text, '!', '~');
}

// A name of a header or a method (RFC 9110, 5.6.2).
static bool is_token(const char *text)
{
    return sigv4_is_plain(text) && strpbrk(text, "\"(),/:;<=>?@[\\]{}") == NULL;
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcasecmp(name, *names) != 0)
        names++;
    return *names != NULL;
}

static const struct sigv4_header *find_header(const struct sigv4_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_headers; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return &request->headers[i];
    return NULL;
}

static const char *query_of(const struct sigv4_request *request)
{
    return request->query != NULL ? request->query : "";
}

bool sigv4_request_is_signable(const struct sigv4_request *request)
{
    static const char *const ours[] = {DATE_HEADER, TOKEN_HEADER, "Authorization", NULL};
    const char *query = query_of(request);
    if (!is_token(request->method) || !sigv4_is_printable(request->path) ||
        !sigv4_is_printable(query) || sigv4_count_parameters(query) > SIGV4_MAX_PARAMETERS)
        return false;
    if (*request->path != '/' && *request->path != '\0')
        return false;
    if (request->n_headers > SIGV4_MAX_HEADERS || find_header(request, "Host") == NULL)
        return false;
    for (size_t i = 0; i < request->n_headers; i++) {
        const struct sigv4_header *header = &request->headers[i];
        if (!is_token(header->name) || !sigv4_is_printable(header->value) ||
            is_one_of(header->name, ours))
            return false;
    }
    return true;
}

static char *put(char *at, const char *text)
{
    return stpcpy(at, text);
}

static void add_header(struct sorted_headers *sorted, const struct sigv4_header *header)
{
    size_t i = sorted->n++;
    for (; i > 0 && strcasecmp(sorted->headers[i - 1]->name, header->name) > 0; i--)
        sorted->headers[i] = sorted->headers[i - 1];
    sorted->headers[i] = header;
    sorted->n_name_bytes += strlen(header->name) + 1;
    sorted->n_value_bytes += strlen(header->value) + 1;
}

static void sort_headers(struct sorted_headers *sorted, const struct sigv4_request *request)
{
    // As botocore has them (SIGNED_HEADERS_BLACKLIST in auth.py).
    static const char *const unsigned_ones[] = {"connection", "expect", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
        "upgrade", "user-agent", "x-amzn-trace-id", NULL};
    for (size_t i = 0; i < request->n_headers; i++)
        if (!is_one_of(request->headers[i].name, unsigned_ones))
            add_header(sorted, &request->headers[i]);
}

static bool is_another(const struct sorted_headers *sorted, size_t i)
{
    return i == 0 || strcasecmp(sorted->headers[i]->name, sorted->headers[i - 1]->name) != 0;
}

static char *put_lower(char *at, const char *text)
{
    for (; *text != '\0'; text++)
        *at++ = (char)(*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
    return at;
}

// Without spaces at the ends, and with one where there are several.
static char *put_value(char *at, const char *value)
{
    const char *const start = at;
    for (value += strspn(value, " "); *value != '\0'; value += strspn(value, " ")) {
        size_t n = strcspn(value, " ");
        if (at > start)
            *at++ = ' ';
        at = mempcpy(at, value, n);
        value += n;
    }
    return at;
}

static char *put_headers(char *at, const struct sorted_headers *sorted)
{
    for (size_t i = 0; i < sorted->n; i++) {
        if (is_another(sorted, i)) {
            if (i > 0)
                *at++ = '\n';
            at = put_lower(at, sorted->headers[i]->name);
            *at++ = ':';
        } else {
            *at++ = ',';
        }
        at = put_value(at, sorted->headers[i]->value);
    }
    return put(at, "\n");
}

static char *list_names(const struct sorted_headers *sorted)
{
    char *names = xcalloc(sorted->n_name_bytes, 1), *at = names;
    for (size_t i = 0; i < sorted->n; i++) {
        if (!is_another(sorted, i))
            continue;
        if (i > 0)
            *at++ = ';';
        at = put_lower(at, sorted->headers[i]->name);
    }
    return names;
}

static int put_hash(char *at, const struct sigv4_request *request)
{
    const struct sigv4_header *given = find_header(request, HASH_HEADER);
    if (given == NULL)
        return sigv4_hash(request->body, request->n_body_bytes, at);
    *put_value(at, given->value) = '\0';
    return 0;
}

// At most, with the terminator: every byte of path and query encoded.
static size_t longest(const struct sigv4_request *request, const struct sorted_headers *sorted)
{
    const struct sigv4_header *hash = find_header(request, HASH_HEADER);
    size_t n_lines = 5; // beside the headers
    return n_lines + strlen(request->method) + 3 * strlen(request->path) + 1 +
        3 * strlen(query_of(request)) + SIGV4_MAX_PARAMETERS + 2 * sorted->n_name_bytes +
        sorted->n_value_bytes + (hash != NULL ? strlen(hash->value) : 0) + SIGV4_HEX_MAX;
}

int sigv4_canonicalize(
    struct sigv4 *sigv4, const struct sigv4_request *request, const char *session_token)
{
    struct sorted_headers sorted = {0};
    struct sigv4_header date = {DATE_HEADER, sigv4->time}, token = {TOKEN_HEADER, session_token};
    sort_headers(&sorted, request);
    add_header(&sorted, &date);
    if (session_token != NULL)
        add_header(&sorted, &token);
    // Of one piece: what grows leaves copies of the token behind.
    char *at = xcalloc(longest(request, &sorted), 1);
    sigv4->canonical_request = at;
    sigv4->signed_headers = list_names(&sorted);
    at = put(put(at, request->method), "\n");
    at = put(sigv4_put_path(at, request->path, request->is_path_kept), "\n");
    at = put(sigv4_put_query(at, query_of(request)), "\n");
    at = put(put_headers(at, &sorted), "\n");
    at = put(put(at, sigv4->signed_headers), "\n");
    return put_hash(at, request);
}
