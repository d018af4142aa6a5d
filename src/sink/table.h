// SPDX-License-Identifier: Apache-2.0
// Every sink of this build, in the order of their names. The rows come from src/meson.build.
#pragma once

#include <stddef.h>

#include "sink.h"

extern const struct sink_ops *const sink_table[];
extern const size_t sink_table_n;
extern const char *const sink_names[]; // ended by NULL: the choices of publish.sink
