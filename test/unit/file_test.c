// SPDX-License-Identifier: Apache-2.0
// Lines that are in the file wholly or not at all, the lock, and files that take another's place.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/file.h"
#include "support/journal_fixture.h"
#include "support/unit.h"

static struct line line_of(const char *text)
{
    struct line line = {0};
    line_add(&line, "%s", text);
    return line;
}

static void open_file(const struct journal_fixture *fixture, struct file *file)
{
    pid_t holder;
    assert_int_equal(file_open(file, fixture->directory, &holder), 0);
    assert_int_equal(file_find(file), 0);
}

// A file that begins with this line.
static void make_file(const struct journal_fixture *fixture, struct file *file, const char *text)
{
    struct line line = line_of(text);
    open_file(fixture, file);
    assert_int_equal(file_begin_draft(file, 0), 0);
    assert_int_equal(file_add(file, &line), 0);
    assert_int_equal(file_commit_draft(file), 0);
    assert_int_equal(file_sync_directory(file), 0);
    line_finish(&line);
}

static void assert_content(
    const struct journal_fixture *fixture, const char *name, const char *wanted)
{
    size_t n_bytes;
    scoped_free char *bytes = journal_fixture_read(fixture, name, &n_bytes);
    assert_string_equal(bytes, wanted);
    assert_int_equal(n_bytes, strlen(wanted));
}

static int append(struct file *file, const char *text)
{
    struct line line = line_of(text);
    int r = file_append(file, &line, true);
    line_finish(&line);
    return r;
}

static void lines_stand_one_behind_the_other(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct file file;
    make_file(fixture, &file, "head\n");
    assert_int_equal(append(&file, "one\n"), 0);
    assert_int_equal(append(&file, "two\n"), 0);
    assert_int_equal(file.n_bytes, 13);
    assert_content(fixture, "journal", "head\none\ntwo\n");
    struct line line = line_of("HEAD\n");
    assert_int_equal(file_overwrite(&file, &line), 0);
    line_finish(&line);
    assert_int_equal(append(&file, "three\n"), 0);
    assert_content(fixture, "journal", "HEAD\none\ntwo\nthree\n");
    file_cut(&file, 9);
    assert_int_equal(append(&file, "2\n"), 0);
    assert_content(fixture, "journal", "HEAD\none\n2\n");
    file_close(&file);
    file_close(&file);
}

static void where_there_is_nothing_nothing_is_found(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct file file;
    open_file(fixture, &file);
    assert_int_equal(file.fd, -1);
    assert_false(journal_fixture_has(fixture, "journal"));
    file_close(&file);
}

// RLIMIT_FSIZE cuts a write short at any byte, as a full disk does; the next write then fails.
static void set_limit(rlim_t n_bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = n_bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_line_that_does_not_go_whole_leaves_nothing(void **state)
{
    const struct journal_fixture *fixture = *state;
    static const char text[] = "a line of more than some bytes\n";
    struct file file;
    signal(SIGXFSZ, SIG_IGN);
    make_file(fixture, &file, "head\n");
    for (rlim_t k = 0; k < strlen(text); k++) {
        set_limit(5 + k);
        int r = append(&file, text);
        set_limit(RLIM_INFINITY);
        assert_int_equal(r, -EFBIG);
        assert_int_equal(file.n_bytes, 5);
        assert_false(file.is_ragged);
        assert_content(fixture, "journal", "head\n");
    }
    set_limit(5 + strlen(text));
    assert_int_equal(append(&file, text), 0);
    set_limit(RLIM_INFINITY);
    assert_content(fixture, "journal", "head\na line of more than some bytes\n");
    file_close(&file);
}

// What could not be cut off at the time is before the next line.
static void a_ragged_end_is_cut_before_the_next_line(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct file file;
    make_file(fixture, &file, "head\n");
    assert_int_equal(pwrite(file.fd, "half of a lin", 13, 5), 13);
    file.is_ragged = true;
    assert_int_equal(append(&file, "one\n"), 0);
    assert_content(fixture, "journal", "head\none\n");
    assert_false(file.is_ragged);
    file_close(&file);
}

static void a_draft_takes_the_place_of_the_file_at_once_or_not_at_all(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct file file;
    struct line line = line_of("new\n");
    make_file(fixture, &file, "old\n");
    assert_int_equal(file_begin_draft(&file, 100000), 0);
    assert_int_equal(file_add(&file, &line), 0);
    assert_content(fixture, "journal", "old\n");
    file_drop_draft(&file);
    assert_false(journal_fixture_has(fixture, "journal.new"));
    assert_int_equal(append(&file, "more\n"), 0);
    assert_int_equal(file_begin_draft(&file, 100000), 0);
    assert_int_equal(file_add(&file, &line), 0);
    assert_int_equal(file_add(&file, &line), 0);
    assert_int_equal(file_commit_draft(&file), 0);
    assert_content(fixture, "journal", "new\nnew\n");
    assert_false(journal_fixture_has(fixture, "journal.new"));
    assert_int_equal(append(&file, "more\n"), 0);
    assert_content(fixture, "journal", "new\nnew\nmore\n");
    // What was looked for and not needed is given back.
    struct stat status;
    assert_int_equal(fstat(file.fd, &status), 0);
    assert_true(status.st_blocks * 512 < 50000);
    line_finish(&line);
    file_close(&file);
}

// Memory's file system heeds the limit where a file's size stays as it is, a disk's may not.
static void a_draft_for_which_there_is_no_room_is_not_begun(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct file file;
    signal(SIGXFSZ, SIG_IGN);
    make_file(fixture, &file, "old\n");
    set_limit(10000);
    int expected = fallocate(file.fd, FALLOC_FL_KEEP_SIZE, 0, 10001) == 0 ? 0 : -errno;
    int r = file_begin_draft(&file, 10001);
    set_limit(RLIM_INFINITY);
    assert_int_equal(r, expected);
    file_drop_draft(&file);
    assert_content(fixture, "journal", "old\n");
    file_close(&file);
}

static void what_a_crash_left_of_a_draft_goes(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct file file;
    journal_fixture_write(fixture, "journal.new", "half", 4);
    open_file(fixture, &file);
    assert_false(journal_fixture_has(fixture, "journal.new"));
    file_close(&file);
}

// Replaces the file that is there by one that says `text`, and keeps that.
static int replace_kept(struct file *file, const char *text)
{
    struct line line = line_of(text);
    file->is_kept = true;
    assert_int_equal(file_begin_draft(file, 0), 0);
    assert_int_equal(file_add(file, &line), 0);
    int r = file_commit_draft(file);
    if (r < 0)
        file_drop_draft(file);
    line_finish(&line);
    return r;
}

static void what_is_set_aside_takes_no_name_that_another_has(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct file file;
    make_file(fixture, &file, "0\n");
    journal_fixture_write(fixture, "journal.set-aside.2", "somebody's", 10);
    static const unsigned int numbers[] = {1, 3, 4, 5, 6, 7, 8, 9};
    char text[3] = "0\n", before[3] = "0\n";
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        text[0] = (char)('1' + i);
        assert_int_equal(replace_kept(&file, text), 0);
        assert_int_equal(file.set_aside, numbers[i]);
        assert_false(file.is_kept);
        scoped_free char *name = xasprintf("journal.set-aside.%u", numbers[i]);
        assert_content(fixture, name, before);
        assert_content(fixture, "journal", text);
        before[0] = text[0];
    }
    assert_int_equal(replace_kept(&file, "never\n"), -EEXIST);
    assert_content(fixture, "journal", text);
    assert_content(fixture, "journal.set-aside.2", "somebody's");
    assert_true(file.is_kept);
    file_close(&file);
}

static void what_is_no_file_is_strange(void **state)
{
    const struct journal_fixture *fixture = *state;
    scoped_free char *path = journal_fixture_path(fixture, "journal");
    for (int i = 0; i < 3; i++) {
        struct file file;
        pid_t holder;
        assert_int_equal(file_open(&file, fixture->directory, &holder), 0);
        assert_int_equal(i == 0 ? mkdir(path, 0700)
                : i == 1        ? mkfifo(path, 0600)
                                : symlink("/dev/null", path),
            0);
        assert_int_equal(file_find(&file), FILE_STRANGE);
        assert_int_equal(file.fd, -1);
        assert_int_equal(replace_kept(&file, "new\n"), 0);
        assert_int_equal(file.set_aside, i + 1);
        assert_content(fixture, "journal", "new\n");
        assert_int_equal(unlink(path), 0);
        file_close(&file);
    }
}

static void a_directory_that_cannot_be_is_told(void **state)
{
    const struct journal_fixture *fixture = *state;
    pid_t holder;
    struct file file;
    scoped_free char *below = journal_fixture_path(fixture, "a/b");
    assert_int_equal(file_open(&file, below, &holder), -ENOENT);
    assert_false(file.is_open);
    assert_int_equal(file_open(&file, "/dev/null", &holder), -ENOTDIR);
    assert_int_equal(file_open(&file, "", &holder), -ENOENT);
    file_close(&file);
}

// A process of its own that has the directory until it is told to end.
static pid_t hold(const struct journal_fixture *fixture, int *ret_end)
{
    int ready[2], end[2];
    char byte = 'x';
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(end), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct file file;
        close(end[1]);
        open_file(fixture, &file);
        (void)!write(ready[1], &byte, 1);
        (void)!read(end[0], &byte, 1);
        _exit(0);
    }
    close(end[0]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *ret_end = end[1];
    return pid;
}

static void a_directory_has_one_holder_and_his_pid_is_told(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct file file;
    pid_t holder = 0;
    int end, status;
    pid_t pid = hold(fixture, &end);
    assert_int_equal(file_open(&file, fixture->directory, &holder), FILE_HELD);
    assert_int_equal(holder, pid);
    assert_false(file.is_open);
    close(end);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    // However it ended, nobody has it any more.
    open_file(fixture, &file);
    file_close(&file);
    pid = hold(fixture, &end);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(end);
    open_file(fixture, &file);
    file_close(&file);
}

static void what_nobody_claims_goes_to_a_file_of_its_own(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct file file;
    struct line line = line_of("one\n");
    open_file(fixture, &file);
    assert_int_equal(file_finish_unclaimed(&file), 0);
    assert_false(journal_fixture_has(fixture, "unclaimed"));
    assert_int_equal(file_add_unclaimed(&file, &line, 8), 0);
    assert_int_equal(file_add_unclaimed(&file, &line, 8), 0);
    assert_int_equal(file_add_unclaimed(&file, &line, 8), -EFBIG);
    assert_int_equal(file_finish_unclaimed(&file), 0);
    assert_content(fixture, "unclaimed", "one\none\n");
    journal_fixture_write(fixture, "unclaimed", "one\nha", 6);
    assert_int_equal(file_add_unclaimed(&file, &line, 100), 0);
    assert_int_equal(file_finish_unclaimed(&file), 0);
    assert_content(fixture, "unclaimed", "one\nha\none\n");
    line_finish(&line);
    file_close(&file);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, journal_fixture_setup, journal_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_stand_one_behind_the_other),
        TEST(where_there_is_nothing_nothing_is_found),
        TEST(a_line_that_does_not_go_whole_leaves_nothing),
        TEST(a_ragged_end_is_cut_before_the_next_line),
        TEST(a_draft_takes_the_place_of_the_file_at_once_or_not_at_all),
        TEST(a_draft_for_which_there_is_no_room_is_not_begun),
        TEST(what_a_crash_left_of_a_draft_goes),
        TEST(what_is_set_aside_takes_no_name_that_another_has),
        TEST(what_is_no_file_is_strange),
        TEST(a_directory_that_cannot_be_is_told),
        TEST(a_directory_has_one_holder_and_his_pid_is_told),
        TEST(what_nobody_claims_goes_to_a_file_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
