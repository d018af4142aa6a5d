// SPDX-License-Identifier: Apache-2.0
// Long simulated times: a machine with four ENIs, two of which are throttled all the time, on the
// product's own ticker. Nothing lies here; what the ENIs counted is known beside the daemon.
#pragma once

#include "flow/ticker.h"
#include "support/machine.h"

#define TIMELINE_N_ENIS 4
#define TIMELINE_N_LOUD 2

struct timeline {
    struct machine machine;
    struct machine_config config;
    struct dice dice;
    struct now now;
    struct ticker ticker;
    struct eni enis[TIMELINE_N_ENIS];
    uint64_t values[TIMELINE_N_ENIS][METRIC_N_EXCEEDED];
    uint64_t counted[TIMELINE_N_ENIS][METRIC_N_EXCEEDED]; // since the first sample of each boot
    struct sample sample;
    uint64_t n_ticks;
    uint64_t fresh_since_ns;  // the newest window waits since then; 0: it does not
    uint64_t longest_wait_ns; // of a newest window, since it was set to 0
};

// As the product's defaults: a second, a minute, 64 MiB.
void timeline_init(
    struct timeline *timeline, enum sink_form form, const struct batch_limits *limits);
void timeline_finish(struct timeline *timeline);

void timeline_start(struct timeline *timeline);
void timeline_stop(struct timeline *timeline);
void timeline_reboot(struct timeline *timeline);
// The daemon's loop, up to this boot time, or until nothing waits.
void timeline_run(struct timeline *timeline, uint64_t until_ns);
void timeline_run_until_drained(struct timeline *timeline, uint64_t until_ns);
// What was published of each counter is what the ENIs counted: once the last window is closed.
void timeline_check_sums(const struct timeline *timeline);

// Of this process: bytes on the heap, which the sanitizer knows exactly, and pages that are its
// own.
bool memory_is_exact(void);
uint64_t memory_heap_bytes(void);
uint64_t memory_private_bytes(void);
