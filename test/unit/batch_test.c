// SPDX-License-Identifier: Apache-2.0
// Documents are cut to what a destination takes, and lie in the batch as they will be sent.
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "support/unit.h"

// 10 bytes an item, 25 a batch, 3 items: each limit can be reached before the others.
static const struct batch_limits small = {10, 25, 3};

static int set_up(void **state)
{
    *state = xcalloc(1, sizeof(struct batch));
    batch_reset(*state, &small);
    return 0;
}

static int tear_down(void **state)
{
    batch_finish(*state);
    free(*state);
    return 0;
}

static int add(struct batch *batch, const char *document)
{
    return batch_add(batch, document, strlen(document), 0);
}

static void assert_bytes(const struct batch *batch, const char *expected)
{
    assert_int_equal(batch->n_bytes, strlen(expected));
    assert_memory_equal(batch->bytes, expected, strlen(expected));
}

static void documents_lie_one_after_the_other_each_with_a_newline(void **state)
{
    struct batch *batch = *state;
    assert_int_equal(add(batch, "{\"a\":1}"), 0);
    assert_int_equal(add(batch, "{}"), 0);
    assert_bytes(batch, "{\"a\":1}\n{}\n");
    assert_int_equal(batch->n_items, 2);
    assert_int_equal(batch->items[0].offset, 0);
    assert_int_equal(batch->items[0].n_bytes, 8);
    assert_int_equal(batch->items[1].offset, 8);
    assert_int_equal(batch->items[1].n_bytes, 3);
}

static void the_document_is_copied_and_need_not_be_terminated(void **state)
{
    struct batch *batch = *state;
    char document[4] = {'a', 'b', 'c', 'd'};
    assert_int_equal(batch_add(batch, document, sizeof(document), 0), 0);
    memset(document, 'x', sizeof(document));
    assert_bytes(batch, "abcd\n");
}

static void the_newline_counts_as_a_byte_of_the_item(void **state)
{
    struct batch *batch = *state;
    assert_int_equal(add(batch, "123456789"), 0);
    assert_int_equal(add(batch, "123456789a"), BATCH_TOO_LARGE);
    assert_bytes(batch, "123456789\n");
}

static void the_newlines_count_as_bytes_of_the_batch(void **state)
{
    struct batch *batch = *state;
    assert_int_equal(add(batch, "123456789"), 0);      // 10
    assert_int_equal(add(batch, "123456789"), 0);      // 20
    assert_int_equal(add(batch, "12345"), BATCH_FULL); // would be 26
    assert_int_equal(add(batch, "1234"), 0);           // 25
    assert_int_equal(batch->n_bytes, 25);
}

static void no_more_items_than_the_destination_takes(void **state)
{
    struct batch *batch = *state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(add(batch, "a"), 0);
    assert_int_equal(add(batch, "a"), BATCH_FULL);
    assert_bytes(batch, "a\na\na\n");
    assert_int_equal(batch->n_items, 3);
}

static void a_document_that_no_batch_takes_is_told_from_one_for_the_next(void **state)
{
    struct batch *batch = *state;
    struct batch_limits limits = {100, 25, 3};
    batch_reset(batch, &limits);
    char document[100];
    memset(document, 'a', sizeof(document));
    assert_int_equal(batch_add(batch, document, 25, 0), BATCH_TOO_LARGE); // 26 in a batch of 25
    assert_int_equal(batch_add(batch, document, 24, 0), 0);
    assert_int_equal(batch_add(batch, document, 24, 0), BATCH_FULL);
    // Also when the batch is full: a batch of its own would not help.
    assert_int_equal(batch_add(batch, document, 25, 0), BATCH_TOO_LARGE);
    assert_int_equal(batch->n_items, 1);
}

static void reset_empties_the_batch_and_changes_its_limits(void **state)
{
    struct batch *batch = *state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(add(batch, "abcdef"), 0);
    struct batch_limits limits = {4, 8, 2};
    batch_reset(batch, &limits);
    assert_int_equal(batch->n_items, 0);
    assert_int_equal(batch->n_bytes, 0);
    assert_int_equal(add(batch, "abcd"), BATCH_TOO_LARGE);
    assert_int_equal(add(batch, "xyz"), 0);
    assert_int_equal(add(batch, "uvw"), 0);
    assert_int_equal(add(batch, ""), BATCH_FULL);
    assert_bytes(batch, "xyz\nuvw\n");
    assert_int_equal(batch->items[0].offset, 0);
    assert_int_equal(batch->items[1].offset, 4);
}

// PutLogEvents: 1 MiB, 10,000 events; here without the 26 bytes that each event costs there.
static void ten_thousand_documents_keep_their_places(void **state)
{
    struct batch *batch = *state;
    struct batch_limits limits = {1 << 20, 1 << 20, 10000};
    batch_reset(batch, &limits);
    size_t offset = 0;
    for (size_t i = 0; i < 10000; i++) {
        char document[64];
        int n = snprintf(document, sizeof(document), "%zu", i * i);
        assert_int_equal(batch_add(batch, document, (size_t)n, 0), 0);
        assert_int_equal(batch->items[i].offset, offset);
        assert_int_equal(batch->items[i].n_bytes, n + 1);
        offset += (size_t)n + 1;
    }
    assert_int_equal(add(batch, "1"), BATCH_FULL);
    assert_int_equal(batch->n_bytes, offset);
    for (size_t i = 0; i < 10000; i++) {
        const char *item = batch->bytes + batch->items[i].offset;
        assert_int_equal(strtoull(item, NULL, 10), i * i);
        assert_int_equal(item[batch->items[i].n_bytes - 1], '\n');
    }
}

// PutLogEvents counts 26 bytes for each event besides its text.
static void the_overhead_of_each_item_counts(void **state)
{
    struct batch *batch = *state;
    struct batch_limits limits = {
        .item_bytes = 100, .batch_bytes = 2 * 26 + 30, .batch_items = 100};
    limits.item_overhead_bytes = 26;
    batch_reset(batch, &limits);
    assert_int_equal(add(batch, "123456789"), 0);                     // 36
    assert_int_equal(add(batch, "123456789 123456789 "), BATCH_FULL); // would be 83
    assert_int_equal(add(batch, "123456789 123456789"), 0);           // 82
    assert_int_equal(batch->n_bytes, 30);                             // without it
    assert_int_equal(add(batch, ""), BATCH_FULL);
}

static void the_overhead_makes_an_item_too_large_for_any_batch(void **state)
{
    struct batch *batch = *state;
    char item[200] = {0};
    struct batch_limits limits = {
        .item_bytes = 1000, .batch_bytes = 126, .batch_items = 3, .item_overhead_bytes = 26};
    batch_reset(batch, &limits);
    assert_int_equal(batch_longest_item(&limits), 99);
    assert_int_equal(batch_add(batch, item, 100, 0), BATCH_TOO_LARGE);
    assert_int_equal(batch_add(batch, item, 99, 0), 0);
}

static void the_longest_item_is_that_of_the_tighter_limit(void **state)
{
    (void)state;
    assert_int_equal(batch_longest_item(&(struct batch_limits){10, 25, 3, 0, 0}), 9);
    assert_int_equal(batch_longest_item(&(struct batch_limits){100, 25, 3, 0, 0}), 24);
    assert_int_equal(batch_longest_item(&(struct batch_limits){100, 25, 3, 24, 0}), 0);
    assert_int_equal(batch_longest_item(&(struct batch_limits){100, 25, 3, 26, 0}), 0);
}

static int add_at(struct batch *batch, int64_t timestamp_ms)
{
    return batch_add(batch, "a", 1, timestamp_ms);
}

static void the_span_of_a_batch_is_from_its_oldest_to_its_newest(void **state)
{
    struct batch *batch = *state;
    struct batch_limits limits = {100, 1000, 100, 0, 86400000};
    batch_reset(batch, &limits);
    assert_int_equal(add_at(batch, 1000), 0);
    assert_int_equal(add_at(batch, 86401001), BATCH_FULL);
    assert_int_equal(add_at(batch, -1), 0); // older ones may come too
    assert_int_equal(add_at(batch, 86400000), BATCH_FULL);
    assert_int_equal(add_at(batch, 86399999), 0);
    assert_int_equal(add_at(batch, -2), BATCH_FULL);
    assert_int_equal(batch->n_items, 3);
    assert_int_equal(batch->items[0].timestamp_ms, 1000);
    assert_int_equal(batch->items[1].timestamp_ms, -1);
    assert_int_equal(batch->items[2].timestamp_ms, 86399999);
    batch_reset(batch, &limits); // the next one is of another time
    assert_int_equal(add_at(batch, 172800000), 0);
}

static void a_span_of_zero_is_none(void **state)
{
    struct batch *batch = *state;
    assert_int_equal(add_at(batch, INT64_MAX), 0);
    assert_int_equal(add_at(batch, INT64_MIN), 0);
    batch_reset(batch, &(struct batch_limits){100, 1000, 100, 0, UINT64_MAX});
    assert_int_equal(add_at(batch, INT64_MAX), 0);
    assert_int_equal(add_at(batch, INT64_MIN), 0);
    batch_reset(batch, &(struct batch_limits){100, 1000, 100, 0, UINT64_MAX - 1});
    assert_int_equal(add_at(batch, INT64_MAX), 0);
    assert_int_equal(add_at(batch, INT64_MIN), BATCH_FULL);
}

static void what_is_cut_off_was_never_there(void **state)
{
    struct batch *batch = *state;
    batch_reset(batch, &(struct batch_limits){10, 1000, 100, 0, 50});
    assert_int_equal(batch_add(batch, "abc", 3, 100), 0);
    assert_int_equal(batch_add(batch, "de", 2, 120), 0);
    assert_int_equal(batch_add(batch, "f", 1, 80), 0);
    batch_cut(batch, 3);
    assert_bytes(batch, "abc\nde\nf\n");
    batch_cut(batch, 1);
    assert_bytes(batch, "abc\n");
    assert_int_equal(batch->n_items, 1);
    assert_int_equal(add_at(batch, 151), BATCH_FULL);
    assert_int_equal(add_at(batch, 150), 0); // 80 is gone
    batch_cut(batch, 0);
    assert_int_equal(batch->n_bytes, 0);
    assert_int_equal(add_at(batch, 1000), 0);
    assert_bytes(batch, "a\n");
}

static void a_batch_that_is_all_zero_can_be_finished(void **state)
{
    (void)state;
    struct batch batch = {0};
    batch_finish(&batch);
    batch_reset(&batch, &small);
    assert_int_equal(add(&batch, "a"), 0);
    batch_finish(&batch);
    batch_finish(&batch);
    assert_null(batch.bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(documents_lie_one_after_the_other_each_with_a_newline),
        TEST(the_document_is_copied_and_need_not_be_terminated),
        TEST(the_newline_counts_as_a_byte_of_the_item),
        TEST(the_newlines_count_as_bytes_of_the_batch),
        TEST(no_more_items_than_the_destination_takes),
        TEST(a_document_that_no_batch_takes_is_told_from_one_for_the_next),
        TEST(reset_empties_the_batch_and_changes_its_limits),
        TEST(ten_thousand_documents_keep_their_places),
        TEST(the_overhead_of_each_item_counts),
        TEST(the_overhead_makes_an_item_too_large_for_any_batch),
        TEST(the_longest_item_is_that_of_the_tighter_limit),
        TEST(the_span_of_a_batch_is_from_its_oldest_to_its_newest),
        TEST(a_span_of_zero_is_none),
        TEST(what_is_cut_off_was_never_there),
        TEST(a_batch_that_is_all_zero_can_be_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
