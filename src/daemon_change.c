// SPDX-License-Identifier: Apache-2.0
// What happens to the daemon from outside: signals, another configuration, the end. A change of the
// configuration makes a second engine; only when that stands does the first one close its window
// and go, and the second takes up its counters where they were: nothing is lost in between.
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#include "daemon.h"
#include "daemon_state.h"
#include "exit_status.h"
#include "identity/past.h"
#include "os/clock.h"
#include "os/notify.h"
#include "store/baseline.h"

static char *status_of(const struct daemon *daemon, const struct now *now)
{
    const struct engine *engine = daemon->engine;
    const struct health *health = &daemon->health;
    scoped_free char *delivered = health->delivered_ns == 0
        ? xstrdup("none was delivered yet")
        : xasprintf("the last was delivered %" PRIu64 " s ago",
              (now->boot_ns - health->delivered_ns) / NS_PER_S);
    return xasprintf("%zu interfaces every %" PRIu64 " ms, to %s; %zu records wait, %s",
        engine->pipeline.window.n_enis, engine->config->sample.interval_ms, engine->sink->ops->name,
        daemon->journal.queue.n_records, delivered);
}

static void say_ready(struct daemon *daemon, const struct now *now)
{
    scoped_free char *status = status_of(daemon, now);
    notify_ready(status);
    daemon->is_ready = true;
}

void daemon_tell(struct daemon *daemon, const struct now *now)
{
    uint64_t n_windows = daemon->n_windows_before + daemon->engine->pipeline.n_windows;
    bool is_news = !daemon->is_ready || n_windows != daemon->told_windows;
    if (is_news && daemon->next == NULL)
        say_ready(daemon, now);
    daemon->told_windows = n_windows;
}

// --- Another configuration ---

static void free_config(struct config *config)
{
    if (config != NULL)
        config_finish(config);
    free(config);
}

void daemon_drop_config(struct daemon *daemon)
{
    free_config(daemon->config);
    free_config(daemon->next_config);
    daemon->config = daemon->next_config = NULL;
}

static void drop_next(struct daemon *daemon)
{
    if (daemon->next == NULL)
        return;
    engine_finish(daemon->next);
    free_config(daemon->next_config);
    daemon->next = NULL;
    daemon->next_config = NULL;
    delivery_hold(&daemon->engine->pipeline.delivery, false);
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

// NULL: none, or one that can only be had by starting anew; the log says why.
static struct config *read_config(const struct daemon *daemon)
{
    struct config *config = daemon->setting->configure(daemon->setting->context);
    if (config == NULL)
        return NULL;
    if (config->replay.path != NULL) {
        log_error("sample.replay: a daemon that watches the kernel does not change to a recording");
        free_config(config);
        return NULL;
    }
    scoped_free char *directory = engine_journal_directory(config);
    if (!is_same(directory, daemon->directory))
        log_warning("journal.directory: stays as it is until a restart");
    return config;
}

static void keep_config(struct daemon *daemon, const struct now *now)
{
    log_warning("reload: the configuration stays as it was");
    say_ready(daemon, now);
}

static void begin_change(struct daemon *daemon)
{
    struct now now = clock_now();
    if (engine_is_replay(daemon->engine)) {
        log_info("reload: not while a recording is played");
        return;
    }
    notify_reloading();
    drop_next(daemon);
    struct config *config = read_config(daemon);
    if (config == NULL) {
        keep_config(daemon, &now);
        return;
    }
    daemon->next = &daemon->engines[daemon->engine == &daemon->engines[0]];
    daemon->next_config = config;
    if (engine_open(daemon->next, config, &now) != EXIT_STATUS_DONE) {
        drop_next(daemon);
        keep_config(daemon, &now);
        return;
    }
    delivery_hold(&daemon->engine->pipeline.delivery, true);
    daemon->change_until_ns = now.boot_ns + daemon->engine->config->run.drain_ms * NS_PER_MS;
}

// The sink did not answer in time: what it may have taken is sent again.
static void note_doubts(struct daemon *daemon)
{
    const struct delivery *delivery = &daemon->engine->pipeline.delivery;
    if (!delivery->is_in_flight)
        return;
    log_warning("reload: %s has not answered for %zu documents: they may come twice",
        daemon->engine->sink->ops->name, delivery->batch.n_items);
    daemon->health.n_maybe_doubled += delivery->batch.n_items;
}

static void change(struct daemon *daemon, const struct now *now)
{
    struct engine *old = daemon->engine, *next = daemon->next;
    note_doubts(daemon);
    pipeline_close_window(&old->pipeline, now);
    json_t *baseline = baseline_save(&old->pipeline.deltas, &old->pipeline.window);
    journal_note_who(&daemon->journal, identity_tell(&old->outside.identity));
    daemon->n_windows_before += old->pipeline.n_windows;
    next->told = old->told;
    engine_finish(old);
    journal_change(&daemon->journal, &next->catalog, next->config->journal.max_bytes);
    engine_begin(next, &daemon->journal, baseline);
    json_decref(baseline);
    free_config(daemon->config);
    daemon->engine = next;
    daemon->config = daemon->next_config;
    daemon->next = NULL;
    daemon->next_config = NULL;
    log_set_level(config_log_level(next->config));
    log_info("reload: the new configuration is in force");
    say_ready(daemon, now);
}

void daemon_change_if_due(struct daemon *daemon, const struct now *now)
{
    if (daemon->next == NULL)
        return;
    if (daemon->state != DAEMON_RUNNING)
        drop_next(daemon);
    else if (!daemon->engine->pipeline.delivery.is_in_flight ||
        now->boot_ns >= daemon->change_until_ns)
        change(daemon, now);
}

// --- The end ---

// A replay waits for its sink however long it takes: there is no time that it could miss.
void daemon_begin_drain(struct daemon *daemon)
{
    bool is_over = engine_is_replay(daemon->engine) && daemon->state == DAEMON_RUNNING;
    daemon->state = DAEMON_DRAINING;
    delivery_hurry(&daemon->engine->pipeline.delivery);
    daemon->drain_until_ns = daemon->is_hurried ? 0
        : is_over                               ? UINT64_MAX
                  : clock_now().boot_ns + daemon->engine->config->run.drain_ms * NS_PER_MS;
}

// The first asks for a last sample, or ends a replay's waiting; the next ends the waiting for the
// sink.
static void begin_end(struct daemon *daemon, int number)
{
    if (daemon->state == DAEMON_RUNNING) {
        log_info("%s: publishing the open window", strsignal(number));
        notify_stopping("publishing the open window");
        daemon->state = DAEMON_LAST_SAMPLE;
    } else if (daemon->drain_until_ns == UINT64_MAX) {
        daemon_begin_drain(daemon);
    } else {
        daemon->is_hurried = true;
        daemon->drain_until_ns = 0;
    }
}

void daemon_take_signals(struct daemon *daemon)
{
    struct signalfd_siginfo signal = {0};
    int end = 0;
    bool is_change = false;
    while (read(daemon->signal_fd, &signal, sizeof(signal)) == sizeof(signal)) {
        if (signal.ssi_signo == SIGHUP)
            is_change = true;
        else
            end = (int)signal.ssi_signo;
    }
    if (end != 0)
        begin_end(daemon, end);
    else if (is_change && daemon->state == DAEMON_RUNNING)
        begin_change(daemon);
}

bool daemon_is_over(const struct daemon *daemon, const struct now *now)
{
    return daemon->state == DAEMON_DRAINING &&
        (delivery_is_drained(&daemon->engine->pipeline.delivery) ||
            now->boot_ns >= daemon->drain_until_ns);
}

int daemon_end(struct daemon *daemon)
{
    struct journal *journal = &daemon->journal;
    const char *name = daemon->engine->sink->ops->name;
    size_t n_left = journal->queue.n_records;
    if (n_left > 0 && journal_keep(journal))
        log_info("%s: %zu records were not taken in time: they wait in %s for the next start", name,
            n_left, daemon->directory);
    else if (n_left > 0 && journal_is_kept(journal))
        log_warning("%s: %zu records were not taken in time, and %s cannot be written: those that "
                    "are not in it already are lost",
            name, n_left, daemon->directory);
    else if (n_left > 0)
        log_warning("%s: %zu records were not taken in time and are lost", name, n_left);
    return EXIT_STATUS_DONE;
}
