// SPDX-License-Identifier: Apache-2.0
// The configuration as files and command line say it, for every subcommand that has -c and -o.
#pragma once

#include "command/arguments.h"
#include "config.h"

// What the words say. Texts are borrowed from the arguments.
struct configure {
    const char *file; // NULL: the default file and folder
    size_t n_assignments;
    const char **assignments; // owned
};

void configure_init(struct configure *configure, const struct arguments *arguments);
void configure_finish(struct configure *configure);
// True, and moves on, when the word at hand is -c or -o.
bool configure_take(struct configure *configure, struct arguments *arguments);
// EXIT_STATUS_DONE with all that is set, or EXIT_STATUS_CONFIG and a line in the log. The caller
// finishes `ret_config` in both cases.
must_check int configure_read(const struct configure *configure, struct config *ret_config);
