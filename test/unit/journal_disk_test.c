// SPDX-License-Identifier: Apache-2.0
// A real disk that is full or read-only: a small one in memory, in a mount namespace of this
// process. Where such cannot be made these tests are skipped.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base.h"
#include "unit/journal_acts.h"

#define DISK "size=256k"

static void write_text(const char *path, const char *text)
{
    scoped_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)!write(fd, text, strlen(text));
}

// Namespaces of a user who need not be root outside.
static bool enter_namespaces(void)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    if (unshare(CLONE_NEWNS) == 0)
        return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    scoped_free char *uids = xasprintf("0 %u 1", uid), *gids = xasprintf("0 %u 1", gid);
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", uids);
    write_text("/proc/self/gid_map", gids);
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool has_disk;

static int enter(void **state)
{
    (void)state;
    has_disk = enter_namespaces();
    return 0;
}

static int set_up(void **state)
{
    if (!has_disk)
        return 0;
    journal_fixture_setup(state);
    const struct journal_fixture *fixture = *state;
    assert_int_equal(mkdir(fixture->directory, 0700), 0);
    assert_int_equal(mount("disk", fixture->directory, "tmpfs", 0, DISK), 0);
    return 0;
}

static int tear_down(void **state)
{
    struct journal_fixture *fixture = *state;
    if (!has_disk)
        return 0;
    journal_close(&fixture->journal);
    assert_int_equal(umount(fixture->directory), 0);
    return journal_fixture_teardown(state);
}

static struct journal_fixture *fixture_of(void **state)
{
    if (!has_disk)
        skip();
    return *state;
}

// All the room that is left.
static void fill_disk(const struct journal_fixture *fixture)
{
    static const char zeros[4096];
    scoped_free char *path = journal_fixture_path(fixture, "filler");
    scoped_fd int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    while (write(fd, zeros, sizeof(zeros)) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
}

static void empty_disk(const struct journal_fixture *fixture)
{
    scoped_free char *path = journal_fixture_path(fixture, "filler");
    assert_int_equal(unlink(path), 0);
}

static void a_full_disk_costs_nothing_but_the_safety_of_the_disk(void **state)
{
    struct journal_fixture *fixture = fixture_of(state);
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 5);
    fill_disk(fixture);
    for (uint64_t i = 0; i < 20; i++) // more than the rest of a page
        append(fixture, 6 + i * 5, 5);
    assert_int_equal(journal->queue.n_records, 105);
    assert_int_equal(log_catcher_count(&fixture->log, "No space left on device"), 1);
    assert_int_equal(log_catcher_count(&fixture->log, "make room on the disk"), 1);
    assert_int_equal(log_catcher_lines(&fixture->log), 1);
    empty_disk(fixture);
    append(fixture, 106, 1);
    assert_int_equal(log_catcher_count(&fixture->log, "is written again"), 1);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 106);
    assert_int_equal(journal_fixture_number(journal_baseline(journal)), 107);
}

// Before the disk had room again.
static void a_process_that_ends_on_a_full_disk_leaves_no_baseline(void **state)
{
    struct journal_fixture *fixture = fixture_of(state);
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 20);
    fill_disk(fixture);
    for (uint64_t i = 0; i < 20; i++)
        append(fixture, 21 + i * 5, 5);
    journal_close(journal);
    empty_disk(fixture);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_true(journal->queue.n_records >= 20 && journal->queue.n_records < 120);
    assert_null(journal_baseline(journal));
    for (const struct record *record = journal->queue.first; record != NULL; record = record->next)
        assert_true(record->sequence <= journal->queue.n_records);
}

static void a_disk_that_is_full_from_the_start_is_used_when_it_has_room(void **state)
{
    struct journal_fixture *fixture = fixture_of(state);
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 30);
    journal_close(journal);
    fill_disk(fixture);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 30);
    assert_int_equal(journal_fixture_number(journal_baseline(journal)), 31);
    for (uint64_t i = 0; i < 20; i++)
        append(fixture, 31 + i * 5, 5);
    assert_int_equal(journal->queue.n_records, 130);
    empty_disk(fixture);
    append(fixture, 131, 1);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-a", "start-3");
    assert_int_equal(journal->queue.n_records, 131);
}

// There is no room for a second file beside it: it is appended to while that goes.
static void a_file_that_cannot_be_written_anew_is_appended_to(void **state)
{
    struct journal_fixture *fixture = fixture_of(state);
    struct journal *journal = &fixture->journal;
    assert_int_equal(mount("disk", fixture->directory, "tmpfs", MS_REMOUNT, "size=3m"), 0);
    journal_fixture_open(fixture, "boot-a", "start-1");
    struct journal_setting setting = journal->setting;
    journal_close(journal);
    setting.max_bytes = 4 << 20;
    journal_fixture_open_with(fixture, &setting);
    append(fixture, 1, 3000);
    uint64_t n_most = journal->file.n_bytes;
    fill_disk(fixture);
    scoped_free char *path = journal_fixture_path(fixture, "filler");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(truncate(path, status.st_size - 200000), 0);
    for (int i = 0; i < 2900; i++) { // more than half of it, and 1 MiB, is over
        journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
        if (i % 100 == 0)
            journal_flush(journal);
    }
    assert_true(journal->file.n_bytes >= n_most); // and it was tried once, not again and again
    assert_int_equal(log_catcher_count(&fixture->log, "cannot be written"), 0);
    journal_close(journal);
    journal_fixture_open_with(fixture, &setting);
    assert_int_equal(journal->queue.n_records, 100);
    assert_int_equal(fixture->health.n_records_delivered, 2900);
}

static void assert_memory_only(struct journal_fixture *fixture, const char *words)
{
    struct journal *journal = &fixture->journal;
    assert_int_equal(log_catcher_count(&fixture->log, words), 1);
    assert_int_equal(log_catcher_count(&fixture->log, "and start it again"), 1);
    assert_int_equal(log_catcher_lines(&fixture->log), 1);
    append(fixture, 1, 3);
    journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    journal_flush(journal);
    assert_int_equal(journal->queue.n_records, 2);
    assert_int_equal(log_catcher_lines(&fixture->log), 1);
}

static void a_disk_without_room_for_a_lock_is_not_used(void **state)
{
    struct journal_fixture *fixture = fixture_of(state);
    assert_int_equal(
        mount("disk", fixture->directory, "tmpfs", MS_REMOUNT, DISK ",nr_inodes=1"), 0);
    journal_fixture_open(fixture, "boot-a", "start-1");
    assert_memory_only(fixture, "cannot be used: No space left on device");
}

static void a_disk_that_is_read_only_is_not_used(void **state)
{
    struct journal_fixture *fixture = fixture_of(state);
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 5);
    journal_close(journal);
    assert_int_equal(mount("disk", fixture->directory, "tmpfs", MS_REMOUNT | MS_RDONLY, DISK), 0);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, 0);
    assert_memory_only(fixture, "cannot be used: Read-only file system");
    journal_close(journal);
    assert_int_equal(mount("disk", fixture->directory, "tmpfs", MS_REMOUNT, DISK), 0);
    journal_fixture_open(fixture, "boot-a", "start-3");
    assert_int_equal(journal->queue.n_records, 5);
}

// The exceptions that file modes make for root, in a namespace too.
#define FILE_MODE_CAPABILITIES (1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH)

// Returns the capabilities that there were.
static uint32_t set_capabilities(uint32_t kept, uint32_t added)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    assert_int_equal(syscall(SYS_capget, &header, data), 0);
    uint32_t before = data[0].effective;
    data[0].effective = (before & kept) | added;
    assert_int_equal(syscall(SYS_capset, &header, data), 0);
    return before;
}

static void check_is_not_used(struct journal_fixture *fixture, const char *name)
{
    struct stat before;
    scoped_free char *path = journal_fixture_path(fixture, name);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(chmod(path, 0), 0);
    log_catcher_stop(&fixture->log);
    log_catcher_start(&fixture->log);
    uint32_t capabilities = set_capabilities(~FILE_MODE_CAPABILITIES, 0);
    journal_fixture_open(fixture, "boot-a", "start-2");
    set_capabilities(~0U, capabilities);
    assert_int_equal(fixture->journal.queue.n_records, 0);
    assert_memory_only(fixture, "cannot be used: Permission denied");
    journal_close(&fixture->journal);
    assert_int_equal(chmod(path, before.st_mode & 07777), 0);
}

static void what_this_user_may_not_touch_is_not_used(void **state)
{
    struct journal_fixture *fixture = fixture_of(state);
    struct journal *journal = &fixture->journal;
    static const char *const names[] = {"", "lock", "journal"};
    journal_fixture_open(fixture, "boot-a", "start-1");
    append(fixture, 1, 5);
    journal_close(journal);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        check_is_not_used(fixture, names[i]);
    journal_fixture_open(fixture, "boot-a", "start-3");
    assert_int_equal(journal->queue.n_records, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_costs_nothing_but_the_safety_of_the_disk),
        TEST(a_process_that_ends_on_a_full_disk_leaves_no_baseline),
        TEST(a_disk_that_is_full_from_the_start_is_used_when_it_has_room),
        TEST(a_file_that_cannot_be_written_anew_is_appended_to),
        TEST(a_disk_without_room_for_a_lock_is_not_used),
        TEST(a_disk_that_is_read_only_is_not_used),
        TEST(what_this_user_may_not_touch_is_not_used),
    };
    return cmocka_run_group_tests(tests, enter, NULL);
}
