// SPDX-License-Identifier: Apache-2.0
// Drives one sink as the pipeline does, with a clock that only the test moves, real descriptors,
// and the log caught. The test owns it.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "batch.h"
#include "sink.h"

#define FIXTURE_LOG_MAX 16384

struct sink_fixture {
    struct sink *sink;
    struct sink_setting setting; // the defaults, without options; the test's to change
    struct place place;          // nothing is known
    char *options, *value;       // of the sink
    struct now now;
    struct batch batch;
    struct ship_answer answer; // the last one
    int result;                // of the last work()
    int log_fd, stderr_fd;
    char log[FIXTURE_LOG_MAX];
};

// cmocka setup and teardown; *state is the fixture. Also ignores SIGPIPE, as the daemon does.
int sink_fixture_setup(void **state);
int sink_fixture_teardown(void **state);

#define sink_test(function)                                                                        \
    cmocka_unit_test_setup_teardown(function, sink_fixture_setup, sink_fixture_teardown)

// Makes the sink; `value` is that of the first option row, NULL when it has none.
void sink_fixture_create(
    struct sink_fixture *fixture, const struct sink_ops *ops, const char *value);
void sink_fixture_destroy(struct sink_fixture *fixture);

// The batch: documents `first` to first + n - 1, each of `n_bytes` with its newline. Its limits are
// those of the sink unless it needs more.
void sink_fixture_fill(struct sink_fixture *fixture, size_t first, size_t n, size_t n_bytes);
// The text of one of them, newline included, in memory of the caller.
char *sink_fixture_document(size_t i, size_t n_bytes);
// Adds to seen[i] for each whole document i in `bytes`; fails where a line is none of them, but for
// a last one that is torn.
void sink_fixture_note(const char *bytes, size_t n, size_t n_bytes, unsigned int *seen);

void sink_fixture_pass(struct sink_fixture *fixture, uint64_t ms);
enum ship sink_fixture_work(struct sink_fixture *fixture);
// Submits the batch and calls work() once.
enum ship sink_fixture_submit(struct sink_fixture *fixture);
struct sink_wait sink_fixture_wait(const struct sink_fixture *fixture);
// Whether what the sink waits for on its descriptor happens within `ms` of real time.
bool sink_fixture_has_event(const struct sink_fixture *fixture, int ms);
// Works at every event and at every 10 ms of the fixture's clock until there is an answer, or the
// sink is ready; for 5 s at most.
enum ship sink_fixture_until_answer(struct sink_fixture *fixture);
void sink_fixture_until_ready(struct sink_fixture *fixture);

// How often `text` stands in the log; all of it is then in `log`.
size_t sink_fixture_logged(struct sink_fixture *fixture, const char *text);
