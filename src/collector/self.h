// SPDX-License-Identifier: Apache-2.0
// The collector of our own health, a source like any other. Owns nothing.
#pragma once

#include "collector.h"
#include "health.h"

// Borrows it for as long as it lives.
struct collector *self_create(const struct health *health);
