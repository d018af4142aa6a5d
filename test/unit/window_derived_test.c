// SPDX-License-Identifier: Apache-2.0
// What a window knows that no ENI says: shares that it derives, how long reads took, what nobody
// offers, and samples of the instance. Expected values are by hand; percents are in hundredths.
#include "unit/window_bench.h"

#define S 1000

#define BW_IN     METRIC_BW_IN_ALLOWANCE_EXCEEDED
#define BW_OUT    METRIC_BW_OUT_ALLOWANCE_EXCEEDED
#define PPS       METRIC_PPS_ALLOWANCE_EXCEEDED
#define CONNTRACK METRIC_CONNTRACK_ALLOWANCE_EXCEEDED
#define LINKLOCAL METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED
#define AVAILABLE METRIC_CONNTRACK_ALLOWANCE_AVAILABLE
#define USED      METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT
#define MODE      METRIC_SRD_MODE
#define SRD_TX    METRIC_SRD_TX_PKTS
#define ELIGIBLE  METRIC_SRD_ELIGIBLE_TX_PKTS
#define SRD_RX    METRIC_SRD_RX_PKTS
#define SRD_USE   METRIC_SRD_RESOURCE_UTILIZATION
#define SHARE     METRIC_SRD_TX_SHARE_PERCENT
#define KERNEL    METRIC_KERNEL_CONNTRACK_USED_PERCENT
#define READ_MS   METRIC_SELF_READ_MS
#define SAMPLES   METRIC_SELF_SAMPLES
#define AGE       METRIC_SELF_DELIVERY_AGE_MS
#define RESETS    METRIC_TOTAL_RESETS

static void a_sample_of_the_instance_counts_for_the_instance_alone(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    for (int64_t at = 1; at <= 3; at++) {
        begin(bench, at * S);
        ADD(bench, 0, {PPS, 0});
        ADD(bench, OF_INSTANCE, {KERNEL, (uint64_t)(100 * at)}, {METRIC_KERNEL_CONNTRACK_MAX, 50});
        ADD(bench, OF_INSTANCE, {SAMPLES, 4}, {AGE, 7});
        end(bench);
    }
    close_window(bench);
    assert_int_equal(n_records(bench), 2);
    assert_int_equal(instance_of(bench)->n_enis, 1);
    ASSERT_VALUES(instance_of(bench), KERNEL, 100, 200, 300);
    assert_property(instance_of(bench), METRIC_KERNEL_CONNTRACK_MAX, 50);
    assert_property(instance_of(bench), SAMPLES, 12);
    assert_property(instance_of(bench), AGE, 7);
    assert_int_equal(eni_record(bench, 0)->n_series, 1);
    assert_int_equal(eni_record(bench, 0)->n_properties, 0);
}

static void a_window_may_hold_nothing_but_samples_of_the_instance(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    bench->elapsed_ms = 7 * S; // of the instance no value is late
    begin(bench, S);
    ADD(bench, OF_INSTANCE, {KERNEL, 1526});
    end(bench);
    close_window(bench);
    assert_int_equal(n_records(bench), 1);
    ASSERT_VALUES(instance_of(bench), KERNEL, 1526);
    assert_int_equal(instance_of(bench)->n_enis, 0);
    assert_int_equal(instance_of(bench)->gap_ms, 0);
}

static void the_worst_of_a_time_is_its_property(void **state)
{
    struct bench *bench = BENCH(.period_ms = 10 * S);
    static const uint64_t ages[] = {20, 61000, 0, 500};
    for (int i = 0; i < 4; i++) {
        begin(bench, (i + 1) * S);
        ADD(bench, 0, {PPS, 0});
        ADD(bench, OF_INSTANCE, {AGE, ages[i]});
        end(bench);
    }
    close_window(bench);
    assert_property(instance_of(bench), AGE, 61000);
    forget_records(bench);
    begin(bench, 11 * S);
    ADD(bench, 0, {PPS, 0});
    ADD(bench, OF_INSTANCE, {AGE, 3});
    end(bench);
    close_window(bench);
    assert_property(instance_of(bench), AGE, 3); // of this window
}

// The largest number that was left of any ENI since the start stands for all there is.
static void what_is_used_is_what_is_missing_from_the_largest_that_was_left(void **state)
{
    struct bench *bench = BENCH(.period_ms = 10 * S, .quiet_enis = QUIET_ENIS_SEND);
    static const uint64_t left[][2] = {{1000, 900}, {800, 850}, {400, 1200}, {1200, 1200}, // 10 s
        {300, 700}, {1, 1199}, {1200, 1500}, {0, 1500}};
    for (int i = 0; i < 8; i++) {
        begin(bench, (i < 4 ? i + 7 : i + 13) * S);
        ADD(bench, 0, {PPS, 0}, {AVAILABLE, left[i][0]});
        ADD(bench, 1, {PPS, 0}, {AVAILABLE, left[i][1]});
        end(bench);
        if (i == 5) { // nobody tells
            begin(bench, 18500);
            ADD(bench, 0, {PPS, 0});
            end(bench);
        }
    }
    assert_int_equal(n_records(bench), 6);
    // 100 of 1000, 200 of 1000, 800 of 1200, 0 of 1200.
    ASSERT_VALUES(record_at(bench, 0), USED, 1000, 2000, 6667, 0);
    // 900 and 1199 of 1200, nothing, 300 of 1500, all.
    ASSERT_VALUES(record_at(bench, 3), USED, 7500, 9992, 2000, 10000);
    for (size_t i = 0; i < 6; i++)
        if (record_at(bench, i)->scope == METRIC_SCOPE_ENI) {
            assert_null(series_of(record_at(bench, i), USED));
            assert_null(property_of(record_at(bench, i), USED));
        }
}

static void where_nothing_was_ever_left_nothing_is_told_of_what_is_used(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    for (int64_t at = 1; at <= 3; at++) {
        begin(bench, at * S);
        ADD(bench, 0, {CONNTRACK, 1}, {AVAILABLE, 0});
        end(bench);
    }
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), AVAILABLE, 0, 0, 0);
    assert_null(series_of(instance_of(bench), USED));
    assert_null(property_of(instance_of(bench), USED));
}

static void what_is_used_is_a_property_where_it_is_no_metric(void **state)
{
    struct bench *bench = BENCH(.metrics = {"pps_allowance_exceeded"});
    static const uint64_t left[] = {400, 100, 300};
    for (int i = 0; i < 3; i++) {
        begin(bench, (i + 1) * S);
        ADD(bench, 0, {PPS, 0}, {AVAILABLE, left[i]});
        end(bench);
    }
    close_window(bench);
    assert_null(series_of(instance_of(bench), USED));
    assert_property(instance_of(bench), USED, 2500); // the last
}

// 50 of 200 and 100 of 100 are half of all; the mean of the two shares would be 62.5 %.
static void the_share_of_ena_express_is_one_of_sums(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    static const uint64_t packets[][4] = {{50, 200, 0, 0}, {0, 0, 1, 3}, {100, 100, 0, 0}};
    for (int i = 0; i < 3; i++) {
        const uint64_t *now = packets[i];
        begin(bench, (i + 1) * S);
        ADD(bench, 0, {PPS, 0}, {MODE, 1}, {SRD_TX, now[0]}, {ELIGIBLE, now[1]});
        ADD(bench, 1, {PPS, 0}, {MODE, 1}, {SRD_TX, now[2]}, {ELIGIBLE, now[3]});
        ADD(bench, 2, {PPS, 0}, {MODE, 0}, {SRD_TX, 0}, {ELIGIBLE, 0}); // is off
        end(bench);
    }
    close_window(bench);
    ASSERT_VALUES(eni_record(bench, 0), SHARE, 5000);
    ASSERT_VALUES(eni_record(bench, 1), SHARE, 3333);
    assert_null(series_of(eni_record(bench, 2), SHARE));
    ASSERT_VALUES(instance_of(bench), SHARE, 4983); // 151 of 303
}

static void where_nothing_was_eligible_there_is_no_share(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    begin(bench, S);
    ADD(bench, 0, {PPS, 0}, {MODE, 1}, {SRD_TX, 0}, {ELIGIBLE, 0});
    ADD(bench, 1, {PPS, 0}, {MODE, 1}, {SRD_TX, 0}, {ELIGIBLE, 9});
    end(bench);
    close_window(bench);
    assert_null(series_of(eni_record(bench, 0), SHARE));
    assert_null(property_of(eni_record(bench, 0), SHARE));
    ASSERT_VALUES(eni_record(bench, 1), SHARE, 0); // of nine not one
    forget_records(bench);
    begin(bench, 2 * S);
    ADD(bench, 0, {PPS, 0}, {MODE, 1}, {SRD_TX, 0}, {ELIGIBLE, 0});
    end(bench);
    close_window(bench);
    assert_null(series_of(instance_of(bench), SHARE));
    assert_null(property_of(instance_of(bench), SHARE));
}

static void shares_are_rounded_to_the_nearest_hundredth(void **state)
{
    static const struct {
        uint64_t sent, eligible, share;
    } cases[] = {{0, 7, 0}, {7, 7, 10000}, {1, 3, 3333}, {2, 3, 6667}, {1, 8, 1250},
        {1, 32, 313}, // 3.125 %
        {1, 20001, 0}, {1, 19999, 1}, {99994, 100000, 9999}, {99996, 100000, 10000},
        {UINT64_C(1) << 60, UINT64_C(1) << 61, 5000}, {3, 2, 15000}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
        begin(bench, S);
        ADD(bench, 0, {MODE, 1}, {SRD_TX, cases[i].sent}, {ELIGIBLE, cases[i].eligible});
        end(bench);
        close_window(bench);
        ASSERT_VALUES(instance_of(bench), SHARE, cases[i].share);
        ASSERT_VALUES(eni_record(bench, 0), SHARE, cases[i].share);
        bench_tear_down(state);
    }
}

static void each_window_has_a_share_of_its_own(void **state)
{
    struct bench *bench = BENCH(.period_ms = 2 * S, .quiet_enis = QUIET_ENIS_SEND);
    for (int64_t at = 1; at <= 4; at++) {
        begin(bench, at * S);
        ADD(bench, 0, {MODE, 1}, {SRD_TX, at <= 2 ? 1 : 4}, {ELIGIBLE, 4});
        end(bench);
    }
    assert_int_equal(n_records(bench), 4);
    ASSERT_VALUES(record_at(bench, 0), SHARE, 2500);
    ASSERT_VALUES(record_at(bench, 1), SHARE, 2500);
    ASSERT_VALUES(record_at(bench, 2), SHARE, 10000);
    ASSERT_VALUES(record_at(bench, 3), SHARE, 10000);
}

static void a_share_is_a_property_where_it_is_no_metric(void **state)
{
    struct bench *bench = BENCH(.metrics = {"pps_allowance_exceeded", "ena_srd_tx_pkts"},
        .quiet_enis = QUIET_ENIS_SEND);
    for (int64_t at = 1; at <= 2; at++) {
        begin(bench, at * S);
        ADD(bench, 0, {PPS, 0}, {MODE, 1}, {SRD_TX, 3}, {ELIGIBLE, 4}); // a metric, a property
        ADD(bench, 1, {PPS, 0}, {MODE, 1}, {SRD_TX, 0}, {ELIGIBLE, 4});
        end(bench);
    }
    close_window(bench);
    assert_property(eni_record(bench, 0), SHARE, 7500);
    assert_property(eni_record(bench, 1), SHARE, 0);
    assert_property(instance_of(bench), SHARE, 3750);
    assert_null(series_of(instance_of(bench), SHARE));
}

static void quiet_enis_count_for_the_share_of_the_instance(void **state)
{
    struct bench *bench = BENCH(.metrics = {});
    begin(bench, S);
    ADD(bench, 0, {PPS, 1}, {MODE, 1}, {SRD_TX, 0}, {ELIGIBLE, 1});
    ADD(bench, 1, {PPS, 0}, {MODE, 1}, {SRD_TX, 1}, {ELIGIBLE, 3});
    end(bench);
    close_window(bench);
    assert_int_equal(n_records(bench), 2);
    ASSERT_VALUES(instance_of(bench), SHARE, 2500);
}

static void the_longest_read_is_told_of_each_eni_and_of_all(void **state)
{
    struct bench *bench = BENCH(.period_ms = 10 * S, .quiet_enis = QUIET_ENIS_SEND);
    static const uint64_t read_ms[][2] = {{123, 300}, {4000, 0}, {1, 299}}; // in hundredths
    for (int i = 0; i < 3; i++) {
        begin(bench, (i + 1) * S);
        for (int eni = 0; eni < 2; eni++)
            ADD(bench, eni, {PPS, 0}, {READ_MS, read_ms[i][eni]});
        end(bench);
    }
    close_window(bench);
    assert_property(eni_record(bench, 0), READ_MS, 4000);
    assert_property(eni_record(bench, 1), READ_MS, 300);
    assert_property(instance_of(bench), READ_MS, 4000);
    forget_records(bench);
    begin(bench, 11 * S);
    ADD(bench, 0, {PPS, 0}, {READ_MS, 123});
    ADD(bench, 1, {PPS, 0}); // not measured
    end(bench);
    close_window(bench);
    assert_property(eni_record(bench, 0), READ_MS, 123);
    assert_null(property_of(eni_record(bench, 1), READ_MS));
    assert_property(instance_of(bench), READ_MS, 123);
}

static void the_time_of_reads_is_a_value_per_sample_where_it_is_a_metric(void **state)
{
    struct bench *bench = BENCH(.metrics = {"self_read_ms"}, .quiet_enis = QUIET_ENIS_SEND);
    static const uint64_t read_ms[][2] = {{100, 200}, {900, 50}};
    for (int i = 0; i < 2; i++) {
        begin(bench, (i + 1) * S);
        for (int eni = 0; eni < 2; eni++)
            ADD(bench, eni, {PPS, 0}, {READ_MS, read_ms[i][eni]});
        end(bench);
    }
    close_window(bench);
    ASSERT_VALUES(eni_record(bench, 0), READ_MS, 100, 900);
    ASSERT_VALUES(eni_record(bench, 1), READ_MS, 200, 50);
    ASSERT_VALUES(instance_of(bench), READ_MS, 200, 900); // the slowest of each tick
}

static void offer(struct bench *bench, int eni, const uint32_t *metrics, size_t n)
{
    bench->enis[eni].offered = (struct metric_set){0};
    for (size_t i = 0; i < n; i++)
        metric_set_add(&bench->enis[eni].offered, metrics[i]);
}

#define OFFER(bench, eni, ...)                                                                     \
    offer(bench, eni, (const uint32_t[]){__VA_ARGS__},                                             \
        ARRAY_SIZE(((const uint32_t[]){__VA_ARGS__})))

static void assert_unsupported(const struct record *record, const uint32_t *metrics, size_t n)
{
    struct metric_set expected = {0};
    for (size_t i = 0; i < n; i++)
        metric_set_add(&expected, metrics[i]);
    for (uint32_t i = 0; i < METRIC_MAX; i++)
        if (metric_set_has(&record->unsupported, i) != metric_set_has(&expected, i))
            fail_msg("metric %u", i);
}

#define ASSERT_UNSUPPORTED(record, ...)                                                            \
    assert_unsupported(                                                                            \
        record, (const uint32_t[]){__VA_ARGS__}, ARRAY_SIZE(((const uint32_t[]){__VA_ARGS__})))

static void what_no_eni_of_a_record_offers_is_unsupported(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    OFFER(bench, 0, BW_IN, BW_OUT, PPS, CONNTRACK, LINKLOCAL, AVAILABLE, USED, RESETS);
    OFFER(bench, 1, BW_IN, SRD_TX, MODE);
    begin(bench, S);
    ADD(bench, 0, {PPS, 0});
    ADD(bench, 1, {BW_IN, 0});
    end(bench);
    close_window(bench);
    ASSERT_UNSUPPORTED(eni_record(bench, 0), SRD_TX, ELIGIBLE, SRD_RX, SRD_USE, SHARE);
    // What is left is published of the instance only.
    ASSERT_UNSUPPORTED(
        eni_record(bench, 1), BW_OUT, PPS, CONNTRACK, LINKLOCAL, ELIGIBLE, SRD_RX, SRD_USE, SHARE);
    ASSERT_UNSUPPORTED(instance_of(bench), ELIGIBLE, SRD_RX, SRD_USE, SHARE);
}

static void only_what_is_published_can_be_unsupported(void **state)
{
    struct bench *bench = BENCH(.metrics = {"pps_allowance_exceeded", "ena_srd_mode", "tx_timeout",
                                    "self_samples", "self_read_ms"},
        .quiet_enis = QUIET_ENIS_SEND);
    OFFER(bench, 0, BW_IN);
    begin(bench, S);
    ADD(bench, 0, {BW_IN, 0}, {READ_MS, 1});
    end(bench);
    close_window(bench);
    ASSERT_UNSUPPORTED(eni_record(bench, 0), PPS, MODE, METRIC_N_KNOWN); // tx_timeout
    ASSERT_UNSUPPORTED(instance_of(bench), PPS, METRIC_N_KNOWN);         // a mode does not roll up
}

static void while_no_eni_is_read_nobody_knows_what_is_unsupported(void **state)
{
    struct bench *bench = BENCH(.period_ms = 10 * S);
    begin(bench, S);
    ADD(bench, 0, {PPS, 0});
    end(bench);
    close_window(bench);
    forget_records(bench);
    begin(bench, 11 * S);
    ADD(bench, OF_INSTANCE, {KERNEL, 5});
    end(bench);
    close_window(bench);
    assert_int_equal(n_records(bench), 1);
    assert_unsupported(instance_of(bench), NULL, 0);
}

static void an_eni_that_is_gone_offers_nothing_any_more(void **state)
{
    struct bench *bench = BENCH(.metrics = {"pps_allowance_exceeded", "tx_timeout"},
        .period_ms = 10 * S);
    OFFER(bench, 0, PPS);
    OFFER(bench, 1, PPS, METRIC_N_KNOWN);
    begin(bench, S);
    ADD(bench, 0, {PPS, 0});
    ADD(bench, 1, {PPS, 0});
    end(bench);
    close_window(bench);
    assert_unsupported(instance_of(bench), NULL, 0);
    forget_records(bench);
    tick(bench, 11 * S, 0);
    close_window(bench);
    ASSERT_UNSUPPORTED(instance_of(bench), METRIC_N_KNOWN);
}

static void the_last_offer_of_an_eni_is_the_one_that_counts(void **state)
{
    struct bench *bench = BENCH(.metrics = {"pps_allowance_exceeded", "tx_timeout"},
        .quiet_enis = QUIET_ENIS_SEND);
    OFFER(bench, 0, PPS, METRIC_N_KNOWN);
    tick(bench, 1 * S, 0);
    OFFER(bench, 0, PPS); // another driver was loaded
    tick(bench, 2 * S, 0);
    close_window(bench);
    ASSERT_UNSUPPORTED(eni_record(bench, 0), METRIC_N_KNOWN);
    ASSERT_UNSUPPORTED(instance_of(bench), METRIC_N_KNOWN);
}

// As while a device answers zeros from the start: its driver's own counters move all the same.
static void what_a_window_without_a_record_counted_is_in_the_next_record(void **state)
{
    struct bench *bench = BENCH(.metrics = {"pps_allowance_exceeded"}, .period_ms = 10 * S);
    for (int64_t at = 8; at <= 12; at++) {
        begin(bench, at * S);
        bench->elapsed_ms = at == 9 ? 5 * S : S;
        ADD(bench, 0, {RESETS, 1});
        ADD(bench, OF_INSTANCE, {SAMPLES, 10}, {AGE, at == 8 ? 900 : 1});
        if (at >= 12)
            ADD(bench, 0, {PPS, 3});
        end(bench);
    }
    assert_int_equal(bench->n_closed, 1);
    assert_null(bench->records);
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), PPS, 3);
    assert_int_equal(instance_of(bench)->start_ms, HOUR_MS + 10 * S);
    assert_property(instance_of(bench), RESETS, 5);
    assert_property(instance_of(bench), SAMPLES, 50);
    assert_property(instance_of(bench), AGE, 900);
    assert_int_equal(instance_of(bench)->gap_ms, 5 * S);
    forget_records(bench);
    tick(bench, 21 * S, 0);
    close_window(bench);
    assert_int_equal(instance_of(bench)->n_properties, 0); // told once
    assert_int_equal(instance_of(bench)->gap_ms, 0);
}

static void an_eni_of_an_earlier_window_makes_nothing_unsupported(void **state)
{
    struct bench *bench = BENCH(.period_ms = 10 * S);
    metric_set_add(&bench->enis[0].offered, PPS);
    begin(bench, 9 * S);
    ADD(bench, 0, {METRIC_TOTAL_RESETS, 1}); // allowances are held: no record
    end(bench);
    close_window(bench);
    assert_null(bench->records);
    begin(bench, 11 * S);
    ADD(bench, OF_INSTANCE, {KERNEL, 5}); // the ENI cannot be read in this window
    end(bench);
    close_window(bench);
    assert_int_equal(instance_of(bench)->n_enis, 0);
    for (uint32_t i = 0; i < METRIC_MAX; i++)
        if (metric_set_has(&instance_of(bench)->unsupported, i))
            fail_msg("metric %u is told unsupported, and no ENI was read", i);
}

static void a_tie_is_rounded_up(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    begin(bench, S);
    ADD(bench, 0, {METRIC_SRD_MODE, 1}, {METRIC_SRD_TX_PKTS, 57},
        {METRIC_SRD_ELIGIBLE_TX_PKTS, 800}); // 7.125 %
    end(bench);
    close_window(bench);
    ASSERT_VALUES(instance_of(bench), METRIC_SRD_TX_SHARE_PERCENT, 713);
}

#define TEST(name) cmocka_unit_test_teardown(name, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sample_of_the_instance_counts_for_the_instance_alone),
        TEST(a_window_may_hold_nothing_but_samples_of_the_instance),
        TEST(the_worst_of_a_time_is_its_property),
        TEST(what_is_used_is_what_is_missing_from_the_largest_that_was_left),
        TEST(where_nothing_was_ever_left_nothing_is_told_of_what_is_used),
        TEST(what_is_used_is_a_property_where_it_is_no_metric),
        TEST(the_share_of_ena_express_is_one_of_sums),
        TEST(where_nothing_was_eligible_there_is_no_share),
        TEST(shares_are_rounded_to_the_nearest_hundredth),
        TEST(each_window_has_a_share_of_its_own),
        TEST(a_share_is_a_property_where_it_is_no_metric),
        TEST(quiet_enis_count_for_the_share_of_the_instance),
        TEST(the_longest_read_is_told_of_each_eni_and_of_all),
        TEST(the_time_of_reads_is_a_value_per_sample_where_it_is_a_metric),
        TEST(what_no_eni_of_a_record_offers_is_unsupported),
        TEST(only_what_is_published_can_be_unsupported),
        TEST(while_no_eni_is_read_nobody_knows_what_is_unsupported),
        TEST(an_eni_that_is_gone_offers_nothing_any_more),
        TEST(the_last_offer_of_an_eni_is_the_one_that_counts),
        TEST(what_a_window_without_a_record_counted_is_in_the_next_record),
        TEST(an_eni_of_an_earlier_window_makes_nothing_unsupported),
        TEST(a_tie_is_rounded_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
