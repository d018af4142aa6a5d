// SPDX-License-Identifier: Apache-2.0
// `enawatch run`: arguments, configuration, daemon.
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "command/command.h"
#include "command/configured.h"
#include "daemon.h"
#include "exit_status.h"

static const char about[] =
    "Usage: enawatch run [-c FILE] [-o SECTION.KEY=VALUE]... [--periods N]\n"
    "\n"
    "Samples the ENA driver's counters and publishes what moved. SIGTERM and SIGINT\n"
    "take a last sample, publish the open window and end; SIGHUP reads the files anew.\n"
    "\n"
    "      --periods N             stop after N published windows\n"
    "      --print-config          print the configuration with its help, and stop\n";

static const char remarks[] =
    "Documents go to the standard output with -o publish.sink=stdout, the log to the\n"
    "standard error. Exit status: 0 done, 1 failed, 78 wrong configuration or command\n"
    "line.\n";

struct run_arguments {
    uint64_t n_periods;
    bool is_print;
};

static int parse_periods(const char *text, uint64_t *ret_n)
{
    if (!parse_u64(text, ret_n) || *ret_n == 0)
        return command_refuse("run", "--periods", "a whole number from 1");
    return EXIT_STATUS_DONE;
}

static int take_word(struct arguments *arguments, void *own)
{
    struct run_arguments *run = own;
    const char *periods = arguments_value(arguments, 0, "periods");
    if (periods != NULL)
        return parse_periods(periods, &run->n_periods);
    if (!arguments_flag(arguments, 0, "print-config"))
        return command_refuse_word("run", arguments);
    run->is_print = true;
    return EXIT_STATUS_DONE;
}

static struct config *configure_again(const void *context)
{
    return configured_again(context);
}

static int run_configured(const struct config *config, const struct words *words, const void *own)
{
    const struct run_arguments *run = own;
    if (run->is_print) {
        config_print(config, stdout);
        return fflush(stdout) == 0 ? EXIT_STATUS_DONE : EXIT_STATUS_FAILED;
    }
    log_set_level(config_log_level(config));
    return daemon_run(&(struct daemon_setting){.config = config,
        .n_periods = run->n_periods,
        .configure = configure_again,
        .context = words});
}

int command_run(struct arguments *arguments)
{
    static const struct configured kind = {"run", about, remarks, take_word, run_configured};
    return configured_run(&kind, arguments, &(struct run_arguments){0});
}
