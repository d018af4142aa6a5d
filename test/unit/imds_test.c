// SPDX-License-Identifier: Apache-2.0
// Tokens, questions and answers of the metadata service's client. What goes wrong:
// imds_trouble_test.c.
#include "unit/imds_bench.h"

#define KEY "meta-data/mac"

// EC2 User Guide, "Use the Instance Metadata Service": PUT /latest/api/token with
// X-aws-ec2-metadata-token-ttl-seconds, then GETs with X-aws-ec2-metadata-token.
static void a_token_is_put_before_the_first_get(void **state)
{
    struct bench *bench = *state;
    scripted_http_key(&bench->http, KEY, "02:00:00:00:00:01");
    assert_int_equal(ask(bench, KEY), IMDS_VALUE);
    assert_int_equal(bench->http.n_requests, 2);
    const struct scripted_request *put = &bench->http.requests[0], *get = put + 1;
    assert_string_equal(put->method, "PUT");
    assert_string_equal(put->url, "http://imds.test/latest/api/token");
    assert_string_equal(put->headers, "X-aws-ec2-metadata-token-ttl-seconds: 21600\n");
    assert_string_equal(get->method, "GET");
    assert_string_equal(get->url, "http://imds.test/latest/meta-data/mac");
    assert_string_equal(get->headers, "X-aws-ec2-metadata-token: TOKEN-1\n");
    assert_int_equal(bench->imds.n_requests, 2);
}

static void an_answer_is_handed_on_as_it_is(void **state)
{
    struct bench *bench = *state;
    scripted_http_answer(&bench->http, "GET", KEY,
        &(struct scripted_answer){HTTP_ANSWERED, 200, "a\0b\xff\n", 5, 0});
    assert_int_equal(ask(bench, KEY), IMDS_VALUE);
    assert_int_equal(bench->answer.n_bytes, 5);
    assert_memory_equal(bench->answer.body, "a\0b\xff\n", 6);
}

static void an_empty_answer_is_one(void **state)
{
    struct bench *bench = *state;
    scripted_http_key(&bench->http, KEY, "");
    assert_int_equal(ask(bench, KEY), IMDS_VALUE);
    assert_int_equal(bench->answer.n_bytes, 0);
    assert_non_null(bench->answer.body);
}

static void requests_are_direct_and_bounded(void **state)
{
    struct bench *bench = *state;
    ask(bench, KEY);
    assert_int_equal(bench->http.n_requests, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct scripted_request *request = &bench->http.requests[i];
        assert_true(request->is_direct);
        assert_in_range(request->connect_ms, 1, 1000);
        assert_in_range(request->total_ms, 1, 2000);
        assert_int_equal(request->n_body_bytes, 0);
    }
    assert_int_equal(bench->http.requests[0].max_body_bytes, 1024);
    // User data has at most 16 KiB as it is told.
    assert_in_range(bench->http.requests[1].max_body_bytes, 16384, 65536);
}

static void the_token_serves_every_question(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(ask(bench, KEY), IMDS_ABSENT);
    assert_int_equal(n_puts(bench), 1);
    assert_int_equal(n_gets(bench), 100);
    assert_int_equal(bench->http.n_without_a_token, 0);
}

static void a_token_is_renewed_before_it_ends(void **state)
{
    struct bench *bench = *state;
    bench->imds.token_ttl_s = 600;
    ask(bench, KEY);
    pass(bench, 500 * SECOND_MS);
    ask(bench, KEY);
    assert_int_equal(n_puts(bench), 1);
    assert_string_equal(
        bench->http.requests[0].headers, "X-aws-ec2-metadata-token-ttl-seconds: 600\n");
    pass(bench, 99 * SECOND_MS); // it would be good for a second
    ask(bench, KEY);
    assert_int_equal(n_puts(bench), 2);
    assert_int_equal(bench->http.n_without_a_token, 0);
    assert_string_equal(
        scripted_http_last(&bench->http)->headers, "X-aws-ec2-metadata-token: TOKEN-2\n");
}

static void a_short_token_is_used_for_a_while_too(void **state)
{
    struct bench *bench = *state;
    bench->imds.token_ttl_s = 10;
    ask(bench, KEY);
    pass(bench, 4 * SECOND_MS);
    ask(bench, KEY);
    assert_int_equal(n_puts(bench), 1);
    pass(bench, 5 * SECOND_MS);
    ask(bench, KEY);
    assert_int_equal(n_puts(bench), 2);
}

static void a_day_of_questions_takes_five_tokens_at_most(void **state)
{
    struct bench *bench = *state;
    for (size_t minute = 0; minute < 24 * 60; minute++, pass(bench, 60 * SECOND_MS))
        assert_int_equal(ask(bench, KEY), IMDS_ABSENT);
    assert_in_range(n_puts(bench), 4, 5); // six hours each, less a little
    assert_int_equal(bench->http.n_without_a_token, 0);
}

static void a_token_that_was_forgotten_is_renewed_once(void **state)
{
    struct bench *bench = *state;
    scripted_http_key(&bench->http, KEY, "02:00:00:00:00:01");
    ask(bench, KEY);
    bench->http.has_forgotten_tokens = true;
    assert_int_equal(ask(bench, KEY), IMDS_VALUE);
    static const char *const methods[] = {"PUT", "GET", "GET", "PUT", "GET"};
    assert_int_equal(bench->http.n_requests, ARRAY_SIZE(methods));
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        assert_string_equal(bench->http.requests[i].method, methods[i]);
    assert_string_equal(bench->answer.body, "02:00:00:00:00:01");
    assert_int_equal(log_catcher_lines(&bench->log), 0);
}

static void each_question_may_renew_the_token(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ask(bench, KEY), IMDS_ABSENT);
        bench->http.has_forgotten_tokens = true;
    }
    assert_int_equal(n_puts(bench), 3);
}

static void a_second_401_is_trouble(void **state)
{
    struct bench *bench = *state;
    answer_with(bench, "GET", KEY, 401);
    assert_int_equal(ask(bench, KEY), IMDS_FAILED);
    assert_int_equal(bench->imds.trouble, IMDS_BROKEN);
    assert_int_equal(n_puts(bench), 2);
    assert_int_equal(n_gets(bench), 2);
    assert_false(imds_is_ready(&bench->imds, &bench->now));
}

static void a_key_that_is_not_there_is_an_answer(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(ask(bench, KEY), IMDS_ABSENT);
    assert_null(bench->answer.body);
    assert_true(imds_is_ready(&bench->imds, &bench->now));
    assert_int_equal(imds_rests_until_ns(&bench->imds), 0);
}

static void an_answer_that_is_too_large_stands_for_an_empty_one(void **state)
{
    struct bench *bench = *state;
    scoped_free char *large = xcalloc((10 << 20) + 1, 1);
    memset(large, 'x', 10 << 20);
    scripted_http_key(&bench->http, KEY, large);
    assert_int_equal(ask(bench, KEY), IMDS_TOO_LARGE);
    assert_string_equal(bench->answer.body, "");
    assert_int_equal(bench->answer.n_bytes, 0);
    assert_true(imds_is_ready(&bench->imds, &bench->now));
}

static void what_no_header_can_hold_is_no_token(void **state)
{
    static const struct scripted_answer tokens[] = {{HTTP_ANSWERED, 200, "a\r\nX-Evil: 1", 0, 0},
        {HTTP_ANSWERED, 200, "a\n", 0, 0}, {HTTP_ANSWERED, 200, "\r", 0, 0},
        {HTTP_ANSWERED, 200, "a\0b", 3, 0}, {HTTP_ANSWERED, 200, "a b", 0, 0},
        {HTTP_ANSWERED, 200, " ", 0, 0}, {HTTP_ANSWERED, 200, "a\tb", 0, 0},
        {HTTP_ANSWERED, 200, "", 0, 0}, {HTTP_ANSWERED, 200, "caf\xc3\xa9", 0, 0},
        {HTTP_ANSWERED, 200, "a\x7f", 0, 0}};
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
        scripted_http_answer(&bench->http, "PUT", SCRIPTED_TOKEN_PATH, &tokens[i]);
        assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
        assert_int_equal(bench->imds.trouble, IMDS_FOREIGN);
    }
    assert_int_equal(n_gets(bench), 0);
}

static void a_token_that_is_too_long_is_none(void **state)
{
    struct bench *bench = *state;
    char token[1026] = {0};
    memset(token, 't', 1025);
    struct scripted_answer answer = {HTTP_ANSWERED, 200, token, 0, 0};
    scripted_http_answer(&bench->http, "PUT", SCRIPTED_TOKEN_PATH, &answer);
    assert_int_equal(ask(bench, KEY), IMDS_FAILED);
    assert_int_equal(bench->imds.trouble, IMDS_FOREIGN);
    assert_int_equal(n_gets(bench), 0);
    token[1024] = '\0';
    scripted_http_answer(&bench->http, "PUT", SCRIPTED_TOKEN_PATH, &answer);
    ask_after_rest(bench, KEY);
    assert_int_equal(strlen(scripted_http_last(&bench->http)->headers),
        strlen("X-aws-ec2-metadata-token: ") + 1024 + 1);
}

static void nothing_is_new_while_the_answer_is_on_its_way(void **state)
{
    struct bench *bench = *state;
    bench->http.is_held = true;
    imds_ask(&bench->imds, &bench->now, KEY);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(imds_work(&bench->imds, &bench->now, &bench->answer), IMDS_NOTHING_NEW);
    assert_int_equal(bench->http.n_requests, 1);
    assert_false(imds_is_ready(&bench->imds, &bench->now));
    bench->http.is_held = false;
    assert_int_equal(settle(bench), IMDS_ABSENT);
    assert_int_equal(imds_work(&bench->imds, &bench->now, &bench->answer), IMDS_NOTHING_NEW);
}

static void the_last_answer_stays_until_the_next_question(void **state)
{
    struct bench *bench = *state;
    scripted_http_key(&bench->http, KEY, "first");
    ask(bench, KEY);
    const char *body = bench->answer.body;
    pass(bench, 3600 * SECOND_MS);
    assert_string_equal(body, "first"); // the address sanitizer sees what was freed
    assert_int_equal(bench->http.n_live, 1);
    imds_ask(&bench->imds, &bench->now, KEY);
    assert_int_equal(bench->http.n_live, 1);
}

static void it_may_be_finished_in_the_middle_of_a_question(void **state)
{
    struct bench *bench = *state;
    bench->http.is_held = true;
    imds_ask(&bench->imds, &bench->now, KEY);
    imds_finish(&bench->imds);
    assert_int_equal(bench->http.n_live, 0);
    imds_finish(&bench->imds);
    imds_finish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_put_before_the_first_get),
        TEST(an_answer_is_handed_on_as_it_is),
        TEST(an_empty_answer_is_one),
        TEST(requests_are_direct_and_bounded),
        TEST(the_token_serves_every_question),
        TEST(a_token_is_renewed_before_it_ends),
        TEST(a_short_token_is_used_for_a_while_too),
        TEST(a_day_of_questions_takes_five_tokens_at_most),
        TEST(a_token_that_was_forgotten_is_renewed_once),
        TEST(each_question_may_renew_the_token),
        TEST(a_second_401_is_trouble),
        TEST(a_key_that_is_not_there_is_an_answer),
        TEST(an_answer_that_is_too_large_stands_for_an_empty_one),
        TEST(what_no_header_can_hold_is_no_token),
        TEST(a_token_that_is_too_long_is_none),
        TEST(nothing_is_new_while_the_answer_is_on_its_way),
        TEST(the_last_answer_stays_until_the_next_question),
        TEST(it_may_be_finished_in_the_middle_of_a_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
