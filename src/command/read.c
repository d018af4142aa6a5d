// SPDX-License-Identifier: Apache-2.0
// `enawatch read`: arguments, and one look after the other. Looks are due at multiples of INTERVAL
// from the first one on, on the clock that the samples follow: the machine's, or the recording's.
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "command/command.h"
#include "command/configured.h"
#include "command/read_print.h"
#include "exit_status.h"
#include "os/clock.h"

static const char about[] =
    "Usage: enawatch read [--json] [-c FILE] [-o SECTION.KEY=VALUE]...\n"
    "                     [INTERVAL [COUNT]]\n"
    "\n"
    "Shows the ENA driver's counters of each interface: once as they are now, or,\n"
    "with INTERVAL, again and again with what moved in between and how much that was\n"
    "per second. A look in which no counter moved takes one line: quiet.\n"
    "\n"
    "  INTERVAL                    seconds, such as 1 or 0.5, or a duration, such as\n"
    "                              500ms or 1m; 100ms to 1h\n"
    "  COUNT                       how many looks; without it until interrupted\n"
    "      --json                  one JSON object per look and line\n";

static const char remarks[] =
    "Of the configuration it uses sample.*, but for the interval, and publish.metrics,\n"
    "whose statistics are shown too. Exit status: 0 done, 1 failed, or no ENI could\n"
    "be read, 78 wrong configuration or command line.\n";

#define INTERVAL_MIN_MS     100
#define INTERVAL_MAX_MS     3600000
#define INTERVAL_DEFAULT_MS 1000 // of a single look: the collector's budget is a share of it

struct read_arguments {
    int n_operands;
    uint64_t interval_ms;
    uint64_t n_looks; // 0: no end
    bool is_json;
};

struct reading_loop {
    const struct read_arguments *arguments;
    struct watch watch;
    struct read_page page;
    uint64_t replay_start_ns, real_start_ns; // boot clocks of recording and machine
    bool is_any_shown;
};

static bool parse_interval_ms(const char *text, uint64_t *ret_ms)
{
    double seconds;
    uint64_t ms;
    if (parse_real(text, &seconds))
        ms = seconds > INTERVAL_MAX_MS ? UINT64_MAX : (uint64_t)(seconds * MS_PER_S + 0.5);
    else if (!parse_duration_ms(text, &ms))
        return false;
    if (ms < INTERVAL_MIN_MS || ms > INTERVAL_MAX_MS)
        return false;
    *ret_ms = ms;
    return true;
}

static int take_operand(struct arguments *arguments, struct read_arguments *read)
{
    const char *word = arguments_word(arguments);
    arguments->at++;
    switch (read->n_operands++) {
    case 0:
        read->n_looks = 0;
        return parse_interval_ms(word, &read->interval_ms)
            ? EXIT_STATUS_DONE
            : command_refuse("read", word,
                  "an INTERVAL of 100ms to 1h, in seconds such as 1 or 0.5, or as 500ms, 1m");
    case 1:
        return parse_u64(word, &read->n_looks) && read->n_looks > 0
            ? EXIT_STATUS_DONE
            : command_refuse("read", word, "a COUNT that is a whole number from 1");
    default:
        return command_refuse("read", word, "INTERVAL and COUNT, and no more");
    }
}

// A number below zero is no option, but an operand that is refused as such.
static bool is_operand(const char *word)
{
    return word != NULL && (word[0] != '-' || isdigit((unsigned char)word[1]) || word[1] == '.');
}

static int take_word(struct arguments *arguments, void *own)
{
    struct read_arguments *read = own;
    if (is_operand(arguments_word(arguments)))
        return take_operand(arguments, read);
    if (!arguments_flag(arguments, 0, "json"))
        return command_refuse_word("read", arguments);
    read->is_json = true;
    return EXIT_STATUS_DONE;
}

static void sleep_until(uint64_t boot_ns)
{
    struct timespec until = {
        .tv_sec = (time_t)(boot_ns / NS_PER_S), .tv_nsec = (long)(boot_ns % NS_PER_S)};
    while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

static uint64_t clock_ns(const struct watch *watch)
{
    struct now now;
    watch->counters->ops->clock(watch->counters, &now);
    return now.boot_ns;
}

// Plays on to the first recorded moment that is not before `due_ns`. False: the recording ended.
static bool play_until(const struct reading_loop *loop, uint64_t due_ns)
{
    struct counters *counters = loop->watch.counters;
    double speed = loop->watch.config->replay.speed;
    while (clock_ns(&loop->watch) < due_ns) {
        if (counters->ops->advance(counters) == COUNTERS_ENDED)
            return false;
        uint64_t played_ns = clock_ns(&loop->watch) - loop->replay_start_ns;
        if (speed > 0)
            sleep_until(loop->real_start_ns + (uint64_t)((double)played_ns / speed));
    }
    return true;
}

static bool wait_until(const struct reading_loop *loop, uint64_t due_ns)
{
    if (loop->watch.counters->ops->advance != NULL)
        return play_until(loop, due_ns);
    sleep_until(due_ns);
    return true;
}

// A look that took longer than the interval skips those that were due meanwhile.
static uint64_t next_due_ns(const struct reading_loop *loop, uint64_t due_ns)
{
    uint64_t interval_ns = loop->arguments->interval_ms * NS_PER_MS;
    uint64_t n_passed = (clock_ns(&loop->watch) - due_ns) / interval_ns;
    return due_ns + (n_passed + 1) * interval_ns;
}

// A reader that went away needs no word.
static int flush(const struct read_page *page)
{
    if (fflush(page->to) == 0 && !ferror(page->to))
        return EXIT_STATUS_DONE;
    if (errno != EPIPE)
        log_error("read: cannot write: %s", strerror(errno));
    return EXIT_STATUS_FAILED;
}

static int look(struct reading_loop *loop)
{
    struct watch *watch = &loop->watch;
    struct now now;
    watch->counters->ops->clock(watch->counters, &now);
    watch_look(watch, &now);
    loop->is_any_shown |= watch_n_read(watch) > 0;
    if (loop->arguments->is_json)
        read_print_json(&loop->page, watch);
    else
        read_print_table(&loop->page, watch);
    return flush(&loop->page);
}

static int look_repeatedly(struct reading_loop *loop)
{
    uint64_t n_looks = loop->arguments->n_looks;
    uint64_t due_ns = loop->replay_start_ns = clock_ns(&loop->watch);
    loop->real_start_ns = clock_now().boot_ns;
    int status = EXIT_STATUS_DONE;
    for (uint64_t n = 0; status == EXIT_STATUS_DONE && (n_looks == 0 || n < n_looks); n++) {
        if (!wait_until(loop, due_ns))
            break;
        status = look(loop);
        due_ns = next_due_ns(loop, due_ns);
    }
    if (status != EXIT_STATUS_DONE || loop->is_any_shown)
        return status;
    log_error("read: no ENI could be read");
    return EXIT_STATUS_FAILED;
}

// What the collector finds is in the tables: of its log only what went wrong is left.
static int read_configured(const struct config *config, const struct words *words, const void *own)
{
    (void)words;
    const struct read_arguments *read = own;
    enum log_level level = config_log_level(config);
    log_set_level(level < LOG_LEVEL_WARNING ? level : LOG_LEVEL_WARNING);
    signal(SIGPIPE, SIG_IGN);
    struct reading_loop loop = {.arguments = read, .page = {.to = stdout}};
    int status = watch_start(&loop.watch, config, read->interval_ms);
    if (status == EXIT_STATUS_DONE)
        status = look_repeatedly(&loop);
    watch_finish(&loop.watch);
    return status;
}

int command_read(struct arguments *arguments)
{
    static const struct configured kind = {"read", about, remarks, take_word, read_configured};
    return configured_run(&kind, arguments,
        &(struct read_arguments){.interval_ms = INTERVAL_DEFAULT_MS, .n_looks = 1});
}
