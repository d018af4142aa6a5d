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
    return batch_add(batch, document, strlen(document));
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
    assert_int_equal(batch_add(batch, document, sizeof(document)), 0);
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
    assert_int_equal(batch_add(batch, document, 25), BATCH_TOO_LARGE); // 26 in a batch of 25
    assert_int_equal(batch_add(batch, document, 24), 0);
    assert_int_equal(batch_add(batch, document, 24), BATCH_FULL);
    // Also when the batch is full: a batch of its own would not help.
    assert_int_equal(batch_add(batch, document, 25), BATCH_TOO_LARGE);
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
        assert_int_equal(batch_add(batch, document, (size_t)n), 0);
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
        TEST(a_batch_that_is_all_zero_can_be_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
