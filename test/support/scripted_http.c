// SPDX-License-Identifier: Apache-2.0
// The script and its keeping of accounts.
#include <stdio.h>
#include <string.h>

#include "support/scripted_http.h"
#include "support/unit.h"

#define ROOT SCRIPTED_ENDPOINT "/latest/"

struct scripted_rule {
    char *method, *path; // NULL: any
    struct scripted_answer answer;
    bool is_spent;
};

struct http_exchange {
    enum http_outcome outcome;
    long status;
    char *body;
    size_t n_body_bytes;
    char *headers; // "Name: value", each terminated, and an empty one; NULL: none
    bool is_fresh_connection, is_by_old_address, is_repeated;
    bool is_heard; // its outcome was given out
};

static struct scripted_http *script_of(struct http *http)
{
    return (struct scripted_http *)http;
}

static bool is_text(const char *pattern, const char *text)
{
    return pattern == NULL || strcmp(pattern, text) == 0;
}

static const struct scripted_answer *find_answer(
    struct scripted_http *http, const struct scripted_request *request)
{
    for (size_t i = http->n_rules; i-- > 0;) {
        struct scripted_rule *rule = &http->rules[i];
        if (rule->is_spent || !is_text(rule->method, request->method) ||
            !is_text(rule->path, request->path))
            continue;
        rule->is_spent = rule->answer.n_times > 0 && --rule->answer.n_times == 0;
        return &rule->answer;
    }
    return NULL;
}

static bool has_token(const struct scripted_http *http, const struct scripted_request *request)
{
    char expected[64];
    snprintf(expected, sizeof(expected), "X-aws-ec2-metadata-token: TOKEN-%zu\n", http->n_tokens);
    return http->n_tokens > 0 && !http->has_forgotten_tokens &&
        strcmp(request->headers, expected) == 0;
}

// What a metadata service without a key answers.
static void answer_itself(struct scripted_http *http, const struct scripted_request *request,
    struct http_exchange *exchange)
{
    exchange->outcome = HTTP_ANSWERED;
    exchange->status = 404;
    if (strcmp(request->method, "PUT") == 0 && strcmp(request->path, SCRIPTED_TOKEN_PATH) == 0) {
        http->n_tokens++;
        http->has_forgotten_tokens = false;
        exchange->status = 200;
        exchange->body = xasprintf("TOKEN-%zu", http->n_tokens);
        exchange->n_body_bytes = strlen(exchange->body);
    }
}

static void take_headers(struct http_exchange *exchange, const char *headers)
{
    exchange->headers = xasprintf("%s\n", headers);
    for (char *at = exchange->headers; *at != '\0'; at++)
        if (*at == '\n')
            *at = '\0';
}

static void take_answer(struct http_exchange *exchange, const struct scripted_answer *answer)
{
    if (answer->headers != NULL)
        take_headers(exchange, answer->headers);
    exchange->is_fresh_connection = answer->is_fresh_connection;
    exchange->is_by_old_address = answer->is_by_old_address;
    exchange->is_repeated = answer->is_repeated;
    const char *body = answer->body != NULL ? answer->body : "";
    exchange->outcome = answer->outcome;
    exchange->status = answer->status;
    exchange->n_body_bytes = answer->n_body_bytes > 0 ? answer->n_body_bytes : strlen(body);
    // Without a byte to spare, for the address sanitizer.
    exchange->body = xcalloc(exchange->n_body_bytes + 1, 1);
    memcpy(exchange->body, body, exchange->n_body_bytes);
}

static struct http_exchange *answer(
    struct scripted_http *http, const struct scripted_request *request)
{
    struct http_exchange *exchange = xcalloc(1, sizeof(*exchange));
    const struct scripted_answer *laid_out = find_answer(http, request);
    bool is_get = strcmp(request->method, "GET") == 0;
    bool is_refused = is_get && request->path[0] != '\0' && !has_token(http, request);
    http->n_without_a_token += is_refused;
    if (laid_out != NULL && (!is_refused || laid_out->outcome != HTTP_ANSWERED))
        take_answer(exchange, laid_out);
    else
        answer_itself(http, request, exchange);
    if (is_refused && exchange->outcome == HTTP_ANSWERED)
        exchange->status = 401;
    if (exchange->outcome == HTTP_ANSWERED && exchange->n_body_bytes > request->max_body_bytes)
        exchange->outcome = HTTP_TOO_LARGE;
    return exchange;
}

static char *join(const char *const *headers)
{
    char *text = xstrdup("");
    for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
        char *longer = xasprintf("%s%s\n", text, headers[i]);
        free(text);
        text = longer;
    }
    return text;
}

static char *copy_bytes(const void *bytes, size_t n)
{
    char *copy = xcalloc(n + 1, 1);
    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

static struct http_exchange *send(struct http *base, const struct http_request *request)
{
    struct scripted_http *http = script_of(base);
    http->requests = xreallocarray(
        http->requests, http->n_requests + 1, sizeof(struct scripted_request));
    struct scripted_request *seen = &http->requests[http->n_requests++];
    bool is_below = strncmp(request->url, ROOT, strlen(ROOT)) == 0;
    *seen = (struct scripted_request){.method = xstrdup(request->method),
        .url = xstrdup(request->url),
        .path = xstrdup(is_below ? request->url + strlen(ROOT) : ""),
        .headers = join(request->headers),
        .body = copy_bytes(request->body, request->n_body_bytes),
        .n_body_bytes = request->n_body_bytes,
        .connect_ms = request->connect_ms,
        .total_ms = request->total_ms,
        .max_body_bytes = request->max_body_bytes,
        .is_direct = request->is_direct};
    http->n_live++;
    http->n_busy++;
    return answer(http, seen);
}

static bool has_left(enum http_outcome outcome)
{
    return outcome != HTTP_UNRESOLVED && outcome != HTTP_UNREACHABLE &&
        outcome != HTTP_NO_CONTACT && outcome != HTTP_UNTRUSTED;
}

static enum http_outcome poll(
    struct http *base, const struct http_exchange *exchange, struct http_response *ret_response)
{
    struct scripted_http *http = script_of(base);
    if (http->is_held || exchange->outcome == HTTP_BUSY)
        return HTTP_BUSY;
    http->n_busy -= !exchange->is_heard;
    ((struct http_exchange *)exchange)->is_heard = true;
    *ret_response = (struct http_response){.is_fresh_connection = exchange->is_fresh_connection,
        .is_by_old_address = exchange->is_by_old_address,
        .is_repeated = exchange->is_repeated,
        .may_have_arrived = has_left(exchange->outcome),
        .body = "",
        .reason = "as the script says"};
    if (exchange->outcome == HTTP_ANSWERED) {
        ret_response->status = exchange->status;
        ret_response->body = exchange->body != NULL ? exchange->body : "";
        ret_response->n_body_bytes = exchange->n_body_bytes;
        ret_response->reason = "";
    }
    return exchange->outcome;
}

static const char *header(
    const struct http *base, const struct http_exchange *exchange, const char *name)
{
    bool is_held = ((const struct scripted_http *)base)->is_held;
    if (is_held || exchange->outcome != HTTP_ANSWERED || exchange->headers == NULL)
        return NULL;
    size_t n_name = strlen(name);
    for (const char *line = exchange->headers; *line != '\0'; line += strlen(line) + 1)
        if (strncasecmp(line, name, n_name) == 0 && line[n_name] == ':')
            return line + n_name + 1 + strspn(line + n_name + 1, " ");
    return NULL;
}

static void end(struct http *base, struct http_exchange *exchange)
{
    if (exchange == NULL)
        return;
    struct scripted_http *http = script_of(base);
    http->n_live--;
    http->n_busy -= !exchange->is_heard;
    free(exchange->body);
    free(exchange->headers);
    free(exchange);
}

static const struct http_ops ops = {.send = send, .poll = poll, .header = header, .end = end};

void scripted_http_init(struct scripted_http *http)
{
    *http = (struct scripted_http){.base = {&ops}};
}

static void finish_rule(struct scripted_rule *rule)
{
    free(rule->method);
    free(rule->path);
    free((char *)rule->answer.body);
    free((char *)rule->answer.headers);
}

void scripted_http_finish(struct scripted_http *http)
{
    for (size_t i = 0; i < http->n_rules; i++)
        finish_rule(&http->rules[i]);
    for (size_t i = 0; i < http->n_requests; i++) {
        free(http->requests[i].method);
        free(http->requests[i].url);
        free(http->requests[i].path);
        free(http->requests[i].headers);
        free(http->requests[i].body);
    }
    free(http->rules);
    free(http->requests);
    assert_int_equal(http->n_live, 0);
}

void scripted_http_answer(struct scripted_http *http, const char *method, const char *path,
    const struct scripted_answer *answer)
{
    http->rules = xreallocarray(http->rules, http->n_rules + 1, sizeof(struct scripted_rule));
    struct scripted_rule *rule = &http->rules[http->n_rules++];
    *rule = (struct scripted_rule){.answer = *answer};
    rule->method = method != NULL ? xstrdup(method) : NULL;
    rule->path = path != NULL ? xstrdup(path) : NULL;
    rule->answer.headers = answer->headers != NULL ? xstrdup(answer->headers) : NULL;
    if (answer->body == NULL)
        return;
    size_t n_bytes = answer->n_body_bytes > 0 ? answer->n_body_bytes : strlen(answer->body);
    char *copy = xcalloc(n_bytes + 1, 1);
    memcpy(copy, answer->body, n_bytes);
    rule->answer.body = copy;
    rule->answer.n_body_bytes = n_bytes;
}

void scripted_http_key(struct scripted_http *http, const char *path, const char *body)
{
    scripted_http_answer(http, "GET", path,
        &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 200, .body = body});
}

void scripted_http_break(struct scripted_http *http, const struct scripted_answer *answer)
{
    scripted_http_answer(http, NULL, NULL, answer);
}

void scripted_http_recover(struct scripted_http *http)
{
    for (size_t i = 0; i < http->n_rules; i++)
        http->rules[i].is_spent |= http->rules[i].method == NULL;
}

const struct scripted_request *scripted_http_last(const struct scripted_http *http)
{
    assert_true(http->n_requests > 0);
    return &http->requests[http->n_requests - 1];
}

static bool is_path(const char *pattern, const char *path)
{
    size_t n = strlen(pattern);
    if (n > 0 && pattern[n - 1] == '*')
        return strncmp(pattern, path, n - 1) == 0;
    return strcmp(pattern, path) == 0;
}

size_t scripted_http_count(
    const struct scripted_http *http, size_t first, const char *method, const char *path)
{
    size_t n = 0;
    for (size_t i = first; i < http->n_requests; i++)
        n += strcmp(http->requests[i].method, method) == 0 && is_path(path, http->requests[i].path);
    return n;
}
