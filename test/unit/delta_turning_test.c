// SPDX-License-Identifier: Apache-2.0
// Turning points: what must be written down at once, and what need not. By hand, from
// flow/truth.md.
#include "unit/delta_bench.h"

#define TURNS(bench) assert_true((bench)->delta.is_turning_point)
#define RESTS(bench) assert_false((bench)->delta.is_turning_point)

// ENI statistics: no gauge beside the counters.
static void look_at_two(struct bench *bench, uint64_t second, uint64_t pps, uint64_t resets)
{
    begin(bench, second);
    put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, pps);
    put(bench, METRIC_TOTAL_RESETS, resets);
    apply(bench);
}

static void first_sight_is_one(void **state)
{
    struct bench *bench = *state;
    look(bench, 0, 1000, 500, 3);
    TURNS(bench);
}

static void counting_on_is_none(void **state)
{
    struct bench *bench = confirmed(state);
    for (uint64_t second = 2; second < 20; second++) {
        look(bench, second, 1000 + second / 2, 500 - second / 3, 3);
        RESTS(bench);
    }
}

// Until then a fall would be no reset.
static void confirmation_of_a_baseline_is_one(void **state)
{
    struct bench *bench = *state;
    for (uint64_t counting = 0; counting < 2; counting++) {
        bench->eni.mac.octets[0] += 2;
        look_at_two(bench, 0, 1000, 3);
        TURNS(bench);
        look_at_two(bench, 1, 1000 + counting, 3);
        TURNS(bench);
        look_at_two(bench, 2, 1000 + counting, 3);
        RESTS(bench);
    }
}

static void zeros_before_the_first_baseline_are_none(void **state)
{
    struct bench *bench = *state;
    begin(bench, 0);
    put(bench, METRIC_TOTAL_RESETS, 3);
    apply(bench);
    for (uint64_t second = 1; second < 20; second++) {
        look(bench, second, 0, 0, 3);
        RESTS(bench);
    }
    look(bench, 20, 7, 500, 3);
    TURNS(bench);
}

static void suspicion_is_one_when_it_begins(void **state)
{
    struct bench *bench = confirmed(state);
    look(bench, 2, 0, 0, 3);
    TURNS(bench);
    for (uint64_t second = 3; second < 8; second++) {
        look(bench, second, 0, 0, 3);
        RESTS(bench);
    }
    look(bench, 8, 1007, 500, 3);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    RESTS(bench);
}

// The counts of the verdict begin there.
static void new_life_after_zeros_is_one(void **state)
{
    struct bench *bench = confirmed(state);
    look(bench, 2, 0, 0, 3);
    look(bench, 3, 5, 500, 3);
    TURNS(bench);
    for (uint64_t second = 4; second < 13; second++) {
        look(bench, second, 5, 500, 3);
        RESTS(bench);
    }
    look(bench, 13, 5, 500, 3);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    TURNS(bench);
}

static void garbage_that_changes_is_one_only_once(void **state)
{
    struct bench *bench = *state;
    look_at_two(bench, 0, 1000, 3);
    look_at_two(bench, 1, 1000, 3);
    look_at_two(bench, 2, UINT64_MAX, 3);
    TURNS(bench);
    for (uint64_t second = 3; second < 30; second++) {
        look_at_two(bench, second, UINT64_MAX - (second % 2 ? second << 50 : 0), 3);
        RESTS(bench);
    }
}

static void told_reset_is_one(void **state)
{
    struct bench *bench = confirmed(state);
    look(bench, 2, 4, 500, 4);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    TURNS(bench);
}

static void resets_that_move_are_one_without_a_fall(void **state)
{
    struct bench *bench = confirmed(state);
    look(bench, 2, 1000, 500, 4);
    assert_int_equal(bench->delta.verdicts, 0);
    TURNS(bench);
    look(bench, 3, 1000, 500, 4);
    RESTS(bench);
}

static void zeros_on_trial_are_one_at_both_ends(void **state)
{
    struct bench *bench = confirmed(state);
    for (uint64_t second = 2; second < 12; second++)
        look(bench, second, 0, 0, 3);
    look(bench, 12, 0, 0, 3);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    TURNS(bench);
    for (uint64_t second = 13; second < 20; second++) {
        look(bench, second, 0, 0, 3);
        RESTS(bench);
    }
    look(bench, 20, 3, 500, 3);
    assert_int_equal(pps(bench), 3);
    assert_int_equal(bench->delta.verdicts, 0);
    TURNS(bench);
}

static void other_ifindex_is_one(void **state)
{
    struct bench *bench = confirmed(state);
    bench->eni.ifindex = 9;
    look(bench, 2, 1000, 500, 3);
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    TURNS(bench);
    look(bench, 3, 1000, 500, 3);
    RESTS(bench);
}

static void look_at_driver(struct bench *bench, uint64_t second, uint64_t packets)
{
    begin(bench, second);
    put(bench, METRIC_N_KNOWN, packets);
    apply(bench);
}

static void counter_of_the_driver_that_falls_is_one(void **state)
{
    struct bench *bench = *state;
    look_at_driver(bench, 0, 50);
    TURNS(bench);
    look_at_driver(bench, 1, 60);
    RESTS(bench);
    look_at_driver(bench, 2, 3);
    assert_int_equal(of(bench, METRIC_N_KNOWN), 3);
    TURNS(bench);
}

static void counter_of_the_driver_of_another_device_is_one(void **state)
{
    struct bench *bench = *state;
    look_at_driver(bench, 0, 50);
    bench->eni.ifindex = 9;
    look_at_driver(bench, 1, 60);
    assert_int_equal(bench->delta.n_readings, 0);
    TURNS(bench);
}

static void counter_that_appears_is_one(void **state)
{
    struct bench *bench = confirmed(state);
    begin(bench, 2);
    put(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 77);
    put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, 1000);
    put(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, 500);
    put(bench, METRIC_TOTAL_RESETS, 3);
    apply(bench);
    TURNS(bench);
}

static void level_that_appears_is_none(void **state)
{
    struct bench *bench = confirmed(state);
    begin(bench, 2);
    put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, 1000);
    put(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, 500);
    put(bench, METRIC_TOTAL_RESETS, 3);
    put(bench, METRIC_N_KNOWN + 1, 8); // num_of_active_io_queues
    apply(bench);
    RESTS(bench);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_sight_is_one),
        TEST(counting_on_is_none),
        TEST(confirmation_of_a_baseline_is_one),
        TEST(zeros_before_the_first_baseline_are_none),
        TEST(suspicion_is_one_when_it_begins),
        TEST(new_life_after_zeros_is_one),
        TEST(garbage_that_changes_is_one_only_once),
        TEST(told_reset_is_one),
        TEST(resets_that_move_are_one_without_a_fall),
        TEST(zeros_on_trial_are_one_at_both_ends),
        TEST(other_ifindex_is_one),
        TEST(counter_of_the_driver_that_falls_is_one),
        TEST(counter_of_the_driver_of_another_device_is_one),
        TEST(counter_that_appears_is_one),
        TEST(level_that_appears_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
