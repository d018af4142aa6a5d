// SPDX-License-Identifier: Apache-2.0
// The one queue: what comes, what goes, what is found again, and the counts of all of it.
#include <string.h>

#include "base.h"
#include "unit/journal_acts.h"

static void settle(struct journal_fixture *fixture, struct record *record, enum settled settled)
{
    journal_settle(&fixture->journal, record, settled);
    journal_fixture_check_counts(fixture);
}

// What waits are the records of these numbers, in this order.
static void assert_waits(const struct journal_fixture *fixture, const uint64_t *numbers, size_t n)
{
    const struct record *record = fixture->journal.queue.first;
    for (size_t i = 0; i < n; i++, record = record->next) {
        assert_non_null(record);
        scoped_free struct record *made = journal_fixture_record(fixture, numbers[i]);
        assert_true(journal_fixture_is_same(record, made));
    }
    assert_null(record);
    assert_int_equal(fixture->health.n_records_waiting, n);
}

#define ASSERT_WAITS(fixture, ...)                                                                 \
    assert_waits(                                                                                  \
        fixture, (const uint64_t[]){__VA_ARGS__}, ARRAY_SIZE(((const uint64_t[]){__VA_ARGS__})))

static void records_get_their_start_and_a_sequence(void **state)
{
    struct journal_fixture *fixture = *state;
    const struct journal *journal = &fixture->journal;
    journal_fixture_open_memory(fixture);
    append(fixture, 1, 2);
    append(fixture, 3, 0);
    append(fixture, 3, 1);
    ASSERT_WAITS(fixture, 1, 2, 3);
    uint64_t sequence = 0;
    for (const struct record *record = journal->queue.first; record != NULL;
         record = record->next) {
        assert_int_equal(record->sequence, ++sequence);
        assert_ptr_equal(record->start, journal->start);
    }
    assert_string_equal(journal->start->name, "start-1");
    assert_string_equal(journal->start->boot_id, "boot-a");
    assert_true(journal->start->is_this_boot);
    assert_int_equal(fixture->health.n_records_made, 3);
}

static void each_fate_has_its_count(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open_memory(fixture);
    append(fixture, 1, 10);
    for (int i = 0; i < N_SETTLED; i++)
        for (int j = 0; j <= i; j++)
            settle(
                fixture, j % 2 == 0 ? journal->queue.first : journal->queue.last, (enum settled)i);
    assert_waits(fixture, NULL, 0);
    assert_int_equal(fixture->health.n_records_delivered, 1);
    assert_int_equal(fixture->health.n_records_refused, 2);
    assert_int_equal(fixture->health.n_records_expired, 3);
    assert_int_equal(fixture->health.n_records_unclaimed, 4);
}

static void without_a_directory_nothing_is_written_and_nothing_said(void **state)
{
    struct journal_fixture *fixture = *state;
    journal_fixture_open_memory(fixture);
    append(fixture, 1, 3);
    journal_checkpoint(
        &fixture->journal, journal_fixture_records(fixture, 4, 2), journal_fixture_object(9));
    assert_int_equal(journal_fixture_number(journal_baseline(&fixture->journal)), 9);
    ASSERT_WAITS(fixture, 1, 2, 3);
    journal_note_who(&fixture->journal, journal_fixture_object(5));
    assert_int_equal(journal_fixture_number(journal_who(fixture->journal.start)), 5);
    settle(fixture, fixture->journal.queue.first, SETTLED_UNCLAIMED);
    journal_note_taken(&fixture->journal, fixture->journal.queue.first);
    journal_flush(&fixture->journal);
    journal_close(&fixture->journal);
    assert_int_equal(access(fixture->directory, F_OK), -1);
    assert_int_equal(log_catcher_lines(&fixture->log), 0);
}

static void a_journal_that_was_never_opened_can_be_closed(void **state)
{
    (void)state;
    struct journal journal = {.start = NULL};
    journal_close(&journal);
}

static void a_restart_finds_what_was_left(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    assert_null(journal_baseline(journal));
    journal_note_who(journal, journal_fixture_object(11));
    append(fixture, 1, 4);
    settle(fixture, journal->queue.first->next, SETTLED_DELIVERED);
    settle(fixture, journal->queue.first, SETTLED_REFUSED);
    journal_close(journal); // which writes what was noted
    journal_fixture_open(fixture, "boot-a", "start-2");
    ASSERT_WAITS(fixture, 3, 4);
    assert_int_equal(fixture->health.n_records_made, 4);
    assert_int_equal(fixture->health.n_records_delivered, 1);
    assert_int_equal(fixture->health.n_records_refused, 1);
    assert_int_equal(journal_fixture_number(journal_baseline(journal)), 5);
    assert_int_equal(journal->queue.first->sequence, 3);
    assert_string_equal(journal->queue.first->start->name, "start-1");
    assert_true(journal->queue.first->start->is_this_boot);
    assert_ptr_not_equal(journal->queue.first->start, journal->start);
    assert_int_equal(journal_fixture_number(journal_who(journal->start)), 11);
    append(fixture, 5, 1);
    assert_int_equal(journal->queue.last->sequence, 1);
    assert_string_equal(journal->queue.last->start->name, "start-2");
    assert_int_equal(log_catcher_count(&fixture->log, "2 records of before wait for delivery"), 1);
    assert_int_equal(log_catcher_lines(&fixture->log), 1);
}

static void another_boot_has_no_baseline_and_is_somebody_else_perhaps(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    journal_note_who(journal, journal_fixture_object(11));
    append(fixture, 1, 1);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-b", "start-2");
    assert_null(journal_baseline(journal));
    assert_null(journal_who(journal->start));
    assert_false(journal->queue.first->start->is_this_boot);
    assert_string_equal(journal->queue.first->start->boot_id, "boot-a");
    assert_int_equal(journal_fixture_number(journal_who(journal->queue.first->start)), 11);
    journal_note_who(journal, journal_fixture_object(12));
    append(fixture, 2, 1);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-b", "start-3");
    assert_int_equal(journal_fixture_number(journal_baseline(journal)), 3);
    assert_int_equal(journal_fixture_number(journal_who(journal->queue.first->start)), 11);
    assert_int_equal(journal_fixture_number(journal_who(journal->start)), 12);
}

static size_t n_bytes_of(const struct journal_fixture *fixture, const char *name)
{
    size_t n_bytes;
    free(journal_fixture_read(fixture, name, &n_bytes));
    return n_bytes;
}

static void who_we_are_is_written_when_it_is_news(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    size_t n_before = n_bytes_of(fixture, "journal");
    journal_note_who(journal, journal_fixture_object(1));
    size_t n_after = n_bytes_of(fixture, "journal");
    assert_true(n_after > n_before);
    journal_note_who(journal, journal_fixture_object(1));
    assert_int_equal(n_bytes_of(fixture, "journal"), n_after);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-a", "start-2");
    n_before = n_bytes_of(fixture, "journal");
    journal_note_who(journal, journal_fixture_object(1));
    assert_int_equal(n_bytes_of(fixture, "journal"), n_before);
    journal_note_who(journal, journal_fixture_object(2));
    assert_true(n_bytes_of(fixture, "journal") > n_before);
}

// A process that ends without a word: its file is as it was at this moment.
static void the_open_window_waits_after_a_crash_as_it_was_checkpointed_last(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 1);
    journal_checkpoint(
        journal, journal_fixture_records(fixture, 10, 1), journal_fixture_object(100));
    journal_checkpoint(
        journal, journal_fixture_records(fixture, 20, 2), journal_fixture_object(200));
    ASSERT_WAITS(fixture, 1); // nobody waits for what is not closed
    crash(fixture, "boot-a", "start-2");
    ASSERT_WAITS(fixture, 1, 20, 21);
    assert_int_equal(journal->queue.last->sequence, 3);
    assert_string_equal(journal->queue.last->start->name, "start-1");
    assert_int_equal(journal_fixture_number(journal_baseline(journal)), 200);
    crash(fixture, "boot-b", "start-3"); // they were made then, and are not made again
    ASSERT_WAITS(fixture, 1, 20, 21);
    assert_int_equal(fixture->health.n_records_made, 3);
    assert_null(journal_baseline(journal));
}

static void a_window_that_is_closed_voids_its_checkpoint(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    journal_checkpoint(
        journal, journal_fixture_records(fixture, 10, 2), journal_fixture_object(100));
    append(fixture, 1, 1);
    crash(fixture, "boot-a", "start-2");
    ASSERT_WAITS(fixture, 1);
    assert_int_equal(journal_fixture_number(journal_baseline(journal)), 2);
}

static struct record *plan(struct record *record, uint32_t n_taken)
{
    record->parts = (struct parts){
        .metrics_per_part = 2, .values_per_part = 50, .n_parts = 4, .sets = 3, .key = 12345};
    record->n_parts_taken = n_taken;
    return record;
}

static void parts_that_were_taken_are_not_sent_again(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 3);
    journal_note_taken(journal, plan(journal->queue.first, 1));
    journal_note_taken(journal, plan(journal->queue.first, 3));
    journal->queue.last->is_refused = true;
    journal_note_taken(journal, plan(journal->queue.last, 2));
    journal_flush(journal);
    crash(fixture, "boot-a", "start-2");
    const struct record *record = journal->queue.first;
    assert_int_equal(record->n_parts_taken, 3);
    assert_int_equal(record->parts.n_parts, 4);
    assert_int_equal(record->parts.key, 12345);
    assert_false(record->is_refused);
    assert_int_equal(record->next->parts.n_parts, 0);
    assert_int_equal(journal->queue.last->n_parts_taken, 2);
    assert_true(journal->queue.last->is_refused);
}

static void what_is_noted_is_not_written_before_its_time(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 2);
    size_t n_before = n_bytes_of(fixture, "journal");
    settle(fixture, journal->queue.first, SETTLED_DELIVERED);
    settle(fixture, journal->queue.first, SETTLED_DELIVERED);
    assert_int_equal(n_bytes_of(fixture, "journal"), n_before);
    journal_flush(journal);
    size_t n_after = n_bytes_of(fixture, "journal");
    assert_true(n_after > n_before);
    journal_flush(journal); // nothing more
    assert_int_equal(n_bytes_of(fixture, "journal"), n_after);
    crash(fixture, "boot-a", "start-2");
    assert_waits(fixture, NULL, 0);
    assert_int_equal(fixture->health.n_records_delivered, 2);
}

static void what_nobody_claims_is_copied_to_a_file_of_its_own(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    journal_note_who(journal, journal_fixture_object(11));
    append(fixture, 1, 2);
    append(fixture, 3, 1);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-b", "start-2");
    settle(fixture, journal->queue.first, SETTLED_UNCLAIMED);
    settle(fixture, journal->queue.last, SETTLED_UNCLAIMED);
    journal_flush(journal);
    ASSERT_WAITS(fixture, 2);
    // It is read as a journal is: with a header it is one, of what was not claimed.
    size_t n_copied;
    scoped_free char *copied = journal_fixture_read(fixture, "unclaimed", &n_copied);
    struct line file = {0};
    line_begin(&file);
    line_add(&file, "{\"journal\":1,\"by\":\"test\",\"baseline\":\"sound\"}");
    line_end(&file);
    line_add_bytes(&file, copied, n_copied);
    journal_close(journal);
    journal_fixture_write(fixture, "journal", file.text, file.n_bytes);
    line_finish(&file);
    journal_fixture_open(fixture, "boot-c", "start-3");
    ASSERT_WAITS(fixture, 1, 3);
    assert_string_equal(journal->queue.first->start->name, "start-1");
    assert_int_equal(journal_fixture_number(journal_who(journal->queue.first->start)), 11);
    assert_int_equal(log_catcher_count(&fixture->log, "damaged"), 0);
}

// The reader: cut -c10- | jq.
static void each_line_is_json_behind_its_checksum(void **state)
{
    struct journal_fixture *fixture = *state;
    static const char *const members[] = {
        "journal", "start", "totals", "who", "window", "open", "settled"};
    journal_fixture_open(fixture, "boot-a", "start-1");
    journal_note_who(&fixture->journal, journal_fixture_object(1));
    append(fixture, 1, 2);
    journal_checkpoint(
        &fixture->journal, journal_fixture_records(fixture, 3, 1), journal_fixture_object(9));
    settle(fixture, fixture->journal.queue.first, SETTLED_DELIVERED);
    journal_flush(&fixture->journal);
    size_t n_bytes;
    scoped_free char *bytes = journal_fixture_read(fixture, "journal", &n_bytes);
    char *at = bytes;
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        json_auto_t *json = json_loads(strsep(&at, "\n") + 9, 0, NULL);
        assert_non_null(json_object_get(json, members[i]));
    }
    assert_string_equal(at, "");
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, journal_fixture_setup, journal_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_get_their_start_and_a_sequence),
        TEST(each_fate_has_its_count),
        TEST(without_a_directory_nothing_is_written_and_nothing_said),
        TEST(a_journal_that_was_never_opened_can_be_closed),
        TEST(a_restart_finds_what_was_left),
        TEST(another_boot_has_no_baseline_and_is_somebody_else_perhaps),
        TEST(who_we_are_is_written_when_it_is_news),
        TEST(the_open_window_waits_after_a_crash_as_it_was_checkpointed_last),
        TEST(a_window_that_is_closed_voids_its_checkpoint),
        TEST(parts_that_were_taken_are_not_sent_again),
        TEST(what_is_noted_is_not_written_before_its_time),
        TEST(what_nobody_claims_is_copied_to_a_file_of_its_own),
        TEST(each_line_is_json_behind_its_checksum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
