// SPDX-License-Identifier: Apache-2.0
// From samples to what a sink takes. Nothing flows backwards except the sink's answer.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "encode/emf.h"
#include "encode/metric_datum.h"
#include "log.h"
#include "pipeline.h"

static const struct encoder_ops *const encoders[] = {
    [SINK_FORM_EMF] = &emf_encoder, [SINK_FORM_DATUM] = &metric_datum_encoder};

void pipeline_init(struct pipeline *pipeline, const struct pipeline_options *options,
    const struct catalog *catalog, struct identity *identity, struct sink *sink, const char *boot)
{
    *pipeline = (struct pipeline){.catalog = catalog,
        .identity = identity,
        .sink = sink,
        .next_sequence = 1,
        .start = {.name = boot, .is_this_boot = true}};
    delta_table_init(&pipeline->deltas, catalog, options->delta);
    window_init(&pipeline->window, catalog, options->window, options->sample_ms);
    encoder_init(&pipeline->encoder,
        &(struct encoder_setting){encoders[sink->ops->form], options->encoder, catalog});
    journal_init(&pipeline->journal, options->journal);
}

void pipeline_finish(struct pipeline *pipeline)
{
    batch_finish(&pipeline->batch);
    journal_finish(&pipeline->journal);
    encoder_finish(&pipeline->encoder);
    window_finish(&pipeline->window);
    delta_table_finish(&pipeline->deltas);
}

bool pipeline_begin_tick(struct pipeline *pipeline, const struct now *now)
{
    pipeline->clock_offset_ms = now_offset_ms(now);
    if (window_is_stale(&pipeline->window, now))
        pipeline_close_window(pipeline);
    window_open(&pipeline->window, now);
    return window_is_last_tick(&pipeline->window, now);
}

static const struct verdict_text {
    enum verdict verdict;
    const char *text;
} verdict_texts[] = {
    {VERDICT_LIE, "counters fell and came back: the reads in between failed, nothing is lost"},
    {VERDICT_RESET, "counters were reset: what they count since then is published"},
    {VERDICT_REBASED,
        "another device, or values that no device can have counted: a new baseline, "
        "nothing is published"},
};

// Each kind once in a window: how many there were is in its record.
static void say_verdicts(struct pipeline *pipeline, const struct delta *delta)
{
    unsigned int news = delta->verdicts & ~pipeline->told_verdicts;
    for (size_t i = 0; news != 0 && i < ARRAY_SIZE(verdict_texts); i++)
        if (news & verdict_texts[i].verdict)
            log_info("delta: %s: %s", delta->eni->ifname, verdict_texts[i].text);
    pipeline->told_verdicts |= news;
}

rarely static void note_verdicts(struct pipeline *pipeline, const struct delta *delta)
{
    struct health *health = &pipeline->health;
    health->n_suspect += delta->held != 0;
    health->n_lies += (delta->verdicts & VERDICT_LIE) != 0;
    health->n_resets += (delta->verdicts & VERDICT_RESET) != 0;
    health->n_rebased += (delta->verdicts & VERDICT_REBASED) != 0;
    say_verdicts(pipeline, delta);
}

void pipeline_add(struct pipeline *pipeline, const struct sample *sample)
{
    struct delta *delta = &pipeline->delta;
    if (sample->eni != NULL)
        identity_see(pipeline->identity, sample->eni, &sample->at);
    delta_table_apply(&pipeline->deltas, sample, delta);
    if ((delta->verdicts | delta->held) != 0)
        note_verdicts(pipeline, delta);
    if (delta->n_readings > 0)
        window_add(&pipeline->window, delta);
}

// A read that took long is told though it gave nothing, of the instance: the ENI was not read.
void pipeline_note_miss(struct pipeline *pipeline, uint64_t read_ns)
{
    pipeline->health.n_samples_missed++;
    struct delta *delta = &pipeline->delta;
    delta->eni = NULL;
    delta->n_readings = 1;
    delta->readings[0] = (struct reading){METRIC_SELF_READ_MS, delta_read_time(read_ns)};
    if (read_ns > 0)
        window_add(&pipeline->window, delta);
}

void pipeline_end_tick(struct pipeline *pipeline, const struct now *now)
{
    if (window_end_tick(&pipeline->window, now))
        pipeline_close_window(pipeline);
}

static void say_dropping(struct pipeline *pipeline, size_t n_dropped)
{
    if (n_dropped > 0 && !pipeline->is_dropping) {
        log_warning("journal: %" PRIu64 " bytes of records wait for the %s sink, which is all that "
                    "journal.max_bytes allows; the oldest are dropped",
            pipeline->journal.max_bytes, pipeline->sink->ops->name);
        pipeline->is_dropping = true;
    }
}

static void say_kept_up(struct pipeline *pipeline)
{
    if (!pipeline->is_dropping || pipeline->journal.n_records > 0)
        return;
    log_info("journal: empty again; %" PRIu64 " records were dropped",
        pipeline->health.n_records_dropped - pipeline->n_told_dropped);
    pipeline->n_told_dropped = pipeline->health.n_records_dropped;
    pipeline->is_dropping = false;
}

void pipeline_close_window(struct pipeline *pipeline)
{
    struct record *record = window_close(&pipeline->window);
    pipeline->n_windows += record != NULL;
    pipeline->told_verdicts = 0;
    pipeline->is_waiting = false;
    size_t n_dropped = 0;
    while (record != NULL) {
        struct record *next = record->next;
        record->start = &pipeline->start;
        record->sequence = pipeline->next_sequence++;
        pipeline->health.n_records_made++;
        n_dropped += journal_append(&pipeline->journal, record);
        record = next;
    }
    pipeline->health.n_records_dropped += n_dropped;
    say_dropping(pipeline, n_dropped);
}

void pipeline_hurry(struct pipeline *pipeline)
{
    const struct sink_ops *ops = pipeline->sink->ops;
    if (!pipeline->is_hurried && ops->hurry != NULL)
        ops->hurry(pipeline->sink);
    pipeline->is_hurried = true;
}

// The start of the record's window on today's clock: a clock that was wrong when the window closed
// and was stepped since would have its documents refused as too old or too new.
static int64_t timestamp_of(const struct pipeline *pipeline, const struct record *record)
{
    int64_t step_ms = pipeline->clock_offset_ms - record->clock_offset_ms;
    int64_t period_ms = (int64_t)record->period_ms;
    if (step_ms <= period_ms && step_ms >= -period_ms)
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
static int add_parts(struct pipeline *pipeline, const struct encoding *encoding)
{
    struct filling filling = {&pipeline->batch, timestamp_of(pipeline, encoding->record)};
    return pipeline->encoder.ops->encode(
        encoding, filling.timestamp_ms, &(struct taker){add_item, &filling});
}

// Of the record there is nothing to publish: it is refused when its turn comes.
static void give_up(struct pipeline *pipeline, struct record *record)
{
    record->is_refused = true;
    if ((pipeline->told_nothing & record->scope) != 0)
        return;
    pipeline->told_nothing |= record->scope;
    bool is_of_eni = record->scope == METRIC_SCOPE_ENI;
    log_error("%s: no dimension set of publish.%s has all its values, so that there is no metric "
              "to publish: records of %s are dropped",
        pipeline->sink->ops->name, is_of_eni ? "eni_dimensions" : "instance_dimensions",
        is_of_eni ? "interfaces" : "the instance");
}

static bool is_given_up(const struct record *record)
{
    return record->is_refused && record->parts.n_parts == 0;
}

// 0: it has a plan, or is given up. -EMSGSIZE.
static int plan_record(
    struct pipeline *pipeline, const struct encoding *encoding, struct record *record)
{
    if (record->parts.n_parts > 0)
        return 0;
    size_t max_bytes = batch_longest_item(&pipeline->batch.limits);
    int r = pipeline->encoder.ops->plan(encoding, max_bytes, &record->parts);
    if (r < 0)
        return r;
    record->is_refused = false;
    if (r == ENCODER_NOTHING)
        give_up(pipeline, record);
    return 0;
}

// 0, BATCH_FULL, BATCH_TOO_LARGE: plan it anew, or why the rest of it cannot be sent: -EMSGSIZE: it
// is too large, -ESTALE: its labels are gone.
static int encode_record(
    struct pipeline *pipeline, struct record *record, const struct labels *labels)
{
    struct encoding encoding = {&pipeline->encoder, record, labels};
    size_t n_items = pipeline->batch.n_items;
    int r = plan_record(pipeline, &encoding, record);
    if (r < 0 || is_given_up(record))
        return r;
    r = add_parts(pipeline, &encoding);
    if (r != BATCH_TOO_LARGE && r != -ESTALE)
        return r;
    // Labels have changed: they are too much for the plan now, or it counts on some that are gone.
    // Parts that were taken fix it for good.
    batch_cut(&pipeline->batch, n_items);
    if (record->n_parts_taken > 0)
        return r < 0 ? r : -EMSGSIZE;
    record->parts.n_parts = 0;
    return BATCH_TOO_LARGE;
}

static void refuse_first(struct pipeline *pipeline, int error)
{
    uint64_t sequence = pipeline->journal.first->sequence;
    if (error == -ESTALE)
        log_error("%s: record %" PRIu64 " was sent in part, and labels of the rest are not known "
                  "any more: dropped",
            pipeline->sink->ops->name, sequence);
    else
        log_error("%s: record %" PRIu64 " does not fit into a document of this destination: "
                  "dropped; shorten the labels in [identity]",
            pipeline->sink->ops->name, sequence);
    pipeline->health.n_records_refused++;
    journal_pop(&pipeline->journal);
}

// Those of this batch whose turn has come.
static void pop_given_up(struct pipeline *pipeline)
{
    struct journal *journal = &pipeline->journal;
    while (journal->n_in_flight > 0 && is_given_up(journal->first)) {
        pipeline->health.n_records_refused++;
        journal_pop(journal);
    }
}

struct wish {
    struct pipeline *pipeline;
    const struct now *now;
};

// Parts that were taken had their labels.
static bool is_labelled(const struct record *record, void *context)
{
    const struct wish *wish = context;
    struct labels labels;
    identity_label(wish->pipeline->identity, record, wish->now, &labels);
    return record->n_parts_taken > 0 ||
        !encoder_is_pending(&(struct encoding){&wish->pipeline->encoder, record, &labels});
}

// Records that wait for their labels let the others pass. How many need not wait.
static size_t prefer_labelled(struct pipeline *pipeline, const struct now *now)
{
    pipeline->is_waiting = false;
    if (pipeline->is_hurried || !identity_is_pending(pipeline->identity, now))
        return pipeline->journal.n_records;
    size_t n_labelled = journal_prefer(
        &pipeline->journal, is_labelled, &(struct wish){pipeline, now});
    pipeline->is_waiting = n_labelled == 0;
    pipeline->n_changes_waited = pipeline->identity->n_changes;
    return n_labelled;
}

// Fills the batch from the front of the journal; false when there is nothing to send.
static bool fill_batch(struct pipeline *pipeline, const struct now *now)
{
    size_t n_labelled = prefer_labelled(pipeline, now);
    struct batch_limits limits;
    pipeline->sink->ops->limits(pipeline->sink, &limits);
    batch_reset(&pipeline->batch, &limits);
    pipeline->journal.n_in_flight = 0;
    int r = 0;
    for (struct record *record = pipeline->journal.first; r == 0 && n_labelled > 0;
         record = record->next, n_labelled--) {
        size_t n_items = pipeline->batch.n_items;
        struct labels labels;
        identity_label(pipeline->identity, record, now, &labels);
        r = encode_record(pipeline, record, &labels);
        pipeline->journal.n_in_flight += pipeline->batch.n_items > n_items || is_given_up(record);
    }
    pop_given_up(pipeline);
    if (r < 0 && pipeline->batch.n_items == 0)
        refuse_first(pipeline, r);
    return pipeline->batch.n_items > 0;
}

// The next item of the batch is off our hands: delivered, or refused.
static void settle(struct pipeline *pipeline, bool is_refused)
{
    struct health *health = &pipeline->health;
    struct record *record = pipeline->journal.first;
    health->n_documents_refused += is_refused;
    record->is_refused |= is_refused;
    if (++record->n_parts_taken < record->parts.n_parts)
        return;
    *(record->is_refused ? &health->n_records_refused : &health->n_records_delivered) += 1;
    journal_pop(&pipeline->journal);
    pop_given_up(pipeline);
}

static size_t n_settled(const struct pipeline *pipeline, const struct ship_answer *answer)
{
    return answer->ship == SHIP_LATER ? answer->n_taken : pipeline->batch.n_items;
}

static bool is_refused(const struct ship_answer *answer, size_t item)
{
    return answer->ship == SHIP_NEVER ||
        (answer->is_refused != NULL && answer->is_refused[item] != 0);
}

static void take_answer(
    struct pipeline *pipeline, const struct now *now, const struct ship_answer *answer)
{
    uint64_t n_before = pipeline->health.n_records_delivered;
    if (answer->ship == SHIP_BUSY)
        return;
    pipeline->is_in_flight = false;
    if (answer->ship == SHIP_NEVER)
        log_error("%s: %zu documents are refused for good: dropped", pipeline->sink->ops->name,
            pipeline->batch.n_items);
    for (size_t i = 0, n = n_settled(pipeline, answer); i < n; i++)
        settle(pipeline, is_refused(answer, i));
    if (pipeline->health.n_records_delivered > n_before)
        pipeline->health.delivered_ns = now->boot_ns;
    pipeline->journal.n_in_flight = 0;
    say_kept_up(pipeline);
}

int pipeline_ship(struct pipeline *pipeline, const struct now *now)
{
    const struct sink_ops *ops = pipeline->sink->ops;
    if (pipeline_has_work(pipeline) && fill_batch(pipeline, now)) {
        ops->submit(pipeline->sink, &pipeline->batch);
        pipeline->is_in_flight = true;
    }
    bool had_batch = pipeline->is_in_flight;
    struct ship_answer answer = {0};
    int r = ops->work(pipeline->sink, now, &answer);
    pipeline->health.n_reconnects = pipeline->sink->n_reconnects;
    pipeline->health.n_maybe_doubled = pipeline->sink->n_maybe_doubled;
    if (r < 0)
        return r;
    if (had_batch)
        take_answer(pipeline, now, &answer);
    return 0;
}

bool pipeline_has_work(const struct pipeline *pipeline)
{
    bool is_waiting = pipeline->is_waiting && !pipeline->is_hurried &&
        pipeline->n_changes_waited == pipeline->identity->n_changes;
    return !pipeline->is_in_flight && !is_waiting && pipeline->journal.first != NULL &&
        pipeline->sink->ops->is_ready(pipeline->sink);
}

bool pipeline_is_drained(const struct pipeline *pipeline)
{
    return !pipeline->is_in_flight && pipeline->journal.first == NULL;
}
