// SPDX-License-Identifier: Apache-2.0
// The rows of the section `publish` that belong to what is published: defaults, and what is
// refused.
#include <string.h>

#include "encode/encoder.h"
#include "support/unit.h"

static const struct option *row(const char *name)
{
    for (size_t i = 0; i < encoder_option_table.n_rows; i++)
        if (strcmp(encoder_option_table.rows[i].name, name) == 0)
            return &encoder_option_table.rows[i];
    fail_msg("no row %s", name);
    return NULL;
}

static void assert_taken(const char *name, const char *value)
{
    assert_null(row(name)->check(NULL, value));
}

static void assert_refused(const char *name, const char *value, const char *allowed)
{
    const char *complaint = row(name)->check(NULL, value);
    assert_non_null(complaint);
    assert_non_null(strstr(complaint, allowed));
}

static void defaults_are_those_of_the_documentation(void **state)
{
    (void)state;
    static const char *const expected[][2] = {{"namespace", "EnaWatch"},
        {"log_group", "/enawatch/metrics"}, {"resolution", "60"},
        {"instance_dimensions", "InstanceId; ClusterName"},
        {"eni_dimensions", "InstanceId, NetworkInterfaceId"}};
    assert_string_equal(encoder_option_table.section, "publish");
    assert_int_equal(encoder_option_table.n_rows, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        assert_string_equal(row(expected[i][0])->fallback, expected[i][1]);
}

static void defaults_pass_their_own_checks(void **state)
{
    (void)state;
    for (size_t i = 0; i < encoder_option_table.n_rows; i++) {
        const struct option *option = &encoder_option_table.rows[i];
        if (option->check != NULL)
            assert_null(option->check(NULL, option->fallback));
    }
}

static void every_row_has_one_sentence_of_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < encoder_option_table.n_rows; i++) {
        const char *help = encoder_option_table.rows[i].help;
        assert_ptr_equal(strchr(help, '.'), help + strlen(help) - 1);
    }
}

static void choices_stand_in_the_order_of_the_enum(void **state)
{
    (void)state;
    const char *const *choices = row("resolution")->choices;
    assert_string_equal(choices[ENCODER_RESOLUTION_60], "60");
    assert_string_equal(choices[ENCODER_RESOLUTION_1], "1");
    assert_null(choices[2]);
}

static void a_namespace_is_what_cloudwatch_takes(void **state)
{
    (void)state;
    char name[257] = {0};
    memset(name, 'n', 255);
    assert_taken("namespace", name);
    name[255] = 'n';
    assert_refused("namespace", name, "1 to 255");
    assert_refused("namespace", "", "1 to 255");
    assert_refused("namespace", "  ", "1 to 255");
    assert_refused("namespace", ":mine", "not starting with :");
    assert_refused("namespace", "AWS/EC2", "AWS/");
    assert_refused("namespace", "Na\xc3\xafve", "printable ASCII");
    assert_taken("namespace", "AWSomething");
    assert_taken("namespace", "My Team/Net:1");
}

static void a_log_group_is_what_cloudwatch_logs_takes(void **state)
{
    (void)state;
    char name[514] = {0};
    memset(name, 'g', 512);
    assert_taken("log_group", name);
    name[512] = 'g';
    assert_refused("log_group", name, "1 to 512");
    assert_refused("log_group", "", "1 to 512");
    assert_refused("log_group", "a b", "A-Z");
    assert_refused("log_group", "a:b", "A-Z");
    assert_taken("log_group", "/a_B-c.9#");
}

static void dimension_sets_are_those_that_can_be_parsed(void **state)
{
    (void)state;
    assert_refused("instance_dimensions", "A;;B", "1 to 250");
    assert_refused("eni_dimensions", "A; A", "every set once");
    assert_taken("eni_dimensions", "A; B, C");
}

static void dimensions_have_names_that_documents_do_not_use(void **state)
{
    (void)state;
    assert_refused("instance_dimensions", "InstanceId, part", "do not use");
    assert_refused("eni_dimensions", "InstanceId; _aws", "do not use");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_documentation),
        cmocka_unit_test(defaults_pass_their_own_checks),
        cmocka_unit_test(every_row_has_one_sentence_of_help),
        cmocka_unit_test(choices_stand_in_the_order_of_the_enum),
        cmocka_unit_test(a_namespace_is_what_cloudwatch_takes),
        cmocka_unit_test(a_log_group_is_what_cloudwatch_logs_takes),
        cmocka_unit_test(dimension_sets_are_those_that_can_be_parsed),
        cmocka_unit_test(dimensions_have_names_that_documents_do_not_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
