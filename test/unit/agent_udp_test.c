// SPDX-License-Identifier: Apache-2.0
// Documents to the agent over UDP: a datagram each, and what is known of its fate.
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "support/loopback.h"
#include "support/sink_fixture.h"
#include "support/unit.h"

#define LARGEST ((size_t)65507)

extern const struct sink_ops sink_agent;

static bool is_ready(const struct sink_fixture *fixture)
{
    return fixture->sink->ops->is_ready(fixture->sink);
}

static uint64_t delay_ns(const struct sink_fixture *fixture)
{
    return sink_fixture_wait(fixture).until_ns - fixture->now.boot_ns;
}

static void start(struct sink_fixture *fixture, struct loopback *ret_loopback, int family)
{
    loopback_bind(ret_loopback, family, true, 0);
    sink_fixture_create(fixture, &sink_agent, ret_loopback->endpoint);
    sink_fixture_until_ready(fixture);
}

// `n_bytes` with the newline, which the datagram is without.
static void expect_one_datagram(struct sink_fixture *fixture, int fd, size_t i, size_t n_bytes)
{
    sink_fixture_fill(fixture, i, 1, n_bytes);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_TAKEN);
    scoped_free char *bytes = xcalloc(n_bytes, 1);
    assert_int_equal(recv(fd, bytes, n_bytes, MSG_DONTWAIT), n_bytes - 1);
    assert_memory_equal(bytes, fixture->batch.bytes, n_bytes - 1);
    assert_int_equal(recv(fd, bytes, n_bytes, MSG_DONTWAIT), -1);
}

static void each_document_is_a_datagram_without_its_newline(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    start(fixture, &loopback, AF_INET);
    for (size_t i = 0; i < 10; i++)
        expect_one_datagram(fixture, loopback.fd, i, 100 + i);
    assert_int_equal(sink_fixture_logged(fixture, "agent: sending to udp://127.0.0.1:"), 1);
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 1);
    close(loopback.fd);
}

static void the_largest_document_of_the_limits_fits_in_a_datagram(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    struct batch_limits limits;
    start(fixture, &loopback, AF_INET);
    fixture->sink->ops->limits(fixture->sink, &limits);
    assert_int_equal(limits.batch_items, 1);
    assert_int_equal(limits.item_bytes, LARGEST + 1);
    assert_int_equal(limits.batch_bytes, LARGEST + 1);
    expect_one_datagram(fixture, loopback.fd, 0, limits.item_bytes);
    close(loopback.fd);
}

static void a_document_that_no_datagram_holds_is_never_taken(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    start(fixture, &loopback, AF_INET);
    sink_fixture_fill(fixture, 0, 1, LARGEST + 2);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_NEVER);
    assert_true(is_ready(fixture));
    expect_one_datagram(fixture, loopback.fd, 1, 100);
    close(loopback.fd);
}

static void ipv6_works_where_there_is_any(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    if (!loopback_has(AF_INET6))
        skip();
    start(fixture, &loopback, AF_INET6);
    expect_one_datagram(fixture, loopback.fd, 0, 100);
    close(loopback.fd);
}

static void a_refused_document_comes_again_and_is_said_once(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    static const uint64_t steps_s[] = {1, 2, 4, 8, 10, 10};
    start(fixture, &loopback, AF_INET);
    close(loopback.fd);
    uint64_t begun_ns = fixture->now.boot_ns;
    for (size_t i = 0; i < ARRAY_SIZE(steps_s); i++) {
        sink_fixture_fill(fixture, 0, 1, 100);
        assert_int_equal(sink_fixture_submit(fixture), SHIP_LATER);
        assert_int_equal(fixture->answer.n_taken, 0);
        assert_false(is_ready(fixture));
        assert_in_range(delay_ns(fixture), steps_s[i] * NS_PER_S / 2, steps_s[i] * NS_PER_S);
        fixture->now.boot_ns += delay_ns(fixture);
        sink_fixture_work(fixture);
        assert_true(is_ready(fixture));
    }
    assert_int_equal(
        sink_fixture_logged(fixture, ": Connection refused; documents wait, trying again\n"), 1);
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 1);

    loopback_bind(&loopback, AF_INET, true, loopback.port);
    fixture->now.boot_ns = begun_ns + 61 * NS_PER_S;
    expect_one_datagram(fixture, loopback.fd, 0, 100);
    close(loopback.fd);
}

static void an_agent_that_comes_back_is_said_with_the_time_it_took(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    start(fixture, &loopback, AF_INET);
    expect_one_datagram(fixture, loopback.fd, 0, 100);
    close(loopback.fd);
    sink_fixture_fill(fixture, 1, 1, 100);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_LATER);
    loopback_bind(&loopback, AF_INET, true, loopback.port);
    sink_fixture_pass(fixture, 61 * MS_PER_S);
    sink_fixture_work(fixture);
    expect_one_datagram(fixture, loopback.fd, 1, 100);
    assert_int_equal(sink_fixture_logged(fixture, "agent: sending again after 1m01s\n"), 1);
    assert_int_equal(sink_fixture_logged(fixture, "\n"), 3);
    close(loopback.fd);
}

static void what_comes_back_is_thrown_away(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    char byte;
    start(fixture, &loopback, AF_INET);
    sink_fixture_fill(fixture, 0, 1, 100);
    assert_int_equal(sink_fixture_submit(fixture), SHIP_TAKEN);
    assert_int_equal(recvfrom(loopback.fd, &byte, 1, 0, (struct sockaddr *)&from, &size), 1);
    for (int i = 0; i < 10; i++) // empty ones too, which are no end of anything
        assert_true(
            sendto(loopback.fd, "noise", i % 2 ? 5 : 0, 0, (struct sockaddr *)&from, size) >= 0);
    assert_true(sink_fixture_has_event(fixture, 1000));
    sink_fixture_work(fixture);
    assert_false(sink_fixture_has_event(fixture, 0));
    expect_one_datagram(fixture, loopback.fd, 1, 100);
    close(loopback.fd);
}

// A name such as localhost has two addresses, and the agent may listen on the second alone.
static void a_refusing_address_gives_way_to_the_next_one_at_once(void **state)
{
    struct sink_fixture *fixture = *state;
    struct loopback loopback;
    char endpoint[64];
    loopback_bind(&loopback, AF_INET, true, 0);
    snprintf(endpoint, sizeof(endpoint), "udp://localhost:%u", (unsigned int)loopback.port);
    sink_fixture_create(fixture, &sink_agent, endpoint);
    sink_fixture_until_ready(fixture);
    sink_fixture_fill(fixture, 0, 1, 100);
    enum ship ship = SHIP_LATER;
    for (int i = 0; i < 8 && ship == SHIP_LATER; i++)
        ship = sink_fixture_submit(fixture); // ready again without a rest
    assert_int_equal(ship, SHIP_TAKEN);
    close(loopback.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sink_test(each_document_is_a_datagram_without_its_newline),
        sink_test(the_largest_document_of_the_limits_fits_in_a_datagram),
        sink_test(a_document_that_no_datagram_holds_is_never_taken),
        sink_test(ipv6_works_where_there_is_any),
        sink_test(a_refused_document_comes_again_and_is_said_once),
        sink_test(an_agent_that_comes_back_is_said_with_the_time_it_took),
        sink_test(what_comes_back_is_thrown_away),
        sink_test(a_refusing_address_gives_way_to_the_next_one_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
