// SPDX-License-Identifier: Apache-2.0
// What stands in one EMF document. How a record is cut into several: emf_limits_test.c.
#include <string.h>

#include "encode/emf.h"
#include "support/emf_fixture.h"
#include "support/unit.h"

#define ANY_SIZE ((size_t)1 << 20)

static void add_value(struct encoder_fixture *fixture, uint32_t metric, uint64_t value)
{
    record_builder_add_values(&fixture->builder, metric, &value, 1);
}

static void make_eni(struct encoder_fixture *fixture)
{
    struct record *record = &fixture->builder.record;
    record->scope = METRIC_SCOPE_ENI;
    record->eni = (struct eni){.mac = {{0x02, 0xab, 0, 0, 0, 0x1f}},
        .ifindex = 3,
        .ifname = "eth1",
        .driver = "ena",
        .driver_version = "2.17.0g"};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_label(fixture, "NetworkInterfaceId", "eni-9");
}

static void an_instance_document_reads_as_the_specification_says(void **state)
{
    struct encoder_fixture *fixture = *state;
    struct run exceeded[] = {{0, 2}, {7, 1}};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_label(fixture, "ClusterName", "blue");
    encoder_fixture_property(fixture, "VpcId", "vpc-2");
    record_builder_add_runs(
        &fixture->builder, METRIC_BW_IN_ALLOWANCE_EXCEEDED, exceeded, ARRAY_SIZE(exceeded));
    record_builder_add_property(&fixture->builder, METRIC_SRD_TX_PKTS, 12);
    fixture->builder.record.n_enis = 2;
    fixture->builder.record.gap_ms = 5000;
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_string_equal(fixture->texts[0],
        "{\"InstanceId\":\"i-1\",\"ClusterName\":\"blue\","
        "\"VpcId\":\"vpc-2\",\"ResourceType\":\"AWS::EC2::Instance\",\"Identifier\":\"i-1\","
        "\"enis\":2,\"ena_srd_tx_pkts\":12,"
        "\"throttled\":{\"bw_in_allowance_exceeded\":1},"
        "\"sample_ms\":1000,\"gap_ms\":5000,\"boot\":\"boot-1\",\"sequence\":7,"
        "\"part\":1,\"parts\":1,"
        "\"_aws\":{\"Timestamp\":1700000040000,\"LogGroupName\":\"/enawatch/metrics\","
        "\"CloudWatchMetrics\":[{\"Namespace\":\"EnaWatch\","
        "\"Dimensions\":[[\"InstanceId\"],[\"ClusterName\"]],"
        "\"Metrics\":[{\"Name\":\"bw_in_allowance_exceeded\",\"Unit\":\"Count\"}]}]},"
        "\"bw_in_allowance_exceeded\":[0,0,7]}");
}

static void an_eni_document_says_which_interface_it_is(void **state)
{
    struct encoder_fixture *fixture = *state;
    make_eni(fixture);
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 1);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_string_equal(emf_fixture_text(document, "interface"), "eth1");
    assert_string_equal(emf_fixture_text(document, "mac"), "02:ab:00:00:00:1f");
    assert_string_equal(emf_fixture_text(document, "driver"), "ena");
    assert_string_equal(emf_fixture_text(document, "driver_version"), "2.17.0g");
    assert_null(json_object_get(document, "enis"));
}

static void an_instance_document_has_no_interface(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const char *const names[] = {"interface", "mac", "driver", "driver_version"};
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 1);
    fixture->builder.record.n_enis = 4;
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_null(json_object_get(document, names[i]));
    assert_int_equal(json_integer_value(json_object_get(document, "enis")), 4);
}

static void kernel_texts_that_are_empty_are_left_out(void **state)
{
    struct encoder_fixture *fixture = *state;
    make_eni(fixture);
    fixture->builder.record.eni.ifname[0] = '\0';
    fixture->builder.record.eni.driver[0] = '\0';
    fixture->builder.record.eni.driver_version[0] = '\0';
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 1);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_null(json_object_get(document, "interface"));
    assert_null(json_object_get(document, "driver"));
    assert_null(json_object_get(document, "driver_version"));
    assert_string_equal(emf_fixture_text(document, "mac"), "02:ab:00:00:00:1f");
}

static void kernel_texts_of_any_bytes_are_repaired(void **state)
{
    struct encoder_fixture *fixture = *state;
    make_eni(fixture);
    struct eni *eni = &fixture->builder.record.eni;
    memcpy(eni->ifname, "e\xff\xc3\xb6\x80", 6); // the o with two dots stays
    // A character that the end of the field cuts.
    memset(eni->driver_version, 'y', DRIVER_TEXT_MAX - 1);
    eni->driver_version[DRIVER_TEXT_MAX - 1] = (char)0xc3;
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 1);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_string_equal(emf_fixture_text(document, "interface"), "e?\xc3\xb6?");
    assert_string_equal(
        emf_fixture_text(document, "driver_version"), "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy?");
}

static void kernel_texts_may_fill_their_fields(void **state)
{
    struct encoder_fixture *fixture = *state;
    make_eni(fixture);
    struct eni *eni = &fixture->builder.record.eni;
    memset(eni->ifname, 'i', sizeof(eni->ifname));
    memset(eni->driver, 'd', sizeof(eni->driver));
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 1);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_string_equal(emf_fixture_text(document, "interface"), "iiiiiiiiiiiiiiii");
    assert_string_equal(emf_fixture_text(document, "driver"), "dddddddddddddddddddddddddddddddd");
}

static void labels_of_any_bytes_are_repaired(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_property(fixture, "Note", "a\xed\xa0\x80z"); // a surrogate, encoded
    encoder_fixture_property(fixture, "Caf\xe9", "au lait");
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 1);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_string_equal(emf_fixture_text(document, "Note"), "a???z");
    assert_string_equal(emf_fixture_text(document, "Caf?"), "au lait");
}

static void quiet_minute_is_sixty_zeros(void **state)
{
    struct encoder_fixture *fixture = *state;
    struct run quiet = {0, 60};
    record_builder_add_runs(&fixture->builder, METRIC_PPS_ALLOWANCE_EXCEEDED, &quiet, 1);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    json_t *values = json_object_get(document, "pps_allowance_exceeded");
    assert_int_equal(json_array_size(values), 60);
    size_t i;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        assert_true(json_is_integer(value));
        assert_int_equal(json_integer_value(value), 0);
    }
}

static void one_value_is_an_array_too(void **state)
{
    struct encoder_fixture *fixture = *state;
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 9);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    json_t *values = json_object_get(document, "bw_in_allowance_exceeded");
    assert_int_equal(json_array_size(values), 1);
    assert_int_equal(json_integer_value(json_array_get(values, 0)), 9);
}

static void the_timestamp_is_an_integer_of_milliseconds(void **state)
{
    struct encoder_fixture *fixture = *state;
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 9);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    json_t *timestamp = json_object_get(json_object_get(document, "_aws"), "Timestamp");
    assert_true(json_is_integer(timestamp));
    assert_true(json_integer_value(timestamp) == INT64_C(1700000040000));
}

static void assert_dimensions(const json_t *document, const char *expected)
{
    json_t *directive = json_array_get(emf_fixture_directives(document), 0);
    scoped_free char *dimensions = json_dumps(
        json_object_get(directive, "Dimensions"), JSON_COMPACT);
    assert_string_equal(dimensions, expected);
}

static void a_set_with_an_unknown_value_is_left_out(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_label(fixture, "ClusterName", NULL);
    encoder_fixture_property(fixture, "VpcId", "");
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 9);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_dimensions(document, "[[\"InstanceId\"]]");
    assert_null(json_object_get(document, "ClusterName"));
    assert_null(json_object_get(document, "VpcId"));
}

static void a_value_that_no_dimension_may_have_stays_a_property(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_label(fixture, "ClusterName", "bl\xc3\xa4u");
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 9);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_dimensions(document, "[[\"InstanceId\"]]");
    assert_string_equal(emf_fixture_text(document, "ClusterName"), "bl\xc3\xa4u");
}

static void without_a_known_set_nothing_is_a_metric(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_property(fixture, "InstanceId", "i-1"); // not said to be a dimension
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 9);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(json_array_size(emf_fixture_directives(document)), 0);
    assert_int_equal(json_array_size(json_object_get(document, "bw_in_allowance_exceeded")), 1);
    assert_string_equal(emf_fixture_text(document, "InstanceId"), "i-1");
}

static void a_dimension_outside_the_used_sets_is_a_property(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_label(fixture, "AutoScalingGroupName", "workers");
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 9);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_dimensions(document, "[[\"InstanceId\"]]");
    assert_string_equal(emf_fixture_text(document, "AutoScalingGroupName"), "workers");
}

static void a_dimension_of_several_sets_stands_once(void **state)
{
    struct encoder_fixture *fixture = *state;
    free(fixture->options.instance_dimensions);
    fixture->options.instance_dimensions = xstrdup("ClusterName, InstanceId; InstanceId");
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    encoder_fixture_label(fixture, "ClusterName", "blue");
    encoder_fixture_property(fixture, "InstanceId", "not the dimension");
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 9);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_dimensions(document, "[[\"ClusterName\",\"InstanceId\"],[\"InstanceId\"]]");
    assert_string_equal(emf_fixture_text(document, "InstanceId"), "i-1");
}

static void an_eni_has_dimension_sets_of_its_own(void **state)
{
    struct encoder_fixture *fixture = *state;
    make_eni(fixture);
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 9);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_dimensions(document, "[[\"InstanceId\",\"NetworkInterfaceId\"]]");
    assert_string_equal(emf_fixture_text(document, "NetworkInterfaceId"), "eni-9");
}

static void only_high_resolution_is_spelled_out(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 9);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    json_t *definition = emf_fixture_definition(document, "bw_in_allowance_exceeded");
    assert_null(json_object_get(definition, "StorageResolution"));

    fixture->options.resolution = ENCODER_RESOLUTION_1;
    document = emf_fixture_encode(fixture, ANY_SIZE);
    definition = emf_fixture_definition(document, "bw_in_allowance_exceeded");
    assert_int_equal(json_integer_value(json_object_get(definition, "StorageResolution")), 1);
}

static void units_follow_the_kind_of_a_metric(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const struct {
        uint32_t metric;
        const char *name, *unit;
    } expected[] = {{METRIC_BW_OUT_ALLOWANCE_EXCEEDED, "bw_out_allowance_exceeded", "Count"},
        {METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, "conntrack_allowance_available", "Count"},
        {METRIC_SRD_RESOURCE_UTILIZATION, "ena_srd_resource_utilization", "Percent"},
        {METRIC_SRD_MODE, "ena_srd_mode", "None"}};
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        add_value(fixture, expected[i].metric, 1);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        assert_string_equal(
            emf_fixture_text(emf_fixture_definition(document, expected[i].name), "Unit"),
            expected[i].unit);
}

// Gives a metric of the catalog a kind and decimals, as the known ones of the host have.
static void make_decimal(struct encoder_fixture *fixture, uint32_t metric, enum metric_kind kind)
{
    fixture->catalog.metrics[metric].kind = kind;
    fixture->catalog.metrics[metric].n_decimals = 2;
}

static void hundredths_are_written_as_decimals(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const uint64_t values[] = {1526, 1500, 7, 0, 10000, 1550};
    make_decimal(fixture, 20, METRIC_PERCENT);
    make_decimal(fixture, 21, METRIC_DURATION);
    make_decimal(fixture, 22, METRIC_COUNTER);
    record_builder_add_values(&fixture->builder, 20, values, ARRAY_SIZE(values));
    record_builder_add_property(&fixture->builder, 21, 123);
    record_builder_add_property(&fixture->builder, 22, 300000);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_non_null(strstr(fixture->texts[0], ",\"statistic_20\":[15.26,15,0.07,0,100,15.5]}"));
    assert_non_null(strstr(fixture->texts[0], ",\"statistic_21\":1.23,\"statistic_22\":3000,"));
}

static void a_time_is_in_milliseconds(void **state)
{
    struct encoder_fixture *fixture = *state;
    encoder_fixture_label(fixture, "InstanceId", "i-1");
    fixture->catalog.metrics[30].kind = METRIC_DURATION;
    add_value(fixture, 30, 61000);
    const json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_string_equal(
        emf_fixture_text(emf_fixture_definition(document, "statistic_30"), "Unit"), "Milliseconds");
    assert_non_null(strstr(fixture->texts[0], ",\"statistic_30\":[61000]}"));
}

static void what_is_unsupported_is_named_in_every_document(void **state)
{
    struct encoder_fixture *fixture = *state;
    struct metric_set *unsupported = &fixture->builder.record.unsupported;
    metric_set_add(unsupported, METRIC_SRD_TX_PKTS);
    metric_set_add(unsupported, METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED);
    metric_set_add(unsupported, METRIC_MAX - 1);
    record_builder_add_counting(&fixture->builder, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 150);
    emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(fixture->plan.n_parts, 2);
    for (size_t i = 0; i < 2; i++)
        assert_non_null(strstr(fixture->texts[i],
            ",\"unsupported\":[\"linklocal_allowance_exceeded\",\"ena_srd_tx_pkts\","
            "\"statistic_127\"],"));
}

static void where_all_is_supported_nothing_is_said_of_it(void **state)
{
    struct encoder_fixture *fixture = *state;
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 0);
    assert_null(json_object_get(emf_fixture_encode(fixture, ANY_SIZE), "unsupported"));
}

static void throttled_counts_the_samples_in_which_a_counter_moved(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const struct run burst[] = {{0, 40}, {3, 2}, {0, 10}, {900, 1}, {1, 7}};
    static const struct run quiet = {0, 60};
    struct record_builder *builder = &fixture->builder;
    record_builder_add_runs(builder, METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED, burst, ARRAY_SIZE(burst));
    record_builder_add_runs(builder, METRIC_BW_IN_ALLOWANCE_EXCEEDED, &quiet, 1);
    record_builder_add_runs(
        builder, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, burst, ARRAY_SIZE(burst));
    json_t *throttled = json_object_get(emf_fixture_encode(fixture, ANY_SIZE), "throttled");
    assert_int_equal(json_object_size(throttled), 1);
    assert_int_equal(
        json_integer_value(json_object_get(throttled, "linklocal_allowance_exceeded")), 10);
}

static void throttled_is_there_when_nothing_moved(void **state)
{
    struct encoder_fixture *fixture = *state;
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 0);
    json_t *throttled = json_object_get(emf_fixture_encode(fixture, ANY_SIZE), "throttled");
    assert_true(json_is_object(throttled));
    assert_int_equal(json_object_size(throttled), 0);
}

static void numbers_beyond_the_integers_of_json_are_reals(void **state)
{
    struct encoder_fixture *fixture = *state;
    static const uint64_t values[] = {INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    record_builder_add_values(&fixture->builder, METRIC_BW_IN_ALLOWANCE_EXCEEDED, values, 3);
    record_builder_add_property(&fixture->builder, METRIC_SRD_TX_PKTS, UINT64_MAX);
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    json_t *array = json_object_get(document, "bw_in_allowance_exceeded");
    assert_true(json_integer_value(json_array_get(array, 0)) == INT64_MAX);
    // 2^63 and 2^64 to the 15 digits that reals are written with.
    assert_true(json_real_value(json_array_get(array, 1)) == 9.22337203685478e18);
    assert_true(json_real_value(json_array_get(array, 2)) == 1.84467440737096e19);
    assert_true(
        json_real_value(json_object_get(document, "ena_srd_tx_pkts")) == 1.84467440737096e19);
}

static void a_gap_is_said_only_when_there_is_one(void **state)
{
    struct encoder_fixture *fixture = *state;
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 0);
    assert_null(json_object_get(emf_fixture_encode(fixture, ANY_SIZE), "gap_ms"));
    fixture->builder.record.gap_ms = 1;
    json_t *document = emf_fixture_encode(fixture, ANY_SIZE);
    assert_int_equal(json_integer_value(json_object_get(document, "gap_ms")), 1);
}

static void assert_members_are_reserved(const json_t *document)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)document, name, value) if (strcmp(name, "InstanceId") != 0 &&
        strcmp(name, "NetworkInterfaceId") != 0 && strcmp(name, "bw_in_allowance_exceeded") != 0)
        assert_true(emf_is_reserved(name));
}

static void the_names_that_documents_use_are_reserved(void **state)
{
    struct encoder_fixture *fixture = *state;
    add_value(fixture, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 0);
    fixture->builder.record.gap_ms = 1;
    metric_set_add(&fixture->builder.record.unsupported, METRIC_SRD_TX_PKTS);
    assert_members_are_reserved(emf_fixture_encode(fixture, ANY_SIZE));
    make_eni(fixture);
    assert_members_are_reserved(emf_fixture_encode(fixture, ANY_SIZE));
}

static void what_the_agent_would_understand_is_reserved(void **state)
{
    (void)state;
    static const char *const reserved[] = {
        "_aws", "_AWS", "_aws_x", ":x", "log_group_name", "Log_Stream_Name"};
    static const char *const free_for_all[] = {"partition", "Part", "Team", "aws", "tx_bytes"};
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
        assert_true(emf_is_reserved(reserved[i]));
    for (size_t i = 0; i < ARRAY_SIZE(free_for_all); i++)
        assert_false(emf_is_reserved(free_for_all[i]));
}

static void nothing_is_finished_like_something(void **state)
{
    (void)state;
    struct encoder encoder = {0};
    encoder_finish(&encoder);
    encoder_finish(NULL);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, encoder_fixture_setup, encoder_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_instance_document_reads_as_the_specification_says),
        TEST(an_eni_document_says_which_interface_it_is),
        TEST(an_instance_document_has_no_interface),
        TEST(kernel_texts_that_are_empty_are_left_out),
        TEST(kernel_texts_of_any_bytes_are_repaired),
        TEST(kernel_texts_may_fill_their_fields),
        TEST(labels_of_any_bytes_are_repaired),
        TEST(quiet_minute_is_sixty_zeros),
        TEST(one_value_is_an_array_too),
        TEST(the_timestamp_is_an_integer_of_milliseconds),
        TEST(a_set_with_an_unknown_value_is_left_out),
        TEST(a_value_that_no_dimension_may_have_stays_a_property),
        TEST(without_a_known_set_nothing_is_a_metric),
        TEST(a_dimension_outside_the_used_sets_is_a_property),
        TEST(a_dimension_of_several_sets_stands_once),
        TEST(an_eni_has_dimension_sets_of_its_own),
        TEST(only_high_resolution_is_spelled_out),
        TEST(units_follow_the_kind_of_a_metric),
        TEST(hundredths_are_written_as_decimals),
        TEST(a_time_is_in_milliseconds),
        TEST(what_is_unsupported_is_named_in_every_document),
        TEST(where_all_is_supported_nothing_is_said_of_it),
        TEST(throttled_counts_the_samples_in_which_a_counter_moved),
        TEST(throttled_is_there_when_nothing_moved),
        TEST(numbers_beyond_the_integers_of_json_are_reals),
        TEST(a_gap_is_said_only_when_there_is_one),
        TEST(the_names_that_documents_use_are_reserved),
        TEST(what_the_agent_would_understand_is_reserved),
        cmocka_unit_test(nothing_is_finished_like_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
