// SPDX-License-Identifier: Apache-2.0
// The body is written by hand: the items are large, and text already.
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sink/logs_events.h"

// "Each log event can be no larger than 1 MB" (PutLogEvents, API reference), with its overhead: the
// smaller of what that may mean.
#define MAX_EVENT_BYTES ((size_t)1000000)

// Of an item the newline is not sent.
void logs_events_limits(struct batch_limits *ret_limits)
{
    *ret_limits = (struct batch_limits){
        .item_bytes = MAX_EVENT_BYTES - LOGS_EVENT_OVERHEAD + 1,
        .batch_bytes = LOGS_MAX_BATCH_BYTES,
        .batch_items = LOGS_MAX_EVENTS,
        .item_overhead_bytes = LOGS_EVENT_OVERHEAD - 1,
        .span_ms = LOGS_MAX_SPAN_MS,
    };
}

// --- The order ---

static int compare_items(const void *a, const void *b, void *context)
{
    const struct batch_item *items = context;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    if (items[i].timestamp_ms != items[j].timestamp_ms)
        return items[i].timestamp_ms < items[j].timestamp_ms ? -1 : 1;
    return i < j ? -1 : i > j;
}

// By their times, as the service wants it; those of one time as they are in the batch.
static void order_items(struct logs_events *events, const struct logs_span *span)
{
    events->n_events = span->end - span->begin;
    events->order = xreallocarray(events->order, events->n_events, sizeof(*events->order));
    for (size_t i = 0; i < events->n_events; i++)
        events->order[i] = span->begin + i;
    qsort_r(
        events->order, events->n_events, sizeof(*events->order), compare_items, span->batch->items);
}

// --- The body ---

struct text {
    char *bytes;
    size_t n, capacity;
};

static void put(struct text *text, const char *bytes, size_t n)
{
    if (text->n + n > text->capacity) {
        text->capacity = 2 * text->capacity + n;
        text->bytes = xreallocarray(text->bytes, text->capacity, 1);
    }
    memcpy(text->bytes + text->n, bytes, n);
    text->n += n;
}

static void put_plain(struct text *text, const char *plain)
{
    put(text, plain, strlen(plain));
}

static bool is_plain(char byte)
{
    return (unsigned char)byte >= 0x20 && byte != '"' && byte != '\\';
}

static void put_escaped(struct text *text, char byte)
{
    char escaped[8];
    bool is_control = (unsigned char)byte < 0x20;
    snprintf(escaped, sizeof(escaped), is_control ? "\\u%04x" : "\\%c", byte);
    put_plain(text, escaped);
}

// As in JSON; what is UTF-8 stays it.
static void put_quoted(struct text *text, const char *bytes, size_t n)
{
    const char *end = bytes + n;
    put_plain(text, "\"");
    while (bytes < end) {
        size_t n_plain = 0;
        while (bytes + n_plain < end && is_plain(bytes[n_plain]))
            n_plain++;
        put(text, bytes, n_plain);
        bytes += n_plain;
        if (bytes < end)
            put_escaped(text, *bytes++);
    }
    put_plain(text, "\"");
}

static void put_event(struct text *text, const struct batch *batch, size_t item)
{
    char head[64];
    snprintf(head, sizeof(head),
        "{\"timestamp\":%" PRId64 ",\"message\":", batch->items[item].timestamp_ms);
    put_plain(text, head);
    put_quoted(text, batch->bytes + batch->items[item].offset, batch->items[item].n_bytes - 1);
    put_plain(text, "}");
}

void logs_events_make(struct logs_events *events, const struct logs_span *span)
{
    struct text text = {.bytes = events->body, .capacity = events->capacity};
    order_items(events, span);
    put_plain(&text, "{\"logGroupName\":");
    put_quoted(&text, span->group, strlen(span->group));
    put_plain(&text, ",\"logStreamName\":");
    put_quoted(&text, span->stream, strlen(span->stream));
    put_plain(&text, ",\"logEvents\":[");
    for (size_t i = 0; i < events->n_events; i++) {
        put_plain(&text, i > 0 ? "," : "");
        put_event(&text, span->batch, events->order[i]);
    }
    put_plain(&text, "]}");
    events->body = text.bytes;
    events->capacity = text.capacity;
    events->n_body_bytes = text.n;
}

void logs_events_finish(struct logs_events *events)
{
    free(events->order);
    free(events->body);
    *events = (struct logs_events){0};
}

// --- The answer ---

// A number of events, `otherwise` where it is none.
static size_t index_of(const json_t *info, const char *name, size_t n_events, size_t otherwise)
{
    const json_t *value = json_object_get(info, name);
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0)
        return otherwise;
    return (uint64_t)number < n_events ? (size_t)number : n_events;
}

// The old ones are the first: the index after the last of them. The new ones are the last: the
// index of the first of them.
void logs_events_read_answer(const struct logs_events *events, const char *body,
    size_t n_body_bytes, struct logs_rejection *ret_rejection)
{
    size_t n = events->n_events;
    json_t *root = json_loadb(body != NULL ? body : "", n_body_bytes, 0, NULL);
    const json_t *info = json_object_get(root, "rejectedLogEventsInfo");
    size_t old_end = index_of(info, "tooOldLogEventEndIndex", n, 0);
    size_t expired_end = index_of(info, "expiredLogEventEndIndex", n, 0);
    size_t new_begin = index_of(info, "tooNewLogEventStartIndex", n, n);
    size_t first = expired_end > old_end ? expired_end : old_end;
    *ret_rejection = (struct logs_rejection){
        .first = first, .end = new_begin > first ? new_begin : first, .n_expired = first - old_end};
    json_decref(root);
}

char *logs_events_tell(const struct logs_events *events, const struct logs_rejection *rejection)
{
    return xasprintf("of one request it leaves out %zu older than 14 days, %zu older than what the "
                     "log group keeps, %zu more than 2 hours ahead of its clock",
        rejection->first - rejection->n_expired, rejection->n_expired,
        events->n_events - rejection->end);
}
