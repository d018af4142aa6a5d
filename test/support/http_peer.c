// SPDX-License-Identifier: Apache-2.0
// One poll(2) for both ends.
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base.h"
#include "os/clock.h"
#include "support/http_peer.h"
#include "support/unit.h"

#define PATIENCE_MS 30000

int http_peer_setup(void **state)
{
    struct http_peer *peer = xcalloc(1, sizeof(*peer));
    peer->request = xcalloc(1, PEER_REQUEST_MAX);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(http_curl_create(&(struct http_curl_options){0}, &peer->http), 0);
    loopback_bind(&peer->loopback, AF_INET, false, 0);
    loopback_listen(&peer->loopback, 0, 8);
    snprintf(peer->url, sizeof(peer->url), "http://127.0.0.1:%u/", peer->loopback.port);
    *state = peer;
    return 0;
}

int http_peer_teardown(void **state)
{
    struct http_peer *peer = *state;
    if (peer->http != NULL)
        peer->http->ops->destroy(peer->http);
    close(peer->loopback.fd);
    free(peer->request);
    free(peer);
    return 0;
}

void http_peer_restart(struct http_peer *peer, const struct http_curl_options *options)
{
    peer->http->ops->destroy(peer->http);
    assert_int_equal(http_curl_create(options, &peer->http), 0);
}

struct http_request http_peer_get(const struct http_peer *peer)
{
    return (struct http_request){.method = "GET",
        .url = peer->url,
        .connect_ms = 20000,
        .total_ms = 20000,
        .max_body_bytes = 1 << 20,
        .is_direct = true};
}

struct http_exchange *http_peer_send(struct http_peer *peer, const struct http_request *request)
{
    return peer->http->ops->send(peer->http, request);
}

enum http_outcome http_peer_poll(struct http_peer *peer, const struct http_exchange *exchange)
{
    return peer->http->ops->poll(peer->http, exchange, &peer->response);
}

void http_peer_end(struct http_peer *peer, struct http_exchange *exchange)
{
    peer->http->ops->end(peer->http, exchange);
}

// Waits for `ms` at most, for libcurl or `fd` (-1: none), and lets libcurl work if it asked for it.
// Returns what `fd` is ready for; `ret_has_worked` may be NULL.
static short step(struct http_peer *peer, struct pollfd fd, int ms, bool *ret_has_worked)
{
    struct http *http = peer->http;
    struct pollfd events[] = {{.fd = http->ops->descriptor(http), .events = POLLIN}, fd};
    uint64_t deadline_ns = http->ops->deadline_ns(http), now_ns = clock_now().boot_ns;
    uint64_t wait_ns = (uint64_t)ms * NS_PER_MS;
    if (deadline_ns != 0 && deadline_ns < now_ns + wait_ns)
        wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    struct timespec timeout = {
        .tv_sec = (time_t)(wait_ns / NS_PER_S), .tv_nsec = (long)(wait_ns % NS_PER_S)};
    assert_true(ppoll(events, ARRAY_SIZE(events), &timeout, NULL) >= 0);
    struct now now = clock_now();
    bool is_due = events[0].revents != 0 || (deadline_ns != 0 && now.boot_ns >= deadline_ns);
    if (is_due)
        http->ops->work(http, &now);
    peer->n_works += is_due;
    if (ret_has_worked != NULL)
        *ret_has_worked = is_due;
    return events[1].revents;
}

void http_peer_settle(struct http_peer *peer, int ms)
{
    bool has_worked = true;
    while (has_worked)
        step(peer, (struct pollfd){.fd = -1}, ms, &has_worked);
}

enum http_outcome http_peer_await(struct http_peer *peer, const struct http_exchange *exchange)
{
    uint64_t until_ns = clock_now().boot_ns + PATIENCE_MS * NS_PER_MS;
    enum http_outcome outcome;
    while ((outcome = http_peer_poll(peer, exchange)) == HTTP_BUSY) {
        assert_true(clock_now().boot_ns < until_ns);
        step(peer, (struct pollfd){.fd = -1}, PATIENCE_MS, NULL);
    }
    return outcome;
}

static void work_until(struct http_peer *peer, int fd, short what)
{
    uint64_t until_ns = clock_now().boot_ns + PATIENCE_MS * NS_PER_MS;
    while (step(peer, (struct pollfd){.fd = fd, .events = what}, PATIENCE_MS, NULL) == 0)
        assert_true(clock_now().boot_ns < until_ns);
}

int http_peer_accept(struct http_peer *peer)
{
    work_until(peer, peer->loopback.fd, POLLIN);
    return loopback_accept(&peer->loopback);
}

// The body's length as it is announced; 0 where it is not.
static size_t announced(const char *headers)
{
    const char *at = strcasestr(headers, "\r\nContent-Length:");
    return at == NULL ? 0 : strtoul(at + strlen("\r\nContent-Length:"), NULL, 10);
}

void http_peer_receive(struct http_peer *peer, int fd)
{
    size_t n = 0;
    const char *end = NULL;
    while (end == NULL || n < (size_t)(end - peer->request) + 4 + announced(peer->request)) {
        work_until(peer, fd, POLLIN);
        size_t n_read = loopback_read(fd, peer->request + n, PEER_REQUEST_MAX - 1 - n);
        assert_true(n_read > 0);
        n += n_read;
        peer->request[n] = '\0';
        end = strstr(peer->request, "\r\n\r\n");
    }
    peer->n_header_bytes = (size_t)(end - peer->request) + 4;
    peer->n_body_bytes = n - peer->n_header_bytes;
}

bool http_peer_write(struct http_peer *peer, int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        work_until(peer, fd, POLLOUT);
        ssize_t r = send(fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (r < 0 && errno != EAGAIN)
            return false;
        bytes += r > 0 ? r : 0;
        n -= r > 0 ? (size_t)r : 0;
    }
    return true;
}

bool http_peer_say(struct http_peer *peer, int fd, const char *text)
{
    return http_peer_write(peer, fd, text, strlen(text));
}

enum http_outcome http_peer_serve(
    struct http_peer *peer, const struct http_exchange *exchange, const char *answer, int *ret_fd)
{
    int fd = http_peer_accept(peer);
    http_peer_receive(peer, fd);
    assert_true(http_peer_say(peer, fd, answer));
    *ret_fd = fd;
    return http_peer_await(peer, exchange);
}

static void pass_on(int from, int to)
{
    char bytes[16384];
    size_t n = loopback_read(from, bytes, sizeof(bytes));
    if (n > 0)
        assert_int_equal(send(to, bytes, n, MSG_NOSIGNAL), n);
}

enum http_outcome http_peer_relay(
    struct http_peer *peer, const struct http_exchange *exchange, int fd, int other)
{
    uint64_t until_ns = clock_now().boot_ns + PATIENCE_MS * NS_PER_MS;
    enum http_outcome outcome;
    while ((outcome = http_peer_poll(peer, exchange)) == HTTP_BUSY) {
        assert_true(clock_now().boot_ns < until_ns);
        pass_on(fd, other);
        pass_on(other, fd);
        step(peer, (struct pollfd){.fd = -1}, 1, NULL);
    }
    return outcome;
}
