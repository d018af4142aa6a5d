// SPDX-License-Identifier: Apache-2.0
// Records leave the queue in any order, and its counts follow.
#include "base.h"
#include "store/queue.h"
#include "unit/dice.h"

// What it says to be large need not be: only the number counts.
static struct record *record_of(uint64_t sequence, size_t bytes)
{
    struct record *record = xcalloc(1, sizeof(*record));
    record->sequence = sequence;
    record->bytes = bytes;
    record->stored_bytes = (uint32_t)bytes * 2;
    return record;
}

static void assert_holds(const struct queue *queue, const uint64_t *sequences, size_t n)
{
    const struct record *record = queue->first, *last = NULL;
    uint64_t n_bytes = 0, n_stored_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        assert_non_null(record);
        assert_int_equal(record->sequence, sequences[i]);
        assert_ptr_equal(record->prev, last);
        n_bytes += record->bytes;
        n_stored_bytes += record->stored_bytes;
        last = record;
        record = record->next;
    }
    assert_null(record);
    assert_ptr_equal(queue->last, last);
    assert_int_equal(queue->n_records, n);
    assert_int_equal(queue->n_bytes, n_bytes);
    assert_int_equal(queue->n_stored_bytes, n_stored_bytes);
}

#define ASSERT_HOLDS(queue, ...)                                                                   \
    assert_holds(                                                                                  \
        queue, (const uint64_t[]){__VA_ARGS__}, ARRAY_SIZE(((const uint64_t[]){__VA_ARGS__})))

static struct record *find(const struct queue *queue, uint64_t sequence)
{
    struct record *record = queue->first;
    while (record != NULL && record->sequence != sequence)
        record = record->next;
    return record;
}

static struct queue three(void)
{
    struct queue queue = {0};
    for (uint64_t i = 1; i <= 3; i++)
        queue_append(&queue, record_of(i, 100));
    return queue;
}

static void records_stand_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    struct queue queue = three();
    ASSERT_HOLDS(&queue, 1, 2, 3);
    queue_finish(&queue);
    assert_holds(&queue, NULL, 0);
    queue_finish(&queue);
}

static void a_record_that_still_points_to_others_is_appended_alone(void **state)
{
    (void)state;
    struct queue queue = {0};
    struct record stray = {.sequence = 99};
    struct record *record = record_of(1, 10);
    record->next = record->prev = &stray; // as those that window_close() links
    queue_append(&queue, record);
    ASSERT_HOLDS(&queue, 1);
    queue_finish(&queue);
}

static void a_record_leaves_from_either_end_and_from_between(void **state)
{
    (void)state;
    for (uint64_t gone = 1; gone <= 3; gone++) {
        struct queue queue = three();
        uint64_t left[2] = {gone == 1 ? 2 : 1, gone == 3 ? 2 : 3};
        queue_remove(&queue, find(&queue, gone));
        assert_holds(&queue, left, 2);
        queue_append(&queue, record_of(4, 10));
        ASSERT_HOLDS(&queue, left[0], left[1], 4);
        queue_finish(&queue);
    }
}

static void the_oldest_idle_one_is_the_first_that_is_not_in_flight(void **state)
{
    (void)state;
    struct queue queue = three();
    assert_int_equal(queue_oldest_idle(&queue)->sequence, 1);
    find(&queue, 1)->is_in_flight = true;
    assert_int_equal(queue_oldest_idle(&queue)->sequence, 2);
    find(&queue, 3)->is_in_flight = true;
    assert_int_equal(queue_oldest_idle(&queue)->sequence, 2);
    find(&queue, 2)->is_in_flight = true;
    assert_null(queue_oldest_idle(&queue));
    queue_finish(&queue);
    assert_null(queue_oldest_idle(&queue));
}

static void a_text_may_become_longer_and_shorter(void **state)
{
    (void)state;
    struct queue queue = three(); // of 200 each
    queue_note_stored(&queue, find(&queue, 2), 1000);
    assert_int_equal(queue.n_stored_bytes, 1400);
    queue_note_stored(&queue, find(&queue, 2), 7);
    assert_int_equal(queue.n_stored_bytes, 407);
    ASSERT_HOLDS(&queue, 1, 2, 3);
    queue_remove(&queue, find(&queue, 2));
    assert_int_equal(queue.n_stored_bytes, 400);
    queue_finish(&queue);
}

static void any_schedule_is_that_of_a_plain_array(void **state)
{
    (void)state;
    struct queue queue = {0};
    uint64_t model[2000];
    size_t n = 0;
    struct dice dice;
    dice_init(&dice);
    for (uint64_t step = 1; step <= 2000; step++) {
        if (n == 0 || dice_below(&dice, 100) < 52) {
            queue_append(&queue, record_of(step, 1 + (size_t)dice_below(&dice, 100)));
            model[n++] = step;
        } else {
            size_t i = dice_below(&dice, n);
            queue_remove(&queue, find(&queue, model[i]));
            for (n--; i < n; i++)
                model[i] = model[i + 1];
        }
        assert_holds(&queue, model, n);
    }
    queue_finish(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_stand_in_the_order_in_which_they_came),
        cmocka_unit_test(a_record_that_still_points_to_others_is_appended_alone),
        cmocka_unit_test(a_record_leaves_from_either_end_and_from_between),
        cmocka_unit_test(the_oldest_idle_one_is_the_first_that_is_not_in_flight),
        cmocka_unit_test(a_text_may_become_longer_and_shorter),
        cmocka_unit_test(any_schedule_is_that_of_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
