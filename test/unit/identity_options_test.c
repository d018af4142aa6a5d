// SPDX-License-Identifier: Apache-2.0
// Where the metadata service is, by configuration and environment, and what the keys about it take.
#include <string.h>

#include "aws/imds.h"
#include "setting.h"
#include "support/identity_fixture.h"
#include "support/unit.h"

static const char *const variables[] = {"AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"};

static int set_up(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        unsetenv(variables[i]);
    return identity_fixture_setup(state);
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        unsetenv(variables[i]);
    return identity_fixture_teardown(state);
}

static void say(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

static void assert_endpoint(const struct identity_fixture *fixture, const char *expected)
{
    scoped_free char *endpoint = NULL;
    const char *reason = NULL;
    assert_int_equal(identity_endpoint(&fixture->options, &endpoint, &reason), 0);
    assert_string_equal(endpoint, expected);
    assert_null(reason);
}

static void assert_no_endpoint(
    const struct identity_fixture *fixture, int outcome, const char *words)
{
    char *endpoint = NULL;
    const char *reason = NULL;
    assert_int_equal(identity_endpoint(&fixture->options, &endpoint, &reason), outcome);
    assert_null(endpoint);
    assert_non_null(strstr(reason, words));
}

static void it_is_the_usual_address(void **state)
{
    assert_endpoint(*state, "http://169.254.169.254");
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        say(variables[i], "");
    assert_endpoint(*state, "http://169.254.169.254");
}

static void the_mode_chooses_the_family(void **state)
{
    say("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    assert_endpoint(*state, "http://[fd00:ec2::254]");
    say("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv4");
    assert_endpoint(*state, "http://169.254.169.254");
    say("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5");
    assert_no_endpoint(*state, IDENTITY_BAD_ENVIRONMENT, "IPv4 or IPv6");
}

static void the_environment_may_name_it(void **state)
{
    say("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    say("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338/");
    assert_endpoint(*state, "http://127.0.0.1:1338");
    say("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[::1]:1338");
    assert_endpoint(*state, "http://[::1]:1338");
    static const char *const bad[] = {"127.0.0.1", "ftp://a", "http://", "http://a/b", "http://a b",
        "http://a\r\nX: y", "http://a@b", "http://a?b", "HTTP//"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        say("AWS_EC2_METADATA_SERVICE_ENDPOINT", bad[i]);
        assert_no_endpoint(*state, IDENTITY_BAD_ENVIRONMENT, "AWS_EC2_METADATA_SERVICE_ENDPOINT: ");
    }
}

static void the_configuration_comes_before_the_environment(void **state)
{
    identity_fixture_set(*state, "imds_endpoint", NULL, "http://10.0.0.1:80/");
    say("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338");
    say("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "nonsense");
    assert_endpoint(*state, "http://10.0.0.1:80");
}

static void either_may_switch_it_off(void **state)
{
    say("AWS_EC2_METADATA_DISABLED", "True");
    assert_no_endpoint(*state, IDENTITY_NO_IMDS, "AWS_EC2_METADATA_DISABLED");
    say("AWS_EC2_METADATA_DISABLED", "false");
    assert_endpoint(*state, "http://169.254.169.254");
    identity_fixture_set(*state, "imds", NULL, "off");
    assert_no_endpoint(*state, IDENTITY_NO_IMDS, "identity.imds = off");
}

static const struct option *row(const char *name)
{
    for (size_t i = 0; i < identity_option_table.n_rows; i++)
        if (strcmp(identity_option_table.rows[i].name, name) == 0)
            return &identity_option_table.rows[i];
    fail_msg("no row %s", name);
    return NULL;
}

struct setting {
    const char *key, *name, *value;
};

static bool is_taken(struct identity_fixture *fixture, const struct setting *setting)
{
    scoped_free char *complaint = setting_parse(
        row(setting->key), &fixture->options, setting->name, setting->value);
    return complaint == NULL;
}

static void what_each_key_takes(void **state)
{
    static const struct setting good[] = {{"imds", NULL, "auto"},
        {"imds_endpoint", NULL, "https://imds.internal:8443"}, {"wait", NULL, "0s"},
        {"wait", NULL, "24h"}, {"cluster_from", NULL, "user-data"}, {"cluster_from", NULL, "none"},
        {"cluster_from", NULL, "tags,nodeadm , user-data"}, {"cluster_tags", NULL, "a+b-c=d._:@9"},
        {"eni", "02:AB:00:00:00:01", "eni-12345678"},
        {"eni", "02:ab:00:00:00:02", "eni-0123456789abcdef0"},
        {"dimension", "InstanceType", "m5.large"}, {"dimension", "AvailabilityZone", "a"}};
    static const struct setting bad[] = {{"imds", NULL, "on"}, {"imds_endpoint", NULL, "imds"},
        {"imds_endpoint", NULL, "http://imds/latest"}, {"wait", NULL, "25h"}, {"wait", NULL, "-1s"},
        {"cluster_from", NULL, "tags, imds"}, {"cluster_tags", NULL, "a/b"},
        {"cluster_tags", NULL, "a b"}, {"eni", "02:ab:00:00:00", "eni-12345678"},
        {"eni", "ens5", "eni-12345678"}, {"eni", "02:ab:00:00:00:01", "eni-1"},
        {"eni", "02:ab:00:00:00:01", ""}, {"dimension", "SubnetId", "subnet-12345678"},
        {"dimension", "unidentified", "x"}, {"dimension", "ResourceType", "x"},
        {"property", "Identifier", "x"}, {"property", "InstanceType", "x"}};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        if (!is_taken(*state, &good[i]))
            fail_msg("refused: %s = %s", good[i].key, good[i].value);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (is_taken(*state, &bad[i]))
            fail_msg("taken: %s = %s", bad[i].key, bad[i].value);
}

static void each_source_of_the_cluster_stands_once(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_set(fixture, "cluster_from", NULL, "tags, nodeadm");
    assert_null(identity_options_check(&fixture->options));
    identity_fixture_set(fixture, "cluster_from", NULL, "tags, nodeadm, tags");
    assert_non_null(identity_options_check(&fixture->options));
}

static void macs_are_found_in_either_case(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_set(fixture, "eni", "02:AB:00:00:00:01", "eni-12345678");
    assert_string_equal(
        identity_option(&fixture->options.enis, "02:ab:00:00:00:01", true), "eni-12345678");
    assert_null(identity_option(&fixture->options.enis, "02:ab:00:00:00:02", true));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_the_usual_address),
        TEST(the_mode_chooses_the_family),
        TEST(the_environment_may_name_it),
        TEST(the_configuration_comes_before_the_environment),
        TEST(either_may_switch_it_off),
        TEST(what_each_key_takes),
        TEST(each_source_of_the_cluster_stands_once),
        TEST(macs_are_found_in_either_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
