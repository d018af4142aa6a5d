// SPDX-License-Identifier: Apache-2.0
// The other end: sockets on the loopback interface that play the agent. Descriptors belong to the
// caller. Whatever fails here fails the test.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOPBACK_ENDPOINT_MAX 64

struct loopback {
    int fd;
    uint16_t port;
    char endpoint[LOOPBACK_ENDPOINT_MAX]; // tcp://127.0.0.1:port
};

// A socket bound to `port` of the loopback address (0: any), which refuses what comes until
// loopback_listen(). `is_udp` ones receive at once.
void loopback_bind(struct loopback *ret_loopback, int family, bool is_udp, uint16_t port);
bool loopback_has(int family);
// `receive_bytes`: of the receive buffer, 0 for what the kernel likes.
void loopback_listen(const struct loopback *loopback, int receive_bytes, int backlog);
// What came in before; waits for it up to a second.
int loopback_accept(const struct loopback *loopback);

// Everything that is there, up to `size`: read, or only looked at.
size_t loopback_read(int fd, char *bytes, size_t size);
size_t loopback_peek(int fd, char *bytes, size_t size);
// The error that reading meets: 0 for the end, -EAGAIN for nothing yet.
int loopback_end(int fd);

// Ends the connection with a RST.
void loopback_reset(int fd);
