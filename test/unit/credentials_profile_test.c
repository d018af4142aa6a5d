// SPDX-License-Identifier: Apache-2.0
// Keys of profiles, and what a profile can say that is refused. Files: AWS SDKs and Tools Reference
// Guide, "Shared config and credentials files"; order: botocore, credentials.py.
#include "unit/credentials_bench.h"

#define PAIR(id) "aws_access_key_id = " id "\naws_secret_access_key = " BENCH_SECRET "\n"

static void write_file(struct bench *bench, const char *name, const char *text)
{
    aws_home_write(bench->home, name, text, strlen(text));
}

static void keys_come_from_the_credentials_file(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "credentials", "[default]\n" PAIR("AKIDFILE"));
    write_file(bench, "config", "[default]\naws_session_token = S3CRET2\n" PAIR("AKIDCONFIG"));
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "AKIDFILE");
    assert_null(keys_of(bench)->session_token); // of the other file: not put together from both
    assert_string_equal(view(bench).provider, "profile");
    assert_int_equal(bench_lines(bench), 1);
    assert_int_equal(
        bench_said(bench, "credentials: from the profile: [default] of the credentials file\n"), 1);
}

static void keys_come_from_the_config_file(void **state)
{
    struct bench *bench = *state;
    write_file(
        bench, "config", "[profile p]\naws_session_token = " BENCH_TOKEN "\n" PAIR("AKIDCONFIG"));
    setenv("AWS_PROFILE", "p", 1);
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "AKIDCONFIG");
    assert_string_equal(keys_of(bench)->session_token, BENCH_TOKEN);
    assert_int_equal(bench_said(bench, "profile: [p] of the config file\n"), 1);
}

static void the_environment_goes_before_the_profile(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "credentials", "[default]\n" PAIR("AKIDFILE"));
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", BENCH_SECRET, 1);
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "AKIDENV");
}

static void half_a_pair_stops_the_chain(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "credentials", "[default]\naws_access_key_id = AKIDFILE\n");
    write_file(bench, "config", "[default]\n" PAIR("AKIDCONFIG"));
    bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
    bench_start(bench);
    assert_wrong(
        bench, "profile", "[default] of the credentials file has aws_access_key_id and no");
}

static void keys_that_are_none_stop_the_chain(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "config",
        "[default]\naws_access_key_id = AKID CONFIG\naws_secret_access_key = S3CRET\n");
    bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
    bench_start(bench);
    assert_wrong(bench, "profile", "the keys in [default] of the config file are none");
}

static void a_profile_that_is_not_there_stops_the_chain(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "config", "[default]\n" PAIR("AKIDCONFIG"));
    setenv("AWS_PROFILE", "elsewhere", 1);
    bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
    bench_start(bench);
    settle(bench);
    assert_null(keys_of(bench));
    assert_string_equal(view(bench).provider, "profile");
    assert_non_null(
        strstr(view(bench).trouble, "has the profile elsewhere that AWS_PROFILE names"));
    assert_int_equal(bench->http.n_requests, 0);
}

static void nothing_is_executed(void **state)
{
    struct bench *bench = *state;
    scoped_free char *path = aws_home_path(bench->home, "other");
    scoped_free char *config = xasprintf(
        "[default]\ncredential_process = touch %s\n" PAIR("AKIDCONFIG"), path);
    write_file(bench, "config", config);
    bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
    bench_start(bench);
    assert_wrong(
        bench, "profile", "credential_process in [default] is refused, nothing is executed");
    assert_int_equal(bench_said(bench, "touch"), 0);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void keys_of_the_credentials_file_go_before_credential_process(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "config", "[default]\ncredential_process = x\nlogin_session = y\n");
    write_file(bench, "credentials", "[default]\n" PAIR("AKIDFILE"));
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "AKIDFILE");
}

static void what_needs_a_person_is_refused(void **state)
{
    static const struct {
        const char *credentials, *config, *words;
    } rows[] = {
        {"[default]\n" PAIR("AKIDFILE"), "[default]\nsso_account_id = 1\n", "sso_account_id in"},
        {"", "[default]\nsso_role_name = R\n", "sso_role_name in"},
        {"", "[default]\nlogin_session = x\n" PAIR("AKIDCONFIG"), "login_session in"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        write_file(bench, "config", rows[i].config);
        write_file(bench, "credentials", rows[i].credentials);
        bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
        bench_start(bench);
        assert_wrong(bench, "profile", rows[i].words);
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_come_from_the_credentials_file),
        TEST(keys_come_from_the_config_file),
        TEST(the_environment_goes_before_the_profile),
        TEST(half_a_pair_stops_the_chain),
        TEST(keys_that_are_none_stop_the_chain),
        TEST(a_profile_that_is_not_there_stops_the_chain),
        TEST(nothing_is_executed),
        TEST(keys_of_the_credentials_file_go_before_credential_process),
        cmocka_unit_test(what_needs_a_person_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
