// SPDX-License-Identifier: Apache-2.0
// A record becomes EMF: the step between the journal, which keeps it, and the batch of a sink.
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
    uint32_t first_series;
    uint32_t end_series;
    uint64_t first_value;
    uint64_t end_value;
};

// All that a document is made of.
struct source {
    const struct emf *emf;
    const struct record *record;
    const struct labels *labels;
    struct part part;
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

static void must_parse(const char *text, struct dimension_sets *ret_sets)
{
    const char *allowed = dimension_sets_parse(text, ret_sets);
    assert(allowed == NULL);
    (void)allowed;
}

void emf_init(struct emf *emf, const struct emf_options *options, const struct catalog *catalog,
    const char *boot)
{
    *emf = (struct emf){.options = options, .catalog = catalog, .boot = boot};
    must_parse(options->instance_dimensions, &emf->instance_sets);
    must_parse(options->eni_dimensions, &emf->eni_sets);
}

void emf_finish(struct emf *emf)
{
    if (emf == NULL)
        return;
    dimension_sets_finish(&emf->instance_sets);
    dimension_sets_finish(&emf->eni_sets);
    *emf = (struct emf){0};
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
    uint32_t at = 0;
    for (uint32_t n; index >= (n = n_slices(record, plan, at)); index -= n) {
        at = block_end(record, plan, at);
        assert(at < record->n_series);
    }
    uint64_t first_value = (uint64_t)index * plan->values_per_part;
    return (struct part){.first_series = at,
        .end_series = block_end(record, plan, at),
        .first_value = first_value,
        .end_value = first_value + plan->values_per_part};
}

static const struct metric *metric_of(const struct source *source, uint32_t metric)
{
    assert(metric < source->emf->catalog->n_metrics);
    return &source->emf->catalog->metrics[metric];
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

static json_t *make_values(const struct source *source, const struct series *series)
{
    const struct metric *metric = metric_of(source, series->metric);
    const struct part *part = &source->part;
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

static void set_values(json_t *root, const struct source *source)
{
    for (uint32_t i = source->part.first_series; i < source->part.end_series; i++) {
        const struct series *series = &source->record->series[i];
        if (is_in(&source->part, series))
            document_set(
                root, metric_of(source, series->metric)->name, make_values(source, series));
    }
}

static const struct dimension_sets *sets_of(const struct emf *emf, const struct record *record)
{
    return record->scope == METRIC_SCOPE_INSTANCE ? &emf->instance_sets : &emf->eni_sets;
}

bool emf_is_pending(const struct emf *emf, const struct record *record, const struct labels *labels)
{
    const struct dimension_sets *sets = sets_of(emf, record);
    for (size_t i = 0; i < sets->n_sets; i++)
        for (size_t j = 0; j < sets->sets[i].n_names; j++)
            if (labels_is_pending(labels, sets->sets[i].names[j]))
                return true;
    return false;
}

static bool is_known_set(const struct dimension_set *set, const struct labels *labels)
{
    for (size_t i = 0; i < set->n_names; i++)
        if (labels_dimension(labels, set->names[i]) == NULL)
            return false;
    return true;
}

static json_t *make_set(const struct dimension_set *set)
{
    json_t *names = json_array();
    for (size_t i = 0; i < set->n_names; i++)
        document_append(names, document_text(set->names[i], SIZE_MAX));
    return names;
}

static json_t *make_sets(const struct source *source)
{
    const struct dimension_sets *sets = sets_of(source->emf, source->record);
    json_t *known = json_array();
    for (size_t i = 0; i < sets->n_sets; i++)
        if (is_known_set(&sets->sets[i], source->labels))
            document_append(known, make_set(&sets->sets[i]));
    return known;
}

static const char *unit_of(const struct metric *metric)
{
    static const char *const units[] = {[METRIC_COUNTER] = "Count",
        [METRIC_GAUGE] = "Count",
        [METRIC_PERCENT] = "Percent",
        [METRIC_DURATION] = "Milliseconds",
        [METRIC_MODE] = "None"};
    return units[metric->kind];
}

static json_t *make_definition(const struct source *source, const struct metric *metric)
{
    json_t *definition = json_object();
    document_set(definition, "Name", document_text(metric->name, SIZE_MAX));
    document_set(definition, "Unit", json_string(unit_of(metric)));
    if (source->emf->options->resolution == EMF_RESOLUTION_1)
        document_set(definition, "StorageResolution", json_integer(1));
    return definition;
}

static json_t *make_definitions(const struct source *source)
{
    json_t *definitions = json_array();
    for (uint32_t i = source->part.first_series; i < source->part.end_series; i++) {
        const struct series *series = &source->record->series[i];
        if (is_in(&source->part, series))
            document_append(
                definitions, make_definition(source, metric_of(source, series->metric)));
    }
    return definitions;
}

// Empty while no dimension set is known: a metric that nobody can attribute is no metric, but the
// values are still there to search.
static json_t *make_directives(const struct source *source)
{
    json_t *directives = json_array();
    json_auto_t *sets = make_sets(source);
    if (json_array_size(sets) == 0)
        return directives;
    json_t *directive = json_object();
    document_set(directive, "Namespace", document_text(source->emf->options->namespace, SIZE_MAX));
    document_set(directive, "Dimensions", json_incref(sets));
    document_set(directive, "Metrics", make_definitions(source));
    document_append(directives, directive);
    return directives;
}

static json_t *make_aws(const struct source *source, int64_t timestamp_ms)
{
    json_t *aws = json_object();
    document_set(aws, "Timestamp", json_integer(timestamp_ms));
    document_set(aws, "LogGroupName", document_text(source->emf->options->log_group, SIZE_MAX));
    document_set(aws, "CloudWatchMetrics", make_directives(source));
    return aws;
}

static void set_dimensions(json_t *root, const struct source *source)
{
    const struct dimension_sets *sets = sets_of(source->emf, source->record);
    for (size_t i = 0; i < sets->n_sets; i++) {
        const struct dimension_set *set = &sets->sets[i];
        for (size_t j = 0; is_known_set(set, source->labels) && j < set->n_names; j++)
            document_set(root, set->names[j],
                document_text(labels_dimension(source->labels, set->names[j]), SIZE_MAX));
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
static void set_properties(json_t *root, const struct source *source, uint32_t index)
{
    const struct record *record = source->record;
    for (uint32_t i = 0; i < record->n_properties; i++) {
        const struct metric *metric = metric_of(source, record->properties[i].metric);
        if (metric->kind != METRIC_COUNTER || index == 0)
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

static json_t *make_throttled(const struct source *source)
{
    json_t *throttled = json_object();
    for (uint32_t i = source->part.first_series; i < source->part.end_series; i++) {
        const struct series *series = &source->record->series[i];
        uint64_t n = series->metric < METRIC_N_EXCEEDED ? n_moved(&source->part, series) : 0;
        if (n > 0)
            document_set(throttled, metric_of(source, series->metric)->name, document_number(n));
    }
    return throttled;
}

// What is absent because no ENI of the record has it: it is not zero.
static json_t *make_unsupported(const struct source *source)
{
    json_t *names = json_array();
    for (uint32_t i = 0; i < source->emf->catalog->n_metrics; i++)
        if (metric_set_has(&source->record->unsupported, i))
            document_append(names, document_text(metric_of(source, i)->name, SIZE_MAX));
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

static void set_record(json_t *root, const struct source *source, uint32_t index)
{
    const struct record *record = source->record;
    if (record->scope == METRIC_SCOPE_INSTANCE)
        document_set(root, "enis", json_integer(record->n_enis));
    else
        set_eni(root, &record->eni);
    set_properties(root, source, index);
    document_set(root, "throttled", make_throttled(source));
    set_if_any(root, "unsupported", make_unsupported(source));
    set_if_any(root, "unidentified", make_unidentified(source->labels));
    document_set(root, "sample_ms", document_number(record->sample_ms));
    if (record->gap_ms > 0)
        document_set(root, "gap_ms", document_number(record->gap_ms));
    document_set(root, "boot", document_text(source->emf->boot, SIZE_MAX));
    document_set(root, "sequence", document_number(record->sequence));
}

static json_t *make_document(
    struct source *source, const struct parts *plan, uint32_t index, int64_t timestamp_ms)
{
    source->part = find_part(source->record, plan, index);
    json_t *root = json_object();
    document_set(root, "_aws", make_aws(source, timestamp_ms));
    set_dimensions(root, source);
    set_values(root, source);
    set_labels(root, source->labels);
    set_entity(root, source->labels);
    set_record(root, source, index);
    document_set(root, "part", json_integer((json_int_t)index + 1));
    document_set(root, "parts", json_integer(plan->n_parts));
    return root;
}

static bool is_small_enough(struct source *source, const struct parts *plan, size_t max_bytes)
{
    // A record may be stamped anew before it is sent: INT64_MIN is the widest of all timestamps.
    for (uint32_t i = 0; i < plan->n_parts; i++) {
        json_auto_t *root = make_document(source, plan, i, INT64_MIN);
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

int emf_plan_record(const struct emf *emf, const struct record *record, const struct labels *labels,
    size_t max_bytes, struct parts *ret_plan)
{
    struct source source = {.emf = emf, .record = record, .labels = labels};
    struct parts plan = {EMF_MAX_METRICS, EMF_MAX_VALUES, 0};
    do {
        plan.n_parts = count_parts(record, &plan);
        if (is_small_enough(&source, &plan, max_bytes)) {
            *ret_plan = plan;
            return 0;
        }
    } while (make_smaller(&plan));
    return -EMSGSIZE;
}

char *emf_encode(const struct emf *emf, const struct record *record, const struct labels *labels,
    const struct parts *plan, uint32_t part, int64_t timestamp_ms)
{
    assert(part < plan->n_parts);
    struct source source = {.emf = emf, .record = record, .labels = labels};
    json_auto_t *root = make_document(&source, plan, part, timestamp_ms);
    return document_print(root);
}
