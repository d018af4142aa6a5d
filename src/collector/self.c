// SPDX-License-Identifier: Apache-2.0
// How the daemon itself is doing, as a sample of the instance, once a window. The first sample says
// where its counts begin, which is what was told before: zero, or where the collector before left
// off, but for those of records, which the journal knows. What the first window counts is not lost
// as a baseline.
#include "collector/self.h"

struct self {
    struct collector base;
    const struct health *health;
    struct health *told; // by the last sample; before the first, what that is to tell
    bool has_begun;      // the first sample was given
    uint64_t told_ns;    // boot clock of the tick that had the last sample
};

// 0 where the delivery came in the middle of this very tick.
static uint64_t age_ms(uint64_t since_ns, const struct now *now)
{
    return now->boot_ns > since_ns ? (now->boot_ns - since_ns) / NS_PER_MS : 0;
}

static void fill(const struct health *health, const struct now *now, struct sample *sample)
{
    sample->eni = NULL;
    sample->at = *now;
    sample->read_ns = 0;
    sample->n_readings = 0;
    sample_put(sample, METRIC_SELF_SAMPLES, health->n_samples);
    sample_put(sample, METRIC_SELF_SAMPLES_MISSED, health->n_samples_missed);
    sample_put(sample, METRIC_SELF_TICKS_MISSED, health->n_ticks_missed);
    sample_put(sample, METRIC_SELF_TICKS_LATE, health->n_ticks_late);
    sample_put(sample, METRIC_SELF_SUSPECT, health->n_suspect);
    sample_put(sample, METRIC_SELF_LIES, health->n_lies);
    sample_put(sample, METRIC_SELF_RESETS, health->n_resets);
    sample_put(sample, METRIC_SELF_REBASED, health->n_rebased);
    sample_put(sample, METRIC_SELF_RECORDS_MADE, health->n_records_made);
    sample_put(sample, METRIC_SELF_RECORDS_DELIVERED, health->n_records_delivered);
    sample_put(sample, METRIC_SELF_RECORDS_REFUSED, health->n_records_refused);
    sample_put(sample, METRIC_SELF_RECORDS_EXPIRED, health->n_records_expired);
    sample_put(sample, METRIC_SELF_RECORDS_UNCLAIMED, health->n_records_unclaimed);
    sample_put(sample, METRIC_SELF_RECORDS_WAITING, health->n_records_waiting);
    sample_put(sample, METRIC_SELF_DOCUMENTS_REFUSED, health->n_documents_refused);
    sample_put(sample, METRIC_SELF_MAYBE_DOUBLED, health->n_maybe_doubled);
    sample_put(sample, METRIC_SELF_RECONNECTS, health->n_reconnects);
    sample_put(sample, METRIC_SELF_IMDS_REQUESTS, health->n_imds_requests);
    sample_put(sample, METRIC_SELF_IMDS_FAILURES, health->n_imds_failures);
    if (health->delivered_ns != 0)
        sample_put(sample, METRIC_SELF_DELIVERY_AGE_MS, age_ms(health->delivered_ns, now));
}

static enum collect collect(
    struct collector *collector, const struct tick *tick, struct sample *ret_sample)
{
    struct self *self = (struct self *)collector;
    bool is_due = tick->is_last && self->told_ns != tick->now.boot_ns;
    if (self->has_begun && !is_due)
        return COLLECT_DONE;
    if (self->has_begun)
        *self->told = *self->health;
    fill(self->told, &tick->now, ret_sample);
    self->told_ns = self->has_begun ? tick->now.boot_ns : 0;
    self->has_begun = true;
    return COLLECT_SAMPLE;
}

static void destroy(struct collector *collector)
{
    free(collector);
}

static const struct collector_ops ops = {
    .name = "self",
    .collect = collect,
    .destroy = destroy,
};

struct collector *self_create(const struct health *health, struct health *told)
{
    struct self *self = xcalloc(1, sizeof(*self));
    self->base.ops = &ops;
    self->health = health;
    self->told = told;
    health_take_records(told, health);
    told->delivered_ns = health->delivered_ns;
    return &self->base;
}
