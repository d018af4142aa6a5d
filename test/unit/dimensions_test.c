// SPDX-License-Identifier: Apache-2.0
// Dimension sets as the user writes them.
#include <string.h>

#include "base.h"
#include "encode/dimensions.h"
#include "support/unit.h"

static void assert_refused(const char *text, const char *allowed)
{
    struct dimension_sets sets = {.n_sets = 99};
    const char *complaint = dimension_sets_parse(text, &sets);
    assert_non_null(complaint);
    assert_non_null(strstr(complaint, allowed));
    assert_int_equal(sets.n_sets, 99);
}

static void assert_taken(const char *text)
{
    struct dimension_sets sets;
    assert_null(dimension_sets_parse(text, &sets));
    dimension_sets_finish(&sets);
}

// "N1,N2" and so on.
static char *repeat(const char *name, int n, const char *between)
{
    char *text = xstrdup("");
    for (int i = 1; i <= n; i++) {
        scoped_free char *before = text;
        scoped_free char *number = xasprintf("%d", i);
        text = xasprintf("%s%s%s%s", before, i > 1 ? between : "", name, number);
    }
    return text;
}

static void sets_are_apart_by_semicolons_and_names_by_commas(void **state)
{
    (void)state;
    struct dimension_sets sets;
    assert_null(dimension_sets_parse("InstanceId; ClusterName, AutoScalingGroupName", &sets));
    assert_int_equal(sets.n_sets, 2);
    assert_int_equal(sets.sets[0].n_names, 1);
    assert_string_equal(sets.sets[0].names[0], "InstanceId");
    assert_int_equal(sets.sets[1].n_names, 2);
    assert_string_equal(sets.sets[1].names[0], "ClusterName");
    assert_string_equal(sets.sets[1].names[1], "AutoScalingGroupName");
    dimension_sets_finish(&sets);
}

static void blanks_around_names_do_not_count(void **state)
{
    (void)state;
    struct dimension_sets sets;
    assert_null(dimension_sets_parse("\t A name ,B ;  C\t", &sets));
    assert_string_equal(sets.sets[0].names[0], "A name");
    assert_string_equal(sets.sets[0].names[1], "B");
    assert_string_equal(sets.sets[1].names[0], "C");
    dimension_sets_finish(&sets);
}

static void what_is_empty_is_refused(void **state)
{
    (void)state;
    static const char *const empty[] = {"", " ", ";", ",", "A;", ";A", "A;;B", "A,", ",A", "A,,B"};
    for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
        assert_refused(empty[i], "1 to 250");
}

static void names_are_printable_ascii_and_start_without_a_colon(void **state)
{
    (void)state;
    assert_refused(":A", "not starting with :");
    assert_refused("A; :B", "not starting with :");
    assert_refused("A\x01", "printable ASCII");
    assert_refused("A\x7f", "printable ASCII");
    assert_refused("Caf\xc3\xa9", "printable ASCII");
    assert_taken("A:B");
    assert_taken("!~");
}

static void a_name_has_up_to_250_characters(void **state)
{
    (void)state;
    char name[252] = {0};
    memset(name, 'n', 250);
    assert_taken(name);
    name[250] = 'n';
    assert_refused(name, "1 to 250");
}

static void a_name_stands_once_in_a_set(void **state)
{
    (void)state;
    assert_refused("A, B, A", "at most once");
    assert_taken("A, a");
    assert_taken("A; A, B");
}

static void a_set_stands_once_in_any_order(void **state)
{
    (void)state;
    assert_refused("A; A", "every set once");
    assert_refused("A, B; C; B, A", "every set once");
    assert_taken("A, B; A, C");
    assert_taken("A, B; A; B");
}

static void a_set_has_up_to_30_names(void **state)
{
    (void)state;
    scoped_free char *most = repeat("N", 30, ",");
    scoped_free char *too_many = repeat("N", 31, ",");
    assert_taken(most);
    assert_refused(too_many, "1 to 30 names");
}

static void there_are_up_to_16_sets(void **state)
{
    (void)state;
    scoped_free char *most = repeat("N", 16, ";");
    scoped_free char *too_many = repeat("N", 17, ";");
    assert_taken(most);
    assert_refused(too_many, "1 to 16 sets");
}

static void no_sets_are_finished_like_some(void **state)
{
    (void)state;
    struct dimension_sets sets = {0};
    dimension_sets_finish(&sets);
    dimension_sets_finish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_apart_by_semicolons_and_names_by_commas),
        cmocka_unit_test(blanks_around_names_do_not_count),
        cmocka_unit_test(what_is_empty_is_refused),
        cmocka_unit_test(names_are_printable_ascii_and_start_without_a_colon),
        cmocka_unit_test(a_name_has_up_to_250_characters),
        cmocka_unit_test(a_name_stands_once_in_a_set),
        cmocka_unit_test(a_set_stands_once_in_any_order),
        cmocka_unit_test(a_set_has_up_to_30_names),
        cmocka_unit_test(there_are_up_to_16_sets),
        cmocka_unit_test(no_sets_are_finished_like_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
