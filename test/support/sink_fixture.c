// SPDX-License-Identifier: Apache-2.0
// A pipeline of one batch and no journal.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "support/sink_fixture.h"
#include "support/unit.h"

#define TURN_MS      10
#define IDLE_TURN_MS 1     // of real time where only the clock is waited for
#define MAX_TURNS    20000 // of 1 to 10 ms: until a thread has looked a name up on any machine

int sink_fixture_setup(void **state)
{
    struct sink_fixture *fixture = xcalloc(1, sizeof(*fixture));
    signal(SIGPIPE, SIG_IGN);
    // Far from 0, which no boot clock says to a program that runs.
    fixture->now = (struct now){.boot_ns = 1000 * NS_PER_S, .wall_ms = 1700000000000};
    fixture->setting = (struct sink_setting){.namespace = "EnaWatch",
        .log_group = "/enawatch/metrics",
        .period_ms = 60000,
        .place = &fixture->place};
    fixture->stderr_fd = dup(STDERR_FILENO);
    fixture->log_fd = memfd_create("log", MFD_CLOEXEC);
    dup2(fixture->log_fd, STDERR_FILENO);
    *state = fixture;
    return fixture->log_fd < 0 ? -1 : 0;
}

void sink_fixture_destroy(struct sink_fixture *fixture)
{
    if (fixture->sink != NULL)
        fixture->sink->ops->destroy(fixture->sink);
    free(fixture->options);
    free(fixture->value);
    fixture->sink = NULL;
    fixture->options = fixture->value = NULL;
}

int sink_fixture_teardown(void **state)
{
    struct sink_fixture *fixture = *state;
    sink_fixture_destroy(fixture);
    batch_finish(&fixture->batch);
    dup2(fixture->stderr_fd, STDERR_FILENO);
    close(fixture->stderr_fd);
    close(fixture->log_fd);
    free(fixture);
    return 0;
}

void sink_fixture_create(
    struct sink_fixture *fixture, const struct sink_ops *ops, const char *value)
{
    assert_null(fixture->options);
    fixture->options = xcalloc(1, ops->table.options_size);
    fixture->value = value != NULL ? xstrdup(value) : NULL;
    if (value != NULL)
        memcpy(fixture->options + ops->table.rows[0].offset, &fixture->value, sizeof(char *));
    fixture->setting.options = fixture->options;
    assert_int_equal(ops->create(&fixture->setting, &fixture->sink), 0);
    assert_ptr_equal(fixture->sink->ops, ops);
}

char *sink_fixture_document(size_t i, size_t n_bytes)
{
    char *text = xcalloc(n_bytes + 1, 1);
    memset(text, 'a' + (int)(i % 26), n_bytes - 1);
    char number[24];
    int length = snprintf(number, sizeof(number), "%06zu ", i);
    assert_true(length > 0 && (size_t)length < n_bytes);
    memcpy(text, number, (size_t)length);
    text[n_bytes - 1] = '\n';
    return text;
}

void sink_fixture_fill(struct sink_fixture *fixture, size_t first, size_t n, size_t n_bytes)
{
    struct batch_limits limits;
    fixture->sink->ops->limits(fixture->sink, &limits);
    if (limits.item_bytes < n_bytes)
        limits.item_bytes = n_bytes;
    if (limits.batch_bytes < n * n_bytes)
        limits.batch_bytes = n * n_bytes;
    batch_reset(&fixture->batch, &limits);
    for (size_t i = first; i < first + n; i++) {
        scoped_free char *document = sink_fixture_document(i, n_bytes);
        assert_int_equal(
            batch_add(&fixture->batch, document, n_bytes - 1, fixture->now.wall_ms), 0);
    }
}

void sink_fixture_note(const char *bytes, size_t n, size_t n_bytes, unsigned int *seen)
{
    const char *end = bytes + n, *newline;
    for (; (newline = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL; bytes = newline + 1) {
        size_t i = strtoul(bytes, NULL, 10);
        scoped_free char *document = sink_fixture_document(i, n_bytes);
        assert_int_equal(newline + 1 - bytes, n_bytes);
        assert_memory_equal(bytes, document, n_bytes);
        seen[i]++;
    }
}

void sink_fixture_pass(struct sink_fixture *fixture, uint64_t ms)
{
    fixture->now.boot_ns += ms * NS_PER_MS;
    fixture->now.wall_ms += (int64_t)ms;
}

enum ship sink_fixture_work(struct sink_fixture *fixture)
{
    fixture->result = fixture->sink->ops->work(fixture->sink, &fixture->now, &fixture->answer);
    return fixture->answer.ship;
}

enum ship sink_fixture_submit(struct sink_fixture *fixture)
{
    assert_true(fixture->sink->ops->is_ready(fixture->sink));
    fixture->sink->ops->submit(fixture->sink, &fixture->batch);
    return sink_fixture_work(fixture);
}

struct sink_wait sink_fixture_wait(const struct sink_fixture *fixture)
{
    struct sink_wait wait;
    fixture->sink->ops->wait(fixture->sink, &wait);
    return wait;
}

bool sink_fixture_has_event(const struct sink_fixture *fixture, int ms)
{
    struct sink_wait wait = sink_fixture_wait(fixture);
    struct pollfd event = {.fd = wait.fd, .events = wait.events};
    return poll(&event, 1, ms) > 0;
}

static void turn(struct sink_fixture *fixture)
{
    bool is_idle = sink_fixture_wait(fixture).fd < 0;
    sink_fixture_has_event(fixture, is_idle ? IDLE_TURN_MS : TURN_MS);
    sink_fixture_pass(fixture, TURN_MS);
    sink_fixture_work(fixture);
}

enum ship sink_fixture_until_answer(struct sink_fixture *fixture)
{
    for (int i = 0; i < MAX_TURNS && fixture->answer.ship == SHIP_BUSY; i++)
        turn(fixture);
    return fixture->answer.ship;
}

void sink_fixture_until_ready(struct sink_fixture *fixture)
{
    sink_fixture_work(fixture);
    for (int i = 0; i < MAX_TURNS && !fixture->sink->ops->is_ready(fixture->sink); i++)
        turn(fixture);
    assert_true(fixture->sink->ops->is_ready(fixture->sink));
}

size_t sink_fixture_logged(struct sink_fixture *fixture, const char *text)
{
    ssize_t n = pread(fixture->log_fd, fixture->log, sizeof(fixture->log) - 1, 0);
    assert_true(n >= 0);
    fixture->log[n] = '\0';
    size_t n_found = 0;
    for (const char *at = fixture->log; (at = strstr(at, text)) != NULL; at += strlen(text))
        n_found++;
    return n_found;
}
