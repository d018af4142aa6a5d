// SPDX-License-Identifier: Apache-2.0
// What can be wrong with the metadata service: told apart, said once, and rests that grow.
#include "unit/imds_bench.h"

#define KEY "meta-data/mac"

static void assert_trouble(struct bench *bench, enum imds_trouble trouble)
{
    assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
    assert_int_equal(bench->imds.trouble, trouble);
    assert_null(bench->answer.body);
    assert_false(imds_is_ready(&bench->imds, &bench->now));
}

static void each_status_has_its_meaning(void **state)
{
    static const struct {
        const char *method, *path;
        long status;
        enum imds_trouble trouble;
    } cases[] = {{"PUT", SCRIPTED_TOKEN_PATH, 403, IMDS_DISABLED}, {"GET", KEY, 403, IMDS_DISABLED},
        {"PUT", SCRIPTED_TOKEN_PATH, 404, IMDS_FOREIGN},
        {"PUT", SCRIPTED_TOKEN_PATH, 405, IMDS_FOREIGN},
        {"PUT", SCRIPTED_TOKEN_PATH, 400, IMDS_FOREIGN},
        {"PUT", SCRIPTED_TOKEN_PATH, 301, IMDS_FOREIGN},
        {"PUT", SCRIPTED_TOKEN_PATH, 429, IMDS_THROTTLED}, {"GET", KEY, 429, IMDS_THROTTLED},
        {"PUT", SCRIPTED_TOKEN_PATH, 503, IMDS_THROTTLED}, {"GET", KEY, 503, IMDS_THROTTLED},
        {"PUT", SCRIPTED_TOKEN_PATH, 500, IMDS_BROKEN}, {"GET", KEY, 500, IMDS_BROKEN},
        {"GET", KEY, 302, IMDS_BROKEN}, {"GET", KEY, 400, IMDS_BROKEN},
        {"GET", KEY, 0, IMDS_BROKEN}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        answer_with(bench, cases[i].method, cases[i].path, cases[i].status);
        assert_int_equal(ask(bench, KEY), IMDS_FAILED);
        assert_int_equal(bench->imds.trouble, cases[i].trouble);
        assert_false(imds_is_ready(&bench->imds, &bench->now));
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

static void each_end_without_an_answer_has_its_meaning(void **state)
{
    static const struct {
        const char *method, *path;
        enum http_outcome outcome;
        enum imds_trouble trouble;
    } cases[] = {{"PUT", SCRIPTED_TOKEN_PATH, HTTP_UNREACHABLE, IMDS_UNREACHABLE},
        {"PUT", SCRIPTED_TOKEN_PATH, HTTP_NO_CONTACT, IMDS_UNREACHABLE},
        {"PUT", SCRIPTED_TOKEN_PATH, HTTP_UNRESOLVED, IMDS_UNREACHABLE},
        {"PUT", SCRIPTED_TOKEN_PATH, HTTP_SILENT, IMDS_HOP_LIMIT},
        {"PUT", SCRIPTED_TOKEN_PATH, HTTP_BROKEN, IMDS_BROKEN},
        {"PUT", SCRIPTED_TOKEN_PATH, HTTP_TOO_LARGE, IMDS_FOREIGN},
        {"PUT", SCRIPTED_TOKEN_PATH, HTTP_UNTRUSTED, IMDS_BROKEN},
        {"GET", KEY, HTTP_UNREACHABLE, IMDS_UNREACHABLE}, {"GET", KEY, HTTP_SILENT, IMDS_SILENT},
        {"GET", KEY, HTTP_BROKEN, IMDS_BROKEN}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        end_with(bench, cases[i].method, cases[i].path, cases[i].outcome);
        assert_int_equal(ask(bench, KEY), IMDS_FAILED);
        assert_int_equal(bench->imds.trouble, cases[i].trouble);
        bench_tear_down((void **)&bench);
    }
    (void)state;
}

// The hop limit does not change for who has had a token.
static void a_token_that_does_not_come_later_is_no_hop_limit(void **state)
{
    struct bench *bench = *state;
    bench->imds.token_ttl_s = 600;
    ask(bench, KEY);
    pass(bench, 600 * SECOND_MS);
    end_with(bench, "PUT", SCRIPTED_TOKEN_PATH, HTTP_SILENT);
    assert_trouble(bench, IMDS_SILENT);
}

static void failures_never_bring_a_get_without_a_token(void **state)
{
    struct bench *bench = *state;
    scripted_http_break(&bench->http, &(struct scripted_answer){.outcome = HTTP_SILENT});
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
    assert_int_equal(n_gets(bench), 0);
    assert_int_equal(n_puts(bench), 50);
}

// Step by hand: 1 s doubling to 60 s, of which at least a half.
static void rests_double_from_a_second_to_a_minute(void **state)
{
    static const uint64_t steps_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60, 60};
    struct bench *bench = *state;
    end_with(bench, "PUT", SCRIPTED_TOKEN_PATH, HTTP_UNREACHABLE);
    for (size_t i = 0; i < ARRAY_SIZE(steps_s); i++) {
        assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
        uint64_t rest_ns = imds_rests_until_ns(&bench->imds) - bench->now.boot_ns;
        assert_in_range(rest_ns, steps_s[i] * NS_PER_S / 2, steps_s[i] * NS_PER_S);
    }
}

static void nodes_of_a_fleet_do_not_rest_alike(void **state)
{
    uint64_t first_ns = 0;
    bool is_other = false;
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct bench *bench = *state;
        imds_finish(&bench->imds);
        imds_init(&bench->imds, &bench->http.base, SCRIPTED_ENDPOINT, seed);
        end_with(bench, "PUT", SCRIPTED_TOKEN_PATH, HTTP_UNREACHABLE);
        ask(bench, KEY);
        uint64_t rest_ns = imds_rests_until_ns(&bench->imds);
        is_other |= seed > 0 && rest_ns != first_ns;
        first_ns = seed == 0 ? rest_ns : first_ns;
    }
    assert_true(is_other);
}

static void after_its_patience_it_asks_every_five_minutes(void **state)
{
    struct bench *bench = *state;
    bench->imds.patience_ns = 300 * NS_PER_S;
    end_with(bench, "PUT", SCRIPTED_TOKEN_PATH, HTTP_UNREACHABLE);
    uint64_t start_ns = bench->now.boot_ns;
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
        uint64_t rest_ns = imds_rests_until_ns(&bench->imds) - bench->now.boot_ns;
        if (bench->now.boot_ns - start_ns < 300 * NS_PER_S)
            assert_in_range(rest_ns, NS_PER_S / 2, 60 * NS_PER_S);
        else
            assert_in_range(rest_ns, 150 * NS_PER_S, 300 * NS_PER_S);
    }
}

static void after_a_success_rests_begin_anew(void **state)
{
    struct bench *bench = *state;
    bench->imds.patience_ns = 30 * NS_PER_S;
    for (size_t round = 0; round < 3; round++) {
        scripted_http_break(&bench->http, &(struct scripted_answer){.outcome = HTTP_BROKEN});
        for (size_t i = 0; i < 10; i++)
            assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
        scripted_http_recover(&bench->http);
        assert_int_equal(ask_after_rest(bench, KEY), IMDS_ABSENT);
        assert_int_equal(bench->imds.trouble, IMDS_FINE);
        scripted_http_break(&bench->http, &(struct scripted_answer){.outcome = HTTP_BROKEN});
        assert_int_equal(ask(bench, KEY), IMDS_FAILED);
        assert_in_range(
            imds_rests_until_ns(&bench->imds) - bench->now.boot_ns, NS_PER_S / 2, NS_PER_S);
        scripted_http_recover(&bench->http);
        assert_int_equal(ask_after_rest(bench, KEY), IMDS_ABSENT);
    }
}

static void after_a_long_outage_rests_grow_to_a_minute_again(void **state)
{
    static const uint64_t steps_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
    struct bench *bench = *state;
    bench->imds.patience_ns = 300 * NS_PER_S;
    scripted_http_break(&bench->http, &(struct scripted_answer){.outcome = HTTP_BROKEN});
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
    scripted_http_recover(&bench->http);
    assert_int_equal(ask_after_rest(bench, KEY), IMDS_ABSENT);
    scripted_http_break(&bench->http, &(struct scripted_answer){.outcome = HTTP_BROKEN});
    for (size_t i = 0; i < ARRAY_SIZE(steps_s); i++) {
        assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
        uint64_t rest_ns = imds_rests_until_ns(&bench->imds) - bench->now.boot_ns;
        assert_in_range(rest_ns, steps_s[i] * NS_PER_S / 2, steps_s[i] * NS_PER_S);
    }
}

static void one_failure_is_not_worth_a_word(void **state)
{
    struct bench *bench = *state;
    end_with(bench, "PUT", SCRIPTED_TOKEN_PATH, HTTP_UNREACHABLE);
    assert_trouble(bench, IMDS_UNREACHABLE);
    assert_int_equal(log_catcher_lines(&bench->log), 0);
}

static void trouble_that_lasts_is_said_once_with_its_remedy(void **state)
{
    static const struct {
        struct scripted_answer answer;
        const char *words;
    } cases[] = {{{.outcome = HTTP_UNREACHABLE}, "identity.imds = off"},
        {{.outcome = HTTP_SILENT}, "--http-put-response-hop-limit 2"},
        {{.outcome = HTTP_ANSWERED, .status = 403}, "--http-endpoint enabled"},
        {{.outcome = HTTP_ANSWERED, .status = 503}, "is throttling"},
        {{.outcome = HTTP_ANSWERED, .status = 404}, "identity.imds_endpoint"},
        {{.outcome = HTTP_BROKEN}, "break off"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        scripted_http_answer(&bench->http, "PUT", SCRIPTED_TOKEN_PATH, &cases[i].answer);
        for (size_t k = 0; k < 30; k++)
            assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
        size_t n_lines = log_catcher_lines(&bench->log);
        size_t n_words = log_catcher_count(&bench->log, cases[i].words);
        size_t n_places = log_catcher_count(&bench->log, "<4>imds: http://imds.test: ");
        bench_tear_down((void **)&bench);
        assert_int_equal(n_lines, 1);
        assert_int_equal(n_words, 1);
        assert_int_equal(n_places, 1);
    }
    (void)state;
}

static void trouble_of_two_kinds_by_turns_is_said_once_each(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < 30; i++) {
        end_with(bench, "PUT", SCRIPTED_TOKEN_PATH, i % 2 == 0 ? HTTP_UNREACHABLE : HTTP_SILENT);
        assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
    }
    assert_int_equal(log_catcher_count(&bench->log, "nothing answers there"), 1);
    assert_int_equal(log_catcher_count(&bench->log, "hop limit"), 1);
    assert_int_equal(log_catcher_lines(&bench->log), 2);
}

static void when_it_answers_again_that_is_said_with_the_time(void **state)
{
    struct bench *bench = *state;
    scripted_http_break(&bench->http, &(struct scripted_answer){.outcome = HTTP_BROKEN});
    uint64_t start_ns = bench->now.boot_ns;
    assert_int_equal(ask(bench, KEY), IMDS_FAILED);
    assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
    scripted_http_recover(&bench->http);
    bench->now.boot_ns = start_ns + 192 * NS_PER_S;
    assert_int_equal(ask(bench, KEY), IMDS_ABSENT);
    assert_int_equal(log_catcher_count(&bench->log, "<6>imds: answers again after 3m12s\n"), 1);
    assert_int_equal(log_catcher_lines(&bench->log), 2);
    scripted_http_break(&bench->http, &(struct scripted_answer){.outcome = HTTP_BROKEN});
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ask_after_rest(bench, KEY), IMDS_FAILED);
    assert_int_equal(log_catcher_count(&bench->log, "break off"), 2); // a new outage is new
}

static void what_was_not_said_is_not_said_to_be_over(void **state)
{
    struct bench *bench = *state;
    scripted_http_break(&bench->http, &(struct scripted_answer){.outcome = HTTP_BROKEN});
    assert_int_equal(ask(bench, KEY), IMDS_FAILED);
    scripted_http_recover(&bench->http);
    assert_int_equal(ask_after_rest(bench, KEY), IMDS_ABSENT);
    assert_int_equal(log_catcher_lines(&bench->log), 0);
}

static void every_trouble_has_words(void **state)
{
    (void)state;
    for (enum imds_trouble i = IMDS_FINE; i <= IMDS_BROKEN; i++) {
        const char *text = imds_trouble_text(i);
        assert_true(strlen(text) > 5);
        for (enum imds_trouble k = IMDS_FINE; k < i; k++)
            assert_string_not_equal(imds_trouble_text(k), text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_status_has_its_meaning),
        TEST(each_end_without_an_answer_has_its_meaning),
        TEST(a_token_that_does_not_come_later_is_no_hop_limit),
        TEST(failures_never_bring_a_get_without_a_token),
        TEST(rests_double_from_a_second_to_a_minute),
        TEST(nodes_of_a_fleet_do_not_rest_alike),
        TEST(after_its_patience_it_asks_every_five_minutes),
        TEST(after_a_success_rests_begin_anew),
        TEST(after_a_long_outage_rests_grow_to_a_minute_again),
        TEST(one_failure_is_not_worth_a_word),
        TEST(trouble_that_lasts_is_said_once_with_its_remedy),
        TEST(trouble_of_two_kinds_by_turns_is_said_once_each),
        TEST(when_it_answers_again_that_is_said_with_the_time),
        TEST(what_was_not_said_is_not_said_to_be_over),
        TEST(every_trouble_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
