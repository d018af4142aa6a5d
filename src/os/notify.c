// SPDX-License-Identifier: Apache-2.0
// A datagram of assignments to the socket that NOTIFY_SOCKET names, which is all that sd_notify(3)
// does. By ourselves: libsystemd brings six more libraries and a megabyte for it, and it waits
// where the service manager does not read. Here such a message is lost.
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base.h"
#include "base/parse.h"
#include "os/notify.h"

#define NS_PER_US UINT64_C(1000)

// A path, or an abstract name, for which the variable has an @. 0: neither.
static socklen_t find_address(struct sockaddr_un *ret_address)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path != NULL ? strlen(path) : 0;
    if (n < 2 || n > sizeof(ret_address->sun_path) || (*path != '/' && *path != '@'))
        return 0;
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret_address->sun_path, path, n);
    if (*path == '@')
        ret_address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

static void send_text(const char *text)
{
    struct sockaddr_un address;
    socklen_t length = find_address(&address);
    if (length == 0)
        return;
    scoped_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
            (struct sockaddr *)&address, length);
}

static void send_status(const char *state, const char *status)
{
    scoped_free char *text = xasprintf("%sSTATUS=%s", state, status);
    send_text(text);
}

void notify_ready(const char *status)
{
    send_status("READY=1\n", status);
}

// The time is asked for by units of Type=notify-reload (systemd 253 and later), and tells this
// reload from one before.
void notify_reloading(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
    scoped_free char *text = xasprintf("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_ns / NS_PER_US);
    send_text(text);
}

void notify_stopping(const char *status)
{
    send_status("STOPPING=1\n", status);
}

void notify_alive(void)
{
    send_text("WATCHDOG=1");
}

// Above 0.
static bool read_number(const char *name, uint64_t *ret_value)
{
    const char *text = getenv(name);
    return text != NULL && parse_u64(text, ret_value) && *ret_value > 0;
}

uint64_t notify_watchdog_ns(void)
{
    uint64_t us = 0, pid = 0;
    bool is_for_us = getenv("WATCHDOG_PID") == NULL ||
        (read_number("WATCHDOG_PID", &pid) && pid == (uint64_t)getpid());
    bool is_on = is_for_us && read_number("WATCHDOG_USEC", &us) && us <= UINT64_MAX / NS_PER_US;
    return is_on ? us * NS_PER_US : 0;
}
