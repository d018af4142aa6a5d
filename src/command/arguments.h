// SPDX-License-Identifier: Apache-2.0
// The words of a command line, one by one: options with and without a value, in the usual spellings
// (-cFILE, -c FILE, --config=FILE, --config FILE).
#pragma once

#include <stdbool.h>

struct arguments {
    int n_words;
    char **words;
    int at;
    const char *missing; // the option whose value is missing, NULL for none
};

// True, and moves on, when the word at hand is this option without a value. `brief` may be 0.
bool arguments_flag(struct arguments *arguments, char brief, const char *name);
// The value, and moves on, when the word at hand is this option; else NULL.
const char *arguments_value(struct arguments *arguments, char brief, const char *name);
// The word at hand; NULL at the end.
const char *arguments_word(const struct arguments *arguments);
