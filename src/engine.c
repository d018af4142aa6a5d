// SPDX-License-Identifier: Apache-2.0
// Start order and its mirror, and the one call that blocks.
#include <poll.h>
#include <string.h>

#include "collector/conntrack.h"
#include "collector/self.h"
#include "engine.h"
#include "exit_status.h"
#include "os/clock.h"

bool engine_is_replay(const struct engine *engine)
{
    return engine->counters->ops->advance != NULL;
}

char *engine_journal_directory(const struct config *config)
{
    const char *state = getenv("STATE_DIRECTORY");
    if (config->journal.directory != NULL)
        return xstrdup(config->journal.directory);
    return state != NULL && *state != '\0' ? strndup(state, strcspn(state, ":")) : NULL;
}

static int create_sink(struct engine *engine)
{
    const struct sink_ops *ops = outside_sink_ops(&engine->outside);
    struct sink_setting setting = outside_sink_setting(&engine->outside);
    int r = ops->create(&setting, &engine->sink);
    if (r == 0)
        return EXIT_STATUS_DONE;
    log_error("%s: cannot start: %s", ops->name, strerror(-r));
    return EXIT_STATUS_FAILED;
}

int engine_open(struct engine *engine, const struct config *config, const struct now *now)
{
    *engine = (struct engine){.config = config, .real_start_ns = now->boot_ns};
    catalog_init(&engine->catalog, &config->catalog);
    int status = config_open_counters(config, &engine->counters);
    if (status != EXIT_STATUS_DONE)
        return status;
    status = outside_open(&engine->outside, config, engine_is_replay(engine), now);
    if (status != EXIT_STATUS_DONE)
        return status;
    if (engine->outside.no_imds_because != NULL && !engine_is_replay(engine))
        log_info("imds: not asked: %s", engine->outside.no_imds_because);
    return create_sink(engine);
}

// A recording tells nothing of the machine that plays it. Our own health comes last: what it tells
// of a tick includes the reads of this tick.
static void open_sources(struct engine *engine)
{
    const struct config *config = engine->config;
    sources_add(&engine->sources,
        ena_create(&config->ena, config->sample.interval_ms, &engine->catalog, engine->counters));
    if (engine_is_replay(engine))
        return;
    sources_add(&engine->sources, conntrack_create("/proc"));
    sources_add(&engine->sources, self_create(engine->pipeline.health, &engine->told));
}

void engine_begin(struct engine *engine, struct journal *journal, const json_t *baseline)
{
    struct now now = clock_now();
    const struct config *config = engine->config;
    struct now replay_now;
    pipeline_init(&engine->pipeline,
        &(struct pipeline_setting){.delta = &config->delta,
            .window = &config->window,
            .encoder = &config->encoder,
            .sample_ms = config->sample.interval_ms,
            .catalog = &engine->catalog,
            .journal = journal,
            .identity = &engine->outside.identity,
            .sink = engine->sink,
            .is_live = !engine_is_replay(engine)});
    pipeline_resume(&engine->pipeline, baseline, &now);
    identity_recall(&engine->outside.identity, journal_who(journal->start));
    open_sources(engine);
    ticker_init(&engine->ticker, config->sample.interval_ms);
    engine->counters->ops->clock(engine->counters, &replay_now);
    engine->replay_start_ns = replay_now.boot_ns;
    engine->before = *engine->pipeline.health;
}

// The sink goes before all that it borrows from, the batch of the pipeline too.
void engine_finish(struct engine *engine)
{
    if (engine->sink != NULL)
        engine->sink->ops->destroy(engine->sink);
    pipeline_finish(&engine->pipeline);
    outside_finish(&engine->outside);
    sources_finish(&engine->sources);
    if (engine->counters != NULL)
        engine->counters->ops->destroy(engine->counters);
    // What waits in the journal is told by its catalog until journal_change().
    *engine = (struct engine){.catalog = engine->catalog};
}

uint64_t engine_replay_due_ns(const struct engine *engine)
{
    struct now now;
    const struct journal *journal = engine->pipeline.delivery.journal;
    engine->counters->ops->clock(engine->counters, &now);
    double speed = engine->config->replay.speed;
    if (journal->queue.n_bytes > journal->setting.max_bytes / 2)
        return UINT64_MAX;
    if (speed <= 0)
        return 0;
    return engine->real_start_ns +
        (uint64_t)((double)(now.boot_ns - engine->replay_start_ns) / speed);
}

void engine_ship(struct engine *engine, const struct now *now)
{
    if (engine->sink_error == 0)
        engine->sink_error = delivery_ship(&engine->pipeline.delivery, now);
}

void engine_identify(struct engine *engine, const struct now *now)
{
    const struct identity *identity = &engine->outside.identity;
    outside_work(&engine->outside, now);
    struct health *health = engine->pipeline.health;
    health->n_imds_requests = engine->before.n_imds_requests + identity->imds.n_requests;
    health->n_imds_failures = engine->before.n_imds_failures + identity->imds.n_failed +
        identity->n_refused;
}

static uint64_t due_ns(const struct engine *engine, const struct sink_wait *sink)
{
    uint64_t due_ns = earlier(
        delivery_due_ns(&engine->pipeline.delivery), outside_due_ns(&engine->outside));
    return sink->until_ns != 0 ? earlier(due_ns, sink->until_ns) : due_ns;
}

static void take_events(struct engine *engine, const struct pollfd *fds)
{
    uint64_t n_gone = sources_n_gone(&engine->sources);
    struct now now = clock_now();
    sources_events(&engine->sources, fds, &now);
    if (sources_n_gone(&engine->sources) != n_gone)
        pipeline_note_gone(&engine->pipeline);
}

enum { WAIT_OWNER, WAIT_SINK, WAIT_HTTP, WAIT_SOURCES, WAIT_COUNT = WAIT_SOURCES + SOURCES_MAX };

bool engine_wait(struct engine *engine, int fd, uint64_t until_ns)
{
    struct sink_wait sink = {.fd = -1};
    engine->sink->ops->wait(engine->sink, &sink);
    struct pollfd fds[WAIT_COUNT] = {
        [WAIT_OWNER] = {.fd = fd, .events = POLLIN},
        [WAIT_SINK] = {.fd = sink.fd, .events = sink.events},
        [WAIT_HTTP] = {.fd = outside_descriptor(&engine->outside), .events = POLLIN},
    };
    size_t n_fds = WAIT_SOURCES + sources_wait(&engine->sources, &fds[WAIT_SOURCES]);
    until_ns = earlier(until_ns, due_ns(engine, &sink));
    uint64_t now_ns = clock_now().boot_ns;
    uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    struct timespec timeout = {
        .tv_sec = (time_t)(left_ns / NS_PER_S), .tv_nsec = (long)(left_ns % NS_PER_S)};
    if (ppoll(fds, n_fds, &timeout, NULL) <= 0)
        return false;
    take_events(engine, &fds[WAIT_SOURCES]);
    return fds[WAIT_OWNER].revents != 0;
}
