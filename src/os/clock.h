// SPDX-License-Identifier: Apache-2.0
// The machine's clocks.
#pragma once

#include "now.h"

struct now clock_now(void);
