// SPDX-License-Identifier: Apache-2.0
// What the cloudwatch sink can be told: section [cloudwatch]. A part of it.
#pragma once

#include "option.h"

enum cloudwatch_compression { COMPRESSION_GZIP, COMPRESSION_NONE };

struct cloudwatch_options {
    char *region;    // NULL: environment, profile, or where the instance is
    char *endpoint;  // NULL: environment, profile, or AWS's of the region
    int compression; // enum cloudwatch_compression
    uint64_t spread_ms;
};

#define CLOUDWATCH_N_ROWS 4
extern const struct option cloudwatch_rows[CLOUDWATCH_N_ROWS];
