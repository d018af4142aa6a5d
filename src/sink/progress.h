// SPDX-License-Identifier: Apache-2.0
// How far a sink that writes a batch as one run of bytes has come, in whole items.
#pragma once

#include "batch.h"

// Items that lie wholly in the first `n_bytes` of the batch.
static inline size_t progress_whole_items(const struct batch *batch, size_t n_bytes)
{
    size_t n = 0;
    while (n < batch->n_items && batch->items[n].offset + batch->items[n].n_bytes <= n_bytes)
        n++;
    return n;
}
