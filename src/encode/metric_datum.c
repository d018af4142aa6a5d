// SPDX-License-Identifier: Apache-2.0
// A record becomes metric datums: which values a metric had, and in how many samples each. So the
// sum, the number of samples, the extremes and the percentiles of CloudWatch are those of the
// seconds.
#include <errno.h>
#include <string.h>

#include "encode/document.h"
#include "encode/metric_datum.h"

_Static_assert(DIMENSION_SETS_MAX <= 32, "parts have a bit for each dimension set");

// The values of a series, each once and in ascending order, with how many samples had it.
struct distribution {
    const struct metric *metric;
    uint32_t n_values;
    struct run *values; // owned
};

// Those that stand in one datum.
struct slice {
    const struct metric *metric;
    const struct run *values;
    uint32_t n_values;
};

// A way through all datums of a record.
struct walk {
    const struct encoding *encoding;
    const struct parts *parts;
    int64_t timestamp_ms;
    const struct taker *taker;
    uint32_t n_taken; // datums that are passed over
};

static int compare_values(const void *left, const void *right)
{
    const struct run *a = left, *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

static double read_back(const struct metric *metric, uint64_t value)
{
    json_auto_t *number = document_decimal(value, metric->n_decimals);
    return document_double(number);
}

// Whether CloudWatch, whose values are doubles, takes both for one. With up to 15 digits none are.
static bool is_same(const struct metric *metric, uint64_t a, uint64_t b)
{
    if (a == b || b < UINT64_C(1000000000000000))
        return a == b;
    return read_back(metric, a) == read_back(metric, b);
}

static void distribution_init(
    struct distribution *distribution, const struct metric *metric, const struct series *series)
{
    struct run *values = xcalloc(series->n_runs, sizeof(*values));
    for (uint32_t i = 0; i < series->n_runs; i++)
        values[i] = series->runs[i];
    qsort(values, series->n_runs, sizeof(*values), compare_values);
    uint32_t n = 0;
    for (uint32_t i = 0; i < series->n_runs; i++) {
        if (n > 0 && is_same(metric, values[n - 1].value, values[i].value))
            values[n - 1].n_values += values[i].n_values;
        else
            values[n++] = values[i];
    }
    *distribution = (struct distribution){metric, n, values};
}

static void distribution_finish(struct distribution *distribution)
{
    free(distribution->values);
}

static json_t *make_dimensions(const struct encoding *encoding, const struct dimension_set *set)
{
    json_t *dimensions = json_array();
    for (size_t i = 0; i < set->n_names; i++) {
        const char *value = labels_dimension(encoding->labels, set->names[i]);
        json_t *dimension = json_object();
        document_set(dimension, "Name", document_text(set->names[i], SIZE_MAX));
        document_set(dimension, "Value", document_text(value, SIZE_MAX));
        document_append(dimensions, dimension);
    }
    return dimensions;
}

static json_t *make_values(const struct slice *slice)
{
    json_t *values = json_array();
    for (uint32_t i = 0; i < slice->n_values; i++)
        document_append(
            values, document_decimal(slice->values[i].value, slice->metric->n_decimals));
    return values;
}

static json_t *make_counts(const struct slice *slice)
{
    json_t *counts = json_array();
    for (uint32_t i = 0; i < slice->n_values; i++)
        document_append(counts, json_integer(slice->values[i].n_values));
    return counts;
}

static char *make_datum(
    const struct walk *walk, const struct slice *slice, const struct dimension_set *set)
{
    const struct encoding *encoding = walk->encoding;
    json_auto_t *datum = json_object();
    document_set(datum, "MetricName", document_text(slice->metric->name, SIZE_MAX));
    document_set(datum, "Dimensions", make_dimensions(encoding, set));
    document_set(datum, "Timestamp", document_seconds(walk->timestamp_ms));
    document_set(datum, "Values", make_values(slice));
    document_set(datum, "Counts", make_counts(slice));
    document_set(datum, "Unit", json_string(encoder_unit(slice->metric)));
    document_set(datum, "StorageResolution", json_integer(encoder_resolution_s(encoding->encoder)));
    return document_print(datum);
}

static bool has_set(const struct parts *parts, size_t set)
{
    return (parts->sets >> set & 1) != 0;
}

static int walk_slice(struct walk *walk, const struct slice *slice)
{
    const struct dimension_sets *sets = encoder_sets(walk->encoding);
    int r = 0;
    for (size_t i = 0; r == 0 && i < sets->n_sets; i++) {
        if (!has_set(walk->parts, i))
            continue;
        if (walk->n_taken > 0) {
            walk->n_taken--;
            continue;
        }
        scoped_free char *datum = make_datum(walk, slice, &sets->sets[i]);
        r = walk->taker->take(walk->taker->context, datum);
    }
    return r;
}

static int walk_series(struct walk *walk, const struct series *series)
{
    struct distribution all;
    distribution_init(&all, encoder_metric(walk->encoding, series->metric), series);
    uint32_t n_most = walk->parts->values_per_part;
    int r = 0;
    for (uint32_t first = 0; r == 0 && first < all.n_values; first += n_most) {
        uint32_t n_left = all.n_values - first;
        struct slice slice = {all.metric, &all.values[first], n_left < n_most ? n_left : n_most};
        r = walk_slice(walk, &slice);
    }
    distribution_finish(&all);
    return r;
}

static int walk_record(struct walk *walk)
{
    const struct record *record = walk->encoding->record;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < record->n_series; i++)
        r = walk_series(walk, &record->series[i]);
    return r;
}

static uint32_t known_sets(const struct encoding *encoding)
{
    const struct dimension_sets *sets = encoder_sets(encoding);
    uint32_t known = 0;
    for (size_t i = 0; i < sets->n_sets; i++)
        if (encoder_is_known_set(encoding, &sets->sets[i]))
            known |= UINT32_C(1) << i;
    return known;
}

struct measure {
    size_t max_bytes;
    uint32_t n_parts;
};

static int take_measure(void *context, const char *item)
{
    struct measure *measure = context;
    measure->n_parts++;
    return strlen(item) <= measure->max_bytes ? 0 : -EMSGSIZE;
}

// Counts the datums, and looks whether any is too large: none may be, whenever it is stamped, and
// INT64_MIN is the widest of all timestamps.
static int try_plan(const struct encoding *encoding, size_t max_bytes, struct parts *parts)
{
    struct measure measured = {.max_bytes = max_bytes};
    struct walk walk = {.encoding = encoding,
        .parts = parts,
        .timestamp_ms = INT64_MIN,
        .taker = &(struct taker){take_measure, &measured}};
    int r = walk_record(&walk);
    parts->n_parts = measured.n_parts;
    return r;
}

static int plan(const struct encoding *encoding, size_t max_bytes, struct parts *ret_parts)
{
    struct parts parts = {
        .metrics_per_part = 1, .values_per_part = DATUM_MAX_VALUES, .sets = known_sets(encoding)};
    int r;
    while ((r = try_plan(encoding, max_bytes, &parts)) != 0) {
        if (parts.values_per_part == 1)
            return r;
        parts.values_per_part /= 2;
    }
    if (parts.n_parts == 0)
        return ENCODER_NOTHING;
    *ret_parts = parts;
    return 0;
}

static int encode(const struct encoding *encoding, int64_t timestamp_ms, const struct taker *taker)
{
    const struct record *record = encoding->record;
    if ((record->parts.sets & ~known_sets(encoding)) != 0)
        return -ESTALE;
    struct walk walk = {.encoding = encoding,
        .parts = &record->parts,
        .timestamp_ms = timestamp_ms,
        .taker = taker,
        .n_taken = record->n_parts_taken};
    return walk_record(&walk);
}

const struct encoder_ops metric_datum_encoder = {
    .name = "metric_datum", .plan = plan, .encode = encode};
