// SPDX-License-Identifier: Apache-2.0
// The memory of a record (include/record.h): header, series, properties and runs in one block, in
// this order, in which none needs padding before it.
#pragma once

#include "record.h"

struct record_size {
    uint32_t n_series, n_properties;
    size_t n_runs; // of all series
};

// Where to write what the record then points to.
struct record_block {
    struct record *record; // the caller's, for free(); points to series and properties, of which
                           // it counts none yet, and knows its bytes; all else is zero
    struct series *series;
    struct reading *properties;
    struct run *runs;
};

struct record_block record_block_create(const struct record_size *size);
