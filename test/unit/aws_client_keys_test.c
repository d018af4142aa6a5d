// SPDX-License-Identifier: Apache-2.0
// Keys that come late or have expired, and a clock that is wrong.
#include "unit/aws_client_bench.h"

#define EXPIRED "x-amzn-errortype: ExpiredTokenException\n"
#define AT_TEN  "Date: Sat, 21 Nov 2026 10:00:00 GMT\n"
#define AT_NINE "Date: Sat, 21 Nov 2026 09:00:00 GMT\n"
#define HOUR_MS INT64_C(3600000)
#define UNKNOWN "x-amzn-errortype: InvalidSignatureException\n"

// --- Keys ---

static void without_keys_it_waits(void **state)
{
    struct bench *bench = *state;
    script_one(bench, DONE);
    bench->source.keys = NULL;
    send(bench);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(work(bench), AWS_BUSY);
        assert_int_equal(aws_client_due_ns(bench->client), UINT64_MAX);
        pass(bench, 60000);
    }
    assert_int_equal(bench->http.n_requests, 0);
    bench->source.keys = &bench_first_keys;
    assert_int_equal(settle(bench), AWS_DONE);
    assert_header(sent(bench, 0), "X-Amz-Date", "20261121T114000Z");
    assert_int_equal(bench->answer.n_attempts, 1);
    assert_int_equal(bench->source.n_refused, 0);
}

static void keys_that_no_header_may_hold_are_none(void **state)
{
    static const struct sigv4_keys evil = {"AKID\r\nX-Evil: 1", BENCH_SECRET, NULL};
    struct bench *bench = *state;
    bench->source.keys = &evil;
    send(bench);
    assert_int_equal(settle(bench), AWS_BUSY);
    assert_int_equal(bench->http.n_requests, 0);
}

static void expired_keys_are_refused_and_fresh_ones_used(void **state)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException",
        "InvalidClientTokenId", "UnrecognizedClientException"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        scoped_free char *headers = xasprintf("x-amzn-errortype: %s\n", codes[i]);
        script(bench, (struct scripted_answer[]){fault(400, headers), *DONE}, 2);
        bench->source.next = &bench_fresh_keys;
        send(bench);
        assert_int_equal(work(bench), AWS_BUSY);
        assert_int_equal(work(bench), AWS_BUSY); // no rest
        assert_int_equal(bench->http.n_requests, 2);
        assert_int_equal(work(bench), AWS_DONE);
        assert_int_equal(bench->source.n_refused, 1);
        assert_int_equal(bench->answer.n_attempts, 2);
        assert_header(sent(bench, 1), "X-Amz-Security-Token", "FRESHTOKEN");
        bench_tear_down((void **)&bench);
    }
}

static void it_waits_ten_seconds_for_fresh_keys(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer expired = fault(400, EXPIRED);
    script_one(bench, &expired);
    bench->source.has_none_meanwhile = true;
    send(bench);
    work(bench);
    uint64_t start_ns = bench->now.boot_ns;
    assert_int_equal(work(bench), AWS_BUSY);
    assert_int_equal(aws_client_due_ns(bench->client), start_ns + 10 * NS_PER_S);
    bench->now.boot_ns = start_ns + 10 * NS_PER_S - 1;
    assert_int_equal(work(bench), AWS_BUSY);
    bench->now.boot_ns++;
    assert_int_equal(work(bench), AWS_EXPIRED);
    assert_int_equal(bench->source.n_refused, 1);
    assert_int_equal(bench->http.n_requests, 1);
    assert_int_equal(bench->answer.status, 400);
    assert_string_equal(bench->answer.code, "ExpiredTokenException");
    assert_string_equal(bench->answer.body, "");
}

static void fresh_keys_may_come_at_the_last_moment(void **state)
{
    struct bench *bench = *state;
    script(bench, (struct scripted_answer[]){fault(400, EXPIRED), *DONE}, 2);
    bench->source.has_none_meanwhile = true;
    send(bench);
    work(bench);
    work(bench);
    pass(bench, 9999);
    bench->source.keys = &bench_fresh_keys;
    assert_int_equal(settle(bench), AWS_DONE);
    assert_int_equal(bench->http.n_requests, 2);
}

// The metadata service's keys go on being given out while there are no others.
static void keys_that_were_refused_are_not_used_meanwhile(void **state)
{
    struct bench *bench = *state;
    struct sigv4_keys copy = bench_first_keys;
    struct scripted_answer expired = fault(400, EXPIRED);
    script_one(bench, &expired);
    bench->source.next = &copy; // the same, elsewhere
    assert_int_equal(ask(bench), AWS_EXPIRED);
    assert_int_equal(bench->http.n_requests, 1);
    assert_int_equal(bench->source.n_refused, 1);
    assert_int_equal(ask(bench), AWS_EXPIRED); // another request may try them
    assert_int_equal(bench->http.n_requests, 2);
}

static void any_part_of_the_keys_makes_them_others(void **state)
{
    static const struct sigv4_keys others[] = {{"AKIDEXAMPLF", BENCH_SECRET, BENCH_TOKEN},
        {"AKIDEXAMPLE", "another-secret", BENCH_TOKEN}, {"AKIDEXAMPLE", BENCH_SECRET, "another"},
        {"AKIDEXAMPLE", BENCH_SECRET, NULL}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        script(bench, (struct scripted_answer[]){fault(400, EXPIRED), *DONE}, 2);
        bench->source.next = &others[i];
        assert_int_equal(ask(bench), AWS_DONE);
        assert_int_equal(bench->http.n_requests, 2);
        bench_tear_down((void **)&bench);
    }
}

static void fresh_keys_that_are_refused_too_are_the_end(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer expired = fault(400, EXPIRED);
    script_one(bench, &expired);
    bench->source.next = &bench_fresh_keys;
    assert_int_equal(ask(bench), AWS_EXPIRED);
    assert_int_equal(bench->http.n_requests, 2);
    assert_int_equal(bench->source.n_refused, 1);
}

// They were renewed while the attempt was under way.
static void keys_that_are_fresh_already_are_not_refused(void **state)
{
    struct bench *bench = *state;
    script(bench, (struct scripted_answer[]){fault(400, EXPIRED), *DONE}, 2);
    bench->http.is_held = true;
    send(bench);
    work(bench);
    bench->source.keys = &bench_fresh_keys;
    bench->http.is_held = false;
    assert_int_equal(settle(bench), AWS_DONE);
    assert_int_equal(bench->source.n_refused, 0);
    assert_header(sent(bench, 1), "X-Amz-Security-Token", "FRESHTOKEN");
}

static void keys_may_be_renewed_after_the_last_attempt(void **state)
{
    struct bench *bench = *state;
    script(bench,
        (struct scripted_answer[]){fault(500, NULL), fault(500, NULL), fault(400, EXPIRED), *DONE},
        4);
    bench->source.next = &bench_fresh_keys;
    assert_int_equal(ask(bench), AWS_DONE);
    assert_int_equal(bench->answer.n_attempts, 4);
}

static void the_attempt_with_fresh_keys_may_be_tried_again(void **state)
{
    struct bench *bench = *state;
    script(bench, (struct scripted_answer[]){fault(400, EXPIRED), fault(500, NULL), *DONE}, 3);
    bench->source.next = &bench_fresh_keys;
    assert_int_equal(ask(bench), AWS_DONE);
    assert_int_equal(bench->answer.n_attempts, 3);
}

// Keys that go away later are waited for as at the start, not as after a refusal.
static void the_wait_for_fresh_keys_ends_with_them(void **state)
{
    struct bench *bench = *state;
    script(bench, (struct scripted_answer[]){fault(400, EXPIRED), fault(503, NULL), *DONE}, 3);
    bench->source.next = &bench_fresh_keys;
    send(bench);
    work(bench);
    work(bench);
    assert_int_equal(bench->http.n_requests, 2);
    bench->source.keys = NULL;
    pass(bench, 20000);
    assert_int_equal(settle(bench), AWS_BUSY);
    pass(bench, 20000);
    assert_int_equal(settle(bench), AWS_BUSY);
    bench->source.keys = &bench_fresh_keys;
    assert_int_equal(settle(bench), AWS_DONE);
}

// STS says it of the token in the body.
static void what_is_not_signed_has_no_keys_to_renew(void **state)
{
    struct bench *bench = *state;
    bench->setting.keys = NULL;
    bench_start(bench);
    struct scripted_answer expired = fault(400, EXPIRED);
    script_one(bench, &expired);
    send(bench);
    work(bench);
    assert_int_equal(work(bench), AWS_EXPIRED);
    assert_int_equal(bench->http.n_requests, 1);
}

static void a_signature_that_is_wrong_at_the_right_time_is_of_wrong_keys(void **state)
{
    struct bench *bench = *state;
    script(bench, (struct scripted_answer[]){fault(403, UNKNOWN AT_TEN), *DONE}, 2);
    bench->source.next = &bench_fresh_keys;
    assert_int_equal(ask(bench), AWS_DONE);
    assert_int_equal(bench->source.n_refused, 1);
    assert_int_equal(bench->http.n_requests, 2);
}

// --- The clock ---

static void the_service_s_time_is_learned_from_every_answer(void **state)
{
    static const struct {
        long status;
        const char *headers;
        int64_t skew_ms;
    } rows[] = {{200, AT_NINE, -HOUR_MS}, {400, "date: Sat, 21 Nov 2026 10:02:00 GMT\n", 120000},
        {302, AT_NINE, -HOUR_MS}, {200, AT_NINE "Age: 5\n", 0}, {200, "Date: now\n", 0},
        {200, NULL, 0}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        struct scripted_answer answer = fault(rows[i].status, rows[i].headers);
        script_one(bench, &answer);
        assert_int_equal(aws_client_skew_ms(bench->client), 0);
        ask(bench);
        assert_int_equal(aws_client_skew_ms(bench->client), rows[i].skew_ms);
        bench_tear_down((void **)&bench);
    }
}

static void the_next_request_is_signed_in_the_service_s_time(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer answer = fault(200, AT_NINE);
    script_one(bench, &answer);
    ask(bench);
    pass(bench, 5000);
    ask(bench);
    assert_header(sent(bench, 0), "X-Amz-Date", "20261121T100000Z");
    assert_header(sent(bench, 1), "X-Amz-Date", "20261121T090005Z");
}

// The date is of the middle of the way there and back.
static void the_time_on_the_way_is_split(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer answer = fault(200, "Date: Sat, 21 Nov 2026 10:00:02 GMT\n");
    script_one(bench, &answer);
    bench->http.is_held = true;
    send(bench);
    work(bench);
    pass(bench, 4000);
    bench->http.is_held = false;
    assert_int_equal(settle(bench), AWS_DONE);
    assert_int_equal(aws_client_skew_ms(bench->client), 0);
}

static void with_a_wrong_clock_it_signs_again(void **state)
{
    static const char *const codes[] = {"RequestExpired", "RequestTimeTooSkewed",
        "RequestInTheFuture", "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",
        "AccessDeniedException"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        scoped_free char *headers = xasprintf("x-amzn-errortype: %s\n" AT_NINE, codes[i]);
        script(bench, (struct scripted_answer[]){fault(403, headers), *DONE}, 2);
        assert_int_equal(ask(bench), AWS_DONE);
        assert_int_equal(bench->http.n_requests, 2);
        assert_header(sent(bench, 0), "X-Amz-Date", "20261121T100000Z");
        assert_header(sent(bench, 1), "X-Amz-Date", "20261121T090000Z");
        assert_int_equal(bench->source.n_refused, 0);
        bench_tear_down((void **)&bench);
    }
}

// Four minutes and less are not the reason, nor is a skew that was signed with.
static void with_a_clock_that_is_not_the_reason_it_does_not(void **state)
{
    static const struct {
        const char *type, *date;
        enum aws_outcome outcome;
    } rows[] = {{"RequestExpired", AT_TEN, AWS_FAILED},
        {"RequestTimeTooSkewed", "Date: Sat, 21 Nov 2026 10:04:00 GMT\n", AWS_FAILED},
        {"RequestInTheFuture", "", AWS_FAILED},
        {"RequestTimeTooSkewed", AT_NINE "Age: 0\n", AWS_FAILED},
        {"AccessDeniedException", AT_TEN, AWS_DENIED}, {"AccessDenied", "", AWS_DENIED}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        scoped_free char *headers = xasprintf(
            "x-amzn-errortype: %s\n%s", rows[i].type, rows[i].date);
        struct scripted_answer answer = fault(403, headers);
        script_one(bench, &answer);
        assert_int_equal(ask(bench), rows[i].outcome);
        assert_int_equal(bench->http.n_requests, 1);
        bench_tear_down((void **)&bench);
    }
}

static void a_clock_error_in_the_service_s_time_is_the_end(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer skewed = fault(403, "x-amzn-errortype: RequestTimeTooSkewed\n" AT_NINE);
    script_one(bench, &skewed);
    assert_int_equal(ask(bench), AWS_FAILED);
    assert_int_equal(bench->http.n_requests, 2);
    assert_int_equal(ask(bench), AWS_FAILED);
    assert_int_equal(bench->http.n_requests, 3);
}

static void denied_in_the_service_s_time_is_denied(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer denied = fault(403, "x-amzn-errortype: AccessDeniedException\n" AT_NINE);
    script_one(bench, &denied);
    assert_int_equal(ask(bench), AWS_DENIED);
    assert_int_equal(bench->http.n_requests, 2);
}

static void a_clock_that_was_set_right_is_noticed(void **state)
{
    struct bench *bench = *state;
    script(bench,
        (struct scripted_answer[]){
            fault(200, AT_NINE), fault(400, "x-amzn-errortype: RequestExpired\n" AT_NINE), *DONE},
        3);
    assert_int_equal(ask(bench), AWS_DONE);
    bench->now.wall_ms -= HOUR_MS;
    assert_int_equal(ask(bench), AWS_DONE);
    assert_header(sent(bench, 1), "X-Amz-Date", "20261121T080000Z");
    assert_header(sent(bench, 2), "X-Amz-Date", "20261121T090000Z");
    assert_int_equal(aws_client_skew_ms(bench->client), 0);
}

static void signing_again_is_one_of_the_three_attempts(void **state)
{
    struct bench *bench = *state;
    script(bench,
        (struct scripted_answer[]){fault(500, NULL), fault(500, NULL),
            fault(400, "x-amzn-errortype: RequestExpired\n" AT_NINE), *DONE},
        4);
    assert_int_equal(ask(bench), AWS_FAILED);
    assert_int_equal(bench->http.n_requests, 3);
    assert_int_equal(ask(bench), AWS_DONE);
    assert_header(sent(bench, 3), "X-Amz-Date", "20261121T090000Z");
}

static void what_is_not_signed_has_no_time(void **state)
{
    struct bench *bench = *state;
    bench->setting.keys = NULL;
    bench_start(bench);
    struct scripted_answer denied = fault(403, "x-amzn-errortype: AccessDenied\n" AT_NINE);
    script_one(bench, &denied);
    assert_int_equal(ask(bench), AWS_DENIED);
    assert_int_equal(bench->http.n_requests, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_keys_it_waits),
        TEST(keys_that_no_header_may_hold_are_none),
        TEST(expired_keys_are_refused_and_fresh_ones_used),
        TEST(it_waits_ten_seconds_for_fresh_keys),
        TEST(fresh_keys_may_come_at_the_last_moment),
        TEST(keys_that_were_refused_are_not_used_meanwhile),
        TEST(any_part_of_the_keys_makes_them_others),
        TEST(fresh_keys_that_are_refused_too_are_the_end),
        TEST(keys_that_are_fresh_already_are_not_refused),
        TEST(keys_may_be_renewed_after_the_last_attempt),
        TEST(the_attempt_with_fresh_keys_may_be_tried_again),
        TEST(the_wait_for_fresh_keys_ends_with_them),
        TEST(what_is_not_signed_has_no_keys_to_renew),
        TEST(a_signature_that_is_wrong_at_the_right_time_is_of_wrong_keys),
        TEST(the_service_s_time_is_learned_from_every_answer),
        TEST(the_next_request_is_signed_in_the_service_s_time),
        TEST(the_time_on_the_way_is_split),
        TEST(with_a_wrong_clock_it_signs_again),
        TEST(with_a_clock_that_is_not_the_reason_it_does_not),
        TEST(a_clock_error_in_the_service_s_time_is_the_end),
        TEST(denied_in_the_service_s_time_is_denied),
        TEST(a_clock_that_was_set_right_is_noticed),
        TEST(signing_again_is_one_of_the_three_attempts),
        TEST(what_is_not_signed_has_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
