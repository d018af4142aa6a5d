// SPDX-License-Identifier: Apache-2.0
// What all subcommands share.
#include <stdio.h>

#include "command/command.h"
#include "exit_status.h"

const char command_version[] = "enawatch " ENAWATCH_VERSION "\n";

int command_show(const char *text)
{
    return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_STATUS_DONE : EXIT_STATUS_FAILED;
}
