// SPDX-License-Identifier: Apache-2.0
// Folds a period of deltas into one record per ENI and one for the instance, keeping every sample's
// value. Pure. The pipeline owns one; it keeps the memory of its series from window to window, so
// that a tick allocates nothing once the first windows have shown how much is needed.
#pragma once

#include <stdbool.h>

#include "flow/delta.h"
#include "option.h"
#include "record.h"

enum quiet_enis { QUIET_ENIS_OMIT, QUIET_ENIS_SEND };

struct window_options {
    uint64_t period_ms; // publish.period
    int quiet_enis;     // enum quiet_enis
};

extern const struct option_table window_option_table; // section publish

// NULL, or what would be allowed, as the end of "allowed is ...".
const char *window_options_check(const struct window_options *options);

struct window {
    const struct catalog *catalog;        // borrowed
    const struct window_options *options; // borrowed
    uint64_t sample_ms;
    bool is_open;
    bool has_ended;           // the last one, with a tick at its end: the next begins there
    int64_t start_ms, end_ms; // wall clock, aligned to the period
    int64_t clock_offset_ms;  // when it opened
    struct member *instance;
    struct member **enis;
    size_t n_enis;
    uint64_t largest_available; // conntrack_allowance_available, of any ENI in this boot
    size_t next; // where the next member is probably: ENIs come in the same order in each tick
    struct window_tick {
        bool has_value;
        uint64_t value;
    } ticks[METRIC_MAX];        // the instance's roll-up of the running tick
    uint8_t traits[METRIC_MAX]; // of the metrics, see window.c
};

void window_init(struct window *window, const struct catalog *catalog,
    const struct window_options *options, uint64_t sample_ms);
void window_finish(struct window *window);

// Start of a tick. True when the open window must be closed before anything of this tick is added:
// the tick comes so late, or the wall clock stepped so far, that it belongs to another window.
bool window_is_stale(const struct window *window, const struct now *now);
// Opens the aligned window that `now` falls in, if none is open.
void window_open(struct window *window, const struct now *now);
// Whether the open window ends with a tick at this time.
bool window_is_last_tick(const struct window *window, const struct now *now);
void window_add(struct window *window, const struct delta *delta);
// End of a tick: rolls up what was added in it. True when this was the last of the window.
bool window_end_tick(struct window *window, const struct now *now);
// The records of the open window, linked by `next`, the instance's first; NULL when it holds no
// value. The caller owns them and gives them their sequence numbers. The window is then closed and
// empty.
struct record *window_close(struct window *window);
// The same records, of a window that stays open and as it is.
struct record *window_snapshot(const struct window *window);

// Counters of the instance that moved and that no record tells: of a window that had no series, or
// of an open one that has none yet. They go into the next record. Returns how many, at most
// METRIC_MAX.
uint32_t window_untold(const struct window *window, struct reading *ret_readings);
// They were so when somebody else left off.
void window_recall_untold(struct window *window, const struct reading *reading);
