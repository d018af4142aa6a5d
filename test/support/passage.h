// SPDX-License-Identifier: Apache-2.0
// The ways of an observer along a trail; called by support/trail.c only.
#pragma once

#include "support/trail.h"

// As far as an observer can tell; a lie in between leaves it open.
bool passage_is_other_life(
    const struct trail *trail, const struct node *from, const struct node *to);
// Fills the footings of `to`, which is not on the trail yet but comes next in its place.
void passage_reach(const struct trail *trail, struct node *to);
// Of the sum of the counter at the end of the trail: a brief life that ended in zeros may have been
// passed over.
uint64_t passage_least(const struct trail *trail, uint32_t counter);
