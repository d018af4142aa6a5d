// SPDX-License-Identifier: Apache-2.0
// No copy of a token or of keys is left in memory, freed memory included, once the credentials are
// gone. What the tests themselves know of a secret is in memory that cannot be written to.
#include <jansson.h>

#include "aws/credentials_json.h"
#include "aws/sts.h"
#include "support/memory_search.h"
#include "unit/credentials_bench.h"

#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJTM0NSRVQifQ.S3CRET-signature_0"

// The address sanitizer would fill what is freed with bytes of its own.
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "max_free_fill_size=0";
}

// Of all but its first bytes: an allocator writes into what is freed.
static size_t copies_of(const char *secret)
{
    return memory_count(secret + 16, strlen(secret) - 16);
}

static void forget_requests(struct bench *bench)
{
    for (size_t i = 0; i < bench->http.n_requests; i++) {
        struct scripted_request *request = &bench->http.requests[i];
        explicit_bzero(request->body, request->n_body_bytes);
        explicit_bzero(request->headers, strlen(request->headers));
    }
}

static void finish(struct bench *bench)
{
    credentials_destroy(bench->credentials);
    bench->credentials = NULL;
    aws_profiles_finish(&bench->home->profiles);
    forget_requests(bench);
}

static void a_web_identity_token_is_wiped(void **state)
{
    struct bench *bench = *state;
    scoped_free char *path = aws_home_path(bench->home, "other");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/R", 1);
    aws_home_write(bench->home, "other", JWT "\n", sizeof(JWT));
    bench->http.is_held = true;
    bench_start(bench);
    settle(bench);
    assert_int_equal(copies_of(JWT), 2); // the request, and what it was sent as
    bench->http.is_held = false;
    settle(bench);
    assert_non_null(view(bench).trouble);
    forget_requests(bench);
    assert_int_equal(copies_of(JWT), 0); // once there is an answer
    live(bench, 5 * MINUTE_MS);
    finish(bench);
    assert_int_equal(copies_of(JWT), 0);
}

// Keeps nothing of what it is sent, and never answers.
struct mute_http {
    struct http base;
    size_t n_sent, n_ended;
};

static struct http_exchange *send_mute(struct http *base, const struct http_request *request)
{
    assert_string_equal(request->headers[1], "Authorization: " JWT);
    ((struct mute_http *)base)->n_sent++;
    return (struct http_exchange *)base;
}

static enum http_outcome poll_mute(
    struct http *base, const struct http_exchange *exchange, struct http_response *ret_response)
{
    (void)base;
    (void)exchange;
    (void)ret_response;
    return HTTP_BUSY;
}

static void end_mute(struct http *base, struct http_exchange *exchange)
{
    (void)exchange;
    ((struct mute_http *)base)->n_ended++;
}

static void a_container_token_is_wiped(void **state)
{
    static const struct http_ops ops = {.send = send_mute, .poll = poll_mute, .end = end_mute};
    struct mute_http mute = {.base.ops = &ops};
    struct bench *bench = *state;
    scoped_free char *path = aws_home_path(bench->home, "other");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
    aws_home_write(bench->home, "other", JWT "\n", sizeof(JWT));
    bench->setting.http = &mute.base;
    bench_start(bench);
    live(bench, 1000);
    aws_home_write(bench->home, "other", JWT, sizeof(JWT) - 1);
    live(bench, MINUTE_MS);
    assert_int_equal(mute.n_sent, 1);
    assert_int_equal(copies_of(JWT), 0);
    finish(bench);
    assert_int_equal(mute.n_ended, 1);
}

static void keys_of_a_profile_are_wiped(void **state)
{
    static const char config[] =
        "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = " BENCH_SECRET "\n";
    struct bench *bench = *state;
    aws_home_write(bench->home, "config", config, sizeof(config) - 1);
    bench_start(bench);
    settle(bench);
    // Of the file, of the provider, and in use.
    assert_int_equal(copies_of(BENCH_SECRET), 3);
    finish(bench);
    assert_int_equal(copies_of(BENCH_SECRET), 0);
}

static void keys_of_sts_are_wiped(void **state)
{
    static const char xml[] = STS_ANSWER("AssumeRole", "ASIAROLE", "2026-11-21T11:00:00Z");
    struct aws_keys keys = {0};
    (void)state;
    assert_true(sts_read_keys(xml, sizeof(xml) - 1, &keys));
    assert_int_equal(copies_of(BENCH_SECRET), 1);
    assert_int_equal(copies_of(BENCH_TOKEN), 1);
    aws_keys_finish(&keys);
    assert_int_equal(copies_of(BENCH_SECRET), 0);
    assert_int_equal(copies_of(BENCH_TOKEN), 0);
}

static void keys_of_json_are_wiped(void **state)
{
    // The last member is the one that jansson's buffers hold to the end.
    static const char *const jsons[] = {IMDS_ANSWER("ASIANODE", "2026-11-21T16:00:00Z"),
        "{\"AccessKeyId\":\"A\",\"Token\":\"" BENCH_TOKEN "\",\"SecretAccessKey\":\"" BENCH_SECRET
        "\"}",
        "{\"Code\":\"no\",\"Token\":\"" BENCH_TOKEN "\",\"SecretAccessKey\":\"" BENCH_SECRET "\"}",
        "{\"Token\":\"" BENCH_TOKEN "\",\"SecretAccessKey\":\"" BENCH_SECRET "\""};
    char why[CREDENTIALS_JSON_WHY_MAX];
    struct aws_keys keys = {0};
    json_malloc_t allocate, allocate_before;
    json_free_t release, release_before;
    (void)state;
    json_get_alloc_funcs(&allocate_before, &release_before);
    for (size_t i = 0; i < ARRAY_SIZE(jsons); i++) {
        bool is_good = credentials_json_read(jsons[i], strlen(jsons[i]), &keys, why);
        assert_int_equal(is_good, i < 2);
        assert_int_equal(copies_of(BENCH_SECRET), is_good);
        aws_keys_finish(&keys);
        assert_int_equal(copies_of(BENCH_SECRET), 0);
        assert_int_equal(copies_of(BENCH_TOKEN), 0);
    }
    json_get_alloc_funcs(&allocate, &release);
    assert_true(allocate == allocate_before && release == release_before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_web_identity_token_is_wiped),
        TEST(a_container_token_is_wiped),
        TEST(keys_of_a_profile_are_wiped),
        cmocka_unit_test(keys_of_sts_are_wiped),
        cmocka_unit_test(keys_of_json_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
