// SPDX-License-Identifier: Apache-2.0
// The credential chain in a home of its own, on HTTP in memory, with a clock that only the test
// moves. Whatever a test does, no secret of it is in the log.
#pragma once

#include <stdio.h>
#include <string.h>

#include "aws/credentials.h"
#include "support/aws_home.h"
#include "support/scripted_http.h"
#include "support/unit.h"

#define BENCH_WALL_MS INT64_C(1795255200000) // 2026-11-21T10:00:00Z
#define MINUTE_MS     UINT64_C(60000)
#define HOUR_MS       (60 * MINUTE_MS)

// Of those that are put before the service; each has the word S3CRET in it.
#define BENCH_SECRET "wJalrXUtnFEMI/K7MDENG+S3CRETKEY"
#define BENCH_TOKEN  "IQoJb3JpZ2luX2VjEJr//S3CRETTOKEN=="

// The shape of STS, API reference, AssumeRole and AssumeRoleWithWebIdentity, Examples.
#define STS_ANSWER(action, id, expiration)                                                         \
    "<" action "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <" action         \
    "Result>\n"                                                                                    \
    "    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/R/enawatch</Arn>"            \
    "<AssumedRoleId>AROAEXAMPLE:enawatch</AssumedRoleId></AssumedRoleUser>\n"                      \
    "    <Credentials>\n      <AccessKeyId>" id                                                    \
    "</AccessKeyId>\n      <SecretAccessKey>" BENCH_SECRET                                         \
    "</SecretAccessKey>\n      <SessionToken>" BENCH_TOKEN                                         \
    "</SessionToken>\n      <Expiration>" expiration                                               \
    "</Expiration>\n    </Credentials>\n  </" action                                               \
    "Result>\n  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7"                 \
    "</RequestId></ResponseMetadata>\n</" action "Response>\n"

// The shape of the EC2 User Guide, "Retrieve security credentials from instance metadata".
#define IMDS_ANSWER(id, expiration)                                                                \
    "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"2026-11-21T09:40:00Z\",\n"                \
    "  \"Type\" : \"AWS-HMAC\",\n  \"AccessKeyId\" : \"" id                                        \
    "\",\n  \"SecretAccessKey\" : \"" BENCH_SECRET "\",\n  \"Token\" : \"" BENCH_TOKEN             \
    "\",\n  \"Expiration\" : \"" expiration "\"\n}"

// That of the container endpoint (ECS Developer Guide, "Task IAM role").
#define CONTAINER_ANSWER(id, expiration)                                                           \
    "{\"RoleArn\":\"arn:aws:iam::123456789012:role/T\",\"AccessKeyId\":\"" id                      \
    "\",\"SecretAccessKey\":\"" BENCH_SECRET "\",\"Token\":\"" BENCH_TOKEN                         \
    "\",\"Expiration\":\"" expiration "\"}"

struct bench {
    struct aws_home *home;
    struct scripted_http http;
    struct credentials_setting setting;
    struct credentials *credentials;
    struct now now;
};

static inline int bench_set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    aws_home_setup((void **)&bench->home);
    scripted_http_init(&bench->http);
    bench->setting = (struct credentials_setting){
        .http = &bench->http.base, .profiles = &bench->home->profiles, .seed = 7};
    bench->now = (struct now){.boot_ns = 1000 * NS_PER_S, .wall_ms = BENCH_WALL_MS};
    *state = bench;
    return 0;
}

static inline size_t bench_said(struct bench *bench, const char *words)
{
    return log_catcher_count(&bench->home->log, words);
}

static inline size_t bench_lines(struct bench *bench)
{
    return log_catcher_lines(&bench->home->log);
}

static inline int bench_tear_down(void **state)
{
    struct bench *bench = *state;
    credentials_destroy(bench->credentials);
    scripted_http_finish(&bench->http);
    assert_int_equal(bench_said(bench, "S3CRET"), 0);
    aws_home_teardown((void **)&bench->home);
    free(bench);
    return 0;
}

static inline void pass(struct bench *bench, uint64_t ms)
{
    bench->now.boot_ns += ms * NS_PER_MS;
    bench->now.wall_ms += (int64_t)ms;
}

// Reads environment and profiles anew.
static inline void bench_start(struct bench *bench)
{
    credentials_destroy(bench->credentials);
    aws_profiles_finish(&bench->home->profiles);
    aws_profiles_read(&bench->home->profiles);
    bench->credentials = credentials_create(&bench->setting);
    credentials_set_region(bench->credentials, "eu-west-1");
}

static inline struct credentials_view view(const struct bench *bench)
{
    return credentials_view(bench->credentials);
}

// At this moment: as often as it has to. It never spins.
static inline void settle(struct bench *bench)
{
    for (int i = 0; i < 12; i++)
        credentials_work(bench->credentials, &bench->now);
    assert_true(credentials_due_ns(bench->credentials) > bench->now.boot_ns);
}

// Time passes, from one moment that it wants to be woken at to the next.
static inline void live(struct bench *bench, uint64_t ms)
{
    uint64_t until_ns = bench->now.boot_ns + ms * NS_PER_MS;
    settle(bench);
    for (int i = 0; i < 10000; i++) {
        uint64_t due_ns = credentials_due_ns(bench->credentials);
        if (due_ns > until_ns)
            break;
        assert_true(i < 9999);
        pass(bench, (due_ns - bench->now.boot_ns + NS_PER_MS - 1) / NS_PER_MS);
        settle(bench);
    }
    if (until_ns > bench->now.boot_ns)
        pass(bench, (until_ns - bench->now.boot_ns) / NS_PER_MS);
    settle(bench);
}

static inline const struct sigv4_keys *keys_of(struct bench *bench)
{
    struct key_source *source = credentials_source(bench->credentials);
    return source->keys(source);
}

static inline void refuse_keys(struct bench *bench)
{
    struct key_source *source = credentials_source(bench->credentials);
    source->refuse(source, &bench->now);
}

static inline void assert_keys(struct bench *bench, const char *id)
{
    const struct sigv4_keys *keys = keys_of(bench);
    assert_non_null(keys);
    assert_string_equal(keys->access_key_id, id);
    assert_string_equal(keys->secret_access_key, BENCH_SECRET);
}

static inline void answer(
    struct bench *bench, const char *method, const char *path, const struct scripted_answer *what)
{
    scripted_http_answer(&bench->http, method, path, what);
}

static inline struct scripted_answer status(long number, const char *body)
{
    return (struct scripted_answer){.outcome = HTTP_ANSWERED, .status = number, .body = body};
}

// The answer to all that is posted: that of STS.
static inline void sts_answers(struct bench *bench, long number, const char *body)
{
    struct scripted_answer what = status(number, body);
    answer(bench, "POST", NULL, &what);
}

static inline const struct scripted_request *sent(const struct bench *bench, size_t i)
{
    assert_true(i < bench->http.n_requests);
    return &bench->http.requests[i];
}

static inline void assert_header(const struct scripted_request *request, const char *line)
{
    scoped_free char *whole = xasprintf("\n%s\n", line), *all = xasprintf("\n%s", request->headers);
    if (strstr(all, whole) == NULL)
        fail_msg("no \"%s\" in:\n%s", line, request->headers);
}

// The chain stops here: a provider that is configured wrongly.
static inline void assert_wrong(struct bench *bench, const char *provider, const char *words)
{
    live(bench, HOUR_MS);
    struct credentials_view seen = view(bench);
    assert_string_equal(seen.provider, provider);
    assert_non_null(strstr(seen.trouble, words));
    assert_null(keys_of(bench));
    assert_int_equal(bench->http.n_requests, 0);
    assert_int_equal(bench_lines(bench), 1);
    assert_int_equal(bench_said(bench, words), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
