// SPDX-License-Identifier: Apache-2.0
// The subcommands. Each gets the words after its own name and returns an exit status.
#pragma once

#include "command/arguments.h"

extern const char command_version[]; // "enawatch 1.2.3", a line
// Prints on the standard output.
int command_show(const char *text);
int command_run(struct arguments *arguments);
