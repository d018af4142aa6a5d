// SPDX-License-Identifier: Apache-2.0
// Reaches into the process that waits in a caught ioctl. A pid is only trusted while the kernel
// says that the notification is still alive.
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "caller.h"

bool caller_is_waiting(const struct caller *caller)
{
    uint64_t id = caller->id;
    return ioctl(caller->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool caller_has_socket(const struct caller *caller, int fd)
{
    static const char socket_link[] = "socket:";
    char path[64];
    char link[64];
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)caller->thread, fd);
    ssize_t n = readlink(path, link, sizeof(link));
    if (n < 0) // a /proc that hides other processes proves nothing
        return errno != ENOENT || access("/proc/self/fd", F_OK) != 0;
    return (size_t)n >= strlen(socket_link) && memcmp(link, socket_link, strlen(socket_link)) == 0;
}

// What process_vm_*() moved, as 0 or a negative errno. Anything but a bad address is a fault of the
// rig's surroundings (ptrace restrictions) and is said aloud.
static int check_transfer(const struct caller *caller, ssize_t n_moved, size_t n_wanted)
{
    if (n_moved >= 0)
        return (size_t)n_moved == n_wanted ? 0 : -EFAULT;
    if (errno == EFAULT || errno == ESRCH)
        return -errno;
    fprintf(stderr, "rig: no access to the memory of thread %d: %s\n", (int)caller->thread,
        strerror(errno));
    return -EIO;
}

int caller_read(const struct caller *caller, uint64_t address, void *to, size_t n_bytes)
{
    struct iovec local = {.iov_base = to, .iov_len = n_bytes};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = n_bytes};
    ssize_t n = process_vm_readv(caller->thread, &local, 1, &remote, 1, 0);
    int error = check_transfer(caller, n, n_bytes);
    return caller_is_waiting(caller) ? error : -ENOENT;
}

int caller_write(
    const struct caller *caller, uint64_t address, const struct iovec *parts, size_t n_parts)
{
    struct iovec remote = {.iov_base = (void *)(uintptr_t)address};
    for (size_t i = 0; i < n_parts; i++)
        remote.iov_len += parts[i].iov_len;
    if (!caller_is_waiting(caller))
        return -ENOENT;
    ssize_t n = process_vm_writev(caller->thread, parts, n_parts, &remote, 1, 0);
    return check_transfer(caller, n, remote.iov_len);
}
