// SPDX-License-Identifier: Apache-2.0
// Every header that is signed is given to HTTP as it was signed, Host too, so that nobody makes
// another one of it.
#include <string.h>

#include "aws/attempt.h"

#define CONNECT_MS UINT64_C(3000)
#define TOTAL_MS   UINT64_C(10000)
#define MAX_BODY   ((size_t)256 << 10)

// Host, Content-Type, X-Amz-Target, Content-Encoding, amz-sdk-request, X-Amz-Content-Sha256; then
// X-Amz-Date, X-Amz-Security-Token, Authorization.
#define MAX_HEADERS 9

struct headers {
    struct sigv4_header headers[MAX_HEADERS];
    size_t n;
};

static bool has_suffix(const char *text, size_t n, const char *suffix)
{
    size_t n_suffix = strlen(suffix);
    return n >= n_suffix && memcmp(text + n - n_suffix, suffix, n_suffix) == 0;
}

void aws_address_init(struct aws_address *address, const char *endpoint)
{
    bool is_https = strncmp(endpoint, "https://", strlen("https://")) == 0;
    const char *separator = strstr(endpoint, "://");
    const char *host = separator != NULL ? separator + strlen("://") : endpoint;
    size_t n = strcspn(host, "/");
    const char *path = host[n] != '\0' ? host + n : "/";
    address->url = xasprintf("%.*s%s", (int)(host + n - endpoint), endpoint, path);
    address->path = xstrdup(path);
    const char *port = is_https ? ":443" : ":80";
    n -= has_suffix(host, n, port) ? strlen(port) : 0;
    address->host = xasprintf("%.*s", (int)n, host);
}

void aws_address_finish(struct aws_address *address)
{
    free(address->url);
    free(address->host);
    free(address->path);
    *address = (struct aws_address){0};
}

// NULL: it has none.
static void add(struct headers *headers, const char *name, const char *value)
{
    if (value != NULL)
        headers->headers[headers->n++] = (struct sigv4_header){name, value};
}

static int sign(const struct aws_attempt *attempt, struct headers *headers, struct sigv4 *sigv4)
{
    const struct aws_client_setting *setting = attempt->setting;
    struct sigv4_request request = {.method = "POST",
        .path = attempt->address->path,
        .headers = headers->headers,
        .n_headers = headers->n,
        .body = attempt->request->body,
        .n_body_bytes = attempt->request->n_body_bytes};
    struct sigv4_scope scope = {setting->region, setting->signing_name};
    int r = sigv4_sign(sigv4, &request, attempt->keys, &scope, attempt->time_s);
    if (r < 0)
        return r;
    add(headers, "X-Amz-Date", sigv4->time);
    add(headers, "X-Amz-Security-Token", attempt->keys->session_token);
    add(headers, "Authorization", sigv4->authorization);
    return 0;
}

static struct http_exchange *send(const struct aws_attempt *attempt, const struct headers *headers)
{
    struct http *http = attempt->setting->http;
    char *lines[MAX_HEADERS + 1] = {0};
    for (size_t i = 0; i < headers->n; i++)
        lines[i] = xasprintf("%s: %s", headers->headers[i].name, headers->headers[i].value);
    struct http_exchange *exchange = http->ops->send(http,
        &(struct http_request){.method = "POST",
            .url = attempt->address->url,
            .headers = (const char *const *)lines,
            .body = attempt->request->body,
            .n_body_bytes = attempt->request->n_body_bytes,
            .connect_ms = CONNECT_MS,
            .total_ms = TOTAL_MS,
            .max_body_bytes = MAX_BODY});
    for (size_t i = 0; i < headers->n; i++)
        free(lines[i]);
    return exchange;
}

int aws_attempt_send(
    const struct aws_attempt *attempt, struct sigv4 *sigv4, struct http_exchange **ret_exchange)
{
    struct headers headers = {0};
    char hash[SIGV4_HEX_MAX];
    const struct aws_request *request = attempt->request;
    scoped_free char *number = xasprintf("attempt=%u; max=%d", attempt->number, AWS_MAX_ATTEMPTS);
    add(&headers, "Host", attempt->address->host);
    add(&headers, "Content-Type", request->content_type);
    add(&headers, "X-Amz-Target", request->target);
    add(&headers, "Content-Encoding", request->encoding);
    add(&headers, "amz-sdk-request", number);
    if (attempt->keys != NULL) {
        int r = sigv4_hash(request->body, request->n_body_bytes, hash);
        if (r < 0)
            return r;
        add(&headers, "X-Amz-Content-Sha256", hash);
        r = sign(attempt, &headers, sigv4);
        if (r < 0)
            return r;
    }
    *ret_exchange = send(attempt, &headers);
    return 0;
}
