// SPDX-License-Identifier: Apache-2.0
// A daemon that can be killed, as the law sees it: a delta table and what was published of each
// counter, of which only that survives which was written down, at the end of a tick, together with
// the lives of the table.
#pragma once

#include "flow/delta.h"
#include "support/schedule.h"

// Of each counter of each card.
struct sums {
    uint64_t of[SCHEDULE_MAX_CARDS][HISTORY_N_METRICS];
};

struct mortal {
    struct delta_table table;
    struct sums written, open; // open: since the last time it was written down
    char *text;                // of the lives, as they were then; NULL: nothing was written yet
    bool is_due; // in this tick something came that is worth being written down at once
};

void mortal_init(struct mortal *mortal, const struct catalog *catalog);
void mortal_finish(struct mortal *mortal);
void mortal_see(struct mortal *mortal, const struct look *look, const struct sample *sample,
    struct delta *ret_delta);
void mortal_write(struct mortal *mortal);
// It is killed, and starts again.
void mortal_die(struct mortal *mortal, const struct now *now);
// Adds what a delta has of counters.
void sums_add(struct sums *sums, size_t card, const struct delta *delta);
