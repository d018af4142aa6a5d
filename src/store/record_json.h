// SPDX-License-Identifier: Apache-2.0
// A record as JSON, for the journal's file: all that is in it but pointers, `is_in_flight` and
// `stored_bytes`. Metrics are named, so that another catalog can read it. Values are 64 bits
// without a sign, JSON's integers are signed: those from 2^63 on appear as negative ones.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base.h"
#include "record.h"

// Values of a series at the most: many more than an hour's, ten a second (the bounds of
// publish.period and sample.interval).
#define RECORD_VALUES_MAX (UINT32_C(1) << 20)

// The caller's reference. `catalog` is the one that the record was made with. Bytes of names that
// are no UTF-8 become question marks, as when they are published.
json_t *record_to_json(const struct record *record, const struct catalog *catalog);

// NULL: it is not as record_to_json() makes them. The caller's, in one block, without a start.
// Values whose metric is not in the catalog are left out, `n_left_out` grows by one for each such
// metric, and the plan of the record fits nothing any more.
struct record *record_from_json(
    const json_t *json, const struct catalog *catalog, uint64_t *n_left_out);

// By enum metric_scope.
#define RECORD_N_SCOPES (METRIC_SCOPE_INSTANCE + 1)
extern const char *const record_scope_names[RECORD_N_SCOPES];

json_t *parts_to_json(const struct record *record);
// How a record is cut, and what was taken of it. False, and nothing is changed: that cannot be so.
bool parts_from_json(const json_t *json, struct record *record);
