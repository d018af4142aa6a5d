// SPDX-License-Identifier: Apache-2.0
// The role of the instance, and the empty chain. Paths and answers: EC2 User Guide, "Retrieve
// security credentials from instance metadata".
#include "unit/credentials_bench.h"

#define LIST "meta-data/iam/security-credentials/"
#define OK   IMDS_ANSWER("ASIANODE", "2026-11-21T16:00:00Z")

static int set_up(void **state)
{
    bench_set_up(state);
    ((struct bench *)*state)->setting.imds_endpoint = SCRIPTED_ENDPOINT;
    return 0;
}

static void attach_role(struct bench *bench, const char *keys)
{
    scripted_http_key(&bench->http, LIST, "NodeRole");
    scripted_http_key(&bench->http, LIST "NodeRole", keys);
}

static size_t n_asked(struct bench *bench)
{
    return scripted_http_count(&bench->http, 0, "GET", LIST);
}

static void the_role_is_asked_for_and_then_its_keys(void **state)
{
    struct bench *bench = *state;
    attach_role(bench, OK);
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "ASIANODE");
    assert_string_equal(keys_of(bench)->session_token, BENCH_TOKEN);
    assert_int_equal(view(bench).expires_ms, BENCH_WALL_MS + 6 * (int64_t)HOUR_MS);
    assert_string_equal(view(bench).provider, "metadata service");
    assert_null(view(bench).trouble);
    assert_int_equal(bench->http.n_requests, 3);
    assert_string_equal(sent(bench, 0)->path, SCRIPTED_TOKEN_PATH);
    assert_string_equal(sent(bench, 1)->path, LIST);
    assert_string_equal(sent(bench, 2)->path, LIST "NodeRole");
    assert_int_equal(bench_lines(bench), 1);
    assert_int_equal(bench_said(bench, "credentials: from the metadata service\n"), 1);
}

static void the_list_may_end_in_a_newline(void **state)
{
    struct bench *bench = *state;
    scripted_http_key(&bench->http, LIST, "a+b=c,d.e@f-g_H0\n");
    scripted_http_key(&bench->http, LIST "a+b=c,d.e@f-g_H0", OK);
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "ASIANODE");
}

static void a_name_that_is_none_is_not_put_into_a_path(void **state)
{
    static const char *const names[] = {"../../user-data", "a/b", "a b", "a?b", "<html>", "a\rb",
        "12345678901234567890123456789012345678901234567890123456789012345", "\n", "%2e"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct bench *bench;
        set_up((void **)&bench);
        scripted_http_key(&bench->http, LIST, names[i]);
        bench_start(bench);
        live(bench, 10 * MINUTE_MS);
        assert_null(keys_of(bench));
        assert_non_null(strstr(view(bench).trouble, "no name of one"));
        assert_int_equal(scripted_http_count(&bench->http, 0, "GET", "*"), n_asked(bench));
        assert_in_range(n_asked(bench), 5, 30);
        assert_int_equal(bench_lines(bench), 1);
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

static void without_a_role_it_says_what_was_tried_and_looks_again(void **state)
{
    struct bench *bench = *state;
    bench_start(bench);
    live(bench, HOUR_MS);
    assert_null(keys_of(bench));
    assert_null(view(bench).provider);
    assert_true(view(bench).is_settled);
    assert_int_equal(bench_lines(bench), 1);
    assert_string_equal(view(bench).trouble,
        "environment (AWS_ACCESS_KEY_ID is not set), role ([default] has no role_arn), web "
        "identity "
        "(AWS_WEB_IDENTITY_TOKEN_FILE is not set), profile ([default] has no keys), container "
        "endpoint (AWS_CONTAINER_CREDENTIALS_FULL_URI is not set), metadata service (no role is "
        "attached to this instance: attach an instance profile)");
    assert_int_equal(bench_said(bench, "credentials: there are none; tried: environment (AWS_"), 1);
    assert_int_equal(bench_said(bench, "attach an instance profile)\n"), 1);
    // Every five minutes, a tenth of which is jitter.
    assert_in_range(n_asked(bench), 13, 14);
    attach_role(bench, OK);
    live(bench, 5 * MINUTE_MS);
    assert_keys(bench, "ASIANODE");
    assert_int_equal(bench_lines(bench), 2);
    assert_int_equal(bench_said(bench, "credentials: from the metadata service\n"), 1);
    assert_string_equal(view(bench).provider, "metadata service");
    assert_null(view(bench).trouble);
}

static void an_empty_list_is_no_role(void **state)
{
    struct bench *bench = *state;
    scripted_http_key(&bench->http, LIST, "");
    bench_start(bench);
    settle(bench);
    assert_non_null(strstr(view(bench).trouble, "no role is attached"));
}

static void a_service_that_is_switched_off_gets_no_packet(void **state)
{
    struct bench *bench = *state;
    bench->setting.imds_endpoint = NULL;
    bench_start(bench);
    live(bench, HOUR_MS);
    assert_int_equal(bench->http.n_requests, 0);
    assert_null(view(bench).provider);
    assert_true(view(bench).is_settled);
    assert_true(credentials_due_ns(bench->credentials) == UINT64_MAX);
    assert_int_equal(bench_lines(bench), 1);
    assert_int_equal(
        bench_said(bench, "metadata service (the metadata service is switched off)"), 1);
}

static void off_ec2_it_says_so_once_and_asks_seldom(void **state)
{
    struct bench *bench = *state;
    scripted_http_break(&bench->http, &(struct scripted_answer){.outcome = HTTP_UNREACHABLE});
    bench_start(bench);
    live(bench, 10 * HOUR_MS);
    assert_null(view(bench).provider);
    assert_non_null(strstr(view(bench).trouble, "nothing answers there"));
    assert_int_equal(bench_lines(bench), 1);
    assert_in_range(bench->http.n_requests, 60, 10 * 60 / 5 * 2 + 20);
}

static void a_code_that_is_no_success_is_said(void **state)
{
    struct bench *bench = *state;
    attach_role(bench, "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot\"}");
    bench_start(bench);
    live(bench, 10 * MINUTE_MS);
    assert_null(keys_of(bench));
    assert_non_null(strstr(view(bench).trouble, "the code AssumeRoleUnauthorizedAccess"));
    assert_non_null(strstr(view(bench).trouble, "ec2.amazonaws.com"));
    assert_int_equal(bench_lines(bench), 1);
}

static void keys_that_have_ended_are_used_all_the_same(void **state)
{
    struct bench *bench = *state;
    attach_role(bench, IMDS_ANSWER("ASIAOLD", "2026-11-21T09:59:59Z"));
    bench_start(bench);
    live(bench, HOUR_MS);
    assert_keys(bench, "ASIAOLD");
    assert_non_null(strstr(view(bench).trouble, "have ended, and are used"));
    assert_int_equal(bench_lines(bench), 2);
    assert_int_equal(bench_said(bench, "have ended, and are used"), 1);
    // botocore, _extend_expiration: again in 2 to 10 minutes.
    assert_in_range(n_asked(bench), 7, 31);
    attach_role(bench, OK);
    live(bench, 10 * MINUTE_MS);
    assert_keys(bench, "ASIANODE");
    assert_int_equal(bench_said(bench, "gives keys again"), 1);
}

static void old_keys_are_used_on_while_the_service_is_away(void **state)
{
    struct bench *bench = *state;
    attach_role(bench, OK);
    bench_start(bench);
    settle(bench);
    scripted_http_break(&bench->http, &(struct scripted_answer){.outcome = HTTP_SILENT});
    live(bench, 24 * HOUR_MS);
    assert_keys(bench, "ASIANODE");
    assert_int_equal(bench_lines(bench), 2);
    assert_int_equal(
        bench_said(bench, "credentials: metadata service: http://imds.test: takes"), 1);
    assert_string_equal(view(bench).provider, "metadata service");
    assert_in_range(bench->http.n_requests, 3 + 100, 3 + 500);
}

static void a_role_that_is_taken_away_leaves_its_keys(void **state)
{
    struct bench *bench = *state;
    attach_role(bench, OK);
    bench_start(bench);
    settle(bench);
    struct scripted_answer none = status(404, "");
    answer(bench, "GET", LIST, &none);
    live(bench, 8 * HOUR_MS);
    assert_keys(bench, "ASIANODE");
    assert_string_equal(view(bench).provider, "metadata service");
    assert_non_null(strstr(view(bench).trouble, "no role is attached"));
    assert_int_equal(bench_lines(bench), 2);
}

static void a_role_that_goes_between_two_questions_is_a_failure(void **state)
{
    struct bench *bench = *state;
    scripted_http_key(&bench->http, LIST, "NodeRole");
    bench_start(bench);
    settle(bench);
    assert_null(keys_of(bench));
    assert_non_null(strstr(view(bench).trouble, "taken away just now"));
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_role_is_asked_for_and_then_its_keys),
        TEST(the_list_may_end_in_a_newline),
        cmocka_unit_test(a_name_that_is_none_is_not_put_into_a_path),
        TEST(without_a_role_it_says_what_was_tried_and_looks_again),
        TEST(an_empty_list_is_no_role),
        TEST(a_service_that_is_switched_off_gets_no_packet),
        TEST(off_ec2_it_says_so_once_and_asks_seldom),
        TEST(a_code_that_is_no_success_is_said),
        TEST(keys_that_have_ended_are_used_all_the_same),
        TEST(old_keys_are_used_on_while_the_service_is_away),
        TEST(a_role_that_is_taken_away_leaves_its_keys),
        TEST(a_role_that_goes_between_two_questions_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
