// SPDX-License-Identifier: Apache-2.0
// The daemon of `enawatch run`: owns everything, starts and stops it in order, and waits.
#pragma once

#include "config.h"

struct daemon_setting {
    const struct config *config; // borrowed
    uint64_t n_periods;          // stop after so many published windows; 0: no end
    // Reads the configuration anew, for SIGHUP: a valid one, which config_finish() and free() end,
    // or NULL after a line in the log that says what is wrong.
    struct config *(*configure)(const void *context);
    const void *context;
};

// Until a signal, the end of a replay, or `n_periods`. Logs what goes wrong; returns the exit
// status: 0 done, 1 failed, 78 a configuration that cannot be used.
int daemon_run(const struct daemon_setting *setting);
