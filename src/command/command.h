// SPDX-License-Identifier: Apache-2.0
// The subcommands. Each gets the words after its own name and returns an exit status.
#pragma once

#include "command/arguments.h"

int command_run(struct arguments *arguments);
