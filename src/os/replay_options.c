// SPDX-License-Identifier: Apache-2.0
// What the replay source can be told.
#include "os/counters.h"

static const struct option rows[] = {
    {.name = "replay",
        .type = OPTION_STRING,
        .offset = offsetof(struct replay_options, path),
        .help = "A file or folder with captured statistics to play instead of reading the kernel."},
    {.name = "replay_speed",
        .type = OPTION_REAL,
        .offset = offsetof(struct replay_options, speed),
        .fallback = "0",
        .min = 0,
        .max = 1000,
        .help = "How fast: 0 as fast as it can, 1 as recorded, 10 ten times faster."},
};

const struct option_table replay_option_table = {
    "sample", rows, ARRAY_SIZE(rows), sizeof(struct replay_options)};
