// SPDX-License-Identifier: Apache-2.0
// The test rig: runs an unmodified COMMAND and answers its ethtool calls for the interfaces whose
// MAC has a file in DIR. This file owns the loop: notifications, signals, the end of the child.
#include <errno.h>
#include <getopt.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "caller.h"
#include "child.h"
#include "device.h"
#include "replace.h"
#include "tally.h"

enum { EXIT_TROUBLE = 125, EXIT_SIGNAL_BASE = 128 };

struct options {
    const char *pid_path;
    const char *count_path;
    const char *dir;
    char *const *command;
};

struct rig {
    const struct options *options;
    struct device_list devices;
    struct tally tally;
    pid_t child;
    int child_status;
    bool is_over; // the child has ended
    int listener; // -1 when nobody is left who could call
    int signals;
    int socket;
    struct seccomp_notif *request; // sized by the kernel
    size_t request_bytes;
};

// One caught ioctl, as far as it is understood.
struct call {
    struct caller caller;
    struct ifreq ifr;
    uint64_t address; // of the ethtool structure, in the caller
    uint32_t command;
    const struct device *device;
};

static int complain(const char *what, int error)
{
    fprintf(stderr, "rig: %s: %s\n", what, strerror(-error));
    return EXIT_TROUBLE;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_tally(const struct rig *rig)
{
    if (!rig->options->count_path)
        return;
    int error = tally_write(&rig->tally, rig->options->count_path);
    if (error)
        complain(rig->options->count_path, error);
}

static void serve_signal(struct rig *rig)
{
    struct signalfd_siginfo info;
    if (read(rig->signals, &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGUSR2)
        write_tally(rig);
    else if (info.ssi_signo != SIGCHLD)
        kill(rig->child, (int)info.ssi_signo);
    else if (waitpid(rig->child, &rig->child_status, WNOHANG) == rig->child)
        rig->is_over = true;
}

// The device takes its time. Other calls wait too, as they would for the RTNL lock; signals do not.
static void let_pass(struct rig *rig, unsigned int delay_ms)
{
    int64_t end = clock_ms() + delay_ms;
    struct pollfd wait = {.fd = rig->signals, .events = POLLIN};
    for (int64_t left = delay_ms; left > 0 && !rig->is_over; left = end - clock_ms()) {
        if (poll(&wait, 1, (int)left) > 0)
            serve_signal(rig);
    }
}

// The interface's MAC is its device file's name, so renaming the interface changes nothing.
static int find_mac(const struct rig *rig, const char *ifname, char mac[static DEVICE_MAC_BYTES])
{
    struct ifreq ifr = {0};
    memcpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name));
    if (ioctl(rig->socket, SIOCGIFHWADDR, &ifr) != 0)
        return -errno;
    if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
        return -ENOENT;
    const unsigned char *octet = (const unsigned char *)ifr.ifr_hwaddr.sa_data;
    snprintf(mac, DEVICE_MAC_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", octet[0], octet[1], octet[2],
        octet[3], octet[4], octet[5]);
    return 0;
}

// Whatever cannot be read is left to the kernel, which has the right errno for it.
static bool understand(struct rig *rig, struct call *call)
{
    const struct seccomp_data *data = &rig->request->data;
    char mac[DEVICE_MAC_BYTES];
    if (!caller_has_socket(&call->caller, (int)data->args[0]))
        return false;
    if (caller_read(&call->caller, data->args[2], &call->ifr, sizeof(call->ifr)) != 0)
        return false;
    call->ifr.ifr_name[IFNAMSIZ - 1] = '\0';
    call->address = (uintptr_t)call->ifr.ifr_data;
    if (caller_read(&call->caller, call->address, &call->command, sizeof(call->command)) != 0)
        return false;
    if (find_mac(rig, call->ifr.ifr_name, mac) == 0)
        call->device = device_list_find(&rig->devices, mac);
    return call->device != NULL;
}

static int write_answer(const struct call *call, struct answer *answer)
{
    const struct iovec parts[] = {
        {.iov_base = &answer->head, .iov_len = answer->head_bytes},
        {.iov_base = (void *)(uintptr_t)answer->data, .iov_len = answer->data_bytes},
    };
    return caller_write(&call->caller, call->address, parts, 2);
}

// Returns the result of the ioctl, or ANSWER_KERNEL.
static int answer_call(struct rig *rig, const struct call *call)
{
    union answer_head head;
    struct answer answer;
    const struct question question = {.command = call->command,
        .head = &head,
        .socket = rig->socket,
        .ifname = call->ifr.ifr_name};
    size_t n = answer_input_bytes(call->command);
    int error = caller_read(&call->caller, call->address, &head, n);
    if (error)
        return error;
    int result = answer_make(call->device, &question, &answer);
    if (answer.is_from_device && call->device->latency_ms > 0) {
        tally_count(&rig->tally, call->device->mac, TALLY_DELAYED);
        let_pass(rig, call->device->latency_ms);
    }
    return result == 0 ? write_answer(call, &answer) : result;
}

// A caller that was killed meanwhile is no error: ENOENT.
static void respond(const struct rig *rig, int result)
{
    struct seccomp_notif_resp response = {.id = rig->request->id};
    if (result == ANSWER_KERNEL)
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else
        response.error = result;
    if (ioctl(rig->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0 && errno != ENOENT)
        complain("cannot answer a call", -errno);
}

static void serve_call(struct rig *rig)
{
    memset(rig->request, 0, rig->request_bytes);
    if (ioctl(rig->listener, SECCOMP_IOCTL_NOTIF_RECV, rig->request) != 0)
        return;
    struct call call = {
        .caller = {
            .listener = rig->listener, .id = rig->request->id, .thread = (pid_t)rig->request->pid}};
    int result = understand(rig, &call) ? answer_call(rig, &call) : ANSWER_KERNEL;
    const char *who = result == ANSWER_KERNEL ? TALLY_KERNEL : call.device->mac;
    tally_count(&rig->tally, who, call.command);
    respond(rig, result);
}

static void run(struct rig *rig)
{
    while (!rig->is_over) {
        struct pollfd wait[] = {
            {.fd = rig->signals, .events = POLLIN},
            {.fd = rig->listener, .events = POLLIN},
        };
        if (poll(wait, 2, -1) < 0)
            continue;
        if (wait[0].revents)
            serve_signal(rig);
        else if (wait[1].revents & POLLIN)
            serve_call(rig);
        else if (wait[1].revents)
            rig->listener = -1;
    }
}

static int open_signals(struct rig *rig, sigset_t *ret_outside)
{
    static const int served[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
        sigaddset(&set, served[i]);
    sigprocmask(SIG_BLOCK, &set, ret_outside);
    rig->signals = signalfd(-1, &set, SFD_CLOEXEC);
    return rig->signals < 0 ? -errno : 0;
}

static int open_all(struct rig *rig, sigset_t *ret_outside)
{
    struct seccomp_notif_sizes sizes;
    if (syscall(__NR_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
        return complain("no seccomp user notification", -errno);
    rig->request_bytes = sizes.seccomp_notif;
    if (rig->request_bytes < sizeof(*rig->request))
        rig->request_bytes = sizeof(*rig->request);
    rig->request = calloc(1, rig->request_bytes);
    if (!rig->request)
        abort();
    int error = device_list_init(&rig->devices, rig->options->dir);
    if (error)
        return complain(rig->options->dir, error);
    rig->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (rig->socket < 0)
        return complain("socket", -errno);
    error = open_signals(rig, ret_outside);
    return error ? complain("signalfd", error) : 0;
}

static int write_pid(const struct rig *rig)
{
    char text[16];
    if (!rig->options->pid_path)
        return 0;
    snprintf(text, sizeof(text), "%d\n", (int)rig->child);
    int error = replace_file(rig->options->pid_path, text);
    return error ? complain(rig->options->pid_path, error) : 0;
}

static int exit_status(const struct rig *rig)
{
    if (WIFSIGNALED(rig->child_status))
        return EXIT_SIGNAL_BASE + WTERMSIG(rig->child_status);
    return WEXITSTATUS(rig->child_status);
}

static int supervise(struct rig *rig)
{
    sigset_t outside;
    int trouble = open_all(rig, &outside);
    if (trouble)
        return trouble;
    struct child_options options = {.argv = rig->options->command, .mask = &outside};
    int error = child_start(&options, &rig->child, &rig->listener);
    if (error && error != -ECHILD)
        return complain("cannot start the command", error);
    trouble = write_pid(rig);
    if (trouble)
        return trouble;
    run(rig);
    write_tally(rig);
    return exit_status(rig);
}

static void rig_finish(struct rig *rig)
{
    device_list_finish(&rig->devices);
    tally_finish(&rig->tally);
    free(rig->request);
}

static int usage(FILE *out)
{
    fputs("usage: rig [--pid-file FILE] [--count FILE] DIR -- COMMAND [ARG...]\n", out);
    return out == stdout ? 0 : EXIT_TROUBLE;
}

// Returns 0 when the command line is complete, -1 to show the usage.
static int parse_arguments(int argc, char *argv[], struct options *ret_options)
{
    static const struct option longs[] = {
        {"pid-file", required_argument, NULL, 'p'},
        {"count", required_argument, NULL, 'c'},
        {0},
    };
    for (int option; (option = getopt_long(argc, argv, "+p:c:", longs, NULL)) != -1;) {
        if (option == 'p')
            ret_options->pid_path = optarg;
        else if (option == 'c')
            ret_options->count_path = optarg;
        else
            return -1;
    }
    if (argc - optind < 3 || strcmp(argv[optind + 1], "--") != 0)
        return -1;
    ret_options->dir = argv[optind];
    ret_options->command = &argv[optind + 2];
    return 0;
}

int main(int argc, char *argv[])
{
    struct options options = {0};
    if (parse_arguments(argc, argv, &options) != 0)
        return usage(stderr);
    struct rig rig = {
        .options = &options, .listener = -1, .signals = -1, .socket = -1, .devices.dir_fd = -1};
    int status = supervise(&rig);
    rig_finish(&rig);
    return status;
}
