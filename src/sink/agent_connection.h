// SPDX-License-Identifier: Apache-2.0
// One non-blocking socket to the agent, TCP or UDP, and how much of what was written on it the
// peer's kernel has acknowledged. The agent sink owns one.
#pragma once

#include <stdbool.h>

#include "sink/agent_lookup.h"

struct agent_connection {
    int fd; // -1: closed
    bool is_udp;
    bool is_held;          // the peer's window is closed
    size_t n_written;      // bytes since agent_connection_begin()
    size_t n_acknowledged; // of them, when last asked
};

// Outcomes besides 0, where they are named below.
enum { CONNECTION_PENDING = 1, CONNECTION_CLOSED, CONNECTION_TOO_LARGE };

// 0: connected. CONNECTION_PENDING: wait for POLLOUT, then finish. Negative errno: closed again.
must_check int agent_connection_open(
    struct agent_connection *connection, const struct agent_address *address, bool is_udp);
must_check int agent_connection_finish(struct agent_connection *connection);
// Reads and throws away what the peer sent, a part of it per call. CONNECTION_CLOSED: the peer has
// closed its end. Negative errno: the connection has failed.
must_check int agent_connection_drain(struct agent_connection *connection);

// Counts bytes from here; what was written before must have been acknowledged.
void agent_connection_begin(struct agent_connection *connection);
// Writes from n_written on as much as there is room for.
must_check int agent_connection_write(
    struct agent_connection *connection, const char *bytes, size_t n_bytes);
// Asks the kernel anew; also after the connection has failed.
size_t agent_connection_acknowledged(struct agent_connection *connection);
// To call now and then while bytes wait: a peer that does not read is let be, one that is gone is
// given up after a minute.
void agent_connection_watch(struct agent_connection *connection);

// One datagram. CONNECTION_TOO_LARGE: none can be that long. Negative errno: it, or another before
// it, did not arrive; met on this host that is known at once.
must_check int agent_connection_send(
    struct agent_connection *connection, const char *bytes, size_t n_bytes);

// What was not acknowledged cannot arrive later.
void agent_connection_close(struct agent_connection *connection);
