// SPDX-License-Identifier: Apache-2.0
// Documents into batches: item bytes, batch bytes, items.
#include <string.h>

#include "batch.h"

void batch_reset(struct batch *batch, const struct batch_limits *limits)
{
    batch->limits = *limits;
    batch->n_bytes = 0;
    batch->n_items = 0;
}

static void make_room(struct batch *batch, size_t n_bytes)
{
    if (batch->n_bytes + n_bytes > batch->capacity) {
        batch->capacity = 2 * (batch->n_bytes + n_bytes);
        batch->bytes = xreallocarray(batch->bytes, batch->capacity, 1);
    }
    if (batch->n_items == batch->items_capacity) {
        batch->items_capacity = 2 * batch->items_capacity + 16;
        batch->items = xreallocarray(
            batch->items, batch->items_capacity, sizeof(struct batch_item));
    }
}

int batch_add(struct batch *batch, const char *document, size_t n_bytes)
{
    const struct batch_limits *limits = &batch->limits;
    size_t with_newline = n_bytes + 1;
    if (with_newline > limits->item_bytes || with_newline > limits->batch_bytes)
        return BATCH_TOO_LARGE;
    if (batch->n_items >= limits->batch_items ||
        batch->n_bytes + with_newline > limits->batch_bytes)
        return BATCH_FULL;
    make_room(batch, with_newline);
    memcpy(batch->bytes + batch->n_bytes, document, n_bytes);
    batch->bytes[batch->n_bytes + n_bytes] = '\n';
    batch->items[batch->n_items++] = (struct batch_item){batch->n_bytes, with_newline};
    batch->n_bytes += with_newline;
    return 0;
}

void batch_finish(struct batch *batch)
{
    free(batch->bytes);
    free(batch->items);
    *batch = (struct batch){0};
}
