// SPDX-License-Identifier: Apache-2.0
// The table of sinks. A table one can read has no way to lose a row; self-registration has.
#include "sink/table.h"

#define SINK(name) extern const struct sink_ops sink_##name;
#include "sink_rows.inc"
#undef SINK

#define SINK(name) &sink_##name,
const struct sink_ops *const sink_table[] = {
#include "sink_rows.inc"
};
#undef SINK

#define SINK(name) #name,
const char *const sink_names[] = {
#include "sink_rows.inc"
    NULL};
#undef SINK

const size_t sink_table_n = ARRAY_SIZE(sink_table);
