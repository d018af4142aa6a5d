// SPDX-License-Identifier: Apache-2.0
// A record becomes EMF documents.
// All values are arrays, one element per sample, so that CloudWatch's own statistics are exact.
// `_aws.LogGroupName` is no part of the EMF specification: the CloudWatch agent drops documents
// without it, and the service ignores it.
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/mac.h"
#include "encode/document.h"
#include "encode/emf.h"

// Of the series, and of the values of each, those that stand in one document.
struct part {
    uint32_t index;
    uint32_t first_series;
    uint32_t end_series;
    uint64_t first_value;
    uint64_t end_value;
};

bool emf_is_reserved(const char *name)
{
    static const char *const names[] = {"interface", "mac", "driver", "driver_version", "enis",
        "throttled", "unsupported", "unidentified", "sample_ms", "gap_ms", "boot", "sequence",
        "part", "parts", "ResourceType", "Identifier"};
    // The agent is written in Go, which takes members in either case: `_aws`, and what named the
    // log group before it.
    static const char *const prefixes[] = {":", "_aws", "log_group_name", "log_stream_name"};
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static uint32_t block_end(const struct record *record, const struct parts *plan, uint32_t first)
{
    uint32_t n_left = record->n_series - first;
    return first + (n_left < plan->metrics_per_part ? n_left : plan->metrics_per_part);
}

// Of the block that starts at series `first`: as many as its longest series needs, so that none is
// empty.
static uint32_t n_slices(const struct record *record, const struct parts *plan, uint32_t first)
{
    uint32_t longest = 0, end = block_end(record, plan, first);
    for (uint32_t i = first; i < end; i++)
        if (record->series[i].n_values > longest)
            longest = record->series[i].n_values;
    return longest / plan->values_per_part + (longest % plan->values_per_part > 0);
}

static uint32_t count_parts(const struct record *record, const struct parts *plan)
{
    uint32_t n_parts = 0;
    for (uint32_t at = 0; at < record->n_series; at = block_end(record, plan, at))
        n_parts += n_slices(record, plan, at);
    return n_parts;
}

static struct part find_part(const struct record *record, const struct parts *plan, uint32_t index)
{
    uint32_t at = 0, slice = index;
    for (uint32_t n; slice >= (n = n_slices(record, plan, at)); slice -= n) {
        at = block_end(record, plan, at);
        assert(at < record->n_series);
    }
    uint64_t first_value = (uint64_t)slice * plan->values_per_part;
    return (struct part){.index = index,
        .first_series = at,
        .end_series = block_end(record, plan, at),
        .first_value = first_value,
        .end_value = first_value + plan->values_per_part};
}

static bool is_in(const struct part *part, const struct series *series)
{
    return series->n_values > part->first_value;
}

// How many of a run's values are in the part; the run starts at value `at` of its series.
static uint64_t n_values_in(const struct part *part, uint64_t at, const struct run *run)
{
    uint64_t first = at > part->first_value ? at : part->first_value;
    uint64_t end = at + run->n_values < part->end_value ? at + run->n_values : part->end_value;
    return end > first ? end - first : 0;
}

static json_t *make_number(const struct metric *metric, uint64_t value)
{
    return document_decimal(value, metric->n_decimals);
}

static json_t *make_values(
    const struct encoding *encoding, const struct part *part, const struct series *series)
{
    const struct metric *metric = encoder_metric(encoding, series->metric);
    json_t *values = json_array();
    uint64_t at = 0;
    for (uint32_t i = 0; i < series->n_runs; i++) {
        const struct run *run = &series->runs[i];
        for (uint64_t n = n_values_in(part, at, run); n > 0; n--)
            document_append(values, make_number(metric, run->value));
        at += run->n_values;
    }
    return values;
}

static void set_values(json_t *root, const struct encoding *encoding, const struct part *part)
{
    for (uint32_t i = part->first_series; i < part->end_series; i++) {
        const struct series *series = &encoding->record->series[i];
        if (is_in(part, series))
            document_set(root, encoder_metric(encoding, series->metric)->name,
                make_values(encoding, part, series));
    }
}

static json_t *make_set(const struct dimension_set *set)
{
    json_t *names = json_array();
    for (size_t i = 0; i < set->n_names; i++)
        document_append(names, document_text(set->names[i], SIZE_MAX));
    return names;
}

static json_t *make_sets(const struct encoding *encoding)
{
    const struct dimension_sets *sets = encoder_sets(encoding);
    json_t *known = json_array();
    for (size_t i = 0; i < sets->n_sets; i++)
        if (encoder_is_known_set(encoding, &sets->sets[i]))
            document_append(known, make_set(&sets->sets[i]));
    return known;
}

static json_t *make_definition(const struct encoding *encoding, const struct metric *metric)
{
    json_t *definition = json_object();
    document_set(definition, "Name", document_text(metric->name, SIZE_MAX));
    document_set(definition, "Unit", json_string(encoder_unit(metric)));
    if (encoder_resolution_s(encoding->encoder) == 1)
        document_set(definition, "StorageResolution", json_integer(1));
    return definition;
}

static json_t *make_definitions(const struct encoding *encoding, const struct part *part)
{
    json_t *definitions = json_array();
    for (uint32_t i = part->first_series; i < part->end_series; i++) {
        const struct series *series = &encoding->record->series[i];
        if (is_in(part, series))
            document_append(
                definitions, make_definition(encoding, encoder_metric(encoding, series->metric)));
    }
    return definitions;
}

// Empty while no dimension set is known: a metric that nobody can attribute is no metric, but the
// values are still there to search.
static json_t *make_directives(const struct encoding *encoding, const struct part *part)
{
    json_t *directives = json_array();
    json_auto_t *sets = make_sets(encoding);
    if (json_array_size(sets) == 0)
        return directives;
    json_t *directive = json_object();
    document_set(
        directive, "Namespace", document_text(encoding->encoder->options->namespace, SIZE_MAX));
    document_set(directive, "Dimensions", json_incref(sets));
    document_set(directive, "Metrics", make_definitions(encoding, part));
    document_append(directives, directive);
    return directives;
}

static json_t *make_aws(
    const struct encoding *encoding, const struct part *part, int64_t timestamp_ms)
{
    json_t *aws = json_object();
    document_set(aws, "Timestamp", json_integer(timestamp_ms));
    document_set(
        aws, "LogGroupName", document_text(encoding->encoder->options->log_group, SIZE_MAX));
    document_set(aws, "CloudWatchMetrics", make_directives(encoding, part));
    return aws;
}

static void set_dimensions(json_t *root, const struct encoding *encoding)
{
    const struct dimension_sets *sets = encoder_sets(encoding);
    for (size_t i = 0; i < sets->n_sets; i++) {
        const struct dimension_set *set = &sets->sets[i];
        for (size_t j = 0; encoder_is_known_set(encoding, set) && j < set->n_names; j++)
            document_set(root, set->names[j],
                document_text(labels_dimension(encoding->labels, set->names[j]), SIZE_MAX));
    }
}

static bool is_known(const char *text)
{
    return text != NULL && text[0] != '\0';
}

// Those that are there already are the dimensions of the used sets.
static void set_labels(json_t *root, const struct labels *labels)
{
    for (size_t i = 0; i < labels->n_labels; i++) {
        const struct label *label = &labels->labels[i];
        if (is_known(label->value) && json_object_get(root, label->name) == NULL)
            document_set(root, label->name, document_text(label->value, SIZE_MAX));
    }
}

static void set_if_known(json_t *root, const char *name, const char *text, size_t max_bytes)
{
    if (is_known(text))
        document_set(root, name, document_text(text, max_bytes));
}

static void set_eni(json_t *root, const struct eni *eni)
{
    char mac[MAC_TEXT_MAX];
    mac_format(eni->mac.octets, mac);
    set_if_known(root, "interface", eni->ifname, sizeof(eni->ifname));
    document_set(root, "mac", json_string(mac));
    set_if_known(root, "driver", eni->driver, sizeof(eni->driver));
    set_if_known(root, "driver_version", eni->driver_version, sizeof(eni->driver_version));
}

// What a counter did in the window stands in the first part only: summed over documents it is
// right.
static void set_properties(json_t *root, const struct encoding *encoding, const struct part *part)
{
    const struct record *record = encoding->record;
    for (uint32_t i = 0; i < record->n_properties; i++) {
        const struct metric *metric = encoder_metric(encoding, record->properties[i].metric);
        if (metric->kind != METRIC_COUNTER || part->index == 0)
            document_set(root, metric->name, make_number(metric, record->properties[i].value));
    }
}

// Samples of this part in which the counter moved.
static uint64_t n_moved(const struct part *part, const struct series *series)
{
    uint64_t n = 0, at = 0;
    for (uint32_t i = 0; i < series->n_runs; i++) {
        if (series->runs[i].value > 0)
            n += n_values_in(part, at, &series->runs[i]);
        at += series->runs[i].n_values;
    }
    return n;
}

static json_t *make_throttled(const struct encoding *encoding, const struct part *part)
{
    json_t *throttled = json_object();
    for (uint32_t i = part->first_series; i < part->end_series; i++) {
        const struct series *series = &encoding->record->series[i];
        uint64_t n = series->metric < METRIC_N_EXCEEDED ? n_moved(part, series) : 0;
        if (n > 0)
            document_set(
                throttled, encoder_metric(encoding, series->metric)->name, document_number(n));
    }
    return throttled;
}

// What is absent because no ENI of the record has it: it is not zero.
static json_t *make_unsupported(const struct encoding *encoding)
{
    json_t *names = json_array();
    for (uint32_t i = 0; i < encoding->encoder->catalog->n_metrics; i++)
        if (metric_set_has(&encoding->record->unsupported, i))
            document_append(names, document_text(encoder_metric(encoding, i)->name, SIZE_MAX));
    return names;
}

// Labels whose value is another than they say.
static json_t *make_unidentified(const struct labels *labels)
{
    json_t *names = json_array();
    for (size_t i = 0; i < labels->n_labels; i++)
        if (labels->labels[i].is_stand_in)
            document_append(names, document_text(labels->labels[i].name, SIZE_MAX));
    return names;
}

static void set_if_any(json_t *root, const char *name, json_t *names)
{
    if (json_array_size(names) > 0)
        document_set(root, name, names);
    else
        json_decref(names);
}

// Lets CloudWatch show the numbers beside the instance's own ("related telemetry"; CloudWatch User
// Guide, "Embedding entity information in EMF").
static void set_entity(json_t *root, const struct labels *labels)
{
    for (size_t i = 0; i < labels->n_labels; i++) {
        const struct label *label = &labels->labels[i];
        // A host name may begin with the id.
        if (strcmp(label->name, "InstanceId") != 0 || label->is_stand_in ||
            !is_known(label->value) || strncmp(label->value, "i-", 2) != 0)
            continue;
        document_set(root, "ResourceType", json_string("AWS::EC2::Instance"));
        document_set(root, "Identifier", document_text(label->value, SIZE_MAX));
    }
}

static void set_record(json_t *root, const struct encoding *encoding, const struct part *part)
{
    const struct record *record = encoding->record;
    if (record->scope == METRIC_SCOPE_INSTANCE)
        document_set(root, "enis", json_integer(record->n_enis));
    else
        set_eni(root, &record->eni);
    set_properties(root, encoding, part);
    document_set(root, "throttled", make_throttled(encoding, part));
    set_if_any(root, "unsupported", make_unsupported(encoding));
    set_if_any(root, "unidentified", make_unidentified(encoding->labels));
    document_set(root, "sample_ms", document_number(record->sample_ms));
    if (record->gap_ms > 0)
        document_set(root, "gap_ms", document_number(record->gap_ms));
    document_set(root, "boot", document_text(encoding->record->start->name, SIZE_MAX));
    document_set(root, "sequence", document_number(record->sequence));
}

// CloudWatch Logs Insights finds the first 200 fields of an event, and each value of an array is
// one: what documents are searched by comes first, what CloudWatch makes metrics of last.
static json_t *make_document(
    const struct encoding *encoding, const struct parts *plan, uint32_t index, int64_t timestamp_ms)
{
    struct part part = find_part(encoding->record, plan, index);
    json_t *root = json_object();
    set_dimensions(root, encoding);
    set_labels(root, encoding->labels);
    set_entity(root, encoding->labels);
    set_record(root, encoding, &part);
    document_set(root, "part", json_integer((json_int_t)index + 1));
    document_set(root, "parts", json_integer(plan->n_parts));
    document_set(root, "_aws", make_aws(encoding, &part, timestamp_ms));
    set_values(root, encoding, &part);
    return root;
}

static bool is_small_enough(
    const struct encoding *encoding, const struct parts *plan, size_t max_bytes)
{
    // A record may be stamped anew before it is sent: INT64_MIN is the widest of all timestamps.
    for (uint32_t i = 0; i < plan->n_parts; i++) {
        json_auto_t *root = make_document(encoding, plan, i, INT64_MIN);
        if (document_bytes(root) > max_bytes)
            return false;
    }
    return true;
}

static bool make_smaller(struct parts *plan)
{
    uint32_t *size = plan->metrics_per_part > 1 ? &plan->metrics_per_part : &plan->values_per_part;
    if (*size == 1)
        return false;
    *size /= 2;
    return true;
}

static int emf_plan(const struct encoding *encoding, size_t max_bytes, struct parts *ret_parts)
{
    struct parts plan = {.metrics_per_part = EMF_MAX_METRICS, .values_per_part = EMF_MAX_VALUES};
    do {
        plan.n_parts = count_parts(encoding->record, &plan);
        if (plan.n_parts == 0)
            return ENCODER_NOTHING;
        if (is_small_enough(encoding, &plan, max_bytes)) {
            *ret_parts = plan;
            return 0;
        }
    } while (make_smaller(&plan));
    return -EMSGSIZE;
}

static int emf_encode(
    const struct encoding *encoding, int64_t timestamp_ms, const struct taker *taker)
{
    const struct record *record = encoding->record;
    int r = 0;
    for (uint32_t i = record->n_parts_taken; r == 0 && i < record->parts.n_parts; i++) {
        json_auto_t *root = make_document(encoding, &record->parts, i, timestamp_ms);
        scoped_free char *document = document_print(root);
        r = taker->take(taker->context, document);
    }
    return r;
}

const struct encoder_ops emf_encoder = {.name = "emf", .plan = emf_plan, .encode = emf_encode};
