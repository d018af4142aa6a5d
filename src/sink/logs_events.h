// SPDX-License-Identifier: Apache-2.0
// Items of a batch as the events of one PutLogEvents (model 2014-03-28), and what its answer says
// of them. Pure. A part of the logs sink.
#pragma once

#include "batch.h"

#define LOGS_MAX_EVENTS      10000
#define LOGS_MAX_BATCH_BYTES ((size_t)1048576)
#define LOGS_EVENT_OVERHEAD  ((size_t)26) // bytes that each event counts for besides its message
#define LOGS_MAX_SPAN_MS     (UINT64_C(24) * 3600 * 1000)

void logs_events_limits(struct batch_limits *ret_limits);

// Items of a batch, at least one, and where they go.
struct logs_span {
    const struct batch *batch;
    size_t begin, end;
    const char *group, *stream;
};

struct logs_events {
    size_t n_events;
    size_t *order; // items of the batch, in the order of the request: that of their times; owned
    char *body;    // JSON; owned
    size_t n_body_bytes;
    size_t capacity; // of the body
};

// In place of what it held.
void logs_events_make(struct logs_events *events, const struct logs_span *span);
void logs_events_finish(struct logs_events *events);

// Those that the service has left out: all of `order` but [first, end).
struct logs_rejection {
    size_t first, end;
    size_t n_expired; // of those before `first`: older than the group keeps its events
};

// From the body of an answer with status 200; what makes no sense rejects nothing.
void logs_events_read_answer(const struct logs_events *events, const char *body,
    size_t n_body_bytes, struct logs_rejection *ret_rejection);
// How many are left out, and why; the caller's.
char *logs_events_tell(const struct logs_events *events, const struct logs_rejection *rejection);
