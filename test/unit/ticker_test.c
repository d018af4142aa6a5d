// SPDX-License-Identifier: Apache-2.0
// When samples are taken: at once, then on the wall clock's multiples of the interval, whatever the
// wall clock does. A fake machine looks at its clock every 10 ms, as a loop that is woken often.
#include "base.h"
#include "flow/ticker.h"
#include "unit/dice.h"

#define HOUR_MS INT64_C(1699999200000) // 2023-11-14 22:00:00 UTC
#define LOOK_MS 10

// Two clocks that go on together until the test steps one of them.
struct bench {
    struct ticker ticker;
    uint64_t boot_ms;
    int64_t wall_ms;
};

static struct bench start(uint64_t interval_ms, int64_t into_hour_ms)
{
    struct bench bench = {.boot_ms = 5000, .wall_ms = HOUR_MS + into_hour_ms};
    ticker_init(&bench.ticker, interval_ms);
    return bench;
}

static bool is_due(struct bench *bench)
{
    struct now now = {.boot_ns = bench->boot_ms * NS_PER_MS, .wall_ms = bench->wall_ms};
    return ticker_is_due(&bench->ticker, &now);
}

static void pass(struct bench *bench, uint64_t ms)
{
    bench->boot_ms += ms;
    bench->wall_ms += (int64_t)ms;
}

// Lets time go by until the next tick; how long that took. Fails after an hour.
static uint64_t wait_for_tick(struct bench *bench)
{
    for (uint64_t ms = LOOK_MS; ms <= 3600000; ms += LOOK_MS) {
        pass(bench, LOOK_MS);
        if (is_due(bench))
            return ms;
    }
    fail_msg("no tick in an hour");
    return 0;
}

static void assert_ticks_at(struct bench *bench, const int64_t *into_hour_ms, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        wait_for_tick(bench);
        assert_int_equal(bench->wall_ms - HOUR_MS, into_hour_ms[i]);
    }
}

#define ASSERT_TICKS_AT(bench, ...)                                                                \
    assert_ticks_at(                                                                               \
        bench, (const int64_t[]){__VA_ARGS__}, ARRAY_SIZE(((const int64_t[]){__VA_ARGS__})))

static void the_first_sample_is_taken_at_once(void **state)
{
    (void)state;
    static const int64_t moments[] = {0, 1, 340, 500, 999, 12345};
    for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
        struct bench bench = start(1000, moments[i]);
        assert_true(is_due(&bench));
        assert_false(is_due(&bench));
    }
}

static void then_samples_are_taken_on_the_multiples(void **state)
{
    (void)state;
    struct bench bench = start(1000, 12340);
    assert_true(is_due(&bench));
    ASSERT_TICKS_AT(&bench, 13000, 14000, 15000, 16000);
}

static void a_start_on_a_multiple_waits_for_the_next(void **state)
{
    (void)state;
    struct bench bench = start(1000, 12000);
    assert_true(is_due(&bench));
    ASSERT_TICKS_AT(&bench, 13000, 14000);
}

static void a_multiple_right_after_the_first_sample_is_left_out(void **state)
{
    (void)state;
    struct bench bench = start(1000, 12810);
    assert_true(is_due(&bench));
    ASSERT_TICKS_AT(&bench, 14000, 15000);
}

static void a_multiple_that_leaves_half_an_interval_is_not_left_out(void **state)
{
    (void)state;
    struct bench bench = start(1000, 12500);
    assert_true(is_due(&bench));
    ASSERT_TICKS_AT(&bench, 13000, 14000);
}

static void other_intervals_have_other_multiples(void **state)
{
    (void)state;
    struct bench tenth = start(100, 70);
    assert_true(is_due(&tenth));
    ASSERT_TICKS_AT(&tenth, 200, 300, 400);
    struct bench minute = start(60000, 61000);
    assert_true(is_due(&minute));
    ASSERT_TICKS_AT(&minute, 120000, 180000);
    struct bench ten = start(10000, 12345);
    assert_true(is_due(&ten));
    pass(&ten, 5); // onto the 10 ms at which this machine looks
    ASSERT_TICKS_AT(&ten, 20000, 30000);
}

static void a_little_late_is_not_late_for_the_next(void **state)
{
    (void)state;
    struct bench bench = start(1000, 0);
    assert_true(is_due(&bench));
    for (int64_t i = 1; i <= 20; i++) {
        // The read of the second before took until 370 ms before this one.
        pass(&bench, 630);
        assert_false(is_due(&bench));
        pass(&bench, 370);
        assert_true(is_due(&bench));
        assert_int_equal(bench.wall_ms - HOUR_MS, 1000 * i);
    }
}

static void what_was_slept_through_is_skipped(void **state)
{
    (void)state;
    struct bench bench = start(1000, 0);
    assert_true(is_due(&bench));
    pass(&bench, 7200);
    assert_true(is_due(&bench));
    assert_false(is_due(&bench));
    ASSERT_TICKS_AT(&bench, 8000, 9000);
}

// CLOCK_BOOTTIME goes on during suspend.
static void a_suspend_of_a_day_gives_one_sample(void **state)
{
    (void)state;
    struct bench bench = start(1000, 0);
    assert_true(is_due(&bench));
    pass(&bench, 86400000);
    assert_true(is_due(&bench));
    ASSERT_TICKS_AT(&bench, 86401000, 86402000);
}

static void a_wall_clock_that_jumps_ahead_delays_nothing(void **state)
{
    (void)state;
    struct bench bench = start(1000, 0);
    assert_true(is_due(&bench));
    pass(&bench, 300);
    bench.wall_ms += 86400000 + 250;
    assert_in_range(wait_for_tick(&bench), LOOK_MS, 700);
    // From then on as the new clock says: at 1.250 s of it was the last tick.
    ASSERT_TICKS_AT(&bench, 86402000, 86403000);
}

static void a_wall_clock_that_jumps_back_delays_nothing(void **state)
{
    (void)state;
    struct bench bench = start(1000, 7200000);
    assert_true(is_due(&bench));
    pass(&bench, 300);
    bench.wall_ms -= 7200000 - 40;
    assert_in_range(wait_for_tick(&bench), LOOK_MS, 700);
    int64_t ticked_at = bench.wall_ms - HOUR_MS;
    assert_int_equal(ticked_at, 1040);
    ASSERT_TICKS_AT(&bench, 2000, 3000);
}

// The wake-up is on the boot clock: by then the wall clock may have a little left to go.
static void a_wake_up_that_is_a_moment_early_sleeps_for_what_is_left(void **state)
{
    (void)state;
    struct bench bench = start(1000, 0);
    assert_true(is_due(&bench));
    assert_int_equal(bench.ticker.due_boot_ns, 6000 * NS_PER_MS);
    pass(&bench, 999);
    assert_false(is_due(&bench));
    bench.wall_ms -= 1;
    pass(&bench, 1);
    assert_false(is_due(&bench));
    assert_int_equal(bench.ticker.due_boot_ns, 6001 * NS_PER_MS);
    pass(&bench, 1);
    assert_true(is_due(&bench));
    assert_int_equal(bench.wall_ms - HOUR_MS, 1000);
    assert_int_equal(bench.ticker.due_boot_ns, 7001 * NS_PER_MS);
}

// chrony and ntpd slew by up to 500 ppm; a clock that goes slower than the boot clock lets the
// wake-up come before the multiple: that is waited for, not sampled twice.
static void a_slewed_clock_still_samples_on_the_multiples(void **state)
{
    (void)state;
    struct bench bench = start(10000, 0);
    assert_true(is_due(&bench));
    for (int64_t i = 1; i <= 50; i++) {
        bench.wall_ms -= 5; // 500 ppm of 10 s
        int64_t before_ms = bench.wall_ms;
        wait_for_tick(&bench);
        assert_in_range(bench.wall_ms - HOUR_MS, 10000 * i, 10000 * i + LOOK_MS);
        assert_true(bench.wall_ms > before_ms);
    }
}

static void a_fast_clock_still_samples_on_the_multiples(void **state)
{
    (void)state;
    struct bench bench = start(10000, 0);
    assert_true(is_due(&bench));
    for (int64_t i = 1; i <= 50; i++) {
        bench.wall_ms += 5;
        wait_for_tick(&bench);
        assert_in_range(bench.wall_ms - HOUR_MS, 10000 * i, 10000 * i + LOOK_MS + 5);
    }
}

static void the_first_sample_is_not_late(void **state)
{
    (void)state;
    struct bench bench = start(1000, 12345);
    bench.ticker.late_ns = 1;
    assert_true(is_due(&bench));
    assert_int_equal(bench.ticker.late_ns, 0);
}

static void how_late_a_tick_begins_is_counted_from_when_it_was_due(void **state)
{
    (void)state;
    static const uint64_t late_ms[] = {0, 1, 370, 499};
    struct bench bench = start(1000, 0);
    assert_true(is_due(&bench));
    for (size_t i = 0; i < ARRAY_SIZE(late_ms); i++) {
        pass(&bench, 1000 - (uint64_t)bench.wall_ms % 1000 + late_ms[i]);
        assert_true(is_due(&bench));
        assert_int_equal(bench.ticker.late_ns, late_ms[i] * NS_PER_MS);
    }
}

static void a_tick_after_a_sleep_is_late_and_the_next_one_is_not(void **state)
{
    (void)state;
    struct bench bench = start(1000, 0);
    assert_true(is_due(&bench));
    pass(&bench, 7200);
    assert_true(is_due(&bench));
    assert_int_equal(bench.ticker.late_ns, 6200 * NS_PER_MS);
    assert_false(is_due(&bench));
    pass(&bench, 800);
    assert_true(is_due(&bench));
    assert_int_equal(bench.ticker.late_ns, 0);
}

// The boot clock tells, so a step of the wall clock makes nothing late.
static void a_step_of_the_wall_clock_is_no_lateness(void **state)
{
    (void)state;
    static const int64_t steps_ms[] = {86400000, -86400000, 1400};
    for (size_t i = 0; i < ARRAY_SIZE(steps_ms); i++) {
        struct bench bench = start(1000, 0);
        assert_true(is_due(&bench));
        pass(&bench, 300);
        bench.wall_ms += steps_ms[i];
        pass(&bench, 720);
        assert_true(is_due(&bench));
        assert_int_equal(bench.ticker.late_ns, 20 * NS_PER_MS);
    }
}

// It was due when the wall clock came to the multiple, a moment after the first wake-up.
static void a_wake_up_that_slept_on_is_late_from_then_on(void **state)
{
    (void)state;
    struct bench bench = start(1000, 0);
    assert_true(is_due(&bench));
    pass(&bench, 1000);
    bench.wall_ms -= 40;
    assert_false(is_due(&bench));
    pass(&bench, 45);
    assert_true(is_due(&bench));
    assert_int_equal(bench.ticker.late_ns, 5 * NS_PER_MS);
}

// Whatever steps the wall clock takes, one every three intervals at most: never two samples within
// half an interval, never none for one and a half.
static void samples_stay_apart_whatever_the_wall_clock_does(void **state)
{
    (void)state;
    struct dice dice;
    dice_init(&dice);
    struct bench bench = start(1000, (int64_t)dice_below(&dice, 3600000));
    assert_true(is_due(&bench));
    pass(&bench, LOOK_MS - (uint64_t)bench.wall_ms % LOOK_MS);
    wait_for_tick(&bench);
    for (int i = 0; i < 3000; i++) {
        uint64_t step_at = dice_below(&dice, 95) * LOOK_MS;
        int64_t span = dice_below(&dice, 2) == 0 ? 150 : 500000;
        int64_t step = ((int64_t)dice_below(&dice, (uint64_t)(2 * span)) - span) * LOOK_MS;
        pass(&bench, step_at);
        bench.wall_ms += step;
        uint64_t waited = step_at + wait_for_tick(&bench);
        assert_in_range(waited, 500, 1500);
        for (int k = 0; k < 2; k++) {
            assert_in_range(wait_for_tick(&bench), 500, 1500);
            assert_int_equal(bench.wall_ms % 1000, 0);
        }
    }
}

static void every_multiple_is_sampled_or_missed(void **state)
{
    (void)state;
    struct ticker ticker;
    struct now now = {.boot_ns = 5000 * NS_PER_S, .wall_ms = 1699999200000};
    uint64_t n_made = 0, n_missed = 0;
    ticker_init(&ticker, 1000);
    for (int ms = 0; ms <= 60000; ms += 10) {
        if (ticker_is_due(&ticker, &now)) {
            n_made++;
            n_missed += ticker.n_missed;
            if (n_made == 5) { // a read hangs for 3.6 s
                ms += 3600;
                now.boot_ns += 3600 * NS_PER_MS;
                now.wall_ms += 3600;
            }
        }
        now.boot_ns += 10 * NS_PER_MS;
        now.wall_ms += 10;
    }
    assert_int_equal(n_made + n_missed, 61);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_sample_is_taken_at_once),
        cmocka_unit_test(then_samples_are_taken_on_the_multiples),
        cmocka_unit_test(a_start_on_a_multiple_waits_for_the_next),
        cmocka_unit_test(a_multiple_right_after_the_first_sample_is_left_out),
        cmocka_unit_test(a_multiple_that_leaves_half_an_interval_is_not_left_out),
        cmocka_unit_test(other_intervals_have_other_multiples),
        cmocka_unit_test(a_little_late_is_not_late_for_the_next),
        cmocka_unit_test(what_was_slept_through_is_skipped),
        cmocka_unit_test(a_suspend_of_a_day_gives_one_sample),
        cmocka_unit_test(a_wall_clock_that_jumps_ahead_delays_nothing),
        cmocka_unit_test(a_wall_clock_that_jumps_back_delays_nothing),
        cmocka_unit_test(a_wake_up_that_is_a_moment_early_sleeps_for_what_is_left),
        cmocka_unit_test(a_slewed_clock_still_samples_on_the_multiples),
        cmocka_unit_test(a_fast_clock_still_samples_on_the_multiples),
        cmocka_unit_test(the_first_sample_is_not_late),
        cmocka_unit_test(how_late_a_tick_begins_is_counted_from_when_it_was_due),
        cmocka_unit_test(a_tick_after_a_sleep_is_late_and_the_next_one_is_not),
        cmocka_unit_test(a_step_of_the_wall_clock_is_no_lateness),
        cmocka_unit_test(a_wake_up_that_slept_on_is_late_from_then_on),
        cmocka_unit_test(samples_stay_apart_whatever_the_wall_clock_does),
        cmocka_unit_test(every_multiple_is_sampled_or_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
