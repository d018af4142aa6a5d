// SPDX-License-Identifier: Apache-2.0
// The collector of the kernel's own connection tracking table: another limit than the instance's,
// which the device enforces. Owns its files of /proc.
#pragma once

#include "collector.h"

// `proc`: "/proc" but in tests; copied. Where connection tracking is not loaded there is nothing to
// collect; it is looked for again at the end of every window.
struct collector *conntrack_create(const char *proc);
