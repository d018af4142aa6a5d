// SPDX-License-Identifier: Apache-2.0
// The system calls of the agent sink, of which none waits.
//
// What was delivered is what the peer's kernel has acknowledged: written minus SIOCOUTQ (tcp(7)),
// which Linux computes as write_seq - snd_una. Measured on 6.18 (loopback): after a RST from the
// peer, after ETIMEDOUT, and after the error was read, with the socket in state CLOSE, the call
// still answers and with the same number as just before: the write queue is freed, the two numbers
// stay. A segment that carries the RST acknowledges nothing, so an error can only make us count too
// little. A closing peer gives no acknowledgement for data that meets it closed.
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sink/agent_connection.h"

#define USER_TIMEOUT_MS   60000
#define KEEPALIVE_IDLE_S  60
#define KEEPALIVE_EVERY_S 15
#define KEEPALIVE_PROBES  4

#define DRAIN_BYTES  4096
#define DRAIN_ROUNDS 16

// A peer that went without a word is noticed within two minutes.
static int set_stream_options(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int)) < 0)
            return -errno;
    return 0;
}

// The error that the kernel keeps for the socket, which asking clears.
static int pending_error(int fd)
{
    int error = 0;
    socklen_t size = sizeof(error);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
}

// Where the port lies in the range for outgoing connections and nobody listens on it, the kernel
// can give our end that very port: TCP then connects the socket with itself (simultaneous open,
// RFC 9293, 3.5), and every document would be acknowledged by nobody.
static bool is_own_echo(int fd)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t n_here = sizeof(here), n_there = sizeof(there);
    return getsockname(fd, (struct sockaddr *)&here, &n_here) == 0 &&
        getpeername(fd, (struct sockaddr *)&there, &n_there) == 0 && n_here == n_there &&
        memcmp(&here, &there, n_here) == 0;
}

int agent_connection_finish(struct agent_connection *connection)
{
    struct pollfd end = {.fd = connection->fd, .events = POLLOUT};
    if (poll(&end, 1, 0) <= 0)
        return CONNECTION_PENDING;
    int r = pending_error(connection->fd);
    if (r == 0 && is_own_echo(connection->fd))
        r = -ECONNREFUSED;
    if (r < 0)
        agent_connection_close(connection);
    return r;
}

static int begin_connect(
    const struct agent_connection *connection, const struct agent_address *address)
{
    int r = connection->is_udp ? 0 : set_stream_options(connection->fd);
    if (r == 0 &&
        connect(connection->fd, (const struct sockaddr *)&address->bytes, address->n_bytes) < 0)
        r = -errno;
    return r == -EINPROGRESS ? 0 : r;
}

// On the loopback interface connect(2) says EINPROGRESS as well, but the answer is there as soon as
// it returns (measured on 6.18), so a look at once saves a wake-up.
int agent_connection_open(
    struct agent_connection *connection, const struct agent_address *address, bool is_udp)
{
    int type = (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(address->bytes.ss_family, type, 0);
    if (fd < 0)
        return -errno;
    *connection = (struct agent_connection){.fd = fd, .is_udp = is_udp};
    int r = begin_connect(connection, address);
    if (r < 0)
        agent_connection_close(connection);
    return r < 0 || is_udp ? r : agent_connection_finish(connection);
}

int agent_connection_drain(struct agent_connection *connection)
{
    char scrap[DRAIN_BYTES];
    for (int i = 0; i < DRAIN_ROUNDS; i++) {
        ssize_t n = recv(connection->fd, scrap, sizeof(scrap), MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0 && !connection->is_udp) // an empty datagram is no end
            return CONNECTION_CLOSED;
    }
    return 0;
}

void agent_connection_begin(struct agent_connection *connection)
{
    connection->n_written = 0;
    connection->n_acknowledged = 0;
}

int agent_connection_write(struct agent_connection *connection, const char *bytes, size_t n_bytes)
{
    while (connection->n_written < n_bytes) {
        ssize_t n = send(connection->fd, bytes + connection->n_written,
            n_bytes - connection->n_written, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        connection->n_written += (size_t)n;
    }
    return 0;
}

size_t agent_connection_acknowledged(struct agent_connection *connection)
{
    int n_queued;
    if (ioctl(connection->fd, SIOCOUTQ, &n_queued) < 0 || n_queued < 0 ||
        (size_t)n_queued > connection->n_written)
        return connection->n_acknowledged;
    size_t n = connection->n_written - (size_t)n_queued;
    if (n > connection->n_acknowledged)
        connection->n_acknowledged = n;
    return connection->n_acknowledged;
}

// TCP_USER_TIMEOUT ends a connection also while the peer answers every probe of its closed window
// (measured: 3.3 s with a timeout of 3 s; the peer still believed in the connection). That would
// pour the next documents into the receive buffer of one more connection that a stuck agent does
// not read, where they count as delivered. Closed is: bytes wait, and none of them is on its way.
// A host that is gone behind a closed window then takes tcp_retries2 probes, about 15 minutes.
void agent_connection_watch(struct agent_connection *connection)
{
    int n_queued, n_unsent;
    if (ioctl(connection->fd, SIOCOUTQ, &n_queued) < 0 ||
        ioctl(connection->fd, SIOCOUTQNSD, &n_unsent) < 0)
        return;
    bool is_held = n_queued > 0 && n_queued == n_unsent;
    unsigned int timeout_ms = is_held ? 0 : USER_TIMEOUT_MS;
    if (is_held != connection->is_held &&
        setsockopt(
            connection->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms)) == 0)
        connection->is_held = is_held;
}

// Where nobody listens on this host the ICMP answer arrives before send(2) returns, and waits in
// SO_ERROR (measured on 6.18, IPv4 and IPv6: 50 of 50 in a tight loop). From another host it comes
// later and is found by the next drain; so is the EMSGSIZE of a router with a smaller MTU, after
// which the kernel cuts the next datagram to fit: only send(2) itself can mean "never".
int agent_connection_send(struct agent_connection *connection, const char *bytes, size_t n_bytes)
{
    if (send(connection->fd, bytes, n_bytes, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return errno == EMSGSIZE ? CONNECTION_TOO_LARGE : -errno;
    return pending_error(connection->fd);
}

// With a linger time of 0 close(2) frees the unacknowledged bytes and sends a RST; otherwise the
// kernel would go on to deliver them while the same documents go out on the next connection. What
// the peer's kernel has acknowledged stays readable there after that RST (measured on 6.18).
void agent_connection_close(struct agent_connection *connection)
{
    if (connection->fd < 0)
        return;
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (!connection->is_udp && agent_connection_acknowledged(connection) < connection->n_written)
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(connection->fd);
    *connection = (struct agent_connection){.fd = -1, .is_udp = connection->is_udp};
}
