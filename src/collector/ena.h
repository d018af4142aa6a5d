// SPDX-License-Identifier: Apache-2.0
// The collector of ENA statistics: one source per ENI, read through os/counters.h. Owns the list of
// ENIs.
#pragma once

#include "collector.h"
#include "option.h"
#include "os/counters.h"

struct ena_options {
    struct option_list drivers;    // sample.drivers
    struct option_list interfaces; // sample.interfaces: shell patterns
};

extern const struct option_table ena_option_table; // section sample

// Borrows all three for as long as it lives.
struct collector *ena_create(
    const struct ena_options *options, const struct catalog *catalog, struct counters *counters);
