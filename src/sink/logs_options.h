// SPDX-License-Identifier: Apache-2.0
// What the logs sink can be told: the section `logs`. A part of it.
#pragma once

#include "sink/aws_options.h"

struct logs_options {
    struct aws_options aws;
    char *stream; // NULL: who we are
};

#define LOGS_N_ROWS 4

extern const struct option logs_rows[LOGS_N_ROWS];
