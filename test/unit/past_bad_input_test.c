// SPDX-License-Identifier: Apache-2.0
// What a journal says of another boot may be anything: what is not of the form of the metadata
// service's answers is left out, and nothing else with it.
#include <string.h>

#include "identity/past.h"
#include "support/identity_fixture.h"
#include "support/unit.h"

// What the past tells again of what it was given; the caller's reference.
static json_t *retell(struct identity_fixture *fixture, const json_t *who)
{
    struct past past;
    past_init(&past, &fixture->options, who);
    json_t *told = identity_tell(&past.identity);
    past_finish(&past);
    return told;
}

static void assert_nothing_known(struct identity_fixture *fixture, const json_t *who)
{
    json_auto_t *told = retell(fixture, who);
    assert_int_equal(json_object_size(json_object_get(told, "instance")), 0);
    assert_int_equal(json_object_size(json_object_get(told, "enis")), 0);
    assert_null(json_object_get(told, "cluster"));
}

static void what_is_no_note_says_nothing(void **state)
{
    static const char *const texts[] = {"null", "[]", "\"who\"", "1", "true", "{}", "[{}]",
        "{\"instance\": []}", "{\"instance\": null, \"enis\": null, \"cluster\": null}",
        "{\"instance\": \"InstanceId\", \"enis\": [\"02:00:00:00:00:01\"], \"cluster\": 1}",
        "{\"InstanceId\": \"i-0123456789abcdef0\"}", "{\"enis\": {\"\": {}}}",
        "{\"host\": {\"enis\": {\"02:00:00:00:00:01\": {}}}}"};
    assert_nothing_known(*state, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        json_auto_t *who = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        assert_non_null(who);
        assert_nothing_known(*state, who);
    }
}

static void a_value_of_another_form_is_left_out_alone(void **state)
{
    static const char *const bad[] = {"1", "null", "[\"i-0123456789abcdef0\"]", "\"\"",
        "\"i-0123456789ABCDEF0\"", "\"i-0123456789abcdef\"", "\"i-0123456789abcdef0\\u0000\"",
        "\" i-0123456789abcdef0\"", "\"eni-0123456789abcdef0\"", "\"\\u00e9\"", "true", "{}"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        scoped_free char *text = xasprintf("{\"instance\": {\"InstanceId\": %s, \"Region\": "
                                           "\"us-east-1\", \"No\": \"label\"}}",
            bad[i]);
        json_auto_t *who = json_loads(text, JSON_ALLOW_NUL, NULL);
        assert_non_null(who);
        json_auto_t *told = retell(*state, who);
        json_auto_t *expected = json_pack("{s:s}", "Region", "us-east-1");
        assert_true(json_equal(json_object_get(told, "instance"), expected));
    }
}

static void every_fact_has_its_own_form(void **state)
{
    static const char *const labels[] = {"InstanceId", "ImageId", "AccountId", "PrivateIpAddress",
        "NetworkInterfaceId", "SubnetId", "VpcId", "OwnerId", "SecurityGroupIds", "DeviceIndex",
        "NetworkCardIndex"};
    for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
        json_auto_t *who = json_pack("{s:{s:s}, s:{s:{s:s}}}", "instance", labels[i], "word",
            "enis", "02:00:00:00:00:01", labels[i], "word");
        json_auto_t *told = retell(*state, who);
        json_auto_t *enis = json_pack("{s:{}}", "02:00:00:00:00:01");
        assert_int_equal(json_object_size(json_object_get(told, "instance")), 0);
        assert_true(json_equal(json_object_get(told, "enis"), enis));
    }
}

static void the_cluster_and_the_host_have_the_form_of_names(void **state)
{
    static const char *const bad[] = {"\"\"", "\"-blue\"", "\"a b\"", "\"blue\\n\"",
        "\"blu\\u0000e\"", "1", "\"\\u00fc\"",
        ("\"012345678901234567890123456789012345678901234567890123456789012345678901234567890123456"
         "7"
         "890123456789a\"")};
    struct identity_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        scoped_free char *text = xasprintf("{\"cluster\": %s}", bad[i]);
        json_auto_t *who = json_loads(text, JSON_ALLOW_NUL, NULL);
        assert_non_null(who);
        assert_nothing_known(fixture, who);
    }
    char host[300] = {0};
    memset(host, 'h', 256); // one more than there is room for
    const char *const bad_hosts[] = {"", " ", "a\tb", "\xc3\xbc", host};
    json_auto_t *own = retell(fixture, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(bad_hosts); i++) {
        json_auto_t *who = json_pack("{s:s}", "host", bad_hosts[i]);
        json_auto_t *told = retell(fixture, who);
        assert_true(json_equal(told, own));
    }
    host[255] = '\0';
    json_auto_t *who = json_pack("{s:s}", "host", host);
    json_auto_t *told = retell(fixture, who);
    assert_string_equal(json_string_value(json_object_get(told, "host")), host);
}

static void what_is_no_mac_is_no_eni_and_case_makes_no_other(void **state)
{
    json_auto_t *who = json_loads("{\"enis\": {\"02:00:00:00:00:0g\": {}, \"eth0\": {}, "
                                  "\"02:00:00:00:00:AB\": {\"SubnetId\": \"subnet-12345678\"}, "
                                  "\"02:00:00:00:00:ab\": {\"SubnetId\": \"subnet-87654321\", "
                                  "\"VpcId\": \"vpc-12345678\"}, \"02:00:00:00:00:01\": 1}}",
        0, NULL);
    assert_non_null(who);
    json_auto_t *told = retell(*state, who);
    json_auto_t *expected = json_pack("{s:{s:s, s:s}, s:{}}", "02:00:00:00:00:ab", "SubnetId",
        "subnet-12345678", "VpcId", "vpc-12345678", "02:00:00:00:00:01");
    assert_true(json_equal(json_object_get(told, "enis"), expected));
}

static void enis_beyond_the_most_are_left_out(void **state)
{
    json_auto_t *enis = json_object();
    for (unsigned int i = 0; i < 2 * ENI_TABLE_MAX; i++) {
        scoped_free char *mac = xasprintf("02:00:00:00:%02x:%02x", i >> 8, i & 0xff);
        json_object_set_new(enis, mac, json_pack("{s:s}", "VpcId", "vpc-12345678"));
    }
    json_auto_t *who = json_pack("{s:O}", "enis", enis);
    json_auto_t *told = retell(*state, who);
    assert_int_equal(json_object_size(json_object_get(told, "enis")), ENI_TABLE_MAX);
}

static void it_is_finished_when_it_never_began(void **state)
{
    (void)state;
    struct past past = {0};
    past_finish(&past);
    past_finish(NULL);
}

#define TEST(name) identity_fixture_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_note_says_nothing),
        TEST(a_value_of_another_form_is_left_out_alone),
        TEST(every_fact_has_its_own_form),
        TEST(the_cluster_and_the_host_have_the_form_of_names),
        TEST(what_is_no_mac_is_no_eni_and_case_makes_no_other),
        TEST(enis_beyond_the_most_are_left_out),
        TEST(it_is_finished_when_it_never_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
