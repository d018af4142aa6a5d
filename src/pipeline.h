// SPDX-License-Identifier: Apache-2.0
// The story in one place: sample -> delta -> window -> record -> journal; from there delivery.h
// takes it to the sink. The engine owns one.
#pragma once

#include "collector.h"
#include "delivery.h"
#include "flow/delta.h"
#include "flow/window.h"
#include "health.h"
#include "store/journal.h"

// A checkpoint costs a write to the disk: not more often than this.
#define CHECKPOINT_PACE_NS (5 * NS_PER_S)

// All borrowed.
struct pipeline_setting {
    const struct delta_options *delta;
    const struct window_options *window;
    const struct encoder_options *encoder;
    uint64_t sample_ms;
    const struct catalog *catalog;
    struct journal *journal;
    struct identity *identity;
    struct sink *sink;
    bool is_live; // not a recording, see delivery.h
};

struct pipeline {
    struct journal *journal; // borrowed, as are the next two
    struct identity *identity;
    struct health *health; // the journal's
    struct delta_table deltas;
    struct window window;
    struct delivery delivery;
    uint64_t n_windows;         // closed with at least one record
    unsigned int told_verdicts; // in this window
    bool needs_checkpoint;      // what the open window holds, the devices may not tell again
    uint64_t checkpoint_due_ns; // boot time: none before
    struct delta delta;         // of the sample in hand
};

void pipeline_init(struct pipeline *pipeline, const struct pipeline_setting *setting);
// Goes on where a baseline of store/baseline.h left off; NULL: none. Before the first tick.
void pipeline_resume(struct pipeline *pipeline, const json_t *baseline, const struct now *now);
void pipeline_finish(struct pipeline *pipeline);

// A tick: begin, any number of samples, end. True from begin: the window ends with this tick, and
// is closed at its end.
bool pipeline_begin_tick(struct pipeline *pipeline, const struct now *now);
void pipeline_add(struct pipeline *pipeline, const struct sample *sample);
// An ENI gave no sample in this tick; `read_ns`: how long it took to learn that, 0 if it was not
// asked.
void pipeline_note_miss(struct pipeline *pipeline, uint64_t read_ns);
// An ENI went away: what it had counted, it will not tell again.
void pipeline_note_gone(struct pipeline *pipeline);
void pipeline_end_tick(struct pipeline *pipeline, const struct now *now);
// Closes the open window before its time.
void pipeline_close_window(struct pipeline *pipeline, const struct now *now);
