// SPDX-License-Identifier: Apache-2.0
// What the cloudwatch sink can be told: section [cloudwatch]. A part of it.
#pragma once

#include "sink/aws_options.h"

enum cloudwatch_compression { COMPRESSION_GZIP, COMPRESSION_NONE };

struct cloudwatch_options {
    struct aws_options aws;
    int compression; // enum cloudwatch_compression
};

#define CLOUDWATCH_N_ROWS 4
extern const struct option cloudwatch_rows[CLOUDWATCH_N_ROWS];
