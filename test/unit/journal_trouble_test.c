// SPDX-License-Identifier: Apache-2.0
// A disk that does not take what is written: the journal goes on, says it once with the remedy, and
// what it left is never believed to be more than it is.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base.h"
#include "unit/journal_acts.h"

static void set_limit(rlim_t n_bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = n_bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// Of the file, at which it is; so much that what is logged has room below it.
static size_t fill(struct journal_fixture *fixture)
{
    size_t n_bytes;
    append(fixture, 1, 40);
    free(journal_fixture_read(fixture, "journal", &n_bytes));
    assert_true(n_bytes > 8192);
    return n_bytes;
}

static void what_the_disk_does_not_take_waits_in_memory_and_is_written_later(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    fill(fixture);
    set_limit(4096);
    append(fixture, 41, 2);
    append(fixture, 43, 2);
    assert_int_equal(journal->queue.n_records, 44);
    assert_int_equal(
        said(fixture, "cannot be written: File too large: records go on in memory"), 1);
    assert_int_equal(said(fixture, "raise journal.max_bytes"), 1);
    assert_int_equal(log_catcher_lines(&fixture->log), 1);
    journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    journal_settle(journal, journal->queue.last, SETTLED_DELIVERED);
    journal_flush(journal);
    set_limit(RLIM_INFINITY);
    append(fixture, 45, 1);
    assert_int_equal(said(fixture, "is written again"), 1);
    assert_int_equal(log_catcher_lines(&fixture->log), 2);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 43);
    assert_int_equal(fixture->health.n_records_delivered, 2);
    assert_int_equal(fixture->health.n_records_made, 45);
    assert_int_equal(baseline(fixture), 46);
    assert_int_equal(journal->queue.last->sequence, 45);
    assert_int_equal(journal->queue.first->sequence, 2);
}

// What was delivered from memory meanwhile would be counted again.
static void a_file_that_fell_behind_has_no_baseline(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    size_t n_bytes = fill(fixture), n_more;
    append(fixture, 41, 1);
    free(journal_fixture_read(fixture, "journal", &n_more));
    // At places all over the line, and before it.
    for (size_t limit = 4096; limit < n_more; limit = limit < n_bytes ? n_bytes : limit + 7) {
        journal_close(journal);
        journal_fixture_clear(fixture);
        journal_fixture_open(fixture, "boot-a", "start-1");
        fill(fixture);
        set_limit(limit);
        append(fixture, 41, 1);
        set_limit(RLIM_INFINITY);
        assert_int_equal(journal->queue.n_records, 41);
        crash(fixture, "boot-a", "start-2");
        assert_int_equal(journal->queue.n_records, 40);
        assert_null(journal_baseline(journal));
    }
    assert_true(said(fixture, "counting begins anew") > 30);
}

// The window that was open was closed in memory: its records are out, with these sequences.
static void a_file_that_fell_behind_has_no_open_window(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    fill(fixture);
    journal_checkpoint(journal, journal_fixture_records(fixture, 41, 1), journal_fixture_object(9));
    set_limit(4096);
    append(fixture, 42, 1);
    set_limit(RLIM_INFINITY);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 40);
    assert_null(journal_baseline(journal));
    // Nor is it there again after the next start, whose own entry ends the one before.
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 40);
    assert_int_equal(fixture->health.n_records_made, 40);
}

static void a_checkpoint_that_does_not_go_leaves_the_one_before(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    fill(fixture);
    journal_checkpoint(journal, journal_fixture_records(fixture, 41, 1), journal_fixture_object(9));
    set_limit(4096);
    journal_checkpoint(
        journal, journal_fixture_records(fixture, 51, 2), journal_fixture_object(10));
    set_limit(RLIM_INFINITY);
    assert_int_equal(said(fixture, "cannot be written"), 1);
    journal_settle(journal, journal->queue.first, SETTLED_DELIVERED); // what else there is goes
    journal_flush(journal);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 40);
    assert_int_equal(journal->queue.first->sequence, 2);
    assert_int_equal(baseline(fixture), 9);
}

// What is said of it is taken back, so that the next trouble is said, too.
static void trouble_with_a_checkpoint_is_over_with_the_next_window(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    fill(fixture);
    set_limit(4096);
    journal_checkpoint(journal, journal_fixture_records(fixture, 41, 1), journal_fixture_object(9));
    assert_int_equal(said(fixture, "cannot be written"), 1);
    set_limit(RLIM_INFINITY);
    append(fixture, 41, 1);
    assert_int_equal(said(fixture, "is written again"), 1);
    set_limit(4096);
    append(fixture, 42, 1);
    set_limit(RLIM_INFINITY);
    assert_int_equal(said(fixture, "cannot be written"), 2);
}

static void a_file_that_somebody_removes_is_made_anew(void **state)
{
    struct journal_fixture *fixture = *state;
    journal_fixture_open(fixture, "boot-a", "start-1");
    fill(fixture);
    scoped_free char *path = journal_fixture_path(fixture, "journal");
    assert_int_equal(unlink(path), 0);
    append(fixture, 41, 1);
    assert_true(journal_fixture_has(fixture, "journal"));
    assert_int_equal(log_catcher_lines(&fixture->log), 0);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(fixture->journal.queue.n_records, 41);
    assert_int_equal(baseline(fixture), 42);
}

static void a_directory_that_somebody_removes_is_said(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    fill(fixture);
    journal_fixture_clear(fixture);
    assert_int_equal(rmdir(fixture->directory), 0);
    append(fixture, 41, 1);
    append(fixture, 42, 1);
    assert_int_equal(journal->queue.n_records, 42);
    assert_int_equal(said(fixture, "it was removed: make it again, and restart the daemon"), 1);
    assert_int_equal(log_catcher_lines(&fixture->log), 1);
    assert_false(journal_keep(journal));
    assert_int_equal(mkdir(fixture->directory, 0700), 0); // for who tidies up
}

// The start that found it open ended it, though its own windows never came to the disk.
static void a_window_that_another_start_found_open_is_one_for_good(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    fill(fixture);
    journal_checkpoint(journal, journal_fixture_records(fixture, 41, 2), journal_fixture_object(9));
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 42);
    set_limit(4096);
    append(fixture, 51, 1);
    set_limit(RLIM_INFINITY);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 42);
    assert_null(journal_baseline(journal));
}

// Then they are sent again after a crash; the baseline is still that of the last window.
static void notes_that_do_not_go_cost_no_baseline(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    fill(fixture);
    set_limit(4096);
    journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    journal_flush(journal);
    assert_int_equal(said(fixture, "cannot be written"), 1);
    set_limit(RLIM_INFINITY);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 40);
    assert_int_equal(baseline(fixture), 41);
    set_limit(4096);
    journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    journal_flush(journal);
    set_limit(RLIM_INFINITY);
    append(fixture, 41, 1); // brings it all
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 40);
    assert_int_equal(fixture->health.n_records_delivered, 1);
}

// The file may not grow, but half of it is over and done with.
static void where_an_entry_does_not_go_a_smaller_file_may(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    size_t n_bytes = fill(fixture);
    for (int i = 0; i < 20; i++)
        journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    journal_flush(journal);
    set_limit(n_bytes);
    append(fixture, 41, 1);
    set_limit(RLIM_INFINITY);
    assert_int_equal(log_catcher_lines(&fixture->log), 0);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 21);
    assert_int_equal(baseline(fixture), 42);
}

static void what_could_not_be_written_is_written_at_the_end(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    fill(fixture);
    set_limit(4096);
    append(fixture, 41, 1);
    set_limit(RLIM_INFINITY);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 41);
    assert_int_equal(baseline(fixture), 42);
}

static void a_file_that_cannot_be_made_is_made_later(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    set_limit(0);
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 2);
    set_limit(RLIM_INFINITY);
    assert_false(journal_fixture_has(fixture, "journal"));
    append(fixture, 3, 2);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 4);
    assert_int_equal(baseline(fixture), 5);
}

static void a_second_process_is_refused_and_told_by_whom(void **state)
{
    struct journal_fixture *fixture = *state;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 2);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        struct health health = {.n_samples = 3};
        struct journal journal;
        pid_t holder = 0;
        struct journal_setting setting = fixture->journal.setting;
        setting.health = &health;
        int r = journal_open(&journal, &setting, &holder);
        bool is_untouched = health.n_samples == 3 && health.n_records_made == 0 &&
            journal.start == NULL;
        journal_close(&journal);
        _exit(r == JOURNAL_HELD && holder == parent && is_untouched ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    append(fixture, 3, 1);
    crash(fixture, "boot-a", "start-2");
    assert_int_equal(fixture->journal.queue.n_records, 3);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, journal_fixture_setup, journal_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_disk_does_not_take_waits_in_memory_and_is_written_later),
        TEST(a_file_that_fell_behind_has_no_baseline),
        TEST(a_file_that_fell_behind_has_no_open_window),
        TEST(a_checkpoint_that_does_not_go_leaves_the_one_before),
        TEST(trouble_with_a_checkpoint_is_over_with_the_next_window),
        TEST(a_file_that_somebody_removes_is_made_anew),
        TEST(a_directory_that_somebody_removes_is_said),
        TEST(a_window_that_another_start_found_open_is_one_for_good),
        TEST(notes_that_do_not_go_cost_no_baseline),
        TEST(where_an_entry_does_not_go_a_smaller_file_may),
        TEST(what_could_not_be_written_is_written_at_the_end),
        TEST(a_file_that_cannot_be_made_is_made_later),
        TEST(a_second_process_is_refused_and_told_by_whom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
