// SPDX-License-Identifier: Apache-2.0
// The thread that waits in a caught ioctl: its memory and descriptors, seen from outside.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct caller {
    int listener; // borrowed
    uint64_t id;  // of the notification
    pid_t thread;
};

// False when the thread was killed meanwhile: its pid may belong to a stranger by now.
__attribute__((nonnull)) bool caller_is_waiting(const struct caller *caller);

// Whether fd is a socket of the caller's; the kernel has its own errno for anything else.
__attribute__((nonnull)) bool caller_has_socket(const struct caller *caller, int fd);

// Copy between the rig and the caller's address, all or -EFAULT. caller_read() checks afterwards
// that the caller still waits (-ENOENT when not), caller_write() before.
__attribute__((nonnull)) int caller_read(
    const struct caller *caller, uint64_t address, void *to, size_t n_bytes);
__attribute__((nonnull)) int caller_write(
    const struct caller *caller, uint64_t address, const struct iovec *parts, size_t n_parts);
