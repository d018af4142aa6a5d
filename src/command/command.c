// SPDX-License-Identifier: Apache-2.0
// What all subcommands share.
#include <stdio.h>

#include "base.h"
#include "command/command.h"
#include "exit_status.h"
#include "log.h"

const char command_version[] = "enawatch " ENAWATCH_VERSION "\n";

int command_show(const char *text)
{
    return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_STATUS_DONE : EXIT_STATUS_FAILED;
}

int command_refuse(const char *command, const char *word, const char *allowed)
{
    log_error("%s: %s: allowed is %s", command, word, allowed);
    return EXIT_STATUS_CONFIG;
}

int command_refuse_word(const char *command, const struct arguments *arguments)
{
    if (arguments->missing != NULL)
        return command_refuse(command, arguments->missing, "a value after it");
    scoped_free char *allowed = xasprintf("what enawatch %s --help shows", command);
    return command_refuse(command, arguments_word(arguments), allowed);
}
