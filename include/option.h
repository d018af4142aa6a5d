// SPDX-License-Identifier: Apache-2.0
// What a component can be told. Each owns a table of rows beside the struct that they fill; the
// same rows parse, check, print and document. config.c is the only reader.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_STRING,   // char *: NULL or owned by the options struct, freed by config
    OPTION_LIST,     // struct option_list: words apart by commas
    OPTION_CHOICE,   // int: index in choices
    OPTION_COUNT,    // uint64_t
    OPTION_BYTES,    // uint64_t, written 64MiB, 512KiB, 1000
    OPTION_DURATION, // uint64_t in ms, written 500ms, 1s, 5m, 1h
    OPTION_REAL,     // double
    OPTION_MAP,      // struct option_map: the key is NAME.anything, repeatable
};

struct option_list {
    size_t n_words;
    char **words;
};

struct option_pair {
    char *name;
    char *value;
};

struct option_map {
    size_t n_pairs;
    struct option_pair *pairs;
};

// NULL, or what would be allowed, as the end of "allowed is ...". For a map it sees the value,
// and `name` is the part after the dot; else `name` is NULL.
typedef const char *(*option_check)(const char *name, const char *value);

struct option {
    const char *name; // without the section
    enum option_type type;
    size_t offset;        // of the field in the component's options struct
    const char *fallback; // the default as one would write it; NULL: empty
    uint64_t min, max;    // count, bytes, duration in ms, real; ignored when max is 0
    const char *const *choices;
    option_check check;
    const char *help; // one sentence, used by --print-config and the man page
};

struct option_table {
    const char *section;
    const struct option *rows;
    size_t n_rows;
    size_t options_size; // sizeof the struct that the rows fill
};
