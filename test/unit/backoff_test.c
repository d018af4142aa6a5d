// SPDX-License-Identifier: Apache-2.0
// The times between tries, and the words about an outage.
#include "flow/backoff.h"
#include "flow/outage.h"
#include "support/unit.h"

#define FIRST_NS NS_PER_S
#define MAX_NS   (10 * NS_PER_S)

static struct now at(uint64_t boot_ns)
{
    return (struct now){.boot_ns = boot_ns};
}

static uint64_t delay_of_next_failure(struct backoff *backoff, uint64_t boot_ns)
{
    struct now now = at(boot_ns);
    backoff_fail(backoff, &now);
    return backoff->until_ns - boot_ns;
}

static void before_any_failure_it_is_over(void **state)
{
    (void)state;
    struct backoff backoff;
    struct now now = at(0);
    backoff_init(&backoff, FIRST_NS, MAX_NS, 1);
    assert_true(backoff_is_over(&backoff, &now));
}

static void it_is_over_exactly_at_its_end(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, FIRST_NS, MAX_NS, 1);
    delay_of_next_failure(&backoff, 5 * NS_PER_S);
    struct now just_before = at(backoff.until_ns - 1), end = at(backoff.until_ns);
    assert_false(backoff_is_over(&backoff, &just_before));
    assert_true(backoff_is_over(&backoff, &end));
}

static void each_delay_lies_in_the_upper_half_of_its_step(void **state)
{
    (void)state;
    static const uint64_t steps_s[] = {1, 2, 4, 8, 10, 10, 10};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct backoff backoff;
        backoff_init(&backoff, FIRST_NS, MAX_NS, seed);
        for (size_t i = 0; i < ARRAY_SIZE(steps_s); i++) {
            uint64_t step_ns = steps_s[i] * NS_PER_S;
            assert_in_range(delay_of_next_failure(&backoff, 77), step_ns / 2, step_ns);
        }
    }
}

static void the_delays_of_a_fleet_are_spread(void **state)
{
    (void)state;
    unsigned int n_in_tenth[10] = {0};
    for (uint64_t seed = 0; seed < 10000; seed++) {
        struct backoff backoff;
        backoff_init(&backoff, FIRST_NS, MAX_NS, seed);
        uint64_t over_half_ns = delay_of_next_failure(&backoff, 0) - FIRST_NS / 2;
        n_in_tenth[over_half_ns * 10 / (FIRST_NS / 2 + 1)]++;
    }
    for (size_t i = 0; i < ARRAY_SIZE(n_in_tenth); i++) // 1000 each, and six deviations of 30
        assert_in_range(n_in_tenth[i], 820, 1180);
}

static void the_same_seed_gives_the_same_delays(void **state)
{
    (void)state;
    struct backoff one, other;
    backoff_init(&one, FIRST_NS, MAX_NS, 42);
    backoff_init(&other, FIRST_NS, MAX_NS, 42);
    for (int i = 0; i < 20; i++)
        assert_int_equal(delay_of_next_failure(&one, 3), delay_of_next_failure(&other, 3));
}

static void a_reset_begins_with_the_first_step_again(void **state)
{
    (void)state;
    struct backoff backoff;
    struct now now = at(9);
    backoff_init(&backoff, FIRST_NS, MAX_NS, 7);
    for (int i = 0; i < 6; i++)
        backoff_fail(&backoff, &now);
    backoff_reset(&backoff);
    assert_true(backoff_is_over(&backoff, &now));
    assert_in_range(delay_of_next_failure(&backoff, 9), FIRST_NS / 2, FIRST_NS);
}

static void no_size_of_step_or_time_overflows(void **state)
{
    (void)state;
    struct backoff backoff;
    struct now late = at(UINT64_MAX - 1);
    backoff_init(&backoff, UINT64_MAX / 2 + 1, UINT64_MAX, 7);
    backoff_fail(&backoff, &late);
    backoff_fail(&backoff, &late);
    assert_int_equal(backoff.step_ns, UINT64_MAX);
    assert_int_equal(backoff.until_ns, UINT64_MAX);
}

static void a_first_step_above_the_maximum_is_cut_to_it(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 20 * NS_PER_S, MAX_NS, 7);
    assert_in_range(delay_of_next_failure(&backoff, 0), MAX_NS / 2, MAX_NS);
}

static void an_outage_is_said_once_at_each_end(void **state)
{
    (void)state;
    struct outage outage = {0};
    struct now start = at(NS_PER_S), later = at(2 * NS_PER_S);
    char lasted[OUTAGE_TEXT_MAX];
    assert_false(outage_end(&outage, &start, lasted));
    assert_true(outage_begin(&outage, &start));
    assert_false(outage_begin(&outage, &later));
    assert_true(outage_end(&outage, &later, lasted));
    assert_string_equal(lasted, "1s"); // from its beginning, not from the last complaint
    assert_false(outage_end(&outage, &later, lasted));
}

static void the_length_of_an_outage_has_two_units(void **state)
{
    (void)state;
    static const struct {
        uint64_t s;
        const char *text;
    } cases[] = {{0, "0s"}, {59, "59s"}, {60, "1m00s"}, {192, "3m12s"}, {3599, "59m59s"},
        {3600, "1h00m"}, {3900, "1h05m"}, {90000, "25h00m"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct outage outage = {0};
        struct now start = at(NS_PER_S), end = at((cases[i].s + 1) * NS_PER_S + NS_PER_S / 2);
        char lasted[OUTAGE_TEXT_MAX];
        assert_true(outage_begin(&outage, &start));
        assert_true(outage_end(&outage, &end, lasted));
        assert_string_equal(lasted, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_any_failure_it_is_over),
        cmocka_unit_test(it_is_over_exactly_at_its_end),
        cmocka_unit_test(each_delay_lies_in_the_upper_half_of_its_step),
        cmocka_unit_test(the_delays_of_a_fleet_are_spread),
        cmocka_unit_test(the_same_seed_gives_the_same_delays),
        cmocka_unit_test(a_reset_begins_with_the_first_step_again),
        cmocka_unit_test(no_size_of_step_or_time_overflows),
        cmocka_unit_test(a_first_step_above_the_maximum_is_cut_to_it),
        cmocka_unit_test(an_outage_is_said_once_at_each_end),
        cmocka_unit_test(the_length_of_an_outage_has_two_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
