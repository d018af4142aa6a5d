// SPDX-License-Identifier: Apache-2.0
// The story up to a sink that takes metric datums: what goes out, and what becomes of records of
// which nothing can be published.
#include <jansson.h>

#include "support/listener.h"
#include "unit/pipeline_bench.h"

static const struct sink_ops datum_ops = SCRIPTED_OPS(SINK_FORM_DATUM);

static int set_up_datums(void **state)
{
    return set_up_sink(state, &datum_ops);
}

static const struct health *health_of(const struct bench *bench)
{
    return &bench->health;
}

// Datums with this text.
static size_t n_with(const struct bench *bench, const char *text)
{
    size_t n = 0;
    for (size_t i = 0; i < bench->sink.n_documents; i++)
        n += strstr(bench->sink.documents[i], text) != NULL;
    return n;
}

static void a_window_reaches_the_sink_as_datums(void **state)
{
    struct bench *bench = *state;
    ticks(bench, 10, 3); // the first is the baseline
    ship(bench);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
    assert_int_equal(bench->sink.n_documents, 2);
    assert_string_equal(bench->sink.documents[0],
        "{\"MetricName\":\"pps_allowance_exceeded\","
        "\"Dimensions\":[{\"Name\":\"InstanceId\",\"Value\":\"i-1\"}],"
        "\"Timestamp\":1795255200,\"Values\":[3],\"Counts\":[9],"
        "\"Unit\":\"Count\",\"StorageResolution\":60}");
    assert_string_equal(bench->sink.documents[1],
        "{\"MetricName\":\"pps_allowance_exceeded\","
        "\"Dimensions\":[{\"Name\":\"InstanceId\",\"Value\":\"i-1\"},"
        "{\"Name\":\"NetworkInterfaceId\",\"Value\":\"02:00:00:00:00:01\"}],"
        "\"Timestamp\":1795255200,\"Values\":[3],\"Counts\":[9],"
        "\"Unit\":\"Count\",\"StorageResolution\":60}");
    assert_int_equal(health_of(bench)->n_records_delivered, 2);
}

// A wait for the destination, however long, does not change the time of a window.
static void a_datum_has_the_time_of_its_window(void **state)
{
    struct bench *bench = *state;
    bench->sink.is_ready = false;
    ticks(bench, 20, 1);
    pass(bench, 3600 * SECOND);
    bench->sink.is_ready = true;
    bench->sink.answer.ship = SHIP_BUSY;
    ship(bench);
    static const int64_t starts_ms[] = {T0, T0, T0 + 10000, T0 + 10000};
    assert_int_equal(bench->pipeline.delivery.batch.n_items, ARRAY_SIZE(starts_ms));
    for (size_t i = 0; i < ARRAY_SIZE(starts_ms); i++)
        assert_int_equal(bench->pipeline.delivery.batch.items[i].timestamp_ms, starts_ms[i]);
    bench->sink.answer.ship = SHIP_TAKEN;
    ship(bench);
    assert_int_equal(n_with(bench, "\"Timestamp\":1795255200,"), 2);
    assert_int_equal(n_with(bench, "\"Timestamp\":1795255210,"), 2);
}

static void datums_that_were_taken_do_not_come_again(void **state)
{
    struct bench *bench = *state;
    publish_by(bench, "InstanceId; Team; InstanceId, Team", "InstanceId");
    bench->identity_options.dimensions = (struct option_map){
        1, &(struct option_pair){(char *)"Team", (char *)"network"}};
    ticks(bench, 10, 1);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 2};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 2);
    assert_int_equal(health_of(bench)->n_records_delivered, 0);
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 4);
    assert_int_equal(n_with(bench, "[{\"Name\":\"InstanceId\",\"Value\":\"i-1\"}]"), 2);
    assert_int_equal(n_with(bench, "[{\"Name\":\"Team\",\"Value\":\"network\"}]"), 1);
    assert_int_equal(n_with(bench, "},{\"Name\":\"Team\",\"Value\":\"network\"}]"), 1);
    assert_int_equal(health_of(bench)->n_records_delivered, 2);
}

// The name of the cluster becomes known when a part was taken: the plan stays.
static void a_set_that_is_complete_too_late_is_left_out(void **state)
{
    struct bench *bench = *state;
    publish_by(bench, "ClusterName; InstanceId; InstanceId, Region", "InstanceId");
    bench->identity_options.dimensions = (struct option_map){
        1, &(struct option_pair){(char *)"Region", (char *)"eu-west-1"}};
    ticks(bench, 10, 1);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 1};
    ship(bench);
    bench->identity_options.cluster = (char *)"blue";
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 3);
    assert_int_equal(n_with(bench, "blue"), 0);
    assert_int_equal(n_with(bench, "eu-west-1"), 1);
    assert_int_equal(health_of(bench)->n_records_delivered, 2);
}

// The second set outgrows its datum, and the first one's was in the batch already: it must not go
// out twice. Nine values in slices of four are three datums in each set.
static void datums_that_outgrow_their_plan_are_planned_anew(void **state)
{
    struct bench *bench = *state;
    struct option_pair team = {(char *)"Team", (char *)"a"};
    publish_by(bench, "InstanceId; InstanceId, Team", "InstanceId");
    bench->identity_options.dimensions = (struct option_map){1, &team};
    for (uint64_t i = 0; i < 10; i++)
        tick(bench, 1000000 + i);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 0};
    ship(bench);
    assert_int_equal(bench->pipeline.delivery.batch.n_items, 3);
    bench->sink.limits.item_bytes = bench->pipeline.delivery.batch.items[1].n_bytes;
    team.value = (char *)"a name that is too long";
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    for (int i = 0; i < 5 && has_work(bench); i++)
        ship(bench);
    assert_int_equal(bench->sink.n_documents, 7);
    assert_int_equal(n_with(bench, "Team"), 3);
    assert_int_equal(n_with(bench, "1000001,1000002,1000003,1000004]"), 2);
    assert_int_equal(n_with(bench, "1000005,1000006,1000007,1000008]"), 2);
    assert_int_equal(n_with(bench, "[1000009]"), 2);
    assert_int_equal(health_of(bench)->n_records_delivered, 2);
}

static void labels_that_are_gone_change_a_plan_of_which_nothing_was_sent(void **state)
{
    struct bench *bench = *state;
    publish_by(bench, "InstanceId; ClusterName", "InstanceId");
    bench->identity_options.cluster = (char *)"blue";
    ticks(bench, 10, 1);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 0};
    ship(bench);
    assert_int_equal(bench->pipeline.delivery.batch.n_items, 3);
    bench->identity_options.cluster = NULL;
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    for (int i = 0; i < 3 && has_work(bench); i++)
        ship(bench);
    assert_int_equal(bench->sink.n_documents, 2);
    assert_int_equal(health_of(bench)->n_records_delivered, 2);
}

static void labels_that_are_gone_end_a_record_that_was_sent_in_part(void **state)
{
    struct bench *bench = *state;
    struct listener listener;
    publish_by(bench, "InstanceId; ClusterName", "InstanceId");
    bench->identity_options.cluster = (char *)"blue";
    ticks(bench, 10, 1);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 1};
    ship(bench);
    bench->identity_options.cluster = NULL;
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    listener_init(&listener);
    listener_start(&listener);
    for (int i = 0; i < 3 && has_work(bench); i++)
        ship(bench);
    listener_stop(&listener);
    assert_int_equal(listener_count(&listener, "\n"), 1);
    assert_int_equal(
        listener_count(&listener, "<3>scripted: record 1 was sent in part, and labels of"), 1);
    assert_int_equal(health_of(bench)->n_records_refused, 1);
    assert_int_equal(health_of(bench)->n_records_delivered, 1); // the ENI's
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
    listener_finish(&listener);
}

static void nothing_to_publish_is_counted_and_said_once(void **state)
{
    struct bench *bench = *state;
    struct listener listener;
    publish_by(bench, "ClusterName", "InstanceId");
    listener_init(&listener);
    listener_start(&listener);
    for (int i = 0; i < 3; i++) {
        ticks(bench, 10, 1);
        ship(bench);
    }
    listener_stop(&listener);
    assert_int_equal(listener_count(&listener, "\n"), 1);
    assert_int_equal(
        listener_count(&listener, "<3>scripted: no dimension set of publish.instance_dimensions"),
        1);
    assert_int_equal(health_of(bench)->n_records_refused, 3);
    assert_int_equal(health_of(bench)->n_documents_refused, 0); // there was none
    assert_int_equal(health_of(bench)->n_records_delivered, 3);
    assert_int_equal(bench->sink.n_documents, 3);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
    listener_finish(&listener);
}

static void each_kind_of_record_is_said_by_itself(void **state)
{
    struct bench *bench = *state;
    struct listener listener;
    publish_by(bench, "ClusterName", "ClusterName");
    listener_init(&listener);
    listener_start(&listener);
    ticks(bench, 20, 1);
    ship(bench);
    listener_stop(&listener);
    assert_int_equal(listener_count(&listener, "\n"), 2);
    assert_int_equal(listener_count(&listener, "publish.eni_dimensions"), 1);
    assert_int_equal(health_of(bench)->n_records_refused, 4);
    assert_int_equal(health_of(bench)->delivered_ns, 0);
    assert_null(bench->sink.batch); // no batch without an item
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
    listener_finish(&listener);
}

// Between records with something to say, before and behind them: they do not cut a batch short.
static void records_without_a_datum_do_not_cut_the_batch(void **state)
{
    struct bench *bench = *state;
    publish_by(bench, "InstanceId", "ClusterName");
    bench->sink.is_ready = false;
    ticks(bench, 50, 1);
    bench->sink.is_ready = true;
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 3};
    ship(bench);
    assert_int_equal(bench->pipeline.delivery.batch.n_items, 5);
    assert_int_equal(health_of(bench)->n_records_delivered, 3);
    assert_int_equal(health_of(bench)->n_records_refused, 3);
    assert_int_equal(bench->journal.queue.n_records, 4);
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 5);
    assert_int_equal(health_of(bench)->n_records_delivered, 5);
    assert_int_equal(health_of(bench)->n_records_refused, 5);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

// What was given up behind a record that must come again has another chance, with it.
static void a_label_that_comes_meanwhile_is_not_too_late(void **state)
{
    struct bench *bench = *state;
    publish_by(bench, "InstanceId", "ClusterName");
    ticks(bench, 10, 1);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 0};
    ship(bench);
    assert_int_equal(bench->pipeline.delivery.batch.n_items, 1);
    bench->identity_options.cluster = (char *)"blue";
    bench->sink.answer = (struct ship_answer){SHIP_TAKEN, 0};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 2);
    assert_int_equal(n_with(bench, "blue"), 1);
    assert_int_equal(health_of(bench)->n_records_delivered, 2);
    assert_int_equal(health_of(bench)->n_records_refused, 0);
}

// In flight they are not dropped to make room: what is settled must still be there.
static void a_full_journal_keeps_what_is_in_flight(void **state)
{
    struct bench *bench = *state;
    publish_by(bench, "InstanceId", "ClusterName");
    ticks(bench, 20, 1);
    bench->sink.answer.ship = SHIP_BUSY;
    ship(bench);
    bench->journal.setting.max_bytes = 1;
    ticks(bench, 10, 1);
    assert_int_equal(health_of(bench)->n_records_expired, 2);
    bench->sink.answer.ship = SHIP_TAKEN;
    ship(bench);
    assert_int_equal(health_of(bench)->n_records_delivered, 2);
    assert_int_equal(health_of(bench)->n_records_refused, 2);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_datums, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_window_reaches_the_sink_as_datums),
        TEST(a_datum_has_the_time_of_its_window),
        TEST(datums_that_were_taken_do_not_come_again),
        TEST(a_set_that_is_complete_too_late_is_left_out),
        TEST(datums_that_outgrow_their_plan_are_planned_anew),
        TEST(labels_that_are_gone_change_a_plan_of_which_nothing_was_sent),
        TEST(labels_that_are_gone_end_a_record_that_was_sent_in_part),
        TEST(nothing_to_publish_is_counted_and_said_once),
        TEST(each_kind_of_record_is_said_by_itself),
        TEST(records_without_a_datum_do_not_cut_the_batch),
        TEST(a_label_that_comes_meanwhile_is_not_too_late),
        TEST(a_full_journal_keeps_what_is_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
