// SPDX-License-Identifier: Apache-2.0
// Commands of the device that fail for long, alone or together. Expected values are by hand.
#include "unit/delta_bench.h"

// A sample of both groups of the device: two commands, of which either can fail by itself.
static enum delta_outcome look_at_both(struct bench *bench, uint64_t second, bool allowance_fails,
    bool srd_fails, uint64_t pps_count, uint64_t srd_count)
{
    begin(bench, second);
    put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, allowance_fails ? 0 : pps_count);
    put(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, allowance_fails ? 0 : 500);
    put(bench, METRIC_SRD_MODE, srd_fails ? 0 : 1);
    put(bench, METRIC_SRD_TX_PKTS, srd_fails ? 0 : srd_count);
    return apply(bench);
}

// Published over a run of samples with the same values, up to but without `end`.
static uint64_t run_of_zeros(struct bench *bench, uint64_t first, uint64_t end)
{
    uint64_t published = 0;
    for (uint64_t second = first; second < end; second++)
        if (look(bench, second, 0, 0, 3) == DELTA_PUBLISH &&
            has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED))
            published += pps(bench);
    return published;
}

static void long_zeros_after_the_first_sample_are_a_lie_when_it_comes_back(void **state)
{
    struct bench *bench = *state;
    look(bench, 0, 7000, 500, 3);
    assert_int_equal(run_of_zeros(bench, 1, 13), 0);
    assert_int_equal(look(bench, 13, 7009, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 9);
}

// ENI statistics, which have no gauge, may be garbage.
static enum delta_outcome look_at_two(
    struct bench *bench, uint64_t second, uint64_t bw_in, uint64_t pps)
{
    begin(bench, second);
    put(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED, bw_in);
    put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, pps);
    return apply(bench);
}

static void fall_below_what_was_seen_once_is_rebased(void **state)
{
    struct bench *bench = *state;
    look_at_two(bench, 0, 9, 900000);
    for (uint64_t second = 1; second < 11; second++)
        assert_int_equal(look_at_two(bench, second, 9, 5000 + second), DELTA_SUSPECT);
    assert_int_equal(look_at_two(bench, 11, 9, 5011), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    assert_int_equal(pps(bench), 10); // since it was shown first: true whatever was before
    assert_int_equal(of(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED), 0);
    look_at_two(bench, 12, 9, 5015);
    assert_int_equal(pps(bench), 4);
}

// 10^18 packets in a second: no device counts that from zero.
static void told_reset_to_what_no_device_counts_is_not_believed(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 3; second++) {
        begin(bench, second);
        put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED,
            UINT64_C(1000000000000000000) * (second < 2 ? 2 : 1));
        put(bench, METRIC_TOTAL_RESETS, second < 2 ? 3 : 4);
        apply(bench);
    }
    assert_int_equal(bench->delta.held, 1u << METRIC_GROUP_ALLOWANCE);
    assert_false(has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED));
}

static void untold_reset_to_what_no_device_counts_is_rebased(void **state)
{
    struct bench *bench = *state;
    const uint64_t far = UINT64_C(1000000000000000000);
    look_at_two(bench, 0, 9, 2 * far);
    look_at_two(bench, 1, 9, 2 * far);
    for (uint64_t second = 2; second <= 12; second++)
        look_at_two(bench, second, 9, far + second);
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    assert_int_equal(pps(bench), 10);
}

static void long_zeros_after_a_first_sample_that_does_not_come_back_start_anew(void **state)
{
    struct bench *bench = *state;
    look_at_two(bench, 0, 1, 900000); // garbage
    for (uint64_t second = 1; second < 13; second++)
        look_at_two(bench, second, 0, 0);
    assert_int_equal(look_at_two(bench, 13, 4, 7000), DELTA_BASELINE);
    assert_false(has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED));
    assert_int_equal(look_at_two(bench, 14, 4, 7002), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 2);
}

static void long_zeros_after_a_told_reset_lose_nothing(void **state)
{
    struct bench *bench = *state;
    look(bench, 0, 7000, 500, 2);
    look(bench, 1, 7000, 500, 2);
    look(bench, 2, 1005, 500, 3);
    assert_int_equal(pps(bench), 1005);
    assert_int_equal(run_of_zeros(bench, 3, 15), 0);
    assert_int_equal(look(bench, 15, 1014, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 9);
}

static void second_command_that_fails_later_does_not_take_the_first_ones_baseline(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 30; second++)
        look_at_both(bench, second, second >= 2, second >= 14, 7000, 1000);
    assert_int_equal(look_at_both(bench, 30, false, false, 7009, 1003), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 9);
    assert_int_equal(of(bench, METRIC_SRD_TX_PKTS), 3);
}

static void srd_command_that_fails_alone_for_long_is_a_lie(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 14; second++)
        look_at_both(bench, second, false, second >= 2, 7000, 1000000000);
    assert_int_equal(look_at_both(bench, 14, false, false, 7000, 1000000003), DELTA_PUBLISH);
    assert_int_equal(of(bench, METRIC_SRD_TX_PKTS), 3);
}

static void srd_command_that_fails_at_first_gives_no_baseline(void **state)
{
    struct bench *bench = *state;
    look_at_both(bench, 0, false, true, 7000, 1000000000);
    look_at_both(bench, 1, false, true, 7000, 1000000000);
    assert_int_equal(look_at_both(bench, 2, false, false, 7000, 1000000003), DELTA_BASELINE);
    assert_int_equal(bench->delta.verdicts, 0);
    assert_false(has(bench, METRIC_SRD_TX_PKTS));
    assert_int_equal(look_at_both(bench, 3, false, false, 7000, 1000000007), DELTA_PUBLISH);
    assert_int_equal(of(bench, METRIC_SRD_TX_PKTS), 4);
}

static void reset_between_failing_reads_gets_its_verdict(void **state)
{
    struct bench *bench = confirmed(state);
    uint64_t published = 0;
    for (uint64_t second = 2; second <= 21; second++)
        if (look(bench, second, second % 2 ? 30 : 0, second % 2 ? 500 : 0, 3) == DELTA_PUBLISH)
            published += pps(bench);
    assert_int_equal(published, 30);
}

static void told_reset_is_not_believed_of_a_command_that_fails(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 4; second++) {
        begin(bench, second);
        put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, second == 2 ? 0 : 100000 + second / 3);
        put(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, second == 2 ? 0 : 500);
        put(bench, METRIC_SRD_MODE, 1);
        put(bench, METRIC_SRD_TX_PKTS, 5);
        put(bench, METRIC_TOTAL_RESETS, second < 2 ? 3 : 4);
        apply(bench);
    }
    assert_int_equal(pps(bench), 1);
}

static void srd_names_that_vanish_for_a_sample_end_no_trial(void **state)
{
    struct bench *bench = *state;
    look_at_both(bench, 0, false, true, 7000, 0);
    look_at_both(bench, 1, false, true, 7000, 0);
    look(bench, 2, 7000, 500, 3);
    uint64_t published = 0;
    for (uint64_t second = 3; second < 30; second++)
        if (look_at_both(bench, second, false, false, 7000, 50013) == DELTA_PUBLISH &&
            has(bench, METRIC_SRD_TX_PKTS))
            published += of(bench, METRIC_SRD_TX_PKTS);
    assert_int_equal(published, 0);
}

static void other_device_after_long_zeros_is_not_counted_from_the_old_baseline(void **state)
{
    struct bench *bench = confirmed(state);
    bench->eni.ifindex = 9;
    assert_int_equal(run_of_zeros(bench, 2, 15), 0);
    look(bench, 15, 5000, 500, 3);
    assert_false(has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED));
    assert_int_equal(look(bench, 16, 5002, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 2);
}

static void garbage_beside_a_told_reset_is_held(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 3; second++) {
        begin(bench, second);
        put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, second < 2 ? 1000 : 7);
        put(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED, second < 2 ? 5 : UINT64_C(0xffff888000000000));
        put(bench, METRIC_TOTAL_RESETS, second < 2 ? 1 : 2);
        if (second < 2)
            apply(bench);
    }
    assert_int_equal(apply(bench), DELTA_SUSPECT);
    assert_false(has(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED));
}

// The verdict is about a life that was there all the time, not about the zeros before it.
static void garbage_at_the_end_of_zeros_gets_no_verdict(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(run_of_zeros(bench, 2, 12), 0);
    assert_int_equal(look(bench, 12, UINT64_C(1) << 60, 500, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 13, 900, 500, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 14, 1005, 500, 3), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(pps(bench), 5);
}

// One counter jumped, the other is below what it was: no reset, and nothing to count from zero.
static void garbage_ends_no_trial(void **state)
{
    struct bench *bench = *state;
    look_at_two(bench, 0, 2000, 1000);
    look_at_two(bench, 1, 2000, 1000);
    for (uint64_t second = 2; second <= 15; second++)
        look_at_two(bench, second, 0, 0);
    assert_int_equal(look_at_two(bench, 16, UINT64_C(1) << 60, 7), DELTA_SUSPECT);
    assert_int_equal(look_at_two(bench, 17, 2000, 1003), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(of(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED), 0);
    assert_int_equal(pps(bench), 3);
}

static void garbage_that_stays_ends_the_trial_with_a_new_baseline(void **state)
{
    struct bench *bench = *state;
    const uint64_t far = UINT64_C(1) << 60;
    look_at_two(bench, 0, 2000, 1000);
    look_at_two(bench, 1, 2000, 1000);
    for (uint64_t second = 2; second <= 15; second++)
        look_at_two(bench, second, 0, 0);
    for (uint64_t second = 16; second <= 26; second++)
        look_at_two(bench, second, far, 7);
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    look_at_two(bench, 27, far + 4, 9);
    assert_int_equal(of(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED), 4);
    assert_int_equal(pps(bench), 2);
}

static void other_device_that_reads_zeros_too_after_long_zeros_counts_from_zero(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(run_of_zeros(bench, 2, 15), 0);
    bench->eni.ifindex = 9;
    look(bench, 15, 0, 0, 3);
    look(bench, 16, 6, 500, 3);
    assert_int_equal(pps(bench), 6);
    assert_int_equal(bench->delta.verdicts, 0);
}

static void other_device_that_reads_zeros_too_is_not_counted_from_the_old_baseline(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(run_of_zeros(bench, 2, 15), 0);
    bench->eni.ifindex = 9;
    look(bench, 15, 0, 0, 3);
    look(bench, 16, 1006, 500, 3);
    assert_false(has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED));
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    look(bench, 17, 1008, 500, 3);
    assert_int_equal(pps(bench), 2);
}

static void other_device_after_long_zeros_counts_from_zero_below_the_old_baseline(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(run_of_zeros(bench, 2, 15), 0);
    bench->eni.ifindex = 9;
    look(bench, 15, 6, 500, 3);
    assert_int_equal(pps(bench), 6);
}

static void other_device_whose_srd_reads_zeros_gives_it_no_baseline(void **state)
{
    struct bench *bench = *state;
    look_at_both(bench, 0, false, false, 7000, 0);
    look_at_both(bench, 1, false, false, 7000, 0);
    bench->eni.ifindex = 9;
    look_at_both(bench, 2, false, true, 7000, 0);
    look_at_both(bench, 3, false, false, 7000, 50013);
    assert_false(has(bench, METRIC_SRD_TX_PKTS));
}

static void lie_after_which_nothing_has_moved_is_told_too(void **state)
{
    struct bench *bench = confirmed(state);
    look(bench, 2, 0, 0, 3);
    assert_int_equal(look(bench, 3, 1000, 500, 3), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(bench->delta.elapsed_ns, 2 * SECOND);
    assert_int_equal(pps(bench), 0);
}

static void driver_counters_of_another_device_are_no_increase(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 3; second++) {
        bench->eni.ifindex = second < 2 ? 2 : 9;
        begin(bench, second);
        put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, 1000);
        put(bench, METRIC_N_KNOWN, second < 2 ? 500 : 90000);
        apply(bench);
    }
    assert_false(has(bench, METRIC_N_KNOWN));
}

#define ALLOWANCE (1u << METRIC_GROUP_ALLOWANCE)
#define SRD       (1u << METRIC_GROUP_SRD)

static void groups_that_are_held_are_named(void **state)
{
    struct bench *bench = *state;
    static const unsigned int held[] = {0, 0, ALLOWANCE, ALLOWANCE | SRD, SRD, 0, SRD, 0, 0};
    for (uint64_t second = 0; second < ARRAY_SIZE(held); second++) {
        look_at_both(
            bench, second, held[second] & ALLOWANCE, held[second] & SRD, 7000 + second, 1000);
        assert_int_equal(bench->delta.held, held[second]);
        assert_int_equal(
            has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED), second > 0 && !(held[second] & ALLOWANCE));
        assert_int_equal(has(bench, METRIC_SRD_TX_PKTS), second > 0 && !(held[second] & SRD));
    }
}

static void zeros_before_the_first_baseline_are_held(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(look_at_both(bench, 0, true, false, 7000, 1000), DELTA_SUSPECT);
    assert_int_equal(bench->delta.held, ALLOWANCE);
    assert_int_equal(look_at_both(bench, 1, false, false, 7000, 1000), DELTA_BASELINE);
    assert_int_equal(bench->delta.held, 0);
}

// The allowances come back while ENA Express counts on from its reset.
static void groups_of_one_sample_get_different_verdicts(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_both(bench, second, false, false, 7000, 1000);
    for (uint64_t second = 2; second < 12; second++) {
        assert_int_equal(look_at_both(bench, second, true, false, 7000, 40), DELTA_SUSPECT);
        assert_int_equal(bench->delta.held, ALLOWANCE | SRD);
        assert_int_equal(bench->delta.verdicts, 0);
    }
    assert_int_equal(look_at_both(bench, 12, false, false, 7005, 42), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE | VERDICT_RESET);
    assert_int_equal(bench->delta.held, 0);
    assert_int_equal(pps(bench), 5);
    assert_int_equal(of(bench, METRIC_SRD_TX_PKTS), 42);
    assert_int_equal(look_at_both(bench, 13, false, false, 7005, 42), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, 0); // told once
}

static void one_group_gets_its_verdict_while_the_other_is_held(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_both(bench, second, false, false, 7000, 1000);
    look_at_both(bench, 2, true, false, 7000, 1000);
    assert_int_equal(look_at_both(bench, 3, false, true, 7002, 1000), DELTA_SUSPECT);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(bench->delta.held, SRD);
    assert_int_equal(pps(bench), 2);
}

// A device of another ifindex: what fell was reset, what did not is another's.
static void another_device_may_be_a_reset_and_a_new_baseline(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++)
        look_at_both(bench, second, false, false, 7000, 1000);
    bench->eni.ifindex = 9;
    assert_int_equal(look_at_both(bench, 2, false, false, 6, 1001), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET | VERDICT_REBASED);
    assert_int_equal(pps(bench), 6);
    assert_false(has(bench, METRIC_SRD_TX_PKTS));
}

// Zeros at first, while the allowances answer; then nothing answers, for longer than a verdict
// takes.
static void srd_command_that_fails_at_first_gives_no_baseline_when_all_commands_fail(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 30; second++)
        look_at_both(bench, second, second >= 2, true, 7000, 0);
    look_at_both(bench, 30, false, false, 7002, 50013);
    assert_int_equal(pps(bench), 2);
    assert_false(has(bench, METRIC_SRD_TX_PKTS));
}

// Garbage that was held is nothing that the group has read.
static void idle_device_counts_from_zeros_under_another_ifindex_after_garbage_too(void **state)
{
    struct bench *bench = *state;
    look_at_two(bench, 0, 0, 0);
    look_at_two(bench, 1, 0, 0);
    assert_int_equal(look_at_two(bench, 2, UINT64_C(1) << 60, 7), DELTA_SUSPECT);
    assert_int_equal(look_at_two(bench, 3, 0, 0), DELTA_PUBLISH);
    bench->eni.ifindex = 9;
    look_at_two(bench, 4, 0, 0);
    look_at_two(bench, 5, 0, 4);
    assert_int_equal(pps(bench), 4);
}

// Ten billion packets, below the baseline: not in the second since the last zeros.
static void garbage_that_fell_is_measured_from_the_zeros_on_trial(void **state)
{
    struct bench *bench = *state;
    look_at_two(bench, 0, UINT64_C(1) << 50, 1000);
    look_at_two(bench, 1, UINT64_C(1) << 50, 1000);
    for (uint64_t second = 2; second <= 60; second++)
        look_at_two(bench, second, 0, 0);
    assert_int_equal(look_at_two(bench, 61, UINT64_C(10000000000), 7), DELTA_SUSPECT);
}

// All counters jumped: neither the way back to the baseline nor an end of the zeros.
static void garbage_above_the_baseline_ends_no_trial(void **state)
{
    struct bench *bench = *state;
    const uint64_t far = UINT64_C(1) << 60;
    look_at_two(bench, 0, 2000, 1000);
    look_at_two(bench, 1, 2000, 1000);
    for (uint64_t second = 2; second <= 15; second++)
        look_at_two(bench, second, 0, 0);
    assert_int_equal(look_at_two(bench, 16, far, far), DELTA_SUSPECT);
    assert_int_equal(look_at_two(bench, 17, 0, 0), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(look_at_two(bench, 18, 2000, 1003), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(pps(bench), 3);
    assert_int_equal(bench->delta.elapsed_ns, 17 * SECOND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(long_zeros_after_the_first_sample_are_a_lie_when_it_comes_back),
        TEST(fall_below_what_was_seen_once_is_rebased),
        TEST(told_reset_to_what_no_device_counts_is_not_believed),
        TEST(untold_reset_to_what_no_device_counts_is_rebased),
        TEST(long_zeros_after_a_first_sample_that_does_not_come_back_start_anew),
        TEST(long_zeros_after_a_told_reset_lose_nothing),
        TEST(second_command_that_fails_later_does_not_take_the_first_ones_baseline),
        TEST(srd_command_that_fails_alone_for_long_is_a_lie),
        TEST(srd_command_that_fails_at_first_gives_no_baseline),
        TEST(reset_between_failing_reads_gets_its_verdict),
        TEST(told_reset_is_not_believed_of_a_command_that_fails),
        TEST(garbage_beside_a_told_reset_is_held),
        TEST(garbage_at_the_end_of_zeros_gets_no_verdict),
        TEST(garbage_ends_no_trial),
        TEST(garbage_that_stays_ends_the_trial_with_a_new_baseline),
        TEST(other_device_that_reads_zeros_too_after_long_zeros_counts_from_zero),
        TEST(other_device_that_reads_zeros_too_is_not_counted_from_the_old_baseline),
        TEST(other_device_after_long_zeros_counts_from_zero_below_the_old_baseline),
        TEST(other_device_whose_srd_reads_zeros_gives_it_no_baseline),
        TEST(lie_after_which_nothing_has_moved_is_told_too),
        TEST(driver_counters_of_another_device_are_no_increase),
        TEST(srd_names_that_vanish_for_a_sample_end_no_trial),
        TEST(other_device_after_long_zeros_is_not_counted_from_the_old_baseline),
        TEST(groups_that_are_held_are_named),
        TEST(zeros_before_the_first_baseline_are_held),
        TEST(groups_of_one_sample_get_different_verdicts),
        TEST(one_group_gets_its_verdict_while_the_other_is_held),
        TEST(srd_command_that_fails_at_first_gives_no_baseline_when_all_commands_fail),
        TEST(idle_device_counts_from_zeros_under_another_ifindex_after_garbage_too),
        TEST(garbage_that_fell_is_measured_from_the_zeros_on_trial),
        TEST(garbage_above_the_baseline_ends_no_trial),
        TEST(another_device_may_be_a_reset_and_a_new_baseline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
