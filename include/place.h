// SPDX-License-Identifier: Apache-2.0
// Where we are, as far as it is known, for sinks that must know. The daemon owns one; identity
// fills it.
#pragma once

struct place {
    const char *instance_id; // NULL while unknown; borrowed, as is the region
    const char *region;
};
