// SPDX-License-Identifier: Apache-2.0
// A journal's file that ends, or is damaged, at any byte. What it must say then is told by
// support/journal_oracle.c, from the calls alone.
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base.h"
#include "store/journal_write.h"
#include "support/journal_oracle.h"
#include "support/unit.h"

#define N_HISTORIES 2
#define N_STEPS     100
#define FILE_BYTES  4000 // all of them are tried

struct bench {
    struct journal_fixture *fixture;
    struct dice dice;
    struct oracle oracle;
    char *bytes; // of the file in the end
    size_t n_bytes;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    *state = bench;
    dice_init(&bench->dice);
    return journal_fixture_setup((void **)&bench->fixture);
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    journal_fixture_teardown((void **)&bench->fixture);
    free(bench->bytes);
    free(bench);
    return 0;
}

// Of so many steps, or until the file is so large.
static void make_history(struct bench *bench, size_t n_steps, size_t n_bytes)
{
    journal_fixture_clear(bench->fixture);
    oracle_begin(&bench->oracle, bench->fixture, &bench->dice);
    for (size_t i = 0; i < n_steps && bench->fixture->journal.file.n_bytes < n_bytes; i++)
        oracle_step(&bench->oracle);
    oracle_end(&bench->oracle);
    free(bench->bytes);
    bench->bytes = journal_fixture_read(bench->fixture, "journal", &bench->n_bytes);
}

static size_t count_lines(const char *bytes, size_t n_bytes)
{
    size_t n_lines = 0;
    for (size_t i = 0; i < n_bytes; i++)
        n_lines += bytes[i] == '\n';
    return n_lines;
}

// A file of so many of its bytes, and others behind them.
static void open_file(struct bench *bench, size_t n_bytes, const char *more, size_t n_more)
{
    scoped_free char *bytes = xcalloc(n_bytes + n_more, 1);
    memcpy(bytes, bench->bytes, n_bytes);
    if (n_more > 0)
        memcpy(bytes + n_bytes, more, n_more);
    journal_fixture_clear(bench->fixture);
    journal_fixture_write(bench->fixture, "journal", bytes, n_bytes + n_more);
    journal_fixture_open(bench->fixture, oracle_boot(n_bytes % ORACLE_BOOTS), "probe");
}

static void check_prefix(struct bench *bench, size_t n_bytes)
{
    size_t n_lines = count_lines(bench->bytes, n_bytes);
    oracle_check(&bench->oracle, n_lines, n_bytes % ORACLE_BOOTS);
    // What is no journal at all may be somebody's.
    bool is_none = n_lines == 0 && n_bytes > 0;
    assert_int_equal(journal_fixture_has(bench->fixture, "journal.set-aside.1"), is_none);
    journal_close(&bench->fixture->journal);
}

static void every_prefix_says_what_its_last_whole_line_said(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < N_HISTORIES; i++) {
        make_history(bench, N_STEPS, FILE_BYTES);
        for (size_t n_bytes = 0; n_bytes <= bench->n_bytes; n_bytes++) {
            open_file(bench, n_bytes, NULL, 0);
            check_prefix(bench, n_bytes);
        }
    }
}

static void any_history_is_read_again_whole(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 40; i++) {
        make_history(bench, 10 + dice_below(&bench->dice, 80), SIZE_MAX);
        open_file(bench, bench->n_bytes, NULL, 0);
        oracle_check(&bench->oracle, bench->oracle.n_lines, bench->n_bytes % ORACLE_BOOTS);
        journal_close(&bench->fixture->journal);
        // And once more, by a start that has added its own line.
        journal_fixture_open(bench->fixture, oracle_boot(bench->n_bytes % ORACLE_BOOTS), "probe-2");
        oracle_check(&bench->oracle, bench->oracle.n_lines, bench->n_bytes % ORACLE_BOOTS);
        journal_close(&bench->fixture->journal);
    }
}

static void zeros_behind_a_prefix_are_cut_off(void **state)
{
    struct bench *bench = *state;
    char zeros[5000] = {0};
    make_history(bench, N_STEPS, FILE_BYTES);
    for (size_t n_bytes = 1; n_bytes <= bench->n_bytes;
         n_bytes += 1 + dice_below(&bench->dice, 12)) {
        open_file(bench, n_bytes, zeros, 1 + dice_below(&bench->dice, sizeof(zeros)));
        check_prefix(bench, n_bytes);
    }
}

static void roll_garbage(struct dice *dice, char *garbage, size_t n)
{
    for (size_t i = 0; i < n; i++)
        garbage[i] = (char)dice_next(dice);
}

static void garbage_without_an_end_is_cut_off(void **state)
{
    struct bench *bench = *state;
    char garbage[300];
    make_history(bench, N_STEPS, FILE_BYTES);
    for (size_t n_bytes = 1; n_bytes <= bench->n_bytes;
         n_bytes += 1 + dice_below(&bench->dice, 12)) {
        size_t n = 1 + dice_below(&bench->dice, sizeof(garbage));
        roll_garbage(&bench->dice, garbage, n);
        for (size_t i = 0; i < n; i++)
            garbage[i] = garbage[i] == '\n' ? ' ' : garbage[i];
        open_file(bench, n_bytes, garbage, n);
        check_prefix(bench, n_bytes);
    }
}

static void check_known(const struct bench *bench, bool is_start_lost)
{
    const struct record *record = bench->fixture->journal.queue.first;
    for (; record != NULL; record = record->next)
        assert_true(oracle_knows(&bench->oracle, record, is_start_lost));
}

static void check_set_aside(const struct bench *bench, const char *bytes, size_t n_bytes)
{
    size_t n_kept;
    scoped_free char *kept = journal_fixture_read(bench->fixture, "journal.set-aside.1", &n_kept);
    assert_int_equal(n_kept, n_bytes);
    assert_memory_equal(kept, bytes, n_bytes);
}

// A line of it may have been a window's.
static void garbage_with_an_end_costs_the_baseline_and_no_record(void **state)
{
    struct bench *bench = *state;
    char garbage[300];
    make_history(bench, N_STEPS, FILE_BYTES);
    for (size_t n_bytes = 1; n_bytes <= bench->n_bytes;
         n_bytes += 1 + dice_below(&bench->dice, 25)) {
        size_t n = 1 + dice_below(&bench->dice, sizeof(garbage));
        roll_garbage(&bench->dice, garbage, n);
        garbage[n - 1] = '\n';
        bool is_at_end = bench->bytes[n_bytes - 1] == '\n';
        struct oracle_state *line = &bench->oracle.lines[count_lines(bench->bytes, n_bytes) - 1];
        if (!is_at_end || n == 1)
            continue;
        open_file(bench, n_bytes, garbage, n);
        struct oracle_state before = *line;
        line->baseline = 0;
        oracle_check(&bench->oracle, count_lines(bench->bytes, n_bytes), n_bytes % ORACLE_BOOTS);
        *line = before;
        assert_true(journal_fixture_has(bench->fixture, "journal.set-aside.1"));
        journal_close(&bench->fixture->journal);
    }
}

static bool waits(
    const struct journal *journal, const struct journal_fixture *fixture, uint64_t number)
{
    scoped_free struct record *made = journal_fixture_record(fixture, number);
    for (const struct record *record = journal->queue.first; record != NULL; record = record->next)
        if (journal_fixture_is_same(record, made))
            return true;
    return false;
}

static bool is_told(const struct oracle_state *state, uint64_t number)
{
    for (size_t i = 0; i < state->n_waiting; i++)
        if (state->waiting[i].number == number)
            return true;
    for (size_t i = 0; i < state->n_open; i++)
        if (state->open[i].number == number)
            return true;
    return false;
}

// In the end all of those wait that the lines from `first` to `end` do not tell first.
static void check_saved(const struct bench *bench, size_t first, size_t end)
{
    const struct oracle *oracle = &bench->oracle;
    const struct oracle_state *whole = &oracle->lines[oracle->n_lines - 1];
    for (size_t i = 0; i < whole->n_waiting; i++) {
        uint64_t number = whole->waiting[i].number;
        size_t line = 0;
        while (!is_told(&oracle->lines[line], number))
            line++;
        if (line < first || line >= end)
            assert_true(waits(&bench->fixture->journal, bench->fixture, number));
    }
}

static void check_flipped(struct bench *bench, size_t at, size_t boot)
{
    const struct oracle *oracle = &bench->oracle;
    size_t line = count_lines(bench->bytes, at);
    bool is_end = bench->bytes[at] == '\n';
    check_known(bench, true);
    check_saved(bench, line, line + 1 + is_end);
    // What is believed is what holds; only where the very last byte is another the last line was
    // never written.
    const struct oracle_state *whole =
        &oracle->lines[oracle->n_lines - 1 - (at == bench->n_bytes - 1)];
    uint64_t baseline = journal_fixture_number(journal_baseline(&bench->fixture->journal));
    if (baseline != 0) {
        assert_int_equal(baseline, whole->baseline);
        assert_int_equal(boot, whole->baseline_boot);
        assert_int_not_equal(line, 0);
    }
}

static void one_byte_that_is_another_invents_nothing(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < N_HISTORIES; i++) {
        make_history(bench, N_STEPS, FILE_BYTES);
        size_t boot = bench->oracle.boots[bench->oracle.n_starts - 1];
        for (size_t at = 0; at < bench->n_bytes; at++) {
            char is = bench->bytes[at];
            bench->bytes[at] = (char)(is ^ (1 + dice_below(&bench->dice, 255)));
            scoped_free char *damaged = xcalloc(bench->n_bytes, 1);
            memcpy(damaged, bench->bytes, bench->n_bytes);
            journal_fixture_clear(bench->fixture);
            journal_fixture_write(bench->fixture, "journal", damaged, bench->n_bytes);
            journal_fixture_open(bench->fixture, oracle_boot(boot), "probe");
            bench->bytes[at] = is;
            check_flipped(bench, at, boot);
            if (at + 1 < bench->n_bytes)
                check_set_aside(bench, damaged, bench->n_bytes);
            journal_close(&bench->fixture->journal);
        }
    }
}

// --- Killed ---

#define PER_WINDOW 3
#define N_WAITING  10 // windows

static void settle_window(struct journal *journal)
{
    for (int i = 0; i < PER_WINDOW; i++)
        journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    journal_flush(journal);
}

// Appends until it is killed, and tells of each window when it is appended.
static void work(struct journal_fixture *fixture, int pipe_fd)
{
    journal_fixture_open(fixture, "boot-a", "start-1");
    struct journal *journal = &fixture->journal;
    for (uint64_t window = 1;; window++) {
        struct record *records = journal_fixture_records(
            fixture, (window - 1) * PER_WINDOW + 1, PER_WINDOW);
        journal_append(journal, records, journal_fixture_object(window));
        if (write(pipe_fd, "w", 1) != 1)
            _exit(1);
        if (window > N_WAITING)
            settle_window(journal);
        if (window % 8 == 0)
            journal_rewrite(journal);
    }
}

static uint64_t kill_at_random(struct bench *bench)
{
    int fds[2];
    char told[4096];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        work(bench->fixture, fds[1]);
    }
    close(fds[1]);
    uint64_t n_told = 0, n_wanted = dice_below(&bench->dice, 60);
    for (ssize_t n = 1; n_told <= n_wanted && n > 0; n_told += n > 0 ? (uint64_t)n : 0)
        n = read(fds[0], told, 1);
    usleep((useconds_t)dice_below(&bench->dice, 1000));
    assert_int_equal(kill(pid, SIGKILL), 0);
    for (ssize_t n; (n = read(fds[0], told, sizeof(told))) > 0;)
        n_told += (uint64_t)n;
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(fds[0]);
    return n_told;
}

// All that was told is there, and at most one window more.
static void check_killed(struct bench *bench, uint64_t n_told)
{
    const struct journal *journal = &bench->fixture->journal;
    uint64_t window = journal_fixture_number(journal_baseline(journal));
    assert_true(window == n_told || window == n_told + 1);
    uint64_t first = window > N_WAITING ? window - N_WAITING : 0;
    size_t n_records = journal->queue.n_records;
    assert_true(n_records == (window - first) * PER_WINDOW ||
        (first > 0 && n_records == (window - first + 1) * PER_WINDOW));
    uint64_t number = window * PER_WINDOW - n_records;
    for (const struct record *record = journal->queue.first; record != NULL;
         record = record->next) {
        scoped_free struct record *made = journal_fixture_record(bench->fixture, ++number);
        assert_true(journal_fixture_is_same(record, made));
        assert_int_equal(record->sequence, number);
        assert_string_equal(record->start->name, "start-1");
    }
    assert_int_equal(bench->fixture->health.n_records_made, window * PER_WINDOW);
}

static void a_process_that_is_killed_loses_nothing_that_was_appended(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 60; i++) {
        journal_fixture_clear(bench->fixture);
        uint64_t n_told = kill_at_random(bench);
        journal_fixture_open(bench->fixture, "boot-a", "start-2");
        check_killed(bench, n_told);
        assert_false(journal_fixture_has(bench->fixture, "journal.set-aside.1"));
        assert_false(journal_fixture_has(bench->fixture, "journal.new"));
        journal_close(&bench->fixture->journal);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_history_is_read_again_whole),
        TEST(every_prefix_says_what_its_last_whole_line_said),
        TEST(zeros_behind_a_prefix_are_cut_off),
        TEST(garbage_without_an_end_is_cut_off),
        TEST(garbage_with_an_end_costs_the_baseline_and_no_record),
        TEST(one_byte_that_is_another_invents_nothing),
        TEST(a_process_that_is_killed_loses_nothing_that_was_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
