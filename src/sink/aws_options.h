// SPDX-License-Identifier: Apache-2.0
// What all sinks for AWS can be told: where the service is, and how far apart the turns of a fleet
// are. The options struct of each begins with these, its rows are made of the macros. A part of
// them.
#pragma once

#include "aws/endpoint.h"
#include "aws/partition.h"
#include "base.h"
#include "option.h"

struct aws_options {
    char *region;   // NULL: environment, profile, or where the instance is
    char *endpoint; // NULL: environment, profile, or AWS's of the region
    uint64_t spread_ms;
};

// `purpose` is what the region is there for: "publish in".
#define AWS_REGION_ROW(purpose)                                                                    \
    {                                                                                              \
        .name = "region", .type = OPTION_STRING, .offset = offsetof(struct aws_options, region),   \
        .check = aws_region_check,                                                                 \
        .help = "The region to " purpose "; empty: of the environment, of the profile of AWS's "   \
                "programs, or the instance's."                                                     \
    }

#define AWS_ENDPOINT_ROW(service)                                                                  \
    {                                                                                              \
        .name = "endpoint", .type = OPTION_STRING,                                                 \
        .offset = offsetof(struct aws_options, endpoint), .check = aws_endpoint_check,             \
        .help = "Where " service " is, for a VPC endpoint with a name of its own; empty: of the "  \
                "environment, of the profile, or AWS's in the region."                             \
    }

#define AWS_SPREAD_ROW                                                                             \
    {                                                                                              \
        .name = "spread", .type = OPTION_DURATION,                                                 \
        .offset = offsetof(struct aws_options, spread_ms), .fallback = "20s",                      \
        .max = 1800 * MS_PER_S,                                                                    \
        .help = "The nodes of a fleet publish one after the other over so much of each period, "   \
                "at most over its half."                                                           \
    }
