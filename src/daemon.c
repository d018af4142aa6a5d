// SPDX-License-Identifier: Apache-2.0
// Start order and its mirror, the loop, and the one call that blocks. The clock is read once per
// wake-up; samples follow the clock of their source, which in a replay is the recording's.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#include "aws/environment.h"
#include "collector/conntrack.h"
#include "collector/self.h"
#include "daemon.h"
#include "exit_status.h"
#include "flow/ticker.h"
#include "os/clock.h"
#include "pipeline.h"
#include "sink/table.h"
#include "sources.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_TEXT 36

enum daemon_state {
    DAEMON_RUNNING,
    DAEMON_LAST_SAMPLE, // asked to stop: one more sample, then the open window is published
    DAEMON_DRAINING,    // the sink may finish until drain_until_ns
};

// In the middle of a tick the sink is looked at when reading has taken so long.
#define PATIENCE_NS (50 * NS_PER_MS)

struct daemon {
    const struct config *config;
    uint64_t n_periods;
    enum daemon_state state;
    uint64_t drain_until_ns;
    bool is_hurried; // asked twice: no more waiting for the sink
    int signal_fd;
    char boot[BOOT_ID_TEXT + 24];
    struct catalog catalog;
    struct aws_profiles profiles; // all zero where the sink needs no HTTP
    struct http *http;            // NULL: nothing to ask
    char *imds_endpoint;          // NULL: not to be asked
    struct identity identity;
    struct place place; // as the identity knows it
    struct counters *counters;
    struct sources sources;
    struct sink *sink;
    int sink_error;        // negative errno: it is gone for good
    uint64_t unshipped_ns; // spent on reading since the sink was looked at last
    struct pipeline pipeline;
    struct ticker ticker;
    uint64_t replay_start_ns, real_start_ns; // boot clocks of recording and machine
    struct sample sample;                    // in hand
};

static bool is_replay(const struct daemon *daemon)
{
    return daemon->counters->ops->advance != NULL;
}

// Tells the starts of the daemon apart, across reboots of the machine.
static void name_boot(struct daemon *daemon, const struct now *now)
{
    char id[BOOT_ID_TEXT + 1] = "unknown";
    scoped_fd int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, id, BOOT_ID_TEXT) == BOOT_ID_TEXT)
        id[BOOT_ID_TEXT] = '\0';
    snprintf(daemon->boot, sizeof(daemon->boot), "%s.%" PRIu64, id, now->boot_ns / NS_PER_MS);
}

static int start_signals(struct daemon *daemon)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -errno;
    daemon->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return daemon->signal_fd < 0 ? -errno : 0;
}

static const struct sink_ops *sink_ops(const struct daemon *daemon)
{
    return sink_table[daemon->config->publish.sink];
}

static int start_sink(struct daemon *daemon)
{
    const struct sink_ops *ops = sink_ops(daemon);
    struct sink_setting setting = config_sink_setting(daemon->config, ops);
    setting.http = daemon->http;
    setting.profiles = &daemon->profiles;
    setting.imds_endpoint = daemon->imds_endpoint;
    setting.place = &daemon->place;
    int r = ops->create(&setting, &daemon->sink);
    if (r == 0)
        return EXIT_STATUS_DONE;
    log_error("%s: cannot start: %s", ops->name, strerror(-r));
    return EXIT_STATUS_FAILED;
}

static void start_pipeline(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    struct pipeline_options options = {.delta = &config->delta,
        .window = &config->window,
        .encoder = &config->encoder,
        .journal = &config->journal,
        .sample_ms = config->sample.interval_ms};
    pipeline_init(&daemon->pipeline, &options, &daemon->catalog, &daemon->identity, daemon->sink,
        is_replay(daemon) ? "replay" : daemon->boot);
}

// A recording tells nothing of the machine that plays it. Our own health comes last: what it tells
// of a tick includes the reads of this tick.
static void start_sources(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    sources_add(&daemon->sources,
        ena_create(&config->ena, config->sample.interval_ms, &daemon->catalog, daemon->counters));
    if (is_replay(daemon))
        return;
    sources_add(&daemon->sources, conntrack_create("/proc"));
    sources_add(&daemon->sources, self_create(&daemon->pipeline.health));
}

// A recording has nobody to ask who it is from; what sends it may have keys to ask for.
static int find_imds(struct daemon *daemon)
{
    const char *reason = NULL;
    if (is_replay(daemon) && !sink_ops(daemon)->needs_http)
        return EXIT_STATUS_DONE;
    int r = identity_endpoint(&daemon->config->identity, &daemon->imds_endpoint, &reason);
    if (r == IDENTITY_BAD_ENVIRONMENT) {
        log_error("%s", reason);
        return EXIT_STATUS_CONFIG;
    }
    if (r == IDENTITY_NO_IMDS && reason != NULL)
        log_info("imds: not asked: %s", reason);
    return EXIT_STATUS_DONE;
}

static int start_http(struct daemon *daemon)
{
    if (daemon->imds_endpoint == NULL && !sink_ops(daemon)->needs_http)
        return EXIT_STATUS_DONE;
    if (sink_ops(daemon)->needs_http)
        aws_profiles_read(&daemon->profiles);
    int r = http_curl_create(
        &(struct http_curl_options){
            .ca_bundle = sink_ops(daemon)->needs_http ? aws_ca_bundle(&daemon->profiles) : NULL},
        &daemon->http);
    if (r == 0)
        return EXIT_STATUS_DONE;
    log_error("cannot start HTTP: %s", strerror(-r));
    return EXIT_STATUS_FAILED;
}

static void start_identity(struct daemon *daemon, const struct now *now)
{
    bool has_imds = daemon->imds_endpoint != NULL && !is_replay(daemon);
    identity_init(&daemon->identity,
        &(struct identity_setting){.options = &daemon->config->identity,
            .http = has_imds ? daemon->http : NULL,
            .endpoint = daemon->imds_endpoint,
            .is_elsewhere = is_replay(daemon)},
        now);
    identity_place(&daemon->identity, &daemon->place);
}

// Returns the exit status; whatever was started then is what stop() has to stop.
static int start(struct daemon *daemon, const struct now *now)
{
    const struct config *config = daemon->config;
    if (start_signals(daemon) < 0)
        return EXIT_STATUS_FAILED;
    name_boot(daemon, now);
    catalog_init(&daemon->catalog, &config->catalog);
    int status = config_open_counters(config, &daemon->counters);
    if (status == EXIT_STATUS_DONE)
        status = find_imds(daemon);
    if (status == EXIT_STATUS_DONE)
        status = start_http(daemon);
    if (status != EXIT_STATUS_DONE)
        return status;
    start_identity(daemon, now);
    status = start_sink(daemon);
    if (status != EXIT_STATUS_DONE)
        return status;
    start_pipeline(daemon);
    start_sources(daemon);
    ticker_init(&daemon->ticker, config->sample.interval_ms);
    struct now replay_now;
    daemon->counters->ops->clock(daemon->counters, &replay_now);
    daemon->replay_start_ns = replay_now.boot_ns;
    daemon->real_start_ns = now->boot_ns;
    return EXIT_STATUS_DONE;
}

// The sink goes before all that it borrows from, the batch of the pipeline too.
static void stop(struct daemon *daemon)
{
    if (daemon->sink != NULL)
        daemon->sink->ops->destroy(daemon->sink);
    pipeline_finish(&daemon->pipeline);
    identity_finish(&daemon->identity);
    if (daemon->http != NULL)
        daemon->http->ops->destroy(daemon->http);
    aws_profiles_finish(&daemon->profiles);
    free(daemon->imds_endpoint);
    sources_finish(&daemon->sources);
    if (daemon->counters != NULL)
        daemon->counters->ops->destroy(daemon->counters);
    close_descriptor(&daemon->signal_fd);
}

// A replay waits for its sink however long it takes: there is no time that it could miss.
static void begin_drain(struct daemon *daemon)
{
    bool is_over = is_replay(daemon) && daemon->state == DAEMON_RUNNING;
    daemon->state = DAEMON_DRAINING;
    pipeline_hurry(&daemon->pipeline);
    daemon->drain_until_ns = daemon->is_hurried ? 0
        : is_over                               ? UINT64_MAX
                  : clock_now().boot_ns + daemon->config->run.drain_ms * NS_PER_MS;
}

// Signals that come together are one. The first asks for a last sample, or ends a replay's waiting;
// the next ends the waiting for the sink.
static void take_signals(struct daemon *daemon)
{
    struct signalfd_siginfo signal = {0};
    int number = 0;
    while (read(daemon->signal_fd, &signal, sizeof(signal)) == sizeof(signal))
        number = (int)signal.ssi_signo;
    if (number == 0)
        return;
    if (daemon->state == DAEMON_RUNNING) {
        log_info("%s: publishing the open window", strsignal(number));
        daemon->state = DAEMON_LAST_SAMPLE;
    } else if (daemon->drain_until_ns == UINT64_MAX) {
        begin_drain(daemon);
    } else {
        daemon->is_hurried = true;
        daemon->drain_until_ns = 0;
    }
}

static void ship(struct daemon *daemon, const struct now *now)
{
    daemon->unshipped_ns = 0;
    if (daemon->sink_error == 0)
        daemon->sink_error = pipeline_ship(&daemon->pipeline, now);
}

// A device may hang for seconds, with many more to come: the sink does not wait for them all.
static void ship_if_overdue(struct daemon *daemon, uint64_t read_ns)
{
    daemon->unshipped_ns += read_ns;
    if (daemon->unshipped_ns <= PATIENCE_NS)
        return;
    struct now now = clock_now();
    ship(daemon, &now);
}

static void take_outcome(struct daemon *daemon, enum collect outcome)
{
    struct health *health = &daemon->pipeline.health;
    if (outcome == COLLECT_SAMPLE) {
        health->n_samples += daemon->sample.eni != NULL;
        pipeline_add(&daemon->pipeline, &daemon->sample);
    } else {
        pipeline_note_miss(&daemon->pipeline, daemon->sample.read_ns);
    }
}

// Reads every source once; a signal in between ends the round after the read that is under way.
static void read_sources(struct daemon *daemon, const struct tick *tick)
{
    enum daemon_state state = daemon->state;
    enum collect r;
    while ((r = sources_collect(&daemon->sources, tick, &daemon->sample)) != COLLECT_DONE) {
        take_outcome(daemon, r);
        ship_if_overdue(daemon, daemon->sample.read_ns);
        take_signals(daemon);
        if (daemon->state != state || daemon->is_hurried)
            return;
    }
}

static void tick(struct daemon *daemon, const struct now *now)
{
    bool is_last = pipeline_begin_tick(&daemon->pipeline, now);
    bool is_final = daemon->state == DAEMON_LAST_SAMPLE;
    read_sources(daemon, &(struct tick){*now, is_last || is_final, is_final});
    pipeline_end_tick(&daemon->pipeline, now);
    if (daemon->n_periods > 0 && daemon->pipeline.n_windows >= daemon->n_periods)
        begin_drain(daemon);
}

static void count_lateness(struct daemon *daemon)
{
    uint64_t interval_ns = daemon->ticker.interval_ms * NS_PER_MS;
    daemon->pipeline.health.n_ticks_missed += daemon->ticker.n_missed;
    daemon->pipeline.health.n_ticks_late += daemon->ticker.late_ns > interval_ns / 2;
}

static void last_tick(struct daemon *daemon, const struct now *now)
{
    tick(daemon, now);
    pipeline_close_window(&daemon->pipeline);
    begin_drain(daemon);
}

// When the recording's next moment is due on the machine's boot clock; UINT64_MAX while so much
// waits for the sink that more would be dropped.
static uint64_t replay_due_ns(const struct daemon *daemon)
{
    struct now now;
    const struct journal *journal = &daemon->pipeline.journal;
    daemon->counters->ops->clock(daemon->counters, &now);
    double speed = daemon->config->replay.speed;
    if (journal->n_bytes > journal->max_bytes / 2)
        return UINT64_MAX;
    if (speed <= 0)
        return 0;
    return daemon->real_start_ns +
        (uint64_t)((double)(now.boot_ns - daemon->replay_start_ns) / speed);
}

static void replay_tick(struct daemon *daemon)
{
    struct now now;
    daemon->counters->ops->clock(daemon->counters, &now);
    bool is_over = daemon->state == DAEMON_LAST_SAMPLE; // the moment has had its sample
    if (!is_over) {
        tick(daemon, &now);
        is_over = daemon->state == DAEMON_RUNNING &&
            daemon->counters->ops->advance(daemon->counters) == COUNTERS_ENDED;
    }
    if (is_over) {
        pipeline_close_window(&daemon->pipeline);
        begin_drain(daemon);
    }
}

static void sample_if_due(struct daemon *daemon, const struct now *now)
{
    if (daemon->state == DAEMON_DRAINING)
        return;
    if (is_replay(daemon)) {
        if (daemon->state == DAEMON_LAST_SAMPLE || now->boot_ns >= replay_due_ns(daemon))
            replay_tick(daemon);
    } else if (daemon->state == DAEMON_LAST_SAMPLE) {
        last_tick(daemon, now);
    } else if (ticker_is_due(&daemon->ticker, now)) {
        count_lateness(daemon);
        tick(daemon, now);
    }
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

// The boot time at which to wake up at the latest.
static uint64_t deadline_ns(const struct daemon *daemon, const struct sink_wait *sink)
{
    if (daemon->state == DAEMON_LAST_SAMPLE || pipeline_has_work(&daemon->pipeline))
        return 0;
    uint64_t until_ns = daemon->state == DAEMON_DRAINING ? daemon->drain_until_ns
        : is_replay(daemon)                              ? replay_due_ns(daemon)
                                                         : daemon->ticker.due_boot_ns;
    until_ns = earlier(until_ns, identity_due_ns(&daemon->identity));
    uint64_t http_ns = daemon->http != NULL ? daemon->http->ops->deadline_ns(daemon->http) : 0;
    until_ns = http_ns != 0 ? earlier(until_ns, http_ns) : until_ns;
    return sink->until_ns != 0 ? earlier(until_ns, sink->until_ns) : until_ns;
}

enum { WAIT_SIGNAL, WAIT_SINK, WAIT_HTTP, WAIT_SOURCES, WAIT_COUNT = WAIT_SOURCES + SOURCES_MAX };

static int http_descriptor(const struct daemon *daemon)
{
    return daemon->http != NULL ? daemon->http->ops->descriptor(daemon->http) : -1;
}

// The one blocking call.
static void wait_for_work(struct daemon *daemon)
{
    struct sink_wait sink = {.fd = -1};
    daemon->sink->ops->wait(daemon->sink, &sink);
    struct pollfd fds[WAIT_COUNT] = {
        [WAIT_SIGNAL] = {.fd = daemon->signal_fd, .events = POLLIN},
        [WAIT_SINK] = {.fd = sink.fd, .events = sink.events},
        [WAIT_HTTP] = {.fd = http_descriptor(daemon), .events = POLLIN},
    };
    size_t n_fds = WAIT_SOURCES + sources_wait(&daemon->sources, &fds[WAIT_SOURCES]);
    uint64_t until_ns = deadline_ns(daemon, &sink);
    uint64_t now_ns = clock_now().boot_ns;
    uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    struct timespec timeout = {
        .tv_sec = (time_t)(left_ns / NS_PER_S), .tv_nsec = (long)(left_ns % NS_PER_S)};
    if (ppoll(fds, n_fds, &timeout, NULL) <= 0)
        return;
    if (fds[WAIT_SIGNAL].revents != 0)
        take_signals(daemon);
    struct now now = clock_now();
    sources_events(&daemon->sources, &fds[WAIT_SOURCES], &now);
}

static int end(const struct daemon *daemon)
{
    const struct pipeline *pipeline = &daemon->pipeline;
    if (!pipeline_is_drained(pipeline))
        log_warning("%s: %zu records were not taken in time and are lost", daemon->sink->ops->name,
            pipeline->journal.n_records);
    if (pipeline->journal.n_dropped > 0)
        log_warning("journal: %" PRIu64 " records were dropped since the start for want of room",
            pipeline->journal.n_dropped);
    return EXIT_STATUS_DONE;
}

static void identify(struct daemon *daemon, const struct now *now)
{
    if (daemon->http != NULL)
        daemon->http->ops->work(daemon->http, now);
    identity_work(&daemon->identity, now);
    identity_place(&daemon->identity, &daemon->place);
    struct health *health = &daemon->pipeline.health;
    health->n_imds_requests = daemon->identity.imds.n_requests;
    health->n_imds_failures = daemon->identity.imds.n_failed + daemon->identity.n_refused;
}

static int loop(struct daemon *daemon)
{
    for (;;) {
        struct now now = clock_now();
        sample_if_due(daemon, &now);
        identify(daemon, &now);
        ship(daemon, &now);
        if (daemon->sink_error < 0) {
            log_error(
                "%s: cannot go on: %s", daemon->sink->ops->name, strerror(-daemon->sink_error));
            return EXIT_STATUS_FAILED;
        }
        if (daemon->state == DAEMON_DRAINING &&
            (pipeline_is_drained(&daemon->pipeline) || now.boot_ns >= daemon->drain_until_ns))
            return end(daemon);
        wait_for_work(daemon);
    }
}

int daemon_run(const struct config *config, uint64_t n_periods)
{
    struct daemon daemon = {.config = config, .n_periods = n_periods, .signal_fd = -1};
    struct now now = clock_now();
    int status = start(&daemon, &now);
    if (status == EXIT_STATUS_DONE)
        status = loop(&daemon);
    stop(&daemon);
    return status;
}
