// SPDX-License-Identifier: Apache-2.0
// Documents as lines on standard output, for people, pipes and tests: the first sink to read.
// Standard output belongs to the process, and its flags to all who share it (the shell, say), so it
// is not made non-blocking: a write follows poll(2) and is small enough not to wait. Of a terminal
// the sink owns a second, non-blocking description.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "flow/backoff.h"
#include "flow/outage.h"
#include "log.h"
#include "sink.h"
#include "sink/progress.h"

#define STDOUT_BATCH_BYTES    ((size_t)1 << 20) // a document may have as many
#define STDOUT_RETRY_FIRST_NS NS_PER_S
#define STDOUT_RETRY_MAX_NS   (10 * NS_PER_S)

struct stdout_sink {
    struct sink sink;
    int fd;          // standard output, or our own description of its terminal
    bool is_file;    // takes any size without waiting for somebody
    bool has_reader; // a pipe or socket, which tells when the other end is gone
    bool is_resting; // after an error
    bool is_cut;     // a line was begun and not ended
    struct backoff backoff;
    struct outage outage;
    const struct batch *batch; // borrowed; NULL: idle
    size_t n_written;          // bytes of it
};

extern const struct sink_ops sink_stdout;

// A terminal is writable by poll(2) with room for one byte, and then waits for the rest: with one
// that stood still a write of PIPE_BUF bytes hung (measured on 6.18, a pseudo terminal). Where it
// is another user's (su) it cannot be opened again, and the sink waits with the rest of the screen.
static int open_terminal(void)
{
    int fd = -1;
    if (isatty(STDOUT_FILENO))
        fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? STDOUT_FILENO : fd;
}

static int stdout_create(const struct sink_setting *setting, struct sink **ret_sink)
{
    (void)setting;
    struct stat status;
    if (fstat(STDOUT_FILENO, &status) < 0)
        return -errno;
    struct stdout_sink *out = xcalloc(1, sizeof(*out));
    out->sink.ops = &sink_stdout;
    out->fd = open_terminal();
    out->is_file = S_ISREG(status.st_mode);
    out->has_reader = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
    backoff_init(&out->backoff, STDOUT_RETRY_FIRST_NS, STDOUT_RETRY_MAX_NS, 0);
    *ret_sink = &out->sink;
    return 0;
}

static void stdout_limits(const struct sink *sink, struct batch_limits *ret_limits)
{
    (void)sink;
    *ret_limits = (struct batch_limits){
        .item_bytes = STDOUT_BATCH_BYTES,
        .batch_bytes = STDOUT_BATCH_BYTES,
        .batch_items = SIZE_MAX,
    };
}

static bool stdout_is_ready(const struct sink *sink)
{
    const struct stdout_sink *out = (const struct stdout_sink *)sink;
    return !out->is_resting && out->batch == NULL;
}

static void stdout_submit(struct sink *sink, const struct batch *batch)
{
    struct stdout_sink *out = (struct stdout_sink *)sink;
    out->batch = batch;
    out->n_written = 0;
}

// What poll(2) has to say at once about `events`, errors included.
static short look(const struct stdout_sink *out, short events)
{
    struct pollfd state = {.fd = out->fd, .events = events};
    return poll(&state, 1, 0) > 0 ? state.revents : 0;
}

// Nobody reads any more. Only asked of a pipe or socket: a terminal may hang up and come back.
static bool is_deserted(const struct stdout_sink *out)
{
    return out->has_reader && (look(out, 0) & (POLLERR | POLLHUP)) != 0;
}

// One write that does not wait: a pipe that is writable has room for PIPE_BUF bytes (pipe(7)), and
// so has a socket with a buffer of usual size. 0 when there is no room.
static ssize_t write_some(const struct stdout_sink *out, const char *bytes, size_t n_bytes)
{
    if (!out->is_file && look(out, POLLOUT) == 0)
        return 0;
    size_t n = out->is_file || n_bytes < PIPE_BUF ? n_bytes : PIPE_BUF;
    ssize_t r = write(out->fd, bytes, n);
    if (r < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    return r;
}

// 0 as well when there is no more room for now.
static int write_batch(struct stdout_sink *out)
{
    const struct batch *batch = out->batch;
    ssize_t r = 1;
    if (out->is_cut) {
        r = write_some(out, "\n", 1);
        out->is_cut = r <= 0;
    }
    while (r > 0 && out->n_written < batch->n_bytes) {
        r = write_some(out, batch->bytes + out->n_written, batch->n_bytes - out->n_written);
        if (r > 0)
            out->n_written += (size_t)r;
    }
    return r < 0 ? (int)r : 0;
}

static void answer_taken(
    struct stdout_sink *out, const struct now *now, struct ship_answer *ret_answer)
{
    char lasted[OUTAGE_TEXT_MAX];
    if (outage_end(&out->outage, now, lasted))
        log_info("stdout: writing again after %s", lasted);
    backoff_reset(&out->backoff);
    out->batch = NULL;
    ret_answer->ship = SHIP_TAKEN;
}

// What was written of the next item stays there as a torn line; the item comes again whole, on a
// line of its own.
static void answer_later(
    struct stdout_sink *out, const struct now *now, int error, struct ship_answer *ret_answer)
{
    if (outage_begin(&out->outage, now))
        log_warning("stdout: cannot write: %s; documents wait, trying again", strerror(-error));
    backoff_fail(&out->backoff, now);
    out->is_resting = true;
    size_t n_taken = progress_whole_items(out->batch, out->n_written);
    if (out->n_written > 0 && out->batch->bytes[out->n_written - 1] != '\n')
        out->is_cut = true;
    out->batch = NULL;
    *ret_answer = (struct ship_answer){.ship = SHIP_LATER, .n_taken = n_taken};
}

static int stdout_work(struct sink *sink, const struct now *now, struct ship_answer *ret_answer)
{
    struct stdout_sink *out = (struct stdout_sink *)sink;
    *ret_answer = (struct ship_answer){.ship = SHIP_BUSY};
    if (out->is_resting && backoff_is_over(&out->backoff, now))
        out->is_resting = false;
    if (out->batch == NULL)
        return is_deserted(out) ? -EPIPE : 0;
    int r = write_batch(out);
    if (r == -EPIPE)
        return r;
    if (r < 0)
        answer_later(out, now, r, ret_answer);
    else if (out->n_written == out->batch->n_bytes)
        answer_taken(out, now, ret_answer);
    return 0;
}

// Without events poll(2) still reports that the reader is gone, so that `enawatch run | head -1`
// ends with its reader and not with its next document.
static void stdout_wait(const struct sink *sink, struct sink_wait *ret_wait)
{
    const struct stdout_sink *out = (const struct stdout_sink *)sink;
    bool is_busy = out->batch != NULL;
    *ret_wait = (struct sink_wait){
        .fd = is_busy || out->has_reader ? out->fd : -1,
        .events = is_busy ? POLLOUT : 0,
        .until_ns = out->is_resting ? out->backoff.until_ns : 0,
    };
}

static void stdout_destroy(struct sink *sink)
{
    struct stdout_sink *out = (struct stdout_sink *)sink;
    if (out != NULL && out->fd != STDOUT_FILENO)
        close(out->fd);
    free(out);
}

static void stdout_check(const struct sink_setting *setting, struct sink_finding *ret_finding)
{
    (void)setting;
    *ret_finding = (struct sink_finding){.health = SINK_WORKS,
        .text = xstrdup("stdout: a document is a line of the standard output")};
}

const struct sink_ops sink_stdout = {
    .name = "stdout",
    .table = {.section = "stdout"},
    .form = SINK_FORM_EMF,
    .silent_taker = "the standard output",
    .create = stdout_create,
    .limits = stdout_limits,
    .is_ready = stdout_is_ready,
    .submit = stdout_submit,
    .work = stdout_work,
    .wait = stdout_wait,
    .destroy = stdout_destroy,
    .check = stdout_check,
};
