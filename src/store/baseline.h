// SPDX-License-Identifier: Apache-2.0
// What delta.c and window.c must remember over a restart in the same boot, as JSON: of each life of
// counters the baseline and the state of its groups, the largest conntrack allowance seen, and what
// moved and stands in no record. After a restart every sample is judged as if there had been none.
//
//   {"largest_available":131072,
//    "untold":{"self_records_made":2},
//    "metrics":["pps_allowance_exceeded","conntrack_allowance_available","total_resets"],
//    "lives":[{"mac":"02:00:00:00:00:01","ifindex":2,"seen_ns":161000000000,
//      "values":[1000,131072,3],
//      "allowances":{"state":"truthful","resets":3,"shown":true,"lit":true,"confirmed":true}}]}
//
// `metrics` names the places in each `values`, so that another catalog can read it; null: no
// baseline. `untold` is absent where there is nothing (window_untold()). Numbers are those of
// struct life and struct group (flow/life.h), without what they would be anyway: `value_ns` of a
// metric that has a baseline, and `truthful_ns` of a group, are `seen_ns`; `ifindex` of a group is
// that of the life; `shown` are all metrics with a baseline. The life of the instance has the MAC
// of nobody, ff:ff:ff:ff:ff:ff. Numbers of 64 bits are jansson's integers of the same bits.
#pragma once

#include <jansson.h>

#include "flow/delta.h"
#include "flow/window.h"

// The caller's reference. Of our own health only the counts of records are in it: the others begin
// anew with each start.
json_t *baseline_save(const struct delta_table *lives, const struct window *window);
// Into a table and a window that have seen nothing yet. Whatever is not as baseline_save() makes it
// by `now` is left out: that life, or that metric, then begins with its first sample. NULL: nothing
// was saved.
void baseline_load(const json_t *baseline, const struct now *now, struct delta_table *lives,
    struct window *window);
