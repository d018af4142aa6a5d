// SPDX-License-Identifier: Apache-2.0
// How long connections are kept, by a clock that the tests move.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "support/http_peer.h"
#include "support/unit.h"
#include "unit/moved_clock.h"

#define OK_HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

// By the way of what goes to AWS, with no proxy set, or to a link-local address.
static struct http_request request_of(const struct http_peer *peer, bool is_direct)
{
    struct http_request request = http_peer_get(peer);
    request.is_direct = is_direct;
    return request;
}

// Whether a second request after so long has the connection of the first.
static bool is_kept_for(struct http_peer *peer, bool is_direct, time_t seconds)
{
    struct http_request request = request_of(peer, is_direct);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1, second_fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    http_peer_end(peer, exchange);
    clock_shift_s += seconds;
    exchange = http_peer_send(peer, &request);
    http_peer_settle(peer, 20);
    char byte;
    bool is_kept = loopback_peek(fd, &byte, 1) == 1;
    if (is_kept) {
        http_peer_receive(peer, fd);
        http_peer_say(peer, fd, OK_HI);
        assert_int_equal(http_peer_await(peer, exchange), HTTP_ANSWERED);
    } else
        assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &second_fd), HTTP_ANSWERED);
    assert_int_equal(peer->response.is_fresh_connection, !is_kept);
    http_peer_end(peer, exchange);
    return is_kept;
}

static void a_connection_is_kept_for_requests_ten_minutes_apart(void **state)
{
    struct http_peer *peer = *state;
    assert_true(is_kept_for(peer, false, 60));
    http_peer_restart(peer, &(struct http_curl_options){0});
    assert_true(is_kept_for(peer, false, 600));
}

static void a_connection_of_long_ago_is_not_trusted(void **state)
{
    struct http_peer *peer = *state;
    assert_false(is_kept_for(peer, false, 1000));
}

// As curl has it: 118 s.
static void a_link_local_connection_is_not_kept_for_as_long(void **state)
{
    struct http_peer *peer = *state;
    assert_true(is_kept_for(peer, true, 60));
    http_peer_restart(peer, &(struct http_curl_options){0});
    assert_false(is_kept_for(peer, true, 600));
}

// The descriptor at our end of the only connection to the peer.
static int our_end(const struct http_peer *peer)
{
    for (int fd = 0; fd < 1024; fd++) {
        struct sockaddr_in address = {.sin_family = AF_UNSPEC};
        socklen_t size = sizeof(address);
        if (getpeername(fd, (struct sockaddr *)&address, &size) == 0 &&
            address.sin_family == AF_INET && ntohs(address.sin_port) == peer->loopback.port)
            return fd;
    }
    fail();
    return -1;
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);
    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

// Probes start before 350 s, after which NAT gateways and connection tracking forget.
static void a_connection_is_kept_alive_but_not_a_link_local_one(void **state)
{
    struct http_peer *peer = *state;
    for (int is_direct = 0; is_direct <= 1; is_direct++) {
        struct http_request request = request_of(peer, is_direct);
        struct http_exchange *exchange = http_peer_send(peer, &request);
        scoped_fd int fd = -1;
        assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
        int ours = our_end(peer);
        assert_int_equal(option_of(ours, SOL_SOCKET, SO_KEEPALIVE), !is_direct);
        if (!is_direct) {
            assert_in_range(option_of(ours, IPPROTO_TCP, TCP_KEEPIDLE), 30, 300);
            assert_in_range(option_of(ours, IPPROTO_TCP, TCP_KEEPINTVL), 10, 300);
        }
        http_peer_restart(peer, &(struct http_curl_options){0});
    }
}

static void programs_that_we_start_get_no_connection(void **state)
{
    struct http_peer *peer = *state;
    struct http_request request = request_of(peer, false);
    struct http_exchange *exchange = http_peer_send(peer, &request);
    scoped_fd int fd = -1;
    assert_int_equal(http_peer_serve(peer, exchange, OK_HI, &fd), HTTP_ANSWERED);
    assert_int_equal(fcntl(our_end(peer), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        http_test(a_connection_is_kept_for_requests_ten_minutes_apart),
        http_test(a_connection_of_long_ago_is_not_trusted),
        http_test(a_link_local_connection_is_not_kept_for_as_long),
        http_test(a_connection_is_kept_alive_but_not_a_link_local_one),
        http_test(programs_that_we_start_get_no_connection),
    };
    setenv("no_proxy", "*", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
