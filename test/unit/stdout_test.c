// SPDX-License-Identifier: Apache-2.0
// Documents on standard output, which for each test is something else: a file, a pipe that nobody
// reads, a full device. What cmocka prints itself goes out before and after.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "support/sink_fixture.h"
#include "support/unit.h"

#define DOCUMENT_BYTES ((size_t)1000)
#define N_DOCUMENTS    ((size_t)150)
#define BATCH_BYTES    (DOCUMENT_BYTES * N_DOCUMENTS)

extern const struct sink_ops sink_stdout;

static int saved_stdout = -1;

static int setup(void **state)
{
    fflush(stdout);
    saved_stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    alarm(60); // for a write that waits
    return sink_fixture_setup(state);
}

static int teardown(void **state)
{
    alarm(0);
    dup2(saved_stdout, STDOUT_FILENO);
    close(saved_stdout);
    return sink_fixture_teardown(state);
}

// Makes `fd` the standard output, and closes it.
static void redirect(int fd)
{
    assert_true(fd >= 0);
    assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    close(fd);
}

static int redirect_to_pipe(void)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    redirect(ends[1]);
    return ends[0];
}

static bool is_ready(const struct sink_fixture *fixture)
{
    return fixture->sink->ops->is_ready(fixture->sink);
}

static void start(struct sink_fixture *fixture)
{
    sink_fixture_create(fixture, &sink_stdout, NULL);
    sink_fixture_fill(fixture, 0, N_DOCUMENTS, DOCUMENT_BYTES);
}

static void a_file_gets_a_line_for_each_document_at_once(void **state)
{
    struct sink_fixture *fixture = *state;
    scoped_fd int fd = memfd_create("file", MFD_CLOEXEC);
    scoped_free char *bytes = xcalloc(BATCH_BYTES + 1, 1);
    redirect(dup(fd));
    start(fixture);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_TAKEN);
    assert_int_equal(pread(fd, bytes, BATCH_BYTES + 1, 0), BATCH_BYTES);
    assert_memory_equal(bytes, fixture->batch.bytes, BATCH_BYTES);
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 0);
}

static void any_document_fits_in_a_batch(void **state)
{
    struct sink_fixture *fixture = *state;
    struct batch_limits limits;
    start(fixture);
    fixture->sink->ops->limits(fixture->sink, &limits);
    assert_int_equal(limits.item_bytes, 1 << 20);
    assert_true(limits.batch_bytes >= limits.item_bytes);
    assert_true(limits.batch_items > 1000000);
}

// Reads a little at a time until there is an answer, and then the rest.
static size_t read_slowly(struct sink_fixture *fixture, int fd, char *bytes, size_t step)
{
    size_t n = 0;
    struct pollfd more = {.fd = fd, .events = POLLIN};
    while (fixture->answer.ship == SHIP_BUSY || poll(&more, 1, 0) > 0) {
        ssize_t r = read(fd, bytes + n, step);
        assert_true(r > 0);
        n += (size_t)r;
        if (fixture->answer.ship == SHIP_BUSY)
            sink_fixture_work(fixture);
    }
    return n;
}

static void write_to_a_slow_reader(struct sink_fixture *fixture, int fd, size_t step)
{
    scoped_free char *bytes = xcalloc(BATCH_BYTES + step, 1);
    start(fixture);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_BUSY);
    assert_int_equal(sink_fixture_wait(fixture).fd, STDOUT_FILENO);
    assert_int_equal(sink_fixture_wait(fixture).events, POLLOUT);
    assert_false(is_ready(fixture));
    for (int i = 0; i < 100; i++)
        assert_int_equal(sink_fixture_work(fixture), SHIP_BUSY);
    assert_int_equal(read_slowly(fixture, fd, bytes, step), BATCH_BYTES);
    assert_int_equal(fixture->answer.ship, SHIP_TAKEN);
    assert_memory_equal(bytes, fixture->batch.bytes, BATCH_BYTES);
}

static void a_slow_reader_of_a_pipe_is_never_waited_for(void **state)
{
    static const size_t steps[] = {1, 700, 4096, 65536};
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct sink_fixture *fixture = *state;
        scoped_fd int fd = redirect_to_pipe();
        write_to_a_slow_reader(fixture, fd, steps[i]);
        sink_fixture_destroy(fixture);
    }
}

static void a_pipe_of_one_page_is_enough(void **state)
{
    scoped_fd int fd = redirect_to_pipe();
    assert_true(fcntl(fd, F_SETPIPE_SZ, 4096) > 0);
    write_to_a_slow_reader(*state, fd, 100);
}

static void a_slow_reader_of_a_socket_is_never_waited_for(void **state)
{
    int ends[2], n_bytes = 4096;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &n_bytes, sizeof(n_bytes)), 0);
    redirect(ends[1]);
    write_to_a_slow_reader(*state, ends[0], 700);
    close(ends[0]);
}

static void a_terminal_that_stands_still_is_never_waited_for(void **state)
{
    struct sink_fixture *fixture = *state;
    scoped_fd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    redirect(open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC));
    start(fixture);
    sink_fixture_submit(fixture);
    for (int i = 0; i < 100; i++)
        assert_int_equal(sink_fixture_work(fixture), SHIP_BUSY);
    assert_false(sink_fixture_has_event(fixture, 0));
    assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
    char bytes[4096]; // the terminal moves again
    for (int i = 0; i < 10000 && fixture->answer.ship == SHIP_BUSY; i++) {
        assert_true(read(master, bytes, sizeof(bytes)) > 0);
        sink_fixture_work(fixture);
    }
    assert_int_equal(fixture->answer.ship, SHIP_TAKEN);
}

static void the_flags_of_the_shared_descriptor_stay_as_they_are(void **state)
{
    struct sink_fixture *fixture = *state;
    scoped_fd int fd = redirect_to_pipe();
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    assert_true(fd >= 0);
    assert_int_equal(flags & O_NONBLOCK, 0);
    start(fixture);
    sink_fixture_submit(fixture);
    assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL), flags);
}

static void a_pipe_that_somebody_else_made_nonblocking_works(void **state)
{
    scoped_fd int fd = redirect_to_pipe();
    assert_int_equal(fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK), 0);
    write_to_a_slow_reader(*state, fd, 700);
}

static void a_reader_that_left_ends_the_sink_with_the_next_document(void **state)
{
    struct sink_fixture *fixture = *state;
    int fd = redirect_to_pipe();
    start(fixture);
    close(fd);
    sink_fixture_submit(fixture);
    assert_int_equal(fixture->result, -EPIPE);
}

static void a_reader_that_left_in_the_middle_of_a_batch_ends_the_sink(void **state)
{
    struct sink_fixture *fixture = *state;
    int fd = redirect_to_pipe();
    start(fixture);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_BUSY);
    assert_false(sink_fixture_has_event(fixture, 0));
    close(fd);
    assert_true(sink_fixture_has_event(fixture, 1000));
    sink_fixture_work(fixture);
    assert_int_equal(fixture->result, -EPIPE);
}

static void a_reader_that_left_is_noticed_while_idle(void **state)
{
    struct sink_fixture *fixture = *state;
    int fd = redirect_to_pipe();
    start(fixture);
    sink_fixture_work(fixture);
    assert_int_equal(fixture->result, 0);
    assert_false(sink_fixture_has_event(fixture, 0));
    close(fd);
    assert_true(sink_fixture_has_event(fixture, 1000));
    sink_fixture_work(fixture);
    assert_int_equal(fixture->result, -EPIPE);
}

static void an_idle_file_is_not_waited_for(void **state)
{
    struct sink_fixture *fixture = *state;
    redirect(memfd_create("file", MFD_CLOEXEC));
    start(fixture);
    assert_int_equal(sink_fixture_wait(fixture).fd, -1);
    assert_int_equal(sink_fixture_wait(fixture).until_ns, 0);
}

static void a_full_disk_makes_documents_wait_and_is_said_once(void **state)
{
    struct sink_fixture *fixture = *state;
    static const uint64_t steps_s[] = {1, 2, 4, 8, 10, 10};
    redirect(open("/dev/full", O_WRONLY | O_CLOEXEC));
    start(fixture);
    uint64_t begun_ns = fixture->now.boot_ns;
    for (size_t i = 0; i < ARRAY_SIZE(steps_s); i++) {
        assert_int_equal(sink_fixture_submit(fixture), SHIP_LATER);
        assert_int_equal(fixture->result, 0);
        assert_int_equal(fixture->answer.n_taken, 0);
        assert_false(is_ready(fixture));
        uint64_t until_ns = sink_fixture_wait(fixture).until_ns;
        assert_in_range(
            until_ns - fixture->now.boot_ns, steps_s[i] * NS_PER_S / 2, steps_s[i] * NS_PER_S);
        fixture->now.boot_ns = until_ns - 1;
        sink_fixture_work(fixture);
        assert_false(is_ready(fixture));
        fixture->now.boot_ns = until_ns;
        sink_fixture_work(fixture);
        assert_true(is_ready(fixture));
    }
    redirect(memfd_create("file", MFD_CLOEXEC));
    fixture->now.boot_ns = begun_ns + 65 * NS_PER_S;
    assert_int_equal(sink_fixture_submit(fixture), SHIP_TAKEN);
    assert_int_equal(
        sink_fixture_logged(fixture, "stdout: cannot write: No space left on device; documents"),
        1);
    assert_int_equal(sink_fixture_logged(fixture, "stdout: writing again after 1m05s\n"), 1);
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 2);
}

static void allow_files_of(rlim_t n_bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = n_bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// Submits ten documents to a file that takes `n_bytes`, then, when it takes more, what was not
// taken. Returns what stands in the file.
static size_t write_to_a_limited_file(struct sink_fixture *fixture, size_t n_bytes, char *bytes)
{
    scoped_fd int fd = memfd_create("file", MFD_CLOEXEC);
    redirect(dup(fd));
    signal(SIGXFSZ, SIG_IGN);
    sink_fixture_create(fixture, &sink_stdout, NULL);
    sink_fixture_fill(fixture, 0, 10, DOCUMENT_BYTES);
    allow_files_of(n_bytes);
    enum ship ship = sink_fixture_submit(fixture);
    allow_files_of(RLIM_INFINITY);
    assert_int_equal(ship, SHIP_LATER);
    size_t n_taken = fixture->answer.n_taken;
    assert_int_equal(n_taken, n_bytes / DOCUMENT_BYTES);
    sink_fixture_pass(fixture, 1000);
    sink_fixture_work(fixture);
    sink_fixture_fill(fixture, n_taken, 10 - n_taken, DOCUMENT_BYTES);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_TAKEN);
    ssize_t n = pread(fd, bytes, 20 * DOCUMENT_BYTES, 0);
    assert_true(n > 0);
    return (size_t)n;
}

static void a_torn_line_is_ended_before_its_document_comes_again(void **state)
{
    char bytes[20 * DOCUMENT_BYTES];
    unsigned int seen[10] = {0};
    size_t n = write_to_a_limited_file(*state, 2500, bytes);
    assert_int_equal(n, 2500 + 1 + 8 * DOCUMENT_BYTES);
    sink_fixture_note(bytes, 2000, DOCUMENT_BYTES, seen);
    assert_null(memchr(bytes + 2000, '\n', 500));
    assert_int_equal(bytes[2500], '\n');
    sink_fixture_note(bytes + 2501, n - 2501, DOCUMENT_BYTES, seen);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(seen[i], 1);
}

static void after_whole_lines_no_empty_line_follows(void **state)
{
    char bytes[20 * DOCUMENT_BYTES];
    unsigned int seen[10] = {0};
    size_t n = write_to_a_limited_file(*state, 3000, bytes);
    assert_int_equal(n, 10 * DOCUMENT_BYTES);
    sink_fixture_note(bytes, n, DOCUMENT_BYTES, seen);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(seen[i], 1);
}

// The end of the torn line does not fit either; it is still owed.
static void a_torn_line_stays_torn_until_its_end_is_written(void **state)
{
    struct sink_fixture *fixture = *state;
    char bytes[8 * DOCUMENT_BYTES];
    scoped_fd int fd = memfd_create("file", MFD_CLOEXEC);
    redirect(dup(fd));
    signal(SIGXFSZ, SIG_IGN);
    sink_fixture_create(fixture, &sink_stdout, NULL);
    sink_fixture_fill(fixture, 0, 1, DOCUMENT_BYTES);
    allow_files_of(500);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sink_fixture_submit(fixture), SHIP_LATER);
        sink_fixture_pass(fixture, 10000);
        sink_fixture_work(fixture);
    }
    allow_files_of(RLIM_INFINITY);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_TAKEN);
    assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), 500 + 1 + DOCUMENT_BYTES);
    assert_int_equal(bytes[500], '\n');
    assert_memory_equal(bytes + 501, fixture->batch.bytes, DOCUMENT_BYTES);
}

static void without_a_standard_output_there_is_no_sink(void **state)
{
    (void)state;
    struct sink *sink = NULL;
    close(STDOUT_FILENO);
    assert_int_equal(sink_stdout.create(&(struct sink_setting){0}, &sink), -EBADF);
    assert_null(sink);
    sink_stdout.destroy(NULL);
}

#define stdout_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        stdout_test(a_file_gets_a_line_for_each_document_at_once),
        stdout_test(any_document_fits_in_a_batch),
        stdout_test(a_slow_reader_of_a_pipe_is_never_waited_for),
        stdout_test(a_pipe_of_one_page_is_enough),
        stdout_test(a_slow_reader_of_a_socket_is_never_waited_for),
        stdout_test(a_terminal_that_stands_still_is_never_waited_for),
        stdout_test(the_flags_of_the_shared_descriptor_stay_as_they_are),
        stdout_test(a_pipe_that_somebody_else_made_nonblocking_works),
        stdout_test(a_reader_that_left_ends_the_sink_with_the_next_document),
        stdout_test(a_reader_that_left_in_the_middle_of_a_batch_ends_the_sink),
        stdout_test(a_reader_that_left_is_noticed_while_idle),
        stdout_test(an_idle_file_is_not_waited_for),
        stdout_test(a_full_disk_makes_documents_wait_and_is_said_once),
        stdout_test(a_torn_line_is_ended_before_its_document_comes_again),
        stdout_test(after_whole_lines_no_empty_line_follows),
        stdout_test(a_torn_line_stays_torn_until_its_end_is_written),
        stdout_test(without_a_standard_output_there_is_no_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
