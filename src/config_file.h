// SPDX-License-Identifier: Apache-2.0
// Configuration files to assignments, and back. The other half of config.c.
#pragma once

#include "config.h"

// One thing that somebody wants set. Texts are borrowed.
struct assignment {
    const char *origin; // for messages: "FILE:LINE", "-o section.key=value"
    const char *section;
    const char *key;
    const char *value;
};

// Logs what is wrong and returns -EINVAL.
must_check int config_assign(struct config *config, const struct assignment *assignment);
