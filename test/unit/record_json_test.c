// SPDX-License-Identifier: Apache-2.0
// Records as JSON and back: nothing is lost on the way, and nothing is believed that cannot be.
#include <string.h>

#include "encode/document.h"
#include "flow/catalog.h"
#include "store/record_json.h"
#include "support/journal_fixture.h"
#include "support/record_builder.h"
#include "support/unit.h"

static struct record *back(const json_t *json, const struct catalog *catalog, uint64_t *n_left_out)
{
    struct record *record = record_from_json(json, catalog, n_left_out);
    assert_true(record == NULL || (record->next == NULL && record->start == NULL));
    return record;
}

// By store/journal.md.
static const char *const eni_text =
    "{\"sequence\":12,\"scope\":\"eni\",\"eni\":{\"mac\":\"02:00:00:00:00:0a\",\"ifindex\":3,"
    "\"ifname\":\"ens5\",\"driver\":\"ena\",\"driver_version\":\"2.17.0g\","
    "\"offered\":[\"pps_allowance_exceeded\",\"total_resets\"]},\"start_ms\":1795255200000,"
    "\"clock_offset_ms\":-5,\"period_ms\":60000,\"sample_ms\":1000,\"gap_ms\":2500,"
    "\"series\":{\"bw_in_allowance_exceeded\":[[0,16],[48211,1],[0,43]],"
    "\"pps_allowance_exceeded\":[[-1,1],[9223372036854775807,1],[-9223372036854775808,1]]},"
    "\"properties\":{\"total_resets\":7,\"reset_fail\":-2},"
    "\"unsupported\":[\"conntrack_allowance_available\"],"
    "\"parts\":{\"metrics_per_part\":1,\"values_per_part\":50,\"n_parts\":3,\"sets\":2147483649,"
    "\"key\":4294967295,\"n_taken\":2},\"is_refused\":true}";

static void build_eni(struct record_builder *builder)
{
    record_builder_init(builder, METRIC_SCOPE_ENI);
    struct record *record = &builder->record;
    record->eni = (struct eni){.mac = {{2, 0, 0, 0, 0, 10}},
        .ifindex = 3,
        .ifname = "ens5",
        .driver = "ena",
        .driver_version = "2.17.0g"};
    metric_set_add(&record->eni.offered, METRIC_PPS_ALLOWANCE_EXCEEDED);
    metric_set_add(&record->eni.offered, METRIC_TOTAL_RESETS);
    metric_set_add(&record->unsupported, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE);
    record->sequence = 12;
    record->start_ms = INT64_C(1795255200000);
    record->clock_offset_ms = -5;
    record->period_ms = 60000;
    record->sample_ms = 1000;
    record->gap_ms = 2500;
    record->parts = (struct parts){1, 50, 3, UINT32_C(0x80000001), UINT32_MAX};
    record->n_parts_taken = 2;
    record->is_refused = true;
    record_builder_add_runs(builder, METRIC_BW_IN_ALLOWANCE_EXCEEDED,
        (const struct run[]){{0, 16}, {48211, 1}, {0, 43}}, 3);
    record_builder_add_runs(builder, METRIC_PPS_ALLOWANCE_EXCEEDED,
        (const struct run[]){{UINT64_MAX, 1}, {INT64_MAX, 1}, {UINT64_C(1) << 63, 1}}, 3);
    record_builder_add_property(builder, METRIC_TOTAL_RESETS, 7);
    record_builder_add_property(builder, METRIC_RESET_FAIL, UINT64_MAX - 1);
}

static void a_record_is_told_with_the_names_of_its_metrics(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct record_builder builder;
    build_eni(&builder);
    json_auto_t *json = record_to_json(&builder.record, &fixture->catalog);
    scoped_free char *text = document_print(json);
    assert_string_equal(text, eni_text);
    record_builder_finish(&builder);
}

static void what_was_told_is_read(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct record_builder builder;
    uint64_t n_left_out = 0;
    build_eni(&builder);
    json_auto_t *json = json_loads(eni_text, 0, NULL);
    scoped_free struct record *record = back(json, &fixture->catalog, &n_left_out);
    assert_non_null(record);
    builder.record.bytes = sizeof(struct record) + 2 * sizeof(struct series) +
        2 * sizeof(struct reading) + 6 * sizeof(struct run);
    assert_true(journal_fixture_is_same(record, &builder.record));
    assert_int_equal(record->sequence, 12);
    assert_memory_equal(&record->parts, &builder.record.parts, sizeof(struct parts));
    assert_int_equal(record->n_parts_taken, 2);
    assert_true(record->is_refused);
    assert_int_equal(n_left_out, 0);
    record_builder_finish(&builder);
}

static void any_record_comes_back_as_it_went(void **state)
{
    const struct journal_fixture *fixture = *state;
    for (uint64_t number = 1; number <= 500; number++) {
        uint64_t n_left_out = 0;
        scoped_free struct record *record = journal_fixture_record(fixture, number);
        record->sequence = number;
        json_auto_t *json = record_to_json(record, &fixture->catalog);
        scoped_free char *text = document_print(json);
        json_auto_t *again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        scoped_free struct record *read = back(again, &fixture->catalog, &n_left_out);
        assert_non_null(read);
        assert_true(journal_fixture_is_same(record, read));
        assert_int_equal(read->sequence, number);
        assert_int_equal(read->parts.n_parts, 0);
        assert_false(read->is_refused);
        assert_int_equal(n_left_out, 0);
    }
}

static void names_that_are_no_text_are_repaired(void **state)
{
    const struct journal_fixture *fixture = *state;
    struct record_builder builder;
    uint64_t n_left_out = 0;
    build_eni(&builder);
    // The kernel takes any bytes but blanks and slashes; the second one is good.
    memcpy(builder.record.eni.ifname, "\xff\xc3\xa9\"\\\x01", 7);
    memset(builder.record.eni.driver, 'd', sizeof(builder.record.eni.driver) - 1);
    json_auto_t *json = record_to_json(&builder.record, &fixture->catalog);
    scoped_free struct record *record = back(json, &fixture->catalog, &n_left_out);
    assert_non_null(record);
    assert_string_equal(record->eni.ifname, "?\xc3\xa9\"\\\x01");
    assert_int_equal(strlen(record->eni.driver), DRIVER_TEXT_MAX - 1);
    record_builder_finish(&builder);
}

// The same with one thing changed: `at` is where, its last word a member, `text` the JSON that is
// there instead; NULL: nothing is.
struct change {
    const char *object; // NULL: the record itself
    const char *member;
    const char *text;
};

static void assert_change(
    const struct journal_fixture *fixture, const struct change *change, bool is_good)
{
    uint64_t n_left_out = 0;
    json_auto_t *json = json_loads(eni_text, 0, NULL);
    json_t *object = change->object != NULL ? json_object_get(json, change->object) : json;
    assert_true(json_is_object(object));
    if (change->text == NULL)
        assert_int_equal(json_object_del(object, change->member), 0);
    else
        assert_int_equal(json_object_set_new(object, change->member,
                             json_loads(change->text, JSON_DECODE_ANY, NULL)),
            0);
    scoped_free struct record *record = back(json, &fixture->catalog, &n_left_out);
    if (is_good != (record != NULL))
        fail_msg("%s = %s", change->member, change->text != NULL ? change->text : "nothing");
}

static void what_cannot_be_is_refused(void **state)
{
    static const struct change changes[] = {
        {NULL, "sequence", NULL},
        {NULL, "sequence", "0"},
        {NULL, "sequence", "-1"},
        {NULL, "sequence", "1.0"},
        {NULL, "sequence", "\"1\""},
        {NULL, "scope", NULL},
        {NULL, "scope", "\"host\""},
        {NULL, "scope", "1"},
        {NULL, "eni", NULL},
        {NULL, "eni", "[]"},
        {NULL, "start_ms", NULL},
        {NULL, "start_ms", "4503599627370497"}, // 2^52 and one
        {NULL, "start_ms", "-4503599627370497"},
        {NULL, "start_ms", "1e3"},
        {NULL, "clock_offset_ms", NULL},
        {NULL, "clock_offset_ms", "9223372036854775807"},
        {NULL, "period_ms", NULL},
        {NULL, "period_ms", "0"}, // somebody divides by it
        {NULL, "period_ms", "3600001"},
        {NULL, "sample_ms", "-1"},
        {NULL, "sample_ms", "3600001"},
        {NULL, "gap_ms", "-1"},
        {NULL, "n_enis", "4294967296"},
        {NULL, "series", NULL},
        {NULL, "series", "[]"},
        {NULL, "properties", NULL},
        {NULL, "properties", "[]"},
        {NULL, "unsupported", NULL},
        {NULL, "unsupported", "[1]"},
        {NULL, "unsupported", "{}"},
        {NULL, "is_refused", "1"},
        {NULL, "parts", "[]"},
        {"eni", "mac", NULL},
        {"eni", "mac", "\"02:00:00:00:00\""},
        {"eni", "mac", "\"02:00:00:00:00:0a:0b\""},
        {"eni", "mac", "5"},
        {"eni", "ifindex", "-1"},
        {"eni", "ifindex", "2147483648"},
        {"eni", "ifname", NULL},
        {"eni", "ifname", "\"0123456789abcdef\""}, // 16, and no room for the terminator
        {"eni", "driver", "\"0123456789abcdef0123456789abcdef\""},
        {"eni", "driver_version", "\"0123456789abcdef0123456789abcdef\""},
        {"eni", "offered", NULL},
        {"eni", "offered", "[[]]"},
        {"series", "pps_allowance_exceeded", "[]"},
        {"series", "pps_allowance_exceeded", "5"},
        {"series", "pps_allowance_exceeded", "[5]"},
        {"series", "pps_allowance_exceeded", "[[5]]"},
        {"series", "pps_allowance_exceeded", "[[5,1,1]]"},
        {"series", "pps_allowance_exceeded", "[[5,0]]"},
        {"series", "pps_allowance_exceeded", "[[5,-1]]"},
        {"series", "pps_allowance_exceeded", "[[5,1.5]]"},
        {"series", "pps_allowance_exceeded", "[[\"5\",1]]"},
        {"series", "pps_allowance_exceeded", "[[5,1048577]]"},
        {"series", "pps_allowance_exceeded", "[[5,1048576],[5,1]]"},
        {"series", "pps_allowance_exceeded", "[[5,4294967297]]"}, // 1, in 32 bits
        {"series", "of_no_metric", "[[5,0]]"},
        {"properties", "total_resets", "1.5"},
        {"properties", "total_resets", "null"},
        {"properties", "of_no_metric", "\"5\""},
        {"parts", "metrics_per_part", "0"},
        {"parts", "values_per_part", "0"},
        {"parts", "values_per_part", "4294967296"},
        {"parts", "n_parts", "0"},
        {"parts", "n_parts", "2"},    // as many as were taken
        {"parts", "n_parts", "2017"}, // 63 values in each of 32 sets, and one
        {"parts", "sets", "-1"},
        {"parts", "key", "4294967296"},
        {"parts", "n_taken", "3"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
        assert_change(*state, &changes[i], false);
}

static void what_can_be_is_taken(void **state)
{
    static const struct change changes[] = {
        {NULL, "start_ms", "4503599627370496"},
        {NULL, "start_ms", "-4503599627370496"},
        {NULL, "period_ms", "3600000"},
        {NULL, "sample_ms", NULL},
        {NULL, "gap_ms", NULL},
        {NULL, "is_refused", "false"},
        {NULL, "is_refused", NULL},
        {NULL, "parts", NULL},
        {NULL, "series", "{}"},
        {NULL, "properties", "{}"},
        {NULL, "of_another_version", "{}"},
        {"eni", "mac", "\"02:00:00:00:00:0A\""},
        {"eni", "ifindex", "2147483647"},
        {"eni", "ifname", "\"0123456789abcde\""},
        {"series", "pps_allowance_exceeded", "[[5,1048576]]"},
        {"parts", "n_parts", "2016"},
        {"parts", "n_taken", "0"},
    };
    // Without series there is nothing that parts could cut.
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
        assert_change(*state, &changes[i], strcmp(changes[i].member, "series") != 0);
}

static void what_is_no_object_is_no_record(void **state)
{
    const struct journal_fixture *fixture = *state;
    static const char *const texts[] = {"{}", "[]", "null", "5", "\"x\""};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        uint64_t n_left_out = 0;
        json_auto_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        assert_null(back(json, &fixture->catalog, &n_left_out));
    }
    uint64_t n_left_out = 0;
    assert_null(back(NULL, &fixture->catalog, &n_left_out));
}

static void metrics_that_nobody_knows_are_left_out_and_counted(void **state)
{
    const struct journal_fixture *fixture = *state;
    uint64_t n_left_out = 5;
    json_auto_t *json = json_loads(eni_text, 0, NULL);
    json_object_set_new(json_object_get(json, "series"), "gone", json_pack("[[i,i]]", 9, 9));
    json_object_set_new(json_object_get(json, "properties"), "gone_too", json_integer(1));
    json_array_append_new(json_object_get(json, "unsupported"), json_string("gone"));
    scoped_free struct record *record = back(json, &fixture->catalog, &n_left_out);
    assert_non_null(record);
    assert_int_equal(n_left_out, 7);
    assert_int_equal(record->n_series, 2);
    assert_int_equal(record->n_properties, 2);
    assert_int_equal(record->series[0].n_values, 60);
    // What was cut otherwise is cut anew.
    assert_int_equal(record->parts.n_parts, 3);
    assert_int_equal(record->parts.key, 0);
    assert_int_equal(record->n_parts_taken, 2);
}

static void series_stand_in_the_order_of_the_catalog(void **state)
{
    (void)state;
    static char *words[] = {(char *)"b_statistic", (char *)"a_statistic"};
    static char *turned[] = {(char *)"a_statistic", (char *)"b_statistic"};
    struct catalog one, other;
    catalog_init(&one, &(struct catalog_options){.metrics = {2, words}});
    catalog_init(&other, &(struct catalog_options){.metrics = {2, turned}});
    struct record_builder builder;
    uint64_t n_left_out = 0;
    record_builder_init(&builder, METRIC_SCOPE_INSTANCE);
    builder.record.sequence = 1;
    builder.record.period_ms = 60000;
    record_builder_add_counting(&builder, METRIC_N_KNOWN, 2);
    record_builder_add_counting(&builder, METRIC_N_KNOWN + 1, 3);
    record_builder_add_property(&builder, METRIC_N_KNOWN, 20);
    record_builder_add_property(&builder, METRIC_N_KNOWN + 1, 30);
    json_auto_t *json = record_to_json(&builder.record, &one);
    scoped_free struct record *record = back(json, &other, &n_left_out);
    assert_non_null(record);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(record->series[i].metric, METRIC_N_KNOWN + i);
        assert_int_equal(record->series[i].n_values, 3 - i);
        assert_int_equal(record->properties[i].metric, METRIC_N_KNOWN + i);
        assert_int_equal(record->properties[i].value, 30 - 10 * i);
    }
    assert_int_equal(n_left_out, 0);
    record_builder_finish(&builder);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, journal_fixture_setup, journal_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_is_told_with_the_names_of_its_metrics),
        TEST(what_was_told_is_read),
        TEST(any_record_comes_back_as_it_went),
        TEST(names_that_are_no_text_are_repaired),
        TEST(what_cannot_be_is_refused),
        TEST(what_can_be_is_taken),
        TEST(what_is_no_object_is_no_record),
        TEST(metrics_that_nobody_knows_are_left_out_and_counted),
        TEST(series_stand_in_the_order_of_the_catalog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
