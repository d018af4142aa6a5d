// SPDX-License-Identifier: Apache-2.0
// A record that waits while publish.metrics changes.
#include <string.h>

#include "flow/catalog.h"
#include "store/record_translate.h"
#include "support/record_builder.h"
#include "support/unit.h"

#define FIRST METRIC_N_KNOWN // of those that the user names

static struct catalog catalog_of(size_t n_words, char **words)
{
    struct catalog catalog;
    catalog_init(&catalog, &(struct catalog_options){.metrics = {n_words, words}});
    return catalog;
}

#define CATALOG(...) catalog_of(ARRAY_SIZE(((char *[]){__VA_ARGS__})), (char *[]){__VA_ARGS__})

// Of three that the user names, a, b and c, with 1, 2 and 3 values, and one that is known.
static void build(struct record_builder *builder)
{
    record_builder_init(builder, METRIC_SCOPE_ENI);
    record_builder_add_counting(builder, METRIC_PPS_ALLOWANCE_EXCEEDED, 9);
    for (uint32_t i = 0; i < 3; i++) {
        record_builder_add_counting(builder, FIRST + i, i + 1);
        record_builder_add_property(builder, FIRST + i, i + 1);
        metric_set_add(&builder->record.eni.offered, FIRST + i);
    }
    metric_set_add(&builder->record.unsupported, METRIC_TOTAL_RESETS);
    metric_set_add(&builder->record.unsupported, FIRST + 1);
    builder->record.parts = (struct parts){1, 2, 9, 1, 77};
    builder->record.n_parts_taken = 4;
}

static void metrics_are_found_by_name_and_stand_in_the_new_order(void **state)
{
    (void)state;
    struct catalog one = CATALOG((char *)"a", (char *)"b", (char *)"c");
    struct catalog other = CATALOG((char *)"c", (char *)"more", (char *)"b", (char *)"a");
    static const struct {
        uint32_t metric, n_values;
    } wanted[] = {{METRIC_PPS_ALLOWANCE_EXCEEDED, 9}, {FIRST, 3}, {FIRST + 2, 2}, {FIRST + 3, 1}};
    struct record_builder builder;
    build(&builder);
    const struct record *record = &builder.record;
    assert_int_equal(record_translate(&builder.record, &one, &other), 0);
    assert_int_equal(record->n_series, 4);
    assert_int_equal(record->n_properties, 3);
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        assert_int_equal(record->series[i].metric, wanted[i].metric);
        assert_int_equal(record->series[i].n_values, wanted[i].n_values);
        assert_int_equal(record->series[i].runs[0].value, 1);
        if (i == 0)
            continue;
        assert_int_equal(record->properties[i - 1].metric, wanted[i].metric);
        assert_int_equal(record->properties[i - 1].value, wanted[i].n_values);
    }
    assert_true(metric_set_has(&record->unsupported, METRIC_TOTAL_RESETS));
    assert_true(metric_set_has(&record->unsupported, FIRST + 2));
    assert_false(metric_set_has(&record->unsupported, FIRST + 1));
    assert_false(metric_set_has(&record->eni.offered, FIRST + 1));
    assert_int_equal(record->parts.key, 77);
    record_builder_finish(&builder);
}

static void what_has_no_name_any_more_is_left_out(void **state)
{
    (void)state;
    struct catalog one = CATALOG((char *)"a", (char *)"b", (char *)"c");
    struct catalog other = CATALOG((char *)"c");
    struct record_builder builder;
    build(&builder);
    struct series kept[4]; // their runs are freed with the builder's
    memcpy(kept, builder.series, sizeof(kept));
    const struct record *record = &builder.record;
    assert_int_equal(record_translate(&builder.record, &one, &other), 4);
    assert_int_equal(record->n_series, 2);
    assert_int_equal(record->n_properties, 1);
    assert_int_equal(record->series[1].metric, FIRST);
    assert_int_equal(record->series[1].n_values, 3);
    assert_int_equal(record->properties[0].metric, FIRST);
    assert_int_equal(record->properties[0].value, 3);
    assert_true(metric_set_has(&record->eni.offered, FIRST));
    assert_false(metric_set_has(&record->unsupported, FIRST));
    assert_true(metric_set_has(&record->unsupported, METRIC_TOTAL_RESETS));
    // The plan is told to be of other settings, not to be none: what was taken is known.
    assert_int_equal(record->parts.key, 0);
    assert_int_equal(record->parts.n_parts, 9);
    assert_int_equal(record->n_parts_taken, 4);
    memcpy(builder.series, kept, sizeof(kept));
    builder.record.n_series = 4;
    record_builder_finish(&builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_found_by_name_and_stand_in_the_new_order),
        cmocka_unit_test(what_has_no_name_any_more_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
