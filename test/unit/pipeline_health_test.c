// SPDX-License-Identifier: Apache-2.0
// What the pipeline counts of its own doing, and what it says of verdicts.
#include <errno.h>
#include <stdio.h>

#include "log.h"
#include "support/listener.h"
#include "unit/dice.h"
#include "unit/pipeline_bench.h"

static const struct health *health_of(const struct bench *bench)
{
    return &bench->health;
}

// A tick with one sample of both groups of the device; total_resets never moves.
static void look(struct bench *bench, uint64_t pps, uint64_t srd)
{
    pass(bench, SECOND);
    struct sample sample = {.eni = &bench->eni,
        .at = bench->now,
        .n_readings = 5,
        .readings = {{METRIC_PPS_ALLOWANCE_EXCEEDED, pps},
            {METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, pps > 0 ? 500 : 0}, {METRIC_SRD_MODE, srd > 0},
            {METRIC_SRD_TX_PKTS, srd}, {METRIC_TOTAL_RESETS, 3}}};
    pipeline_begin_tick(&bench->pipeline, &bench->now);
    pipeline_add(&bench->pipeline, &sample);
    pipeline_end_tick(&bench->pipeline, &bench->now);
}

static void looks(struct bench *bench, size_t n, uint64_t pps, uint64_t srd)
{
    for (size_t i = 0; i < n; i++)
        look(bench, pps, srd);
}

static void samples_that_are_held_are_counted(void **state)
{
    struct bench *bench = *state;
    looks(bench, 2, 1000, 70);
    assert_int_equal(health_of(bench)->n_suspect, 0);
    look(bench, 0, 70);
    assert_int_equal(health_of(bench)->n_suspect, 1);
    look(bench, 0, 0); // both groups of one sample
    assert_int_equal(health_of(bench)->n_suspect, 2);
    look(bench, 1000, 0);
    assert_int_equal(health_of(bench)->n_suspect, 3);
    look(bench, 1000, 70);
    assert_int_equal(health_of(bench)->n_suspect, 3);
}

static void verdicts_are_counted_by_kind(void **state)
{
    struct bench *bench = *state;
    looks(bench, 2, 1000, 70);
    look(bench, 0, 70);
    look(bench, 1000, 70);    // a lie
    looks(bench, 11, 40, 70); // ten seconds, then a reset
    assert_int_equal(health_of(bench)->n_lies, 1);
    assert_int_equal(health_of(bench)->n_resets, 1);
    assert_int_equal(health_of(bench)->n_rebased, 0);
    bench->eni.ifindex = 9;
    look(bench, 41, 71);
    assert_int_equal(health_of(bench)->n_lies, 1);
    assert_int_equal(health_of(bench)->n_resets, 1);
    assert_int_equal(health_of(bench)->n_rebased, 1); // one sample, of two groups
    assert_int_equal(health_of(bench)->n_suspect, 1 + 10);
}

static void a_sample_of_the_instance_is_never_judged(void **state)
{
    struct bench *bench = *state;
    static const uint64_t drops[] = {1000, 1000, 0, 1000, 5};
    for (size_t i = 0; i < ARRAY_SIZE(drops); i++) {
        struct sample sample = {.at = bench->now,
            .n_readings = 1,
            .readings = {{METRIC_KERNEL_CONNTRACK_DROP, drops[i]}}};
        pass(bench, SECOND);
        pipeline_begin_tick(&bench->pipeline, &bench->now);
        pipeline_add(&bench->pipeline, &sample);
        pipeline_end_tick(&bench->pipeline, &bench->now);
    }
    const struct health nothing = {0};
    assert_memory_equal(health_of(bench), &nothing, sizeof(nothing));
}

// Falls and comes back, twice each time.
static void lie_twice(struct bench *bench)
{
    for (int i = 0; i < 2; i++) {
        look(bench, 0, 70);
        look(bench, 1000, 70);
    }
}

static void each_kind_of_verdict_is_said_once_in_a_window(void **state)
{
    struct bench *bench = *state;
    struct listener listener;
    listener_init(&listener);
    listener_start(&listener);
    looks(bench, 2, 1000, 70);
    lie_twice(bench);
    bench->eni.ifindex = 9; // two groups are rebased, in two samples
    look(bench, 1000, 70);
    bench->eni.ifindex = 10;
    look(bench, 1000, 70); // second 8
    listener_stop(&listener);
    assert_int_equal(listener_count(&listener, "\n"), 2);
    assert_int_equal(
        listener_count(&listener, "<6>delta: ens5: counters fell and came back: the reads"), 1);
    assert_int_equal(listener_count(&listener, "<6>delta: ens5: another device, or values"), 1);
    assert_int_equal(health_of(bench)->n_lies, 2);
    assert_int_equal(health_of(bench)->n_rebased, 2);

    listener_forget(&listener);
    listener_start(&listener);
    looks(bench, 2, 1000, 70); // the window ends
    memcpy(bench->eni.ifname, "ens9", 5);
    lie_twice(bench);
    listener_stop(&listener);
    assert_int_equal(listener_count(&listener, "\n"), 1);
    assert_int_equal(listener_count(&listener, "<6>delta: ens9: counters fell and came back"), 1);
    listener_finish(&listener);
}

static void a_reset_is_said(void **state)
{
    struct bench *bench = *state;
    struct listener listener;
    listener_init(&listener);
    listener_start(&listener);
    looks(bench, 2, 1000, 70);
    looks(bench, 11, 40, 70);
    listener_stop(&listener);
    assert_int_equal(listener_count(&listener, "\n"), 1);
    assert_int_equal(listener_count(&listener, "<6>delta: ens5: counters were reset: "), 1);
    listener_finish(&listener);
}

static void verdicts_of_one_sample_are_each_said(void **state)
{
    struct bench *bench = *state;
    struct listener listener;
    listener_init(&listener);
    looks(bench, 2, 1000, 70);
    looks(bench, 10, 0, 40);
    listener_start(&listener);
    look(bench, 1001, 41);
    listener_stop(&listener);
    assert_int_equal(listener_count(&listener, "\n"), 2);
    assert_int_equal(listener_count(&listener, "counters fell and came back"), 1);
    assert_int_equal(listener_count(&listener, "counters were reset"), 1);
    assert_int_equal(health_of(bench)->n_lies, 1);
    assert_int_equal(health_of(bench)->n_resets, 1);
    listener_finish(&listener);
}

static void a_delivery_is_timed_when_a_whole_record_is_off_our_hands(void **state)
{
    struct bench *bench = *state;
    bench->sink.limits.item_bytes = 580; // the ENI's record is several documents
    ticks(bench, 10, UINT64_C(1) << 29);
    assert_int_equal(health_of(bench)->n_records_made, 2);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 0};
    ship(bench);
    assert_int_equal(health_of(bench)->n_records_delivered, 0);
    assert_int_equal(health_of(bench)->delivered_ns, 0);

    bench->sink.answer = (struct ship_answer){SHIP_LATER, 1};
    uint64_t first_ns = bench->now.boot_ns;
    ship(bench);
    pass(bench, 1500);
    ship(bench); // a part of the second
    assert_int_equal(bench->sink.n_documents, 2);
    assert_int_equal(health_of(bench)->n_records_delivered, 1);
    assert_int_equal(health_of(bench)->delivered_ns, first_ns);

    bench->sink.answer.ship = SHIP_BUSY;
    ship(bench);
    pass(bench, 10);
    assert_int_equal(health_of(bench)->delivered_ns, first_ns);
    bench->sink.answer.ship = SHIP_TAKEN;
    ship(bench);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
    assert_int_equal(health_of(bench)->n_records_delivered, 2);
    assert_int_equal(health_of(bench)->delivered_ns, bench->now.boot_ns);
}

static void what_is_refused_is_no_delivery(void **state)
{
    struct bench *bench = *state;
    ticks(bench, 10, 1);
    bench->sink.answer.ship = SHIP_NEVER;
    ship(bench);
    ticks(bench, 10, 1);
    bench->sink.limits.item_bytes = 50;
    ship(bench);
    ship(bench);
    assert_int_equal(health_of(bench)->n_records_refused, 4);
    assert_int_equal(health_of(bench)->n_records_delivered, 0);
    assert_int_equal(health_of(bench)->delivered_ns, 0);
}

static void what_finds_no_room_is_counted(void **state)
{
    struct bench *bench = *state;
    bench->sink.is_ready = false;
    bench->journal.setting.max_bytes = 4096;
    ticks(bench, 1000, 1);
    assert_int_equal(health_of(bench)->n_records_made, 200);
    assert_true(bench->journal.queue.n_records < 200);
    assert_int_equal(health_of(bench)->n_records_expired, 200 - bench->journal.queue.n_records);
}

static void reconnects_of_the_sink_are_passed_on(void **state)
{
    struct bench *bench = *state;
    bench->sink.base.n_reconnects = 3;
    ship(bench);
    assert_int_equal(health_of(bench)->n_reconnects, 3);
    bench->sink.base.n_reconnects = 4;
    bench->sink.error = -EPIPE;
    assert_int_equal(delivery_ship(&bench->pipeline.delivery, &bench->now), -EPIPE);
    assert_int_equal(health_of(bench)->n_reconnects, 4);
}

// Records of which the sink has taken every document, and these come one after the other.
static uint64_t count_delivered(const struct bench *bench)
{
    uint64_t n = 0;
    unsigned int last = 0, n_parts = 0;
    for (size_t i = 0; i < bench->sink.n_documents; i++) {
        unsigned int sequence, part, parts;
        const char *end = strstr(bench->sink.documents[i], "\"sequence\":");
        assert_non_null(end);
        assert_int_equal(
            sscanf(end, "\"sequence\":%u,\"part\":%u,\"parts\":%u}", &sequence, &part, &parts), 3);
        n_parts = sequence == last ? n_parts + 1 : 1;
        last = sequence;
        n += part == parts && n_parts == parts;
    }
    return n;
}

static void assert_every_record_is_somewhere(const struct bench *bench)
{
    const struct health *health = health_of(bench);
    assert_int_equal(health->n_records_made,
        health->n_records_delivered + health->n_records_refused + health->n_records_expired +
            bench->journal.queue.n_records);
}

// A destination that does what it likes, with little room for what waits.
static void change_at_random(struct bench *bench, struct dice *dice)
{
    static const size_t item_bytes[] = {100000, 100000, 700, 520, 50};
    static const enum ship answers[] = {SHIP_TAKEN, SHIP_TAKEN, SHIP_LATER, SHIP_BUSY, SHIP_NEVER};
    bench->sink.limits.item_bytes = item_bytes[dice_below(dice, ARRAY_SIZE(item_bytes))];
    bench->sink.limits.batch_bytes = bench->sink.limits.item_bytes * (1 + dice_below(dice, 5));
    bench->sink.limits.batch_items = 1 + dice_below(dice, 12);
    bench->sink.is_ready = dice_below(dice, 4) > 0;
    bench->sink.answer.ship = answers[dice_below(dice, ARRAY_SIZE(answers))];
    bench->sink.answer.n_taken = dice_below(dice, 8);
    bench->journal.setting.max_bytes = 1000 + dice_below(dice, 6000);
}

static void every_record_is_delivered_refused_dropped_or_waits(void **state)
{
    struct bench *bench = *state;
    struct dice dice;
    dice_init(&dice);
    log_set_level((enum log_level)0); // silent
    uint64_t delivered_ns = 0, n_delivered = 0;
    for (int i = 0; i < 20000; i++) {
        if (dice_below(&dice, 20) == 0)
            change_at_random(bench, &dice);
        if (dice_below(&dice, 2) == 0)
            tick(bench, dice_below(&dice, 3));
        else
            ship(bench);
        assert_every_record_is_somewhere(bench);
        if (health_of(bench)->n_records_delivered != n_delivered)
            delivered_ns = bench->now.boot_ns;
        n_delivered = health_of(bench)->n_records_delivered;
        assert_int_equal(health_of(bench)->delivered_ns, delivered_ns);
    }
    log_set_level(LOG_LEVEL_INFO);
    const struct health *health = health_of(bench);
    assert_int_equal(health->n_records_made, bench->journal.last_sequence);
    assert_int_equal(health->n_records_delivered, count_delivered(bench));
    assert_true(health->n_records_delivered > 10);
    assert_true(health->n_records_refused > 10);
    assert_true(health->n_records_expired > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(samples_that_are_held_are_counted),
        TEST(verdicts_are_counted_by_kind),
        TEST(a_sample_of_the_instance_is_never_judged),
        TEST(each_kind_of_verdict_is_said_once_in_a_window),
        TEST(a_reset_is_said),
        TEST(verdicts_of_one_sample_are_each_said),
        TEST(a_delivery_is_timed_when_a_whole_record_is_off_our_hands),
        TEST(what_is_refused_is_no_delivery),
        TEST(what_finds_no_room_is_counted),
        TEST(reconnects_of_the_sink_are_passed_on),
        TEST(every_record_is_delivered_refused_dropped_or_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
