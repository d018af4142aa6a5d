// SPDX-License-Identifier: Apache-2.0
#include "base.h"
#include "flow/record_block.h"

struct record_block record_block_create(const struct record_size *size)
{
    size_t bytes = sizeof(struct record) + size->n_series * sizeof(struct series) +
        size->n_properties * sizeof(struct reading) + size->n_runs * sizeof(struct run);
    struct record_block block = {.record = xcalloc(1, bytes)};
    block.series = (struct series *)(block.record + 1);
    block.properties = (struct reading *)(block.series + size->n_series);
    block.runs = (struct run *)(block.properties + size->n_properties);
    block.record->bytes = bytes;
    block.record->series = block.series;
    block.record->properties = block.properties;
    return block;
}
