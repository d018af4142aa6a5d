// SPDX-License-Identifier: Apache-2.0
// Records for tests of the encoders. Unlike those of flow/window.c they are not one block.
#include <assert.h>
#include <string.h>

#include "support/record_builder.h"

void record_builder_init(struct record_builder *builder, enum metric_scope scope)
{
    static const struct start start = {"boot-1", "a boot", true};
    *builder = (struct record_builder){.record = {.start = &start, .scope = scope}};
    builder->record.series = builder->series;
    builder->record.properties = builder->properties;
}

void record_builder_finish(struct record_builder *builder)
{
    for (uint32_t i = 0; i < builder->record.n_series; i++)
        free((void *)builder->series[i].runs);
}

void record_builder_add_runs(
    struct record_builder *builder, uint32_t metric, const struct run *runs, uint32_t n_runs)
{
    assert(builder->record.n_series < METRIC_MAX);
    struct series *series = &builder->series[builder->record.n_series++];
    struct run *copy = xcalloc(n_runs, sizeof(*copy));
    *series = (struct series){.metric = metric, .n_runs = n_runs, .runs = copy};
    for (uint32_t i = 0; i < n_runs; i++) {
        copy[i] = runs[i];
        series->n_values += runs[i].n_values;
    }
}

void record_builder_add_values(
    struct record_builder *builder, uint32_t metric, const uint64_t *values, uint32_t n_values)
{
    scoped_free struct run *runs = xcalloc(n_values, sizeof(*runs));
    for (uint32_t i = 0; i < n_values; i++)
        runs[i] = (struct run){values[i], 1};
    record_builder_add_runs(builder, metric, runs, n_values);
}

void record_builder_add_counting(struct record_builder *builder, uint32_t metric, uint32_t n_values)
{
    scoped_free uint64_t *values = xcalloc(n_values, sizeof(*values));
    for (uint32_t i = 0; i < n_values; i++)
        values[i] = i + 1;
    record_builder_add_values(builder, metric, values, n_values);
}

void record_builder_add_property(struct record_builder *builder, uint32_t metric, uint64_t value)
{
    assert(builder->record.n_properties < METRIC_MAX);
    builder->properties[builder->record.n_properties++] = (struct reading){metric, value};
}
