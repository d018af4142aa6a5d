// SPDX-License-Identifier: Apache-2.0
// The subcommands. Each gets the words after its own name and returns an exit status.
#pragma once

#include "command/arguments.h"

extern const char command_version[]; // "enawatch 1.2.3", a line
// Prints on the standard output.
int command_show(const char *text);
// Both log one line and return EXIT_STATUS_CONFIG.
int command_refuse(const char *command, const char *word, const char *allowed);
// The word at hand is no option of this command, or lacks its value.
int command_refuse_word(const char *command, const struct arguments *arguments);

int command_run(struct arguments *arguments);
int command_read(struct arguments *arguments);
int command_check(struct arguments *arguments);
int command_drill(struct arguments *arguments);
