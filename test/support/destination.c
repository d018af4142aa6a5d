// SPDX-License-Identifier: Apache-2.0
// Which item is which part of which record is told by the batch and what the delivery has in
// flight; where an item tells it too, as documents do, both must agree.
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/mac.h"
#include "flow/catalog.h"
#include "support/destination.h"

struct item {
    struct account *account;
    const struct record *record;
    uint32_t part;
    int64_t clock_offset_ms; // as the daemon knew it when it sent this
};

struct far_sink {
    struct sink base;
    struct destination *destination;
    const struct batch *batch; // NULL: idle
    struct item *items;        // of the batch
    unsigned char *is_refused;
    uint64_t due_ns; // MOOD_BUSY: not before
};

// --- What arrives ---

static void expect(
    const struct item *item, const struct destination *destination, bool is_so, const char *what)
{
    books_demand(destination->books, is_so, "record %s/%" PRIu64 ", part %u: %s",
        item->account->start, item->account->sequence, item->part + 1, what);
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

// On today's clock, where the record is of this boot: within a period of where its window was.
static void check_time(
    const struct item *item, const struct destination *destination, int64_t timestamp_ms)
{
    const struct account *account = item->account;
    bool is_this_boot = account->boot == destination->books->boot;
    int64_t step_ms = is_this_boot ? item->clock_offset_ms - account->clock_offset_ms : 0;
    int64_t period_ms = (int64_t)account->period_ms;
    expect(
        item, destination, timestamp_ms % period_ms == 0, "its time is no multiple of the period");
    books_demand(destination->books,
        distance(timestamp_ms, account->start_ms + step_ms) <= (step_ms == 0 ? 0 : period_ms),
        "record %s/%" PRIu64 ": stamped %" PRId64 ", its window began at %" PRId64
        " and the clock stepped by %" PRId64 " ms since",
        account->start, account->sequence, timestamp_ms, account->start_ms, step_ms);
}

static uint64_t sum_of(const json_t *value)
{
    if (!json_is_array(value))
        return (uint64_t)json_integer_value(value);
    uint64_t sum = 0;
    for (size_t i = 0; i < json_array_size(value); i++)
        sum += (uint64_t)json_integer_value(json_array_get(value, i));
    return sum;
}

static const struct catalog *catalog_of(const struct destination *destination)
{
    return destination->delivery->encoder.catalog;
}

static bool is_text(const json_t *object, const char *name, const char *expected)
{
    const char *text = json_string_value(json_object_get(object, name));
    return expected == NULL ? text == NULL : text != NULL && strcmp(text, expected) == 0;
}

static void read_document(const struct item *item, const struct destination *destination,
    const json_t *root, struct tally *ret_tally)
{
    const struct account *account = item->account;
    const struct catalog *catalog = catalog_of(destination);
    char mac[MAC_TEXT_MAX];
    mac_format(account->mac.octets, mac);
    expect(item, destination,
        is_text(root, "boot", account->start) &&
            (uint64_t)json_integer_value(json_object_get(root, "sequence")) == account->sequence &&
            json_integer_value(json_object_get(root, "part")) == item->part + 1 &&
            json_integer_value(json_object_get(root, "parts")) == item->record->parts.n_parts &&
            is_text(root, "mac", account->scope == METRIC_SCOPE_ENI ? mac : NULL),
        "its document says that it is another");
    check_time(item, destination,
        json_integer_value(json_object_get(json_object_get(root, "_aws"), "Timestamp")));
    for (uint32_t i = 0; i < catalog->n_metrics; i++) {
        uint32_t place = book_place(catalog, i);
        if (place != BOOK_NOTHING)
            ret_tally->sums[place] += sum_of(json_object_get(root, catalog->metrics[i].name));
    }
}

// Of one metric of the record, in one dimension set.
static void read_datum(const struct item *item, const struct destination *destination,
    const json_t *root, struct tally *ret_tally)
{
    const struct catalog *catalog = catalog_of(destination);
    const json_t *values = json_object_get(root, "Values"),
                 *counts = json_object_get(root, "Counts");
    const char *name = json_string_value(json_object_get(root, "MetricName"));
    size_t n_dimensions = json_array_size(json_object_get(root, "Dimensions"));
    check_time(item, destination,
        llround(json_number_value(json_object_get(root, "Timestamp")) * (double)MS_PER_S));
    expect(item, destination,
        name != NULL && n_dimensions == (item->account->scope == METRIC_SCOPE_ENI ? 2 : 1),
        "it is no datum of such a record");
    uint32_t place = book_place(catalog, catalog_find(catalog, name, strlen(name)));
    if (place == BOOK_NOTHING)
        return;
    for (size_t i = 0; i < json_array_size(values); i++)
        ret_tally->sums[place] += (uint64_t)json_integer_value(json_array_get(values, i)) *
            (uint64_t)json_integer_value(json_array_get(counts, i));
}

static void receive(const struct far_sink *sink, size_t i)
{
    struct destination *destination = sink->destination;
    const struct batch_item *place = &sink->batch->items[i];
    const struct item *item = &sink->items[i];
    struct arrival arrival = {.account = item->account,
        .part = item->part,
        .is_datum = destination->form == SINK_FORM_DATUM};
    json_auto_t *root = json_loadb(sink->batch->bytes + place->offset, place->n_bytes - 1, 0, NULL);
    expect(item, destination, root != NULL, "it is no JSON");
    if (arrival.is_datum)
        read_datum(item, destination, root, &arrival.tally);
    else
        read_document(item, destination, root, &arrival.tally);
    books_note_arrival(destination->books, &arrival);
}

// --- The sink ---

static void limits(const struct sink *sink, struct batch_limits *ret_limits)
{
    *ret_limits = ((const struct far_sink *)sink)->destination->limits;
}

static bool is_ready(const struct sink *base)
{
    const struct far_sink *sink = (const struct far_sink *)base;
    return sink->destination->mood != MOOD_AWAY && sink->batch == NULL;
}

static void check_batch(const struct destination *destination, const struct batch *batch)
{
    const struct batch_limits *most = &destination->limits;
    size_t n_bytes = batch->n_bytes + batch->n_items * most->item_overhead_bytes;
    int64_t oldest_ms = INT64_MAX, newest_ms = INT64_MIN;
    bool is_small = true;
    for (size_t i = 0; i < batch->n_items; i++) {
        int64_t at_ms = batch->items[i].timestamp_ms;
        is_small &= batch->items[i].n_bytes <= most->item_bytes;
        oldest_ms = at_ms < oldest_ms ? at_ms : oldest_ms;
        newest_ms = at_ms > newest_ms ? at_ms : newest_ms;
    }
    books_demand(destination->books,
        is_small && batch->n_items <= most->batch_items && n_bytes <= most->batch_bytes &&
            (most->span_ms == 0 || (uint64_t)(newest_ms - oldest_ms) <= most->span_ms),
        "a batch is beyond its limits");
}

static void submit(struct sink *base, const struct batch *batch)
{
    struct far_sink *sink = (struct far_sink *)base;
    struct destination *destination = sink->destination;
    const struct delivery *delivery = destination->delivery;
    check_batch(destination, batch);
    sink->batch = batch;
    sink->due_ns = 0;
    sink->items = xreallocarray(sink->items, batch->n_items, sizeof(*sink->items));
    sink->is_refused = xreallocarray(sink->is_refused, batch->n_items, 1);
    memset(sink->is_refused, 0, batch->n_items);
    size_t n = 0;
    for (size_t i = delivery->at; i < delivery->n_in_flight; i++) {
        const struct record *record = delivery->in_flight[i];
        struct account *account = books_find(destination->books, record);
        uint32_t part = record->n_parts_taken;
        books_note_sent(destination->books, account, record);
        for (; part < record->parts.n_parts && n < batch->n_items; part++)
            sink->items[n++] = (struct item){account, record, part, destination->clock_offset_ms};
    }
    books_demand(destination->books, n == batch->n_items, "items that are of no record");
    destination->n_batches++;
}

static uint64_t below(const struct far_sink *sink, uint64_t n)
{
    return dice_below(sink->destination->dice, n);
}

// So many items are off the daemon's hands.
static void settle(struct far_sink *sink, size_t n)
{
    struct books *books = sink->destination->books;
    for (size_t i = 0; i < n; i++) {
        const struct item *item = &sink->items[i];
        if (sink->is_refused[i] == 0)
            receive(sink, i);
        books_note_settled(books, item->account, sink->is_refused[i] != 0);
    }
}

static void lose_answer(struct far_sink *sink)
{
    for (size_t i = 0; i < sink->batch->n_items; i++) {
        receive(sink, i);
        books_forgive(sink->items[i].account, sink->items[i].part);
    }
    sink->base.n_maybe_doubled += sink->batch->n_items;
}

static bool is_busy(struct far_sink *sink, const struct now *now)
{
    const struct destination *destination = sink->destination;
    if (destination->mood == MOOD_BUSY && sink->due_ns == 0)
        sink->due_ns = now->boot_ns + destination->busy_ns;
    return destination->mood == MOOD_AWAY || now->boot_ns < sink->due_ns;
}

static struct ship_answer decide(struct far_sink *sink)
{
    size_t n = sink->batch->n_items;
    struct ship_answer answer = {.ship = SHIP_TAKEN, .is_refused = sink->is_refused};
    switch (sink->destination->mood) {
    case MOOD_PART:
        answer.ship = SHIP_LATER;
        answer.n_taken = below(sink, n);
        break;
    case MOOD_MUTE:
        lose_answer(sink);
        __attribute__((fallthrough));
    case MOOD_LATER:
        answer.ship = SHIP_LATER;
        break;
    case MOOD_PICKY:
        for (size_t i = 0; i < n; i++)
            sink->is_refused[i] = below(sink, 4) == 0;
        break;
    case MOOD_REFUSES:
        answer.ship = SHIP_NEVER;
        memset(sink->is_refused, 1, n);
        break;
    default:
        break;
    }
    return answer;
}

static int work(struct sink *base, const struct now *now, struct ship_answer *ret_answer)
{
    struct far_sink *sink = (struct far_sink *)base;
    struct destination *destination = sink->destination;
    if (sink->batch == NULL || is_busy(sink, now)) {
        *ret_answer = (struct ship_answer){SHIP_BUSY};
        return 0;
    }
    *ret_answer = decide(sink);
    settle(sink, ret_answer->ship == SHIP_LATER ? ret_answer->n_taken : sink->batch->n_items);
    sink->batch = NULL;
    destination->has_answered = true;
    image_finish(&destination->at_answer);
    if (destination->wants_image)
        disk_read(destination->disk, &destination->at_answer);
    return 0;
}

static void wait_for(const struct sink *base, struct sink_wait *ret_wait)
{
    const struct far_sink *sink = (const struct far_sink *)base;
    bool will_answer = sink->batch != NULL && sink->destination->mood != MOOD_AWAY;
    *ret_wait = (struct sink_wait){-1, 0, will_answer ? sink->due_ns : 0};
}

static void destroy(struct sink *base)
{
    struct far_sink *sink = (struct far_sink *)base;
    free(sink->items);
    free(sink->is_refused);
    free(sink);
}

#define OPS(its_form)                                                                              \
    {                                                                                              \
        .name = "far", .form = (its_form), .limits = limits, .is_ready = is_ready,                 \
        .submit = submit, .work = work, .wait = wait_for, .destroy = destroy                       \
    }

struct sink *destination_connect(struct destination *destination)
{
    static const struct sink_ops forms[] = {
        [SINK_FORM_EMF] = OPS(SINK_FORM_EMF), [SINK_FORM_DATUM] = OPS(SINK_FORM_DATUM)};
    struct far_sink *sink = xcalloc(1, sizeof(*sink));
    sink->base.ops = &forms[destination->form];
    sink->destination = destination;
    return &sink->base;
}

void destination_finish(struct destination *destination)
{
    image_finish(&destination->at_answer);
}
