// SPDX-License-Identifier: Apache-2.0
// IAM roles for service accounts. Requests and answers: STS, API reference,
// AssumeRoleWithWebIdentity.
#include "unit/credentials_bench.h"

#define ROLE_ARN "arn:aws:iam::123456789012:role/enawatch"
#define JWT      "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJTRUNSRVQifQ.S3CRET-signature_0"
#define OK(id)   STS_ANSWER("AssumeRoleWithWebIdentity", id, "2026-11-21T11:00:00Z")

static void write_token(struct bench *bench, const char *text)
{
    aws_home_write(bench->home, "other", text, strlen(text));
}

static void set_environment(struct bench *bench)
{
    scoped_free char *path = aws_home_path(bench->home, "other");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", ROLE_ARN, 1);
    write_token(bench, JWT);
}

static void a_token_is_changed_for_keys(void **state)
{
    struct bench *bench = *state;
    set_environment(bench);
    setenv("AWS_ROLE_SESSION_NAME", "node@demo,1", 1);
    sts_answers(bench, 200, OK("ASIAWEB"));
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "ASIAWEB");
    assert_string_equal(keys_of(bench)->session_token, BENCH_TOKEN);
    assert_int_equal(view(bench).expires_ms, BENCH_WALL_MS + (int64_t)HOUR_MS);
    assert_int_equal(bench->http.n_requests, 1);
    assert_string_equal(sent(bench, 0)->method, "POST");
    assert_string_equal(sent(bench, 0)->url, "https://sts.eu-west-1.amazonaws.com/");
    // urllib.parse.urlencode() of Python, quote_via=quote, safe="-._~".
    assert_string_equal(sent(bench, 0)->body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
        "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fenawatch"
        "&RoleSessionName=node%40demo%2C1&WebIdentityToken=" JWT);
    assert_int_equal(sent(bench, 0)->n_body_bytes, strlen(sent(bench, 0)->body));
    assert_header(sent(bench, 0), "Content-Type: application/x-www-form-urlencoded; charset=utf-8");
    assert_null(strstr(sent(bench, 0)->headers, "Authorization"));
    assert_int_equal(bench_lines(bench), 1);
    assert_int_equal(bench_said(bench, "credentials: from the web identity: " ROLE_ARN "\n"), 1);
}

static void a_session_has_our_name_where_none_is_given(void **state)
{
    struct bench *bench = *state;
    set_environment(bench);
    sts_answers(bench, 200, OK("ASIAWEB"));
    bench_start(bench);
    settle(bench);
    assert_non_null(strstr(sent(bench, 0)->body, "&RoleSessionName=enawatch&"));
}

// botocore, _CONFIG_TO_ENV_VAR: each of the three from the environment, or else the profile.
static void a_profile_says_it_as_well(void **state)
{
    struct bench *bench = *state;
    scoped_free char *path = aws_home_path(bench->home, "other");
    scoped_free char *config = xasprintf("[default]\nweb_identity_token_file = %s\nrole_arn = "
                                         "arn:aws:iam::1:role/of/profile\nrole_session_name = p1\n",
        path);
    aws_home_write(bench->home, "config", config, strlen(config));
    write_token(bench, JWT "\n");
    sts_answers(bench, 200, OK("ASIAPROFILE"));
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "ASIAPROFILE");
    assert_string_equal(sent(bench, 0)->body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
        "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fof%2Fprofile&RoleSessionName=p1"
        "&WebIdentityToken=" JWT);
    setenv("AWS_ROLE_ARN", ROLE_ARN, 1);
    bench_start(bench);
    settle(bench);
    assert_non_null(strstr(sent(bench, 1)->body, "role%2Fenawatch&RoleSessionName=p1"));
}

static void the_token_is_read_anew_each_time(void **state)
{
    struct bench *bench = *state;
    set_environment(bench);
    sts_answers(bench, 200, OK("ASIAWEB"));
    bench_start(bench);
    settle(bench);
    write_token(bench, "S3CRET.second.token");
    sts_answers(
        bench, 200, STS_ANSWER("AssumeRoleWithWebIdentity", "ASIASECOND", "2026-11-21T11:55:00Z"));
    live(bench, 55 * MINUTE_MS);
    assert_keys(bench, "ASIASECOND");
    assert_int_equal(bench->http.n_requests, 2);
    assert_non_null(strstr(sent(bench, 1)->body, "&WebIdentityToken=S3CRET.second.token"));
    assert_int_equal(bench_lines(bench), 1);
}

static void a_token_file_that_is_none_is_said_and_read_again(void **state)
{
    static char huge[20002];
    memset(huge, 'S', 20001);
    const struct {
        const char *text, *words;
    } rows[] = {{NULL, "No such file"}, {"", "is empty"}, {"\n\n", "holds no token"},
        {huge, "is too large"}, {"S3CRET\nS3CRET", "holds no token"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        set_environment(bench);
        sts_answers(bench, 200, OK("ASIAWEB"));
        scoped_free char *path = aws_home_path(bench->home, "other");
        if (rows[i].text == NULL)
            unlink(path);
        else
            write_token(bench, rows[i].text);
        bench_start(bench);
        live(bench, 5 * MINUTE_MS);
        assert_null(keys_of(bench));
        assert_int_equal(bench->http.n_requests, 0);
        assert_string_equal(view(bench).provider, "web identity");
        assert_non_null(strstr(view(bench).trouble, rows[i].words));
        assert_int_equal(bench_lines(bench), 1);
        assert_int_equal(bench_said(bench, path), 1);
        write_token(bench, JWT);
        live(bench, MINUTE_MS);
        assert_keys(bench, "ASIAWEB");
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

static void the_largest_token_passes(void **state)
{
    char largest[20001] = "";
    struct bench *bench = *state;
    memset(largest, 'S', 20000);
    set_environment(bench);
    write_token(bench, largest);
    sts_answers(bench, 200, OK("ASIAWEB"));
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "ASIAWEB");
    assert_non_null(strstr(sent(bench, 0)->body, largest));
}

// Codes: STS, API reference, errors of the action.
static void what_sts_refuses_is_said_with_the_remedy(void **state)
{
    static const struct {
        long status;
        const char *code, *remedy;
    } rows[] = {{400, "InvalidIdentityToken", "identity provider"},
        {403, "AccessDenied", "trust policy"}, {403, "IDPRejectedClaim", "trust policy"},
        {403, "RegionDisabledException", "activate STS"},
        {400, "ExpiredTokenException", "renews its file"}, {400, "ValidationError", "correct"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        set_environment(bench);
        bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
        scoped_free char *body = xasprintf("<ErrorResponse><Error><Type>Sender</Type><Code>%s"
                                           "</Code><Message>Not with %s</Message></Error>"
                                           "</ErrorResponse>",
            rows[i].code, JWT);
        sts_answers(bench, rows[i].status, body);
        bench_start(bench);
        live(bench, HOUR_MS);
        assert_null(keys_of(bench));
        assert_string_equal(view(bench).provider, "web identity");
        assert_non_null(strstr(view(bench).trouble, rows[i].code));
        assert_non_null(strstr(view(bench).trouble, rows[i].remedy));
        assert_null(strstr(view(bench).trouble, "S3CRET"));
        assert_int_equal(bench_lines(bench), 1);
        assert_in_range(bench->http.n_requests, 10, 100);
        assert_int_equal(scripted_http_count(&bench->http, 0, "GET", "*"), 0);
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

static void what_is_no_answer_of_sts_gives_no_keys(void **state)
{
    static const char *const bodies[] = {"<html><body>Sign in</body></html>", "", "{}",
        STS_ANSWER("AssumeRoleWithWebIdentity", "ASIA\nWEB", "2026-11-21T11:00:00Z"),
        STS_ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB", "soon"),
        "<R><AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>" BENCH_SECRET
        "</SecretAccessKey><Expiration>2026-11-21T11:00:00Z</Expiration></R>",
        STS_ANSWER("AssumeRoleWithWebIdentity", "", "2026-11-21T11:00:00Z")};
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        set_environment(bench);
        sts_answers(bench, 200, bodies[i]);
        bench_start(bench);
        live(bench, 10 * MINUTE_MS);
        assert_null(keys_of(bench));
        assert_non_null(strstr(view(bench).trouble, "in the place of STS"));
        assert_int_equal(bench_lines(bench), 1);
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

static void keys_that_have_ended_already_are_not_taken(void **state)
{
    struct bench *bench = *state;
    set_environment(bench);
    sts_answers(
        bench, 200, STS_ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB", "2026-11-21T10:00:00Z"));
    bench_start(bench);
    live(bench, 10 * MINUTE_MS);
    assert_null(keys_of(bench));
    assert_int_equal(bench_said(bench, "have ended already"), 1);
}

// The answer tells the time of STS: a day from ours.
static void a_wrong_clock_does_not_make_keys_end(void **state)
{
    struct bench *bench = *state;
    set_environment(bench);
    struct scripted_answer what = status(200, OK("ASIAWEB"));
    what.headers = "Date: Sat, 21 Nov 2026 10:00:00 GMT\n";
    answer(bench, "POST", NULL, &what);
    bench->now.wall_ms += 86400000;
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "ASIAWEB");
    assert_int_equal(view(bench).expires_ms, BENCH_WALL_MS + 86400000 + (int64_t)HOUR_MS);
}

static void without_a_region_it_waits_for_one(void **state)
{
    struct bench *bench = *state;
    set_environment(bench);
    sts_answers(bench, 200, OK("ASIAWEB"));
    aws_profiles_read(&bench->home->profiles);
    bench->credentials = credentials_create(&bench->setting);
    live(bench, 50 * 1000);
    assert_int_equal(bench->http.n_requests, 0);
    assert_int_equal(bench_lines(bench), 0);
    live(bench, 5 * MINUTE_MS);
    assert_int_equal(bench_said(bench, "set AWS_REGION"), 1);
    credentials_set_region(bench->credentials, "cn-north-1");
    live(bench, MINUTE_MS);
    assert_keys(bench, "ASIAWEB");
    assert_string_equal(sent(bench, 0)->url, "https://sts.cn-north-1.amazonaws.com.cn/");
}

static void an_endpoint_that_was_given_needs_no_region(void **state)
{
    struct bench *bench = *state;
    set_environment(bench);
    setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:5000", 1);
    sts_answers(bench, 200, OK("ASIAWEB"));
    aws_profiles_read(&bench->home->profiles);
    bench->credentials = credentials_create(&bench->setting);
    settle(bench);
    assert_keys(bench, "ASIAWEB");
    assert_string_equal(sent(bench, 0)->url, "http://127.0.0.1:5000/");
}

static void a_region_that_comes_meanwhile_is_the_next_requests(void **state)
{
    struct bench *bench = *state;
    set_environment(bench);
    sts_answers(bench, 200, OK("ASIAWEB"));
    bench->http.is_held = true;
    bench_start(bench);
    settle(bench);
    assert_int_equal(bench->http.n_busy, 1);
    credentials_set_region(bench->credentials, "eu-west-1");
    settle(bench);
    assert_int_equal(bench->http.n_requests, 1);
    credentials_set_region(bench->credentials, "us-west-2");
    bench->http.is_held = false;
    settle(bench);
    assert_string_equal(sent(bench, 1)->url, "https://sts.us-west-2.amazonaws.com/");
    assert_string_equal(sent(bench, 1)->body, sent(bench, 0)->body);
    assert_keys(bench, "ASIAWEB");
}

static void a_wrong_configuration_stops_the_chain(void **state)
{
    static const struct {
        const char *variable, *value, *words;
    } rows[] = {{"AWS_ROLE_ARN", "", "set AWS_ROLE_ARN"},
        {"AWS_ROLE_ARN", "enawatch", "the ARN of a role"},
        {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:user/x", "the ARN of a role"},
        {"AWS_ROLE_ARN", ROLE_ARN " ", "the ARN of a role"},
        {"AWS_ROLE_SESSION_NAME", "x", "2 to 64"}, {"AWS_ROLE_SESSION_NAME", "a b", "2 to 64"},
        {"AWS_ROLE_SESSION_NAME",
            "12345678901234567890123456789012345678901234567890123456789012345", "2 to 64"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        set_environment(bench);
        bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
        setenv(rows[i].variable, rows[i].value, 1);
        bench_start(bench);
        assert_wrong(bench, "web identity", rows[i].words);
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_changed_for_keys),
        TEST(a_session_has_our_name_where_none_is_given),
        TEST(a_profile_says_it_as_well),
        TEST(the_token_is_read_anew_each_time),
        cmocka_unit_test(a_token_file_that_is_none_is_said_and_read_again),
        TEST(the_largest_token_passes),
        cmocka_unit_test(what_sts_refuses_is_said_with_the_remedy),
        cmocka_unit_test(what_is_no_answer_of_sts_gives_no_keys),
        TEST(keys_that_have_ended_already_are_not_taken),
        TEST(a_wrong_clock_does_not_make_keys_end),
        TEST(without_a_region_it_waits_for_one),
        TEST(an_endpoint_that_was_given_needs_no_region),
        TEST(a_region_that_comes_meanwhile_is_the_next_requests),
        cmocka_unit_test(a_wrong_configuration_stops_the_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
