// SPDX-License-Identifier: Apache-2.0
// Starts COMMAND: fork, install the seccomp filter, hand its listener to the rig, exec. The filter
// stops nothing but ioctl(_, SIOCETHTOOL, _), so the child never waits for the rig before exec.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "the rig knows x86_64 and aarch64 only"
#endif

// Since Linux 5.19: once the rig has taken a call only SIGKILL ends it, as in the real ioctl, which
// waits for the device uninterruptibly.
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

// Room for one descriptor in a control message, aligned as the kernel wants it.
union fd_message {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
};

#define LOAD(offset)          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define UNLESS(value, n_skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (n_skip))
#define RETURN(action)        BPF_STMT(BPF_RET | BPF_K, (action))

// Loads of 32 bits at the start of a 64-bit argument see its low half: both machines are little
// endian.
static int install_filter(void)
{
    struct sock_filter steps[] = {
        LOAD(offsetof(struct seccomp_data, arch)),
        UNLESS(NATIVE_ARCH, 5),
        LOAD(offsetof(struct seccomp_data, nr)),
        UNLESS(__NR_ioctl, 3),
        LOAD(offsetof(struct seccomp_data, args[1])),
        UNLESS(SIOCETHTOOL, 1),
        RETURN(SECCOMP_RET_USER_NOTIF),
        RETURN(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(steps) / sizeof(steps[0]), .filter = steps};
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    unsigned long killable = flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    long fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, killable, &program);
    if (fd < 0 && errno == EINVAL)
        fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    return fd < 0 ? -errno : (int)fd;
}

static int send_descriptor(int channel, int fd)
{
    union fd_message control = {0};
    struct iovec byte = {.iov_base = (char[1]){'L'}, .iov_len = 1};
    struct msghdr message = {.msg_iov = &byte,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control)};
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    return sendmsg(channel, &message, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

// Returns the descriptor, or a negative errno; -ECHILD when the other end closed without a word.
static int receive_descriptor(int channel)
{
    union fd_message control = {0};
    struct iovec byte = {.iov_base = (char[1]){0}, .iov_len = 1};
    struct msghdr message = {.msg_iov = &byte,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return -errno;
    if (n == 0 || control.head.cmsg_type != SCM_RIGHTS)
        return -ECHILD;
    int fd;
    memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
    return fd;
}

static int catch_ethtool(int channel)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -errno;
    int listener = install_filter();
    if (listener < 0)
        return listener;
    int error = send_descriptor(channel, listener);
    close(listener);
    close(channel);
    return error;
}

static _Noreturn void become_command(const struct child_options *options, int channel, pid_t rig)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != rig)
        _exit(EXIT_CANNOT_RUN);
    int error = catch_ethtool(channel);
    if (error) {
        fprintf(stderr, "rig: cannot catch ethtool calls: %s\n", strerror(-error));
        _exit(EXIT_CANNOT_RUN);
    }
    signal(SIGINT, SIG_DFL); // ignored by what a shell runs in its background
    sigprocmask(SIG_SETMASK, options->mask, NULL);
    execvp(options->argv[0], options->argv);
    error = errno;
    fprintf(stderr, "rig: %s: %s\n", options->argv[0], strerror(error));
    _exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

int child_start(const struct child_options *options, pid_t *ret_pid, int *ret_listener)
{
    int channel[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0)
        return -errno;
    pid_t rig = getpid();
    pid_t pid = fork();
    int error = pid < 0 ? -errno : 0;
    if (pid == 0)
        become_command(options, channel[1], rig);
    close(channel[1]);
    if (pid > 0) {
        *ret_pid = pid;
        int listener = receive_descriptor(channel[0]);
        if (listener < 0)
            error = listener;
        else
            *ret_listener = listener;
    }
    close(channel[0]);
    return error;
}
