// SPDX-License-Identifier: Apache-2.0
// The chain as a whole: which provider is the one, renewal, refusal, clocks. Order: botocore,
// credentials.py. Each provider by itself: credentials_*_test.c; when keys are renewed:
// keeper_test.c.
#include "aws/provider.h"
#include "unit/credentials_bench.h"

#define LIST     "meta-data/iam/security-credentials/"
#define ROLE_ARN "arn:aws:iam::123456789012:role/R"
#define OK(id)   STS_ANSWER("AssumeRole", id, "2026-11-21T11:00:00Z")

static void set_all(struct bench *bench)
{
    static const char config[] =
        "[default]\nrole_arn = " ROLE_ARN "\nsource_profile = default\n"
        "aws_access_key_id = AKIDFILE\naws_secret_access_key = " BENCH_SECRET "\n";
    scoped_free char *path = aws_home_path(bench->home, "other");
    aws_home_write(bench->home, "other", "S3CRET.jwt", 10);
    aws_home_write(bench->home, "config", config, strlen(config));
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", BENCH_SECRET, 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", ROLE_ARN, 1);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/", 1);
    bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
}

// What is there is taken away, one after the other.
static void the_order_is_that_of_the_sdks(void **state)
{
    struct bench *bench = *state;
    static const char keys_only[] =
        "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = " BENCH_SECRET "\n";
    set_all(bench);
    bench_start(bench);
    assert_string_equal(view(bench).provider, "environment");
    unsetenv("AWS_ACCESS_KEY_ID");
    bench_start(bench);
    assert_string_equal(view(bench).provider, "role");
    aws_home_write(bench->home, "config", keys_only, strlen(keys_only));
    bench_start(bench);
    assert_string_equal(view(bench).provider, "web identity");
    assert_string_equal(view(bench).about, ROLE_ARN);
    unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
    bench_start(bench);
    assert_string_equal(view(bench).provider, "profile");
    aws_home_write(bench->home, "config", "", 0);
    bench_start(bench);
    assert_string_equal(view(bench).provider, "container endpoint");
    unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    bench_start(bench);
    assert_string_equal(view(bench).provider, "metadata service");
    assert_int_equal(bench->http.n_requests, 0);
    assert_int_equal(bench_lines(bench), 0);
}

static void it_never_falls_back_to_another_identity(void **state)
{
    struct bench *bench = *state;
    set_all(bench);
    unsetenv("AWS_ACCESS_KEY_ID");
    scripted_http_key(&bench->http, LIST, "NodeRole");
    scripted_http_key(
        &bench->http, LIST "NodeRole", IMDS_ANSWER("ASIANODE", "2026-11-21T16:00:00Z"));
    bench_start(bench); // STS does not answer: 404
    live(bench, 24 * HOUR_MS);
    assert_null(keys_of(bench));
    assert_string_equal(view(bench).provider, "role");
    assert_int_equal(bench->http.n_tokens, 0);
    assert_int_equal(bench_lines(bench), 1);
}

static void keys_of_sts_are_renewed_ahead_and_end_with_their_time(void **state)
{
    struct bench *bench = *state;
    set_all(bench);
    unsetenv("AWS_ACCESS_KEY_ID");
    sts_answers(bench, 200, OK("ASIAONE"));
    bench_start(bench);
    live(bench, 45 * MINUTE_MS - 1000);
    assert_int_equal(bench->http.n_requests, 1);
    struct scripted_answer away = {.outcome = HTTP_UNREACHABLE};
    answer(bench, "POST", NULL, &away);
    live(bench, 15 * MINUTE_MS);
    assert_keys(bench, "ASIAONE"); // a second is left
    assert_int_equal(bench_lines(bench), 2);
    assert_non_null(strstr(view(bench).trouble, "as the script says; open the way to it"));
    live(bench, 1000);
    assert_null(keys_of(bench));
    assert_false(view(bench).has_keys);
    assert_int_equal(bench_said(bench, "role: the keys have ended"), 1);
    sts_answers(bench, 200, STS_ANSWER("AssumeRole", "ASIATWO", "2026-11-21T13:00:00Z"));
    live(bench, MINUTE_MS);
    assert_keys(bench, "ASIATWO");
    assert_int_equal(bench_said(bench, "role: gives keys again after 1"), 1);
    assert_int_equal(bench_lines(bench), 4);
}

static void refused_keys_are_asked_for_anew(void **state)
{
    struct bench *bench = *state;
    set_all(bench);
    unsetenv("AWS_ACCESS_KEY_ID");
    sts_answers(bench, 200, OK("ASIAONE"));
    bench_start(bench);
    live(bench, MINUTE_MS);
    sts_answers(bench, 200, OK("ASIATWO"));
    refuse_keys(bench);
    assert_keys(bench, "ASIAONE");
    settle(bench);
    assert_keys(bench, "ASIATWO");
    for (size_t i = 0; i < 600; i++) { // a minute
        refuse_keys(bench);
        settle(bench);
        pass(bench, 100);
    }
    assert_in_range(bench->http.n_requests, 2 + 10, 2 + 12);
    assert_int_equal(bench_lines(bench), 1);
}

static void one_failure_is_not_worth_a_word(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer away = {.outcome = HTTP_UNREACHABLE};
    set_all(bench);
    unsetenv("AWS_ACCESS_KEY_ID");
    sts_answers(bench, 200, OK("ASIAONE"));
    bench_start(bench);
    live(bench, MINUTE_MS);
    answer(bench, "POST", NULL, &away);
    refuse_keys(bench);
    live(bench, 300); // three attempts within 50 and 100 ms
    assert_non_null(view(bench).trouble);
    assert_keys(bench, "ASIAONE");
    sts_answers(bench, 200, OK("ASIATWO"));
    live(bench, 5000);
    assert_keys(bench, "ASIATWO");
    assert_null(view(bench).trouble);
    assert_int_equal(bench_lines(bench), 1);
}

static void trouble_that_changes_is_said_and_no_more_than_four_times(void **state)
{
    static const char *const codes[] = {"A1", "B2", "A1", "C3", "D4", "E5", "F6", "B2"};
    struct bench *bench = *state;
    set_all(bench);
    unsetenv("AWS_ACCESS_KEY_ID");
    bench_start(bench);
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        scoped_free char *body = xasprintf(
            "<E><Error><Code>%s</Code><Message>m</Message></Error></E>", codes[i]);
        sts_answers(bench, 400, body);
        live(bench, HOUR_MS);
        assert_non_null(strstr(view(bench).trouble, codes[i]));
    }
    assert_int_equal(bench_lines(bench), 4);
    assert_int_equal(bench_said(bench, "A1: m"), 1);
    assert_int_equal(bench_said(bench, "D4: m"), 1);
    assert_int_equal(bench_said(bench, "E5: m"), 0);
}

static void a_request_under_way_is_ended_with_it(void **state)
{
    struct bench *bench = *state;
    set_all(bench);
    unsetenv("AWS_ACCESS_KEY_ID");
    for (int i = 0; i < 3; i++) {
        bench->http.is_held = true;
        bench_start(bench);
        settle(bench);
        assert_int_equal(bench->http.n_busy, 1);
        credentials_destroy(bench->credentials);
        bench->credentials = NULL;
        assert_int_equal(bench->http.n_live, 0);
        aws_home_write(bench->home, "config", "", 0);
        if (i == 1)
            unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
    }
}

static void nothing_at_all_can_be_destroyed(void **state)
{
    (void)state;
    credentials_destroy(NULL);
    credentials_env.destroy(NULL);
    credentials_role.destroy(NULL);
    credentials_web_identity.destroy(NULL);
    credentials_profile.destroy(NULL);
    credentials_container.destroy(NULL);
    credentials_imds.destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_order_is_that_of_the_sdks),
        TEST(it_never_falls_back_to_another_identity),
        TEST(keys_of_sts_are_renewed_ahead_and_end_with_their_time),
        TEST(refused_keys_are_asked_for_anew),
        TEST(one_failure_is_not_worth_a_word),
        TEST(trouble_that_changes_is_said_and_no_more_than_four_times),
        TEST(a_request_under_way_is_ended_with_it),
        cmocka_unit_test(nothing_at_all_can_be_destroyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
