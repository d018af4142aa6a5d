// SPDX-License-Identifier: Apache-2.0
// Files that are read again and again: in a folder of the test, and of the real /proc.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "os/proc.h"
#include "support/unit.h"

struct bench {
    char folder[32];
    char path[64]; // FOLDER/file
    struct proc_file file;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    snprintf(bench->folder, sizeof(bench->folder), "/tmp/enawatch-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof(bench->path), "%s/file", bench->folder);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    proc_file_finish(&bench->file);
    unlink(bench->path);
    rmdir(bench->folder);
    free(bench);
    return 0;
}

// The same file, with other content: what is open sees it.
static void write_file(const struct bench *bench, const char *bytes, size_t n_bytes)
{
    scoped_fd int fd = open(bench->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n_bytes), n_bytes);
}

static void open_file(struct bench *bench)
{
    assert_int_equal(proc_file_open(&bench->file, bench->folder, "file"), 0);
    assert_true(proc_file_is_open(&bench->file));
}

static void assert_reads(struct bench *bench, const char *text)
{
    write_file(bench, text, strlen(text));
    assert_int_equal(proc_file_read(&bench->file), 0);
    assert_string_equal(bench->file.text, text);
}

// Letters in an order that no shift looks like.
static char *text_of(size_t n_bytes)
{
    char *text = xcalloc(n_bytes + 1, 1);
    for (size_t i = 0; i < n_bytes; i++)
        text[i] = (char)('a' + (i + i / 26 + i / 676) % 26);
    return text;
}

static void a_file_is_read_from_its_beginning_each_time(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "", 0);
    open_file(bench);
    assert_reads(bench, "262144\n");
    assert_reads(bench, "262145\n");
    assert_int_equal(proc_file_read(&bench->file), 0);
    assert_string_equal(bench->file.text, "262145\n");
}

static void a_shorter_text_leaves_nothing_of_the_longer_one(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "", 0);
    open_file(bench);
    assert_reads(bench, "1234567\n");
    assert_reads(bench, "12\n");
    assert_reads(bench, "");
    assert_reads(bench, "7\n");
}

static void an_empty_file_is_an_empty_text(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "", 0);
    open_file(bench);
    assert_int_equal(proc_file_read(&bench->file), 0);
    assert_string_equal(bench->file.text, "");
}

// About every size at which a buffer that doubles may be full.
static void a_text_of_any_size_is_read_whole(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "", 0);
    open_file(bench);
    for (size_t size = 1; size <= (size_t)1 << 20; size *= 2)
        for (size_t n_bytes = size < 4 ? 1 : size - 3; n_bytes <= size + 3; n_bytes++) {
            scoped_free char *text = text_of(n_bytes);
            assert_reads(bench, text);
        }
    assert_reads(bench, "short again");
}

static void memory_is_kept_from_read_to_read(void **state)
{
    struct bench *bench = *state;
    scoped_free char *large = text_of(100000);
    write_file(bench, "", 0);
    open_file(bench);
    assert_reads(bench, large);
    const char *text = bench->file.text;
    size_t capacity = bench->file.capacity;
    assert_reads(bench, large);
    assert_reads(bench, "small");
    assert_reads(bench, large);
    assert_ptr_equal(bench->file.text, text);
    assert_int_equal(bench->file.capacity, capacity);
}

static void a_file_that_is_not_there_is_not_open(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(proc_file_open(&bench->file, bench->folder, "file"), -ENOENT);
    assert_false(proc_file_is_open(&bench->file));
    assert_int_equal(proc_file_open(&bench->file, "/nonexistent/folder", "file"), -ENOENT);
    assert_false(proc_file_is_open(&bench->file));
    proc_file_finish(&bench->file);
}

static void a_file_is_not_left_to_programs_that_we_start(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "", 0);
    open_file(bench);
    assert_true((fcntl(bench->file.fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void what_cannot_be_read_is_closed(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(mkdir(bench->path, 0700), 0); // opens, but reads as EISDIR
    open_file(bench);
    int fd = bench->file.fd;
    assert_int_equal(proc_file_read(&bench->file), -EISDIR);
    assert_false(proc_file_is_open(&bench->file));
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    rmdir(bench->path);
}

// As long as memory is not asked for: a file of zeros without a block on the disk.
static void a_text_beyond_the_limit_is_refused_and_the_file_closed(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "", 0);
    open_file(bench);
    assert_int_equal(truncate(bench->path, PROC_MAX_BYTES + 1), 0);
    assert_int_equal(proc_file_read(&bench->file), -EFBIG);
    assert_false(proc_file_is_open(&bench->file));
    assert_int_equal(truncate(bench->path, 5), 0);
    open_file(bench);
    assert_int_equal(proc_file_read(&bench->file), 0);
}

static void nothing_is_finished_like_something(void **state)
{
    struct bench *bench = *state;
    proc_file_finish(&bench->file);
    assert_false(proc_file_is_open(&bench->file));
    write_file(bench, "x", 1);
    open_file(bench);
    int fd = bench->file.fd;
    proc_file_finish(&bench->file);
    proc_file_finish(&bench->file);
    assert_false(proc_file_is_open(&bench->file));
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

// A process that ends takes its files along, as a kernel module does.
static void a_file_of_proc_that_vanishes_is_closed(void **state)
{
    struct bench *bench = *state;
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    assert_true(child > 0);
    char folder[32];
    snprintf(folder, sizeof(folder), "/proc/%d", (int)child);
    assert_int_equal(proc_file_open(&bench->file, folder, "stat"), 0);
    int read_before = proc_file_read(&bench->file);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(read_before, 0);
    assert_int_equal(proc_file_read(&bench->file), -ESRCH);
    assert_false(proc_file_is_open(&bench->file));
}

// A single page, between two that the kernel cannot join it with.
struct mapping {
    char *address;
    char line[48]; // how its line in /proc/self/maps begins
};

#define N_MAPPINGS 300

static void map_pages(struct mapping *mappings, size_t page_bytes)
{
    char *pages = mmap(
        NULL, 2 * N_MAPPINGS * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    for (size_t i = 0; i < N_MAPPINGS; i++) {
        mappings[i].address = pages + 2 * i * page_bytes;
        assert_int_equal(mprotect(mappings[i].address, page_bytes, PROT_READ), 0);
        snprintf(mappings[i].line, sizeof(mappings[i].line), "\n%" PRIxPTR "-%" PRIxPTR " r--p",
            (uintptr_t)mappings[i].address, (uintptr_t)mappings[i].address + page_bytes);
    }
}

// The kernel gives such a text a page or so at a time.
static void a_long_file_of_proc_is_read_whole(void **state)
{
    struct bench *bench = *state;
    struct mapping mappings[N_MAPPINGS];
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    map_pages(mappings, page_bytes);
    assert_int_equal(proc_file_open(&bench->file, "/proc", "self/maps"), 0);
    for (int turn = 0; turn < 3; turn++) {
        assert_int_equal(proc_file_read(&bench->file), 0);
        assert_true(strlen(bench->file.text) > 4 * 4096);
        const char *at = bench->file.text;
        for (size_t i = 0; i < N_MAPPINGS; i++) {
            at = strstr(at, mappings[i].line);
            if (at == NULL)
                fail_msg("mapping %zu is missing", i);
            assert_null(strstr(at + 1, mappings[i].line));
        }
    }
    munmap(mappings[0].address, 2 * N_MAPPINGS * page_bytes);
}

// A file of /proc/sys gives its text once: at any other position there is none.
static void a_number_of_the_kernel_is_read_again_and_again(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(proc_file_open(&bench->file, "/proc", "sys/kernel/pid_max"), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(proc_file_read(&bench->file), 0);
        char *end;
        assert_true(strtoul(bench->file.text, &end, 10) > 300);
        assert_string_equal(end, "\n");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_read_from_its_beginning_each_time),
        TEST(a_shorter_text_leaves_nothing_of_the_longer_one),
        TEST(an_empty_file_is_an_empty_text),
        TEST(a_text_of_any_size_is_read_whole),
        TEST(memory_is_kept_from_read_to_read),
        TEST(a_file_that_is_not_there_is_not_open),
        TEST(a_file_is_not_left_to_programs_that_we_start),
        TEST(what_cannot_be_read_is_closed),
        TEST(a_text_beyond_the_limit_is_refused_and_the_file_closed),
        TEST(nothing_is_finished_like_something),
        TEST(a_file_of_proc_that_vanishes_is_closed),
        TEST(a_long_file_of_proc_is_read_whole),
        TEST(a_number_of_the_kernel_is_read_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
