// SPDX-License-Identifier: Apache-2.0
// Items into batches: item bytes, batch bytes, items, and the time between them.
#include <stdbool.h>
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

size_t batch_longest_item(const struct batch_limits *limits)
{
    size_t overhead = limits->item_overhead_bytes;
    size_t n_left = limits->batch_bytes > overhead ? limits->batch_bytes - overhead : 0;
    size_t with_newline = limits->item_bytes < n_left ? limits->item_bytes : n_left;
    return with_newline > 0 ? with_newline - 1 : 0;
}

// What a destination counts for the whole of it, with one item more of so many bytes.
static size_t counted(const struct batch *batch, size_t n_bytes)
{
    return batch->n_bytes + n_bytes + (batch->n_items + 1) * batch->limits.item_overhead_bytes;
}

static bool is_in_span(const struct batch *batch, int64_t timestamp_ms)
{
    if (batch->n_items == 0 || batch->limits.span_ms == 0)
        return true;
    int64_t oldest_ms = timestamp_ms < batch->oldest_ms ? timestamp_ms : batch->oldest_ms;
    int64_t newest_ms = timestamp_ms > batch->newest_ms ? timestamp_ms : batch->newest_ms;
    return (uint64_t)newest_ms - (uint64_t)oldest_ms <= batch->limits.span_ms;
}

static void note_time(struct batch *batch, int64_t timestamp_ms, bool is_first)
{
    if (is_first || timestamp_ms < batch->oldest_ms)
        batch->oldest_ms = timestamp_ms;
    if (is_first || timestamp_ms > batch->newest_ms)
        batch->newest_ms = timestamp_ms;
}

int batch_add(struct batch *batch, const char *item, size_t n_bytes, int64_t timestamp_ms)
{
    const struct batch_limits *limits = &batch->limits;
    size_t with_newline = n_bytes + 1;
    if (n_bytes > batch_longest_item(limits))
        return BATCH_TOO_LARGE;
    if (batch->n_items >= limits->batch_items ||
        counted(batch, with_newline) > limits->batch_bytes || !is_in_span(batch, timestamp_ms))
        return BATCH_FULL;
    make_room(batch, with_newline);
    memcpy(batch->bytes + batch->n_bytes, item, n_bytes);
    batch->bytes[batch->n_bytes + n_bytes] = '\n';
    note_time(batch, timestamp_ms, batch->n_items == 0);
    batch->items[batch->n_items++] = (struct batch_item){
        batch->n_bytes, with_newline, timestamp_ms};
    batch->n_bytes += with_newline;
    return 0;
}

void batch_cut(struct batch *batch, size_t n_items)
{
    if (n_items >= batch->n_items)
        return;
    batch->n_bytes = batch->items[n_items].offset;
    batch->n_items = n_items;
    for (size_t i = 0; i < n_items; i++)
        note_time(batch, batch->items[i].timestamp_ms, i == 0);
}

void batch_finish(struct batch *batch)
{
    free(batch->bytes);
    free(batch->items);
    *batch = (struct batch){0};
}
