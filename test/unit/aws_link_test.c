// SPDX-License-Identifier: Apache-2.0
// The way to a service: region, endpoint and keys, in whatever order they come.
#include <string.h>

#include "aws/link.h"
#include "support/aws_home.h"
#include "support/scripted_http.h"
#include "support/unit.h"

#define MONITORING "https://monitoring.eu-west-3.amazonaws.com"

struct bench {
    struct aws_home *home;
    struct scripted_http http;
    struct place place;
    struct aws_link_setting setting;
    struct aws_link *link;
    struct now now;
    struct aws_answer answer;
};

static int setup(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    void *home = NULL;
    if (aws_home_setup(&home) != 0)
        return -1;
    bench->home = home;
    scripted_http_init(&bench->http);
    bench->setting = (struct aws_link_setting){.service = AWS_CLOUDWATCH,
        .name = "cloudwatch",
        .http = &bench->http.base,
        .profiles = &bench->home->profiles,
        .place = &bench->place,
        .seed = 3};
    bench->now = (struct now){.boot_ns = 1000 * NS_PER_S, .wall_ms = INT64_C(1795255200000)};
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    void *home = bench->home;
    aws_link_destroy(bench->link);
    scripted_http_finish(&bench->http);
    free(bench);
    return aws_home_teardown(&home);
}

static void start(struct bench *bench)
{
    aws_link_destroy(bench->link);
    bench->link = aws_link_create(&bench->setting);
}

static enum aws_outcome work(struct bench *bench)
{
    return aws_link_work(bench->link, &bench->now, &bench->answer);
}

// Works as often as there is something to do at once.
static void settle(struct bench *bench)
{
    for (int i = 0; i < 10; i++)
        assert_int_equal(work(bench), AWS_BUSY);
}

static void pass_s(struct bench *bench, uint64_t s)
{
    bench->now.boot_ns += s * NS_PER_S;
    bench->now.wall_ms += (int64_t)(s * MS_PER_S);
}

static void assert_at(struct bench *bench, const char *endpoint, const char *region)
{
    struct aws_link_view view = aws_link_view(bench->link);
    assert_string_equal(view.endpoint, endpoint);
    assert_string_equal(view.region, region);
    assert_null(view.trouble);
}

static size_t n_said(struct bench *bench, const char *words)
{
    return log_catcher_count(&bench->home->log, words);
}

static void our_configuration_comes_before_the_environment_the_profile_and_the_place(void **state)
{
    struct bench *bench = *state;
    bench->place.region = "eu-west-1";
    aws_home_read(bench->home, "[default]\nregion = eu-west-2\n");
    setenv("AWS_REGION", "eu-west-4", 1);
    bench->setting.region = "eu-west-3";
    start(bench);
    settle(bench);
    assert_at(bench, MONITORING, "eu-west-3");
    bench->setting.region = NULL;
    start(bench);
    settle(bench);
    assert_at(bench, "https://monitoring.eu-west-4.amazonaws.com", "eu-west-4");
    unsetenv("AWS_REGION");
    start(bench);
    settle(bench);
    assert_at(bench, "https://monitoring.eu-west-2.amazonaws.com", "eu-west-2");
    aws_home_read(bench->home, "");
    start(bench);
    settle(bench);
    assert_at(bench, "https://monitoring.eu-west-1.amazonaws.com", "eu-west-1");
}

static void it_waits_for_the_region_and_says_so_after_ten_seconds(void **state)
{
    struct bench *bench = *state;
    bench->setting.imds_endpoint = SCRIPTED_ENDPOINT;
    start(bench);
    settle(bench);
    assert_false(aws_link_is_ready(bench->link));
    assert_null(aws_link_view(bench->link).region);
    assert_non_null(aws_link_view(bench->link).trouble);
    pass_s(bench, 9);
    settle(bench);
    assert_int_equal(n_said(bench, "the region is not known"), 0);
    pass_s(bench, 1);
    settle(bench);
    pass_s(bench, 100);
    settle(bench);
    assert_int_equal(n_said(bench, "<4>cloudwatch: the region is not known"), 1);
    bench->place.region = "eu-west-3";
    settle(bench);
    assert_at(bench, MONITORING, "eu-west-3");
    assert_true(aws_link_is_ready(bench->link));
    assert_int_equal(
        n_said(bench, "cloudwatch: CloudWatch at " MONITORING ", region eu-west-3"), 1);
}

static void where_nobody_is_asked_a_region_is_missed_at_once(void **state)
{
    struct bench *bench = *state;
    start(bench);
    settle(bench);
    assert_int_equal(n_said(bench, "set cloudwatch.region or AWS_REGION; until then nothing"), 1);
}

static void an_endpoint_that_is_none_is_said_once_and_for_good(void **state)
{
    struct bench *bench = *state;
    bench->setting.region = "eu-west-3";
    setenv("AWS_ENDPOINT_URL", "ftp://elsewhere", 1);
    start(bench);
    settle(bench);
    pass_s(bench, 100);
    settle(bench);
    assert_int_equal(n_said(bench, "<3>cloudwatch: AWS_ENDPOINT_URL: allowed is http"), 1);
    assert_false(aws_link_is_ready(bench->link));
    assert_null(aws_link_view(bench->link).endpoint);
    assert_non_null(aws_link_view(bench->link).trouble);
}

static void what_is_not_encrypted_is_said(void **state)
{
    struct bench *bench = *state;
    bench->setting.region = "eu-west-3";
    bench->setting.endpoint = "http://127.0.0.1:8080/";
    start(bench);
    settle(bench);
    assert_at(bench, "http://127.0.0.1:8080", "eu-west-3");
    assert_int_equal(n_said(bench, "<4>cloudwatch: http://127.0.0.1:8080 is not encrypted"), 1);
}

static void without_keys_it_is_not_ready_and_says_why(void **state)
{
    struct bench *bench = *state;
    bench->setting.region = "eu-west-3";
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    start(bench);
    settle(bench);
    assert_false(aws_link_is_ready(bench->link));
    assert_string_equal(aws_link_view(bench->link).endpoint, MONITORING);
    assert_non_null(aws_link_view(bench->link).trouble);
}

// STS is asked where the region is, however late that is known.
static void keys_of_a_role_are_asked_for_in_the_region(void **state)
{
    struct bench *bench = *state;
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    aws_home_write(bench->home, "token", "a.web.token", 11);
    scoped_free char *token = aws_home_path(bench->home, "token");
    setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/node", 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token, 1);
    start(bench);
    settle(bench);
    assert_int_equal(bench->http.n_requests, 0);
    bench->place.region = "eu-west-3";
    settle(bench);
    assert_true(bench->http.n_requests > 0);
    assert_string_equal(
        scripted_http_last(&bench->http)->url, "https://sts.eu-west-3.amazonaws.com/");
}

static void ask(struct bench *bench)
{
    static const struct aws_request request = {
        .target = "A.B", .content_type = "text/plain", .body = "{}", .n_body_bytes = 2};
    assert_true(aws_link_is_ready(bench->link));
    aws_link_send(bench->link, &bench->now, &request);
    assert_false(aws_link_is_ready(bench->link));
    enum aws_outcome outcome = AWS_BUSY;
    for (int i = 0; i < 10 && outcome == AWS_BUSY; i++)
        outcome = work(bench);
    assert_int_equal(outcome, AWS_DONE);
    assert_true(aws_link_is_ready(bench->link));
}

static void answer_with_date(struct bench *bench, const char *date)
{
    scripted_http_answer(&bench->http, "POST", NULL,
        &(struct scripted_answer){
            .outcome = HTTP_ANSWERED, .status = 200, .body = "{}", .headers = date});
}

// 1795255200 is Sat, 21 Nov 2026 10:00:00 GMT; up to four minutes are no matter.
static void clocks_that_are_apart_are_said_once_and_once_when_they_agree_again(void **state)
{
    struct bench *bench = *state;
    bench->setting.region = "eu-west-3";
    start(bench);
    settle(bench);
    answer_with_date(bench, "Date: Sat, 21 Nov 2026 10:03:59 GMT\n");
    ask(bench);
    assert_int_equal(n_said(bench, "by the clock"), 0);
    answer_with_date(bench, "Date: Sat, 21 Nov 2026 11:00:00 GMT\n");
    ask(bench);
    ask(bench);
    assert_int_equal(
        n_said(bench, "<4>cloudwatch: by the clock of CloudWatch ours is 3600 s behind"), 1);
    answer_with_date(bench, "Date: Sat, 21 Nov 2026 10:00:00 GMT\n");
    ask(bench);
    ask(bench);
    assert_int_equal(n_said(bench, "the clocks agree again"), 1);
    answer_with_date(bench, "Date: Sat, 21 Nov 2026 09:50:00 GMT\n");
    ask(bench);
    assert_int_equal(n_said(bench, "ours is 600 s ahead"), 1);
    assert_int_equal(n_said(bench, "by the clock"), 2);
}

static void it_does_not_ask_to_be_woken_for_nothing(void **state)
{
    struct bench *bench = *state;
    bench->setting.region = "eu-west-3";
    start(bench);
    settle(bench);
    assert_true(aws_link_due_ns(bench->link) > bench->now.boot_ns);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(our_configuration_comes_before_the_environment_the_profile_and_the_place),
        TEST(it_waits_for_the_region_and_says_so_after_ten_seconds),
        TEST(where_nobody_is_asked_a_region_is_missed_at_once),
        TEST(an_endpoint_that_is_none_is_said_once_and_for_good),
        TEST(what_is_not_encrypted_is_said),
        TEST(without_keys_it_is_not_ready_and_says_why),
        TEST(keys_of_a_role_are_asked_for_in_the_region),
        TEST(clocks_that_are_apart_are_said_once_and_once_when_they_agree_again),
        TEST(it_does_not_ask_to_be_woken_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
