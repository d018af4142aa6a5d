// SPDX-License-Identifier: Apache-2.0
// Items on their way to a destination, cut to its limits by flow/batch.c. The pipeline owns one.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base.h"

// What a destination takes. Sizes count the bytes of the items and of the newline after each.
struct batch_limits {
    size_t item_bytes;
    size_t batch_bytes; // with the overhead of each item
    size_t batch_items;
    size_t item_overhead_bytes; // that the destination counts for each item besides its bytes
    uint64_t span_ms;           // from the oldest item to the newest; 0: any
};

struct batch_item {
    size_t offset;
    size_t n_bytes; // with the newline
    int64_t timestamp_ms;
};

struct batch {
    struct batch_limits limits;
    char *bytes; // the items one after the other, each ended by a newline
    size_t n_bytes;
    size_t capacity;
    struct batch_item *items;
    size_t n_items;
    size_t items_capacity;
    int64_t oldest_ms, newest_ms; // of the items, when there are any
};

// Outcomes of batch_add() besides 0.
enum { BATCH_FULL = 1, BATCH_TOO_LARGE };

// Empties the batch and sets what it may hold; keeps its memory.
void batch_reset(struct batch *batch, const struct batch_limits *limits);
// Copies `n_bytes` of one item without a newline in it. BATCH_FULL: send this batch first;
// BATCH_TOO_LARGE: no batch of this destination takes it.
must_check int batch_add(
    struct batch *batch, const char *item, size_t n_bytes, int64_t timestamp_ms);
// Takes back all but the first `n_items`.
void batch_cut(struct batch *batch, size_t n_items);
// Bytes of the longest item, without its newline, that such a batch takes.
size_t batch_longest_item(const struct batch_limits *limits);
void batch_finish(struct batch *batch);
