// SPDX-License-Identifier: Apache-2.0
// The region, the CA bundle and the switches, out of environment and profile: precedence and values
// of the AWS SDKs and Tools Reference Guide.
#include <stdlib.h>
#include <string.h>

#include "aws/environment.h"
#include "base.h"
#include "support/aws_home.h"
#include "support/unit.h"

static const struct {
    enum aws_switch which;
    const char *variable, *key;
} switches[] = {
    {AWS_USE_FIPS, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"},
    {AWS_USE_DUAL_STACK, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"},
    {AWS_IGNORE_ENDPOINTS, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "ignore_configured_endpoint_urls"},
};

// Without remembering what was said before.
static bool is_on(struct aws_home *home, size_t i, const char *variable, const char *profile)
{
    scoped_free char *config = xasprintf("[default]\n%s = %s\n", switches[i].key, profile);
    aws_home_read(home, config);
    if (variable != NULL)
        setenv(switches[i].variable, variable, 1);
    else
        unsetenv(switches[i].variable);
    return aws_switch_is_on(&home->profiles, switches[i].which);
}

static void switches_are_on_in_any_case_of_true(void **state)
{
    struct aws_home *home = *state;
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        assert_false(is_on(home, i, NULL, ""));
        assert_true(is_on(home, i, "true", ""));
        assert_true(is_on(home, i, "True", ""));
        assert_true(is_on(home, i, NULL, "TRUE"));
        assert_false(is_on(home, i, "FALSE", ""));
        unsetenv(switches[i].variable);
    }
    assert_int_equal(log_catcher_lines(&home->log), 0);
}

static void the_environment_goes_before_the_profile(void **state)
{
    struct aws_home *home = *state;
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        assert_false(is_on(home, i, "false", "true"));
        assert_true(is_on(home, i, "true", "false"));
        assert_true(is_on(home, i, "", "true")); // an empty variable is not set
        unsetenv(switches[i].variable);
    }
    assert_int_equal(log_catcher_lines(&home->log), 0);
}

static void what_is_neither_true_nor_false_is_said_once_and_not_set(void **state)
{
    struct aws_home *home = *state;
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        scoped_free char *said = xasprintf(
            "%s is passed over: allowed is true or false", switches[i].variable);
        assert_true(is_on(home, i, "yes", "true"));
        assert_true(aws_switch_is_on(&home->profiles, switches[i].which));
        assert_int_equal(log_catcher_count(&home->log, said), 1);
        assert_false(is_on(home, i, "1", "on"));
        assert_false(aws_switch_is_on(&home->profiles, switches[i].which));
        assert_int_equal(log_catcher_count(&home->log, said), 2); // the profiles were read anew
        scoped_free char *said_of_key = xasprintf("%s of the profile", switches[i].key);
        assert_int_equal(log_catcher_count(&home->log, said_of_key), 1);
        unsetenv(switches[i].variable);
    }
    assert_int_equal(log_catcher_lines(&home->log), 9);
}

static void one_switch_is_not_another(void **state)
{
    struct aws_home *home = *state;
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        assert_true(is_on(home, i, "true", ""));
        for (size_t k = 0; k < ARRAY_SIZE(switches); k++)
            assert_int_equal(aws_switch_is_on(&home->profiles, switches[k].which), k == i);
        unsetenv(switches[i].variable);
    }
}

static void assert_region(struct aws_home *home, const char *expected)
{
    const char *region = aws_region_of(&home->profiles);
    assert_string_equal(region != NULL ? region : "(none)", expected);
}

static void the_region_is_looked_for_in_order(void **state)
{
    struct aws_home *home = *state;
    aws_home_read(home, "[default]\nregion = eu-west-3\n[profile p]\nregion = eu-west-4\n");
    assert_region(home, "eu-west-3");
    setenv("AWS_DEFAULT_REGION", "eu-west-2", 1);
    assert_region(home, "eu-west-2");
    setenv("AWS_REGION", "eu-west-1", 1);
    assert_region(home, "eu-west-1");
    setenv("AWS_REGION", "", 1);
    assert_region(home, "eu-west-2");
    unsetenv("AWS_DEFAULT_REGION");
    setenv("AWS_PROFILE", "p", 1);
    aws_home_read(home, "[default]\nregion = eu-west-3\n[profile p]\nregion =\n");
    assert_region(home, "(none)");
    assert_int_equal(log_catcher_lines(&home->log), 0);
}

static void what_is_no_region_is_said_once_and_passed_over(void **state)
{
    struct aws_home *home = *state;
    setenv("AWS_REGION", "eu west 1", 1);
    setenv("AWS_DEFAULT_REGION", "evil.example/", 1);
    aws_home_read(home, "[default]\nregion = eu-west-1 # Ireland\n");
    for (int i = 0; i < 3; i++)
        assert_region(home, "(none)");
    assert_int_equal(log_catcher_lines(&home->log), 3);
    assert_int_equal(log_catcher_count(&home->log, "AWS_REGION is passed over"), 1);
    assert_int_equal(log_catcher_count(&home->log, "AWS_DEFAULT_REGION is passed over"), 1);
    assert_int_equal(log_catcher_count(&home->log, "region of the profile"), 1);
    assert_int_equal(log_catcher_count(&home->log, "evil"), 0);
    setenv("AWS_DEFAULT_REGION", "eu-west-2", 1);
    assert_region(home, "eu-west-2");
}

static void the_ca_bundle_is_the_environments_or_the_profiles(void **state)
{
    struct aws_home *home = *state;
    aws_home_read(home, "[default]\nregion = a\n");
    assert_null(aws_ca_bundle(&home->profiles));
    aws_home_read(home, "[default]\nca_bundle = /etc/one.pem\n");
    assert_string_equal(aws_ca_bundle(&home->profiles), "/etc/one.pem");
    setenv("AWS_CA_BUNDLE", "/etc/two.pem", 1);
    assert_string_equal(aws_ca_bundle(&home->profiles), "/etc/two.pem");
    setenv("AWS_CA_BUNDLE", "", 1);
    assert_string_equal(aws_ca_bundle(&home->profiles), "/etc/one.pem");
}

static void nothing_read_is_nothing_set(void **state)
{
    struct aws_home *home = *state;
    assert_null(aws_region_of(&home->profiles));
    assert_null(aws_ca_bundle(&home->profiles));
    setenv("AWS_USE_FIPS_ENDPOINT", "maybe", 1);
    assert_false(aws_switch_is_on(&home->profiles, AWS_USE_FIPS));
    assert_int_equal(log_catcher_lines(&home->log), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, aws_home_setup, aws_home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(switches_are_on_in_any_case_of_true),
        TEST(the_environment_goes_before_the_profile),
        TEST(what_is_neither_true_nor_false_is_said_once_and_not_set),
        TEST(one_switch_is_not_another),
        TEST(the_region_is_looked_for_in_order),
        TEST(what_is_no_region_is_said_once_and_passed_over),
        TEST(the_ca_bundle_is_the_environments_or_the_profiles),
        TEST(nothing_read_is_nothing_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
