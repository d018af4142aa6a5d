// SPDX-License-Identifier: Apache-2.0
// The way to the agent over TCP: when it is tried, which addresses, and what the log says.
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "sink/agent_dialer.h"
#include "support/loopback.h"
#include "support/sink_fixture.h"
#include "support/unit.h"

#define DOCUMENT_BYTES ((size_t)100)

// Longer than a label can be (RFC 1035, 2.3.4): refused without a name server.
#define BAD_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

extern const struct sink_ops sink_agent;

static bool is_ready(const struct sink_fixture *fixture)
{
    return fixture->sink->ops->is_ready(fixture->sink);
}

static uint64_t delay_ns(const struct sink_fixture *fixture)
{
    struct sink_wait wait = sink_fixture_wait(fixture);
    assert_int_equal(wait.fd, -1);
    assert_true(wait.until_ns > fixture->now.boot_ns);
    return wait.until_ns - fixture->now.boot_ns;
}

static void go_to_next_try(struct sink_fixture *fixture)
{
    fixture->now.boot_ns += delay_ns(fixture);
}

static void take_one_batch(struct sink_fixture *fixture)
{
    fixture->answer.ship = SHIP_BUSY;
    sink_fixture_fill(fixture, 0, 1, DOCUMENT_BYTES);
    sink_fixture_submit(fixture);
    assert_int_equal(sink_fixture_until_answer(fixture), SHIP_TAKEN);
}

static void a_new_sink_wants_to_work_at_once(void **state)
{
    struct sink_fixture *fixture = *state;
    sink_fixture_create(fixture, &sink_agent, "tcp://127.0.0.1:25888");
    struct sink_wait wait = sink_fixture_wait(fixture);
    assert_false(is_ready(fixture));
    assert_in_range(wait.until_ns, 1, fixture->now.boot_ns);
}

static void a_bad_endpoint_makes_no_sink(void **state)
{
    (void)state;
    static const char *const bad[] = {NULL, "", "tcp://", "tcp://127.0.0.1:0"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct sink *sink = NULL;
        assert_int_equal(
            sink_agent.create(&(struct sink_setting){.options = &bad[i]}, &sink), -EINVAL);
        assert_null(sink);
    }
    sink_agent.destroy(NULL);
}

static void the_default_endpoint_is_the_agents_own_port(void **state)
{
    (void)state;
    assert_string_equal(sink_agent.table.section, "agent");
    assert_int_equal(sink_agent.table.n_rows, 1);
    assert_string_equal(sink_agent.table.rows[0].name, "endpoint");
    assert_string_equal(sink_agent.table.rows[0].fallback, "tcp://127.0.0.1:25888");
    assert_null(sink_agent.table.rows[0].check(NULL, sink_agent.table.rows[0].fallback));
}

static void an_agent_that_is_not_there_is_tried_from_1_to_10_s(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    static const uint64_t steps_s[] = {1, 2, 4, 8, 10, 10, 10};
    loopback_bind(&loopback, AF_INET, false, 0);
    sink_fixture_create(fixture, &sink_agent, loopback.endpoint);
    for (size_t i = 0; i < ARRAY_SIZE(steps_s); i++) {
        sink_fixture_work(fixture);
        assert_false(is_ready(fixture));
        assert_in_range(delay_ns(fixture), steps_s[i] * NS_PER_S / 2, steps_s[i] * NS_PER_S);
        go_to_next_try(fixture);
    }
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 1);
    assert_int_equal(sink_fixture_logged(fixture, "agent: cannot reach tcp://127.0.0.1:"), 1);
    assert_int_equal(
        sink_fixture_logged(fixture, ": Connection refused; documents wait, trying again\n"), 1);
    close(loopback.fd);
}

static void before_its_time_nothing_is_tried(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    loopback_bind(&loopback, AF_INET, false, 0);
    sink_fixture_create(fixture, &sink_agent, loopback.endpoint);
    sink_fixture_work(fixture);
    loopback_listen(&loopback, 0, 8);
    fixture->now.boot_ns += delay_ns(fixture) - 1;
    sink_fixture_work(fixture);
    assert_false(is_ready(fixture));
    fixture->now.boot_ns++;
    sink_fixture_until_ready(fixture);
    close(loopback.fd);
}

static void an_agent_that_appears_is_reached_within_10_s_and_said_once(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    loopback_bind(&loopback, AF_INET, false, 0);
    sink_fixture_create(fixture, &sink_agent, loopback.endpoint);
    for (int i = 0; i < 20; i++) {
        sink_fixture_work(fixture);
        go_to_next_try(fixture);
    }
    loopback_listen(&loopback, 0, 8);
    sink_fixture_work(fixture);
    assert_true(is_ready(fixture));
    take_one_batch(fixture);
    assert_int_equal(sink_fixture_logged(fixture, "agent: connected to tcp://127.0.0.1:"), 1);
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 2);
    close(loopback.fd);
}

// Closes the listener and the connection, and notices.
static void take_the_agent_away(struct sink_fixture *fixture, struct loopback *loopback)
{
    int fd = loopback_accept(loopback);
    close(loopback->fd);
    close(fd);
    sink_fixture_work(fixture);
    assert_false(is_ready(fixture));
}

static void an_outage_is_said_when_it_begins_and_when_it_ends(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    loopback_bind(&loopback, AF_INET, false, 0);
    loopback_listen(&loopback, 0, 8);
    sink_fixture_create(fixture, &sink_agent, loopback.endpoint);
    sink_fixture_until_ready(fixture);
    take_one_batch(fixture);
    take_the_agent_away(fixture, &loopback);
    go_to_next_try(fixture);
    sink_fixture_work(fixture); // refused: here it begins
    loopback_bind(&loopback, AF_INET, false, loopback.port);
    loopback_listen(&loopback, 0, 8);
    sink_fixture_pass(fixture, 192 * MS_PER_S);
    sink_fixture_work(fixture);
    assert_true(is_ready(fixture));
    assert_int_equal(sink_fixture_logged(fixture, "agent: connected again after 3m12s\n"), 1);
    assert_int_equal(sink_fixture_logged(fixture, "agent: cannot reach "), 1);
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 3);
    close(loopback.fd);
}

static void a_batch_that_was_taken_resets_the_backoff(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    loopback_bind(&loopback, AF_INET, false, 0);
    sink_fixture_create(fixture, &sink_agent, loopback.endpoint);
    for (int i = 0; i < 6; i++) {
        sink_fixture_work(fixture);
        go_to_next_try(fixture);
    }
    loopback_listen(&loopback, 0, 8);
    sink_fixture_work(fixture);
    take_one_batch(fixture);
    take_the_agent_away(fixture, &loopback);
    assert_in_range(delay_ns(fixture), NS_PER_S / 2, NS_PER_S);
}

static void a_peer_that_only_accepts_does_not_reset_it_nor_fill_the_log(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    loopback_bind(&loopback, AF_INET, false, 0);
    loopback_listen(&loopback, 0, 8);
    sink_fixture_create(fixture, &sink_agent, loopback.endpoint);
    for (int i = 0; i < 8; i++) {
        sink_fixture_work(fixture);
        assert_true(is_ready(fixture));
        close(loopback_accept(&loopback));
        sink_fixture_fill(fixture, 0, 1, DOCUMENT_BYTES);
        assert_int_equal(sink_fixture_submit(fixture), SHIP_LATER);
        assert_int_equal(fixture->answer.n_taken, 0);
        if (i >= 4)
            assert_in_range(delay_ns(fixture), 5 * NS_PER_S, 10 * NS_PER_S);
        go_to_next_try(fixture);
    }
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 2);
    assert_int_equal(sink_fixture_logged(fixture, "agent: lost the connection to "), 1);
    sink_fixture_work(fixture);
    take_one_batch(fixture);
    assert_int_equal(sink_fixture_logged(fixture, "agent: connected again after "), 1);
    close(loopback.fd);
}

// A queue of connections to accept that is full makes Linux drop what comes: no answer at all.
static void a_peer_that_does_not_answer_is_given_5_s(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    struct agent_connection fillers[2];
    struct agent_dialer address;
    loopback_bind(&loopback, AF_INET, false, 0);
    loopback_listen(&loopback, 0, 0);
    assert_int_equal(agent_dialer_init(&address, loopback.endpoint), 0);
    for (size_t i = 0; i < ARRAY_SIZE(fillers); i++)
        assert_true(agent_connection_open(&fillers[i], &address.addresses.list[0], false) >= 0);

    sink_fixture_create(fixture, &sink_agent, loopback.endpoint);
    sink_fixture_work(fixture);
    struct sink_wait wait = sink_fixture_wait(fixture);
    assert_true(wait.fd >= 0);
    assert_int_equal(wait.events, POLLOUT);
    assert_int_equal(wait.until_ns, fixture->now.boot_ns + 5 * NS_PER_S);
    fixture->now.boot_ns = wait.until_ns - 1;
    sink_fixture_work(fixture);
    assert_int_equal(sink_fixture_wait(fixture).fd, wait.fd);
    fixture->now.boot_ns = wait.until_ns;
    sink_fixture_work(fixture);
    assert_in_range(delay_ns(fixture), NS_PER_S / 2, NS_PER_S);
    assert_int_equal(sink_fixture_logged(fixture, ": Connection timed out; documents wait"), 1);
    for (size_t i = 0; i < ARRAY_SIZE(fillers); i++)
        agent_connection_close(&fillers[i]);
    close(loopback.fd);
}

static void ipv6_works_where_there_is_any(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    if (!loopback_has(AF_INET6))
        skip();
    loopback_bind(&loopback, AF_INET6, false, 0);
    loopback_listen(&loopback, 0, 8);
    sink_fixture_create(fixture, &sink_agent, loopback.endpoint);
    sink_fixture_until_ready(fixture);
    take_one_batch(fixture);
    assert_int_equal(sink_fixture_logged(fixture, "agent: connected to tcp://[::1]:"), 1);
    close(loopback.fd);
}

static void a_host_name_is_looked_up_and_reached(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    char endpoint[64];
    loopback_bind(&loopback, AF_INET, false, 0);
    loopback_listen(&loopback, 0, 8);
    snprintf(endpoint, sizeof(endpoint), "tcp://localhost:%u", (unsigned int)loopback.port);
    sink_fixture_create(fixture, &sink_agent, endpoint);
    sink_fixture_until_ready(fixture);
    take_one_batch(fixture);
    close(loopback.fd);
}

static void a_name_without_an_address_is_an_outage_as_any_other(void **state)
{
    struct sink_fixture *fixture = *state;
    sink_fixture_create(fixture, &sink_agent, "tcp://" BAD_NAME ":1");
    for (int i = 0; i < 20000 && sink_fixture_logged(fixture, "\n") == 0; i++) {
        sink_fixture_work(fixture);
        sink_fixture_pass(fixture, 10);
        poll(NULL, 0, 1);
    }
    assert_false(is_ready(fixture));
    assert_int_equal(sink_fixture_logged(fixture, "agent: cannot reach tcp://" BAD_NAME), 1);
    assert_in_range(delay_ns(fixture), 1, NS_PER_S);
}

static void add_address(struct agent_dialer *dialer, const struct loopback *loopback)
{
    struct agent_dialer literal;
    assert_int_equal(agent_dialer_init(&literal, loopback->endpoint), 0);
    dialer->addresses.list[dialer->addresses.n++] = literal.addresses.list[0];
}

static void every_address_is_tried_before_it_rests(void **state)
{
    (void)state;
    struct agent_dialer dialer;
    struct loopback deaf, other_deaf, listening;
    struct now now = {.boot_ns = NS_PER_S};
    loopback_bind(&deaf, AF_INET, false, 0);
    loopback_bind(&other_deaf, AF_INET, false, 0);
    loopback_bind(&listening, AF_INET, false, 0);
    assert_int_equal(agent_dialer_init(&dialer, deaf.endpoint), 0);
    add_address(&dialer, &other_deaf);
    add_address(&dialer, &listening);
    assert_int_equal(agent_dialer_work(&dialer, &now), DIALER_FAILED);
    assert_string_equal(dialer.reason, "Connection refused");

    loopback_listen(&listening, 0, 8);
    now.boot_ns += NS_PER_S;
    assert_int_equal(agent_dialer_work(&dialer, &now), DIALER_CONNECTED);
    assert_int_equal(dialer.address_i, 2);
    agent_dialer_finish(&dialer);
    close(deaf.fd);
    close(other_deaf.fd);
    close(listening.fd);
}

static void the_last_good_addresses_serve_when_the_name_does_not_resolve(void **state)
{
    (void)state;
    struct agent_dialer dialer;
    struct loopback loopback;
    struct now now = {.boot_ns = NS_PER_S};
    loopback_bind(&loopback, AF_INET, false, 0);
    loopback_listen(&loopback, 0, 8);
    assert_int_equal(agent_dialer_init(&dialer, "tcp://" BAD_NAME ":1"), 0);
    add_address(&dialer, &loopback);
    int r = 0;
    for (int i = 0; i < 20000 && r == 0; i++) {
        r = agent_dialer_work(&dialer, &now);
        poll(NULL, 0, 1);
    }
    assert_int_equal(r, DIALER_CONNECTED);
    agent_dialer_finish(&dialer);
    close(loopback.fd);
}

// Names and acknowledgements alike.
static void what_has_no_event_is_looked_at_from_50_ms_to_1_s(void **state)
{
    (void)state;
    struct agent_look look = {0};
    struct now now = {.boot_ns = NS_PER_S};
    static const uint64_t steps_ms[] = {50, 100, 200, 400, 800, 1000, 1000};
    for (size_t i = 0; i < ARRAY_SIZE(steps_ms); i++) {
        agent_look_plan(&look, &now);
        assert_int_equal(look.at_ns, now.boot_ns + steps_ms[i] * NS_PER_MS);
        struct now early = {.boot_ns = look.at_ns - 1};
        agent_look_plan(&look, &early);
        assert_int_equal(look.at_ns, now.boot_ns + steps_ms[i] * NS_PER_MS);
        now.boot_ns = look.at_ns;
    }
}

#define NO_NAMESPACE 77

// In a network of its own whose only port for outgoing connections is the one that is dialed.
static int dial_oneself(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return NO_NAMESPACE;
    scoped_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "we");
    if (range == NULL || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
        return NO_NAMESPACE;
    if (fputs("25888 25888", range) < 0 || fclose(range) != 0)
        return NO_NAMESPACE;
    struct agent_dialer dialer;
    struct now now = {.boot_ns = NS_PER_S};
    if (agent_dialer_init(&dialer, "tcp://127.0.0.1:25888") < 0)
        return 1;
    int r = agent_dialer_work(&dialer, &now);
    return r == DIALER_FAILED && strcmp(dialer.reason, "Connection refused") == 0 ? 0 : 2;
}

static void a_connection_with_oneself_is_no_agent(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(dial_oneself());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void connections_after_the_first_are_counted(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    loopback_bind(&loopback, AF_INET, false, 0);
    sink_fixture_create(fixture, &sink_agent, loopback.endpoint);
    for (int i = 0; i < 3; i++) { // nobody listens
        sink_fixture_work(fixture);
        go_to_next_try(fixture);
    }
    loopback_listen(&loopback, 0, 8);
    for (uint64_t n = 0; n < 4; n++) {
        assert_int_equal(fixture->sink->n_reconnects, n > 0 ? n - 1 : 0);
        sink_fixture_until_ready(fixture);
        assert_int_equal(fixture->sink->n_reconnects, n);
        close(loopback_accept(&loopback));
        assert_true(sink_fixture_has_event(fixture, 10000));
        sink_fixture_work(fixture);
        go_to_next_try(fixture);
    }
    close(loopback.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sink_test(a_new_sink_wants_to_work_at_once),
        cmocka_unit_test(a_bad_endpoint_makes_no_sink),
        cmocka_unit_test(the_default_endpoint_is_the_agents_own_port),
        sink_test(an_agent_that_is_not_there_is_tried_from_1_to_10_s),
        sink_test(before_its_time_nothing_is_tried),
        sink_test(an_agent_that_appears_is_reached_within_10_s_and_said_once),
        sink_test(an_outage_is_said_when_it_begins_and_when_it_ends),
        sink_test(a_batch_that_was_taken_resets_the_backoff),
        sink_test(a_peer_that_only_accepts_does_not_reset_it_nor_fill_the_log),
        sink_test(a_peer_that_does_not_answer_is_given_5_s),
        sink_test(ipv6_works_where_there_is_any),
        sink_test(a_host_name_is_looked_up_and_reached),
        sink_test(a_name_without_an_address_is_an_outage_as_any_other),
        cmocka_unit_test(every_address_is_tried_before_it_rests),
        cmocka_unit_test(the_last_good_addresses_serve_when_the_name_does_not_resolve),
        cmocka_unit_test(what_has_no_event_is_looked_at_from_50_ms_to_1_s),
        cmocka_unit_test(a_connection_with_oneself_is_no_agent),
        sink_test(connections_after_the_first_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
