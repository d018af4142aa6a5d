// SPDX-License-Identifier: Apache-2.0
// The bounded queue of records: first in first out, the oldest go first when there is no room, and
// never what is in flight.
#include "base.h"
#include "store/journal.h"
#include "unit/dice.h"

#define MAX_BYTES 1000

static int set_up(void **state)
{
    *state = xcalloc(1, sizeof(struct journal));
    struct journal_options options = {.max_bytes = MAX_BYTES};
    journal_init(*state, &options);
    return 0;
}

static int tear_down(void **state)
{
    journal_finish(*state);
    free(*state);
    return 0;
}

// What it says to be large need not be: only the number counts.
static struct record *record_of(uint64_t sequence, size_t bytes)
{
    struct record *record = xcalloc(1, sizeof(*record));
    record->sequence = sequence;
    record->bytes = bytes;
    return record;
}

static size_t append(struct journal *journal, uint64_t sequence, size_t bytes)
{
    return journal_append(journal, record_of(sequence, bytes));
}

// The queue holds exactly these, in this order, and its counts say so.
static void assert_holds(
    const struct journal *journal, const uint64_t *sequences, size_t n, uint64_t n_bytes)
{
    const struct record *record = journal->first, *last = NULL;
    for (size_t i = 0; i < n; i++) {
        assert_non_null(record);
        assert_int_equal(record->sequence, sequences[i]);
        last = record;
        record = record->next;
    }
    assert_null(record);
    assert_ptr_equal(journal->last, last);
    assert_int_equal(journal->n_records, n);
    assert_int_equal(journal->n_bytes, n_bytes);
}

#define ASSERT_HOLDS(journal, n_bytes, ...)                                                        \
    assert_holds(journal, (const uint64_t[]){__VA_ARGS__},                                         \
        ARRAY_SIZE(((const uint64_t[]){__VA_ARGS__})), n_bytes)

static bool is_of_set(const struct record *record, void *context)
{
    const uint64_t *set = context;
    return (*set >> record->sequence % 64 & 1) != 0;
}

static size_t prefer(struct journal *journal, uint64_t set)
{
    return journal_prefer(journal, is_of_set, &set);
}

static void a_new_journal_is_empty(void **state)
{
    assert_holds(*state, NULL, 0, 0);
}

static void records_leave_in_the_order_in_which_they_came(void **state)
{
    struct journal *journal = *state;
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(append(journal, i, 100), 0);
    ASSERT_HOLDS(journal, 300, 1, 2, 3);
    journal_pop(journal);
    ASSERT_HOLDS(journal, 200, 2, 3);
    journal_pop(journal);
    ASSERT_HOLDS(journal, 100, 3);
    journal_pop(journal);
    assert_holds(journal, NULL, 0, 0);
    assert_int_equal(append(journal, 4, 10), 0);
    ASSERT_HOLDS(journal, 10, 4);
    assert_int_equal(journal->n_dropped, 0);
}

static void a_record_that_still_points_to_another_is_appended_alone(void **state)
{
    struct journal *journal = *state;
    struct record stray = {.sequence = 99};
    struct record *record = record_of(1, 10);
    record->next = &stray; // as those that window_close() links
    assert_int_equal(journal_append(journal, record), 0);
    ASSERT_HOLDS(journal, 10, 1);
}

static void exactly_full_is_not_too_full(void **state)
{
    struct journal *journal = *state;
    assert_int_equal(append(journal, 1, 400), 0);
    assert_int_equal(append(journal, 2, 600), 0);
    ASSERT_HOLDS(journal, MAX_BYTES, 1, 2);
    assert_int_equal(append(journal, 3, 1), 1);
    ASSERT_HOLDS(journal, 601, 2, 3);
}

static void as_many_of_the_oldest_go_as_must(void **state)
{
    struct journal *journal = *state;
    for (uint64_t i = 1; i <= 10; i++)
        assert_int_equal(append(journal, i, 100), 0);
    assert_int_equal(append(journal, 11, 250), 3);
    ASSERT_HOLDS(journal, 950, 4, 5, 6, 7, 8, 9, 10, 11);
    assert_int_equal(append(journal, 12, 50), 0);
    assert_int_equal(append(journal, 13, 100), 1);
    assert_int_equal(journal->n_dropped, 4);
}

static void what_is_in_flight_is_never_dropped(void **state)
{
    struct journal *journal = *state;
    for (uint64_t i = 1; i <= 10; i++)
        assert_int_equal(append(journal, i, 100), 0);
    journal->n_in_flight = 3;
    assert_int_equal(append(journal, 11, 200), 2);
    ASSERT_HOLDS(journal, 1000, 1, 2, 3, 6, 7, 8, 9, 10, 11);
    assert_int_equal(journal->n_in_flight, 3);
}

static void the_newest_goes_when_all_others_are_in_flight(void **state)
{
    struct journal *journal = *state;
    assert_int_equal(append(journal, 1, 500), 0);
    assert_int_equal(append(journal, 2, 500), 0);
    journal->n_in_flight = 2;
    assert_int_equal(append(journal, 3, 100), 1);
    ASSERT_HOLDS(journal, 1000, 1, 2);
    assert_int_equal(journal->n_dropped, 1);
    journal_pop(journal);
    assert_int_equal(append(journal, 4, 100), 0);
    ASSERT_HOLDS(journal, 600, 2, 4);
}

static void delivery_makes_room_and_ends_the_flight_one_by_one(void **state)
{
    struct journal *journal = *state;
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(append(journal, i, 250), 0);
    journal->n_in_flight = 2;
    journal_pop(journal);
    assert_int_equal(journal->n_in_flight, 1);
    assert_int_equal(append(journal, 5, 500), 1); // 3 goes: 2 is in flight
    ASSERT_HOLDS(journal, 1000, 2, 4, 5);
    journal_pop(journal);
    assert_int_equal(journal->n_in_flight, 0);
    assert_int_equal(append(journal, 6, 600), 2);
    ASSERT_HOLDS(journal, 600, 6);
}

static void what_is_larger_than_the_whole_journal_is_dropped_itself(void **state)
{
    struct journal *journal = *state;
    assert_int_equal(append(journal, 1, 100), 0);
    assert_int_equal(append(journal, 2, MAX_BYTES + 1), 2);
    assert_holds(journal, NULL, 0, 0);
    assert_int_equal(append(journal, 3, 100), 0);
    ASSERT_HOLDS(journal, 100, 3);
}

static void finish_frees_what_waits_and_what_is_in_flight(void **state)
{
    struct journal *journal = *state;
    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(append(journal, i, 100), 0);
    journal->n_in_flight = 2;
    journal_finish(journal); // the address sanitizer sees what is not freed
    assert_null(journal->first);
    assert_int_equal(journal->n_records, 0);
    assert_int_equal(journal->n_in_flight, 0);
    journal_finish(journal);
}

// An array that does the same by the words of the header.
struct model {
    uint64_t sequences[256];
    size_t sizes[256];
    size_t n, n_in_flight;
    uint64_t n_bytes, n_dropped;
};

static void model_remove(struct model *model, size_t i)
{
    model->n_bytes -= model->sizes[i];
    for (; i + 1 < model->n; i++) {
        model->sequences[i] = model->sequences[i + 1];
        model->sizes[i] = model->sizes[i + 1];
    }
    model->n--;
}

static size_t model_append(struct model *model, uint64_t sequence, size_t bytes)
{
    size_t n_dropped = 0;
    model->sequences[model->n] = sequence;
    model->sizes[model->n++] = bytes;
    model->n_bytes += bytes;
    for (; model->n_bytes > MAX_BYTES && model->n > model->n_in_flight; n_dropped++)
        model_remove(model, model->n_in_flight);
    model->n_dropped += n_dropped;
    return n_dropped;
}

static size_t model_prefer(struct model *model, uint64_t set)
{
    struct model before = *model;
    size_t n = 0, n_wanted = 0;
    for (int is_wanted = 1; is_wanted >= 0; is_wanted--) {
        for (size_t i = 0; i < before.n; i++) {
            if ((int)(set >> before.sequences[i] % 64 & 1) != is_wanted)
                continue;
            model->sequences[n] = before.sequences[i];
            model->sizes[n++] = before.sizes[i];
        }
        n_wanted = is_wanted ? n : n_wanted;
    }
    return n_wanted;
}

static void any_schedule_is_that_of_a_plain_array(void **state)
{
    struct journal *journal = *state;
    struct model model = {.n = 0};
    struct dice dice;
    dice_init(&dice);
    for (uint64_t step = 1; step <= 5000; step++) {
        uint64_t what = dice_below(&dice, 10);
        if (what < 6) {
            size_t bytes = 5 + (size_t)dice_below(&dice, dice_below(&dice, 20) == 0 ? 1200 : 120);
            assert_int_equal(append(journal, step, bytes), model_append(&model, step, bytes));
        } else if (what < 8 && model.n > 0) {
            journal_pop(journal);
            model_remove(&model, 0);
            model.n_in_flight -= model.n_in_flight > 0;
        } else if (what == 8) {
            model.n_in_flight = journal->n_in_flight = 0;
            uint64_t set = dice_next(&dice);
            assert_int_equal(prefer(journal, set), model_prefer(&model, set));
        } else {
            model.n_in_flight = journal->n_in_flight = dice_below(&dice, model.n + 1);
        }
        assert_holds(journal, model.sequences, model.n, model.n_bytes);
        assert_int_equal(journal->n_in_flight, model.n_in_flight);
        assert_int_equal(journal->n_dropped, model.n_dropped);
    }
}

static void what_is_wanted_comes_first_and_both_keep_their_order(void **state)
{
    struct journal *journal = *state;
    assert_int_equal(prefer(journal, UINT64_MAX), 0);
    for (uint64_t i = 1; i <= 6; i++)
        append(journal, i, 100);
    assert_int_equal(prefer(journal, 1 << 2 | 1 << 5 | 1 << 6), 3);
    ASSERT_HOLDS(journal, 600, 2, 5, 6, 1, 3, 4);
    append(journal, 7, 100);
    ASSERT_HOLDS(journal, 700, 2, 5, 6, 1, 3, 4, 7);
    assert_int_equal(prefer(journal, UINT64_MAX), 7);
    ASSERT_HOLDS(journal, 700, 2, 5, 6, 1, 3, 4, 7);
    assert_int_equal(prefer(journal, 0), 0);
    ASSERT_HOLDS(journal, 700, 2, 5, 6, 1, 3, 4, 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_journal_is_empty),
        TEST(records_leave_in_the_order_in_which_they_came),
        TEST(a_record_that_still_points_to_another_is_appended_alone),
        TEST(exactly_full_is_not_too_full),
        TEST(as_many_of_the_oldest_go_as_must),
        TEST(what_is_in_flight_is_never_dropped),
        TEST(the_newest_goes_when_all_others_are_in_flight),
        TEST(delivery_makes_room_and_ends_the_flight_one_by_one),
        TEST(what_is_larger_than_the_whole_journal_is_dropped_itself),
        TEST(finish_frees_what_waits_and_what_is_in_flight),
        TEST(what_is_wanted_comes_first_and_both_keep_their_order),
        TEST(any_schedule_is_that_of_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
