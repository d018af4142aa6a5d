// SPDX-License-Identifier: Apache-2.0
// What a closed window says: roll-up to the instance, quiet ENIs, ENA Express, properties, gaps.
#include "unit/window_bench.h"

#define S 1000

#define BW_IN     METRIC_BW_IN_ALLOWANCE_EXCEEDED
#define PPS       METRIC_PPS_ALLOWANCE_EXCEEDED
#define AVAILABLE METRIC_CONNTRACK_ALLOWANCE_AVAILABLE
#define MODE      METRIC_SRD_MODE
#define SRD_TX    METRIC_SRD_TX_PKTS
#define SRD_RX    METRIC_SRD_RX_PKTS
#define SRD_USE   METRIC_SRD_RESOURCE_UTILIZATION
#define RESETS    METRIC_TOTAL_RESETS

static void counters_of_the_enis_sum_up_per_sample(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    static const uint64_t values[3][3] = {{1, 20, 300}, {0, 0, 0}, {5, 0, 7}};
    for (int i = 0; i < 3; i++) {
        begin(bench, (i + 1) * S);
        for (int eni = 0; eni < 3; eni++)
            ADD(bench, eni, {PPS, values[i][eni]}, {BW_IN, 1});
        end(bench);
    }
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), PPS, 321, 0, 12);
    ASSERT_VALUES(instance_of(bench), BW_IN, 3, 3, 3);
    for (int eni = 0; eni < 3; eni++)
        ASSERT_VALUES(eni_record(bench, eni), PPS, values[0][eni], values[1][eni], values[2][eni]);
}

// conntrack_allowance_available is one amount of the instance, seen by every ENI: facts 1.9.
static void the_gauge_takes_the_minimum_of_the_enis(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    static const uint64_t values[3][2] = {{500, 400}, {300, 300}, {0, 900}};
    for (int i = 0; i < 3; i++) {
        begin(bench, (i + 1) * S);
        for (int eni = 0; eni < 2; eni++)
            ADD(bench, eni, {AVAILABLE, values[i][eni]});
        end(bench);
    }
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), AVAILABLE, 400, 300, 0);
}

static void percents_take_the_maximum_of_the_enis(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    static const uint64_t values[3][2] = {{10, 90}, {70, 20}, {0, 0}};
    for (int i = 0; i < 3; i++) {
        begin(bench, (i + 1) * S);
        for (int eni = 0; eni < 2; eni++)
            ADD(bench, eni, {MODE, 1}, {SRD_USE, values[i][eni]});
        end(bench);
    }
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), SRD_USE, 90, 70, 0);
    ASSERT_VALUES(eni_record(bench, 0), SRD_USE, 10, 70, 0);
}

static void modes_do_not_roll_up(void **state)
{
    struct bench *bench = BENCH(.metrics = {"default", "ena_srd_mode"},
        .quiet_enis = QUIET_ENIS_SEND);
    begin(bench, S);
    ADD(bench, 0, {PPS, 0}, {MODE, 3});
    ADD(bench, 1, {PPS, 0}, {MODE, 1});
    end(bench);
    close_window(bench);
    assert_null(series_of(instance_of(bench), MODE));
    assert_null(property_of(instance_of(bench), MODE));
    ASSERT_VALUES(eni_record(bench, 0), MODE, 3);
    ASSERT_VALUES(eni_record(bench, 1), MODE, 1);
}

static void an_eni_that_gave_nothing_in_a_tick_leaves_no_element(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    begin(bench, 1 * S);
    ADD(bench, 0, {PPS, 1}, {AVAILABLE, 100});
    ADD(bench, 1, {PPS, 10}, {AVAILABLE, 50});
    end(bench);
    begin(bench, 2 * S);
    ADD(bench, 0, {PPS, 2}, {AVAILABLE, 100});
    end(bench);
    begin(bench, 3 * S); // nobody answered
    end(bench);
    begin(bench, 4 * S);
    ADD(bench, 1, {PPS, 40});
    end(bench);
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), PPS, 11, 2, 40);
    ASSERT_VALUES(instance_of(bench), AVAILABLE, 50, 100);
    ASSERT_VALUES(eni_record(bench, 0), PPS, 1, 2);
    ASSERT_VALUES(eni_record(bench, 1), PPS, 10, 40);
}

static void absent_is_not_zero(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    begin(bench, S);
    ADD(bench, 0, {PPS, 0}); // a driver that has but this one
    end(bench);
    close_window(bench);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(record_at(bench, i)->n_series, 1);
        assert_int_equal(record_at(bench, i)->n_properties, 0);
        ASSERT_VALUES(record_at(bench, i), PPS, 0);
    }
}

static void the_instance_comes_first_and_is_there_when_all_is_quiet(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    begin(bench, S);
    for (int eni = 0; eni < 4; eni++)
        ADD(bench, eni, {PPS, 0}, {AVAILABLE, 500});
    end(bench);
    close_window(bench);
    assert_int_equal(n_records(bench), 1);
    ASSERT_VALUES(instance_of(bench), PPS, 0);
    assert_int_equal(instance_of(bench)->n_enis, 4);
    struct eni nobody = {.ifindex = 0};
    assert_memory_equal(&instance_of(bench)->eni, &nobody, sizeof(nobody));
}

static void an_eni_is_published_when_an_exceeded_counter_moved(void **state)
{
    for (uint32_t moved = 0; moved < METRIC_N_EXCEEDED; moved++) {
        struct bench *bench = BENCH(.metrics = {});
        for (int64_t at = 1; at <= 3; at++) {
            begin(bench, at * S);
            for (int eni = 0; eni < 3; eni++)
                for (uint32_t i = 0; i < METRIC_N_EXCEEDED; i++)
                    ADD(bench, eni, {i, eni == 1 && i == moved && at == 2});
            end(bench);
        }
        close_window(bench);
        assert_int_equal(n_records(bench), 2);
        assert_non_null(eni_record(bench, 1));
        ASSERT_VALUES(eni_record(bench, 1), moved, 0, 1, 0);
        bench_tear_down(state);
    }
}

static void nothing_else_makes_an_eni_loud(void **state)
{
    struct bench *bench = BENCH(.metrics = {"default", "total_resets", "queue_0_tx_cnt"});
    begin(bench, S);
    ADD(bench, 0, {PPS, 0}, {AVAILABLE, 1}, {MODE, 1}, {SRD_TX, 1000}, {SRD_USE, 99}, {RESETS, 1},
        {METRIC_ADMIN_Q_ABORTED_CMD, 1}, {METRIC_N_KNOWN, 100000});
    end(bench);
    close_window(bench);
    assert_int_equal(n_records(bench), 1);
}

static void an_eni_is_loud_though_the_counter_that_moved_is_not_a_metric(void **state)
{
    struct bench *bench = BENCH(.metrics = {"pps_allowance_exceeded"});
    begin(bench, S);
    ADD(bench, 0, {PPS, 0}, {BW_IN, 3});
    end(bench);
    close_window(bench);
    assert_int_equal(n_records(bench), 2);
    ASSERT_VALUES(eni_record(bench, 0), PPS, 0);
    assert_property(eni_record(bench, 0), BW_IN, 3);
}

static void quiet_enis_are_sent_when_wanted(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    begin(bench, S);
    for (int eni = 0; eni < 4; eni++)
        ADD(bench, eni, {PPS, 0});
    end(bench);
    close_window(bench);
    assert_int_equal(n_records(bench), 5);
    for (int eni = 0; eni < 4; eni++)
        assert_non_null(eni_record(bench, eni));
}

static void a_record_says_which_eni_it_is_by_its_last_name(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    struct eni *eni = &bench->enis[0];
    tick(bench, 1 * S, 1);
    snprintf(eni->ifname, sizeof(eni->ifname), "eth1"); // a rename: the same MAC
    snprintf(eni->driver_version, sizeof(eni->driver_version), "2.17.0g");
    tick(bench, 2 * S, 1);
    close_window(bench);
    assert_int_equal(n_records(bench), 2);
    const struct record *record = eni_record(bench, 0);
    ASSERT_VALUES(record, PPS, 1, 1);
    assert_string_equal(record->eni.ifname, "eth1");
    assert_string_equal(record->eni.driver, "ena");
    assert_string_equal(record->eni.driver_version, "2.17.0g");
    assert_int_equal(record->eni.ifindex, 2);
}

// Bit 0 of ena_srd_mode says that it is on, whatever else is set: facts 1.5.
static void ena_express_tells_only_while_it_is_on(void **state)
{
    for (uint64_t mode = 0; mode <= 7; mode++) {
        struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
        begin(bench, S);
        ADD(bench, 0, {PPS, 0}, {MODE, mode}, {SRD_TX, 0}, {SRD_RX, 0}, {SRD_USE, 7});
        end(bench);
        close_window(bench);
        for (size_t i = 0; i < 2; i++) {
            bool is_on = mode % 2 == 1;
            assert_int_equal(record_at(bench, i)->n_series, is_on ? 4 : 1);
            assert_int_equal(series_of(record_at(bench, i), SRD_TX) != NULL, is_on);
            assert_null(property_of(record_at(bench, i), SRD_TX));
        }
        assert_property(eni_record(bench, 0), MODE, mode);
        bench_tear_down(state);
    }
}

static void what_moved_before_ena_express_was_switched_off_is_told(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    for (int64_t at = 1; at <= 3; at++) {
        begin(bench, at * S);
        ADD(bench, 0, {PPS, 0}, {MODE, at == 1}, {SRD_TX, at == 2 ? 50 : 0}, {SRD_USE, 7});
        end(bench);
    }
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), SRD_TX, 0, 50);
    ASSERT_VALUES(instance_of(bench), SRD_USE, 7);
    ASSERT_VALUES(eni_record(bench, 0), SRD_TX, 0, 50);
}

static void without_a_mode_ena_express_is_off(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    begin(bench, S);
    ADD(bench, 0, {PPS, 0}, {SRD_TX, 0}, {SRD_USE, 7});
    end(bench);
    close_window(bench);
    assert_int_equal(record_at(bench, 0)->n_series, 1);
    assert_int_equal(record_at(bench, 1)->n_series, 1);
}

static void ena_express_of_one_eni_says_nothing_of_another(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    for (int64_t at = 1; at <= 3; at++) {
        begin(bench, at * S);
        ADD(bench, 0, {PPS, 0}, {MODE, at == 3}, {SRD_TX, at == 3 ? 100 : 0}, {SRD_USE, 90});
        ADD(bench, 1, {PPS, 0}, {MODE, at >= 2}, {SRD_TX, at >= 2}, {SRD_USE, 5});
        end(bench);
    }
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), SRD_TX, 1, 101);
    ASSERT_VALUES(instance_of(bench), SRD_USE, 5, 90);
    ASSERT_VALUES(eni_record(bench, 0), SRD_TX, 100);
    ASSERT_VALUES(eni_record(bench, 1), SRD_TX, 1, 1);
    assert_property(eni_record(bench, 0), MODE, 1);
}

static void what_is_no_metric_is_a_property(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    static const uint64_t resets[] = {1, 0, 2}, available[] = {300, 100, 200};
    for (int i = 0; i < 3; i++) {
        begin(bench, (i + 1) * S);
        ADD(bench, 0, {PPS, 0}, {RESETS, resets[i]}, {AVAILABLE, available[i]});
        ADD(bench, 1, {PPS, 0}, {RESETS, 10}, {AVAILABLE, 1000});
        end(bench);
    }
    close_window(bench);
    assert_property(eni_record(bench, 0), RESETS, 3); // counters: the sum
    assert_property(eni_record(bench, 1), RESETS, 30);
    assert_property(instance_of(bench), RESETS, 33);
    assert_property(eni_record(bench, 0), AVAILABLE, 200); // gauges: the last
    assert_property(eni_record(bench, 1), AVAILABLE, 1000);
    assert_null(series_of(eni_record(bench, 0), AVAILABLE));
    assert_null(property_of(instance_of(bench), AVAILABLE)); // there it is a metric
    assert_null(property_of(instance_of(bench), PPS));
    ASSERT_VALUES(instance_of(bench), AVAILABLE, 300, 100, 200);
}

static void a_gauge_that_is_no_metric_rolls_up_all_the_same(void **state)
{
    struct bench *bench = BENCH(.metrics = {"pps_allowance_exceeded"});
    static const uint64_t values[3][2] = {{5, 3}, {8, 9}, {7, 6}};
    for (int i = 0; i < 3; i++) {
        begin(bench, (i + 1) * S);
        for (int eni = 0; eni < 2; eni++)
            ADD(bench, eni, {PPS, 1}, {AVAILABLE, values[i][eni]}, {BW_IN, 2});
        end(bench);
    }
    close_window(bench);
    assert_property(instance_of(bench), AVAILABLE, 6); // the minimum in the last sample
    assert_property(instance_of(bench), BW_IN, 12);
    assert_int_equal(instance_of(bench)->n_series, 1);
}

static void a_property_that_never_moved_is_there_as_zero(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    begin(bench, S);
    ADD(bench, 0, {PPS, 1}, {RESETS, 0});
    end(bench);
    close_window(bench);
    assert_property(instance_of(bench), RESETS, 0);
    assert_property(eni_record(bench, 0), RESETS, 0);
}

static void a_statistic_that_the_user_named_is_a_metric(void **state)
{
    struct bench *bench = BENCH(.metrics = {"default", "tx_timeout"},
        .quiet_enis = QUIET_ENIS_SEND);
    begin(bench, S);
    ADD(bench, 0, {METRIC_N_KNOWN, 4});
    ADD(bench, 1, {METRIC_N_KNOWN, 5});
    end(bench);
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), METRIC_N_KNOWN, 9);
    ASSERT_VALUES(eni_record(bench, 1), METRIC_N_KNOWN, 5);
}

static void an_instance_counts_the_enis_that_were_read(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    for (int64_t at = 1; at <= 60; at++) {
        begin(bench, at * S);
        ADD(bench, 0, {PPS, 0});
        if (at == 7) // attached and detached again
            ADD(bench, 1, {PPS, 0});
        end(bench);
    }
    assert_int_equal(instance_of(bench)->n_enis, 2);
    forget_records(bench);
    for (int64_t at = 61; at <= 120; at++)
        tick(bench, at * S, 0);
    assert_int_equal(instance_of(bench)->n_enis, 1);
}

static void an_eni_that_was_not_read_in_a_whole_window_is_forgotten(void **state)
{
    struct bench *bench = BENCH(.period_ms = 10 * S, .quiet_enis = QUIET_ENIS_SEND);
    for (int64_t at = 1; at <= 30; at++) {
        begin(bench, at * S);
        for (int eni = 0; eni < N_ENIS; eni++)
            if (at <= 5 || eni == 2)
                ADD(bench, eni, {PPS, (uint64_t)eni});
        end(bench);
    }
    assert_int_equal(bench->window.n_enis, 1);
    assert_int_equal(n_records(bench), 5 + 2 + 2);
    forget_records(bench);
    begin(bench, 31 * S); // one that was forgotten comes back
    ADD(bench, 0, {PPS, 6});
    ADD(bench, 2, {PPS, 7});
    end(bench);
    close_window(bench);
    assert_int_equal(n_records(bench), 3);
    ASSERT_VALUES(eni_record(bench, 0), PPS, 6);
    ASSERT_VALUES(eni_record(bench, 2), PPS, 7);
}

static void a_value_that_covers_longer_is_a_gap(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    static const uint64_t elapsed[][2] = {{1000, 1000}, {3000, 1100}, {5000, 900}, {2000, 1000}};
    for (size_t i = 0; i < ARRAY_SIZE(elapsed); i++) {
        begin(bench, (int64_t)(i + 1) * S);
        for (int eni = 0; eni < 2; eni++) {
            bench->elapsed_ms = elapsed[i][eni];
            ADD(bench, eni, {PPS, 1});
        }
        end(bench);
    }
    close_window(bench);
    assert_int_equal(eni_record(bench, 0)->gap_ms, 5000); // the longest
    assert_int_equal(eni_record(bench, 1)->gap_ms, 0);
    assert_int_equal(instance_of(bench)->gap_ms, 5000);
    ASSERT_VALUES(instance_of(bench), PPS, 2, 2, 2, 2); // one element all the same
}

static void one_missed_sample_is_a_gap(void **state)
{
    struct bench *bench = BENCH(.sample_ms = 10 * S);
    bench->elapsed_ms = 20 * S;
    tick(bench, 20 * S, 1);
    close_window(bench);
    assert_int_equal(instance_of(bench)->gap_ms, 20 * S);
}

static void large_values_are_kept(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    begin(bench, S);
    ADD(bench, 0, {PPS, UINT64_MAX - 5}, {AVAILABLE, UINT64_MAX});
    ADD(bench, 1, {PPS, 5});
    end(bench);
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), PPS, UINT64_MAX);
    ASSERT_VALUES(instance_of(bench), AVAILABLE, UINT64_MAX);
    ASSERT_VALUES(eni_record(bench, 0), PPS, UINT64_MAX - 5);
}

#define TEST(name) cmocka_unit_test_teardown(name, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counters_of_the_enis_sum_up_per_sample),
        TEST(the_gauge_takes_the_minimum_of_the_enis),
        TEST(percents_take_the_maximum_of_the_enis),
        TEST(modes_do_not_roll_up),
        TEST(an_eni_that_gave_nothing_in_a_tick_leaves_no_element),
        TEST(absent_is_not_zero),
        TEST(the_instance_comes_first_and_is_there_when_all_is_quiet),
        TEST(an_eni_is_published_when_an_exceeded_counter_moved),
        TEST(nothing_else_makes_an_eni_loud),
        TEST(an_eni_is_loud_though_the_counter_that_moved_is_not_a_metric),
        TEST(quiet_enis_are_sent_when_wanted),
        TEST(a_record_says_which_eni_it_is_by_its_last_name),
        TEST(ena_express_tells_only_while_it_is_on),
        TEST(what_moved_before_ena_express_was_switched_off_is_told),
        TEST(without_a_mode_ena_express_is_off),
        TEST(ena_express_of_one_eni_says_nothing_of_another),
        TEST(what_is_no_metric_is_a_property),
        TEST(a_gauge_that_is_no_metric_rolls_up_all_the_same),
        TEST(a_property_that_never_moved_is_there_as_zero),
        TEST(a_statistic_that_the_user_named_is_a_metric),
        TEST(an_instance_counts_the_enis_that_were_read),
        TEST(an_eni_that_was_not_read_in_a_whole_window_is_forgotten),
        TEST(a_value_that_covers_longer_is_a_gap),
        TEST(one_missed_sample_is_a_gap),
        TEST(large_values_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
