// SPDX-License-Identifier: Apache-2.0
// Records that were made with one catalog, and wait when another takes its place.
#pragma once

#include "record.h"

// Where it is, so that those who know it know it still. Returns of how many metrics values were
// left out: those that the other catalog does not have. Then its plan fits nothing any more.
uint32_t record_translate(
    struct record *record, const struct catalog *from, const struct catalog *to);
