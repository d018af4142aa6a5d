// SPDX-License-Identifier: Apache-2.0
// A file that is not what it should be: it is kept, what can be believed of it goes on, and nothing
// else does.
#include <string.h>
#include <sys/stat.h>

#include "base.h"
#include "store/journal_write.h"
#include "unit/journal_acts.h"

static void assert_set_aside(
    const struct journal_fixture *fixture, const char *bytes, size_t n_bytes)
{
    size_t n_kept;
    scoped_free char *kept = journal_fixture_read(fixture, "journal.set-aside.1", &n_kept);
    assert_int_equal(n_kept, n_bytes);
    assert_memory_equal(kept, bytes, n_bytes);
}

static void check_another_file(struct journal_fixture *fixture, const char *text, const char *words)
{
    struct journal *journal = &fixture->journal;
    journal_fixture_clear(fixture);
    journal_fixture_write(fixture, "journal", text, strlen(text));
    size_t n_before = said(fixture, words);
    journal_fixture_open(fixture, "boot-a", "start-1");
    assert_int_equal(said(fixture, words), n_before + 1);
    assert_int_equal(journal->queue.n_records, 0);
    assert_null(journal_baseline(journal));
    assert_set_aside(fixture, text, strlen(text));
    append(fixture, 1, 2);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 2);
    assert_int_equal(baseline(fixture), 3);
    assert_set_aside(fixture, text, strlen(text));
    assert_false(journal_fixture_has(fixture, "journal.set-aside.2"));
    journal_close(journal);
}

// Checksums are those of Python's zlib.crc32().
static void a_file_of_somebody_else_is_kept(void **state)
{
    struct journal_fixture *fixture = *state;
    static const char *const versions[] = {
        ("14a0f192 {\"journal\":2,\"by\":\"enawatch 9\",\"baseline\":\"sound\"}\n"
         "2b3c4705 {\"start\":1,\"name\":\"s\",\"boot\":\"boot-a\"}\n"),
        "c4756efc {\"journal\":2}\n",
        "912ac6bf {\"journal\":\"new\"}\nno line\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        check_another_file(fixture, versions[i], "of another version");
    static const char *const others[] = {"a diary\n", "a diary", "\n", "\x1f\x8b\n\n",
        "a3a6bf43 {}\n", "ef583d3f {\"journal\":1}\n"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        check_another_file(fixture, others[i], i == 1 ? "set-aside.1" : "is damaged");
}

static void an_empty_file_is_a_new_one(void **state)
{
    struct journal_fixture *fixture = *state;
    journal_fixture_write(fixture, "journal", "", 0);
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 1);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(fixture->journal.queue.n_records, 1);
    assert_false(journal_fixture_has(fixture, "journal.set-aside.1"));
    assert_int_equal(log_catcher_lines(&fixture->log), 1); // that one record waits
}

static void what_is_no_file_is_set_aside(void **state)
{
    struct journal_fixture *fixture = *state;
    scoped_free char *path = journal_fixture_path(fixture, "journal");
    assert_int_equal(mkdir(fixture->directory, 0700), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    journal_fixture_open(fixture, "boot-a", "start-1");
    assert_int_equal(said(fixture, "is no file: it is set aside"), 1);
    assert_int_equal(said(fixture, "state/journal.set-aside.1"), 1);
    append(fixture, 1, 1);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(fixture->journal.queue.n_records, 1);
}

// Nothing is written over, and what can be read of a damaged file still goes out.
static void where_too_much_was_set_aside_the_file_is_left_as_it_is(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 3);
    journal_close(journal);
    size_t n_bytes, n_after;
    scoped_free char *bytes = journal_fixture_read(fixture, "journal", &n_bytes);
    bytes[n_bytes - 20] ^= 1;
    journal_fixture_write(fixture, "journal", bytes, n_bytes);
    for (int i = 1; i <= 9; i++) {
        scoped_free char *name = xasprintf("journal.set-aside.%d", i);
        journal_fixture_write(fixture, name, "x", 1);
    }
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(said(fixture, "look at the files journal.set-aside.*"), 1);
    append(fixture, 4, 2);
    journal_close(journal);
    scoped_free char *after = journal_fixture_read(fixture, "journal", &n_after);
    assert_int_equal(n_after, n_bytes);
    // But that its baseline does not hold.
    size_t n_head = strcspn(bytes, "\n");
    assert_memory_equal(after + n_head, bytes + n_head, n_bytes - n_head);
}

static void an_entry_that_was_cut_short_is_said(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 1);
    append(fixture, 2, 1);
    journal_close(journal);
    size_t n_bytes;
    scoped_free char *bytes = journal_fixture_read(fixture, "journal", &n_bytes);
    journal_fixture_write(fixture, "journal", bytes, n_bytes - 1);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(said(fixture, "not written whole"), 1);
    assert_int_equal(journal->queue.n_records, 1);
    assert_int_equal(baseline(fixture), 2);
    crash(fixture, "boot-a", "start-2"); // it is gone, not only left out
    assert_int_equal(said(fixture, "not written whole"), 1);
}

// Its own checksum is right, and what it says cannot be.
static void an_entry_that_cannot_be_is_damage(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    static const char *const entries[] = {"{}", "{\"diary\":1}",
        "{\"start\":1,\"name\":\"again\",\"boot\":\"b\"}",
        "{\"start\":5,\"name\":5,\"boot\":\"b\"}",
        "{\"start\":9007199254740993,\"name\":\"s\",\"boot\":\"b\"}",
        "{\"start\":0,\"name\":\"s\",\"boot\":\"b\"}",
        "{\"start\":-5,\"name\":\"s\",\"boot\":\"b\"}", "{\"who\":[],\"boot\":\"b\"}",
        "{\"totals\":{\"delivered\":1,\"refused\":1,\"expired\":-1,\"unclaimed\":1}}",
        "{\"totals\":{\"delivered\":1,\"refused\":1,\"expired\":1}}", "{\"waiting\":{\"start\":1}}",
        "{\"waiting\":{\"records\":[]}}", "{\"window\":{\"start\":1,\"records\":[{}]}}",
        "{\"window\":5}", "{\"open\":{\"start\":0,\"records\":[]}}", "{\"settled\":[[1,1]]}",
        "{\"settled\":[[1,9],[1,9,\"expired\"]]}", "{\"settled\":[[\"1\",1,\"expired\"]]}",
        "{\"settled\":[[1,1,\"lost\"]]}", "{\"settled\":{}}",
        "{\"taken\":[{\"start\":1,\"sequence\":1}]}", "{\"taken\":7}"};
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        journal_fixture_clear(fixture);
        journal_fixture_open(fixture, "boot-a", "start-1");
        append(fixture, 1, 2);
        journal_close(journal);
        size_t n_bytes;
        scoped_free char *bytes = journal_fixture_read(fixture, "journal", &n_bytes);
        struct line file = {0}, line = {0};
        line_begin(&line);
        line_add(&line, "%s", entries[i]);
        line_end(&line);
        line_add_bytes(&file, bytes, n_bytes);
        line_add_bytes(&file, line.text, line.n_bytes);
        journal_fixture_write(fixture, "journal", file.text, file.n_bytes);
        journal_fixture_open(fixture, "boot-a", "start-2");
        assert_int_equal(said(fixture, "damaged: 1 of its lines"), i + 1);
        assert_int_equal(journal->queue.n_records, 2);
        assert_int_equal(fixture->health.n_records_made, 2);
        assert_null(journal_baseline(journal));
        assert_set_aside(fixture, file.text, file.n_bytes);
        journal_close(journal);
        line_finish(&file);
        line_finish(&line);
    }
}

static void erase_line(char *bytes, size_t *n_bytes, const char *words)
{
    char *line = strstr(bytes, words) - 9;
    size_t n_line = strcspn(line, "\n") + 1;
    memmove(line, line + n_line, *n_bytes - (size_t)(line - bytes) - n_line + 1);
    *n_bytes -= n_line;
}

// Records of six numbers, two of each start.
static void check_lost(const struct journal_fixture *fixture)
{
    static const char *const names[] = {"lost-1.start-4", "lost-2.start-4", "start-3"};
    const struct record *record = fixture->journal.queue.first;
    for (size_t i = 0; i < 6; i++, record = record->next) {
        scoped_free struct record *made = journal_fixture_record(fixture, i + 1);
        assert_string_equal(record->start->name, names[i / 2]);
        assert_int_equal(record->start->is_this_boot, i >= 4);
        assert_int_equal(record->sequence, i % 2 + 1);
        assert_true(journal_fixture_is_same(record, made));
    }
    assert_null(record);
}

static void records_of_a_start_whose_entry_is_lost_are_not(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    static const char *const names[] = {"start-1", "start-2", "start-3"};
    for (int is_rewritten = 0; is_rewritten < 2; is_rewritten++) {
        journal_fixture_clear(fixture);
        for (uint64_t i = 0; i < ARRAY_SIZE(names); i++) {
            journal_fixture_open(fixture, "boot-a", names[i]);
            append(fixture, 1 + i * 2, 2);
            if (is_rewritten) // the starts stand before all records then
                journal_rewrite(journal);
            journal_close(journal);
        }
        size_t n_bytes;
        scoped_free char *bytes = journal_fixture_read(fixture, "journal", &n_bytes);
        erase_line(bytes, &n_bytes, "{\"start\":1,");
        erase_line(bytes, &n_bytes, "{\"start\":2,");
        journal_fixture_write(fixture, "journal", bytes, n_bytes);
        for (int i = 0; i < 2; i++) {
            journal_fixture_open(fixture, "boot-a", "start-4");
            check_lost(fixture);
            journal_rewrite(journal);
            journal_close(journal);
        }
    }
}

// Then it cannot be marked in its place: it is replaced while that can be done.
static void a_header_of_another_length_is_replaced(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 2);
    journal_close(journal);
    size_t n_bytes, n_after;
    scoped_free char *bytes = journal_fixture_read(fixture, "journal", &n_bytes);
    size_t n_head = strcspn(bytes, "\n") + 1;
    struct line file = {0};
    line_begin(&file);
    line_add(&file, "{ \"journal\": 1, \"baseline\": \"sound\", \"by\": \"an editor\" }");
    line_end(&file);
    line_add_bytes(&file, bytes + n_head, n_bytes - n_head);
    journal_fixture_write(fixture, "journal", file.text, file.n_bytes);
    line_finish(&file);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 2);
    assert_int_equal(baseline(fixture), 3);
    scoped_free char *after = journal_fixture_read(fixture, "journal", &n_after);
    assert_memory_equal(after, bytes, n_head);
    assert_false(journal_fixture_has(fixture, "journal.set-aside.1"));
}

// As where a disk has kept a piece of an older file.
static void a_record_that_is_told_twice_waits_once(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 2);
    append(fixture, 3, 2);
    journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    journal_close(journal);
    size_t n_bytes;
    scoped_free char *bytes = journal_fixture_read(fixture, "journal", &n_bytes);
    struct line file = {0};
    line_add_bytes(&file, bytes, n_bytes);
    char *window = strstr(bytes, "{\"window\"") - 9; // and all that follows it
    line_add_bytes(&file, window, n_bytes - (size_t)(window - bytes));
    journal_fixture_write(fixture, "journal", file.text, file.n_bytes);
    line_finish(&file);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 3);
    assert_int_equal(fixture->health.n_records_made, 4);
    assert_int_equal(fixture->health.n_records_delivered, 1);
    assert_int_equal(baseline(fixture), 5);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, journal_fixture_setup, journal_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_of_somebody_else_is_kept),
        TEST(an_empty_file_is_a_new_one),
        TEST(what_is_no_file_is_set_aside),
        TEST(where_too_much_was_set_aside_the_file_is_left_as_it_is),
        TEST(an_entry_that_was_cut_short_is_said),
        TEST(an_entry_that_cannot_be_is_damage),
        TEST(a_record_that_is_told_twice_waits_once),
        TEST(records_of_a_start_whose_entry_is_lost_are_not),
        TEST(a_header_of_another_length_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
