// SPDX-License-Identifier: Apache-2.0
// JSON becomes a record. It was ours once, and the checksum says that it still is; yet no number in
// it is used before it was looked at.
#include <limits.h>
#include <string.h>

#include "base/mac.h"
#include "flow/catalog.h"
#include "flow/record_block.h"
#include "store/record_json.h"

#define MS_PER_HOUR UINT64_C(3600000)
// Wall clocks in ms are far from the ends of int64_t: sums of some cannot overflow.
#define WALL_MS_MAX (INT64_C(1) << 52)
// EMF cuts at most once per value, metric datums once per value and dimension set: of these there
// are 32 bits.
#define PARTS_PER_VALUE_MAX 32

// Whether a member is an integer from 0 to `max`; where it is absent it counts as 0.
static bool get_count(const json_t *object, const char *name, uint64_t max, uint64_t *ret_count)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL) {
        *ret_count = 0;
        return true;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        (uint64_t)json_integer_value(value) > max)
        return false;
    *ret_count = (uint64_t)json_integer_value(value);
    return true;
}

static bool get_count32(const json_t *object, const char *name, uint32_t *ret_count)
{
    uint64_t count;
    if (!get_count(object, name, UINT32_MAX, &count))
        return false;
    *ret_count = (uint32_t)count;
    return true;
}

static bool get_wall(const json_t *object, const char *name, int64_t *ret_ms)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < -WALL_MS_MAX ||
        json_integer_value(value) > WALL_MS_MAX)
        return false;
    *ret_ms = json_integer_value(value);
    return true;
}

static bool get_text(const json_t *object, const char *name, char *ret_text, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL || strlen(text) >= size)
        return false;
    memcpy(ret_text, text, strlen(text) + 1);
    return true;
}

static bool get_set(const json_t *object, const char *name, const struct catalog *catalog,
    struct metric_set *ret_set)
{
    const json_t *names = json_object_get(object, name);
    struct metric_set set = {0};
    if (!json_is_array(names))
        return false;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *metric = json_string_value(json_array_get(names, i));
        if (metric == NULL)
            return false;
        uint32_t index = catalog_find(catalog, metric, strlen(metric));
        if (index < METRIC_MAX)
            metric_set_add(&set, index);
    }
    *ret_set = set;
    return true;
}

static bool get_eni(const json_t *object, const struct catalog *catalog, struct eni *ret_eni)
{
    const json_t *json = json_object_get(object, "eni");
    const char *mac = json_string_value(json_object_get(json, "mac"));
    struct eni eni = {0};
    uint64_t ifindex;
    if (mac == NULL || !mac_parse(mac, eni.mac.octets) ||
        !get_count(json, "ifindex", INT_MAX, &ifindex) ||
        !get_text(json, "ifname", eni.ifname, sizeof(eni.ifname)) ||
        !get_text(json, "driver", eni.driver, sizeof(eni.driver)) ||
        !get_text(json, "driver_version", eni.driver_version, sizeof(eni.driver_version)) ||
        !get_set(json, "offered", catalog, &eni.offered))
        return false;
    eni.ifindex = (int)ifindex;
    *ret_eni = eni;
    return true;
}

static bool get_scope(const json_t *json, enum metric_scope *ret_scope)
{
    const char *name = json_string_value(json_object_get(json, "scope"));
    for (size_t i = METRIC_SCOPE_ENI; name != NULL && i < RECORD_N_SCOPES; i++)
        if (strcmp(record_scope_names[i], name) == 0) {
            *ret_scope = (enum metric_scope)i;
            return true;
        }
    return false;
}

// What has one size in every record.
static bool get_fields(const json_t *json, const struct catalog *catalog, struct record *record)
{
    const json_t *is_refused = json_object_get(json, "is_refused");
    record->is_refused = json_is_true(is_refused);
    return get_count(json, "sequence", INT64_MAX, &record->sequence) && record->sequence > 0 &&
        get_scope(json, &record->scope) &&
        (record->scope != METRIC_SCOPE_ENI || get_eni(json, catalog, &record->eni)) &&
        get_wall(json, "start_ms", &record->start_ms) &&
        get_wall(json, "clock_offset_ms", &record->clock_offset_ms) &&
        get_count(json, "period_ms", MS_PER_HOUR, &record->period_ms) && record->period_ms > 0 &&
        get_count(json, "sample_ms", MS_PER_HOUR, &record->sample_ms) &&
        get_count(json, "gap_ms", INT64_MAX, &record->gap_ms) &&
        get_count32(json, "n_enis", &record->n_enis) &&
        get_set(json, "unsupported", catalog, &record->unsupported) &&
        (is_refused == NULL || json_is_boolean(is_refused));
}

static bool is_run(const json_t *run)
{
    json_int_t n_values = json_integer_value(json_array_get(run, 1));
    return json_array_size(run) == 2 && json_is_integer(json_array_get(run, 0)) &&
        json_is_integer(json_array_get(run, 1)) && n_values > 0 && n_values <= RECORD_VALUES_MAX;
}

static bool is_series(const json_t *runs)
{
    json_int_t n_values = 0;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        if (!is_run(json_array_get(runs, i)))
            return false;
        n_values += json_integer_value(json_array_get(json_array_get(runs, i), 1));
        if (n_values > RECORD_VALUES_MAX)
            return false;
    }
    return n_values > 0;
}

// What the block of a record is measured by.
struct contents {
    const json_t *series[METRIC_MAX], *properties[METRIC_MAX]; // by metric; NULL: not there
    struct record_size size;
};

static bool is_contents(const json_t *series, const json_t *properties)
{
    const char *name;
    json_t *value;
    if (!json_is_object(series) || !json_is_object(properties))
        return false;
    json_object_foreach((json_t *)series, name, value) if (!is_series(value)) return false;
    json_object_foreach(
        (json_t *)properties, name, value) if (!json_is_integer(value)) return false;
    return true;
}

// Returns how many metrics are left out.
static uint64_t find_contents(const json_t *series, const json_t *properties,
    const struct catalog *catalog, struct contents *ret_contents)
{
    struct contents contents = {.size = {0}};
    for (uint32_t i = 0; i < catalog->n_metrics; i++) {
        const char *name = catalog->metrics[i].name;
        contents.series[i] = json_object_get(series, name);
        contents.properties[i] = json_object_get(properties, name);
        contents.size.n_series += contents.series[i] != NULL;
        contents.size.n_properties += contents.properties[i] != NULL;
        contents.size.n_runs += json_array_size(contents.series[i]);
    }
    *ret_contents = contents;
    return json_object_size(series) - contents.size.n_series + json_object_size(properties) -
        contents.size.n_properties;
}

// Returns the run after the last of them.
static struct run *fill_series(
    const json_t *json, uint32_t metric, struct run *runs, struct series *ret_series)
{
    struct series series = {metric, 0, (uint32_t)json_array_size(json), runs};
    for (size_t i = 0; i < series.n_runs; i++) {
        const json_t *run = json_array_get(json, i);
        runs->value = (uint64_t)json_integer_value(json_array_get(run, 0));
        runs->n_values = (uint32_t)json_integer_value(json_array_get(run, 1));
        series.n_values += runs->n_values;
        runs++;
    }
    *ret_series = series;
    return runs;
}

static struct record *make_record(const struct contents *contents)
{
    struct record_block block = record_block_create(&contents->size);
    struct record *record = block.record;
    struct run *runs = block.runs;
    for (uint32_t i = 0; i < METRIC_MAX; i++) {
        if (contents->series[i] != NULL)
            runs = fill_series(contents->series[i], i, runs, &block.series[record->n_series++]);
        if (contents->properties[i] != NULL)
            block.properties[record->n_properties++] = (struct reading){
                i, (uint64_t)json_integer_value(contents->properties[i])};
    }
    return record;
}

static uint64_t count_values(const struct record *record)
{
    uint64_t n_values = 0;
    for (uint32_t i = 0; i < record->n_series; i++)
        n_values += record->series[i].n_values;
    return n_values;
}

bool parts_from_json(const json_t *json, struct record *record)
{
    struct parts parts = {0};
    uint32_t n_taken;
    if (!json_is_object(json) || !get_count32(json, "metrics_per_part", &parts.metrics_per_part) ||
        !get_count32(json, "values_per_part", &parts.values_per_part) ||
        !get_count32(json, "n_parts", &parts.n_parts) || !get_count32(json, "sets", &parts.sets) ||
        !get_count32(json, "key", &parts.key) || !get_count32(json, "n_taken", &n_taken))
        return false;
    if (parts.metrics_per_part == 0 || parts.values_per_part == 0 || n_taken >= parts.n_parts ||
        parts.n_parts > count_values(record) * PARTS_PER_VALUE_MAX)
        return false;
    record->parts = parts;
    record->n_parts_taken = n_taken;
    return true;
}

// A record that lost values is not what its plan cut any more.
static bool take_parts(const json_t *json, bool is_whole, struct record *record)
{
    const json_t *parts = json_object_get(json, "parts");
    bool is_good = parts == NULL || parts_from_json(parts, record);
    if (!is_whole)
        record->parts.key = 0;
    return is_good || !is_whole;
}

struct record *record_from_json(
    const json_t *json, const struct catalog *catalog, uint64_t *n_left_out)
{
    struct contents contents;
    const json_t *series = json_object_get(json, "series");
    const json_t *properties = json_object_get(json, "properties");
    if (!is_contents(series, properties))
        return NULL;
    uint64_t n_lost = find_contents(series, properties, catalog, &contents);
    struct record *record = make_record(&contents);
    if (!get_fields(json, catalog, record) || !take_parts(json, n_lost == 0, record)) {
        free(record);
        return NULL;
    }
    *n_left_out += n_lost;
    return record;
}
