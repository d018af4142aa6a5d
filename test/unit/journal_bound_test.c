// SPDX-License-Identifier: Apache-2.0
// However long it runs and whatever happens: the file and what waits in memory have their bounds,
// and every record is accounted for.
#include <string.h>
#include <sys/stat.h>

#include "base.h"
#include "flow/record_block.h"
#include "store/journal_write.h"
#include "support/journal_fixture.h"
#include "support/unit.h"
#include "unit/dice.h"

#define MAX_BYTES JOURNAL_FIXTURE_MAX_BYTES
#define ROOM      (MAX_BYTES / 4 * 3)

static uint64_t file_bytes(const struct journal_fixture *fixture)
{
    struct stat status;
    scoped_free char *path = journal_fixture_path(fixture, "journal");
    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

// What the test itself has counted.
struct tally {
    struct journal_fixture *fixture;
    struct dice dice;
    uint64_t n_made, n_settled[N_SETTLED];
    uint64_t next_start;
    char name[32];
};

static void check(struct tally *tally)
{
    const struct journal_fixture *fixture = tally->fixture;
    const struct health *health = &fixture->health;
    journal_fixture_check_counts(fixture);
    assert_int_equal(health->n_records_made, tally->n_made);
    assert_int_equal(health->n_records_delivered, tally->n_settled[SETTLED_DELIVERED]);
    assert_int_equal(health->n_records_refused, tally->n_settled[SETTLED_REFUSED]);
    assert_int_equal(health->n_records_unclaimed, tally->n_settled[SETTLED_UNCLAIMED]);
    assert_true(health->n_records_expired >= tally->n_settled[SETTLED_EXPIRED]);
    assert_true(file_bytes(fixture) <= MAX_BYTES);
    bool is_all_in_flight = queue_oldest_idle(&fixture->journal.queue) == NULL;
    assert_true(is_all_in_flight ||
        (fixture->journal.queue.n_bytes <= ROOM && fixture->journal.queue.n_stored_bytes <= ROOM));
}

static void append(struct tally *tally)
{
    size_t n = dice_below(&tally->dice, 100) == 0 ? 300 : dice_below(&tally->dice, 8);
    struct record *records = journal_fixture_records(tally->fixture, tally->n_made + 1, n);
    tally->n_made += n;
    journal_append(&tally->fixture->journal, records, journal_fixture_object(tally->n_made));
}

static void checkpoint(struct tally *tally)
{
    struct record *records = journal_fixture_records(
        tally->fixture, 1, dice_below(&tally->dice, 8));
    journal_checkpoint(&tally->fixture->journal, records, journal_fixture_object(tally->n_made));
}

// As a sink does it: some are in flight, then some of these are settled, from either end.
static void deliver(struct tally *tally)
{
    struct journal *journal = &tally->fixture->journal;
    uint64_t n = dice_below(&tally->dice, 12);
    bool is_newest_first = dice_below(&tally->dice, 2) == 0;
    for (; n > 0 && journal->queue.n_records > 0; n--) {
        struct record *record = is_newest_first ? journal->queue.last : journal->queue.first;
        uint64_t what = dice_below(&tally->dice, 12);
        if (what == 11) {
            record->is_in_flight = true;
            record->parts = (struct parts){1, 1, 5, 1, 1};
            record->n_parts_taken = 2;
            journal_note_taken(journal, record);
            continue;
        }
        enum settled settled = what < 8 ? SETTLED_DELIVERED : (enum settled)(what - 7);
        tally->n_settled[settled]++;
        journal_settle(journal, record, settled);
    }
    if (dice_below(&tally->dice, 4) != 0)
        journal_flush(journal);
}

static void land(struct tally *tally)
{
    for (struct record *at = tally->fixture->journal.queue.first; at != NULL; at = at->next)
        at->is_in_flight = false;
}

static void open_next(struct tally *tally)
{
    snprintf(tally->name, sizeof(tally->name), "start-%" PRIu64, ++tally->next_start);
    journal_fixture_open(
        tally->fixture, tally->next_start % 3 == 0 ? "boot-b" : "boot-a", tally->name);
}

static void restart(struct tally *tally)
{
    struct health before = tally->fixture->health;
    const struct health *after = &tally->fixture->health;
    if (dice_below(&tally->dice, 8) != 0)
        return;
    // The checkpoint of a process that ends by itself is void: its last window is closed first.
    journal_append(&tally->fixture->journal, NULL, journal_fixture_object(1));
    journal_close(&tally->fixture->journal);
    open_next(tally);
    assert_int_equal(after->n_records_made, before.n_records_made);
    assert_int_equal(after->n_records_expired, before.n_records_expired);
    assert_int_equal(after->n_records_waiting, before.n_records_waiting);
}

static void run(struct tally *tally, int n_steps)
{
    static void (*const calls[])(struct tally *) = {append, append, append, append, append, append,
        checkpoint, deliver, deliver, land, restart};
    for (int i = 0; i < n_steps; i++) {
        calls[dice_below(&tally->dice, ARRAY_SIZE(calls))](tally);
        check(tally);
    }
}

static void no_schedule_makes_file_or_memory_larger_than_its_bound(void **state)
{
    struct journal_fixture *fixture = *state;
    struct tally tally = {.fixture = fixture};
    dice_init(&tally.dice);
    open_next(&tally);
    run(&tally, 2000);
    assert_true(fixture->health.n_records_expired > tally.n_settled[SETTLED_EXPIRED]);
    assert_true(log_catcher_count(&fixture->log, "journal.max_bytes has room for") >= 1);
    assert_int_equal(log_catcher_count(&fixture->log, "damaged"), 0);
    assert_int_equal(log_catcher_count(&fixture->log, "cannot be written"), 0);
}

static void the_oldest_that_is_not_in_flight_expires_and_it_is_said_once(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open_memory(fixture);
    journal_append(journal, journal_fixture_records(fixture, 1, 2), NULL);
    journal->queue.first->is_in_flight = true;
    uint64_t n_made = 2;
    for (; fixture->health.n_records_expired < 5; n_made++)
        journal_append(journal, journal_fixture_record(fixture, n_made + 1), NULL);
    journal_fixture_check_counts(fixture);
    assert_int_equal(journal->queue.first->sequence, 1);
    assert_int_equal(journal->queue.first->next->sequence, 7);
    assert_true(journal->queue.n_bytes <= ROOM);
    assert_true(journal->queue.n_bytes > ROOM - 2000); // and no more than must
    assert_int_equal(log_catcher_lines(&fixture->log), 1);
    while (journal->queue.first != NULL)
        journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    journal_flush(journal);
    assert_int_equal(log_catcher_count(&fixture->log, "empty again; 5 records have expired"), 1);
    assert_int_equal(log_catcher_lines(&fixture->log), 2);
}

// Names make some records longer as text than they are in memory.
static void what_waits_is_bounded_as_text_too(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    for (uint64_t i = 1; fixture->health.n_records_expired == 0; i++) {
        struct record *record = journal_fixture_record(fixture, i);
        memset(&record->unsupported, 0xff, sizeof(record->unsupported));
        journal_append(journal, record, NULL);
        assert_true(journal->queue.n_stored_bytes <= ROOM && file_bytes(fixture) <= MAX_BYTES);
    }
    assert_true(journal->queue.n_stored_bytes > ROOM - 10000);
    assert_true(journal->queue.n_bytes < ROOM / 2);
    assert_int_equal(log_catcher_count(&fixture->log, "cannot be written"), 0);
}

static size_t longest_line(const struct journal_fixture *fixture)
{
    size_t n_bytes, longest = 0;
    scoped_free char *bytes = journal_fixture_read(fixture, "journal", &n_bytes);
    for (const char *at = bytes, *end = bytes + n_bytes; at < end;) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(next);
        longest = (size_t)(next - at) > longest ? (size_t)(next - at) : longest;
        at = next + 1;
    }
    return longest;
}

// A thousand values, none like the one before, as of a window of an hour.
static struct record *large_record(void)
{
    enum { N_RUNS = 1000 };
    struct record_block block = record_block_create(&(struct record_size){1, 0, N_RUNS});
    for (uint32_t i = 0; i < N_RUNS; i++)
        block.runs[i] = (struct run){1000000 + i, 1};
    *block.series = (struct series){METRIC_PPS_ALLOWANCE_EXCEEDED, N_RUNS, N_RUNS, block.runs};
    block.record->scope = METRIC_SCOPE_INSTANCE;
    block.record->period_ms = 3600000;
    block.record->n_series = 1;
    return block.record;
}

// Who reads it has a whole line in memory at once, as a tree.
static void no_line_of_a_rewritten_file_is_long_however_large_its_records_are(void **state)
{
    enum { N_LARGE = 40 };
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    for (uint64_t i = 1; i <= N_LARGE; i++)
        journal_append(journal, large_record(), journal_fixture_object(i));
    size_t n_bytes_each = journal->queue.n_stored_bytes / N_LARGE;
    assert_true(n_bytes_each > 8000);
    journal_rewrite(journal);
    assert_true(longest_line(fixture) < (64 << 10) + 2 * n_bytes_each);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, N_LARGE);
    assert_int_equal(journal_fixture_number(journal_baseline(journal)), N_LARGE);
}

static void a_window_that_is_larger_than_all_the_room_keeps_its_newest_records(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    journal_append(journal, journal_fixture_records(fixture, 1, 3000), journal_fixture_object(7));
    journal_fixture_check_counts(fixture);
    assert_int_equal(journal->queue.last->sequence, 3000);
    assert_true(journal->queue.n_records > 100 && journal->queue.n_records < 2500);
    assert_true(file_bytes(fixture) <= MAX_BYTES);
    assert_int_equal(log_catcher_count(&fixture->log, "cannot be written"), 0);
    uint64_t n_waiting = journal->queue.n_records;
    journal_close(journal);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, n_waiting);
    assert_int_equal(fixture->health.n_records_made, 3000);
    assert_int_equal(journal_fixture_number(journal_baseline(journal)), 7);
}

static json_t *large_baseline(void)
{
    scoped_free char *text = xcalloc(MAX_BYTES / 2, 1);
    memset(text, 'x', MAX_BYTES / 2 - 1);
    return json_pack("{s:s}", "text", text);
}

// Never so with real ones: a node of a hundred interfaces has some 100 KiB.
static void a_baseline_that_leaves_no_room_for_the_rest_is_said(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    journal_append(journal, journal_fixture_records(fixture, 1, 3000), journal_fixture_object(1));
    for (int i = 0; i < 3; i++) {
        journal_append(journal, NULL, large_baseline());
        assert_true(file_bytes(fixture) <= MAX_BYTES);
    }
    assert_int_equal(log_catcher_count(&fixture->log, "raise journal.max_bytes"), 1);
    while (journal->queue.first != NULL)
        journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    journal_append(journal, NULL, large_baseline());
    assert_int_equal(log_catcher_count(&fixture->log, "is written again"), 1);
    assert_true(file_bytes(fixture) <= MAX_BYTES);
}

// What is delivered at once leaves nothing behind, however often.
static void where_nothing_waits_the_file_stays_small(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    uint64_t n_most[2] = {0, 0}; // of each half of the time
    journal_fixture_open(fixture, "boot-a", "start-1");
    for (uint64_t i = 0; i < 20000; i++) {
        journal_append(journal, journal_fixture_record(fixture, i), journal_fixture_object(i));
        journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
        journal_flush(journal);
        if (journal->file.n_bytes > n_most[i / 10000])
            n_most[i / 10000] = journal->file.n_bytes;
    }
    assert_int_equal(fixture->health.n_records_delivered, 20000);
    assert_true(n_most[0] <= MAX_BYTES && n_most[1] < n_most[0] + 4096);
    assert_true(
        journal->line.capacity + journal->settled.capacity + journal->open.capacity < 16384);
    assert_int_equal(journal->ledger.n_starts, 1);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-a", "start-2"); // where it is over, at the start most goes
    assert_true(file_bytes(fixture) < 66000);
    assert_int_equal(fixture->health.n_records_delivered, 20000);
}

// A crash loop: each start leaves its own few records, and the next one finds all of them.
static void a_hundred_starts_in_a_row_leave_what_waits_and_little_else(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    char names[101][16];
    for (uint64_t i = 1; i <= 100; i++) {
        snprintf(names[i], sizeof(names[i]), "start-%" PRIu64, i);
        journal_fixture_open(fixture, "boot-a", names[i]);
        assert_int_equal(journal->queue.n_records, i - 1);
        journal_append(journal, journal_fixture_record(fixture, i), journal_fixture_object(i));
        journal_close(journal);
    }
    journal_fixture_open(fixture, "boot-a", "start-101");
    const struct record *record = journal->queue.first;
    for (uint64_t i = 1; i <= 100; i++, record = record->next) {
        assert_string_equal(record->start->name, names[i]);
        assert_int_equal(record->sequence, 1);
    }
    assert_int_equal(journal->ledger.n_starts, 101);
    while (journal->queue.first != NULL)
        journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    assert_int_equal(journal->ledger.n_starts, 1);
    assert_true(file_bytes(fixture) < 200000);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, journal_fixture_setup, journal_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_schedule_makes_file_or_memory_larger_than_its_bound),
        TEST(the_oldest_that_is_not_in_flight_expires_and_it_is_said_once),
        TEST(what_waits_is_bounded_as_text_too),
        TEST(no_line_of_a_rewritten_file_is_long_however_large_its_records_are),
        TEST(a_window_that_is_larger_than_all_the_room_keeps_its_newest_records),
        TEST(a_baseline_that_leaves_no_room_for_the_rest_is_said),
        TEST(where_nothing_waits_the_file_stays_small),
        TEST(a_hundred_starts_in_a_row_leave_what_waits_and_little_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
