// SPDX-License-Identifier: Apache-2.0
// The story in one place: sample -> delta -> window -> record -> journal -> item -> sink. Owned by
// the daemon; owns nothing but what stands between collector and sink.
#pragma once

#include "collector.h"
#include "encode/encoder.h"
#include "flow/delta.h"
#include "flow/window.h"
#include "health.h"
#include "identity/identity.h"
#include "sink.h"
#include "store/journal.h"

struct pipeline_options {
    const struct delta_options *delta;
    const struct window_options *window;
    const struct encoder_options *encoder;
    const struct journal_options *journal;
    uint64_t sample_ms;
};

struct pipeline {
    const struct catalog *catalog; // borrowed, as are the next two
    struct identity *identity;
    struct sink *sink;
    struct delta_table deltas;
    struct window window;
    struct encoder encoder;
    struct journal journal;
    struct batch batch; // in flight
    bool is_in_flight;
    bool is_hurried;           // records do not wait for their labels any more
    bool is_waiting;           // all records wait for labels, since the identity had ...
    uint64_t n_changes_waited; // ... so many changes
    int64_t clock_offset_ms;   // of the last tick
    bool is_dropping;          // said that the journal is full
    struct start start;        // of this daemon
    uint64_t next_sequence;
    uint64_t n_windows; // closed with at least one record
    uint64_t n_told_dropped;
    unsigned int told_nothing;  // enum metric_scope bits: of whose records nothing can be published
    unsigned int told_verdicts; // in this window
    struct health health;
    struct delta delta; // of the sample in hand
};

// `boot` is borrowed.
void pipeline_init(struct pipeline *pipeline, const struct pipeline_options *options,
    const struct catalog *catalog, struct identity *identity, struct sink *sink, const char *boot);
void pipeline_finish(struct pipeline *pipeline);

// A tick: begin, any number of samples, end. True from begin: the window ends with this tick, and
// is closed at its end.
bool pipeline_begin_tick(struct pipeline *pipeline, const struct now *now);
void pipeline_add(struct pipeline *pipeline, const struct sample *sample);
// An ENI gave no sample in this tick; `read_ns`: how long it took to learn that, 0 if it was not
// asked.
void pipeline_note_miss(struct pipeline *pipeline, uint64_t read_ns);
void pipeline_end_tick(struct pipeline *pipeline, const struct now *now);
// Closes the open window before its time.
void pipeline_close_window(struct pipeline *pipeline);

// From now on records go out with the labels that are known, and the sink takes no rests.
void pipeline_hurry(struct pipeline *pipeline);

// Moves records towards the sink as far as goes without blocking. Negative errno: the sink is gone
// for good, and what waits cannot be delivered.
must_check int pipeline_ship(struct pipeline *pipeline, const struct now *now);
// True when records wait for nothing else and the sink would take some at once: ship again, after a
// look at the clock.
bool pipeline_has_work(const struct pipeline *pipeline);
// True when nothing waits and nothing is in flight.
bool pipeline_is_drained(const struct pipeline *pipeline);
