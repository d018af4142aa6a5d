// SPDX-License-Identifier: Apache-2.0
// Documents to the agent over TCP: what counts as taken, and what a lost connection leaves. How the
// agent is found and waited for: agent_dialer_test.c.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "support/loopback.h"
#include "support/sink_fixture.h"
#include "support/unit.h"

#define DOCUMENT_BYTES ((size_t)1000)
#define N_DOCUMENTS    ((size_t)190)
#define BATCH_BYTES    (DOCUMENT_BYTES * N_DOCUMENTS)
#define LARGE          ((size_t)8 << 20) // more than any socket buffer of this test holds
#define SMALL_BUFFER   8192
#define DELAYED_ACK_MS 250 // TCP_DELACK_MAX is 200

extern const struct sink_ops sink_agent;

// A connected pair of sink and pretended agent.
static int connect_agent(
    struct sink_fixture *fixture, struct loopback *ret_loopback, int receive_bytes)
{
    loopback_bind(ret_loopback, AF_INET, false, 0);
    loopback_listen(ret_loopback, receive_bytes, 8);
    sink_fixture_create(fixture, &sink_agent, ret_loopback->endpoint);
    sink_fixture_until_ready(fixture);
    return loopback_accept(ret_loopback);
}

static void let_acknowledgements_come(void)
{
    poll(NULL, 0, DELAYED_ACK_MS);
}

// An agent that reads until there is an answer; how much it read.
static size_t read_until_answer(struct sink_fixture *fixture, int fd, char *bytes, size_t size)
{
    size_t n = 0;
    for (int i = 0; i < 5000 && fixture->answer.ship == SHIP_BUSY; i++) {
        n += loopback_read(fd, bytes + n, size - n);
        sink_fixture_has_event(fixture, 1);
        sink_fixture_pass(fixture, 1);
        sink_fixture_work(fixture);
    }
    return n + loopback_read(fd, bytes + n, size - n);
}

static void a_batch_is_taken_and_arrives_whole_and_in_order(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    int fd = connect_agent(fixture, &loopback, 0);
    sink_fixture_fill(fixture, 0, N_DOCUMENTS, DOCUMENT_BYTES);
    sink_fixture_submit(fixture);
    scoped_free char *bytes = xcalloc(BATCH_BYTES + 1, 1);
    assert_int_equal(read_until_answer(fixture, fd, bytes, BATCH_BYTES + 1), BATCH_BYTES);
    assert_int_equal(fixture->answer.ship, SHIP_TAKEN);
    assert_memory_equal(bytes, fixture->batch.bytes, BATCH_BYTES);
    assert_true(fixture->sink->ops->is_ready(fixture->sink));
    assert_int_equal(sink_fixture_wait(fixture).until_ns, 0); // nothing to wake up for
    close(fd);
    close(loopback.fd);
}

static void a_document_is_at_most_200_kib_because_the_agent_cuts_at_256(void **state)
{
    struct sink_fixture *fixture = *state;
    struct batch_limits limits;
    sink_fixture_create(fixture, &sink_agent, "tcp://127.0.0.1:25888");
    fixture->sink->ops->limits(fixture->sink, &limits);
    assert_int_equal(limits.item_bytes, 200 * 1024);
    assert_int_equal(limits.batch_bytes, 200 * 1024);
    assert_int_equal(limits.batch_items, 10000);
}

static uint64_t boot_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

// The daemon's loop on the real clock, for this sink alone.
static unsigned int count_wake_ups_until_answer(struct sink_fixture *fixture)
{
    unsigned int n_wake_ups = 0;
    while (fixture->answer.ship == SHIP_BUSY && n_wake_ups < 100) {
        struct sink_wait wait = sink_fixture_wait(fixture);
        uint64_t now_ns = boot_ns();
        int ms = wait.until_ns > now_ns ? (int)((wait.until_ns - now_ns) / NS_PER_MS) + 1 : 0;
        sink_fixture_has_event(fixture, ms);
        fixture->now.boot_ns = boot_ns();
        sink_fixture_work(fixture);
        n_wake_ups++;
    }
    return n_wake_ups;
}

// An agent of its own process, which does nothing but read.
static pid_t start_reading(const struct sink_fixture *fixture, int fd)
{
    pid_t reader = fork();
    if (reader == 0) {
        char scrap[65536];
        close(sink_fixture_wait(fixture).fd); // or the connection would never end
        while (read(fd, scrap, sizeof(scrap)) > 0)
            ;
        _exit(0);
    }
    close(fd);
    return reader;
}

// Of some batches: the agent is idle in those in which the machine lets it run.
static unsigned int fewest_wake_ups(struct sink_fixture *fixture, size_t n_documents)
{
    unsigned int n_fewest = UINT_MAX;
    for (int i = 0; i < 20 && n_fewest > 1; i++) {
        fixture->answer.ship = SHIP_BUSY;
        sink_fixture_fill(fixture, 0, n_documents, DOCUMENT_BYTES);
        fixture->now.boot_ns = boot_ns();
        sink_fixture_submit(fixture);
        unsigned int n_wake_ups = count_wake_ups_until_answer(fixture);
        n_fewest = n_wake_ups < n_fewest ? n_wake_ups : n_fewest;
        assert_int_equal(fixture->answer.ship, SHIP_TAKEN);
    }
    return n_fewest;
}

static void an_idle_agent_costs_at_most_one_wake_up_more_per_batch(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    fixture->now.boot_ns = boot_ns();
    pid_t reader = start_reading(fixture, connect_agent(fixture, &loopback, 0));
    static const size_t n_documents[] = {1, 1, 3, 50, 204, 1, 204, 204, 1, 1, 1, 1};
    for (size_t i = 0; i < ARRAY_SIZE(n_documents); i++)
        assert_in_range(fewest_wake_ups(fixture, n_documents[i]), 0, 1);
    sink_fixture_destroy(fixture);
    assert_int_equal(waitpid(reader, NULL, 0), reader);
    close(loopback.fd);
}

static void an_idle_sink_waits_for_the_end_and_for_no_time(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    int fd = connect_agent(fixture, &loopback, 0);
    struct sink_wait wait = sink_fixture_wait(fixture);
    assert_int_equal(wait.events, POLLIN | POLLRDHUP);
    assert_int_equal(wait.until_ns, 0);
    assert_false(sink_fixture_has_event(fixture, 0));
    close(fd);
    assert_true(sink_fixture_has_event(fixture, 1000));
    sink_fixture_work(fixture);
    assert_int_equal(fixture->answer.ship, SHIP_BUSY);
    assert_false(fixture->sink->ops->is_ready(fixture->sink));
    close(loopback.fd);
}

static void a_connection_closed_between_batches_loses_nothing(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    unsigned int seen[20] = {0};
    char bytes[20 * DOCUMENT_BYTES];
    int fd = connect_agent(fixture, &loopback, 0);
    for (size_t i = 0; i < 20; i++) {
        fixture->answer.ship = SHIP_BUSY;
        sink_fixture_fill(fixture, i, 1, DOCUMENT_BYTES);
        sink_fixture_submit(fixture);
        assert_int_equal(sink_fixture_until_answer(fixture), SHIP_TAKEN);
        sink_fixture_note(bytes, loopback_read(fd, bytes, sizeof(bytes)), DOCUMENT_BYTES, seen);
        close(fd);
        sink_fixture_until_ready(fixture);
        fd = loopback_accept(&loopback);
    }
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(seen[i], 1);
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 1); // that it is connected
    close(fd);
    close(loopback.fd);
}

static void nothing_is_written_to_an_agent_that_has_closed(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    char byte;
    int fd = connect_agent(fixture, &loopback, 0);
    assert_int_equal(shutdown(fd, SHUT_WR), 0); // it could still read
    sink_fixture_fill(fixture, 0, 3, DOCUMENT_BYTES);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_LATER);
    assert_int_equal(fixture->answer.n_taken, 0);
    assert_int_equal(loopback_read(fd, &byte, 1), 0);
    assert_int_equal(sink_fixture_logged(fixture, "closed by the agent; documents wait"), 1);
    close(fd);
    close(loopback.fd);
}

// The agent read everything and left before we looked for its acknowledgement.
static void an_agent_that_read_everything_and_closed_has_taken_it(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    int fd = connect_agent(fixture, &loopback, SMALL_BUFFER);
    scoped_free char *bytes = xcalloc(LARGE, 1);
    sink_fixture_fill(fixture, 0, N_DOCUMENTS, DOCUMENT_BYTES);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_BUSY);
    size_t n = 0;
    for (int i = 0; i < 500 && n < BATCH_BYTES; i++) {
        n += loopback_read(fd, bytes, LARGE);
        poll(NULL, 0, 1);
    }
    assert_int_equal(n, BATCH_BYTES);
    close(fd);
    assert_int_equal(sink_fixture_work(fixture), SHIP_TAKEN);
    assert_false(fixture->sink->ops->is_ready(fixture->sink));
    close(loopback.fd);
}

static int user_timeout_ms(const struct sink_fixture *fixture)
{
    int timeout_ms = -1;
    socklen_t size = sizeof(timeout_ms);
    int fd = sink_fixture_wait(fixture).fd;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, &size), 0);
    return timeout_ms;
}

// Works once a second for ten minutes of the test's clock.
static void stay_stuck(struct sink_fixture *fixture)
{
    for (int i = 0; i < 600; i++) {
        struct sink_wait wait = sink_fixture_wait(fixture);
        assert_in_range(wait.until_ns, 1, fixture->now.boot_ns + NS_PER_S);
        sink_fixture_pass(fixture, 1000);
        assert_int_equal(sink_fixture_work(fixture), SHIP_BUSY);
    }
}

static void a_stuck_agent_is_waited_for_and_then_gets_everything(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    int fd = connect_agent(fixture, &loopback, SMALL_BUFFER);
    sink_fixture_fill(fixture, 0, LARGE / DOCUMENT_BYTES, DOCUMENT_BYTES);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_BUSY);
    assert_int_equal(sink_fixture_wait(fixture).events, POLLIN | POLLRDHUP | POLLOUT);
    let_acknowledgements_come();
    assert_false(sink_fixture_has_event(fixture, 0));
    stay_stuck(fixture);
    assert_int_equal(user_timeout_ms(fixture), 0); // its kernel answers: it is not dead

    scoped_free char *bytes = xcalloc(LARGE, 1);
    size_t n = read_until_answer(fixture, fd, bytes, LARGE);
    assert_int_equal(fixture->answer.ship, SHIP_TAKEN);
    assert_int_equal(n, fixture->batch.n_bytes);
    assert_memory_equal(bytes, fixture->batch.bytes, n);
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 1);
    close(fd);
    close(loopback.fd);
}

static void the_timeout_is_back_when_the_agent_reads_again(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    int fd = connect_agent(fixture, &loopback, SMALL_BUFFER);
    scoped_free char *bytes = xcalloc(LARGE, 1);
    assert_int_equal(user_timeout_ms(fixture), 60000);
    sink_fixture_fill(fixture, 0, N_DOCUMENTS, DOCUMENT_BYTES);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_BUSY);
    let_acknowledgements_come();
    sink_fixture_work(fixture);
    assert_int_equal(user_timeout_ms(fixture), 0);
    read_until_answer(fixture, fd, bytes, LARGE);
    assert_int_equal(fixture->answer.ship, SHIP_TAKEN);
    assert_int_equal(user_timeout_ms(fixture), 60000);
    close(fd);
    close(loopback.fd);
}

// Sends documents n_taken and following on the next connection; notes what arrives there.
static void send_the_rest(struct sink_fixture *fixture, const struct loopback *loopback,
    size_t n_taken, unsigned int *seen)
{
    scoped_free char *bytes = xcalloc(BATCH_BYTES, 1);
    fixture->answer.ship = SHIP_BUSY;
    sink_fixture_pass(fixture, 1000);
    sink_fixture_until_ready(fixture);
    int fd = loopback_accept(loopback);
    sink_fixture_fill(fixture, n_taken, N_DOCUMENTS - n_taken, DOCUMENT_BYTES);
    sink_fixture_submit(fixture);
    size_t n = read_until_answer(fixture, fd, bytes, BATCH_BYTES);
    assert_int_equal(fixture->answer.ship, SHIP_TAKEN);
    sink_fixture_note(bytes, n, DOCUMENT_BYTES, seen);
    close(fd);
}

// `n_read`: what a slow reader has read when it is reset; the rest of what its kernel has is looked
// at, which gives no room for more.
static void lose_a_batch_by_reset(struct sink_fixture *fixture, size_t n_read)
{
    struct loopback loopback;
    unsigned int seen[N_DOCUMENTS] = {0};
    scoped_free char *bytes = xcalloc(BATCH_BYTES, 1);
    int fd = connect_agent(fixture, &loopback, SMALL_BUFFER);
    sink_fixture_fill(fixture, 0, N_DOCUMENTS, DOCUMENT_BYTES);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_BUSY);
    size_t n = loopback_read(fd, bytes, n_read);
    let_acknowledgements_come();
    n += loopback_peek(fd, bytes + n, BATCH_BYTES - n);
    assert_in_range(n, 1, BATCH_BYTES - 1);
    sink_fixture_note(bytes, n, DOCUMENT_BYTES, seen);

    loopback_reset(fd);
    assert_true(sink_fixture_has_event(fixture, 1000));
    assert_int_equal(sink_fixture_work(fixture), SHIP_LATER);
    assert_int_equal(fixture->answer.n_taken, n / DOCUMENT_BYTES);
    send_the_rest(fixture, &loopback, fixture->answer.n_taken, seen);
    for (size_t i = 0; i < N_DOCUMENTS; i++)
        assert_int_equal(seen[i], 1);
    close(loopback.fd);
}

static void a_reset_of_an_agent_that_read_nothing_loses_nothing(void **state)
{
    lose_a_batch_by_reset(*state, 0);
}

static void a_reset_in_the_middle_of_a_document_loses_nothing(void **state)
{
    lose_a_batch_by_reset(*state, 50500);
}

// All that was written has been read, but it is not all of the batch.
static void a_reset_while_bytes_are_unwritten_counts_what_arrived(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    int fd = connect_agent(fixture, &loopback, SMALL_BUFFER);
    scoped_free char *bytes = xcalloc(LARGE, 1);
    size_t n = 0;
    sink_fixture_fill(fixture, 0, LARGE / DOCUMENT_BYTES, DOCUMENT_BYTES);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_BUSY);
    for (int i = 0, n_quiet = 0; i < 5000 && n_quiet < DELAYED_ACK_MS; i++) {
        size_t n_more = loopback_read(fd, bytes + n, LARGE - n);
        n_quiet = n_more == 0 ? n_quiet + 1 : 0;
        n += n_more;
        poll(NULL, 0, 1);
    }
    loopback_reset(fd);
    assert_int_equal(sink_fixture_work(fixture), SHIP_LATER);
    assert_in_range(n, 1, fixture->batch.n_bytes - 1);
    assert_int_equal(fixture->answer.n_taken, n / DOCUMENT_BYTES);
    close(loopback.fd);
}

// The agent has closed its end and reads on slowly: what was on its way must not reach it after the
// same documents were answered "later".
static void what_was_not_taken_cannot_arrive_late(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    scoped_free char *bytes = xcalloc(BATCH_BYTES, 1);
    int fd = connect_agent(fixture, &loopback, SMALL_BUFFER);
    sink_fixture_fill(fixture, 0, N_DOCUMENTS, DOCUMENT_BYTES);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_BUSY);
    let_acknowledgements_come();
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(sink_fixture_work(fixture), SHIP_LATER);
    assert_in_range(fixture->answer.n_taken, 1, N_DOCUMENTS - 1);
    size_t n = 0;
    for (int i = 0; i < 100; i++) {
        n += loopback_read(fd, bytes + n, BATCH_BYTES - n);
        poll(NULL, 0, 1);
    }
    assert_int_equal(n / DOCUMENT_BYTES, fixture->answer.n_taken);
    close(fd);
    close(loopback.fd);
}

static void destroying_the_sink_drops_what_was_not_taken(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    scoped_free char *bytes = xcalloc(BATCH_BYTES, 1);
    int fd = connect_agent(fixture, &loopback, SMALL_BUFFER);
    sink_fixture_fill(fixture, 0, N_DOCUMENTS, DOCUMENT_BYTES);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_BUSY);
    sink_fixture_destroy(fixture);
    poll(NULL, 0, 20);
    assert_in_range(loopback_read(fd, bytes, BATCH_BYTES), 1, BATCH_BYTES - 1);
    close(fd);
    close(loopback.fd);
}

static void destroying_the_sink_after_all_is_taken_ends_the_stream_in_order(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    char bytes[DOCUMENT_BYTES];
    int fd = connect_agent(fixture, &loopback, 0);
    sink_fixture_fill(fixture, 0, 1, DOCUMENT_BYTES);
    sink_fixture_submit(fixture);
    assert_int_equal(sink_fixture_until_answer(fixture), SHIP_TAKEN);
    sink_fixture_destroy(fixture);
    assert_int_equal(loopback_read(fd, bytes, sizeof(bytes)), sizeof(bytes));
    assert_int_equal(loopback_end(fd), 0);
    close(fd);
    close(loopback.fd);
}

static void what_the_agent_sends_is_thrown_away_a_part_at_a_time(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    int fd = connect_agent(fixture, &loopback, 0);
    scoped_free char *noise = xcalloc(LARGE, 1);
    ssize_t n = send(fd, noise, LARGE, MSG_DONTWAIT);
    assert_true(n > 100000);
    sink_fixture_work(fixture);
    assert_true(sink_fixture_has_event(fixture, 0)); // there is more
    sink_fixture_fill(fixture, 0, 3, DOCUMENT_BYTES);
    sink_fixture_submit(fixture);
    assert_int_equal(sink_fixture_until_answer(fixture), SHIP_TAKEN);
    close(fd);
    for (int i = 0; i < 5000 && fixture->sink->ops->is_ready(fixture->sink); i++)
        sink_fixture_work(fixture);
    assert_false(fixture->sink->ops->is_ready(fixture->sink));
    close(loopback.fd);
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);
    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static void the_socket_is_set_up_for_small_batches_and_dead_peers(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    int fd = connect_agent(fixture, &loopback, 0);
    int own_fd = sink_fixture_wait(fixture).fd;
    assert_true((fcntl(own_fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(own_fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_not_equal(option_of(own_fd, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_not_equal(option_of(own_fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    assert_int_equal(option_of(own_fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 60000);
    close(fd);
    close(loopback.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sink_test(a_batch_is_taken_and_arrives_whole_and_in_order),
        sink_test(a_document_is_at_most_200_kib_because_the_agent_cuts_at_256),
        sink_test(an_idle_agent_costs_at_most_one_wake_up_more_per_batch),
        sink_test(an_idle_sink_waits_for_the_end_and_for_no_time),
        sink_test(a_connection_closed_between_batches_loses_nothing),
        sink_test(nothing_is_written_to_an_agent_that_has_closed),
        sink_test(an_agent_that_read_everything_and_closed_has_taken_it),
        sink_test(a_stuck_agent_is_waited_for_and_then_gets_everything),
        sink_test(the_timeout_is_back_when_the_agent_reads_again),
        sink_test(a_reset_of_an_agent_that_read_nothing_loses_nothing),
        sink_test(a_reset_in_the_middle_of_a_document_loses_nothing),
        sink_test(a_reset_while_bytes_are_unwritten_counts_what_arrived),
        sink_test(what_was_not_taken_cannot_arrive_late),
        sink_test(destroying_the_sink_drops_what_was_not_taken),
        sink_test(destroying_the_sink_after_all_is_taken_ends_the_stream_in_order),
        sink_test(what_the_agent_sends_is_thrown_away_a_part_at_a_time),
        sink_test(the_socket_is_set_up_for_small_batches_and_dead_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
