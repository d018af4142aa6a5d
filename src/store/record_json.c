// SPDX-License-Identifier: Apache-2.0
// A record becomes JSON, field by field. The way back: record_from_json.c.
#include "base/mac.h"
#include "encode/document.h"
#include "store/record_json.h"

const char *const record_scope_names[RECORD_N_SCOPES] = {
    [METRIC_SCOPE_ENI] = "eni", [METRIC_SCOPE_INSTANCE] = "instance"};

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static void set_unless_zero(json_t *object, const char *name, uint64_t value)
{
    if (value != 0)
        document_set(object, name, number(value));
}

static json_t *set_to_json(const struct metric_set *set, const struct catalog *catalog)
{
    json_t *names = json_array();
    for (uint32_t i = 0; i < catalog->n_metrics; i++)
        if (metric_set_has(set, i))
            document_append(names, document_text(catalog->metrics[i].name, SIZE_MAX));
    return names;
}

static json_t *eni_to_json(const struct eni *eni, const struct catalog *catalog)
{
    char mac[MAC_TEXT_MAX];
    json_t *json = json_object();
    mac_format(eni->mac.octets, mac);
    document_set(json, "mac", json_string(mac));
    document_set(json, "ifindex", json_integer(eni->ifindex));
    document_set(json, "ifname", document_text(eni->ifname, sizeof(eni->ifname)));
    document_set(json, "driver", document_text(eni->driver, sizeof(eni->driver)));
    document_set(
        json, "driver_version", document_text(eni->driver_version, sizeof(eni->driver_version)));
    document_set(json, "offered", set_to_json(&eni->offered, catalog));
    return json;
}

static json_t *runs_to_json(const struct series *series)
{
    json_t *runs = json_array();
    for (uint32_t i = 0; i < series->n_runs; i++) {
        json_t *run = json_array();
        document_append(run, number(series->runs[i].value));
        document_append(run, number(series->runs[i].n_values));
        document_append(runs, run);
    }
    return runs;
}

static json_t *series_to_json(const struct record *record, const struct catalog *catalog)
{
    json_t *json = json_object();
    for (uint32_t i = 0; i < record->n_series; i++)
        document_set(json, catalog->metrics[record->series[i].metric].name,
            runs_to_json(&record->series[i]));
    return json;
}

static json_t *properties_to_json(const struct record *record, const struct catalog *catalog)
{
    json_t *json = json_object();
    for (uint32_t i = 0; i < record->n_properties; i++)
        document_set(json, catalog->metrics[record->properties[i].metric].name,
            number(record->properties[i].value));
    return json;
}

json_t *parts_to_json(const struct record *record)
{
    const struct parts *parts = &record->parts;
    json_t *json = json_object();
    document_set(json, "metrics_per_part", number(parts->metrics_per_part));
    document_set(json, "values_per_part", number(parts->values_per_part));
    document_set(json, "n_parts", number(parts->n_parts));
    document_set(json, "sets", number(parts->sets));
    document_set(json, "key", number(parts->key));
    document_set(json, "n_taken", number(record->n_parts_taken));
    return json;
}

json_t *record_to_json(const struct record *record, const struct catalog *catalog)
{
    json_t *json = json_object();
    document_set(json, "sequence", number(record->sequence));
    document_set(json, "scope", json_string(record_scope_names[record->scope]));
    if (record->scope == METRIC_SCOPE_ENI)
        document_set(json, "eni", eni_to_json(&record->eni, catalog));
    document_set(json, "start_ms", json_integer(record->start_ms));
    document_set(json, "clock_offset_ms", json_integer(record->clock_offset_ms));
    document_set(json, "period_ms", number(record->period_ms));
    document_set(json, "sample_ms", number(record->sample_ms));
    set_unless_zero(json, "gap_ms", record->gap_ms);
    set_unless_zero(json, "n_enis", record->n_enis);
    document_set(json, "series", series_to_json(record, catalog));
    document_set(json, "properties", properties_to_json(record, catalog));
    document_set(json, "unsupported", set_to_json(&record->unsupported, catalog));
    if (record->parts.n_parts > 0)
        document_set(json, "parts", parts_to_json(record));
    if (record->is_refused)
        document_set(json, "is_refused", json_true());
    return json;
}
