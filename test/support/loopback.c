// SPDX-License-Identifier: Apache-2.0
// Blocking is allowed here, but bounded.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base.h"
#include "support/loopback.h"
#include "support/unit.h"

static socklen_t loopback_address(int family, uint16_t port, struct sockaddr_storage *ret_address)
{
    memset(ret_address, 0, sizeof(*ret_address));
    if (family == AF_INET) {
        struct sockaddr_in four = {.sin_family = AF_INET,
            .sin_port = htons(port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        memcpy(ret_address, &four, sizeof(four));
        return sizeof(four);
    }
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
    memcpy(ret_address, &six, sizeof(six));
    return sizeof(six);
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    struct sockaddr_in6 six; // the port stands at the same place in both
    memcpy(&six, &address, sizeof(six));
    return ntohs(six.sin6_port);
}

void loopback_bind(struct loopback *ret_loopback, int family, bool is_udp, uint16_t port)
{
    struct sockaddr_storage address;
    socklen_t size = loopback_address(family, port, &address);
    int fd = socket(family, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), on = 1;
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    ret_loopback->fd = fd;
    ret_loopback->port = port_of(fd);
    snprintf(ret_loopback->endpoint, sizeof(ret_loopback->endpoint), "%s://%s:%u",
        is_udp ? "udp" : "tcp", family == AF_INET ? "127.0.0.1" : "[::1]",
        (unsigned int)ret_loopback->port);
}

bool loopback_has(int family)
{
    struct sockaddr_storage address;
    socklen_t size = loopback_address(family, 0, &address);
    scoped_fd int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0;
}

void loopback_listen(const struct loopback *loopback, int receive_bytes, int backlog)
{
    if (receive_bytes > 0)
        assert_int_equal(
            setsockopt(loopback->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes)),
            0);
    assert_int_equal(listen(loopback->fd, backlog), 0);
}

int loopback_accept(const struct loopback *loopback)
{
    struct pollfd event = {.fd = loopback->fd, .events = POLLIN};
    assert_int_equal(poll(&event, 1, 30000), 1);
    int fd = accept4(loopback->fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

size_t loopback_read(int fd, char *bytes, size_t size)
{
    size_t n = 0;
    ssize_t r = 1;
    while (n < size && r > 0) {
        r = recv(fd, bytes + n, size - n, MSG_DONTWAIT);
        n += r > 0 ? (size_t)r : 0;
    }
    return n;
}

size_t loopback_peek(int fd, char *bytes, size_t size)
{
    ssize_t r = recv(fd, bytes, size, MSG_DONTWAIT | MSG_PEEK);
    return r > 0 ? (size_t)r : 0;
}

int loopback_end(int fd)
{
    char byte;
    ssize_t r = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    assert_true(r <= 0);
    return r < 0 ? -errno : 0;
}

void loopback_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    assert_int_equal(close(fd), 0);
}
