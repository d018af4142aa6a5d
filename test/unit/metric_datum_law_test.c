// SPDX-License-Identifier: Apache-2.0
// The law of the datums, over random records: what CloudWatch gets of a metric, in every dimension
// set that is complete and in no other, are the samples of its series, no more and no less.
#include <stdio.h>
#include <string.h>

#include "encode/metric_datum.h"
#include "support/encoder_fixture.h"
#include "unit/dice.h"

#define N_ROUNDS     400
#define N_NAMES      5
#define N_SETS       4
#define MAX_SERIES   5
#define MAX_RUNS     400
#define MAX_SAMPLES  20000 // of a series
#define FIRST_METRIC 20
// What a double keeps: all whole numbers so far, all numbers of 15 digits.
#define EXACT_WHOLE      (UINT64_C(1) << 53)
#define EXACT_HUNDREDTHS UINT64_C(1000000000000000)

static const char *const names[N_NAMES] = {"A", "B", "C", "D", "E"};
// Each of them another one.
static const char *const sets[N_SETS] = {"A", "B, C", "D, A", "E"};

struct scene {
    struct encoder_fixture *fixture;
    struct dice dice;
    bool is_known[N_NAMES];
};

static bool is_known_set(const struct scene *scene, size_t set)
{
    for (size_t i = 0; i < N_NAMES; i++)
        if (strstr(sets[set], names[i]) != NULL && !scene->is_known[i])
            return false;
    return true;
}

static size_t n_known_sets(const struct scene *scene)
{
    size_t n = 0;
    for (size_t i = 0; i < N_SETS; i++)
        n += is_known_set(scene, i);
    return n;
}

static void make_labels(struct scene *scene)
{
    scene->fixture->labels.n_labels = 0;
    for (size_t i = 0; i < N_NAMES; i++) {
        scene->is_known[i] = dice_below(&scene->dice, 3) > 0;
        if (scene->is_known[i])
            encoder_fixture_label(scene->fixture, names[i], names[i]);
    }
}

// Many alike, or few, and some as large as may be.
static void make_series(struct scene *scene, uint32_t metric, unsigned int n_decimals)
{
    struct dice *dice = &scene->dice;
    uint64_t end = n_decimals == 0 ? EXACT_WHOLE : EXACT_HUNDREDTHS;
    struct run runs[MAX_RUNS];
    uint32_t n_runs = 1 + (uint32_t)dice_below(dice, dice_below(dice, 2) == 0 ? 20 : MAX_RUNS);
    uint64_t variety = 1 + dice_below(dice, 500), longest = 1 + dice_below(dice, 50);
    for (uint32_t i = 0; i < n_runs; i++)
        runs[i] = (struct run){dice_below(dice, dice_below(dice, 8) == 0 ? end : variety),
            1 + (uint32_t)dice_below(dice, longest)};
    scene->fixture->catalog.metrics[metric].n_decimals = n_decimals;
    record_builder_add_runs(&scene->fixture->builder, metric, runs, n_runs);
}

static void empty_record(struct scene *scene)
{
    struct record_builder *builder = &scene->fixture->builder;
    record_builder_finish(builder);
    record_builder_init(builder, METRIC_SCOPE_INSTANCE);
}

static void make_record(struct scene *scene)
{
    empty_record(scene);
    uint32_t n_series = 1 + (uint32_t)dice_below(&scene->dice, MAX_SERIES);
    for (uint32_t i = 0; i < n_series; i++)
        make_series(scene, FIRST_METRIC + i, dice_below(&scene->dice, 3) == 0 ? 2 : 0);
}

// The samples of a series, and what the datums say they are.
struct samples {
    uint32_t n;
    uint64_t values[MAX_SAMPLES];
};

static void add_samples(struct samples *samples, uint64_t value, uint64_t n)
{
    assert_true(samples->n + n <= MAX_SAMPLES);
    while (n-- > 0)
        samples->values[samples->n++] = value;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static void expand_series(const struct series *series, struct samples *samples)
{
    samples->n = 0;
    for (uint32_t i = 0; i < series->n_runs; i++)
        add_samples(samples, series->runs[i].value, series->runs[i].n_values);
    qsort(samples->values, samples->n, sizeof(uint64_t), compare);
}

// "Name" of the dimensions, one after the other: as the set is written.
static bool is_of_set(const json_t *datum, const char *set)
{
    char text[32] = "";
    size_t i, n = 0;
    json_t *dimension;
    json_array_foreach(json_object_get(datum, "Dimensions"), i, dimension)
    {
        const char *name = json_string_value(json_object_get(dimension, "Name"));
        assert_string_equal(json_string_value(json_object_get(dimension, "Value")), name);
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i > 0 ? ", " : "", name);
    }
    return strcmp(text, set) == 0;
}

// As a whole number of hundredths where the metric has such.
static uint64_t value_of(const json_t *number, unsigned int n_decimals)
{
    double value = json_number_value(number);
    assert_true(json_is_number(number) && value >= 0);
    if (n_decimals == 0)
        return (uint64_t)json_integer_value(number);
    return json_is_integer(number) ? (uint64_t)json_integer_value(number) * 100
                                   : (uint64_t)(value * 100 + 0.5);
}

// Adds what the datum says; each value is larger than the last one.
static void add_datum(const json_t *datum, unsigned int n_decimals, struct samples *samples)
{
    const json_t *values = json_object_get(datum, "Values");
    const json_t *counts = json_object_get(datum, "Counts");
    size_t i;
    json_t *number;
    assert_in_range(json_array_size(values), 1, 150);
    assert_int_equal(json_array_size(counts), json_array_size(values));
    json_array_foreach(values, i, number)
    {
        uint64_t value = value_of(number, n_decimals);
        json_int_t n = json_integer_value(json_array_get(counts, i));
        assert_true(n > 0);
        assert_true(samples->n == 0 || value > samples->values[samples->n - 1]);
        add_samples(samples, value, (uint64_t)n);
    }
}

// All datums of a metric in a set; returns how many.
static size_t collect(const struct scene *scene, const struct metric *metric, const char *set,
    struct samples *samples)
{
    const struct encoder_fixture *fixture = scene->fixture;
    size_t n_datums = 0;
    samples->n = 0;
    for (uint32_t i = 0; i < fixture->plan.n_parts; i++) {
        const json_t *datum = fixture->documents[i];
        const char *name = json_string_value(json_object_get(datum, "MetricName"));
        if (strcmp(name, metric->name) != 0 || !is_of_set(datum, set))
            continue;
        add_datum(datum, metric->n_decimals, samples);
        n_datums++;
    }
    return n_datums;
}

static uint32_t n_different(const struct samples *sorted)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sorted->n; i++)
        n += i == 0 || sorted->values[i] != sorted->values[i - 1];
    return n;
}

// Sample by sample: so every sum, count, extreme and percentile is right. No more datums than it
// takes.
static void assert_series(const struct scene *scene, const struct series *series)
{
    static struct samples expected, seen;
    const struct metric *metric = &scene->fixture->catalog.metrics[series->metric];
    expand_series(series, &expected);
    assert_int_equal(expected.n, series->n_values);
    for (size_t i = 0; i < N_SETS; i++) {
        size_t n_datums = collect(scene, metric, sets[i], &seen);
        if (!is_known_set(scene, i)) {
            assert_int_equal(n_datums, 0);
            continue;
        }
        assert_int_equal(seen.n, series->n_values);
        assert_memory_equal(seen.values, expected.values, seen.n * sizeof(uint64_t));
        assert_int_equal(n_datums, (n_different(&expected) + 149) / 150);
    }
}

static void every_sample_is_counted_once_in_every_complete_set(void **state)
{
    struct scene scene = {.fixture = *state};
    size_t n_nothing = 0, n_several = 0;
    dice_init(&scene.dice);
    free(scene.fixture->options.instance_dimensions);
    scene.fixture->options.instance_dimensions = xstrdup("A; B, C; D, A; E");
    for (int i = 0; i < N_ROUNDS; i++) {
        make_labels(&scene);
        make_record(&scene);
        encoder_fixture_encode(scene.fixture, &metric_datum_encoder, (size_t)1 << 20);
        const struct record *record = &scene.fixture->builder.record;
        for (uint32_t k = 0; k < record->n_series; k++)
            assert_series(&scene, &record->series[k]);
        n_nothing += scene.fixture->plan.n_parts == 0;
        n_several += scene.fixture->plan.n_parts > record->n_series * n_known_sets(&scene);
        assert_int_equal(scene.fixture->plan.n_parts == 0, n_known_sets(&scene) == 0);
    }
    assert_true(n_nothing > 0 && n_several > N_ROUNDS / 10);
}

// The sums alone, by another way: from the runs as they are, and from the text of the datums, in
// whole numbers of 128 bits.
static void sums_and_counts_are_those_of_the_series(void **state)
{
    struct scene scene = {.fixture = *state};
    dice_init(&scene.dice);
    encoder_fixture_label(scene.fixture, "InstanceId", "i-1");
    for (int i = 0; i < N_ROUNDS; i++) {
        empty_record(&scene);
        make_series(&scene, FIRST_METRIC, 0);
        encoder_fixture_encode(scene.fixture, &metric_datum_encoder, (size_t)1 << 20);
        const struct series *series = &scene.fixture->builder.series[0];
        unsigned __int128 expected = 0, sum = 0;
        uint64_t n = 0;
        for (uint32_t k = 0; k < series->n_runs; k++)
            expected += (unsigned __int128)series->runs[k].value * series->runs[k].n_values;
        for (uint32_t part = 0; part < scene.fixture->plan.n_parts; part++) {
            char *values = strstr(scene.fixture->texts[part], "\"Values\":[") + 9;
            char *counts = strstr(scene.fixture->texts[part], "\"Counts\":[") + 9;
            while (*values != ']') {
                uint64_t count = strtoull(counts + 1, &counts, 10);
                sum += (unsigned __int128)strtoull(values + 1, &values, 10) * count;
                n += count;
            }
            assert_int_equal(*counts, ']');
        }
        assert_true(sum == expected);
        assert_int_equal(n, series->n_values);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        encoder_test(every_sample_is_counted_once_in_every_complete_set),
        encoder_test(sums_and_counts_are_those_of_the_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
