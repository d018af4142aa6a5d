// SPDX-License-Identifier: Apache-2.0
// The daemon of `enawatch run`: owns everything, starts and stops it in order, and waits.
#pragma once

#include "config.h"

// Until a signal, the end of a replay, or `n_periods` published windows (0: no end). Logs what goes
// wrong; returns the exit status: 0 done, 1 failed, 78 a configuration that cannot be used.
int daemon_run(const struct config *config, uint64_t n_periods);
