// SPDX-License-Identifier: Apache-2.0
// A record put together by hand, series by series. The test owns it; it stays where it is, for the
// record points into it.
#pragma once

#include "base.h"
#include "record.h"

struct record_builder {
    struct record record; // of the start boot-1; its other fields are the test's to set
    struct series series[METRIC_MAX];
    struct reading properties[METRIC_MAX];
};

void record_builder_init(struct record_builder *builder, enum metric_scope scope);
void record_builder_finish(struct record_builder *builder);

void record_builder_add_runs(
    struct record_builder *builder, uint32_t metric, const struct run *runs, uint32_t n_runs);
// A run for each value.
void record_builder_add_values(
    struct record_builder *builder, uint32_t metric, const uint64_t *values, uint32_t n_values);
// The values 1, 2, 3 and so on: none is like another, and their order can be seen.
void record_builder_add_counting(
    struct record_builder *builder, uint32_t metric, uint32_t n_values);
void record_builder_add_property(struct record_builder *builder, uint32_t metric, uint64_t value);
