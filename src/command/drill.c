// SPDX-License-Identifier: Apache-2.0
// `enawatch drill`: one exceedance that did not happen, through all that a real one goes through
// but the reading: window, labels, encoder, sink. It goes to a namespace of its own and says of
// itself what it is, so that no real series is touched.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "command/configured.h"
#include "engine.h"
#include "exit_status.h"
#include "os/clock.h"

// Who we are may take so long to be told; the destination, so long to take it.
#define LABELS_NS (5 * NS_PER_S)
#define TAKING_NS (10 * NS_PER_S)

static const char about[] =
    "Usage: enawatch drill [-c FILE] [-o SECTION.KEY=VALUE]...\n"
    "\n"
    "Publishes one exceedance of each allowance that did not happen, by the configured\n"
    "sink, into the namespace publish.namespace with /Drill appended, as of this\n"
    "instance and with the dimension Drill = true: an alarm on that namespace then\n"
    "proves the whole way, from here to your telephone. Real series are not touched.\n"
    "\n";

static const char remarks[] =
    "It may run beside the daemon. Exit status: 0 taken by CloudWatch, or handed to the\n"
    "agent, which says nothing of what it does with it; 1 not taken; 78 wrong\n"
    "configuration or command line.\n";

static int take_word(struct arguments *arguments, void *own)
{
    (void)own;
    return command_refuse_word("drill", arguments);
}

// What is different from what the daemon publishes.
static int mark(struct config *config)
{
    scoped_free char *namespace = xasprintf(
        "publish.namespace=%s/Drill", config->encoder.namespace);
    const char *settings[] = {namespace, "publish.instance_dimensions=Drill; Drill, InstanceId",
        "publish.metrics=default", "publish.period=60s", "publish.resolution=60",
        "identity.dimension.Drill=true", "identity.property.drill=true", "sample.replay="};
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(settings); i++)
        r = config_set(config, settings[i]);
    return r == 0 ? config_check(config) : r;
}

static void exceed(struct pipeline *pipeline, const struct now *now)
{
    struct delta *delta = &pipeline->delta;
    *delta = (struct delta){.at = *now, .n_readings = METRIC_N_EXCEEDED};
    for (uint32_t i = 0; i < METRIC_N_EXCEEDED; i++)
        delta->readings[i] = (struct reading){i, 1};
    (void)pipeline_begin_tick(pipeline, now);
    window_add(&pipeline->window, delta);
    pipeline_end_tick(pipeline, now);
    pipeline_close_window(pipeline, now);
}

// Until it is taken, or refused, or the time is over.
static void deliver(struct engine *engine)
{
    struct delivery *delivery = &engine->pipeline.delivery;
    uint64_t start_ns = clock_now().boot_ns;
    if (engine->sink->ops->hurry != NULL)
        engine->sink->ops->hurry(engine->sink);
    for (;;) {
        struct now now = clock_now();
        uint64_t spent_ns = now.boot_ns - start_ns;
        if (spent_ns >= LABELS_NS)
            delivery_hurry(delivery);
        engine_identify(engine, &now);
        engine_ship(engine, &now);
        if (delivery_is_drained(delivery) || engine->sink_error < 0 ||
            spent_ns >= LABELS_NS + TAKING_NS)
            return;
        bool is_labelled = spent_ns >= LABELS_NS;
        engine_wait(engine, -1, start_ns + LABELS_NS + (is_labelled ? TAKING_NS : 0));
    }
}

struct drill {
    char name[32]; // tells drills apart, as the daemon's starts are
    struct engine engine;
    struct health health;
    struct journal journal; // in memory: it needs no other
};

static int open_journal(struct drill *drill, const struct now *now)
{
    pid_t holder;
    snprintf(drill->name, sizeof(drill->name), "drill.%" PRId64, now->wall_ms);
    int r = journal_open(&drill->journal,
        &(struct journal_setting){.max_bytes = drill->engine.config->journal.max_bytes,
            .catalog = &drill->engine.catalog,
            .boot_id = drill->name,
            .name = drill->name,
            .health = &drill->health},
        &holder);
    return r == 0 ? EXIT_STATUS_DONE : EXIT_STATUS_FAILED;
}

static int report(const struct drill *drill)
{
    const struct engine *engine = &drill->engine;
    const struct identity *identity = &engine->outside.identity;
    const struct sink_ops *sink = engine->sink->ops;
    const char *namespace = engine->config->encoder.namespace;
    struct place place;
    identity_place(identity, &place);
    const char *who = place.instance_id != NULL ? place.instance_id : identity->host_name;
    if (drill->health.n_records_delivered == 0) {
        log_error("drill: %s: not taken; enawatch check says what to do about it", sink->name);
        return EXIT_STATUS_FAILED;
    }
    if (sink->silent_taker != NULL)
        log_info("drill: handed to %s, as of %s: whether it arrives, an alarm on the namespace %s "
                 "tells",
            sink->silent_taker, who, namespace);
    else
        log_info("drill: taken by the sink %s, as of %s: alarms on the namespace %s see it now",
            sink->name, who, namespace);
    return EXIT_STATUS_DONE;
}

static int publish(const struct config *config)
{
    struct now now = clock_now();
    struct drill drill = {0};
    int status = engine_open(&drill.engine, config, &now);
    if (status == EXIT_STATUS_DONE)
        status = open_journal(&drill, &now);
    if (status == EXIT_STATUS_DONE) {
        engine_begin(&drill.engine, &drill.journal, NULL);
        exceed(&drill.engine.pipeline, &now);
        deliver(&drill.engine);
        status = report(&drill);
    }
    engine_finish(&drill.engine);
    journal_close(&drill.journal);
    return status;
}

static int run(const struct config *config, const struct words *words, const void *own)
{
    (void)own;
    log_set_level(config_log_level(config));
    signal(SIGPIPE, SIG_IGN);
    struct config *marked = configured_again(words);
    int status = EXIT_STATUS_CONFIG;
    if (marked != NULL && mark(marked) == 0)
        status = publish(marked);
    if (marked != NULL)
        config_finish(marked);
    free(marked);
    return status;
}

int command_drill(struct arguments *arguments)
{
    static const struct configured kind = {"drill", about, remarks, take_word, run};
    return configured_run(&kind, arguments, NULL);
}
