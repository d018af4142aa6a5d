// SPDX-License-Identifier: Apache-2.0
// A destination in simulated time, with a sink before it that does to a batch what the test wants.
// What arrives is read as the destination would read it, and entered into the books. It outlives
// the daemon; its sink does not.
#pragma once

#include "delivery.h"
#include "support/books.h"
#include "support/disk.h"
#include "unit/dice.h"

// What it does with a batch.
enum mood {
    MOOD_TAKES,
    MOOD_AWAY,    // is not ready
    MOOD_BUSY,    // does not answer for a while, then takes it
    MOOD_PART,    // takes some of it, the rest later
    MOOD_LATER,   // none of it
    MOOD_PICKY,   // refuses some items
    MOOD_REFUSES, // refuses all of it
    MOOD_MUTE,    // takes all of it, and the answer gets lost
    N_MOODS
};

struct destination {
    struct books *books;             // borrowed, as are the next three
    const struct disk *disk;         // NULL: is not looked at
    const struct delivery *delivery; // of the daemon that runs
    struct dice *dice;               // NULL: for moods that need none
    enum mood mood;
    uint64_t busy_ns; // how long MOOD_BUSY is
    enum sink_form form;
    struct batch_limits limits;
    int64_t clock_offset_ms; // as the daemon was told last
    uint64_t n_batches;
    bool has_answered;      // in the last call; then
    struct image at_answer; // the journal's file just before, where the test wants it
    bool wants_image;
};

// A sink that hands its batches to the destination.
struct sink *destination_connect(struct destination *destination);
void destination_finish(struct destination *destination);
