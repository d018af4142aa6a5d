// SPDX-License-Identifier: Apache-2.0
// Records in memory, oldest first, until a sink has taken them. The journal owns one.
#pragma once

#include <stdbool.h>

#include "record.h"

struct queue {
    uint64_t n_bytes;        // of the records' blocks
    uint64_t n_stored_bytes; // of the records' texts in the journal's file
    size_t n_records;
    struct record *first, *last; // linked by next and prev
};

// Takes ownership; at the end.
void queue_append(struct queue *queue, struct record *record);
// Unlinks and frees it.
void queue_remove(struct queue *queue, struct record *record);
// The oldest that is not in flight; NULL: none.
struct record *queue_oldest_idle(const struct queue *queue);
// How many bytes its text has is known now.
void queue_note_stored(struct queue *queue, struct record *record, size_t n_bytes);
void queue_finish(struct queue *queue);
