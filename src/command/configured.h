// SPDX-License-Identifier: Apache-2.0
// Subcommands that work by the configuration, as the files and their command line say it. To add
// one: what it has of its own in a struct configured, and a row in main.c.
#pragma once

#include "command/arguments.h"
#include "config.h"

struct words; // of the command line, that all have: -c and -o, --help and --version

// `own` is what its other words say. Both functions return an exit status.
struct configured {
    const char *name;    // which begins its lines in the log
    const char *about;   // its help: usage, what it does, words of its own
    const char *remarks; // and what stands below the words that all have
    // Takes the word at hand, or refuses it and logs a line.
    int (*take_word)(struct arguments *arguments, void *own);
    int (*run)(const struct config *config, const struct words *words, const void *own);
};

// The configuration as the same words have it now: the caller's, to config_finish() and free().
// NULL: it is wrong, and the log says where.
struct config *configured_again(const struct words *words);

// Takes the words that are left and runs it, unless they are wrong or ask for a text. Returns the
// exit status.
must_check int configured_run(
    const struct configured *command, struct arguments *arguments, void *own);
