// SPDX-License-Identifier: Apache-2.0
// When a client tries again, how often, and what may have come of the attempts that failed.
#include "unit/aws_client_bench.h"

#define THROTTLED "x-amzn-errortype: ThrottlingException\n"

// Busy until the rest is over, which lasts up to `most_ms`; then the next attempt is sent. The
// rest.
static uint64_t assert_rest(struct bench *bench, uint64_t least_ms, uint64_t most_ms)
{
    size_t n_before = bench->http.n_requests;
    assert_int_equal(work(bench), AWS_BUSY);
    uint64_t due_ns = aws_client_due_ns(bench->client);
    if (bench->http.n_requests > n_before) { // a rest of nothing
        assert_int_equal(least_ms, 0);
        return 0;
    }
    uint64_t rest_ns = due_ns - bench->now.boot_ns;
    assert_in_range(rest_ns, least_ms * NS_PER_MS, most_ms * NS_PER_MS);
    bench->now.boot_ns = due_ns - 1;
    assert_int_equal(work(bench), AWS_BUSY);
    assert_int_equal(bench->http.n_requests, n_before);
    bench->now.boot_ns = due_ns;
    assert_int_equal(work(bench), AWS_BUSY);
    assert_int_equal(bench->http.n_requests, n_before + 1);
    return rest_ns;
}

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void it_tries_three_times_and_rests_in_between(void **state)
{
    static const struct {
        struct scripted_answer answer;
        uint64_t first_ms, second_ms;
    } rows[] = {{{.outcome = HTTP_ANSWERED, .status = 400, .headers = THROTTLED}, 1000, 2000},
        {{.outcome = HTTP_ANSWERED, .status = 503}, 50, 100},
        {{.outcome = HTTP_UNREACHABLE}, 50, 100}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t first_ns = 0, second_ns = 0; // the longest
        for (uint64_t seed = 0; seed < 50; seed++) {
            struct bench *bench;
            bench_set_up((void **)&bench);
            bench->setting.seed = seed;
            bench_start(bench);
            script_one(bench, &rows[i].answer);
            send(bench);
            work(bench);
            first_ns = max(first_ns, assert_rest(bench, 0, rows[i].first_ms));
            second_ns = max(second_ns, assert_rest(bench, 0, rows[i].second_ms));
            assert_int_equal(work(bench), AWS_FAILED);
            assert_int_equal(bench->answer.n_attempts, 3);
            assert_int_equal(bench->http.n_requests, 3);
            bench_tear_down((void **)&bench);
        }
        assert_in_range(first_ns, rows[i].first_ms * NS_PER_MS / 2, UINT64_MAX);
        assert_in_range(second_ns, rows[i].second_ms * NS_PER_MS / 2, UINT64_MAX);
    }
}

static void rests_follow_the_seed(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer throttled = fault(400, THROTTLED);
    uint64_t rests_ns[3];
    script_one(bench, &throttled);
    for (uint64_t i = 0; i < 3; i++) {
        bench->setting.seed = i / 2;
        bench_start(bench);
        send(bench);
        work(bench);
        work(bench);
        rests_ns[i] = aws_client_due_ns(bench->client) - bench->now.boot_ns;
    }
    assert_int_equal(rests_ns[0], rests_ns[1]);
    assert_int_not_equal(rests_ns[0], rests_ns[2]);
}

static void the_service_may_say_how_long(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer throttled = fault(400, THROTTLED "x-amz-retry-after: 4000\n");
    script_one(bench, &throttled);
    send(bench);
    work(bench);
    assert_rest(bench, 4000, 4000);
}

static void each_attempt_has_its_number(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer throttled = fault(400, THROTTLED);
    script_one(bench, &throttled);
    assert_int_equal(ask(bench), AWS_FAILED);
    assert_header(sent(bench, 0), "amz-sdk-request", "attempt=1; max=3");
    assert_header(sent(bench, 1), "amz-sdk-request", "attempt=2; max=3");
    assert_header(sent(bench, 2), "amz-sdk-request", "attempt=3; max=3");
}

static void each_attempt_is_signed_anew(void **state)
{
    struct bench *bench = *state;
    char first[HEADER_MAX], second[HEADER_MAX];
    script(bench,
        (struct scripted_answer[]){fault(400, THROTTLED "x-amz-retry-after: 4000\n"), *DONE}, 2);
    send(bench);
    work(bench);
    assert_int_equal(work(bench), AWS_BUSY);
    bench->source.keys = &bench_fresh_keys;
    pass(bench, 61000);
    assert_int_equal(settle(bench), AWS_DONE);
    assert_header(sent(bench, 0), "X-Amz-Date", "20261121T100000Z");
    assert_header(sent(bench, 1), "X-Amz-Date", "20261121T100101Z");
    assert_header(sent(bench, 0), "X-Amz-Security-Token", BENCH_TOKEN);
    assert_header(sent(bench, 1), "X-Amz-Security-Token", "FRESHTOKEN");
    header_of(sent(bench, 0), "Authorization", first);
    header_of(sent(bench, 1), "Authorization", second);
    assert_non_null(strstr(first, "Credential=AKIDEXAMPLE/20261121/"));
    assert_non_null(strstr(second, "Credential=AKIDFRESH/20261121/"));
    assert_memory_equal(sent(bench, 1)->body, BENCH_BODY, sizeof(BENCH_BODY) - 1);
}

static void a_retry_that_is_answered_well_is_done(void **state)
{
    struct bench *bench = *state;
    script(bench,
        (struct scripted_answer[]){{.outcome = HTTP_UNRESOLVED},
            {.outcome = HTTP_ANSWERED,
                .status = 400,
                .body = "{\"__type\":\"Throttling\",\"message\":\"Rate exceeded\"}"},
            *DONE},
        3);
    assert_int_equal(ask(bench), AWS_DONE);
    assert_int_equal(bench->answer.status, 200);
    assert_int_equal(bench->answer.n_attempts, 3);
    assert_string_equal(bench->answer.body, "{}");
    assert_string_equal(bench->answer.code, "");
    assert_string_equal(bench->answer.message, "");
}

static void the_last_failure_is_told(void **state)
{
    struct bench *bench = *state;
    script(bench,
        (struct scripted_answer[]){
            fault(500, NULL), fault(400, THROTTLED), {.outcome = HTTP_SILENT}},
        3);
    assert_int_equal(ask(bench), AWS_FAILED);
    assert_int_equal(bench->answer.status, 0);
    assert_null(bench->answer.body);
    assert_string_equal(bench->answer.code, "");
    assert_string_equal(bench->answer.message, "as the script says");
}

static void an_error_for_good_ends_the_retries(void **state)
{
    struct bench *bench = *state;
    script(bench,
        (struct scripted_answer[]){
            fault(500, NULL), fault(400, "x-amzn-errortype: MissingParameter\n")},
        2);
    assert_int_equal(ask(bench), AWS_REFUSED);
    assert_int_equal(bench->answer.n_attempts, 2);
}

// 500 tokens are 35 retries at 14; two of them a request while they last.
static void a_service_in_trouble_is_asked_once_in_the_end(void **state)
{
    struct bench *bench = *state;
    script_one(bench, &(struct scripted_answer){.outcome = HTTP_UNREACHABLE});
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(ask(bench), AWS_FAILED);
    assert_int_equal(bench->http.n_requests, 100 + 35);
    assert_int_equal(bench->answer.n_attempts, 1);
}

// Fourteen successes pay for a retry: ten tokens are left of the 500, and four are missing.
static void successes_refill_the_bucket(void **state)
{
    static const struct scripted_answer away = {.outcome = HTTP_UNREACHABLE};
    struct bench *bench = *state;
    script_one(bench, &away);
    for (size_t i = 0; i < 20; i++)
        ask(bench);
    for (size_t i = 0; i < 4; i++) {
        script_one(bench, &away);
        assert_int_equal(ask(bench), AWS_FAILED);
        assert_int_equal(bench->answer.n_attempts, 1);
        script_one(bench, DONE);
        assert_int_equal(ask(bench), AWS_DONE);
    }
    script_one(bench, &away);
    assert_int_equal(ask(bench), AWS_FAILED);
    assert_int_equal(bench->answer.n_attempts, 2);
}

static void a_retry_that_helped_is_paid_back(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < 200; i++) {
        script(bench, (struct scripted_answer[]){{.outcome = HTTP_UNREACHABLE}, *DONE}, 2);
        assert_int_equal(ask(bench), AWS_DONE);
        assert_int_equal(bench->answer.n_attempts, 2);
    }
}

static void what_may_have_arrived_is_told_of_any_attempt_that_failed(void **state)
{
    static const struct scripted_answer lost = {.outcome = HTTP_SILENT},
                                        unsent = {.outcome = HTTP_UNREACHABLE},
                                        broken = {.outcome = HTTP_BROKEN},
                                        large = {.outcome = HTTP_TOO_LARGE},
                                        done = {.outcome = HTTP_ANSWERED, .status = 200};
    const struct {
        struct scripted_answer answers[3];
        bool may_have_arrived;
    } rows[] = {{{done}, false}, {{lost, done}, true}, {{unsent, done}, false},
        {{broken, unsent, done}, true}, {{unsent, broken, done}, true},
        {{unsent, unsent, unsent}, false}, {{lost, unsent, unsent}, true},
        {{unsent, unsent, lost}, true}, {{large}, true}, {{fault(500, NULL), done}, true},
        {{fault(502, NULL), done}, true}, {{fault(504, NULL), done}, true},
        {{fault(503, NULL), done}, false}, {{fault(400, THROTTLED), done}, false},
        {{fault(500, THROTTLED), done}, false}, {{fault(400, NULL)}, false},
        {{lost, fault(400, NULL)}, true}, {{lost, fault(503, NULL), done}, true},
        {{fault(500, NULL), fault(503, NULL), done}, true}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        script(bench, rows[i].answers, 3);
        ask(bench);
        assert_int_equal(bench->answer.may_have_arrived, rows[i].may_have_arrived);
        bench_tear_down((void **)&bench);
    }
}

// An attempt that the connection made of two.
static void an_answer_to_what_went_out_twice_leaves_the_doubt(void **state)
{
    struct bench *bench = *state;
    script_one(bench,
        &(struct scripted_answer){.outcome = HTTP_ANSWERED,
            .status = 200,
            .is_fresh_connection = true,
            .is_repeated = true});
    assert_int_equal(ask(bench), AWS_DONE);
    assert_true(bench->answer.may_have_arrived);
    assert_int_equal(bench->answer.n_connections, 1);
    script_one(bench, DONE);
    assert_int_equal(ask(bench), AWS_DONE);
    assert_false(bench->answer.may_have_arrived);
    assert_int_equal(bench->answer.n_connections, 0);
}

static void what_may_have_arrived_is_of_one_request(void **state)
{
    struct bench *bench = *state;
    script(bench, (struct scripted_answer[]){{.outcome = HTTP_SILENT}, *DONE}, 2);
    assert_int_equal(ask(bench), AWS_DONE);
    assert_true(bench->answer.may_have_arrived);
    assert_int_equal(ask(bench), AWS_DONE);
    assert_false(bench->answer.may_have_arrived);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_tries_three_times_and_rests_in_between),
        TEST(rests_follow_the_seed),
        TEST(the_service_may_say_how_long),
        TEST(each_attempt_has_its_number),
        TEST(each_attempt_is_signed_anew),
        TEST(a_retry_that_is_answered_well_is_done),
        TEST(the_last_failure_is_told),
        TEST(an_error_for_good_ends_the_retries),
        TEST(a_service_in_trouble_is_asked_once_in_the_end),
        TEST(successes_refill_the_bucket),
        TEST(a_retry_that_helped_is_paid_back),
        TEST(what_may_have_arrived_is_told_of_any_attempt_that_failed),
        TEST(an_answer_to_what_went_out_twice_leaves_the_doubt),
        TEST(what_may_have_arrived_is_of_one_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
