// SPDX-License-Identifier: Apache-2.0
// The one table of what is known about metrics: names, kinds, groups, where each is published.
#pragma once

#include "metric.h"
#include "option.h"

struct catalog_options {
    struct option_list metrics; // publish.metrics; "default" stands for the default selection
};

extern const struct option_table catalog_option_table; // section publish

// NULL, or what would be allowed, as the end of "allowed is ...".
const char *catalog_options_check(const struct catalog_options *options);
// `options` have passed their check; names of unknown statistics are borrowed from them.
void catalog_init(struct catalog *catalog, const struct catalog_options *options);
// METRIC_MAX when there is none of this name. `name` need not be terminated.
uint32_t catalog_find(const struct catalog *catalog, const char *name, size_t length);
// Whether it is to be published, in any of `scopes` (enum metric_scope bits), and an ENI that
// offers these does not have it. What is not of an ENI is never missing.
bool catalog_lacks(const struct catalog *catalog, const struct metric_set *offered,
    unsigned int scopes, uint32_t metric);
// What an ENI must have to offer a statistic: AWS EC2 user guide, "Monitor network performance for
// ENA settings", and the driver's release notes.
const char *catalog_needs(uint32_t metric);
