// SPDX-License-Identifier: Apache-2.0
// From the journal to the sink: which records go next, their labels, their items, and what became
// of each. The pipeline owns one.
//
// What waits goes out oldest first, as long as one batch takes it all. Where more waits, the
// records of the newest window go first, so that alarms see the present, and the rest follows, a
// batch every second: a fleet that comes back from an outage does not pour its history over the
// destination at once. Records that wait for their labels let the others pass.
#pragma once

#include "encode/encoder.h"
#include "identity/past.h"
#include "sink.h"
#include "store/journal.h"

#define BACKLOG_PACE_NS NS_PER_S

// All borrowed.
struct delivery_setting {
    const struct encoder_options *encoder;
    const struct catalog *catalog;
    struct journal *journal;
    struct identity *identity;
    struct sink *sink;
    bool is_live; // else a recording: all goes in its order, as fast as the sink takes it
};

// What is known of some of the records: that they wait for labels only, and for which.
struct standstill {
    bool is_known;
    uint64_t n_changes; // of the identity, then
};

struct delivery {
    struct journal *journal; // borrowed, as are the next three
    struct identity *identity;
    struct sink *sink;
    struct health *health; // the journal's
    struct health before;  // what there was to count before
    bool is_live;
    bool is_behind; // more waits than one batch takes
    struct encoder encoder;
    uint32_t key;              // of the encoder's settings: a plan of another cuts otherwise
    struct past past;          // of the boot whose records were labelled last, if not of this one
    char past_boot_id[64];     // that boot's; empty: `past` is all zero
    struct batch batch;        // in flight
    bool is_in_flight;         // it was submitted
    struct record **in_flight; // those that have items in it, in that order
    size_t n_in_flight, in_flight_capacity;
    size_t at;               // of these, the one whose items are settled next
    uint64_t fresh_from;     // sequence of the first record of the newest window
    uint64_t backlog_due_ns; // boot time: not before; a pace after some of it was in a batch
    struct standstill fresh, backlog;
    bool is_hurried; // records do not wait for their labels any more
    bool is_held;
    int64_t clock_offset_ms;   // as told last
    uint64_t n_resent;         // items of records whose plan was void
    unsigned int told_nothing; // enum metric_scope bits: of whose records nothing can be published
    bool is_unclaimed_told;
};

void delivery_init(struct delivery *delivery, const struct delivery_setting *setting);
void delivery_finish(struct delivery *delivery);

// The wall clock minus the boot clock is now this: windows of this boot are told by it.
void delivery_note_clock(struct delivery *delivery, int64_t offset_ms);
// A window was closed; its records are those from `sequence` on.
void delivery_note_window(struct delivery *delivery, uint64_t sequence);

// From now on records go out with the labels that are known, as fast as they are taken, and the
// sink takes no rests.
void delivery_hurry(struct delivery *delivery);
// Held: nothing new is sent.
void delivery_hold(struct delivery *delivery, bool is_held);

// Moves records towards the sink as far as goes without blocking. Negative errno: the sink is gone
// for good, and what waits cannot be delivered.
must_check int delivery_ship(struct delivery *delivery, const struct now *now);
// Boot time at which to ship again, after a look at the clock: 0: at once; UINT64_MAX: when the
// sink or the identity has something to do.
uint64_t delivery_due_ns(const struct delivery *delivery);
// True when nothing waits and nothing is in flight.
bool delivery_is_drained(const struct delivery *delivery);
