// SPDX-License-Identifier: Apache-2.0
// What an open window knows of one ENI, or of the instance. Shared by window.c, which owns the
// members, and window_record.c, which makes records of them.
#pragma once

#include "flow/window.h"

// A series that still grows.
struct growing {
    uint32_t n_runs, capacity;
    struct run *runs;
    struct run *last; // of them; NULL: none
};

// What a member knows of one metric: its series where it is published, else what a property says.
struct track {
    struct growing series;
    bool has_property;
    uint64_t property;
};

struct member {
    struct eni eni; // all zero for the instance
    bool was_read;  // in this window
    uint64_t gap_ms;
    struct track tracks[METRIC_MAX];
};

// The record of a member that offers these, without its sequence number; NULL where it has no
// series.
struct record *member_record(const struct window *window, const struct member *member,
    enum metric_scope scope, const struct metric_set *offered);
// Whether it has one, so that there is a record.
bool member_has_series(
    const struct window *window, const struct member *member, enum metric_scope scope);
// The sum of a counter over the window so far.
uint64_t track_sum(const struct track *track);
