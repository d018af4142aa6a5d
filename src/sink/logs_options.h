// SPDX-License-Identifier: Apache-2.0
// What the logs sink can be told: the section `logs`. A part of it.
#pragma once

#include "option.h"

struct logs_options {
    char *region;
    char *endpoint;
    char *stream; // NULL: who we are
    uint64_t spread_ms;
};

#define LOGS_N_ROWS 4

extern const struct option logs_rows[LOGS_N_ROWS];
