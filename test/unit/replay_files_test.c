// SPDX-License-Identifier: Apache-2.0
// Files and folders of a replay, in a folder of our own under TMPDIR.
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "os/replay_files.h"
#include "support/replay_player.h"
#include "support/unit.h"

static int make_folder(void **state)
{
    const char *temporary = getenv("TMPDIR");
    char *folder = xasprintf("%s/replay-XXXXXX", temporary != NULL ? temporary : "/tmp");
    *state = folder;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *entry, int kind, struct FTW *place)
{
    (void)entry, (void)kind, (void)place;
    return remove(path);
}

static int remove_folder(void **state)
{
    int r = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return r;
}

static void put(const char *folder, const char *name, const char *text)
{
    scoped_free char *path = xasprintf("%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int create_at(const char *path, struct counters **ret_counters, char **ret_complaint)
{
    struct replay_options options = {.path = (char *)path, .interval_ms = 1000};
    return counters_replay_create(&options, ret_counters, ret_complaint);
}

static struct counters *play_at(const char *path)
{
    struct counters *counters = NULL;
    scoped_free char *complaint = NULL;
    if (create_at(path, &counters, &complaint) != 0)
        fail_msg("%s", complaint);
    return counters;
}

// The complaint is `path` and then `expected`.
static void assert_refused(const char *path, int expected_r, const char *expected)
{
    struct counters *counters;
    scoped_free char *complaint = NULL;
    scoped_free char *whole = xasprintf("%s%s", path, expected);
    assert_int_equal(create_at(path, &counters, &complaint), expected_r);
    assert_string_equal(complaint, whole);
}

static void file_is_named_after_its_interface(void **state)
{
    put(*state, "ens5.100.txt", "NIC statistics:\na: 1\nNIC statistics:\na: 2\n");
    scoped_free char *path = xasprintf("%s/ens5.100.txt", (char *)*state);
    scoped_counters *counters = play_at(path);
    assert_heard(counters, "list +2 ens5.100 00:01 end ");
    go_on(counters, 1);
    assert_after(counters, INT64_C(1767225600000), 1000);
    assert_seen(counters, "ens5.100", "a=2 ");
}

static void files_of_a_folder_are_played_in_the_order_of_their_names(void **state)
{
    put(*state, "c", "NIC statistics:\nc: 1\n");
    put(*state, "a", "NIC statistics:\na: 1\n");
    put(*state, "b", "NIC statistics:\nb: 1\n");
    scoped_counters *counters = play_at(*state);
    assert_heard(counters, "list +2 a 00:01 +3 b 00:02 +4 c 00:03 end ");
    assert_seen(counters, "c", "c=1 ");
}

static void dot_files_and_folders_are_left_out(void **state)
{
    put(*state, "ens5", "NIC statistics:\na: 1\n");
    put(*state, ".ens5.swp", "no replay");
    scoped_free char *folder = xasprintf("%s/older", (char *)*state);
    scoped_free char *fifo = xasprintf("%s/fifo", (char *)*state);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    scoped_counters *counters = play_at(*state);
    assert_heard(counters, "list +2 ens5 00:01 end ");
}

static void complaint_names_the_file_of_a_folder(void **state)
{
    put(*state, "ens5", "NIC statistics:\na: 1\n");
    put(*state, "ens6", "NIC statistics:\na: none\n");
    assert_refused(*state, -EINVAL,
        "/ens6:2: a value is a number up to 18446744073709551615, with a + before it to add it");
}

static void empty_file_records_nothing(void **state)
{
    put(*state, "ens5", "");
    assert_refused(*state, -EINVAL,
        "/ens5:1: nothing is recorded: a file has a list that starts with NIC statistics:");
}

static void empty_folder_is_refused(void **state)
{
    assert_refused(*state, -EINVAL, ": a folder has a file or more");
}

static void missing_path_is_refused(void **state)
{
    scoped_free char *path = xasprintf("%s/none", (char *)*state);
    assert_refused(path, -ENOENT, ": No such file or directory");
}

static void link_to_nowhere_is_refused(void **state)
{
    scoped_free char *path = xasprintf("%s/ens5", (char *)*state);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_refused(path, -ENOENT, ": No such file or directory");
    struct counters *counters;
    scoped_free char *complaint = NULL;
    assert_int_equal(create_at(*state, &counters, &complaint), -ENOENT);
}

static void device_is_refused(void **state)
{
    (void)state;
    assert_refused("/dev/null", -EINVAL, ": what is replayed is a file or a folder");
}

static void file_of_more_than_64_mib_is_refused(void **state)
{
    put(*state, "ens5", "");
    scoped_free char *path = xasprintf("%s/ens5", (char *)*state);
    assert_int_equal(truncate(path, 67108865), 0);
    assert_refused(path, -EINVAL, ": a file has at most 64 MiB");
}

static void folder_has_256_files_at_most(void **state)
{
    for (int i = 0; i < 256; i++) {
        char name[IF_NAMESIZE];
        snprintf(name, sizeof(name), "e%d", i);
        put(*state, name, "NIC statistics:\n");
    }
    scoped_counters *counters = play_at(*state);
    assert_seen(counters, "e255", "names -95 ");
    put(*state, "one_more", "NIC statistics:\n");
    assert_refused(*state, -EINVAL, ": a folder has at most 256 files");
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(file_is_named_after_its_interface),
        in_folder(files_of_a_folder_are_played_in_the_order_of_their_names),
        in_folder(dot_files_and_folders_are_left_out),
        in_folder(complaint_names_the_file_of_a_folder),
        in_folder(empty_file_records_nothing),
        in_folder(empty_folder_is_refused),
        in_folder(missing_path_is_refused),
        in_folder(link_to_nowhere_is_refused),
        in_folder(device_is_refused),
        in_folder(file_of_more_than_64_mib_is_refused),
        in_folder(folder_has_256_files_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
