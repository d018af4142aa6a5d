// SPDX-License-Identifier: Apache-2.0
// A doubly linked list: records leave it in any order.
#include "base.h"
#include "store/queue.h"

void queue_append(struct queue *queue, struct record *record)
{
    record->next = NULL;
    record->prev = queue->last;
    *(queue->last != NULL ? &queue->last->next : &queue->first) = record;
    queue->last = record;
    queue->n_bytes += record->bytes;
    queue->n_stored_bytes += record->stored_bytes;
    queue->n_records++;
}

void queue_remove(struct queue *queue, struct record *record)
{
    *(record->prev != NULL ? &record->prev->next : &queue->first) = record->next;
    *(record->next != NULL ? &record->next->prev : &queue->last) = record->prev;
    queue->n_bytes -= record->bytes;
    queue->n_stored_bytes -= record->stored_bytes;
    queue->n_records--;
    free(record);
}

struct record *queue_oldest_idle(const struct queue *queue)
{
    struct record *record = queue->first;
    while (record != NULL && record->is_in_flight)
        record = record->next;
    return record;
}

void queue_note_stored(struct queue *queue, struct record *record, size_t n_bytes)
{
    queue->n_stored_bytes += n_bytes - record->stored_bytes;
    record->stored_bytes = (uint32_t)n_bytes;
}

void queue_finish(struct queue *queue)
{
    for (struct record *record = queue->first, *next; record != NULL; record = next) {
        next = record->next;
        free(record);
    }
    *queue = (struct queue){0};
}
