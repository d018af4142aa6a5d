// SPDX-License-Identifier: Apache-2.0
// The collector of our own health, a source like any other. Owns nothing.
#pragma once

#include "collector.h"
#include "health.h"

// Borrows both for as long as it lives. `told` is what the samples so far have told, and is kept
// up: with that of the collector before, the counts go on from there; all zero at the start of the
// daemon.
struct collector *self_create(const struct health *health, struct health *told);
