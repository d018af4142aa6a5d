// SPDX-License-Identifier: Apache-2.0
// Partitions of AWS: regions that share accounts and a domain (partitions.json of botocore 1.43.67,
// where all of them support FIPS and dual-stack). Pure.
#pragma once

#include <stdbool.h>

struct aws_partition {
    const char *name;          // "aws", "aws-cn", ...
    const char *region_prefix; // that no other partition's regions begin with; "" of "aws"
    const char *dns_suffix;
    const char *dual_stack_suffix;
};

// Letters, digits and hyphens, as a label of a host name: it becomes part of one. Not what stands
// for a region and is none: aws-global, fips-us-east-1.
bool aws_is_region(const char *text);
// For the row of an option. NULL, or what would be allowed.
const char *aws_region_check(const char *name, const char *text);
// By the region's prefix; of a region that nobody knows yet, "aws".
const struct aws_partition *aws_partition_of(const char *region);
