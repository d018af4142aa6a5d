// SPDX-License-Identifier: Apache-2.0
// Keys in the environment. Names of the variables: AWS SDKs and Tools Reference Guide, "AWS access
// keys".
#include "unit/credentials_bench.h"

static void keys_come_from_the_environment(void **state)
{
    struct bench *bench = *state;
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", BENCH_SECRET, 1);
    bench_start(bench);
    assert_null(keys_of(bench));
    assert_false(view(bench).is_settled);
    settle(bench);
    assert_keys(bench, "AKIDENV");
    assert_null(keys_of(bench)->session_token);
    assert_string_equal(view(bench).provider, "environment");
    assert_null(view(bench).trouble);
    assert_true(view(bench).has_keys);
    assert_true(view(bench).expires_ms == AWS_NEVER_EXPIRES);
    assert_int_equal(bench_lines(bench), 1);
    assert_int_equal(bench_said(bench, "credentials: from the environment\n"), 1);
}

static void keys_that_do_not_expire_are_fetched_once(void **state)
{
    struct bench *bench = *state;
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", BENCH_SECRET, 1);
    bench_start(bench);
    settle(bench);
    assert_true(credentials_due_ns(bench->credentials) == UINT64_MAX);
    bench->now.wall_ms += INT64_C(100) * 365 * 86400000;
    settle(bench);
    assert_keys(bench, "AKIDENV");
    assert_int_equal(bench_lines(bench), 1);
}

static void a_session_token_comes_along_under_either_name(void **state)
{
    struct bench *bench = *state;
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", BENCH_SECRET, 1);
    setenv("AWS_SECURITY_TOKEN", "OLDS3CRET", 1);
    bench_start(bench);
    settle(bench);
    assert_string_equal(keys_of(bench)->session_token, "OLDS3CRET");
    setenv("AWS_SESSION_TOKEN", BENCH_TOKEN, 1);
    bench_start(bench);
    settle(bench);
    assert_string_equal(keys_of(bench)->session_token, BENCH_TOKEN);
}

static void an_empty_variable_is_not_set(void **state)
{
    struct bench *bench = *state;
    setenv("AWS_ACCESS_KEY_ID", "", 1);
    setenv("AWS_SECRET_ACCESS_KEY", BENCH_SECRET, 1);
    bench_start(bench);
    settle(bench);
    assert_null(view(bench).provider);
    assert_non_null(strstr(view(bench).trouble, "environment (AWS_ACCESS_KEY_ID is not set)"));
}

static void an_id_without_a_secret_stops_the_chain(void **state)
{
    struct bench *bench = *state;
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
    bench_start(bench);
    assert_wrong(bench, "environment", "AWS_SECRET_ACCESS_KEY");
}

static void keys_with_a_newline_stop_the_chain(void **state)
{
    static const char *const bad[] = {BENCH_SECRET "\n", "S3CRET KEY", "\r", "S3CRET\xc3\xa4"};
    struct bench *bench = *state;
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        setenv("AWS_SECRET_ACCESS_KEY", bad[i], 1);
        bench_start(bench);
        settle(bench);
        assert_null(keys_of(bench));
        assert_string_equal(view(bench).provider, "environment");
        assert_non_null(strstr(view(bench).trouble, "the keys in the environment are none"));
        assert_true(credentials_due_ns(bench->credentials) == UINT64_MAX);
    }
}

static void keys_end_when_the_environment_says(void **state)
{
    struct bench *bench = *state;
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", BENCH_SECRET, 1);
    setenv("AWS_CREDENTIAL_EXPIRATION", "2026-11-21T12:00:00+01:00", 1); // in an hour
    bench_start(bench);
    live(bench, 59 * MINUTE_MS);
    assert_keys(bench, "AKIDENV");
    assert_int_equal(view(bench).expires_ms, BENCH_WALL_MS + (int64_t)HOUR_MS);
    live(bench, 2 * MINUTE_MS);
    assert_null(keys_of(bench));
    assert_int_equal(bench_said(bench, "the keys have ended"), 1);
    live(bench, 10 * HOUR_MS);
    assert_int_equal(bench_said(bench, "have ended already"), 1);
    assert_int_equal(bench_lines(bench), 3);
}

static void an_end_that_is_no_time_stops_the_chain(void **state)
{
    struct bench *bench = *state;
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", BENCH_SECRET, 1);
    setenv("AWS_CREDENTIAL_EXPIRATION", "tomorrow", 1);
    bench_start(bench);
    assert_wrong(bench, "environment", "AWS_CREDENTIAL_EXPIRATION is no time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_come_from_the_environment),
        TEST(keys_that_do_not_expire_are_fetched_once),
        TEST(a_session_token_comes_along_under_either_name),
        TEST(an_empty_variable_is_not_set),
        TEST(an_id_without_a_secret_stops_the_chain),
        TEST(keys_with_a_newline_stop_the_chain),
        TEST(keys_end_when_the_environment_says),
        TEST(an_end_that_is_no_time_stops_the_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
