// SPDX-License-Identifier: Apache-2.0
// The rows of the section, and the check of a region.
#include "aws/endpoint.h"
#include "aws/partition.h"
#include "base.h"
#include "sink/logs_names.h"
#include "sink/logs_options.h"

static const char *check_region(const char *name, const char *value)
{
    (void)name;
    return aws_is_region(value) ? NULL : "letters, digits and hyphens, as in eu-west-1";
}

const struct option logs_rows[LOGS_N_ROWS] = {
    {.name = "region",
        .type = OPTION_STRING,
        .offset = offsetof(struct logs_options, region),
        .check = check_region,
        .help = "The region to write to; empty: of the environment, of the profile of AWS's "
                "programs, or the instance's."},
    {.name = "endpoint",
        .type = OPTION_STRING,
        .offset = offsetof(struct logs_options, endpoint),
        .check = aws_endpoint_check,
        .help =
            "Where CloudWatch Logs is, for a VPC endpoint with a name of its own; empty: of the "
            "environment, of the profile, or AWS's in the region."},
    {.name = "stream",
        .type = OPTION_STRING,
        .offset = offsetof(struct logs_options, stream),
        .check = logs_stream_check,
        .help =
            "The log stream; empty: the instance id, or the host name while that is not known."},
    {.name = "spread",
        .type = OPTION_DURATION,
        .offset = offsetof(struct logs_options, spread_ms),
        .fallback = "20s",
        .max = 1800 * MS_PER_S,
        .help = "The nodes of a fleet publish one after the other over so much of each period, at "
                "most over its half."},
};
