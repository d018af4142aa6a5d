// SPDX-License-Identifier: Apache-2.0
// The rows of the section, and the check of a region.
#include "aws/endpoint.h"
#include "aws/partition.h"
#include "base.h"
#include "sink/cloudwatch_options.h"

static const char *check_region(const char *name, const char *value)
{
    (void)name;
    return aws_is_region(value) ? NULL : "letters, digits and hyphens, as in eu-west-1";
}

// In the order of enum cloudwatch_compression.
static const char *const compressions[] = {"gzip", "none", NULL};

const struct option cloudwatch_rows[CLOUDWATCH_N_ROWS] = {
    {.name = "region",
        .type = OPTION_STRING,
        .offset = offsetof(struct cloudwatch_options, region),
        .check = check_region,
        .help = "The region to publish in; empty: of the environment, of the profile of AWS's "
                "programs, or the instance's."},
    {.name = "endpoint",
        .type = OPTION_STRING,
        .offset = offsetof(struct cloudwatch_options, endpoint),
        .check = aws_endpoint_check,
        .help = "Where CloudWatch is, for a VPC endpoint with a name of its own; empty: of the "
                "environment, of the profile, or AWS's in the region."},
    {.name = "compression",
        .type = OPTION_CHOICE,
        .offset = offsetof(struct cloudwatch_options, compression),
        .fallback = "gzip",
        .choices = compressions,
        .help = "Of requests: gzip, or none for a stand-in that does not take it."},
    {.name = "spread",
        .type = OPTION_DURATION,
        .offset = offsetof(struct cloudwatch_options, spread_ms),
        .fallback = "20s",
        .max = 1800000,
        .help = "The nodes of a fleet publish one after the other over so much of each period, at "
                "most over its half."},
};
