// SPDX-License-Identifier: Apache-2.0
// How a record is cut into EMF documents: 100 values of a metric, 100 metrics, bytes of a
// destination. Whatever the cut, every value comes out once and in its order.
#include <errno.h>
#include <string.h>

#include "encode/emf.h"
#include "support/emf_fixture.h"
#include "support/unit.h"

#define ANY_SIZE     ((size_t)1 << 20)
#define UDP_DATAGRAM ((size_t)65507)
#define AGENT_EVENT  ((size_t)200 * 1024)

static struct record_builder *builder_of(void **state)
{
    return &((struct encoder_fixture *)*state)->builder;
}

static size_t n_values(const struct encoder_fixture *fixture, uint32_t part, const char *name)
{
    return json_array_size(json_object_get(fixture->documents[part], name));
}

static size_t n_metrics(const struct encoder_fixture *fixture, uint32_t part)
{
    json_t *directives = emf_fixture_directives(fixture->documents[part]);
    return json_array_size(json_object_get(json_array_get(directives, 0), "Metrics"));
}

// The values of all parts one after the other are those of the series.
static void assert_series(const struct encoder_fixture *fixture, uint32_t index)
{
    const struct series *series = &fixture->builder.series[index];
    const char *name = fixture->catalog.metrics[series->metric].name;
    uint32_t run = 0, in_run = 0;
    for (uint32_t part = 0; part < fixture->plan.n_parts; part++) {
        size_t i;
        json_t *value;
        json_array_foreach(json_object_get(fixture->documents[part], name), i, value)
        {
            assert_true(run < series->n_runs);
            assert_true((uint64_t)json_integer_value(value) == series->runs[run].value);
            if (++in_run == series->runs[run].n_values) {
                run++;
                in_run = 0;
            }
        }
    }
    assert_int_equal(run, series->n_runs);
}

static void assert_all_series(const struct encoder_fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->builder.record.n_series; i++)
        assert_series(fixture, i);
}

static void a_hundred_values_are_one_document(void **state)
{
    struct encoder_fixture *fixture = *state;
    record_builder_add_counting(builder_of(state), 0, 100);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 1);
    assert_all_series(fixture);
}

static void one_value_more_is_a_second_document(void **state)
{
    struct encoder_fixture *fixture = *state;
    record_builder_add_counting(builder_of(state), 0, 101);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 2);
    assert_int_equal(n_values(fixture, 0, "bw_in_allowance_exceeded"), 100);
    assert_int_equal(n_values(fixture, 1, "bw_in_allowance_exceeded"), 1);
    assert_all_series(fixture);
}

static void a_hundred_metrics_are_one_document(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    for (uint32_t i = 0; i < 100; i++)
        record_builder_add_counting(builder_of(state), i, 1);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 1);
    assert_int_equal(n_metrics(fixture, 0), 100);
}

static void one_metric_more_is_a_second_document(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    for (uint32_t i = 0; i < 101; i++)
        record_builder_add_counting(builder_of(state), i, 1);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 2);
    assert_int_equal(n_metrics(fixture, 0), 100);
    assert_int_equal(n_metrics(fixture, 1), 1);
    assert_all_series(fixture);
}

// What a counter did stands in the first document only, that of a second block included.
static void a_counter_among_the_properties_is_told_once(void **state)
{
    struct encoder_fixture *fixture = *state;
    for (uint32_t i = 0; i < 101; i++)
        record_builder_add_counting(builder_of(state), i, i == 0 ? 101 : 1);
    record_builder_add_property(builder_of(state), 120, 8);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 3);
    for (uint32_t part = 0; part < 3; part++)
        assert_int_equal(
            json_object_get(fixture->documents[part], "statistic_120") != NULL, part == 0);
}

static void the_slices_of_a_block_come_before_the_next_block(void **state)
{
    struct encoder_fixture *fixture = *state;
    for (uint32_t i = 0; i < 101; i++)
        record_builder_add_counting(builder_of(state), i, i == 0 ? 150 : i == 100 ? 30 : 1);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 3);
    assert_int_equal(n_values(fixture, 0, "bw_in_allowance_exceeded"), 100);
    assert_int_equal(n_values(fixture, 1, "bw_in_allowance_exceeded"), 50);
    assert_int_equal(n_values(fixture, 2, "statistic_100"), 30);
    assert_all_series(fixture);
}

static void a_long_series_keeps_its_order_and_sum(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const size_t lengths[] = {100, 100, 50};
    record_builder_add_counting(builder_of(state), 0, 250);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 3);
    json_int_t sum = 0;
    for (uint32_t part = 0; part < 3; part++) {
        size_t i;
        json_t *value;
        json_t *values = json_object_get(fixture->documents[part], "bw_in_allowance_exceeded");
        assert_int_equal(json_array_size(values), lengths[part]);
        json_array_foreach(values, i, value) sum += json_integer_value(value);
    }
    assert_int_equal(sum, 31375); // 1 + 2 + ... + 250
    assert_all_series(fixture);
}

static void a_run_may_span_documents(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const struct run runs[] = {{0, 99}, {5, 102}, {0, 9}};
    record_builder_add_runs(builder_of(state), 0, runs, ARRAY_SIZE(runs));
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 3);
    assert_all_series(fixture);
}

static void series_end_when_they_have_no_more_values(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    record_builder_add_counting(builder_of(state), 0, 120);
    record_builder_add_counting(builder_of(state), 1, 250);
    record_builder_add_counting(builder_of(state), 2, 1);
    record_builder_add_counting(builder_of(state), 3, 0);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 3);
    assert_int_equal(n_metrics(fixture, 0), 3);
    assert_int_equal(n_metrics(fixture, 1), 2);
    assert_int_equal(n_metrics(fixture, 2), 1);
    assert_null(json_object_get(fixture->documents[1], "pps_allowance_exceeded"));
    assert_null(json_object_get(fixture->documents[2], "bw_in_allowance_exceeded"));
    assert_null(json_object_get(fixture->documents[0], "conntrack_allowance_exceeded"));
    assert_all_series(fixture);
}

static void a_record_without_values_has_no_document(void **state)
{
    struct encoder_fixture *fixture = *state;
    assert_null(emf_fixture_encode(fixture, ANY_SIZE));
    assert_int_equal(fixture->plan.n_parts, 0);
    record_builder_add_counting(builder_of(state), 0, 0);
    record_builder_add_property(builder_of(state), 1, 8);
    assert_null(emf_fixture_encode(fixture, ANY_SIZE));
    assert_int_equal(fixture->plan.n_parts, 0);
}

static void a_block_without_values_has_no_document(void **state)
{
    struct encoder_fixture *fixture = *state;
    for (uint32_t i = 0; i < 100; i++)
        record_builder_add_counting(builder_of(state), i, 0);
    record_builder_add_counting(builder_of(state), 100, 3);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 1);
    assert_int_equal(n_values(fixture, 0, "statistic_100"), 3);
}

static void throttled_counts_the_samples_of_its_own_part(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const struct run runs[] = {{0, 90}, {4, 15}, {0, 120}, {1, 5}}; // 230 values
    static const json_int_t expected[] = {10, 5, 5};
    record_builder_add_runs(builder_of(state), 2, runs, ARRAY_SIZE(runs));
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 3);
    for (uint32_t i = 0; i < 3; i++) {
        json_t *throttled = json_object_get(fixture->documents[i], "throttled");
        assert_int_equal(
            json_integer_value(json_object_get(throttled, "pps_allowance_exceeded")), expected[i]);
    }
}

static void a_part_in_which_nothing_moved_was_not_throttled(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const struct run runs[] = {{1, 100}, {0, 100}};
    record_builder_add_runs(builder_of(state), 0, runs, ARRAY_SIZE(runs));
    emf_fixture_encode(fixture, ANY_SIZE);
    json_t *throttled = json_object_get(fixture->documents[1], "throttled");
    assert_true(json_is_object(throttled));
    assert_int_equal(json_object_size(throttled), 0);
}

static void every_part_is_complete_in_itself(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_property(fixture, "VpcId", "vpc-2");
    record_builder_add_counting(builder_of(state), 0, 250);
    emf_fixture_encode(fixture, ANY_SIZE);
    for (uint32_t i = 0; i < fixture->plan.n_parts; i++) {
        const json_t *document = fixture->documents[i];
        const json_t *aws = json_object_get(document, "_aws");
        assert_string_equal(emf_fixture_text(aws, "LogGroupName"), "/enawatch/metrics");
        assert_string_equal(emf_fixture_text(document, "InstanceId"), "i-1");
        assert_string_equal(emf_fixture_text(document, "VpcId"), "vpc-2");
        assert_string_equal(emf_fixture_text(document, "boot"), "boot-1");
        assert_int_equal(json_integer_value(json_object_get(document, "sequence")), 7);
        assert_int_equal(json_integer_value(json_object_get(document, "sample_ms")), 1000);
    }
}

// Series of 100 values of 19 digits: with the comma 2,000 bytes each.
static void add_wide_series(struct record_builder *builder, uint32_t n_series)
{
    struct run wide = {INT64_MAX, 100};
    for (uint32_t i = 0; i < n_series; i++)
        record_builder_add_runs(builder, i, &wide, 1);
}

static void assert_metrics_by_part(
    const struct encoder_fixture *fixture, const size_t *expected, uint32_t n_parts)
{
    assert_int_equal(fixture->plan.n_parts, n_parts);
    for (uint32_t i = 0; i < n_parts; i++)
        assert_int_equal(n_metrics(fixture, i), expected[i]);
    assert_all_series(fixture);
}

static void a_datagram_takes_fewer_metrics(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    add_wide_series(builder_of(state), 40); // 80,000 bytes; 25 series are 50,000
    emf_fixture_encode(fixture, UDP_DATAGRAM);
    assert_metrics_by_part(fixture, (size_t[]){25, 15}, 2);
}

static void an_event_of_the_agent_takes_fewer_metrics(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    add_wide_series(builder_of(state), 128); // 100 are 200,000 bytes and as many names
    emf_fixture_encode(fixture, AGENT_EVENT);
    assert_metrics_by_part(fixture, (size_t[]){50, 50, 28}, 3);
}

static void values_are_cut_when_a_single_metric_is_too_much(void **state)
{
    struct encoder_fixture *fixture = *state;
    add_wide_series(builder_of(state), 1); // 2,000 bytes; 25 values are 500, 50 are 1,000
    emf_fixture_encode(fixture, 1000);
    assert_int_equal(fixture->plan.metrics_per_part, 1);
    assert_int_equal(fixture->plan.values_per_part, 25);
    assert_int_equal(fixture->plan.n_parts, 4);
    assert_all_series(fixture);
}

static int plan_only(struct encoder_fixture *fixture, size_t max_bytes)
{
    struct parts plan;
    encoder_fixture_begin(fixture, &emf_encoder);
    struct encoding encoding = encoder_fixture_encoding(fixture);
    return emf_encoder.plan(&encoding, max_bytes, &plan);
}

static void labels_too_large_for_a_single_value_are_told(void **state)
{
    struct encoder_fixture *fixture = *state;
    char long_text[2001] = {0};
    memset(long_text, 'x', sizeof(long_text) - 1);
    encoder_fixture_property(fixture, "Note", long_text);
    record_builder_add_counting(builder_of(state), 0, 1);
    assert_int_equal(plan_only(fixture, 0), -EMSGSIZE);
    assert_int_equal(plan_only(fixture, 2000), -EMSGSIZE);
    assert_int_equal(plan_only(fixture, 3000), 0);
}

static void the_last_byte_counts(void **state)
{
    struct encoder_fixture *fixture = *state;
    record_builder_add_counting(builder_of(state), 0, 1);
    emf_fixture_encode(fixture, ANY_SIZE);
    // With a timestamp of 20 characters instead of 13.
    size_t widest = strlen(fixture->texts[0]) + 7;
    assert_int_equal(plan_only(fixture, widest), 0);
    assert_int_equal(plan_only(fixture, widest - 1), -EMSGSIZE);
}

// Byte by byte, from all in one document to each of the 40 + 41 + 42 values alone.
static void any_limit_is_kept(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    for (uint32_t i = 0; i < 3; i++)
        record_builder_add_counting(builder_of(state), i, 40 + i);
    for (size_t max_bytes = 1200; plan_only(fixture, max_bytes) == 0; max_bytes--) {
        emf_fixture_encode(fixture, max_bytes);
        assert_all_series(fixture);
    }
    assert_int_equal(fixture->plan.n_parts, 123);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, encoder_fixture_setup, encoder_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hundred_values_are_one_document),
        TEST(one_value_more_is_a_second_document),
        TEST(a_hundred_metrics_are_one_document),
        TEST(one_metric_more_is_a_second_document),
        TEST(a_counter_among_the_properties_is_told_once),
        TEST(the_slices_of_a_block_come_before_the_next_block),
        TEST(a_long_series_keeps_its_order_and_sum),
        TEST(a_run_may_span_documents),
        TEST(series_end_when_they_have_no_more_values),
        TEST(a_record_without_values_has_no_document),
        TEST(a_block_without_values_has_no_document),
        TEST(throttled_counts_the_samples_of_its_own_part),
        TEST(a_part_in_which_nothing_moved_was_not_throttled),
        TEST(every_part_is_complete_in_itself),
        TEST(a_datagram_takes_fewer_metrics),
        TEST(an_event_of_the_agent_takes_fewer_metrics),
        TEST(values_are_cut_when_a_single_metric_is_too_much),
        TEST(labels_too_large_for_a_single_value_are_told),
        TEST(the_last_byte_counts),
        TEST(any_limit_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
