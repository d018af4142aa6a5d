// SPDX-License-Identifier: Apache-2.0
// Any bytes become a record, labels, dimension sets and a limit; whatever the documents look like,
// they are EMF, within the limit, and hold every value once and in its order.
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "encode/emf.h"
#include "support/record_builder.h"

#define MAX_TEXT        40
#define MAX_RUNS        5
#define MAX_VALUES      4000 // more are slow and nothing new
#define MAX_LABELS      9
#define MAX_BYTES       300000
#define MAX_ALONE       500 // values that are looked at one by one when nothing fits
#define N_DIMENSION_MAX 1024

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(bool claim)
{
    if (!claim)
        abort();
}

struct input {
    const uint8_t *bytes;
    size_t n_bytes;
};

// Zeros when there is no more.
static void take(struct input *input, void *ret_bytes, size_t n_bytes)
{
    size_t n = n_bytes < input->n_bytes ? n_bytes : input->n_bytes;
    memset(ret_bytes, 0, n_bytes);
    if (n == 0)
        return;
    memcpy(ret_bytes, input->bytes, n);
    input->bytes += n;
    input->n_bytes -= n;
}

static uint32_t take_below(struct input *input, uint32_t end)
{
    uint32_t number;
    take(input, &number, end > 256 ? sizeof(number) : 1);
    return (end > 256 ? number : number & 0xff) % end;
}

static uint64_t take_value(struct input *input)
{
    uint64_t value = take_below(input, 3);
    if (value == 2)
        take(input, &value, sizeof(value));
    return value;
}

static char *take_text(struct input *input, const char *prefix)
{
    char text[MAX_TEXT + 1] = {0};
    take(input, text, take_below(input, MAX_TEXT + 1));
    return xasprintf("%s%s", prefix, text);
}

struct scene {
    struct catalog catalog;
    char names[METRIC_MAX][8];
    struct record_builder builder;
    struct labels labels;
    struct encoder_options options;
    struct encoder encoder;
    struct parts plan;
};

static void make_catalog(struct catalog *catalog, char (*names)[8])
{
    catalog->n_metrics = METRIC_MAX;
    for (uint32_t i = 0; i < METRIC_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "m%u", i);
        catalog->metrics[i] = (struct metric){.name = names[i],
            .kind = (enum metric_kind)(i % (METRIC_MODE + 1)),
            .n_decimals = i % 3 == 2 ? 2 : 0};
    }
}

static uint32_t take_runs(struct input *input, struct run *ret_runs)
{
    uint32_t n_runs = take_below(input, MAX_RUNS + 1);
    for (uint32_t i = 0; i < n_runs; i++)
        ret_runs[i] = (struct run){take_value(input), 1 + take_below(input, 120)};
    return n_runs;
}

// A few bytes are enough for many series alike.
static void take_series(struct input *input, struct record_builder *builder)
{
    struct run runs[MAX_RUNS];
    uint32_t n_runs = 0, n_alike = 0, n_values = 0;
    uint32_t n_series = take_below(input, METRIC_MAX + 1), first = take_below(input, METRIC_MAX);
    for (uint32_t i = 0; i < n_series && n_values < MAX_VALUES; i++) {
        if (n_alike == 0) {
            n_runs = take_runs(input, runs);
            n_alike = 1 + take_below(input, METRIC_MAX);
        }
        n_alike--;
        record_builder_add_runs(builder, (first + i) % METRIC_MAX, runs, n_runs);
        n_values += builder->series[i].n_values;
    }
    // A metric is a series or a property.
    for (uint32_t i = n_series; i < METRIC_MAX && take_below(input, 2) == 1; i++)
        record_builder_add_property(builder, (first + i) % METRIC_MAX, take_value(input));
}

static void take_record(struct input *input, struct record_builder *builder)
{
    record_builder_init(
        builder, take_below(input, 2) == 0 ? METRIC_SCOPE_INSTANCE : METRIC_SCOPE_ENI);
    struct record *record = &builder->record;
    take(input, &record->eni, sizeof(record->eni));
    record->sequence = take_value(input);
    record->sample_ms = take_value(input);
    record->gap_ms = take_value(input);
    record->n_enis = take_below(input, 16);
    take_series(input, builder);
    take(input, &record->unsupported, sizeof(record->unsupported));
}

// Names that the documents use themselves, or metrics, are kept out by the configuration: no other
// label starts with an L.
static void take_labels(struct input *input, struct labels *labels)
{
    static const char *const names[] = {"InstanceId", "ClusterName", "NetworkInterfaceId", "L"};
    uint32_t n_labels = take_below(input, MAX_LABELS + 1);
    for (uint32_t i = 0; i < n_labels; i++) {
        const char *name = names[take_below(input, ARRAY_SIZE(names))];
        labels_add(labels,
            (struct label){.name = *name == 'L' ? take_text(input, name) : xstrdup(name),
                .value = take_below(input, 8) > 0 ? take_text(input, "") : NULL,
                .is_dimension = take_below(input, 4) > 0});
    }
}

// Any text that the check lets pass, else the default.
static char *take_option(struct input *input, const char *name)
{
    char *text = take_text(input, "");
    for (size_t i = 0; i < encoder_option_table.n_rows; i++) {
        const struct option *row = &encoder_option_table.rows[i];
        if (strcmp(row->name, name) != 0 || row->check(NULL, text) == NULL)
            continue;
        free(text);
        return xstrdup(row->fallback);
    }
    return text;
}

static void scene_init(struct scene *scene, struct input *input)
{
    make_catalog(&scene->catalog, scene->names);
    scene->options.resolution = (int)take_below(input, 2);
    scene->options.namespace = take_option(input, "namespace");
    scene->options.log_group = take_option(input, "log_group");
    scene->options.instance_dimensions = take_option(input, "instance_dimensions");
    scene->options.eni_dimensions = take_option(input, "eni_dimensions");
    encoder_init(
        &scene->encoder, &(struct encoder_setting){&emf_encoder, &scene->options, &scene->catalog});
    take_labels(input, &scene->labels);
    take_record(input, &scene->builder);
}

static void scene_finish(struct scene *scene)
{
    for (size_t i = 0; i < scene->labels.n_labels; i++) {
        free((void *)scene->labels.labels[i].name);
        free((void *)scene->labels.labels[i].value);
    }
    record_builder_finish(&scene->builder);
    encoder_finish(&scene->encoder);
    free(scene->options.namespace);
    free(scene->options.log_group);
    free(scene->options.instance_dimensions);
    free(scene->options.eni_dimensions);
}

static int keep_first(void *context, const char *item)
{
    *(char **)context = xstrdup(item);
    return 1;
}

static char *encode(struct scene *scene, uint32_t part, int64_t timestamp_ms)
{
    char *document = NULL;
    struct record *record = &scene->builder.record;
    struct encoding encoding = {&scene->encoder, record, &scene->labels};
    record->parts = scene->plan;
    record->n_parts_taken = part;
    check(emf_encoder.encode(&encoding, timestamp_ms, &(struct taker){keep_first, &document}) == 1);
    return document;
}

// How far the values of a series have been seen, and in how many of them it moved.
struct seen {
    uint32_t run;
    uint32_t n_of_run;
    json_int_t n_moved;
};

// Whole numbers are integers as far as JSON has them; all others have 15 digits.
static bool is_value(const json_t *json, uint64_t value, unsigned int n_decimals)
{
    uint64_t divisor = n_decimals == 2 ? 100 : 1;
    if (value % divisor == 0 && value / divisor <= INT64_MAX)
        return json_is_integer(json) && (uint64_t)json_integer_value(json) == value / divisor;
    double wanted = (double)value / (double)divisor;
    return json_is_real(json) && fabs(json_real_value(json) - wanted) <= wanted * 1e-14;
}

static void see_values(
    const struct scene *scene, struct seen *seen, const struct series *series, const json_t *values)
{
    unsigned int n_decimals = scene->catalog.metrics[series->metric].n_decimals;
    size_t i;
    json_t *value;
    check(json_is_array(values) && json_array_size(values) >= 1 && json_array_size(values) <= 100);
    json_array_foreach(values, i, value)
    {
        check(seen->run < series->n_runs);
        check(is_value(value, series->runs[seen->run].value, n_decimals));
        if (++seen->n_of_run < series->runs[seen->run].n_values)
            continue;
        seen->run++;
        seen->n_of_run = 0;
    }
}

static void check_dimensions(const json_t *document, const json_t *sets)
{
    size_t i, j;
    json_t *set, *name;
    check(json_array_size(sets) >= 1);
    json_array_foreach(sets, i, set)
    {
        check(json_array_size(set) >= 1 && json_array_size(set) <= CLOUDWATCH_MAX_DIMENSIONS);
        json_array_foreach(set, j, name)
        {
            const json_t *value = json_object_get(document, json_string_value(name));
            check(json_is_string(value));
            check(json_string_length(value) >= 1 && json_string_length(value) <= N_DIMENSION_MAX);
        }
    }
}

// All definitions have their values, and as many series stand in the document.
static void check_directives(const json_t *document, size_t n_present)
{
    size_t i;
    json_t *definition;
    const json_t *directives = json_object_get(
        json_object_get(document, "_aws"), "CloudWatchMetrics");
    check(json_is_array(directives) && json_array_size(directives) <= 1);
    check(n_present >= 1 && n_present <= 100);
    if (json_array_size(directives) == 0)
        return;
    const json_t *directive = json_array_get(directives, 0);
    check_dimensions(document, json_object_get(directive, "Dimensions"));
    json_t *definitions = json_object_get(directive, "Metrics");
    check(json_array_size(definitions) == n_present);
    json_array_foreach(definitions, i, definition) check(json_is_array(
        json_object_get(document, json_string_value(json_object_get(definition, "Name")))));
}

// Named in the order of the catalog, or not there at all.
static void check_unsupported(const struct scene *scene, const json_t *document)
{
    size_t n_seen = 0;
    const json_t *names = json_object_get(document, "unsupported");
    for (uint32_t i = 0; i < METRIC_MAX; i++) {
        if (!metric_set_has(&scene->builder.record.unsupported, i))
            continue;
        const char *name = json_string_value(json_array_get(names, n_seen++));
        check(name != NULL && strcmp(name, scene->names[i]) == 0);
    }
    check(json_array_size(names) == n_seen && (names == NULL) == (n_seen == 0));
}

static void see_document(const struct scene *scene, struct seen *seen, const json_t *document)
{
    size_t n_present = 0;
    const json_t *throttled = json_object_get(document, "throttled");
    check(json_is_object(throttled));
    check_unsupported(scene, document);
    for (uint32_t i = 0; i < scene->builder.record.n_series; i++) {
        const struct series *series = &scene->builder.series[i];
        const char *name = scene->catalog.metrics[series->metric].name;
        seen[i].n_moved += json_integer_value(json_object_get(throttled, name));
        const json_t *values = json_object_get(document, name);
        if (values == NULL)
            continue;
        see_values(scene, &seen[i], series, values);
        n_present++;
    }
    check_directives(document, n_present);
}

static void check_part(struct scene *scene, struct seen *seen, uint32_t part, size_t max_bytes)
{
    scoped_free char *widest = encode(scene, part, INT64_MIN);
    scoped_free char *text = encode(scene, part, 1700000040000);
    check(strlen(widest) <= max_bytes && strlen(text) <= max_bytes);
    check(strchr(text, '\n') == NULL);
    json_auto_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    check(document != NULL);
    check(json_integer_value(json_object_get(document, "part")) == (json_int_t)part + 1);
    check(json_integer_value(json_object_get(document, "parts")) == scene->plan.n_parts);
    see_document(scene, seen, document);
}

static json_int_t n_moved(const struct series *series)
{
    json_int_t n = 0;
    for (uint32_t i = 0; i < series->n_runs; i++)
        if (series->runs[i].value > 0)
            n += series->runs[i].n_values;
    return n;
}

static void check_parts(struct scene *scene, size_t max_bytes)
{
    struct seen seen[METRIC_MAX] = {0};
    for (uint32_t part = 0; part < scene->plan.n_parts; part++)
        check_part(scene, seen, part, max_bytes);
    for (uint32_t i = 0; i < scene->builder.record.n_series; i++) {
        const struct series *series = &scene->builder.series[i];
        check(seen[i].run == series->n_runs);
        check(seen[i].n_moved == (series->metric < METRIC_N_EXCEEDED ? n_moved(series) : 0));
    }
}

// One of the documents that hold a single value is indeed too large.
static void check_refusal(struct scene *scene, size_t max_bytes)
{
    scene->plan = (struct parts){.metrics_per_part = 1, .values_per_part = 1};
    for (uint32_t i = 0; i < scene->builder.record.n_series; i++)
        scene->plan.n_parts += scene->builder.series[i].n_values;
    for (uint32_t part = 0; part < scene->plan.n_parts; part++) {
        scoped_free char *widest = encode(scene, part, INT64_MIN);
        if (strlen(widest) > max_bytes || part == MAX_ALONE)
            return;
    }
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct input input = {bytes, n_bytes};
    struct scene scene = {0};
    size_t max_bytes = take_below(&input, MAX_BYTES);
    scene_init(&scene, &input);
    struct encoding encoding = {&scene.encoder, &scene.builder.record, &scene.labels};
    int r = emf_encoder.plan(&encoding, max_bytes, &scene.plan);
    if (r == 0 || r == ENCODER_NOTHING) {
        check((r == 0) == (scene.plan.n_parts > 0));
        check_parts(&scene, max_bytes);
    } else {
        check(r == -EMSGSIZE);
        check_refusal(&scene, max_bytes);
    }
    scene_finish(&scene);
    return 0;
}
