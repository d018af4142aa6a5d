// SPDX-License-Identifier: Apache-2.0
// A machine that runs the daemon in simulated time: the pipeline, its delivery and its journal are
// the product's, and what daemon.c, daemon_change.c and engine.c do around them is done here in the
// same order. The test has the clocks, the samples and the destination, and decides when the
// process dies, or the machine.
#pragma once

#include "collector.h"
#include "flow/catalog.h"
#include "pipeline.h"
#include "support/books.h"
#include "support/destination.h"
#include "support/disk.h"

// What a configuration says.
struct machine_config {
    bool has_other_names; // of statistics to publish: those that all have are elsewhere then
    int quiet_enis;
    uint64_t sample_ms, period_ms, verdict_ms;
    uint64_t max_bytes;
    enum sink_form form;
    struct batch_limits limits;
};

// What one configuration makes, as struct engine.
struct machine_setup {
    struct machine_config config;
    struct catalog catalog;
    struct delta_options delta_options;
    struct window_options window_options;
    struct encoder_options encoder_options;
    struct identity_options identity_options;
    struct identity identity;
    struct sink *sink;
    struct pipeline pipeline;
    struct collector *self;
};

// A moment that a crash of the process leads back to: a window or a checkpoint on disk.
struct machine_point {
    json_t *baseline;   // NULL: none
    uint64_t n_samples; // up to then
    unsigned int macs;  // seen up to then
    struct tally self;  // the last sample of our own counts, up to then
    struct span span;   // of the window that is open
};

struct machine {
    struct books books;
    struct destination destination;
    struct disk disk;
    bool has_disk; // else there is no journal on disk
    char boot_id[40], name[64];
    unsigned int n_starts;
    // The process.
    bool is_running;
    struct health health, told;
    struct journal journal;
    struct machine_setup setups[2], *setup;
    struct sample sample;
    uint64_t n_samples;                       // of ENIs, in this boot, but for those that are void
    struct tally self;                        // our own counts, as sampled last
    struct tally self_at_boot;                // and when the first start of this boot came
    struct machine_point point, point_before; // on disk: now, and before the last call
    struct doubt doubt;                       // since the last crash
    uint64_t max_file_bytes;                  // that the journal's file had
};

void machine_init(struct machine *machine, bool has_disk);
void machine_finish(struct machine *machine);

// Another boot, perhaps of another machine that the disk was put into.
void machine_boot(struct machine *machine, bool is_other);
// The daemon starts.
void machine_start(
    struct machine *machine, const struct machine_config *config, const struct now *now);

// A tick: begin, any number of samples, end. True from begin: the window ends with this tick.
bool machine_begin_tick(struct machine *machine, const struct now *now);
void machine_add(struct machine *machine, const struct sample *sample);
void machine_note_gone(struct machine *machine); // an ENI
void machine_end_tick(struct machine *machine, const struct tick *tick);
// A wake-up: the sink is looked at.
void machine_ship(struct machine *machine, const struct now *now);
// When the next one is due for the sink's sake; UINT64_MAX: when it has something to do.
uint64_t machine_ship_due_ns(const struct machine *machine);

// SIGHUP: the change itself, when the sink has answered or is not waited for any more.
void machine_change(
    struct machine *machine, const struct machine_config *config, const struct now *now);
// SIGTERM, after the last tick: the end, after so many wake-ups for the sink.
void machine_stop(struct machine *machine, const struct now *now, size_t n_wakes);

// How the process died.
struct crash {
    const struct image *image; // what is in the journal's file
    bool is_in_call;           // in the middle of the last call
    bool is_power_cut;         // the machine died, too: to be followed by another boot
};
// Samples that nothing on disk tells of are void: see n_samples.
void machine_crash(struct machine *machine, const struct crash *crash);
