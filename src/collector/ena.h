// SPDX-License-Identifier: Apache-2.0
// The collector of ENA statistics: one source per ENI, read through os/counters.h. Owns the list of
// ENIs.
#pragma once

#include <stdbool.h>

#include "collector.h"
#include "option.h"
#include "os/counters.h"

struct ena_options {
    struct option_list drivers;    // sample.drivers
    struct option_list interfaces; // sample.interfaces: shell patterns
    double budget_percent;         // sample.budget: of the interval
};

extern const struct option_table ena_option_table; // section sample

// Whether an interface of this name, or with this driver, is to be read.
bool ena_wants_name(const struct ena_options *options, const char *ifname);
bool ena_wants_driver(const struct ena_options *options, const char *driver);

// Borrows options, catalog and counters for as long as it lives. `interval_ms`: between ticks.
struct collector *ena_create(const struct ena_options *options, uint64_t interval_ms,
    const struct catalog *catalog, struct counters *counters);
