// SPDX-License-Identifier: Apache-2.0
// Which dimension sets every metric is published under: a custom metric, and its price, for each.
// Made from the configuration; an encoder owns its own.
#pragma once

#include <stddef.h>

#include "labels.h"

// The schema of the EMF specification: tighter than CLOUDWATCH_MAX_NAME of the service itself.
#define EMF_MAX_DIMENSION_NAME 250
// Ours: what a directive can hold is not written down, and nobody wants to pay for more.
#define DIMENSION_SETS_MAX 16

// 1 to CLOUDWATCH_MAX_DIMENSIONS names.
struct dimension_set {
    size_t n_names;
    char *names[CLOUDWATCH_MAX_DIMENSIONS];
};

struct dimension_sets {
    size_t n_sets;
    struct dimension_set *sets; // heap; dimension_sets_finish() frees it
};

// "InstanceId; ClusterName, AutoScalingGroupName": sets apart by ;, names by a comma.
// NULL and `ret_sets`, or what would be allowed, as the end of "allowed is ...".
const char *dimension_sets_parse(const char *text, struct dimension_sets *ret_sets);
void dimension_sets_finish(struct dimension_sets *sets);
