// SPDX-License-Identifier: Apache-2.0
// When windows open and close, and which samples they hold: design, "Windows, records, and what is
// published" and rule 7. What a record then says is in window_record_test.c.
#include "unit/window_bench.h"

#define S 1000
#define M (60 * S)

#define PPS METRIC_PPS_ALLOWANCE_EXCEEDED

// Ticks of the first ENI from `from` to `to`, both included, each with the value 1.
static void run(struct bench *bench, int64_t from, int64_t to, int64_t interval)
{
    for (int64_t at = from; at <= to; at += interval)
        tick(bench, at, 1);
}

static void assert_starts(const struct bench *bench, const int64_t *starts, size_t n)
{
    size_t i = 0;
    for (const struct record *record = bench->records; record != NULL; record = record->next) {
        if (record->scope != METRIC_SCOPE_INSTANCE)
            continue;
        assert_true(i < n);
        assert_int_equal(record->start_ms - HOUR_MS, starts[i++]);
    }
    assert_int_equal(i, n);
}

#define ASSERT_STARTS(bench, ...)                                                                  \
    assert_starts(                                                                                 \
        bench, (const int64_t[]){__VA_ARGS__}, ARRAY_SIZE(((const int64_t[]){__VA_ARGS__})))

static bool is_stale_at(struct bench *bench, int64_t ms)
{
    set_time(bench, ms);
    return window_is_stale(&bench->window, &bench->now);
}

static void a_window_starts_on_a_multiple_of_its_period(void **state)
{
    static const struct {
        uint64_t period_ms;
        int64_t now, start;
    } cases[] = {{60 * S, 12345, 0}, {60 * S, 0, 0}, {60 * S, 59999, 0}, {60 * S, 60 * S, 60 * S},
        {1 * S, 12345, 12000}, {5 * S, 12345, 10000}, {30 * S, 45000, 30000},
        {5 * M, 17 * M, 15 * M}, {60 * M, 59 * M, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bench *bench = BENCH(.period_ms = cases[i].period_ms);
        begin(bench, cases[i].now);
        assert_int_equal(bench->window.start_ms - HOUR_MS, cases[i].start);
        assert_int_equal(bench->window.end_ms - bench->window.start_ms, cases[i].period_ms);
        bench_tear_down(state);
    }
}

static void the_first_window_is_short_and_stamped_with_its_aligned_start(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    begin(bench, 41700); // the first sample: a baseline, no delta
    end(bench);
    run(bench, 42 * S, 60 * S, S);
    assert_int_equal(bench->n_closed, 1);
    const struct record *record = record_at(bench, 0);
    assert_int_equal(record->start_ms, HOUR_MS);
    assert_int_equal(series_of(record, PPS)->n_values, 19); // 42 to 60
    assert_int_equal(record->period_ms, 60 * S);
    assert_int_equal(record->sample_ms, S);
}

static void every_sample_is_a_value_of_its_own(void **state)
{
    struct bench *bench = BENCH(.period_ms = 10 * S);
    static const uint64_t values[] = {3, 3, 0, 7, 0, 0, 7, 7, 7, 1};
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        tick(bench, (int64_t)(i + 1) * S, values[i]);
    assert_int_equal(n_records(bench), 2);
    assert_values(record_at(bench, 0), PPS, values, ARRAY_SIZE(values));
    assert_values(record_at(bench, 1), PPS, values, ARRAY_SIZE(values));
}

static void the_sample_at_the_end_closes_the_window_and_belongs_to_it(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    tick(bench, 58 * S, 1);
    tick(bench, 59 * S, 2);
    assert_int_equal(bench->n_closed, 0);
    tick(bench, 60 * S, 3);
    assert_int_equal(bench->n_closed, 1);
    ASSERT_VALUES(record_at(bench, 0), PPS, 1, 2, 3);
}

static void a_sample_a_moment_before_the_end_does_not_close_the_window(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    tick(bench, 59999, 1);
    assert_int_equal(bench->n_closed, 0);
    tick(bench, 60001, 2);
    assert_int_equal(bench->n_closed, 1);
    ASSERT_VALUES(record_at(bench, 0), PPS, 1, 2);
}

static void a_sample_less_than_an_interval_after_the_end_still_belongs_to_it(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    tick(bench, 59 * S, 1);
    assert_false(is_stale_at(bench, 60999));
    tick(bench, 60999, 2);
    ASSERT_STARTS(bench, 0);
    ASSERT_VALUES(record_at(bench, 0), PPS, 1, 2);
}

static void late_tick_belongs_to_the_next_window(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    tick(bench, 58 * S, 1);
    assert_true(is_stale_at(bench, 61 * S));
    bench->elapsed_ms = 3 * S;
    tick(bench, 61 * S, 2);
    bench->elapsed_ms = S;
    ASSERT_STARTS(bench, 0);
    ASSERT_VALUES(record_at(bench, 0), PPS, 1);
    assert_int_equal(record_at(bench, 0)->gap_ms, 0);
    run(bench, 62 * S, 120 * S, S);
    ASSERT_STARTS(bench, 0, 60 * S);
    const struct record *second = record_at(bench, 2); // behind the ENI's of the first
    assert_int_equal(series_of(second, PPS)->n_values, 60);
    assert_int_equal(series_of(second, PPS)->runs[0].value, 2);
    assert_int_equal(second->gap_ms, 3 * S);
}

static void what_is_late_counts_in_intervals(void **state)
{
    struct bench *bench = BENCH(.sample_ms = 10 * S);
    tick(bench, 50 * S, 1);
    assert_false(is_stale_at(bench, 69999));
    assert_true(is_stale_at(bench, 70 * S));
}

static void after_a_long_sleep_the_window_is_the_one_of_its_end(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    tick(bench, 30 * S, 1);
    bench->elapsed_ms = 7 * M + 3 * S;
    tick(bench, 7 * M + 33 * S, 5);
    ASSERT_STARTS(bench, 0);
    assert_int_equal(bench->window.start_ms, HOUR_MS + 7 * M);
    close_window(bench);
    assert_int_equal(record_at(bench, 2)->gap_ms, 7 * M + 3 * S);
    ASSERT_VALUES(record_at(bench, 2), PPS, 5);
}

static void a_window_that_is_not_open_is_not_stale(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    assert_false(is_stale_at(bench, 0));
    assert_null(window_close(&bench->window));
}

static void windows_follow_one_another_without_a_gap(void **state)
{
    struct bench *bench = BENCH(.period_ms = 30 * S);
    run(bench, 1 * S, 120 * S, S);
    ASSERT_STARTS(bench, 0, 30 * S, 60 * S, 90 * S);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(series_of(record_at(bench, i), PPS)->n_values, 30);
}

// publish.period = 1s with sample.interval = 1s: the configuration for resolution 1.
static void windows_as_long_as_the_interval_hold_one_value_each(void **state)
{
    struct bench *bench = BENCH(.period_ms = S, .sample_ms = S);
    begin(bench, 12340);
    end(bench);
    run(bench, 13 * S, 17 * S, S);
    ASSERT_STARTS(bench, 12 * S, 13 * S, 14 * S, 15 * S, 16 * S);
    for (size_t i = 0; i < n_records(bench); i++)
        ASSERT_VALUES(record_at(bench, i), PPS, 1);
}

static void a_tick_that_is_late_for_such_a_window_still_belongs_to_it(void **state)
{
    struct bench *bench = BENCH(.period_ms = S, .sample_ms = S);
    tick(bench, 13 * S, 1);
    tick(bench, 14 * S, 2);
    tick(bench, 15700, 3);
    tick(bench, 16 * S, 4);
    ASSERT_STARTS(bench, 13 * S, 14 * S, 15 * S);
    ASSERT_VALUES(record_at(bench, 0), PPS, 1, 2); // a start on a multiple: the running window
    ASSERT_VALUES(record_at(bench, 2), PPS, 3);
    ASSERT_VALUES(record_at(bench, 4), PPS, 4);
}

// 40 s into 60 s: the windows' ends are 60, 120, 180, 240, the first samples then 80, 120, 200,
// 240.
static void an_interval_that_does_not_divide_the_period_skips_no_window(void **state)
{
    struct bench *bench = BENCH(.sample_ms = 40 * S);
    begin(bench, 40 * S);
    end(bench);
    run(bench, 80 * S, 240 * S, 40 * S);
    ASSERT_STARTS(bench, 0, 60 * S, 120 * S, 180 * S);
    ASSERT_VALUES(record_at(bench, 0), PPS, 1);
    ASSERT_VALUES(record_at(bench, 2), PPS, 1);
    ASSERT_VALUES(record_at(bench, 4), PPS, 1, 1);
    ASSERT_VALUES(record_at(bench, 6), PPS, 1);
}

static void a_step_of_more_than_a_period_ahead_opens_the_window_of_the_new_time(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    run(bench, 10 * S, 20 * S, S);
    bench->step_ms = 3600 * S + 10 * S;
    assert_true(is_stale_at(bench, 21 * S));
    tick(bench, 21 * S, 9);
    ASSERT_STARTS(bench, 0);
    assert_int_equal(bench->window.start_ms, HOUR_MS + 3600 * S);
    close_window(bench);
    ASSERT_VALUES(record_at(bench, 2), PPS, 9);
    assert_int_equal(record_at(bench, 2)->gap_ms, 0); // a step is no gap: the boot clock went on
}

static void a_step_of_more_than_a_period_back_opens_the_window_of_the_new_time(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    run(bench, 10 * S, 20 * S, S);
    bench->step_ms = -60001;
    assert_true(is_stale_at(bench, 21 * S));
    tick(bench, 21 * S, 9);
    ASSERT_STARTS(bench, 0);
    assert_int_equal(series_of(record_at(bench, 0), PPS)->n_values, 11);
    assert_int_equal(bench->window.start_ms, HOUR_MS - 60 * S);
}

static void smaller_steps_change_nothing(void **state)
{
    static const int64_t steps[] = {-60000, -59999, -10000, -1, 1, 500, 38999};
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct bench *bench = BENCH(.metrics = {});
        run(bench, 10 * S, 20 * S, S);
        bench->step_ms = steps[i];
        if (is_stale_at(bench, 21 * S))
            fail_msg("stale after a step of %lld ms", (long long)steps[i]);
        tick(bench, 21 * S, 1);
        assert_int_equal(bench->n_closed, 0);
        assert_int_equal(bench->window.start_ms, HOUR_MS);
        bench_tear_down(state);
    }
}

// The pipeline restamps what waits by how far the clock stepped since `clock_offset_ms`: start_ms
// minus that is the start of the window on the boot clock, whatever closed the window.
static void a_record_knows_its_start_on_the_boot_clock(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    run(bench, 10 * S, 60 * S, S);
    assert_int_equal(record_at(bench, 0)->start_ms - record_at(bench, 0)->clock_offset_ms, BOOT_MS);
}

// A machine that booted with a wrong clock: the step that sets it right closes the first window.
static void a_record_that_a_step_closed_knows_its_start_on_the_boot_clock(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    bench->step_ms = -30 * 86400 * INT64_C(1000);
    run(bench, 10 * S, 20 * S, S);
    bench->step_ms = 0;
    tick(bench, 21 * S, 1);
    assert_int_equal(bench->n_closed, 1);
    const struct record *record = record_at(bench, 0);
    assert_int_equal(record->start_ms, HOUR_MS - 30 * 86400 * INT64_C(1000));
    assert_int_equal(record->start_ms - record->clock_offset_ms, BOOT_MS);
}

static void closing_before_the_end_gives_a_short_window(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    run(bench, 10 * S, 12 * S, S);
    close_window(bench); // SIGTERM
    ASSERT_STARTS(bench, 0);
    ASSERT_VALUES(record_at(bench, 0), PPS, 1, 1, 1);
    assert_null(window_close(&bench->window));
}

static void a_window_without_a_value_gives_no_record(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    begin(bench, 10 * S);
    end(bench);
    begin(bench, 60 * S);
    end(bench);
    assert_int_equal(bench->n_closed, 1);
    assert_null(bench->records);
    begin(bench, 61 * S);
    ADD(bench, 0, {METRIC_TOTAL_RESETS, 1}, {METRIC_SRD_MODE, 0}); // nothing but properties
    end(bench);
    close_window(bench);
    assert_null(bench->records);
}

static void nothing_of_a_window_is_in_the_next(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    bench->elapsed_ms = 5 * S;
    begin(bench, 59 * S);
    ADD(bench, 0, {PPS, 4}, {METRIC_TOTAL_RESETS, 1}, {METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, 9});
    ADD(bench, 1, {PPS, 4});
    end(bench);
    bench->elapsed_ms = S;
    tick(bench, 60 * S, 0);
    forget_records(bench);
    tick(bench, 61 * S, 0);
    close_window(bench);
    assert_int_equal(n_records(bench), 2);
    for (size_t i = 0; i < 2; i++) {
        ASSERT_VALUES(record_at(bench, i), PPS, 0);
        assert_int_equal(record_at(bench, i)->n_series, 1);
        assert_int_equal(record_at(bench, i)->n_properties, 0);
        assert_int_equal(record_at(bench, i)->gap_ms, 0);
    }
    assert_int_equal(record_at(bench, 0)->n_enis, 1);
}

static void an_hour_of_seconds_fits_into_a_window(void **state)
{
    struct bench *bench = BENCH(.period_ms = 60 * M);
    scoped_free uint64_t *values = xcalloc(3600, sizeof(*values));
    for (int64_t i = 0; i < 3600; i++) {
        values[i] = (uint64_t)(i / 2 * 7919 % 13);
        tick(bench, (i + 1) * S, values[i]);
    }
    ASSERT_STARTS(bench, 0);
    assert_values(record_at(bench, 0), PPS, values, 3600);
    assert_values(record_at(bench, 1), PPS, values, 3600);
}

static void a_window_that_is_all_zero_can_be_finished(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    tick(bench, S, 1);
    window_finish(&bench->window);
    window_finish(&bench->window);
    assert_int_equal(bench->window.n_enis, 0);
}

// Design: it divides one hour, and above 60 s it is a multiple of 60 s.
static void periods_are_those_of_the_design(void **state)
{
    (void)state;
    static const uint64_t good[] = {1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 25, 30, 36,
        40, 45, 48, 50, 60, 120, 180, 240, 300, 360, 600, 720, 900, 1200, 1800, 3600};
    size_t next = 0;
    for (uint64_t seconds = 1; seconds <= 3600; seconds++) {
        bool is_good = next < ARRAY_SIZE(good) && good[next] == seconds;
        next += is_good;
        struct window_options options = {.period_ms = seconds * S};
        if ((window_options_check(&options) == NULL) != is_good)
            fail_msg("a period of %u s", (unsigned int)seconds);
    }
    assert_int_equal(next, ARRAY_SIZE(good));
    struct window_options options = {.period_ms = 7200 * S};
    assert_non_null(window_options_check(&options));
}

#define TEST(name) cmocka_unit_test_teardown(name, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_window_starts_on_a_multiple_of_its_period),
        TEST(the_first_window_is_short_and_stamped_with_its_aligned_start),
        TEST(every_sample_is_a_value_of_its_own),
        TEST(the_sample_at_the_end_closes_the_window_and_belongs_to_it),
        TEST(a_sample_a_moment_before_the_end_does_not_close_the_window),
        TEST(a_sample_less_than_an_interval_after_the_end_still_belongs_to_it),
        TEST(late_tick_belongs_to_the_next_window),
        TEST(what_is_late_counts_in_intervals),
        TEST(after_a_long_sleep_the_window_is_the_one_of_its_end),
        TEST(a_window_that_is_not_open_is_not_stale),
        TEST(windows_follow_one_another_without_a_gap),
        TEST(windows_as_long_as_the_interval_hold_one_value_each),
        TEST(a_tick_that_is_late_for_such_a_window_still_belongs_to_it),
        TEST(an_interval_that_does_not_divide_the_period_skips_no_window),
        TEST(a_step_of_more_than_a_period_ahead_opens_the_window_of_the_new_time),
        TEST(a_step_of_more_than_a_period_back_opens_the_window_of_the_new_time),
        TEST(smaller_steps_change_nothing),
        TEST(a_record_knows_its_start_on_the_boot_clock),
        TEST(a_record_that_a_step_closed_knows_its_start_on_the_boot_clock),
        TEST(closing_before_the_end_gives_a_short_window),
        TEST(a_window_without_a_value_gives_no_record),
        TEST(nothing_of_a_window_is_in_the_next),
        TEST(an_hour_of_seconds_fits_into_a_window),
        TEST(a_window_that_is_all_zero_can_be_finished),
        TEST(periods_are_those_of_the_design),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
