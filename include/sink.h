// SPDX-License-Identifier: Apache-2.0
// The contract of a destination. A sink holds nothing but the batch in flight and its own backoff;
// what it cannot take waits in the journal. It never looks inside an item. To add one: a file in
// src/sink/ that exports `const struct sink_ops sink_NAME`, and its name in src/meson.build.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "batch.h"
#include "now.h"
#include "option.h"
#include "place.h"

struct http;         // os/http.h
struct aws_profiles; // aws/profile.h

// What the items of its batches are.
enum sink_form {
    SINK_FORM_EMF,   // EMF documents
    SINK_FORM_DATUM, // JSON of one MetricDatum each (PutMetricData model 2010-08-01)
};

// What a sink is made from. All texts and pointers in it are borrowed for as long as the sink
// lives.
struct sink_setting {
    const void *options; // its own options struct
    const char *namespace;
    const char *log_group;
    uint64_t period_ms; // of a window
    bool is_high_resolution;
    struct http *http;                   // this and the next: never NULL for a sink that needs HTTP
    const struct aws_profiles *profiles; // of AWS's shared files
    const char *imds_endpoint;           // NULL: the metadata service is not to be asked
    const struct place *place;           // filled anew before each work()
};

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
    // With SHIP_TAKEN and SHIP_LATER, for each item that is said to be taken: not 0 when it was
    // refused for good, which the sink has said. Borrowed until the next submit; NULL: none was.
    const unsigned char *is_refused;
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
    uint64_t n_reconnects;    // connections after the first one
    uint64_t n_maybe_doubled; // items that were sent again though they may have been taken before
};

struct sink_ops {
    const char *name;
    struct option_table table; // its options struct goes to create()
    enum sink_form form;
    bool needs_http;
    // In words, who takes batches and never says whether they arrive: SHIP_TAKEN is only that they
    // were handed over. NULL: the destination itself acknowledges them.
    const char *silent_taker;
    // 0 and a sink, or negative errno. Never blocks.
    must_check int (*create)(const struct sink_setting *setting, struct sink **ret_sink);
    void (*limits)(const struct sink *sink, struct batch_limits *ret_limits);
    // True when a batch would be looked at now; false while connecting or backing off.
    bool (*is_ready)(const struct sink *sink);
    // Takes up a batch; borrowed until work() answers. Never answers itself, never blocks.
    void (*submit)(struct sink *sink, const struct batch *batch);
    // Does what can be done without blocking. Negative errno: the destination is gone for good.
    must_check int (*work)(
        struct sink *sink, const struct now *now, struct ship_answer *ret_answer);
    void (*wait)(const struct sink *sink, struct sink_wait *ret_wait);
    // The end is near: no spreading and no long rests from now on. May be NULL.
    void (*hurry)(struct sink *sink);
    void (*destroy)(struct sink *sink);
    // For `enawatch check`, without a sink: would documents arrive? Sends none, and not one byte of
    // one. The one function here that may block: for SINK_CHECK_NS.
    void (*check)(const struct sink_setting *setting, struct sink_finding *ret_finding);
};
