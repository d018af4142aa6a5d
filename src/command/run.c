// SPDX-License-Identifier: Apache-2.0
// `enawatch run`: arguments, configuration, daemon.
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "command/command.h"
#include "command/configure.h"
#include "daemon.h"
#include "exit_status.h"

static const char help[] =
    "Usage: enawatch run [-c FILE] [-o SECTION.KEY=VALUE]... [--periods N]\n"
    "\n"
    "Samples the ENA driver's counters and publishes what moved. SIGTERM, SIGINT and\n"
    "SIGHUP take a last sample, publish the open window and end.\n"
    "\n"
    "  -c, --config FILE           read this file, instead of " CONFIG_FILE "\n"
    "                              and " CONFIG_FOLDER "/*.conf\n"
    "  -o, --option SECTION.KEY=VALUE\n"
    "                              set one key, after the files; repeatable\n"
    "      --periods N             stop after N published windows\n"
    "      --print-config          print the configuration with its help, and stop\n"
    "      --version               the version\n"
    "  -h, --help                  this text\n"
    "\n"
    "Documents go to the standard output with -o publish.sink=stdout, the log to the\n"
    "standard error. Exit status: 0 done, 1 failed, 78 wrong configuration or command\n"
    "line.\n";

struct run_arguments {
    struct configure configure;
    uint64_t n_periods;
    bool is_print;
    bool is_help;
    bool is_version;
};

static int parse_periods(const char *text, uint64_t *ret_n)
{
    if (!parse_u64(text, ret_n) || *ret_n == 0)
        return command_refuse("run", "--periods", "a whole number from 1");
    return EXIT_STATUS_DONE;
}

// One option. EXIT_STATUS_DONE, or the status of what is wrong with it.
static int take_word(struct arguments *arguments, struct run_arguments *run)
{
    const char *value;
    if (arguments_flag(arguments, 'h', "help"))
        run->is_help = true;
    else if (arguments_flag(arguments, 0, "version"))
        run->is_version = true;
    else if (arguments_flag(arguments, 0, "print-config"))
        run->is_print = true;
    else if ((value = arguments_value(arguments, 0, "periods")) != NULL)
        return parse_periods(value, &run->n_periods);
    else if (!configure_take(&run->configure, arguments))
        return command_refuse_word("run", arguments);
    return EXIT_STATUS_DONE;
}

static int run_configured(const struct config *config, const struct run_arguments *run)
{
    if (run->is_print) {
        config_print(config, stdout);
        return fflush(stdout) == 0 ? EXIT_STATUS_DONE : EXIT_STATUS_FAILED;
    }
    log_set_level(config_log_level(config));
    return daemon_run(config, run->n_periods);
}

static int run_words(struct arguments *arguments, struct run_arguments *run)
{
    int status = EXIT_STATUS_DONE;
    while (status == EXIT_STATUS_DONE && arguments_word(arguments) != NULL)
        status = take_word(arguments, run);
    if (status != EXIT_STATUS_DONE)
        return status;
    if (run->is_help || run->is_version)
        return command_show(run->is_help ? help : command_version);
    struct config config;
    status = configure_read(&run->configure, &config);
    if (status == EXIT_STATUS_DONE)
        status = run_configured(&config, run);
    config_finish(&config);
    return status;
}

int command_run(struct arguments *arguments)
{
    struct run_arguments run = {0};
    configure_init(&run.configure, arguments);
    int status = run_words(arguments, &run);
    configure_finish(&run.configure);
    return status;
}
