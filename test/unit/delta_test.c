// SPDX-License-Identifier: Apache-2.0
// The rules of truth, one by one. Expected values are by hand from the design's rules.
#include "unit/delta_bench.h"

static void first_sight_publishes_nothing(void **state)
{
    assert_int_equal(look(*state, 0, 5000000, 500, 0), DELTA_BASELINE);
}

static void first_sight_publishes_no_level_either(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++) {
        begin(bench, second);
        put(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, 500);
        put(bench, METRIC_N_KNOWN + 1, 8); // num_of_active_io_queues
        apply(bench);
        assert_int_equal(bench->delta.n_readings, second == 0 ? 0 : 2);
    }
    assert_int_equal(of(bench, METRIC_N_KNOWN + 1), 8);
}

static void increase_is_the_difference(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(look(bench, 2, 1007, 400, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 7);
    assert_int_equal(of(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE), 400);
    assert_int_equal(bench->delta.verdicts, 0);
    assert_int_equal(bench->delta.elapsed_ns, SECOND);
}

static void counters_at_the_64_bit_end_do_not_wrap(void **state)
{
    struct bench *bench = *state;
    look(bench, 0, UINT64_MAX - 5, 500, 3);
    assert_int_equal(look(bench, 1, UINT64_MAX, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 5);
}

static void absent_statistic_is_not_zero(void **state)
{
    struct bench *bench = confirmed(state);
    begin(bench, 2);
    put(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, 400);
    assert_int_equal(apply(bench), DELTA_PUBLISH);
    assert_false(has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED));
    assert_int_equal(look(bench, 3, 1010, 400, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 10);
}

static void statistic_that_appears_later_starts_with_a_baseline(void **state)
{
    struct bench *bench = confirmed(state);
    begin(bench, 2);
    put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, 1000);
    put(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 77);
    assert_int_equal(apply(bench), DELTA_PUBLISH);
    assert_false(has(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED));
}

static void zeros_that_go_away_are_a_lie_and_lose_nothing(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(look(bench, 2, 0, 0, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 3, 0, 0, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 4, 1009, 400, 3), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(pps(bench), 9);
    assert_int_equal(bench->delta.elapsed_ns, 3 * SECOND);
}

static void fall_with_a_told_reset_counts_from_zero_at_once(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(look(bench, 2, 40, 500, 4), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    assert_int_equal(pps(bench), 40);
    assert_int_equal(look(bench, 3, 45, 500, 4), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 5);
}

static void told_reset_does_not_hasten_a_device_that_answers_zeros(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(look(bench, 2, 0, 0, 4), DELTA_SUSPECT);
    assert_int_equal(look(bench, 3, 12, 500, 4), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    assert_int_equal(pps(bench), 12);
}

static void fall_that_nothing_tells_is_a_reset_after_the_verdict_time(void **state)
{
    struct bench *bench = confirmed(state);
    for (uint64_t second = 2; second < 12; second++)
        assert_int_equal(look(bench, second, 40 + second, 500, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 12, 60, 500, 3), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    assert_int_equal(pps(bench), 60);
}

static void verdict_time_starts_again_when_the_new_life_contradicts_itself(void **state)
{
    struct bench *bench = confirmed(state);
    for (uint64_t second = 2; second < 10; second++)
        assert_int_equal(look(bench, second, 40, 500, 3), DELTA_SUSPECT);
    for (uint64_t second = 10; second < 20; second++)
        assert_int_equal(look(bench, second, 30, 500, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 20, 30, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 30);
}

// Customer metrics, which have the gauge, fail as zeros only (facts 1.7): what was seen is true.
static void fall_below_customer_metrics_seen_once_is_a_reset(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(look(bench, 0, 900000, 500, 3), DELTA_BASELINE);
    for (uint64_t second = 1; second < 11; second++)
        assert_int_equal(look(bench, second, 5000, 500, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 11, 5000, 500, 3), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    assert_int_equal(pps(bench), 5000);
    assert_int_equal(look(bench, 12, 5004, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 4);
}

static void reset_takes_the_whole_group_from_zero_and_no_other(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++) {
        begin(bench, second);
        put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, 1000);
        put(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 5);
        put(bench, METRIC_SRD_TX_PKTS, 300);
        put(bench, METRIC_TOTAL_RESETS, 1);
        put(bench, METRIC_N_KNOWN, 10000); // queue_0_tx_cnt, in the driver's memory
        apply(bench);
    }
    begin(bench, 2);
    put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, 3);
    put(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 7);
    put(bench, METRIC_SRD_TX_PKTS, 310);
    put(bench, METRIC_TOTAL_RESETS, 2);
    put(bench, METRIC_N_KNOWN, 10100);
    assert_int_equal(apply(bench), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 3);
    assert_int_equal(of(bench, METRIC_BW_IN_ALLOWANCE_EXCEEDED), 7);
    assert_int_equal(of(bench, METRIC_SRD_TX_PKTS), 10);
    assert_int_equal(of(bench, METRIC_TOTAL_RESETS), 1);
    assert_int_equal(of(bench, METRIC_N_KNOWN), 100);
}

static void counter_of_the_driver_that_falls_restarted(void **state)
{
    struct bench *bench = confirmed(state);
    begin(bench, 2);
    put(bench, METRIC_N_KNOWN, 500);
    apply(bench);
    begin(bench, 3);
    put(bench, METRIC_N_KNOWN, 20);
    assert_int_equal(apply(bench), DELTA_PUBLISH);
    assert_int_equal(of(bench, METRIC_N_KNOWN), 20);
    assert_int_equal(bench->delta.verdicts, 0);
}

static void resets_that_move_without_a_fall_are_no_reset(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(look(bench, 2, 1002, 500, 4), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, 0);
    assert_int_equal(pps(bench), 2);
}

static void never_throttled_node_publishes_no_zero_of_the_gauge(void **state)
{
    struct bench *bench = *state;
    look(bench, 0, 0, 500, 3);
    look(bench, 1, 0, 500, 3);
    assert_int_equal(look(bench, 2, 0, 0, 3), DELTA_SUSPECT);
    for (uint64_t second = 3; second < 30; second++)
        if (look(bench, second, 0, 0, 3) == DELTA_PUBLISH)
            assert_false(has(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE));
    assert_int_equal(look(bench, 30, 0, 499, 3), DELTA_PUBLISH);
    assert_int_equal(of(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE), 499);
}

static void gauge_that_is_truly_zero_is_published(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(look(bench, 2, 1001, 0, 3), DELTA_PUBLISH);
    assert_int_equal(of(bench, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE), 0);
}

static void zeros_longer_than_the_verdict_time_can_still_be_a_lie(void **state)
{
    struct bench *bench = confirmed(state);
    uint64_t published = 0;
    for (uint64_t second = 2; second < 40; second++)
        if (look(bench, second, 0, 0, 3) == DELTA_PUBLISH)
            published += pps(bench);
    assert_int_equal(published, 0);
    assert_int_equal(look(bench, 40, 1011, 500, 3), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(pps(bench), 11);
    assert_int_equal(bench->delta.elapsed_ns, 39 * SECOND);
}

static void zeros_longer_than_the_verdict_time_can_be_a_reset(void **state)
{
    struct bench *bench = confirmed(state);
    for (uint64_t second = 2; second < 40; second++)
        look(bench, second, 0, 0, 3);
    assert_int_equal(look(bench, 40, 6, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 6);
    assert_int_equal(bench->delta.elapsed_ns, SECOND); // zeros were published of the time before
}

static void zeros_are_no_first_baseline(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 20; second++)
        assert_int_equal(look(bench, second, 0, 0, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 20, 5000000, 500, 3), DELTA_BASELINE);
    assert_int_equal(look(bench, 21, 5000001, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 1);
}

static void zeros_without_a_gauge_are_a_first_baseline(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 2; second++) {
        begin(bench, second);
        put(bench, METRIC_PPS_ALLOWANCE_EXCEEDED, second);
        assert_int_equal(apply(bench), second == 0 ? DELTA_BASELINE : DELTA_PUBLISH);
    }
    assert_int_equal(pps(bench), 1);
}

static void jump_that_no_nic_can_do_is_held_and_goes_away(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(look(bench, 2, UINT64_C(0xffff888000000000), 500, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 3, 1004, 500, 3), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_LIE);
    assert_int_equal(pps(bench), 4);
}

static void jump_that_stays_is_a_new_baseline(void **state)
{
    struct bench *bench = confirmed(state);
    const uint64_t far = UINT64_C(1) << 60;
    for (uint64_t second = 2; second < 12; second++)
        assert_int_equal(look(bench, second, far, 500, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 12, far, 500, 3), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    assert_int_equal(look(bench, 13, far + 2, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 2);
}

static void rename_changes_nothing(void **state)
{
    struct bench *bench = confirmed(state);
    memcpy(bench->eni.ifname, "ens6", 5);
    assert_int_equal(look(bench, 2, 1003, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 3);
}

static void other_ifindex_above_the_baseline_is_rebased(void **state)
{
    struct bench *bench = confirmed(state);
    bench->eni.ifindex = 9;
    assert_int_equal(look(bench, 2, 4000, 500, 0), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    assert_false(has(bench, METRIC_PPS_ALLOWANCE_EXCEEDED));
    assert_int_equal(look(bench, 3, 4001, 500, 0), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 1);
}

static void other_ifindex_below_the_baseline_is_a_reset(void **state)
{
    struct bench *bench = confirmed(state);
    bench->eni.ifindex = 9;
    assert_int_equal(look(bench, 2, 8, 500, 0), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    assert_int_equal(pps(bench), 8);
}

static void other_ifindex_with_the_same_values_is_rebased(void **state)
{
    struct bench *bench = confirmed(state);
    bench->eni.ifindex = 9;
    assert_int_equal(look(bench, 2, 1000, 500, 3), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_REBASED);
    assert_int_equal(look(bench, 3, 1006, 500, 3), DELTA_PUBLISH);
    assert_int_equal(pps(bench), 6);
}

static void baseline_is_confirmed_by_a_second_sample_that_moved(void **state)
{
    struct bench *bench = *state;
    look(bench, 0, 1000, 500, 3);
    look(bench, 1, 1003, 500, 3);
    for (uint64_t second = 2; second < 12; second++)
        assert_int_equal(look(bench, second, 40, 500, 3), DELTA_SUSPECT);
    assert_int_equal(look(bench, 12, 40, 500, 3), DELTA_PUBLISH);
    assert_int_equal(bench->delta.verdicts, VERDICT_RESET);
    assert_int_equal(pps(bench), 40);
}

static void other_mac_is_another_eni(void **state)
{
    struct bench *bench = confirmed(state);
    bench->eni.mac.octets[5] = 7;
    assert_int_equal(look(bench, 2, 8, 500, 0), DELTA_BASELINE);
}

static void oldest_life_is_forgotten_when_there_are_too_many(void **state)
{
    struct bench *bench = *state;
    for (uint32_t i = 0; i <= DELTA_MAX_LIVES; i++) {
        bench->eni.mac.octets[4] = (uint8_t)(i >> 8);
        bench->eni.mac.octets[5] = (uint8_t)i;
        assert_int_equal(look(bench, i, 1000, 500, 3), DELTA_BASELINE);
    }
    assert_int_equal(look(bench, 300, 1001, 500, 3), DELTA_PUBLISH); // the last is known
    bench->eni.mac.octets[4] = bench->eni.mac.octets[5] = 0;
    assert_int_equal(look(bench, 301, 1001, 500, 3), DELTA_BASELINE); // the first is not
}

// A sample of the instance: a counter of the kernel, one of ours, and a level.
static enum delta_outcome look_at_instance(
    struct bench *bench, uint64_t second, uint64_t drops, uint64_t made, uint64_t count)
{
    begin(bench, second);
    bench->sample.eni = NULL;
    put(bench, METRIC_KERNEL_CONNTRACK_COUNT, count);
    put(bench, METRIC_KERNEL_CONNTRACK_DROP, drops);
    put(bench, METRIC_SELF_RECORDS_MADE, made);
    return apply(bench);
}

static void instance_has_a_life_beside_those_of_its_enis(void **state)
{
    struct bench *bench = confirmed(state);
    assert_int_equal(look_at_instance(bench, 1, 5000, 10, 77), DELTA_BASELINE);
    assert_int_equal(bench->delta.n_readings, 0);
    for (uint64_t second = 2; second < 6; second++) {
        assert_int_equal(look(bench, second, 1000 + 3 * (second - 1), 500, 3), DELTA_PUBLISH);
        assert_ptr_equal(bench->delta.eni, &bench->eni);
        assert_int_equal(pps(bench), 3);
        assert_int_equal(
            look_at_instance(bench, second, 5000 + second, 10 + 4 * second, 70 - second),
            DELTA_PUBLISH);
        assert_null(bench->delta.eni);
        assert_int_equal(bench->delta.n_readings, 3);
        assert_int_equal(of(bench, METRIC_KERNEL_CONNTRACK_DROP), second == 2 ? 2 : 1);
        assert_int_equal(of(bench, METRIC_SELF_RECORDS_MADE), second == 2 ? 8 : 4);
        assert_int_equal(of(bench, METRIC_KERNEL_CONNTRACK_COUNT), 70 - second);
        assert_int_equal(bench->delta.elapsed_ns, SECOND);
        assert_int_equal(bench->delta.verdicts, 0);
        assert_int_equal(bench->delta.held, 0);
    }
}

static void instance_to_which_nothing_happens_says_so(void **state)
{
    struct bench *bench = *state;
    look_at_instance(bench, 0, 5000, 10, 77);
    for (uint64_t second = 1; second < 4; second++) {
        assert_int_equal(look_at_instance(bench, second, 5000, 10, 77), DELTA_PUBLISH);
        assert_int_equal(of(bench, METRIC_KERNEL_CONNTRACK_DROP), 0);
        assert_int_equal(of(bench, METRIC_SELF_RECORDS_MADE), 0);
        assert_int_equal(of(bench, METRIC_KERNEL_CONNTRACK_COUNT), 77);
    }
}

// What falls there is a new baseline: we were started again, and extend the kernel's 32 bits anew.
static void instance_is_never_suspect(void **state)
{
    struct bench *bench = *state;
    look_at_instance(bench, 0, 5000, 10, 77);
    look_at_instance(bench, 1, 5000, 10, 77);
    assert_int_equal(look_at_instance(bench, 2, 0, 0, 0), DELTA_PUBLISH);
    assert_int_equal(bench->delta.n_readings, 1);
    assert_int_equal(of(bench, METRIC_KERNEL_CONNTRACK_COUNT), 0);
    assert_int_equal(look_at_instance(bench, 3, 8, UINT64_MAX, 1), DELTA_PUBLISH);
    assert_int_equal(of(bench, METRIC_KERNEL_CONNTRACK_DROP), 8);
    assert_int_equal(of(bench, METRIC_SELF_RECORDS_MADE), UINT64_MAX);
    assert_int_equal(bench->delta.verdicts, 0);
}

// Two sources speak of the instance, in two samples of the same tick.
static void sources_of_the_instance_share_its_life(void **state)
{
    struct bench *bench = *state;
    for (uint64_t second = 0; second < 3; second++) {
        for (uint32_t metric = METRIC_SELF_RECORDS_MADE; metric <= METRIC_SELF_RECORDS_REFUSED;
             metric++) {
            begin(bench, second);
            bench->sample.eni = NULL;
            put(bench, metric, (second + 1) * metric);
            apply(bench);
            assert_int_equal(bench->delta.n_readings, second > 0);
            if (second > 0)
                assert_int_equal(of(bench, metric), metric);
        }
    }
}

// Of every read that gave a sample: a first one, one with news, one without, and one that is held.
static void time_of_a_read_is_told_whatever_came_of_it(void **state)
{
    struct bench *bench = *state;
    static const uint64_t counts[] = {1000, 1001, 1001, 0};
    for (uint64_t second = 0; second < 4; second++) {
        bench->sample.read_ns = 1239999 + second; // the last becomes 1.24 ms
        look(bench, second, counts[second], counts[second] > 0 ? 500 : 0, 3);
        assert_int_equal(of(bench, METRIC_SELF_READ_MS), second == 0 ? 123 : 124); // hundredths
    }
    assert_int_not_equal(bench->delta.held, 0);
    bench->sample.read_ns = 0; // not measured
    look(bench, 4, 1001, 500, 3);
    assert_false(has(bench, METRIC_SELF_READ_MS));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_sight_publishes_nothing),
        TEST(first_sight_publishes_no_level_either),
        TEST(increase_is_the_difference),
        TEST(counters_at_the_64_bit_end_do_not_wrap),
        TEST(absent_statistic_is_not_zero),
        TEST(statistic_that_appears_later_starts_with_a_baseline),
        TEST(zeros_that_go_away_are_a_lie_and_lose_nothing),
        TEST(fall_with_a_told_reset_counts_from_zero_at_once),
        TEST(told_reset_does_not_hasten_a_device_that_answers_zeros),
        TEST(fall_that_nothing_tells_is_a_reset_after_the_verdict_time),
        TEST(verdict_time_starts_again_when_the_new_life_contradicts_itself),
        TEST(fall_below_customer_metrics_seen_once_is_a_reset),
        TEST(reset_takes_the_whole_group_from_zero_and_no_other),
        TEST(counter_of_the_driver_that_falls_restarted),
        TEST(resets_that_move_without_a_fall_are_no_reset),
        TEST(never_throttled_node_publishes_no_zero_of_the_gauge),
        TEST(gauge_that_is_truly_zero_is_published),
        TEST(zeros_longer_than_the_verdict_time_can_still_be_a_lie),
        TEST(zeros_longer_than_the_verdict_time_can_be_a_reset),
        TEST(zeros_are_no_first_baseline),
        TEST(zeros_without_a_gauge_are_a_first_baseline),
        TEST(jump_that_no_nic_can_do_is_held_and_goes_away),
        TEST(jump_that_stays_is_a_new_baseline),
        TEST(rename_changes_nothing),
        TEST(other_ifindex_above_the_baseline_is_rebased),
        TEST(other_ifindex_below_the_baseline_is_a_reset),
        TEST(other_ifindex_with_the_same_values_is_rebased),
        TEST(baseline_is_confirmed_by_a_second_sample_that_moved),
        TEST(other_mac_is_another_eni),
        TEST(oldest_life_is_forgotten_when_there_are_too_many),
        TEST(instance_has_a_life_beside_those_of_its_enis),
        TEST(instance_to_which_nothing_happens_says_so),
        TEST(instance_is_never_suspect),
        TEST(sources_of_the_instance_share_its_life),
        TEST(time_of_a_read_is_told_whatever_came_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
