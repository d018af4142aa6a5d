// SPDX-License-Identifier: Apache-2.0
// The rows of the section.
#include "sink/cloudwatch_options.h"

// In the order of enum cloudwatch_compression.
static const char *const compressions[] = {"gzip", "none", NULL};

const struct option cloudwatch_rows[CLOUDWATCH_N_ROWS] = {
    AWS_REGION_ROW("publish in"),
    AWS_ENDPOINT_ROW("CloudWatch"),
    {.name = "compression",
        .type = OPTION_CHOICE,
        .offset = offsetof(struct cloudwatch_options, compression),
        .fallback = "gzip",
        .choices = compressions,
        .help = "Of requests: gzip, or none for a stand-in that does not take it."},
    AWS_SPREAD_ROW,
};
