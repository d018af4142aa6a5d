// SPDX-License-Identifier: Apache-2.0
// COMMAND, started with a seccomp filter that reports its SIOCETHTOOL calls to a listener.
#pragma once

#include <signal.h>
#include <sys/types.h>

struct child_options {
    char *const *argv;    // borrowed; NULL-terminated
    const sigset_t *mask; // borrowed; the signal mask COMMAND runs with
};

// Forks. *ret_pid is written as soon as the child exists, even when the call fails later.
// *ret_listener is owned by the caller. Returns 0, -ECHILD when the child ended before COMMAND
// could run (it has said why), or another negative errno.
__attribute__((nonnull)) int child_start(
    const struct child_options *options, pid_t *ret_pid, int *ret_listener);
