// SPDX-License-Identifier: Apache-2.0
// `enawatch check`: arguments, what all probes look at, the probes one after the other, and the
// exit status. To add one: a function that adds findings, in a file of its own, and its row here.
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "command/check.h"
#include "command/command.h"
#include "command/configured.h"
#include "exit_status.h"

static const char about[] =
    "Usage: enawatch check [--json] [-c FILE] [-o SECTION.KEY=VALUE]...\n"
    "\n"
    "Looks at everything that publishing needs and says of each whether it is fine,\n"
    "and if not, what to do about it: configuration, interfaces and what their driver\n"
    "offers, metadata service, cluster, and where documents would go. Sends none, and\n"
    "writes no file; it asks the metadata service, and connects to the agent and\n"
    "hangs up. It takes up to 10 seconds when nobody answers.\n"
    "\n"
    "      --json                  one JSON object\n";

static const char remarks[] =
    "Use the configuration of the daemon and run it where the daemon runs: in its\n"
    "container, as its user. Exit status: 0 nothing failed (OK and WARN), 1 something\n"
    "did, 78 wrong configuration or command line.\n";

static void (*const probes[])(struct check *check) = {
    check_configuration,
    check_interfaces,
    check_statistics,
    check_conntrack,
    check_metadata,
    check_enis,
    check_cluster,
    check_journal,
    check_sink,
};

static int take_word(struct arguments *arguments, void *own)
{
    bool *is_json = own;
    if (!arguments_flag(arguments, 0, "json"))
        return command_refuse_word("check", arguments);
    *is_json = true;
    return EXIT_STATUS_DONE;
}

// What all probes look at. Logs what is wrong and returns the exit status.
static int prepare(struct check *check)
{
    catalog_init(&check->catalog, &check->config->catalog);
    int status = config_open_counters(check->config, &check->counters);
    if (status != EXIT_STATUS_DONE)
        return status;
    int r = ena_survey_look(&check->survey, &check->config->ena, &check->catalog, check->counters);
    if (r < 0) {
        log_error("cannot list the interfaces: %s", strerror(-r));
        return EXIT_STATUS_FAILED;
    }
    return check_identify(check);
}

static void finish(struct check *check)
{
    report_finish(&check->report);
    outside_finish(&check->outside);
    ena_survey_finish(&check->survey);
    if (check->counters != NULL)
        check->counters->ops->destroy(check->counters);
}

// NO_COLOR: no-color.org.
static bool is_color_wanted(void)
{
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool is_dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
    return isatty(STDOUT_FILENO) && !is_dumb && (no_color == NULL || *no_color == '\0');
}

static int show(const struct report *report, bool is_json)
{
    if (is_json)
        check_print_json(stdout, report);
    else
        check_print_screen(stdout, report, is_color_wanted());
    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_error("check: cannot write: %s", strerror(errno));
        return EXIT_STATUS_FAILED;
    }
    return report_status(report) == CHECK_FAIL ? EXIT_STATUS_FAILED : EXIT_STATUS_DONE;
}

// What goes wrong on the way is on the screen: the log has only what keeps it from coming up.
static int check_configured(const struct config *config, const struct words *words, const void *own)
{
    (void)words;
    const bool *is_json = own;
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN);
    struct check check = {.config = config};
    int status = prepare(&check);
    for (size_t i = 0; status == EXIT_STATUS_DONE && i < ARRAY_SIZE(probes); i++)
        probes[i](&check);
    if (status == EXIT_STATUS_DONE)
        status = show(&check.report, *is_json);
    finish(&check);
    return status;
}

int command_check(struct arguments *arguments)
{
    static const struct configured kind = {"check", about, remarks, take_word, check_configured};
    bool is_json = false;
    return configured_run(&kind, arguments, &is_json);
}
