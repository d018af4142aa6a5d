// SPDX-License-Identifier: Apache-2.0
// A pipeline and a sink whose answers the test writes, for the tests of pipeline.c. One ENI, a tick
// every second, windows of ten seconds.
#pragma once

#include <string.h>

#include "flow/catalog.h"
#include "pipeline.h"
#include "support/unit.h"

#define T0     INT64_C(1795255200000) // a full hour
#define SECOND UINT64_C(1000)

struct scripted_sink {
    struct sink base;
    struct batch_limits limits;
    bool is_ready;
    int error;
    struct ship_answer answer; // to every batch; n_taken at most what it has
    const struct batch *batch; // in flight
    unsigned int n_hurries;
    size_t n_documents;
    char **documents; // taken
};

static inline void limits_of(const struct sink *sink, struct batch_limits *ret_limits)
{
    *ret_limits = ((const struct scripted_sink *)sink)->limits;
}

static inline bool is_ready(const struct sink *sink)
{
    return ((const struct scripted_sink *)sink)->is_ready;
}

static inline void submit(struct sink *sink, const struct batch *batch)
{
    ((struct scripted_sink *)sink)->batch = batch;
}

// Those that are not refused.
static inline void keep(struct scripted_sink *sink, size_t n_items, const unsigned char *is_refused)
{
    sink->documents = xreallocarray(sink->documents, sink->n_documents + n_items, sizeof(char *));
    for (size_t i = 0; i < n_items; i++) {
        const struct batch_item *item = &sink->batch->items[i];
        if (is_refused != NULL && is_refused[i] != 0)
            continue;
        sink->documents[sink->n_documents++] = strndup(
            sink->batch->bytes + item->offset, item->n_bytes - 1);
    }
}

static inline int work(struct sink *base, const struct now *now, struct ship_answer *ret_answer)
{
    (void)now;
    struct scripted_sink *sink = (struct scripted_sink *)base;
    if (sink->batch == NULL || sink->error != 0)
        return sink->error;
    *ret_answer = sink->answer;
    if (ret_answer->n_taken > sink->batch->n_items)
        ret_answer->n_taken = sink->batch->n_items;
    if (sink->answer.ship == SHIP_TAKEN)
        keep(sink, sink->batch->n_items, ret_answer->is_refused);
    if (sink->answer.ship == SHIP_LATER)
        keep(sink, ret_answer->n_taken, ret_answer->is_refused);
    if (sink->answer.ship != SHIP_BUSY)
        sink->batch = NULL;
    return 0;
}

static inline void hurry(struct sink *sink)
{
    ((struct scripted_sink *)sink)->n_hurries++;
}

#define SCRIPTED_OPS(its_form)                                                                     \
    {                                                                                              \
        .name = "scripted", .form = (its_form), .limits = limits_of, .is_ready = is_ready,         \
        .submit = submit, .work = work, .hurry = hurry                                             \
    }

static const struct sink_ops scripted_ops = SCRIPTED_OPS(SINK_FORM_EMF);

struct bench {
    struct catalog catalog;
    struct catalog_options catalog_options;
    struct delta_options delta_options;
    struct window_options window_options;
    struct encoder_options encoder_options;
    struct health health;
    struct journal journal;
    struct identity_options identity_options;
    struct identity identity;
    struct scripted_sink sink;
    struct pipeline pipeline;
    struct eni eni;
    struct now now;
    uint64_t pps;
};

static inline int set_up_sink(void **state, const struct sink_ops *ops)
{
    static char *words[] = {(char *)"default"};
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->catalog_options.metrics = (struct option_list){1, words};
    bench->delta_options.verdict_ms = 10000;
    bench->window_options.period_ms = 10000;
    bench->encoder_options = (struct encoder_options){.namespace = (char *)"EnaWatch",
        .log_group = (char *)"/enawatch/metrics",
        .instance_dimensions = (char *)"InstanceId",
        .eni_dimensions = (char *)"InstanceId, NetworkInterfaceId"};
    bench->identity_options.instance_id = (char *)"i-1";
    catalog_init(&bench->catalog, &bench->catalog_options);
    identity_init(&bench->identity, &(struct identity_setting){.options = &bench->identity_options},
        &bench->now);
    bench->sink = (struct scripted_sink){.base = {ops},
        .limits = {100000, 100000, 100},
        .is_ready = true,
        .answer = {.ship = SHIP_TAKEN}};
    pid_t holder;
    int r = journal_open(&bench->journal,
        &(struct journal_setting){.max_bytes = 1 << 20,
            .catalog = &bench->catalog,
            .boot_id = "a boot",
            .name = "boot-1",
            .health = &bench->health},
        &holder);
    assert_int_equal(r, 0);
    pipeline_init(&bench->pipeline,
        &(struct pipeline_setting){.delta = &bench->delta_options,
            .window = &bench->window_options,
            .encoder = &bench->encoder_options,
            .sample_ms = SECOND,
            .catalog = &bench->catalog,
            .journal = &bench->journal,
            .identity = &bench->identity,
            .sink = &bench->sink.base});
    bench->eni = (struct eni){.mac = {{2, 0, 0, 0, 0, 1}}, .ifindex = 2, .ifname = "ens5"};
    memset(&bench->eni.offered, 0xff, sizeof(bench->eni.offered));
    bench->now = (struct now){.boot_ns = NS_PER_S * 1000, .wall_ms = T0};
    *state = bench;
    return 0;
}

static inline int set_up(void **state)
{
    return set_up_sink(state, &scripted_ops);
}

static inline int tear_down(void **state)
{
    struct bench *bench = *state;
    pipeline_finish(&bench->pipeline);
    journal_close(&bench->journal);
    identity_finish(&bench->identity);
    for (size_t i = 0; i < bench->sink.n_documents; i++)
        free(bench->sink.documents[i]);
    free(bench->sink.documents);
    free(bench);
    return 0;
}

// Whether there is something to send at once.
static inline bool has_work(const struct bench *bench)
{
    return delivery_due_ns(&bench->pipeline.delivery) == 0;
}

// Other dimension sets, from now on.
static inline void publish_by(struct bench *bench, const char *instance, const char *enis)
{
    struct encoder *encoder = &bench->pipeline.delivery.encoder;
    struct encoder_setting setting = {encoder->ops, &bench->encoder_options, &bench->catalog};
    bench->encoder_options.instance_dimensions = (char *)instance;
    bench->encoder_options.eni_dimensions = (char *)enis;
    encoder_finish(encoder);
    encoder_init(encoder, &setting);
}

static inline void pass(struct bench *bench, uint64_t ms)
{
    bench->now.boot_ns += ms * NS_PER_MS;
    bench->now.wall_ms += (int64_t)ms;
}

// One tick a second after the last, in which the counter moves by `increase`. Whether it was the
// last one of its window.
static inline bool tick(struct bench *bench, uint64_t increase)
{
    pass(bench, SECOND);
    bench->pps += increase;
    struct sample sample = {.eni = &bench->eni,
        .at = bench->now,
        .n_readings = 1,
        .readings = {{METRIC_PPS_ALLOWANCE_EXCEEDED, bench->pps}}};
    bool is_last = pipeline_begin_tick(&bench->pipeline, &bench->now);
    pipeline_add(&bench->pipeline, &sample);
    pipeline_end_tick(&bench->pipeline, &bench->now);
    return is_last;
}

static inline void ticks(struct bench *bench, size_t n, uint64_t increase)
{
    for (size_t i = 0; i < n; i++)
        tick(bench, increase);
}

static inline void ship(struct bench *bench)
{
    assert_int_equal(delivery_ship(&bench->pipeline.delivery, &bench->now), 0);
}
