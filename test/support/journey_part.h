// SPDX-License-Identifier: Apache-2.0
// The parts of a journey (support/journey.h): journey.c makes things happen, journey_run.c has the
// boots one after the other, and judges.
#pragma once

#include "support/journey.h"

// Another configuration, for the next start or reload.
void journey_configure(struct journey *journey);

// A tick of the daemon, which is started where it does not run; it may die in any of these.
void journey_begin_tick(struct journey *journey, const struct now *now);
void journey_add(struct journey *journey, const struct look *look);
void journey_end_tick(struct journey *journey);
// The time between two ticks.
void journey_pass(struct journey *journey);
