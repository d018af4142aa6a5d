// SPDX-License-Identifier: Apache-2.0
// Endpoints. Hosts are those of the services' endpoint rule sets (botocore 1.43.67); all regions
// are compared in test/interop/endpoint_differential.py.
#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/partition.h"
#include "base.h"
#include "support/aws_home.h"
#include "support/unit.h"

static void assert_endpoint(
    struct aws_home *home, enum aws_service service, const char *region, const char *expected)
{
    char *complaint = NULL;
    struct aws_endpoint_wish wish = {.service = service, .profiles = &home->profiles};
    scoped_free char *endpoint = aws_endpoint(&wish, region, &complaint);
    assert_null(complaint);
    assert_string_equal(endpoint, expected);
}

// The complaint has these words in it.
static void assert_complaint(
    struct aws_home *home, enum aws_service service, const char *region, const char *words)
{
    char *complaint = NULL;
    struct aws_endpoint_wish wish = {.service = service, .profiles = &home->profiles};
    assert_null(aws_endpoint(&wish, region, &complaint));
    assert_non_null(complaint);
    assert_non_null(strstr(complaint, words));
    free(complaint);
}

struct variant {
    bool is_fips, is_dual_stack;
    const char *region;
    const char *hosts[AWS_N_SERVICES];
};

static void hosts_are_those_of_the_rule_sets(void **state)
{
    static const struct variant variants[] = {
        {false, false, "eu-west-1",
            {"monitoring.eu-west-1.amazonaws.com", "logs.eu-west-1.amazonaws.com",
                "sts.eu-west-1.amazonaws.com"}},
        {true, false, "us-east-1",
            {"monitoring-fips.us-east-1.amazonaws.com", "logs-fips.us-east-1.amazonaws.com",
                "sts-fips.us-east-1.amazonaws.com"}},
        {false, true, "ap-south-1",
            {"monitoring.ap-south-1.api.aws", "logs.ap-south-1.api.aws", "sts.ap-south-1.api.aws"}},
        {true, true, "us-west-2",
            {"monitoring-fips.us-west-2.api.aws", "logs-fips.us-west-2.api.aws",
                "sts-fips.us-west-2.api.aws"}},
        {false, false, "us-gov-west-1",
            {"monitoring.us-gov-west-1.amazonaws.com", "logs.us-gov-west-1.amazonaws.com",
                "sts.us-gov-west-1.amazonaws.com"}},
        {true, false, "us-gov-west-1",
            {"monitoring.us-gov-west-1.amazonaws.com", "logs.us-gov-west-1.amazonaws.com",
                "sts.us-gov-west-1.amazonaws.com"}},
        {true, true, "us-gov-east-1",
            {"monitoring.us-gov-east-1.api.aws", "logs-fips.us-gov-east-1.api.aws",
                "sts-fips.us-gov-east-1.api.aws"}},
        // One that nobody knows yet: the rule set of the logs names the two that there are.
        {true, false, "us-gov-north-1",
            {"monitoring.us-gov-north-1.amazonaws.com", "logs-fips.us-gov-north-1.amazonaws.com",
                "sts.us-gov-north-1.amazonaws.com"}},
        {true, true, "cn-north-1",
            {"monitoring-fips.cn-north-1.api.amazonwebservices.com.cn",
                "logs-fips.cn-north-1.api.amazonwebservices.com.cn",
                "sts-fips.cn-north-1.api.amazonwebservices.com.cn"}},
    };
    struct aws_home *home = *state;
    for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
        setenv("AWS_USE_FIPS_ENDPOINT", variants[i].is_fips ? "true" : "false", 1);
        setenv("AWS_USE_DUALSTACK_ENDPOINT", variants[i].is_dual_stack ? "true" : "false", 1);
        for (size_t k = 0; k < AWS_N_SERVICES; k++) {
            scoped_free char *expected = xasprintf("https://%s", variants[i].hosts[k]);
            assert_endpoint(home, (enum aws_service)k, variants[i].region, expected);
        }
    }
}

static void each_partition_has_its_domain(void **state)
{
    static const struct {
        const char *region, *partition, *host, *dual_stack_host;
    } cases[] = {
        {"us-east-1", "aws", "logs.us-east-1.amazonaws.com", "logs.us-east-1.api.aws"},
        {"mx-central-1", "aws", "logs.mx-central-1.amazonaws.com", "logs.mx-central-1.api.aws"},
        {"zz-moon-1", "aws", "logs.zz-moon-1.amazonaws.com", "logs.zz-moon-1.api.aws"},
        {"cn-northwest-1", "aws-cn", "logs.cn-northwest-1.amazonaws.com.cn",
            "logs.cn-northwest-1.api.amazonwebservices.com.cn"},
        {"us-gov-east-1", "aws-us-gov", "logs.us-gov-east-1.amazonaws.com",
            "logs.us-gov-east-1.api.aws"},
        {"eusc-de-east-1", "aws-eusc", "logs.eusc-de-east-1.amazonaws.eu",
            "logs.eusc-de-east-1.api.amazonwebservices.eu"},
        {"us-iso-west-1", "aws-iso", "logs.us-iso-west-1.c2s.ic.gov",
            "logs.us-iso-west-1.api.aws.ic.gov"},
        {"us-isob-east-1", "aws-iso-b", "logs.us-isob-east-1.sc2s.sgov.gov",
            "logs.us-isob-east-1.api.aws.scloud"},
        {"eu-isoe-west-1", "aws-iso-e", "logs.eu-isoe-west-1.cloud.adc-e.uk",
            "logs.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
        {"us-isof-south-1", "aws-iso-f", "logs.us-isof-south-1.csp.hci.ic.gov",
            "logs.us-isof-south-1.api.aws.hci.ic.gov"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_string_equal(aws_partition_of(cases[i].region)->name, cases[i].partition);
        scoped_free char *plain = xasprintf("https://%s", cases[i].host);
        scoped_free char *dual_stack = xasprintf("https://%s", cases[i].dual_stack_host);
        unsetenv("AWS_USE_DUALSTACK_ENDPOINT");
        assert_endpoint(*state, AWS_LOGS, cases[i].region, plain);
        setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
        assert_endpoint(*state, AWS_LOGS, cases[i].region, dual_stack);
    }
}

static void a_region_is_a_label_of_a_host_name(void **state)
{
    static const char *const good[] = {"us-east-1", "eu-isoe-west-1", "X", "a1", "1a",
        "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-012345678"}; // 63
    static const char *const bad[] = {"", "-", "-a", "a-", "1", "12", "a.b", "a b", "a/b", "a@b",
        "a:80", "a\n", "\xc3\xbc", "a_b", "a#",
        "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-0123456789",
        // They stand for regions in older settings and in AWS's data, and no host has them.
        "aws-global", "aws-us-gov-global", "fips-us-east-1", "us-east-1-fips"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(aws_is_region(good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_false(aws_is_region(bad[i]));
        assert_complaint(*state, AWS_STS, bad[i], "the region is none");
    }
    assert_complaint(*state, AWS_STS, NULL, "AWS_REGION");
}

// From the last resort to what goes before all: botocore's order, and our own configuration.
static void whoever_gave_an_endpoint_is_heard_in_order(void **state)
{
    struct aws_home *home = *state;
    aws_home_read(home, "[default]\nendpoint_url = http://profile\n");
    assert_endpoint(home, AWS_LOGS, "eu-west-1", "http://profile");
    aws_home_read(home,
        "[default]\nendpoint_url = http://profile\nservices = s\n[services s]\nlogs =\n"
        "  endpoint_url = http://wrong\ncloudwatch_logs =\n  endpoint_url = http://services\n");
    assert_endpoint(home, AWS_LOGS, "eu-west-1", "http://services");
    assert_endpoint(home, AWS_STS, "eu-west-1", "http://profile");
    setenv("AWS_ENDPOINT_URL", "http://environment", 1);
    assert_endpoint(home, AWS_LOGS, "eu-west-1", "http://environment");
    setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://own", 1);
    assert_endpoint(home, AWS_LOGS, "eu-west-1", "http://own");
    assert_endpoint(home, AWS_CLOUDWATCH, "eu-west-1", "http://environment");
    char *complaint = NULL;
    struct aws_endpoint_wish wish = {AWS_LOGS, "http://configured", &home->profiles};
    scoped_free char *endpoint = aws_endpoint(&wish, "eu-west-1", &complaint);
    assert_string_equal(endpoint, "http://configured");
}

static void each_service_has_its_variable_and_key(void **state)
{
    static const char *const variables[] = {[AWS_CLOUDWATCH] = "AWS_ENDPOINT_URL_CLOUDWATCH",
        [AWS_LOGS] = "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
        [AWS_STS] = "AWS_ENDPOINT_URL_STS"};
    static const char *const keys[] = {
        [AWS_CLOUDWATCH] = "cloudwatch", [AWS_LOGS] = "cloudwatch_logs", [AWS_STS] = "sts"};
    struct aws_home *home = *state;
    for (size_t i = 0; i < AWS_N_SERVICES; i++) {
        scoped_free char *config = xasprintf(
            "[default]\nservices = a b\n[services 'a b']\n%s =\n  endpoint_url = http://key\n",
            keys[i]);
        aws_home_read(home, config);
        for (size_t k = 0; k < AWS_N_SERVICES; k++)
            assert_endpoint(home, (enum aws_service)k, "aq-1",
                k == i              ? "http://key"
                    : k == AWS_LOGS ? "https://logs.aq-1.amazonaws.com"
                    : k == AWS_STS  ? "https://sts.aq-1.amazonaws.com"
                                    : "https://monitoring.aq-1.amazonaws.com");
        setenv(variables[i], "http://variable", 1);
        assert_endpoint(home, (enum aws_service)i, "aq-1", "http://variable");
        unsetenv(variables[i]);
    }
}

static void empty_endpoints_are_not_given(void **state)
{
    struct aws_home *home = *state;
    aws_home_read(
        home, "[default]\nendpoint_url =\nservices = s\n[services s]\nsts =\n  endpoint_url =\n");
    setenv("AWS_ENDPOINT_URL", "", 1);
    setenv("AWS_ENDPOINT_URL_STS", "", 1);
    char *complaint = NULL;
    struct aws_endpoint_wish wish = {AWS_STS, "", &home->profiles};
    scoped_free char *endpoint = aws_endpoint(&wish, "eu-west-1", &complaint);
    assert_string_equal(endpoint, "https://sts.eu-west-1.amazonaws.com");
}

static void given_endpoints_can_be_ignored_but_for_our_own(void **state)
{
    struct aws_home *home = *state;
    aws_home_read(home,
        "[default]\nendpoint_url = http://a\nservices = nowhere\n"
        "ignore_configured_endpoint_urls = true\n");
    setenv("AWS_ENDPOINT_URL", "http://b", 1);
    setenv("AWS_ENDPOINT_URL_STS", "http://c", 1);
    assert_endpoint(home, AWS_STS, "eu-west-1", "https://sts.eu-west-1.amazonaws.com");
    char *complaint = NULL;
    struct aws_endpoint_wish wish = {AWS_STS, "http://d", &home->profiles};
    scoped_free char *endpoint = aws_endpoint(&wish, NULL, &complaint);
    assert_string_equal(endpoint, "http://d");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", 1);
    assert_endpoint(home, AWS_STS, "eu-west-1", "http://c");
}

static void a_given_endpoint_stays_as_it_is(void **state)
{
    struct aws_home *home = *state;
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    setenv("AWS_ENDPOINT_URL", "https://vpce-0a.logs.eu-west-1.vpce.amazonaws.com/a/b//", 1);
    assert_endpoint(home, AWS_LOGS, NULL, "https://vpce-0a.logs.eu-west-1.vpce.amazonaws.com/a/b");
    setenv("AWS_ENDPOINT_URL", "http://[::1]:4566/", 1);
    assert_endpoint(home, AWS_LOGS, "no region", "http://[::1]:4566");
}

static void a_services_section_that_is_missing_is_complained_of(void **state)
{
    struct aws_home *home = *state;
    aws_home_read(home, "[default]\nendpoint_url = http://a\nservices = s\n[services t]\n");
    assert_complaint(home, AWS_STS, "eu-west-1", "services section");
    setenv("AWS_ENDPOINT_URL_STS", "http://b", 1);
    assert_endpoint(home, AWS_STS, "eu-west-1", "http://b");
    unsetenv("AWS_ENDPOINT_URL_STS");
    aws_home_read(home, "[default]\nendpoint_url = http://a\nservices = s\n[services s]\n");
    assert_endpoint(home, AWS_STS, "eu-west-1", "http://a");
}

static void a_wrong_endpoint_is_complained_of_where_it_stands(void **state)
{
    struct aws_home *home = *state;
    aws_home_read(home, "[default]\nendpoint_url = http://user:secret@a\n");
    assert_complaint(home, AWS_STS, "eu-west-1", "the profile, endpoint_url: allowed is http");
    setenv("AWS_ENDPOINT_URL", "a", 1);
    assert_complaint(home, AWS_STS, "eu-west-1", "AWS_ENDPOINT_URL: allowed");
    setenv("AWS_ENDPOINT_URL_STS", "a", 1);
    assert_complaint(home, AWS_STS, "eu-west-1", "AWS_ENDPOINT_URL_STS: allowed");
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_ENDPOINT_URL_STS");
    aws_home_read(
        home, "[default]\nservices = s\n[services s]\nsts =\n  endpoint_url = ftp://secret\n");
    assert_complaint(home, AWS_STS, "eu-west-1", "sts.endpoint_url: allowed");
    char *complaint = NULL;
    struct aws_endpoint_wish wish = {AWS_STS, "http://user:secret@a", &home->profiles};
    assert_null(aws_endpoint(&wish, "eu-west-1", &complaint));
    assert_null(strstr(complaint, "secret"));
    assert_non_null(strstr(complaint, "configuration: allowed"));
    free(complaint);
}

static void an_endpoint_has_a_scheme_and_a_host(void **state)
{
    (void)state;
    static const char *const good[] = {"http://localhost", "https://a.b", "http://127.0.0.1:4566",
        "https://[fd00:ec2::254]", "https://[::1]:443/", "http://a_b-c.d0e:1", "https://a.b/",
        "https://a.b/c/%2F~-._!$&'()*+,;=:@//", "http://a.:65535"};
    static const char *const bad[] = {"", "a", "http", "http:", "http:/", "http://", "https:///a",
        "HTTP://a", "ftp://a", "//a", "http://a:0", "http://a:65536", "http://a:", "http://a:b",
        "http://:80", "http://u@a", "http://u:p@a", "http://a?b", "http://a/?b", "http://a#b",
        "http://a/b#", "http://a b", "http://a/b c", "http://a\n", "http://a/\n", "http://::1",
        "http://[::1", "http://::1]", "http://[a]", "http://[::1]80", "http://[::1%25eth0]",
        "http://256.1.1.1", "http://1.1", "http://a/%", "http://a/%2", "http://a/%2g",
        "http://a/\xc3\xbc", "http://\xc3\xbc", "http://a\\b", "http://a/\\", " http://a"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_null(aws_endpoint_check("name", good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_non_null(aws_endpoint_check("name", bad[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, aws_home_setup, aws_home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hosts_are_those_of_the_rule_sets),
        TEST(each_partition_has_its_domain),
        TEST(a_region_is_a_label_of_a_host_name),
        TEST(whoever_gave_an_endpoint_is_heard_in_order),
        TEST(each_service_has_its_variable_and_key),
        TEST(empty_endpoints_are_not_given),
        TEST(given_endpoints_can_be_ignored_but_for_our_own),
        TEST(a_given_endpoint_stays_as_it_is),
        TEST(a_services_section_that_is_missing_is_complained_of),
        TEST(a_wrong_endpoint_is_complained_of_where_it_stands),
        TEST(an_endpoint_has_a_scheme_and_a_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
