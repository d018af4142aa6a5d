// SPDX-License-Identifier: Apache-2.0
// The loop. The clock is read once per wake-up; samples follow the
// clock of their source, which in a replay is the recording's. How it ends and how it takes another
// configuration is in daemon_change.c.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "daemon.h"
#include "daemon_state.h"
#include "exit_status.h"
#include "os/clock.h"
#include "os/notify.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_TEXT 36

// In the middle of a tick the sink is looked at when reading has taken so long.
#define PATIENCE_NS (50 * NS_PER_MS)

// Without a boot id no other start can be of this boot.
static void name_start(struct daemon *daemon, const struct now *now)
{
    char id[BOOT_ID_TEXT + 1] = "";
    uint64_t now_ms = now->boot_ns / NS_PER_MS;
    scoped_fd int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, id, BOOT_ID_TEXT) == BOOT_ID_TEXT)
        snprintf(daemon->boot_id, sizeof(daemon->boot_id), "%s", id);
    else
        snprintf(daemon->boot_id, sizeof(daemon->boot_id), "unknown.%" PRId64, now->wall_ms);
    snprintf(daemon->name, sizeof(daemon->name), "%s.%" PRIu64, daemon->boot_id, now_ms);
}

static int open_signals(struct daemon *daemon)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a limit on the size of files (LimitFSIZE=) is the journal's trouble
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        daemon->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (daemon->signal_fd >= 0)
        return EXIT_STATUS_DONE;
    log_error("cannot wait for signals: %s", strerror(errno));
    return EXIT_STATUS_FAILED;
}

// A recording has nothing to keep.
static void find_directory(struct daemon *daemon)
{
    if (engine_is_replay(daemon->engine))
        return;
    daemon->directory = engine_journal_directory(daemon->engine->config);
    if (daemon->directory == NULL)
        log_info("journal: in memory only, as neither journal.directory nor STATE_DIRECTORY names "
                 "a place: what is not delivered at the end is lost");
}

static int open_journal(struct daemon *daemon)
{
    pid_t holder = 0;
    find_directory(daemon);
    int r = journal_open(&daemon->journal,
        &(struct journal_setting){.max_bytes = daemon->engine->config->journal.max_bytes,
            .catalog = &daemon->engine->catalog,
            .directory = daemon->directory,
            .boot_id = daemon->boot_id,
            .name = engine_is_replay(daemon->engine) ? "replay" : daemon->name,
            .health = &daemon->health},
        &holder);
    if (r != JOURNAL_HELD)
        return EXIT_STATUS_DONE;
    // Of another container the kernel does not tell the pid.
    scoped_free char *who = holder > 0 ? xasprintf("pid %d", (int)holder)
                                       : xasprintf("not of this container");
    log_error("journal: another process (%s) has %s: stop it, or name another journal.directory",
        who, daemon->directory);
    return EXIT_STATUS_FAILED;
}

// Returns the exit status; whatever was started then is what stop() has to stop.
static int start(struct daemon *daemon, const struct now *now)
{
    name_start(daemon, now);
    int status = open_signals(daemon);
    if (status == EXIT_STATUS_DONE)
        status = engine_open(daemon->engine, daemon->setting->config, now);
    if (status == EXIT_STATUS_DONE)
        status = open_journal(daemon);
    if (status == EXIT_STATUS_DONE)
        engine_begin(daemon->engine, &daemon->journal, journal_baseline(&daemon->journal));
    daemon->alive_every_ns = notify_watchdog_ns() / 2;
    return status;
}

static void stop(struct daemon *daemon)
{
    engine_finish(&daemon->engines[0]);
    engine_finish(&daemon->engines[1]);
    journal_close(&daemon->journal);
    daemon_drop_config(daemon);
    free(daemon->directory);
    close_descriptor(&daemon->signal_fd);
}

// The watchdog hears of us whenever the loop, or one read of a device, has come to its end.
static void stay_alive(struct daemon *daemon, uint64_t now_ns)
{
    if (daemon->alive_every_ns == 0 || now_ns < daemon->alive_ns + daemon->alive_every_ns / 2)
        return;
    notify_alive();
    daemon->alive_ns = now_ns;
}

// A device may hang for seconds, with many more to come: the sink does not wait for them all.
static void ship_if_overdue(struct daemon *daemon, uint64_t read_ns)
{
    daemon->unshipped_ns += read_ns;
    if (daemon->unshipped_ns <= PATIENCE_NS)
        return;
    struct now now = clock_now();
    daemon->unshipped_ns = 0;
    engine_ship(daemon->engine, &now);
    stay_alive(daemon, now.boot_ns);
}

static void take_outcome(struct engine *engine, enum collect outcome)
{
    if (outcome == COLLECT_SAMPLE) {
        engine->pipeline.health->n_samples += engine->sample.eni != NULL;
        pipeline_add(&engine->pipeline, &engine->sample);
    } else {
        pipeline_note_miss(&engine->pipeline, engine->sample.read_ns);
    }
}

// Reads every source once; a signal in between ends the round after the read that is under way.
static void read_sources(struct daemon *daemon, const struct tick *tick)
{
    struct engine *engine = daemon->engine;
    enum daemon_state state = daemon->state;
    enum collect r;
    while ((r = sources_collect(&engine->sources, tick, &engine->sample)) != COLLECT_DONE) {
        take_outcome(engine, r);
        ship_if_overdue(daemon, engine->sample.read_ns);
        daemon_take_signals(daemon);
        if (daemon->state != state || daemon->is_hurried)
            return;
    }
}

static void tick(struct daemon *daemon, const struct now *now)
{
    struct pipeline *pipeline = &daemon->engine->pipeline;
    bool is_last = pipeline_begin_tick(pipeline, now);
    bool is_final = daemon->state == DAEMON_LAST_SAMPLE;
    read_sources(daemon, &(struct tick){*now, is_last || is_final, is_final});
    pipeline_end_tick(pipeline, now);
    daemon_tell(daemon, now);
    uint64_t n_windows = daemon->n_windows_before + pipeline->n_windows;
    if (daemon->setting->n_periods > 0 && n_windows >= daemon->setting->n_periods)
        daemon_begin_drain(daemon);
}

static void count_lateness(struct daemon *daemon)
{
    const struct ticker *ticker = &daemon->engine->ticker;
    daemon->health.n_ticks_missed += ticker->n_missed;
    daemon->health.n_ticks_late += ticker->late_ns > ticker->interval_ms * NS_PER_MS / 2;
}

static void last_tick(struct daemon *daemon, const struct now *now)
{
    tick(daemon, now);
    pipeline_close_window(&daemon->engine->pipeline, now);
    daemon_begin_drain(daemon);
}

static void replay_tick(struct daemon *daemon)
{
    struct now now;
    struct counters *counters = daemon->engine->counters;
    counters->ops->clock(counters, &now);
    bool is_over = daemon->state == DAEMON_LAST_SAMPLE; // the moment has had its sample
    if (!is_over) {
        tick(daemon, &now);
        is_over = daemon->state == DAEMON_RUNNING &&
            counters->ops->advance(counters) == COUNTERS_ENDED;
    }
    if (is_over) {
        pipeline_close_window(&daemon->engine->pipeline, &now);
        daemon_begin_drain(daemon);
    }
}

static void sample_if_due(struct daemon *daemon, const struct now *now)
{
    struct engine *engine = daemon->engine;
    if (daemon->state == DAEMON_DRAINING)
        return;
    if (engine_is_replay(engine)) {
        if (daemon->state == DAEMON_LAST_SAMPLE || now->boot_ns >= engine_replay_due_ns(engine))
            replay_tick(daemon);
    } else if (daemon->state == DAEMON_LAST_SAMPLE) {
        last_tick(daemon, now);
    } else if (ticker_is_due(&engine->ticker, now)) {
        count_lateness(daemon);
        tick(daemon, now);
    }
}

// The boot time at which to wake up at the latest, whatever the engine has to do.
static uint64_t deadline_ns(const struct daemon *daemon)
{
    const struct engine *engine = daemon->engine;
    if (daemon->state == DAEMON_LAST_SAMPLE)
        return 0;
    uint64_t until_ns = daemon->state == DAEMON_DRAINING ? daemon->drain_until_ns
        : engine_is_replay(engine)                       ? engine_replay_due_ns(engine)
                                                         : engine->ticker.due_boot_ns;
    if (daemon->next != NULL)
        until_ns = earlier(until_ns, daemon->change_until_ns);
    if (daemon->alive_every_ns != 0)
        until_ns = earlier(until_ns, daemon->alive_ns + daemon->alive_every_ns);
    return until_ns;
}

static int loop(struct daemon *daemon)
{
    for (;;) {
        struct now now = clock_now();
        sample_if_due(daemon, &now);
        engine_identify(daemon->engine, &now);
        engine_ship(daemon->engine, &now);
        if (daemon->engine->sink_error < 0) {
            log_error("%s: cannot go on: %s", daemon->engine->sink->ops->name,
                strerror(-daemon->engine->sink_error));
            return EXIT_STATUS_FAILED;
        }
        daemon_change_if_due(daemon, &now);
        if (daemon_is_over(daemon, &now))
            return daemon_end(daemon);
        stay_alive(daemon, now.boot_ns);
        if (engine_wait(daemon->engine, daemon->signal_fd, deadline_ns(daemon)))
            daemon_take_signals(daemon);
    }
}

int daemon_run(const struct daemon_setting *setting)
{
    struct daemon daemon = {.setting = setting, .signal_fd = -1};
    struct now now = clock_now();
    daemon.engine = &daemon.engines[0];
    int status = start(&daemon, &now);
    if (status == EXIT_STATUS_DONE)
        status = loop(&daemon);
    stop(&daemon);
    return status;
}
