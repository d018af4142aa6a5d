// SPDX-License-Identifier: Apache-2.0
// Delays and the bucket. Numbers by hand from botocore's retries/standard.py, version 2.1: steps of
// 50 ms and 1 s that double up to 20 s, 14 and 5 of 500 tokens.
#include <string.h>

#include "aws/retry.h"
#include "support/unit.h"

#define N_SEEDS 2000

static bool take(struct aws_retry *retry, unsigned int n_attempts, bool is_throttled)
{
    uint64_t delay_ns;
    return aws_retry_take(retry,
        &(struct aws_retry_failure){.n_attempts = n_attempts, .is_throttled = is_throttled},
        &delay_ns);
}

static uint64_t delay_of(uint64_t seed, const struct aws_retry_failure *failure)
{
    struct aws_retry retry;
    uint64_t delay_ns = UINT64_MAX;
    aws_retry_init(&retry, seed);
    assert_true(aws_retry_take(&retry, failure, &delay_ns));
    return delay_ns;
}

// Full jitter: from nothing to all of the step, and evenly.
static void delays_are_spread_over_the_whole_step(void **state)
{
    static const struct {
        unsigned int n_attempts;
        bool is_throttled;
        uint64_t step_ms;
    } rows[] = {{1, false, 50}, {2, false, 100}, {3, false, 200}, {9, false, 12800},
        {10, false, 20000}, {100, false, 20000}, {1, true, 1000}, {2, true, 2000}, {5, true, 16000},
        {6, true, 20000}, {7, true, 20000}, {UINT32_MAX, true, 20000}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct aws_retry_failure failure = {
            .n_attempts = rows[i].n_attempts, .is_throttled = rows[i].is_throttled};
        uint64_t step_ns = rows[i].step_ms * NS_PER_MS;
        unsigned int n_in_tenth[10] = {0};
        for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
            uint64_t delay_ns = delay_of(seed, &failure);
            assert_in_range(delay_ns, 0, step_ns);
            n_in_tenth[delay_ns == step_ns ? 9 : delay_ns * 10 / step_ns]++;
        }
        for (size_t k = 0; k < 10; k++) // 200 each, and six deviations of 13.4
            assert_in_range(n_in_tenth[k], 119, 281);
    }
}

static void the_service_may_ask_for_five_seconds_more(void **state)
{
    static const struct {
        const char *after;
        uint64_t least_ms, most_ms; // beyond our own delay, which is up to a second
        bool is_exact;              // the delay is what was asked for
    } rows[] = {{"1000", 0, 1000, true}, {"3000", 2000, 3000, true}, {"5000", 4000, 5000, true},
        {"6001", 5000, 5000, false}, {"60000", 5000, 5000, false},
        {"18446744073709551615", 5000, 5000, false}, {"0", 0, 0, false}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (uint64_t seed = 0; seed < 200; seed++) {
            struct aws_retry_failure failure = {.n_attempts = 1, .is_throttled = true};
            uint64_t own_ns = delay_of(seed, &failure), delay_ns;
            failure.after = rows[i].after;
            delay_ns = delay_of(seed, &failure);
            assert_in_range(
                delay_ns - own_ns, rows[i].least_ms * NS_PER_MS, rows[i].most_ms * NS_PER_MS);
            if (rows[i].is_exact)
                assert_int_equal(delay_ns, strtoull(rows[i].after, NULL, 10) * NS_PER_MS);
        }
}

static void what_is_no_number_asks_for_nothing(void **state)
{
    static const char *const texts[] = {"", "soon", "-1", "1.5", "1000ms", " 1000", "0x10",
        "18446744073709551616", "Wed, 21 Oct 2026 07:28:00 GMT"};
    struct aws_retry_failure failure = {.n_attempts = 1};
    uint64_t own_ns = delay_of(7, &failure);
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        failure.after = texts[i];
        assert_int_equal(delay_of(7, &failure), own_ns);
    }
}

static unsigned int n_retries_of(bool is_throttled)
{
    struct aws_retry retry;
    unsigned int n = 0;
    aws_retry_init(&retry, 1);
    for (; take(&retry, 1, is_throttled); n++)
        aws_retry_begin(&retry);
    return n;
}

static void the_bucket_holds_500(void **state)
{
    (void)state;
    assert_int_equal(n_retries_of(false), 35); // 35 x 14 = 490
    assert_int_equal(n_retries_of(true), 100);
}

static void what_is_left_may_do_for_the_cheaper_one(void **state)
{
    struct aws_retry retry;
    (void)state;
    aws_retry_init(&retry, 1);
    for (int i = 0; i < 35; i++)
        assert_true(take(&retry, 1, false));
    assert_false(take(&retry, 1, false));
    assert_true(take(&retry, 1, true));
    assert_true(take(&retry, 1, true));
    assert_false(take(&retry, 1, true));
}

static void a_retry_that_is_not_had_costs_nothing(void **state)
{
    struct aws_retry retry;
    uint64_t delay_ns = 77;
    (void)state;
    aws_retry_init(&retry, 1);
    retry.n_tokens = 13;
    assert_false(aws_retry_take(&retry, &(struct aws_retry_failure){.n_attempts = 1}, &delay_ns));
    assert_int_equal(delay_ns, 77);
    assert_int_equal(retry.n_tokens, 13);
    assert_int_equal(retry.n_taken, 0);
}

static void a_success_gives_back_what_the_last_retry_cost(void **state)
{
    static const struct {
        bool is_throttled[2];
        size_t n;
        unsigned int n_left;
    } rows[] = {{{false}, 1, 500}, {{true}, 1, 500}, {{false, false}, 2, 486},
        {{true, false}, 2, 495}, {{false, true}, 2, 486}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct aws_retry retry;
        aws_retry_init(&retry, 1);
        aws_retry_begin(&retry);
        for (size_t k = 0; k < rows[i].n; k++)
            assert_true(take(&retry, (unsigned int)k + 1, rows[i].is_throttled[k]));
        aws_retry_succeed(&retry);
        assert_int_equal(retry.n_tokens, rows[i].n_left);
    }
}

static void a_success_at_the_first_attempt_gives_one(void **state)
{
    struct aws_retry retry;
    (void)state;
    aws_retry_init(&retry, 1);
    retry.n_tokens = 498;
    static const unsigned int expected[] = {499, 500, 500};
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        aws_retry_begin(&retry);
        aws_retry_succeed(&retry);
        assert_int_equal(retry.n_tokens, expected[i]);
    }
}

// The retry of an earlier request that failed is not the next one's to give back.
static void a_request_begins_without_a_retry(void **state)
{
    struct aws_retry retry;
    (void)state;
    aws_retry_init(&retry, 1);
    aws_retry_begin(&retry);
    assert_true(take(&retry, 1, false));
    aws_retry_begin(&retry);
    aws_retry_succeed(&retry);
    assert_int_equal(retry.n_tokens, 487);
}

static void the_same_seed_gives_the_same_delays_and_another_others(void **state)
{
    struct aws_retry_failure failure = {.n_attempts = 1, .is_throttled = true};
    (void)state;
    assert_int_equal(delay_of(42, &failure), delay_of(42, &failure));
    assert_int_not_equal(delay_of(42, &failure), delay_of(43, &failure));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_are_spread_over_the_whole_step),
        cmocka_unit_test(the_service_may_ask_for_five_seconds_more),
        cmocka_unit_test(what_is_no_number_asks_for_nothing),
        cmocka_unit_test(the_bucket_holds_500),
        cmocka_unit_test(what_is_left_may_do_for_the_cheaper_one),
        cmocka_unit_test(a_retry_that_is_not_had_costs_nothing),
        cmocka_unit_test(a_success_gives_back_what_the_last_retry_cost),
        cmocka_unit_test(a_success_at_the_first_attempt_gives_one),
        cmocka_unit_test(a_request_begins_without_a_retry),
        cmocka_unit_test(the_same_seed_gives_the_same_delays_and_another_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
