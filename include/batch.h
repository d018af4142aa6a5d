// SPDX-License-Identifier: Apache-2.0
// Documents on their way to a destination, cut to its limits by flow/batch.c. The pipeline owns
// one.
#pragma once

#include <stddef.h>

#include "base.h"

// What a destination takes. Sizes count the bytes of the items and of the newline after each.
struct batch_limits {
    size_t item_bytes;
    size_t batch_bytes;
    size_t batch_items;
};

struct batch_item {
    size_t offset;
    size_t n_bytes; // with the newline
};

struct batch {
    struct batch_limits limits;
    char *bytes; // the items one after the other, each ended by a newline
    size_t n_bytes;
    size_t capacity;
    struct batch_item *items;
    size_t n_items;
    size_t items_capacity;
};

// Outcomes of batch_add() besides 0.
enum { BATCH_FULL = 1, BATCH_TOO_LARGE };

// Empties the batch and sets what it may hold; keeps its memory.
void batch_reset(struct batch *batch, const struct batch_limits *limits);
// Copies `n_bytes` of one document without a newline in it. BATCH_FULL: send this batch first;
// BATCH_TOO_LARGE: no batch of this destination takes it.
must_check int batch_add(struct batch *batch, const char *document, size_t n_bytes);
void batch_finish(struct batch *batch);
