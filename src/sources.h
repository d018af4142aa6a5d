// SPDX-License-Identifier: Apache-2.0
// The collectors of a daemon, asked one after the other as if they were one. Owned by the daemon;
// owns them.
#pragma once

#include <poll.h>

#include "collector.h"

#define SOURCES_MAX 3

// All zero is none.
struct sources {
    size_t n_collectors;
    struct collector *collectors[SOURCES_MAX];
    size_t at;        // in the running tick
    uint64_t tick_ns; // boot clock of the running tick
};

// Takes ownership. In the order in which they are to be asked.
void sources_add(struct sources *sources, struct collector *collector);
void sources_finish(struct sources *sources);

// As collector_ops.collect: COLLECT_DONE when all have been asked in this tick.
enum collect sources_collect(
    struct sources *sources, const struct tick *tick, struct sample *ret_sample);

// How many of what they read ended, since the start.
uint64_t sources_n_gone(const struct sources *sources);

// What to wait for: fills one per collector, and returns how many there are.
size_t sources_wait(const struct sources *sources, struct pollfd ret_fds[static SOURCES_MAX]);
// To be called with what poll(2) made of them.
void sources_events(struct sources *sources, const struct pollfd *fds, const struct now *now);
