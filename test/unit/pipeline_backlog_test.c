// SPDX-License-Identifier: Apache-2.0
// In which order, and how fast, what had to wait goes out. Windows of ten seconds, two records
// each: of the instance and of its ENI, a document for each.
#include "unit/pipeline_bench.h"

#define WINDOW_MS INT64_C(10000)

static void outage(struct bench *bench, size_t n_windows)
{
    bench->pipeline.delivery.is_live = true;
    bench->sink.is_ready = false;
    ticks(bench, n_windows * 10, 1);
    ship(bench);
    bench->sink.is_ready = true;
}

// Start of the window of a document that was taken.
static int64_t start_of(const struct bench *bench, size_t document)
{
    json_auto_t *root = json_loads(bench->sink.documents[document], 0, NULL);
    return json_integer_value(json_object_get(json_object_get(root, "_aws"), "Timestamp"));
}

static void assert_starts(const struct bench *bench, size_t first, size_t n, const size_t *windows)
{
    assert_int_equal(bench->sink.n_documents, first + n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(start_of(bench, first + i), T0 + (int64_t)windows[i] * WINDOW_MS);
}

#define ASSERT_STARTS(bench, first, ...)                                                           \
    assert_starts(                                                                                 \
        bench, first, ARRAY_SIZE(((const size_t[]){__VA_ARGS__})), (const size_t[]){__VA_ARGS__})

static void what_a_batch_takes_goes_out_at_once_in_its_order(void **state)
{
    struct bench *bench = *state;
    outage(bench, 3);
    assert_true(has_work(bench));
    ship(bench);
    ASSERT_STARTS(bench, 0, 0, 0, 1, 1, 2, 2);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

static void where_more_waits_the_newest_window_goes_first(void **state)
{
    struct bench *bench = *state;
    bench->sink.limits.batch_items = 4;
    outage(bench, 5);
    ship(bench);
    ASSERT_STARTS(bench, 0, 4, 4);
    pass(bench, SECOND);
    ship(bench);
    ASSERT_STARTS(bench, 2, 0, 0, 1, 1);
    pass(bench, SECOND);
    ship(bench);
    ASSERT_STARTS(bench, 6, 2, 2, 3, 3);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

static void what_had_to_wait_goes_out_a_batch_a_second(void **state)
{
    struct bench *bench = *state;
    bench->sink.limits.batch_items = 2;
    outage(bench, 9);
    ship(bench);
    size_t n_before = bench->sink.n_documents;
    for (size_t i = 0; i < 40; i++) {
        pass(bench, 100);
        ship(bench);
    }
    assert_int_equal(bench->sink.n_documents - n_before, 4 * 2);
    // When the next is due can be waited for.
    uint64_t due_ns = delivery_due_ns(&bench->pipeline.delivery);
    assert_true(due_ns > bench->now.boot_ns && due_ns <= bench->now.boot_ns + BACKLOG_PACE_NS);
}

static void a_new_window_does_not_wait_behind_history(void **state)
{
    struct bench *bench = *state;
    bench->sink.limits.batch_items = 2;
    outage(bench, 60);
    ship(bench);
    ticks(bench, 9, 1);
    ship(bench);
    size_t n_before = bench->sink.n_documents;
    tick(bench, 1);
    ship(bench);
    ASSERT_STARTS(bench, n_before, 60, 60);
}

// Windows as long as the backlog's pace: with each one some of what waits is due. Until the sink
// has nothing more to do, as in the loop of the daemon.
static void outage_of_short_windows(struct bench *bench, size_t batch_items, size_t n_windows)
{
    bench->window_options.period_ms = SECOND;
    bench->sink.limits.batch_items = batch_items;
    tick(bench, 1); // the first window has two ticks
    bench->pipeline.delivery.is_live = true;
    bench->sink.is_ready = false;
    ticks(bench, n_windows, 1);
    bench->sink.is_ready = true;
}

static void ship_what_is_due(struct bench *bench, size_t most)
{
    size_t n = 0;
    while (delivery_due_ns(&bench->pipeline.delivery) <= bench->now.boot_ns) {
        assert_true(n++ < most);
        ship(bench);
    }
}

// The documents since `first`: of the newest window, then of others, oldest first.
static void assert_newest_then_oldest(const struct bench *bench, size_t first, size_t n_others)
{
    int64_t newest_ms = bench->now.wall_ms - (int64_t)SECOND;
    assert_int_equal(bench->sink.n_documents, first + 2 + n_others);
    assert_int_equal(start_of(bench, first), newest_ms);
    assert_int_equal(start_of(bench, first + 1), newest_ms);
    for (size_t i = first + 2; i < bench->sink.n_documents; i++)
        assert_true(start_of(bench, i) < newest_ms);
    for (size_t i = first + 3; i < bench->sink.n_documents; i++)
        assert_true(start_of(bench, i) >= start_of(bench, i - 1));
}

static void windows_as_short_as_the_pace_do_not_push_it_away(void **state)
{
    struct bench *bench = *state;
    outage_of_short_windows(bench, 4, 11);
    ship_what_is_due(bench, 2);
    assert_newest_then_oldest(bench, 0, 4);
    for (size_t i = 0; i < 3; i++) {
        size_t n_before = bench->sink.n_documents;
        tick(bench, 1);
        ship_what_is_due(bench, 2);
        assert_newest_then_oldest(bench, n_before, 4);
    }
    tick(bench, 1);
    ship_what_is_due(bench, 2);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
    // From then on one batch takes it all again.
    tick(bench, 1);
    ship_what_is_due(bench, 1);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

static void a_window_of_several_batches_leaves_a_batch_a_second_for_what_had_to_wait(void **state)
{
    struct bench *bench = *state;
    outage_of_short_windows(bench, 1, 6);
    for (size_t i = 0; i < 9; i++) {
        size_t n_before = bench->sink.n_documents;
        ship_what_is_due(bench, 3);
        assert_newest_then_oldest(bench, n_before, 1);
        assert_int_equal(
            delivery_due_ns(&bench->pipeline.delivery), bench->now.boot_ns + BACKLOG_PACE_NS);
        tick(bench, 1);
    }
    ship_what_is_due(bench, 3);
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

// Nobody knows for how long there is time.
static void a_hurry_ends_the_pace(void **state)
{
    struct bench *bench = *state;
    bench->sink.limits.batch_items = 2;
    outage(bench, 9);
    delivery_hurry(&bench->pipeline.delivery);
    for (size_t i = 0; i < 9; i++) {
        assert_true(has_work(bench));
        ship(bench);
    }
    assert_true(delivery_is_drained(&bench->pipeline.delivery));
}

static void what_is_held_is_not_sent_but_its_answer_is_heard(void **state)
{
    struct bench *bench = *state;
    bench->sink.answer.ship = SHIP_BUSY;
    ticks(bench, 10, 1);
    ship(bench);
    delivery_hold(&bench->pipeline.delivery, true);
    ticks(bench, 10, 1);
    bench->sink.answer.ship = SHIP_TAKEN;
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 2);
    assert_false(bench->pipeline.delivery.is_in_flight);
    ship(bench);
    assert_int_equal(delivery_due_ns(&bench->pipeline.delivery), UINT64_MAX);
    assert_int_equal(bench->sink.n_documents, 2);
    delivery_hold(&bench->pipeline.delivery, false);
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 4);
}

// Parts of one plan do not fit those of another: all of it comes again, and may be there twice.
static void what_another_configuration_cut_is_cut_anew(void **state)
{
    struct bench *bench = *state;
    bench->sink.limits.item_bytes = 580;
    ticks(bench, 10, UINT64_C(1) << 29);
    bench->sink.answer = (struct ship_answer){SHIP_LATER, 2};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 2);
    assert_int_equal(bench->journal.queue.first->n_parts_taken, 1);
    bench->pipeline.delivery.key++;
    bench->sink.limits.item_bytes = 100000;
    bench->sink.answer = (struct ship_answer){.ship = SHIP_TAKEN};
    ship(bench);
    assert_int_equal(bench->sink.n_documents, 3);
    assert_int_equal(bench->health.n_records_delivered, 2);
    ship(bench);
    assert_int_equal(bench->health.n_maybe_doubled, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_batch_takes_goes_out_at_once_in_its_order),
        TEST(where_more_waits_the_newest_window_goes_first),
        TEST(what_had_to_wait_goes_out_a_batch_a_second),
        TEST(a_new_window_does_not_wait_behind_history),
        TEST(windows_as_short_as_the_pace_do_not_push_it_away),
        TEST(a_window_of_several_batches_leaves_a_batch_a_second_for_what_had_to_wait),
        TEST(a_hurry_ends_the_pace),
        TEST(what_is_held_is_not_sent_but_its_answer_is_heard),
        TEST(what_another_configuration_cut_is_cut_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
