// SPDX-License-Identifier: Apache-2.0
// What stands in a metric datum, and how a record is cut into them. Expected texts: MetricDatum of
// the CloudWatch model 2010-08-01, in AWS JSON 1.0, where timestamps are seconds since 1970.
#include <errno.h>
#include <string.h>

#include "encode/metric_datum.h"
#include "support/encoder_fixture.h"
#include "support/unit.h"

#define ANY_SIZE ((size_t)1 << 20)

static struct record_builder *builder_of(void **state)
{
    return &((struct encoder_fixture *)*state)->builder;
}

static void encode(struct encoder_fixture *fixture)
{
    encoder_fixture_encode(fixture, &metric_datum_encoder, ANY_SIZE);
}

static int plan_only(struct encoder_fixture *fixture, size_t max_bytes, struct parts *ret_parts)
{
    encoder_fixture_begin(fixture, &metric_datum_encoder);
    struct encoding encoding = encoder_fixture_encoding(fixture);
    return metric_datum_encoder.plan(&encoding, max_bytes, ret_parts);
}

static void set_text(char **option, const char *text)
{
    free(*option);
    *option = xstrdup(text);
}

static const json_t *member(const struct encoder_fixture *fixture, size_t part, const char *name)
{
    assert_true(part < fixture->plan.n_parts);
    const json_t *found = json_object_get(fixture->documents[part], name);
    assert_non_null(found);
    return found;
}

static void assert_member(
    const struct encoder_fixture *fixture, size_t part, const char *name, const char *expected)
{
    scoped_free char *text = json_dumps(
        member(fixture, part, name), JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    assert_string_equal(text, expected);
}

// Sample by sample 0 0 7 0 3 7 0: four zeros, a 3 and two 7.
static void a_datum_reads_as_the_model_says(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const struct run runs[] = {{0, 2}, {7, 1}, {0, 1}, {3, 1}, {7, 1}, {0, 1}};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_property(fixture, "VpcId", "vpc-2");
    record_builder_add_runs(
        builder_of(state), METRIC_BW_IN_ALLOWANCE_EXCEEDED, runs, ARRAY_SIZE(runs));
    record_builder_add_property(builder_of(state), METRIC_SRD_TX_PKTS, 12);
    encode(fixture);
    assert_int_equal(fixture->plan.n_parts, 1);
    assert_string_equal(fixture->texts[0],
        "{\"MetricName\":\"bw_in_allowance_exceeded\","
        "\"Dimensions\":[{\"Name\":\"InstanceId\",\"Value\":\"i-1\"}],"
        "\"Timestamp\":1700000040,\"Values\":[0,3,7],\"Counts\":[4,1,2],"
        "\"Unit\":\"Count\",\"StorageResolution\":60}");
}

static void the_dimensions_of_an_eni_are_those_of_its_set(void **state)
{
    struct encoder_fixture *fixture = *state;
    fixture->builder.record.scope = METRIC_SCOPE_ENI;
    encoder_fixture_label(fixture, "NetworkInterfaceId", "eni-9");
    encoder_fixture_label(fixture, "ClusterName", "blue");
    encoder_fixture_label(fixture, "InstanceId", "a \"quoted\" \\ name");
    record_builder_add_counting(builder_of(state), METRIC_PPS_ALLOWANCE_EXCEEDED, 1);
    encode(fixture);
    assert_int_equal(fixture->plan.n_parts, 1);
    assert_member(fixture, 0, "Dimensions",
        "[{\"Name\":\"InstanceId\",\"Value\":\"a \\\"quoted\\\" \\\\ name\"},"
        "{\"Name\":\"NetworkInterfaceId\",\"Value\":\"eni-9\"}]");
}

static void each_metric_has_a_datum_in_each_set(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const char *const expected[][2] = {{"\"pps_allowance_exceeded\"", "InstanceId"},
        {"\"pps_allowance_exceeded\"", "ClusterName"}, {"\"statistic_20\"", "InstanceId"},
        {"\"statistic_20\"", "ClusterName"}};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_label(fixture, "ClusterName", "blue");
    record_builder_add_counting(builder_of(state), METRIC_PPS_ALLOWANCE_EXCEEDED, 2);
    record_builder_add_counting(builder_of(state), 20, 3);
    encode(fixture);
    assert_int_equal(fixture->plan.n_parts, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        const json_t *dimensions = member(fixture, i, "Dimensions");
        assert_member(fixture, i, "MetricName", expected[i][0]);
        assert_int_equal(json_array_size(dimensions), 1);
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(dimensions, 0), "Name")),
            expected[i][1]);
        assert_member(fixture, i, "Counts", i < 2 ? "[1,1]" : "[1,1,1]");
    }
}

static void a_set_with_a_value_that_is_not_known_is_left_out(void **state)
{
    struct encoder_fixture *fixture = *state;
    set_text(&fixture->options.instance_dimensions, "ClusterName; InstanceId, Zone; InstanceId");
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_property(fixture, "ClusterName", "no dimension");
    encoder_fixture_label(fixture, "Zone", "");
    record_builder_add_counting(builder_of(state), 0, 1);
    encode(fixture);
    assert_int_equal(fixture->plan.n_parts, 1);
    assert_member(fixture, 0, "Dimensions", "[{\"Name\":\"InstanceId\",\"Value\":\"i-1\"}]");
}

static void units_are_those_of_the_kinds(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const char *const units[] = {[METRIC_COUNTER] = "\"Count\"",
        [METRIC_GAUGE] = "\"Count\"",
        [METRIC_PERCENT] = "\"Percent\"",
        [METRIC_DURATION] = "\"Milliseconds\"",
        [METRIC_MODE] = "\"None\""};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    for (uint32_t kind = 0; kind < ARRAY_SIZE(units); kind++) {
        fixture->catalog.metrics[20 + kind].kind = (enum metric_kind)kind;
        record_builder_add_counting(builder_of(state), 20 + kind, 1);
    }
    encode(fixture);
    for (uint32_t kind = 0; kind < ARRAY_SIZE(units); kind++)
        assert_member(fixture, kind, "Unit", units[kind]);
}

static void hundredths_stand_behind_the_point(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const uint64_t values[] = {10000, 1526, 1500, 0, 1, 1520, 1526};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    fixture->catalog.metrics[20].n_decimals = 2;
    record_builder_add_values(builder_of(state), 20, values, ARRAY_SIZE(values));
    encode(fixture);
    assert_non_null(strstr(
        fixture->texts[0], "\"Values\":[0,0.01,15,15.2,15.26,100],\"Counts\":[1,1,1,1,2,1]"));
}

static void high_resolution_is_one_second(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    record_builder_add_counting(builder_of(state), 0, 1);
    fixture->options.resolution = ENCODER_RESOLUTION_1;
    encode(fixture);
    assert_member(fixture, 0, "StorageResolution", "1");
}

static void a_timestamp_is_seconds_exact_to_the_millisecond(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const struct {
        int64_t ms;
        const char *text;
    } expected[] = {
        {0, "\"Timestamp\":0,"},
        {1795255200000, "\"Timestamp\":1795255200,"},
        {1795255200001, "\"Timestamp\":1795255200.001,"},
        {1795255200120, "\"Timestamp\":1795255200.12,"},
        {1795255199999, "\"Timestamp\":1795255199.999,"},
        {4102444799999, "\"Timestamp\":4102444799.999,"}, // the end of 2099
        {-1500, "\"Timestamp\":-1.5,"},
    };
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    record_builder_add_counting(builder_of(state), 0, 1);
    encode(fixture);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        scoped_free char *text = encoder_fixture_item(fixture, 0, expected[i].ms);
        assert_non_null(strstr(text, expected[i].text));
    }
}

static void a_hundred_and_fifty_values_are_one_datum(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    record_builder_add_counting(builder_of(state), 0, 150);
    record_builder_add_counting(builder_of(state), 1, 151);
    encode(fixture);
    assert_int_equal(fixture->plan.n_parts, 3);
    assert_int_equal(json_array_size(member(fixture, 0, "Values")), 150);
    assert_int_equal(json_array_size(member(fixture, 1, "Values")), 150);
    assert_member(fixture, 2, "MetricName", "\"bw_out_allowance_exceeded\"");
    assert_member(fixture, 2, "Values", "[151]");
    assert_member(fixture, 2, "Counts", "[1]");
}

// An hour of seconds, of which one moved.
static void it_is_the_different_values_that_count(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const struct run runs[] = {{0, 1800}, {48211, 1}, {0, 1799}};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    record_builder_add_runs(builder_of(state), 0, runs, ARRAY_SIZE(runs));
    encode(fixture);
    assert_int_equal(fixture->plan.n_parts, 1);
    assert_member(fixture, 0, "Values", "[0,48211]");
    assert_member(fixture, 0, "Counts", "[3599,1]");
}

static void a_slice_stands_in_every_set_before_the_next(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const char *const names[] = {"InstanceId", "ClusterName"};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_label(fixture, "ClusterName", "blue");
    record_builder_add_counting(builder_of(state), 0, 301);
    encode(fixture);
    assert_int_equal(fixture->plan.n_parts, 6);
    for (size_t i = 0; i < 6; i++) {
        const json_t *values = member(fixture, i, "Values");
        const json_t *dimension = json_array_get(member(fixture, i, "Dimensions"), 0);
        assert_string_equal(json_string_value(json_object_get(dimension, "Name")), names[i % 2]);
        assert_int_equal(json_integer_value(json_array_get(values, 0)), i / 2 * 150 + 1);
        assert_int_equal(json_array_size(values), i < 4 ? 150 : 1);
    }
}

// 2^53 is the last of the whole numbers that a double keeps; the next one reads back as the same.
// Beyond 2^63 a number has 15 digits.
static void what_cloudwatch_cannot_tell_apart_is_one_value(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const uint64_t values[] = {UINT64_C(9007199254740993), UINT64_C(9007199254740992),
        UINT64_C(9007199254740991), UINT64_C(9007199254740994), UINT64_MAX - 1, UINT64_MAX, 5,
        UINT64_C(9223372036854775807), UINT64_C(9223372036854775808)};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    record_builder_add_values(builder_of(state), 0, values, ARRAY_SIZE(values));
    encode(fixture);
    assert_int_equal(fixture->plan.n_parts, 1);
    assert_non_null(strstr(fixture->texts[0],
        "\"Values\":[5,9007199254740991,9007199254740992,9007199254740994,9223372036854775807,"
        "9.22337203685478e18,1.84467440737096e19],\"Counts\":[1,1,2,1,1,1,2]"));
}

static void the_largest_hundredths_are_told_apart_too(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const uint64_t values[] = {UINT64_C(999999999999999), UINT64_C(999999999999998),
        UINT64_C(1000000000000003), UINT64_C(1000000000000004)};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    fixture->catalog.metrics[20].n_decimals = 2;
    record_builder_add_values(builder_of(state), 20, values, ARRAY_SIZE(values));
    encode(fixture);
    assert_non_null(strstr(fixture->texts[0],
        "\"Values\":[9999999999999.98,9999999999999.99,10000000000000.0],\"Counts\":[1,1,2]"));
}

static void without_a_complete_set_there_is_nothing(void **state)
{
    struct encoder_fixture *fixture = *state;
    struct parts parts = {1, 2, 3, 4};
    encoder_fixture_property(fixture, "InstanceId", "i-1");
    record_builder_add_counting(builder_of(state), 0, 200);
    assert_int_equal(plan_only(fixture, ANY_SIZE, &parts), ENCODER_NOTHING);
    assert_int_equal(plan_only(fixture, 10, &parts), ENCODER_NOTHING);
    assert_int_equal(parts.n_parts, 3); // untouched
}

static void without_a_value_there_is_nothing(void **state)
{
    struct encoder_fixture *fixture = *state;
    struct parts parts;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    record_builder_add_counting(builder_of(state), 0, 0);
    record_builder_add_property(builder_of(state), 1, 8);
    assert_int_equal(plan_only(fixture, ANY_SIZE, &parts), ENCODER_NOTHING);
}

static void values_are_cut_when_a_datum_is_too_much(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    record_builder_add_counting(builder_of(state), 0, 150);
    encode(fixture);
    size_t n_bytes = strlen(fixture->texts[0]);
    encoder_fixture_encode(fixture, &metric_datum_encoder, n_bytes - 1);
    assert_int_equal(fixture->plan.values_per_part, 75);
    assert_int_equal(fixture->plan.n_parts, 2);
    assert_int_equal(json_integer_value(json_array_get(member(fixture, 1, "Values"), 0)), 76);
    encoder_fixture_encode(fixture, &metric_datum_encoder, 300);
    assert_true(fixture->plan.values_per_part < 75);
}

static void labels_too_large_for_a_single_value_are_told(void **state)
{
    struct encoder_fixture *fixture = *state;
    struct parts parts;
    char long_text[1025] = {0};
    memset(long_text, 'x', sizeof(long_text) - 1);
    encoder_fixture_label(fixture, "InstanceId", long_text);
    record_builder_add_counting(builder_of(state), 0, 7);
    assert_int_equal(plan_only(fixture, 1024, &parts), -EMSGSIZE);
    assert_int_equal(plan_only(fixture, 1400, &parts), 0);
}

static int keep_last(void *context, const char *item)
{
    char **last = context;
    free(*last);
    *last = xstrdup(item);
    return 0;
}

// What encode() says of the plan that was made before; the caller's: the last of its datums.
static int encode_again(struct encoder_fixture *fixture, char **ret_last)
{
    fixture->builder.record.parts = fixture->plan;
    struct encoding encoding = encoder_fixture_encoding(fixture);
    *ret_last = NULL;
    return metric_datum_encoder.encode(&encoding, 0, &(struct taker){keep_last, ret_last});
}

static void a_set_that_is_complete_too_late_does_not_change_the_plan(void **state)
{
    struct encoder_fixture *fixture = *state;
    set_text(&fixture->options.instance_dimensions, "ClusterName; InstanceId");
    encoder_fixture_label(fixture, "InstanceId", "host");
    record_builder_add_counting(builder_of(state), 0, 1);
    encode(fixture);
    assert_int_equal(fixture->plan.n_parts, 1);
    encoder_fixture_label(fixture, "ClusterName", "blue");
    fixture->labels.labels[0].value = "i-1";
    scoped_free char *last;
    assert_int_equal(encode_again(fixture, &last), 0);
    assert_non_null(strstr(last, "\"Dimensions\":[{\"Name\":\"InstanceId\",\"Value\":\"i-1\"}]"));
}

static void a_planned_set_that_is_not_complete_any_more_is_told(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_label(fixture, "ClusterName", "blue");
    record_builder_add_counting(builder_of(state), 0, 1);
    encode(fixture);
    assert_int_equal(fixture->plan.n_parts, 2);
    fixture->labels.labels[1].value = NULL;
    scoped_free char *last;
    assert_int_equal(encode_again(fixture, &last), -ESTALE);
    assert_null(last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        encoder_test(a_datum_reads_as_the_model_says),
        encoder_test(the_dimensions_of_an_eni_are_those_of_its_set),
        encoder_test(each_metric_has_a_datum_in_each_set),
        encoder_test(a_set_with_a_value_that_is_not_known_is_left_out),
        encoder_test(units_are_those_of_the_kinds),
        encoder_test(hundredths_stand_behind_the_point),
        encoder_test(high_resolution_is_one_second),
        encoder_test(a_timestamp_is_seconds_exact_to_the_millisecond),
        encoder_test(a_hundred_and_fifty_values_are_one_datum),
        encoder_test(it_is_the_different_values_that_count),
        encoder_test(a_slice_stands_in_every_set_before_the_next),
        encoder_test(what_cloudwatch_cannot_tell_apart_is_one_value),
        encoder_test(the_largest_hundredths_are_told_apart_too),
        encoder_test(without_a_complete_set_there_is_nothing),
        encoder_test(without_a_value_there_is_nothing),
        encoder_test(values_are_cut_when_a_datum_is_too_much),
        encoder_test(labels_too_large_for_a_single_value_are_told),
        encoder_test(a_set_that_is_complete_too_late_does_not_change_the_plan),
        encoder_test(a_planned_set_that_is_not_complete_any_more_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
