// SPDX-License-Identifier: Apache-2.0
// Labels: which of them can be dimensions, and what names CloudWatch takes.
#include <string.h>

#include "base.h"
#include "labels.h"
#include "support/unit.h"

static void a_dimension_is_found_by_its_name(void **state)
{
    (void)state;
    struct labels labels = {0};
    labels_add(&labels, (struct label){"InstanceId", "i-1", true});
    labels_add(&labels, (struct label){"ClusterName", "blue", true});
    assert_string_equal(labels_dimension(&labels, "ClusterName"), "blue");
    assert_string_equal(labels_dimension(&labels, "InstanceId"), "i-1");
    assert_null(labels_dimension(&labels, "clustername"));
}

static void a_property_is_no_dimension(void **state)
{
    (void)state;
    struct labels labels = {0};
    labels_add(&labels, (struct label){"VpcId", "vpc-2", false});
    assert_null(labels_dimension(&labels, "VpcId"));
    labels_add(&labels, (struct label){"VpcId", "vpc-3", true});
    assert_string_equal(labels_dimension(&labels, "VpcId"), "vpc-3");
}

static void a_value_can_be_unknown(void **state)
{
    (void)state;
    struct labels labels = {0};
    labels_add(&labels, (struct label){"A", NULL, true});
    labels_add(&labels, (struct label){"B", "", true});
    assert_null(labels_dimension(&labels, "A"));
    assert_null(labels_dimension(&labels, "B"));
}

static void a_dimension_has_up_to_1024_printable_characters(void **state)
{
    (void)state;
    char value[1026] = {0};
    struct labels labels = {0};
    labels_add(&labels, (struct label){"A", value, true});
    memset(value, 'v', 1024);
    assert_non_null(labels_dimension(&labels, "A"));
    value[1024] = 'v';
    assert_null(labels_dimension(&labels, "A"));
}

static void a_dimension_is_printable_ascii(void **state)
{
    (void)state;
    static const char *const refused[] = {" ", "a\n", "\x7f", "caf\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct labels labels = {0};
        labels_add(&labels, (struct label){"A", refused[i], true});
        assert_null(labels_dimension(&labels, "A"));
    }
    struct labels labels = {0};
    labels_add(&labels, (struct label){"A", ":a b~", true});
    assert_non_null(labels_dimension(&labels, "A"));
}

static void as_many_labels_fit_as_promised(void **state)
{
    (void)state;
    struct labels labels = {0};
    for (size_t i = 0; i < LABELS_MAX; i++)
        labels_add(&labels, (struct label){i + 1 < LABELS_MAX ? "A" : "Z", "v", true});
    assert_int_equal(labels.n_labels, LABELS_MAX);
    assert_string_equal(labels_dimension(&labels, "Z"), "v");
}

static void a_name_is_short_ascii_without_a_colon_first(void **state)
{
    (void)state;
    static const char *const refused[] = {"", " ", ":a", "abcdef", "a\t", "\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        assert_false(label_is_name(refused[i], 5));
    assert_true(label_is_name("abcde", 5));
    assert_true(label_is_name("a:b", 5));
    assert_true(label_is_name(" a", 5));
}

static void what_may_still_come_is_pending_with_or_without_a_value(void **state)
{
    (void)state;
    struct labels labels = {0};
    labels_add(&labels, (struct label){.name = "A", .is_dimension = true, .is_pending = true});
    labels_add(&labels,
        (struct label){.name = "B", .value = "host", .is_stand_in = true, .is_pending = true});
    labels_add(&labels, (struct label){.name = "C", .value = "host", .is_stand_in = true});
    assert_true(labels_is_pending(&labels, "A"));
    assert_true(labels_is_pending(&labels, "B"));
    assert_false(labels_is_pending(&labels, "C"));
    assert_false(labels_is_pending(&labels, "D"));
    assert_null(labels_dimension(&labels, "A"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dimension_is_found_by_its_name),
        cmocka_unit_test(a_property_is_no_dimension),
        cmocka_unit_test(a_value_can_be_unknown),
        cmocka_unit_test(a_dimension_has_up_to_1024_printable_characters),
        cmocka_unit_test(a_dimension_is_printable_ascii),
        cmocka_unit_test(as_many_labels_fit_as_promised),
        cmocka_unit_test(what_may_still_come_is_pending_with_or_without_a_value),
        cmocka_unit_test(a_name_is_short_ascii_without_a_colon_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
