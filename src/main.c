// SPDX-License-Identifier: Apache-2.0
// Arguments to command, and nothing else.
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "exit_status.h"
#include "log.h"

static const char help[] =
    "Usage: enawatch COMMAND [ARGUMENTS]\n"
    "\n"
    "Watches the network allowances of an EC2 instance: exact increases of the ENA\n"
    "driver's counters, per ENI and instance, into CloudWatch.\n"
    "\n"
    "  run        the daemon; enawatch run --help\n"
    "  read       what the counters say now; enawatch read --help\n"
    "  check      what works, what does not, and what to do about it;\n"
    "             enawatch check --help\n"
    "  drill      a false alarm on purpose, to see that a real one would come;\n"
    "             enawatch drill --help\n"
    "\n"
    "  --version  the version\n"
    "  --help     this text\n";

static const struct command {
    const char *name;
    int (*run)(struct arguments *arguments);
} commands[] = {
    {"run", command_run},
    {"read", command_read},
    {"check", command_check},
    {"drill", command_drill},
};

int main(int argc, char **argv)
{
    struct arguments arguments = {.n_words = argc, .words = argv, .at = 1};
    if (arguments_flag(&arguments, 0, "version"))
        return command_show(command_version);
    if (arguments_flag(&arguments, 'h', "help"))
        return command_show(help);
    const char *word = arguments_word(&arguments);
    for (size_t i = 0; word != NULL && i < ARRAY_SIZE(commands); i++)
        if (strcmp(word, commands[i].name) == 0) {
            arguments.at++;
            return commands[i].run(&arguments);
        }
    log_error(
        "%s: allowed is a command that enawatch --help shows", word != NULL ? word : "no command");
    return EXIT_STATUS_CONFIG;
}
