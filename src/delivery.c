// SPDX-License-Identifier: Apache-2.0
// Fills a batch from the journal, hands it to the sink, and settles what the answer says. Items and
// records are in the same order: an answer on so many items is one on the records they are of.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "delivery.h"
#include "encode/emf.h"
#include "encode/metric_datum.h"
#include "log.h"

static const struct encoder_ops *const encoders[] = {
    [SINK_FORM_EMF] = &emf_encoder, [SINK_FORM_DATUM] = &metric_datum_encoder};

// How often a record may be cut anew for one batch: labels that changed since void its plan once.
#define MAX_PLANS 2

void delivery_init(struct delivery *delivery, const struct delivery_setting *setting)
{
    struct journal *journal = setting->journal;
    *delivery = (struct delivery){
        .journal = journal,
        .identity = setting->identity,
        .sink = setting->sink,
        .health = journal->setting.health,
        .before = *journal->setting.health,
        .is_live = setting->is_live,
        .fresh_from = UINT64_MAX,
    };
    encoder_init(&delivery->encoder,
        &(struct encoder_setting){
            encoders[setting->sink->ops->form], setting->encoder, setting->catalog});
    struct batch_limits limits;
    setting->sink->ops->limits(setting->sink, &limits);
    delivery->key = encoder_key(&delivery->encoder, batch_longest_item(&limits));
}

static void release(struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->n_in_flight; i++)
        if (i >= delivery->at)
            delivery->in_flight[i]->is_in_flight = false;
    delivery->n_in_flight = 0;
    delivery->at = 0;
    delivery->is_in_flight = false;
}

void delivery_finish(struct delivery *delivery)
{
    release(delivery);
    free(delivery->in_flight);
    past_finish(&delivery->past);
    batch_finish(&delivery->batch);
    encoder_finish(&delivery->encoder);
    *delivery = (struct delivery){0};
}

void delivery_note_clock(struct delivery *delivery, int64_t offset_ms)
{
    delivery->clock_offset_ms = offset_ms;
}

void delivery_note_window(struct delivery *delivery, uint64_t sequence)
{
    delivery->fresh_from = sequence;
    delivery->fresh.is_known = false;
    delivery->backlog.is_known = false;
}

void delivery_hurry(struct delivery *delivery)
{
    const struct sink_ops *ops = delivery->sink->ops;
    if (!delivery->is_hurried && ops->hurry != NULL)
        ops->hurry(delivery->sink);
    delivery->is_hurried = true;
    delivery->fresh.is_known = delivery->backlog.is_known = false;
}

void delivery_hold(struct delivery *delivery, bool is_held)
{
    delivery->is_held = is_held;
}

// --- Which records ---

static bool is_fresh(const struct delivery *delivery, const struct record *record)
{
    return record->start == delivery->journal->start && record->sequence >= delivery->fresh_from;
}

// The first of the newest window, which is at the end of the queue; NULL: none of it waits.
static struct record *first_fresh(const struct delivery *delivery)
{
    struct record *first = NULL;
    for (struct record *record = delivery->journal->queue.last;
         record != NULL && is_fresh(delivery, record); record = record->prev)
        first = record;
    return first;
}

// Of another boot than ours: what is known of it. The records of one boot stand together.
static struct past *past_of(struct delivery *delivery, const struct record *record)
{
    const struct start *start = record->start;
    if (start->is_this_boot)
        return NULL;
    if (strcmp(delivery->past_boot_id, start->boot_id) == 0)
        return &delivery->past;
    past_finish(&delivery->past);
    past_init(&delivery->past, delivery->identity->options, journal_who(start));
    snprintf(delivery->past_boot_id, sizeof(delivery->past_boot_id), "%s", start->boot_id);
    return &delivery->past;
}

static void disclaim(struct delivery *delivery, struct record *record)
{
    if (!delivery->is_unclaimed_told)
        log_warning("journal: there are records of another instance: this machine's image was made "
                    "from it, with the state directory in it; they are not published, but kept in "
                    "the file unclaimed beside the journal");
    delivery->is_unclaimed_told = true;
    journal_settle(delivery->journal, record, SETTLED_UNCLAIMED);
}

// Finds the labels to send a record with. False: not now, or, being another's, not at all.
static bool find_labels(struct delivery *delivery, struct record *record, const struct now *now,
    struct labels *ret_labels)
{
    struct past *past = past_of(delivery, record);
    if (past == NULL) {
        identity_label(delivery->identity, record, now, ret_labels);
        // Parts that were taken had their labels.
        return delivery->is_hurried || record->n_parts_taken > 0 ||
            !encoder_is_pending(&(struct encoding){&delivery->encoder, record, ret_labels});
    }
    enum claim claim = past_claim(past, delivery->identity, record);
    if (claim == CLAIM_FOREIGN)
        disclaim(delivery, record);
    if (claim != CLAIM_OURS)
        return false;
    past_label(past, delivery->identity, record, ret_labels);
    return true;
}

// --- Into the batch ---

// The start of the record's window on today's clock: a clock that was wrong when the window closed
// and was stepped since would have its documents refused as too old or too new.
static int64_t timestamp_of(const struct delivery *delivery, const struct record *record)
{
    int64_t step_ms = delivery->clock_offset_ms - record->clock_offset_ms;
    int64_t period_ms = (int64_t)record->period_ms;
    if (!record->start->is_this_boot || (step_ms <= period_ms && step_ms >= -period_ms))
        return record->start_ms;
    int64_t moved_ms = record->start_ms + step_ms;
    return moved_ms - moved_ms % period_ms;
}

struct filling {
    struct batch *batch;
    int64_t timestamp_ms;
};

static int add_item(void *context, const char *item)
{
    const struct filling *filling = context;
    return batch_add(filling->batch, item, strlen(item), filling->timestamp_ms);
}

// Adds what was not taken yet of a record with a plan. 0, BATCH_FULL, BATCH_TOO_LARGE or -ESTALE.
static int add_parts(struct delivery *delivery, const struct encoding *encoding)
{
    struct filling filling = {&delivery->batch, timestamp_of(delivery, encoding->record)};
    return delivery->encoder.ops->encode(
        encoding, filling.timestamp_ms, &(struct taker){add_item, &filling});
}

static void say_nothing_to_publish(struct delivery *delivery, enum metric_scope scope)
{
    bool is_of_eni = scope == METRIC_SCOPE_ENI;
    if ((delivery->told_nothing & scope) != 0)
        return;
    delivery->told_nothing |= scope;
    log_error("%s: no dimension set of publish.%s has all its values, so that there is no metric "
              "to publish: records of %s are dropped",
        delivery->sink->ops->name, is_of_eni ? "eni_dimensions" : "instance_dimensions",
        is_of_eni ? "interfaces" : "the instance");
}

// Another configuration cut it: what was taken of it then is sent again, in other parts.
static void void_plan(struct delivery *delivery, struct record *record)
{
    if (record->parts.n_parts == 0 || record->parts.key == delivery->key)
        return;
    delivery->n_resent += record->n_parts_taken;
    record->n_parts_taken = 0;
    record->parts.n_parts = 0;
}

// Besides those of batch_add(): with the labels there are, nothing of it can be published.
enum { RECORD_EMPTY = BATCH_TOO_LARGE + 1 };

// 0, RECORD_EMPTY, -EMSGSIZE.
static int plan_record(struct delivery *delivery, const struct encoding *encoding)
{
    struct record *record = (struct record *)encoding->record;
    if (record->parts.n_parts > 0)
        return 0;
    size_t max_bytes = batch_longest_item(&delivery->batch.limits);
    int r = delivery->encoder.ops->plan(encoding, max_bytes, &record->parts);
    record->parts.key = delivery->key;
    return r == ENCODER_NOTHING ? RECORD_EMPTY : r;
}

// 0, BATCH_FULL, RECORD_EMPTY, or why the rest of it cannot be sent: -EMSGSIZE: it is too large,
// -ESTALE: its labels are gone.
static int encode_record(
    struct delivery *delivery, struct record *record, const struct labels *labels)
{
    struct encoding encoding = {&delivery->encoder, record, labels};
    size_t n_items = delivery->batch.n_items;
    for (int i = 0; i < MAX_PLANS; i++) {
        int r = plan_record(delivery, &encoding);
        if (r != 0)
            return r;
        r = add_parts(delivery, &encoding);
        if (r != BATCH_TOO_LARGE && r != -ESTALE)
            return r;
        // Labels have changed: they are too much for the plan now, or it counts on some that are
        // gone. Parts that were taken fix it for good.
        batch_cut(&delivery->batch, n_items);
        if (record->n_parts_taken > 0)
            return r < 0 ? r : -EMSGSIZE;
        record->parts.n_parts = 0;
    }
    return -EMSGSIZE;
}

static void refuse(struct delivery *delivery, struct record *record, int error)
{
    const char *name = delivery->sink->ops->name;
    if (error == -ESTALE)
        log_error("%s: record %" PRIu64 " was sent in part, and labels of the rest are not known "
                  "any more: dropped",
            name, record->sequence);
    else
        log_error("%s: record %" PRIu64 " does not fit into a document of this destination: "
                  "dropped; shorten the labels in [identity]",
            name, record->sequence);
    journal_settle(delivery->journal, record, SETTLED_REFUSED);
}

static void note_in_flight(struct delivery *delivery, struct record *record)
{
    if (delivery->n_in_flight == delivery->in_flight_capacity) {
        delivery->in_flight_capacity = delivery->in_flight_capacity * 2 + 16;
        delivery->in_flight = xreallocarray(
            delivery->in_flight, delivery->in_flight_capacity, sizeof(struct record *));
    }
    delivery->in_flight[delivery->n_in_flight++] = record;
    record->is_in_flight = true;
}

// Of the record there is nothing to publish: it is refused when its turn comes, unless those before
// it have to come again; then it has another chance.
static void give_up(struct delivery *delivery, struct record *record)
{
    say_nothing_to_publish(delivery, record->scope);
    record->is_refused = true;
    note_in_flight(delivery, record);
}

static bool is_given_up(const struct record *record)
{
    return record->is_refused && record->parts.n_parts == 0;
}

static void settle_given_up(struct delivery *delivery)
{
    for (; delivery->at < delivery->n_in_flight; delivery->at++) {
        struct record *record = delivery->in_flight[delivery->at];
        if (!is_given_up(record))
            return;
        journal_settle(delivery->journal, record, SETTLED_REFUSED);
    }
}

// False: the batch is full.
static bool add_record(struct delivery *delivery, struct record *record, const struct now *now)
{
    struct labels labels;
    size_t n_items = delivery->batch.n_items;
    if (!find_labels(delivery, record, now, &labels))
        return true;
    void_plan(delivery, record);
    record->is_refused &= record->n_parts_taken > 0;
    int r = encode_record(delivery, record, &labels);
    if (r < 0 && n_items == 0)
        refuse(delivery, record, r); // behind others it has another chance, too
    else if (r == RECORD_EMPTY)
        give_up(delivery, record);
    else if (delivery->batch.n_items > n_items)
        note_in_flight(delivery, record);
    return r != BATCH_FULL;
}

// From `first` to the end. False: the batch is full before.
static bool add_records(struct delivery *delivery, struct record *first, const struct now *now)
{
    for (struct record *record = first, *next; record != NULL; record = next) {
        next = record->next;
        if (!add_record(delivery, record, now))
            return false;
    }
    return true;
}

static bool is_backlog_due(const struct delivery *delivery, const struct now *now)
{
    return delivery->is_hurried || now->boot_ns >= delivery->backlog_due_ns;
}

static bool stands_still(const struct delivery *delivery, const struct standstill *standstill)
{
    return standstill->is_known && standstill->n_changes == delivery->identity->n_changes;
}

static void empty_batch(struct delivery *delivery)
{
    struct batch_limits limits;
    release(delivery);
    delivery->sink->ops->limits(delivery->sink, &limits);
    batch_reset(&delivery->batch, &limits);
}

static void add_all(struct delivery *delivery, const struct now *now)
{
    empty_batch(delivery);
    delivery->is_behind = !add_records(delivery, delivery->journal->queue.first, now);
    delivery->backlog = (struct standstill){
        delivery->batch.n_items == 0 && !delivery->is_behind, delivery->identity->n_changes};
    if (delivery->backlog.is_known)
        delivery->fresh = delivery->backlog;
}

// Unless all of it waits for labels, the newest window goes without the others.
static void add_newest(struct delivery *delivery, const struct now *now)
{
    empty_batch(delivery);
    (void)add_records(delivery, first_fresh(delivery), now);
    delivery->fresh = (struct standstill){
        delivery->batch.n_items == 0, delivery->identity->n_changes};
}

static bool has_backlog_in_flight(const struct delivery *delivery)
{
    return delivery->n_in_flight > 0 && !is_fresh(delivery, delivery->in_flight[0]);
}

// False when there is nothing to send now.
static bool fill_batch(struct delivery *delivery, const struct now *now)
{
    const struct queue *queue = &delivery->journal->queue;
    bool has_fresh = delivery->is_live && is_fresh(delivery, queue->last) &&
        !is_fresh(delivery, queue->first) && !stands_still(delivery, &delivery->fresh);
    if (!has_fresh || !delivery->is_behind)
        add_all(delivery, now);
    if (has_fresh && delivery->is_behind)
        add_newest(delivery, now);
    if (delivery->batch.n_items == 0 && delivery->is_behind && is_backlog_due(delivery, now))
        add_all(delivery, now);
    if (delivery->is_behind && delivery->is_live && has_backlog_in_flight(delivery))
        delivery->backlog_due_ns = now->boot_ns + BACKLOG_PACE_NS;
    settle_given_up(delivery);
    return delivery->batch.n_items > 0;
}

// --- The answer ---

// The next item of the batch is off our hands: delivered, or refused.
static void settle_item(struct delivery *delivery, bool is_refused)
{
    struct record *record = delivery->in_flight[delivery->at];
    delivery->health->n_documents_refused += is_refused;
    record->is_refused |= is_refused;
    if (++record->n_parts_taken < record->parts.n_parts)
        return;
    delivery->at++;
    journal_settle(
        delivery->journal, record, record->is_refused ? SETTLED_REFUSED : SETTLED_DELIVERED);
    settle_given_up(delivery);
}

static size_t n_settled(const struct delivery *delivery, const struct ship_answer *answer)
{
    return answer->ship == SHIP_LATER ? answer->n_taken : delivery->batch.n_items;
}

static bool is_item_refused(const struct ship_answer *answer, size_t item)
{
    return answer->ship == SHIP_NEVER ||
        (answer->is_refused != NULL && answer->is_refused[item] != 0);
}

static void take_answer(
    struct delivery *delivery, const struct now *now, const struct ship_answer *answer)
{
    uint64_t n_before = delivery->health->n_records_delivered;
    if (answer->ship == SHIP_BUSY)
        return;
    if (answer->ship == SHIP_NEVER)
        log_error("%s: %zu documents are refused for good: dropped", delivery->sink->ops->name,
            delivery->batch.n_items);
    size_t n = n_settled(delivery, answer);
    delivery->fresh.is_known = delivery->backlog.is_known = false;
    for (size_t i = 0; i < n; i++)
        settle_item(delivery, is_item_refused(answer, i));
    if (n > 0 && delivery->at < delivery->n_in_flight &&
        delivery->in_flight[delivery->at]->n_parts_taken > 0)
        journal_note_taken(delivery->journal, delivery->in_flight[delivery->at]);
    journal_flush(delivery->journal);
    if (delivery->health->n_records_delivered > n_before)
        delivery->health->delivered_ns = now->boot_ns;
    release(delivery);
}

int delivery_ship(struct delivery *delivery, const struct now *now)
{
    struct sink *sink = delivery->sink;
    if (delivery_due_ns(delivery) <= now->boot_ns) {
        delivery->is_in_flight = fill_batch(delivery, now);
        journal_flush(delivery->journal); // of those that were refused on the way
        if (delivery->is_in_flight)
            sink->ops->submit(sink, &delivery->batch);
    }
    bool had_batch = delivery->is_in_flight;
    struct ship_answer answer = {0};
    int r = sink->ops->work(sink, now, &answer);
    delivery->health->n_reconnects = delivery->before.n_reconnects + sink->n_reconnects;
    delivery->health->n_maybe_doubled = delivery->before.n_maybe_doubled + sink->n_maybe_doubled +
        delivery->n_resent;
    if (r < 0)
        return r;
    if (had_batch)
        take_answer(delivery, now, &answer);
    return 0;
}

uint64_t delivery_due_ns(const struct delivery *delivery)
{
    const struct queue *queue = &delivery->journal->queue;
    if (delivery->is_in_flight || delivery->is_held || queue->first == NULL ||
        !delivery->sink->ops->is_ready(delivery->sink))
        return UINT64_MAX;
    if (is_fresh(delivery, queue->last) && !stands_still(delivery, &delivery->fresh))
        return 0;
    if (is_fresh(delivery, queue->first) || stands_still(delivery, &delivery->backlog))
        return UINT64_MAX;
    return delivery->is_hurried ? 0 : delivery->backlog_due_ns;
}

bool delivery_is_drained(const struct delivery *delivery)
{
    return !delivery->is_in_flight && delivery->journal->queue.first == NULL;
}
