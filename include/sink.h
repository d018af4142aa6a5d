// SPDX-License-Identifier: Apache-2.0
// The contract of a destination. A sink holds nothing but the batch in flight and its own backoff;
// what it cannot take waits in the journal. To add one: a file in src/sink/ that exports
// `const struct sink_ops sink_NAME`, and its name in src/meson.build.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "batch.h"
#include "now.h"
#include "option.h"

// The answer to a batch, given once by work().
enum ship {
    SHIP_BUSY,  // no answer yet
    SHIP_TAKEN, // all of it
    SHIP_LATER, // the first n_taken items; the rest must come again, whole
    SHIP_NEVER, // will not be taken however often it comes: count it and go on
};

struct ship_answer {
    enum ship ship;
    size_t n_taken; // items, with SHIP_LATER
};

// What to wait for: `events` of poll(2) on `fd` (-1: nothing), or the boot time (0: no deadline).
struct sink_wait {
    int fd;
    short events;
    uint64_t until_ns;
};

// What `enawatch check` is told of a destination. Both texts are the caller's.
enum sink_health {
    SINK_WORKS,
    SINK_UNCERTAIN, // nobody can know without sending
    SINK_FAILS,
};

struct sink_finding {
    enum sink_health health;
    char *text;   // where documents would go, and what was found there
    char *remedy; // NULL when it works
};

#define SINK_CHECK_NS (3 * NS_PER_S)

struct sink {
    const struct sink_ops *ops;
    uint64_t n_reconnects; // connections after the first one
};

struct sink_ops {
    const char *name;
    struct option_table table; // its options struct goes to create()
    // 0 and a sink, or negative errno. Never blocks.
    must_check int (*create)(const void *options, struct sink **ret_sink);
    void (*limits)(const struct sink *sink, struct batch_limits *ret_limits);
    // True when a batch would be looked at now; false while connecting or backing off.
    bool (*is_ready)(const struct sink *sink);
    // Takes up a batch; borrowed until work() answers. Never answers itself, never blocks.
    void (*submit)(struct sink *sink, const struct batch *batch);
    // Does what can be done without blocking. Negative errno: the destination is gone for good.
    must_check int (*work)(
        struct sink *sink, const struct now *now, struct ship_answer *ret_answer);
    void (*wait)(const struct sink *sink, struct sink_wait *ret_wait);
    void (*destroy)(struct sink *sink);
    // For `enawatch check`, without a sink: would documents arrive? Sends none, and not one byte of
    // one. The one function here that may block: for SINK_CHECK_NS.
    void (*check)(const void *options, struct sink_finding *ret_finding);
};
