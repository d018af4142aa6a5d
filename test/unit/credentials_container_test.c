// SPDX-License-Identifier: Apache-2.0
// Task roles of ECS and EKS Pod Identity. Variables, hosts, times: AWS SDKs and Tools Reference
// Guide, "Container credential provider"; botocore, ContainerProvider and ContainerMetadataFetcher.
#include "unit/credentials_bench.h"

#define RELATIVE   "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL       "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN      "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define POD        "http://169.254.170.23/v1/credentials"
#define OK         CONTAINER_ANSWER("ASIATASK", "2026-11-21T16:00:00Z")

static void answer_get(struct bench *bench, long number, const char *body)
{
    struct scripted_answer what = status(number, body);
    answer(bench, "GET", NULL, &what);
}

static void write_token(struct bench *bench, const char *text)
{
    aws_home_write(bench->home, "other", text, strlen(text));
}

static void set_token_file(struct bench *bench)
{
    scoped_free char *path = aws_home_path(bench->home, "other");
    setenv(TOKEN_FILE, path, 1);
}

static void ecs_is_asked_below_its_address(void **state)
{
    struct bench *bench = *state;
    setenv(RELATIVE, "/v2/credentials/S3CRET-1234", 1);
    setenv(FULL, POD, 1); // the relative one wins
    answer_get(bench, 200, OK);
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "ASIATASK");
    assert_string_equal(keys_of(bench)->session_token, BENCH_TOKEN);
    assert_int_equal(view(bench).expires_ms, BENCH_WALL_MS + 6 * (int64_t)HOUR_MS);
    assert_int_equal(bench->http.n_requests, 1);
    assert_string_equal(sent(bench, 0)->method, "GET");
    assert_string_equal(sent(bench, 0)->url, "http://169.254.170.2/v2/credentials/S3CRET-1234");
    assert_string_equal(sent(bench, 0)->headers, "Accept: application/json\n");
    assert_true(sent(bench, 0)->is_direct);
    assert_int_equal(sent(bench, 0)->total_ms, 2000);
    assert_int_equal(bench_lines(bench), 1);
    assert_int_equal(
        bench_said(bench, "credentials: from the container endpoint: http://169.254.170.2\n"), 1);
}

static void pod_identity_is_asked_with_the_token_of_its_file(void **state)
{
    struct bench *bench = *state;
    setenv(FULL, POD, 1);
    setenv(TOKEN, "S3CRET-of-variable", 1); // the file wins
    set_token_file(bench);
    write_token(bench, "S3CRET.first");
    answer_get(bench, 200, OK);
    bench_start(bench);
    settle(bench);
    assert_keys(bench, "ASIATASK");
    assert_string_equal(sent(bench, 0)->url, POD);
    assert_string_equal(
        sent(bench, 0)->headers, "Accept: application/json\nAuthorization: S3CRET.first\n");
    write_token(bench, "S3CRET.second");
    live(bench, 6 * HOUR_MS);
    assert_header(sent(bench, 1), "Authorization: S3CRET.second");
}

static void a_token_of_the_environment_is_sent_as_it_is(void **state)
{
    struct bench *bench = *state;
    setenv(FULL, "http://localhost:1234/x?id=1", 1);
    setenv(TOKEN, "Basic S3CRET", 1);
    answer_get(bench, 200, OK);
    bench_start(bench);
    settle(bench);
    assert_string_equal(sent(bench, 0)->url, "http://localhost:1234/x?id=1");
    assert_header(sent(bench, 0), "Authorization: Basic S3CRET");
}

static void hosts_are_those_of_the_sdks(void **state)
{
    static const char *const allowed[] = {"http://127.0.0.1/", "http://127.1.2.3:80/x",
        "http://localhost/", "http://[::1]:8080/x", "http://169.254.170.2/x",
        "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials",
        "http://[fd00:0ec2:0:0::23]/v1", "https://keys.example.com/x", "https://10.0.0.1:8443",
        "http://localhost?x=1"};
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
        setenv(FULL, allowed[i], 1);
        answer_get(bench, 200, OK);
        bench_start(bench);
        settle(bench);
        assert_keys(bench, "ASIATASK");
        assert_string_equal(sent(bench, i)->url, allowed[i]);
    }
}

static void other_hosts_stop_the_chain(void **state)
{
    static const char *const refused[] = {"http://example.com/", "http://10.0.0.1/x",
        "http://169.254.169.254/latest", "http://127.0.0.1.example.com/",
        "http://localhost.example.com/", "http://localhost@example.com/",
        "http://example.com#@localhost/", "http://example.com\\@localhost/", "ftp://localhost/",
        "localhost/x", "http:///x", "http://", "http://[fd00:ec2::254]/", "http://128.0.0.1/",
        "http://169.254.170.2@example.com/", "http://localhost:0/", "http://localhost:99999/",
        "http://127.1/", "http://2130706433/", "http://localhost/\r\nHost: example.com",
        "http://localhost/a b", "http://169.254.170.230/", "http://LOCALHOST.example.com/"};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
        setenv(FULL, refused[i], 1);
        bench_start(bench);
        assert_wrong(bench, "container endpoint", FULL ": allowed is https");
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

static void a_relative_uri_is_a_path(void **state)
{
    static const char *const refused[] = {"v2/credentials", "@example.com/", ".example.com/x",
        ":80/x", "/x y", "/x\n", "?id=1", "/x#y"};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        setenv(RELATIVE, refused[i], 1);
        setenv(FULL, POD, 1);
        bench_start(bench);
        assert_wrong(bench, "container endpoint", RELATIVE ": allowed is a path");
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

static void a_token_with_a_newline_is_never_sent(void **state)
{
    static const char *const tokens[] = {
        "S3CRET\n", "S3CRET\r\nX-Other: 1", "S3CRET\rx", "", "S3CRET\xff"};
    for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        setenv(FULL, POD, 1);
        set_token_file(bench);
        write_token(bench, tokens[i]);
        bench_start(bench);
        live(bench, 10 * MINUTE_MS);
        assert_int_equal(bench->http.n_requests, 0);
        assert_non_null(strstr(view(bench).trouble, "the token file "));
        assert_int_equal(bench_lines(bench), 1);
        write_token(bench, "S3CRET");
        answer_get(bench, 200, OK);
        live(bench, MINUTE_MS);
        assert_keys(bench, "ASIATASK");
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

static void a_variable_with_a_newline_stops_the_chain(void **state)
{
    struct bench *bench = *state;
    setenv(FULL, POD, 1);
    setenv(TOKEN, "S3CRET\r\nX-Other: 1", 1);
    bench_start(bench);
    assert_wrong(bench, "container endpoint", TOKEN " has a newline");
}

static void it_is_tried_three_times_a_second_apart(void **state)
{
    struct bench *bench = *state;
    setenv(FULL, POD, 1);
    answer_get(bench, 500, "no");
    bench_start(bench);
    settle(bench);
    assert_int_equal(bench->http.n_requests, 1);
    live(bench, 999);
    assert_int_equal(bench->http.n_requests, 1);
    live(bench, 1);
    assert_int_equal(bench->http.n_requests, 2);
    assert_null(view(bench).trouble);
    live(bench, 1000);
    assert_int_equal(bench->http.n_requests, 3);
    assert_non_null(strstr(view(bench).trouble, "status 500"));
    assert_true(view(bench).is_settled);
    assert_int_equal(bench_lines(bench), 0); // one failure is noise
    live(bench, 10 * MINUTE_MS);
    assert_int_equal(bench_lines(bench), 1);
    answer_get(bench, 200, OK);
    live(bench, MINUTE_MS);
    assert_keys(bench, "ASIATASK");
}

static void what_is_no_answer_gives_no_keys_and_no_other_identity(void **state)
{
    static const struct {
        long status;
        const char *body, *words;
    } rows[] = {{200, "<html>login</html>", "no object of JSON"}, {200, "", "no object of JSON"},
        {200, "[]", "no object of JSON"}, {200, "{}", "lacks AccessKeyId"},
        {200, CONTAINER_ANSWER("ASIA\\nTASK", "2026-11-21T16:00:00Z"), "what no key has"},
        {200, CONTAINER_ANSWER("ASIATASK", "later"), "an Expiration that is no time"},
        {200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}", "code AssumeRoleUnauthorizedAccess"},
        {403, "{\"message\":\"S3CRET\"}", "status 403"}, {302, "", "status 302"},
        {500, OK, "status 500"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
        setenv(FULL, POD, 1);
        answer_get(bench, rows[i].status, rows[i].body);
        bench_start(bench);
        live(bench, 10 * MINUTE_MS);
        assert_null(keys_of(bench));
        assert_string_equal(view(bench).provider, "container endpoint");
        assert_non_null(strstr(view(bench).trouble, rows[i].words));
        assert_int_equal(bench_lines(bench), 1);
        assert_int_equal(scripted_http_count(&bench->http, 0, "PUT", "*"), 0);
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

static void old_keys_are_used_on_while_it_fails(void **state)
{
    struct bench *bench = *state;
    setenv(FULL, POD, 1);
    answer_get(bench, 200, OK);
    bench_start(bench);
    settle(bench);
    struct scripted_answer silent = {.outcome = HTTP_SILENT};
    answer(bench, "GET", NULL, &silent);
    live(bench, 24 * HOUR_MS);
    assert_keys(bench, "ASIATASK");
    assert_int_equal(bench_lines(bench), 2);
    assert_int_equal(bench_said(bench, "does not answer: as the script says"), 1);
    answer_get(bench, 200, CONTAINER_ANSWER("ASIANEXT", "2026-11-22T16:00:00Z"));
    live(bench, 2 * MINUTE_MS);
    assert_keys(bench, "ASIANEXT");
    assert_int_equal(bench_said(bench, "gives keys again after 18h"), 1);
    assert_null(view(bench).trouble);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ecs_is_asked_below_its_address),
        TEST(pod_identity_is_asked_with_the_token_of_its_file),
        TEST(a_token_of_the_environment_is_sent_as_it_is),
        TEST(hosts_are_those_of_the_sdks),
        cmocka_unit_test(other_hosts_stop_the_chain),
        cmocka_unit_test(a_relative_uri_is_a_path),
        cmocka_unit_test(a_token_with_a_newline_is_never_sent),
        TEST(a_variable_with_a_newline_stops_the_chain),
        TEST(it_is_tried_three_times_a_second_apart),
        cmocka_unit_test(what_is_no_answer_gives_no_keys_and_no_other_identity),
        TEST(old_keys_are_used_on_while_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
