// SPDX-License-Identifier: Apache-2.0
// A client on HTTP in memory, a source of keys that does as the test says, and a clock that only
// the test moves.
#pragma once

#include <stdio.h>
#include <string.h>

#include "aws/client.h"
#include "support/scripted_http.h"
#include "support/unit.h"

#define BENCH_ENDPOINT "https://monitoring.us-east-1.amazonaws.com"
#define BENCH_WALL_MS  INT64_C(1795255200000) // Sat, 21 Nov 2026 10:00:00 GMT
#define BENCH_SECRET   "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define BENCH_TOKEN    "TOKEN/with+signs=="
#define BENCH_BODY     "\x1f\x8b\0not really gzip"

struct bench_keys {
    struct key_source base;
    const struct sigv4_keys *keys; // given out
    const struct sigv4_keys *next; // given out after a refusal; NULL: the same as before
    bool has_none_meanwhile;       // after a refusal none are given out
    size_t n_refused;
};

struct bench {
    struct scripted_http http;
    struct bench_keys source;
    struct aws_client_setting setting;
    struct aws_client *client;
    struct now now;
    struct aws_answer answer; // the last
};

static const struct sigv4_keys bench_first_keys = {"AKIDEXAMPLE", BENCH_SECRET, BENCH_TOKEN};
static const struct sigv4_keys bench_fresh_keys = {
    "AKIDFRESH", "FreshSecret/K7MDENG", "FRESHTOKEN"};

static const struct aws_request bench_request = {
    .target = "GraniteServiceVersion20100801.PutMetricData",
    .content_type = "application/x-amz-json-1.0",
    .encoding = "gzip",
    .body = BENCH_BODY,
    .n_body_bytes = sizeof(BENCH_BODY) - 1};

static inline const struct sigv4_keys *bench_give_keys(struct key_source *base)
{
    return ((struct bench_keys *)base)->keys;
}

static inline void bench_refuse_keys(struct key_source *base, const struct now *now)
{
    struct bench_keys *source = (struct bench_keys *)base;
    assert_true(now->boot_ns > 0);
    source->n_refused++;
    if (source->has_none_meanwhile)
        source->keys = NULL;
    else if (source->next != NULL)
        source->keys = source->next;
}

static inline void bench_start(struct bench *bench)
{
    aws_client_destroy(bench->client);
    bench->client = aws_client_create(&bench->setting);
}

static inline int bench_set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    scripted_http_init(&bench->http);
    bench->source = (struct bench_keys){
        .base = {.keys = bench_give_keys, .refuse = bench_refuse_keys}, .keys = &bench_first_keys};
    bench->setting = (struct aws_client_setting){.http = &bench->http.base,
        .keys = &bench->source.base,
        .endpoint = BENCH_ENDPOINT,
        .region = "us-east-1",
        .signing_name = "monitoring",
        .seed = 7};
    bench->now = (struct now){.boot_ns = 1000 * NS_PER_S, .wall_ms = BENCH_WALL_MS};
    bench_start(bench);
    *state = bench;
    return 0;
}

static inline int bench_tear_down(void **state)
{
    struct bench *bench = *state;
    aws_client_destroy(bench->client);
    scripted_http_finish(&bench->http);
    free(bench);
    return 0;
}

static inline void pass(struct bench *bench, uint64_t ms)
{
    bench->now.boot_ns += ms * NS_PER_MS;
    bench->now.wall_ms += (int64_t)ms;
}

// Answers one after the other, the last of them for good.
static inline void script(struct bench *bench, const struct scripted_answer *answers, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        struct scripted_answer answer = answers[i];
        answer.n_times = i < n - 1;
        scripted_http_answer(&bench->http, "POST", NULL, &answer);
    }
}

static inline void script_one(struct bench *bench, const struct scripted_answer *answer)
{
    script(bench, answer, 1);
}

static inline struct scripted_answer fault(long status, const char *headers)
{
    return (struct scripted_answer){.outcome = HTTP_ANSWERED, .status = status, .headers = headers};
}

#define DONE (&(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 200, .body = "{}"})

static inline enum aws_outcome work(struct bench *bench)
{
    return aws_client_work(bench->client, &bench->now, &bench->answer);
}

static inline void send(struct bench *bench)
{
    aws_client_send(bench->client, &bench->now, &bench_request);
}

// Time passes to where the client wants to be woken, as long as it does.
static inline enum aws_outcome settle(struct bench *bench)
{
    for (int i = 0; i < 20; i++) {
        enum aws_outcome outcome = work(bench);
        uint64_t due_ns = aws_client_due_ns(bench->client);
        if (outcome != AWS_BUSY)
            return outcome;
        if (due_ns != UINT64_MAX && due_ns > bench->now.boot_ns)
            pass(bench, (due_ns - bench->now.boot_ns + NS_PER_MS - 1) / NS_PER_MS);
    }
    return AWS_BUSY;
}

static inline enum aws_outcome ask(struct bench *bench)
{
    send(bench);
    return settle(bench);
}

static inline const struct scripted_request *sent(const struct bench *bench, size_t i)
{
    assert_true(i < bench->http.n_requests);
    return &bench->http.requests[i];
}

#define HEADER_MAX 512

// Of a request that was sent; "" where it has no such header, or has it twice.
static inline void header_of(
    const struct scripted_request *request, const char *name, char ret_value[static HEADER_MAX])
{
    char start[64];
    snprintf(start, sizeof(start), "\n%s: ", name);
    scoped_free char *headers = xasprintf("\n%s", request->headers);
    const char *found = strcasestr(headers, start);
    bool is_one = found != NULL && strcasestr(found + 1, start) == NULL;
    const char *value = is_one ? found + strlen(start) : "";
    snprintf(ret_value, HEADER_MAX, "%.*s", (int)strcspn(value, "\n"), value);
}

static inline void assert_header(
    const struct scripted_request *request, const char *name, const char *value)
{
    char found[HEADER_MAX];
    header_of(request, name, found);
    assert_string_equal(found, value);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
