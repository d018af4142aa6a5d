// SPDX-License-Identifier: Apache-2.0
// The contract of a source of samples. A collector owns its descriptor and what it knows of its
// interfaces; the daemon decides when to look. To add one: implement the table, see
// collector/ena.c.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "now.h"
#include "sample.h"

// What one call of collect() came to; negative is never returned: trouble with one interface is
// the collector's to report, once, and must not hold up the others.
enum collect {
    COLLECT_DONE,    // every source was looked at in this tick; the next call starts the next tick
    COLLECT_SAMPLE,  // one source gave a sample
    COLLECT_NOTHING, // one source was looked at and had nothing to give
};

struct tick {
    struct now now;
    bool is_last;  // of its window: the time for what is wanted once a window
    bool is_final; // of the daemon: nothing is left for later that can be had soon
};

struct collector {
    const struct collector_ops *ops;
    uint64_t n_gone; // sources that ended, since the start: nobody tells their counters any more
};

struct collector_ops {
    const char *name;
    // A descriptor that becomes readable when events() has something to do; -1 for none. Both may
    // be NULL.
    int (*descriptor)(const struct collector *collector);
    void (*events)(struct collector *collector, const struct now *now);
    // Looks at one source. Called until it says COLLECT_DONE; in between the daemon looks at
    // signals, and one may end the round early: the next tick begins a new one. `ret_sample` has
    // `read_ns` in any case.
    enum collect (*collect)(
        struct collector *collector, const struct tick *tick, struct sample *ret_sample);
    void (*destroy)(struct collector *collector);
};
