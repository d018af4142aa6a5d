// SPDX-License-Identifier: Apache-2.0
// Counters that are not in every sample, while reads fail and devices restart. Expected values are
// by hand.
#include "unit/delta_bench.h"

#define HIDDEN UINT64_MAX

// What a sample shows.
struct row {
    uint64_t bw_in, pps, available, resets;
};

static enum delta_outcome look_at_row(struct bench *bench, uint64_t second, struct row row)
{
    const uint64_t values[] = {row.bw_in, row.pps, row.available, row.resets};
    static const uint32_t metrics[] = {METRIC_BW_IN_ALLOWANCE_EXCEEDED,
        METRIC_PPS_ALLOWANCE_EXCEEDED, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, METRIC_TOTAL_RESETS};
    begin(bench, second);
    for (size_t i = 0; i < ARRAY_SIZE(metrics); i++)
        if (values[i] != HIDDEN)
            put(bench, metrics[i], values[i]);
    return apply(bench);
}

// ENI statistics, which have no gauge.
static enum delta_outcome look_at_two(
    struct bench *bench, uint64_t second, uint64_t bw_in, uint64_t pps)
{
    return look_at_row(bench, second, (struct row){bw_in, pps, HIDDEN, HIDDEN});
}

static enum delta_outcome look_at_srd(
    struct bench *bench, uint64_t second, uint64_t mode, uint64_t tx, uint64_t rx)
{
    begin(bench, second);
    put(bench, METRIC_SRD_MODE, mode);
    put(bench, METRIC_SRD_TX_PKTS, tx);
    if (rx != HIDDEN)
        put(bench, METRIC_SRD_RX_PKTS, rx);
    return apply(bench);
}

static uint64_t bw_in(const struct bench *bench)
{
    return of(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED);
}

static bool has_bw_in(const struct bench *bench)
{
    return has(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED);
}

static bool has_pps(const struct bench *bench)
{
    return has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED);
}

// Under another ifindex bw_in, 33 before, has no baseline; it comes back as a zero.
static void zeros_on_trial_are_no_first_baseline(void **state)
{
    struct bench *bench = *state;
    look_at_row(bench, 0, (struct row){33, 1000, 500, 3});
    bench->eni.ifindex = 9;
    look_at_row(bench, 1, (struct row){HIDDEN, 1000, 500, 3});
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    look_at_row(bench, 2, (struct row){HIDDEN, 0, 0, 3});
    for (uint64_t second = 3; second < 20; second++)
        look_at_row(bench, second, (struct row){0, 0, 0, 3});
    assert_int_equal(look_at_row(bench, 20, (struct row){356, 1009, 500, 3}), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(pps(bench), 9);
    assert_false(has_bw_in(bench));
    look_at_row(bench, 21, (struct row){360, 1009, 500, 3});
    assert_int_equal(bw_in(bench), 4);
}

static void counter_that_was_hidden_while_zeros_were_on_trial_keeps_its_baseline(void **state)
{
    struct bench *bench = *state;
    look_at_two(bench, 0, 7, 1000);
    for (uint64_t second = 1; second < 15; second++)
        look_at_two(bench, second, HIDDEN, 0);
    assert_int_equal(look_at_two(bench, 15, 9, 1005), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(pps(bench), 5);
    assert_int_equal(bw_in(bench), 2);
    assert_int_equal(bench->delta.elapsed_ns, 15 * SECOND);
}

// ENA Express is switched off, or its command fails: rx, 10 before, is another device's now.
static void zeros_of_srd_are_no_first_baseline(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_srd(bench, second, 1, 0, 10);
    bench->eni.ifindex = 9;
    for (uint64_t second = 2; second < 4; second++)
        look_at_srd(bench, second, 1, 0, HIDDEN);
    for (uint64_t second = 4; second < 6; second++)
        assert_int_equal(look_at_srd(bench, second, 0, 0, 0), DELTA_PUBLISH);
    look_at_srd(bench, 6, 1, 0, 18);
    assert_false(has(bench, METRIC_SRD_RX_PKTS));
    look_at_srd(bench, 7, 1, 0, 21);
    assert_int_equal(of(bench, METRIC_SRD_RX_PKTS), 3);
}

static void srd_that_is_off_is_not_rebased_under_another_ifindex(void **state)
{
    struct bench *bench = *state;
    look_at_srd(bench, 0, 0, 0, 0);
    look_at_srd(bench, 1, 0, 0, 0);
    bench->eni.ifindex = 9;
    assert_int_equal(look_at_srd(bench, 2, 0, 0, 0), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, 0);
}

// Of a group that has never read anything else they are.
static void zeros_are_a_first_baseline_of_what_has_read_nothing_else(void **state)
{
    struct bench *bench = *state;
    look_at_two(bench, 0, HIDDEN, 0);
    look_at_two(bench, 1, 0, 0);
    look_at_two(bench, 2, 4, 0);
    assert_int_equal(bw_in(bench), 4);
}

static void zeros_beside_a_hidden_counter_leave_a_reset_told(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_row(bench, second, (struct row){2900, 0, HIDDEN, 2});
    for (uint64_t second = 2; second < 6; second++) {
        assert_int_equal(
            look_at_row(bench, second, (struct row){HIDDEN, 0, HIDDEN, second < 4 ? 2 : 3}),
            DELTA_PUBLISH);
        assert_int_equal(pps(bench), 0);
        assert_int_equal(bench->delta.elapsed_ns, SECOND);
    }
    assert_int_equal(look_at_row(bench, 6, (struct row){1100, 0, HIDDEN, 3}), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    assert_int_equal(bw_in(bench), 1100);
}

static void zeros_beside_a_hidden_counter_end_no_suspicion(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_two(bench, second, 4124, 0);
    look_at_two(bench, 2, 248, 0);
    for (uint64_t second = 3; second < 7; second++)
        assert_int_equal(look_at_two(bench, second, HIDDEN, 0), DELTA_SUSPECT);
    for (uint64_t second = 7; second < 12; second++)
        assert_int_equal(look_at_two(bench, second, 1737, 0), DELTA_SUSPECT);
    assert_int_equal(look_at_two(bench, 12, 1921, 0), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    assert_int_equal(bw_in(bench), 1921);
}

// A statistic that never comes back does not hold the others for ever.
static void zeros_beside_a_hidden_counter_get_their_verdict(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_two(bench, second, 4124, 0);
    look_at_two(bench, 2, 0, 0);
    for (uint64_t second = 3; second < 12; second++)
        assert_int_equal(look_at_two(bench, second, HIDDEN, 0), DELTA_SUSPECT);
    assert_int_equal(look_at_two(bench, 12, HIDDEN, 0), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    look_at_two(bench, 13, HIDDEN, 6);
    assert_int_equal(pps(bench), 6);
}

static void zeros_of_another_device_are_no_first_baseline(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_two(bench, second, 2213, 0);
    bench->eni.ifindex = 5;
    look_at_two(bench, 2, HIDDEN, 0);
    look_at_two(bench, 3, 0, 0);
    bench->eni.ifindex = 6;
    look_at_two(bench, 4, 0, 0);
    look_at_two(bench, 5, 3036, 0);
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    assert_false(has_bw_in(bench));
}

// 10^18 packets shown by a device, then zeros by it: which of them is the lie is not known.
static void zeros_of_another_device_end_no_suspicion(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_two(bench, second, 0, 0);
    bench->eni.ifindex = 8;
    assert_int_equal(look_at_two(bench, 2, UINT64_C(1000000000000000000), 0), DELTA_SUSPECT);
    assert_int_equal(look_at_two(bench, 3, 0, 0), DELTA_SUSPECT);
    look_at_two(bench, 4, 70, 0);
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    assert_false(has_bw_in(bench));
}

// The boot was 102 s ago: 103 billion packets at most, and one that has no baseline may have them.
static void counter_without_a_baseline_that_no_device_counts_is_held(void **state)
{
    struct bench *bench = *state;
    const uint64_t most = UINT64_C(103999999999);
    for (uint64_t second = 0; second < 2; second++)
        look_at_two(bench, second, HIDDEN, 1000);
    assert_int_equal(look_at_two(bench, 2, most + 1, 1004), DELTA_SUSPECT);
    assert_false(has_pps(bench));
    assert_int_equal(look_at_two(bench, 2, most, 1004), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 4);
    assert_false(has_bw_in(bench));
}

static void group_that_fell_counts_what_has_no_baseline_from_zero_too(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_row(bench, second, (struct row){50, 1000, 500, 3});
    bench->eni.ifindex = 9;
    for (uint64_t second = 2; second < 4; second++)
        look_at_row(bench, second, (struct row){HIDDEN, 1000, 500, 3});
    look_at_row(bench, 4, (struct row){80, 6, 500, 4});
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    assert_int_equal(pps(bench), 6);
    assert_int_equal(bw_in(bench), 80);
    assert_int_equal(bench->delta.elapsed_ns, 3 * SECOND); // since it was seen
}

static void zeros_beside_a_hidden_counter_confirm_no_baseline_on_trial(void **state)
{
    struct bench *bench = *state;
    look_at_two(bench, 0, 900000, 0); // garbage
    for (uint64_t second = 1; second < 13; second++)
        look_at_two(bench, second, 0, 0);
    for (uint64_t second = 13; second < 16; second++)
        look_at_two(bench, second, HIDDEN, 0);
    assert_int_equal(look_at_two(bench, 16, 7000, 0), DELTA_BASELINE);
    assert_false(has_bw_in(bench));
}

// What follows garbage and zeros is a first sample, also of what is not in it.
static void first_sample_after_zeros_on_trial_ends_the_baseline_of_a_hidden_counter(void **state)
{
    struct bench *bench = *state;
    look_at_two(bench, 0, 5, 900000); // garbage
    for (uint64_t second = 1; second < 13; second++)
        look_at_two(bench, second, 0, 0);
    assert_int_equal(look_at_two(bench, 13, HIDDEN, 7000), DELTA_BASELINE);
    look_at_two(bench, 14, 80, 7001);
    assert_int_equal(pps(bench), 1);
    assert_false(has_bw_in(bench));
}

// The baseline has no pps; the new life that is suspect shows some.
static void show_hidden_counter(struct bench *bench)
{
    for (uint64_t second = 0; second < 2; second++)
        look_at_row(bench, second, (struct row){7000, HIDDEN, 500, 3});
    assert_int_equal(look_at_row(bench, 2, (struct row){50, 1085, 400, 3}), DELTA_SUSPECT);
    assert_int_equal(look_at_row(bench, 3, (struct row){50, 1362, 400, 3}), DELTA_SUSPECT);
}

static void zeros_after_a_new_life_are_no_increase_of_what_it_showed(void **state)
{
    struct bench *bench = *state;
    show_hidden_counter(bench);
    for (uint64_t second = 4; second < 30; second++) {
        look_at_row(bench, second, (struct row){0, 0, 0, 3});
        if (has_pps(bench))
            assert_int_equal(pps(bench), 0);
    }
}

static void told_reset_of_a_new_life_counts_from_zero_what_it_showed(void **state)
{
    struct bench *bench = *state;
    show_hidden_counter(bench);
    assert_int_equal(look_at_row(bench, 4, (struct row){6, 9, 400, 4}), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    assert_int_equal(bw_in(bench), 6);
    assert_int_equal(pps(bench), 9);
}

// ENI statistics: garbage beside a told reset, in which only what was hidden before is too large.
static void told_reset_with_a_hidden_counter_that_no_device_counts_is_not_believed(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_row(bench, second, (struct row){7000, HIDDEN, HIDDEN, 3});
    assert_int_equal(
        look_at_row(bench, 2, (struct row){91, UINT64_C(1) << 60, HIDDEN, 4}), DELTA_SUSPECT);
    assert_false(has_bw_in(bench));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(zeros_on_trial_are_no_first_baseline),
        TEST(counter_that_was_hidden_while_zeros_were_on_trial_keeps_its_baseline),
        TEST(zeros_of_srd_are_no_first_baseline),
        TEST(srd_that_is_off_is_not_rebased_under_another_ifindex),
        TEST(zeros_are_a_first_baseline_of_what_has_read_nothing_else),
        TEST(zeros_beside_a_hidden_counter_leave_a_reset_told),
        TEST(zeros_beside_a_hidden_counter_end_no_suspicion),
        TEST(zeros_beside_a_hidden_counter_get_their_verdict),
        TEST(zeros_of_another_device_are_no_first_baseline),
        TEST(zeros_of_another_device_end_no_suspicion),
        TEST(counter_without_a_baseline_that_no_device_counts_is_held),
        TEST(group_that_fell_counts_what_has_no_baseline_from_zero_too),
        TEST(zeros_beside_a_hidden_counter_confirm_no_baseline_on_trial),
        TEST(first_sample_after_zeros_on_trial_ends_the_baseline_of_a_hidden_counter),
        TEST(zeros_after_a_new_life_are_no_increase_of_what_it_showed),
        TEST(told_reset_of_a_new_life_counts_from_zero_what_it_showed),
        TEST(told_reset_with_a_hidden_counter_that_no_device_counts_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
