// SPDX-License-Identifier: Apache-2.0
// The story from sample to sink, against a sink whose answers the test writes.
#include <errno.h>
#include <jansson.h>

#include "unit/pipeline_bench.h"

static json_t *document(const struct bench *bench, size_t i)
{
    assert_true(i < bench->sink.n_documents);
    json_t *root = json_loads(bench->sink.documents[i], JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    return root;
}

static json_int_t sum_of(const json_t *root, const char *metric)
{
    json_int_t sum = 0;
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(root, metric), i, value) sum += json_integer_value(value);
    return sum;
}

static json_int_t timestamp_of(const json_t *root)
{
    return json_integer_value(json_object_get(json_object_get(root, "_aws"), "Timestamp"));
}

static json_int_t sequence_of(const struct bench *bench, size_t i)
{
    json_auto_t *root = document(bench, i);
    return json_integer_value(json_object_get(root, "sequence"));
}

static void window_reaches_the_sink_as_instance_and_eni(void **state)
{
    struct bench *bench = *state;
    ticks(bench, 10, 3); // the first is the baseline
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 2);
    json_auto_t *instance = document(bench, 0);
    json_auto_t *eni = document(bench, 1);
    assert_null(json_object_get(instance, "interface"));
    assert_string_equal(json_string_value(json_object_get(eni, "interface")), "ens5");
    assert_int_equal(sum_of(instance, "pps_allowance_exceeded"), 27);
    assert_int_equal(sum_of(eni, "pps_allowance_exceeded"), 27);
    assert_int_equal(timestamp_of(instance), T0);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

static void sink_that_is_not_ready_is_not_asked(void **state)
{
    struct bench *bench = *state;
    bench->sink.is_ready = false;
    ticks(bench, 30, 1);
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 0);
    assert_int_equal(bench->journal.queue.n_records, 6);
    bench->sink.is_ready = true;
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 6);
}

static void later_brings_the_rest_whole_and_nothing_twice(void **state)
{
    struct bench *bench = *state;
    ticks(bench, 30, 1);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 4};
    ship(bench);
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(sequence_of(bench, i), i + 1);
}

static void busy_batch_stays_in_flight_while_windows_close(void **state)
{
    struct bench *bench = *state;
    ticks(bench, 10, 1);
    bench->sink.answer.ship = SHIP_BUSY;
    ship(bench);
    const struct batch *in_flight = bench->sink.batch;
    size_t n_items = in_flight->n_items;
    ticks(bench, 20, 1);
    ship(bench);
    assert_ptr_equal(bench->sink.batch, in_flight);
    assert_int_equal(in_flight->n_items, n_items);
    bench->sink.answer.ship = SHIP_TAKEN;
    ship(bench);
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 6);
}

static void never_is_counted_and_the_next_goes_on(void **state)
{
    struct bench *bench = *state;
    ticks(bench, 10, 1);
    bench->sink.answer.ship = SHIP_NEVER;
    ship(bench);
    assert_int_equal(bench->health.n_records_refused, 2);
    bench->sink.answer.ship = SHIP_TAKEN;
    ticks(bench, 10, 1);
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 2);
    assert_int_equal(bench->health.n_records_delivered, 2);
}

static void record_that_fits_no_document_is_dropped_and_said(void **state)
{
    struct bench *bench = *state;
    bench->sink.limits.item_bytes = 50;
    ticks(bench, 10, 1);
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 0);
    assert_int_equal(bench->health.n_records_refused, 2);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

static void batch_is_cut_at_the_limit_of_items(void **state)
{
    struct bench *bench = *state;
    bench->sink.limits.batch_items = 1;
    ticks(bench, 20, 1);
    for (size_t i = 1; i <= 4; i++) {
        ship(bench);
        assert_int_equal(bench->sink.n_documents, i);
    }
    assert_false(has_work(bench));
}

static void parts_of_a_record_that_were_taken_do_not_come_again(void **state)
{
    struct bench *bench = *state;
    // Small documents: ten values each of six metrics do not fit into one.
    bench->sink.limits.item_bytes = 580;
    ticks(bench, 10, UINT64_C(1) << 20);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 1};
    ship(bench);
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    ship(bench);
    json_int_t sum = 0;
    for (size_t i = 0; i < bench->sink.n_documents; i++) {
        json_auto_t *root = document(bench, i);
        if (json_object_get(root, "interface") == NULL)
            sum += sum_of(root, "pps_allowance_exceeded");
    }
    assert_true(bench->sink.n_documents > 2);
    assert_int_equal(sum, INT64_C(9) << 20);
}

static void full_journal_drops_the_oldest_and_counts(void **state)
{
    struct bench *bench = *state;
    bench->sink.is_ready = false;
    bench->journal.setting.max_bytes = 4096;
    ticks(bench, 1000, 1);
    assert_true(bench->journal.queue.n_bytes <= 4096);
    assert_int_equal(bench->health.n_records_expired + bench->journal.queue.n_records, 200);
    bench->sink.is_ready = true;
    ship(bench);
    assert_int_equal(sequence_of(bench, bench->sink.n_documents - 1), 200);
}

// The name of the cluster becomes known between two attempts, and the documents longer than
// planned.
static void documents_that_outgrow_their_plan_are_planned_anew(void **state)
{
    struct bench *bench = *state;
    ticks(bench, 10, UINT64_C(1) << 29);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 0};
    ship(bench);
    const struct batch *batch = &bench->pipeline.delivery.batch;
    bench->sink.limits.item_bytes = batch->items[1].n_bytes; // just what the ENI's document needed
    char cluster[50] = {0};
    memset(cluster, 'c', sizeof(cluster) - 1);
    bench->identity_options.cluster = cluster;
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    for (int i = 0; i < 10 && has_work(bench); i++)
        ship(bench);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
    assert_int_equal(bench->health.n_records_refused, 0);
    json_int_t sum = 0;
    for (size_t i = 0; i < bench->sink.n_documents; i++) {
        json_auto_t *root = document(bench, i);
        if (json_object_get(root, "interface") != NULL)
            sum += sum_of(root, "pps_allowance_exceeded");
    }
    assert_int_equal(sum, INT64_C(9) << 29);
    assert_true(bench->sink.n_documents > 2); // the ENI's are several now
}

static void destination_that_is_gone_for_good_is_told(void **state)
{
    struct bench *bench = *state;
    bench->sink.error = -EPIPE;
    assert_int_equal(delivery_ship(&bench->pipeline.delivery, &bench->now), -EPIPE);
}

static void gap_is_one_value_in_the_window_in_which_it_was_seen(void **state)
{
    struct bench *bench = *state;
    ticks(bench, 5, 1);
    pass(bench, 42 * SECOND); // suspended: the next tick is at 48 s
    tick(bench, 100);
    pipeline_close_window(&bench->pipeline, &bench->now);
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 4);
    json_auto_t *before = document(bench, 0);
    json_auto_t *after = document(bench, 2);
    assert_int_equal(timestamp_of(before), T0);
    assert_int_equal(sum_of(before, "pps_allowance_exceeded"), 4);
    assert_null(json_object_get(before, "gap_ms"));
    assert_int_equal(timestamp_of(after), T0 + 40000);
    assert_int_equal(json_array_size(json_object_get(after, "pps_allowance_exceeded")), 1);
    assert_int_equal(sum_of(after, "pps_allowance_exceeded"), 100);
    assert_int_equal(json_integer_value(json_object_get(after, "gap_ms")), 43000);
}

static void waiting_record_is_restamped_when_the_clock_is_stepped(void **state)
{
    struct bench *bench = *state;
    bench->sink.is_ready = false;
    ticks(bench, 10, 1);
    bench->now.wall_ms += INT64_C(86400000) + 4000; // the clock was a day and four seconds slow
    tick(bench, 1);
    bench->sink.is_ready = true;
    ship(bench);
    json_auto_t *instance = document(bench, 0);
    // Its start is moved along, and again the start of an aligned window.
    assert_int_equal(timestamp_of(instance), T0 + INT64_C(86400000));
}

static void small_step_of_the_clock_moves_no_record(void **state)
{
    struct bench *bench = *state;
    bench->sink.is_ready = false;
    ticks(bench, 10, 1);
    bench->now.wall_ms += 9000;
    tick(bench, 1);
    bench->sink.is_ready = true;
    ship(bench);
    json_auto_t *instance = document(bench, 0);
    assert_int_equal(timestamp_of(instance), T0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(window_reaches_the_sink_as_instance_and_eni),
        TEST(sink_that_is_not_ready_is_not_asked),
        TEST(later_brings_the_rest_whole_and_nothing_twice),
        TEST(busy_batch_stays_in_flight_while_windows_close),
        TEST(never_is_counted_and_the_next_goes_on),
        TEST(record_that_fits_no_document_is_dropped_and_said),
        TEST(batch_is_cut_at_the_limit_of_items),
        TEST(parts_of_a_record_that_were_taken_do_not_come_again),
        TEST(full_journal_drops_the_oldest_and_counts),
        TEST(documents_that_outgrow_their_plan_are_planned_anew),
        TEST(destination_that_is_gone_for_good_is_told),
        TEST(gap_is_one_value_in_the_window_in_which_it_was_seen),
        TEST(waiting_record_is_restamped_when_the_clock_is_stepped),
        TEST(small_step_of_the_clock_moves_no_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
