// SPDX-License-Identifier: Apache-2.0
// One ENI as a source of samples: where in the device's values each metric stands, and how reading
// it has gone so far. Owned by collector/ena.c.
#pragma once

#include <stdbool.h>

#include "collector.h"
#include "flow/pace.h"
#include "os/counters.h"
#include "sample.h"

// A metric and its place among the device's values.
struct pick {
    uint32_t metric;
    uint32_t place;
};

// The names that were learnt last: most ENIs of an instance have the same ones, and to compare is
// cheap.
struct names_kept {
    uint64_t id; // of this block; 0 for none
    uint32_t n_names;
    char (*slots)[COUNTERS_NAME_BYTES]; // owned
};

// What reading an ENI needs, the same for all. Owned by the collector.
struct eni_reader {
    const struct catalog *catalog; // borrowed, as is the next
    struct counters *counters;
    struct names_kept names_kept;
    struct metric_set told_missing; // the log knows that an ENI does not offer them
};

struct eni_source {
    struct eni eni;
    bool is_listed;        // seen since the list was started
    bool are_names_due;    // to be looked at before the next read
    uint32_t n_statistics; // 0: names never read
    uint64_t fingerprint;  // of the names
    uint64_t names_id;     // of the kept block that had them, 0 for none
    uint32_t n_picks;
    struct pick *picks;      // owned
    unsigned int n_failures; // in a row
    int told_error;          // the errno that the log knows of, 0 for none
    bool has_told_names;     // that some are odd
    uint64_t retry_ns;       // boot clock: not to be read before
    uint64_t read_ns;        // how long the last read took
    struct pace pace;
    unsigned int n_to_calm; // reads until the log says that it is not read less often any more
};

// 0 and a sample, or negative errno: nothing could be read now. `ret_sample` has `at` and `read_ns`
// in either case.
must_check int eni_source_read(
    struct eni_source *source, struct eni_reader *reader, struct sample *ret_sample);
// Whether to read it in this tick: enough time has passed since the last failure, and its reads are
// within their budget; in the final tick, unless its last read took too long. To be called once in
// every tick.
bool eni_source_is_due(struct eni_source *source, const struct tick *tick);
// Takes the time of a read into account, and says when that changes how often there is one.
void eni_source_pace(struct eni_source *source, uint64_t read_ns);
// Counts a result of eni_source_read() and says it when it is a change.
void eni_source_note(struct eni_source *source, int result, const struct now *now);
// What a (positive) errno means when it comes from reading an ENI.
const char *eni_source_explain(int error);
void eni_source_finish(struct eni_source *source);
