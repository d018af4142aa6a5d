// SPDX-License-Identifier: Apache-2.0
// The daemon is started again in the same boot: what was told before is known at once.
#include <stdio.h>

#include "identity/past.h"
#include "support/identity_fixture.h"
#include "support/unit.h"

#define INSTANCE 0

#define ASSERT_LABEL(fixture, eni, name, expected)                                                 \
    assert_string_equal(identity_fixture_value(fixture, eni, name), expected)

static bool has_imds(const struct identity_fixture *fixture)
{
    return fixture->options.imds != IDENTITY_IMDS_OFF;
}

// As identity_fixture_start(), with what the one before has told.
static void start_again(struct identity_fixture *fixture)
{
    json_auto_t *who = identity_tell(&fixture->identity);
    identity_finish(&fixture->identity);
    identity_init(&fixture->identity,
        &(struct identity_setting){.options = &fixture->options,
            .http = has_imds(fixture) ? &fixture->http.base : NULL,
            .endpoint = SCRIPTED_ENDPOINT},
        &fixture->now);
    identity_recall(&fixture->identity, who);
}

static void labels_are_known_before_the_first_answer(void **state)
{
    static const char *const of_second[][2] = {{"InstanceId", "i-0123456789abcdef0"},
        {"InstanceType", "m5.large"}, {"Region", "us-east-1"}, {"ClusterName", "blue"},
        {"NetworkInterfaceId", "eni-00000002"}, {"DeviceIndex", "1"},
        {"SubnetId", "subnet-12345678"}, {"SecurityGroupIds", "sg-12345678,sg-12345679"}};
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_set(fixture, "cluster_from", NULL, "tags");
    scripted_http_key(&fixture->http, "meta-data/tags/instance/", "eks:cluster-name");
    scripted_http_key(&fixture->http, "meta-data/tags/instance/eks:cluster-name", "blue");
    identity_fixture_start(fixture);
    identity_fixture_fall_silent(fixture);
    start_again(fixture);
    for (size_t i = 0; i < ARRAY_SIZE(of_second); i++)
        ASSERT_LABEL(fixture, 2, of_second[i][0], of_second[i][1]);
    identity_fixture_pass(fixture, 600); // seen, and asked about in vain
    for (size_t i = 0; i < ARRAY_SIZE(of_second); i++)
        ASSERT_LABEL(fixture, 2, of_second[i][0], of_second[i][1]);
    assert_int_equal(log_catcher_count(&fixture->log, "within identity.wait"), 0);
    assert_int_equal(
        log_catcher_count(&fixture->log, "cluster blue, from what was noted earlier in this boot"),
        1);
}

// As all is told again, nothing is lost by another start.
static void what_is_told_stays_the_same(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    json_auto_t *before = identity_tell(&fixture->identity);
    identity_fixture_fall_silent(fixture);
    for (size_t i = 0; i < 3; i++) {
        start_again(fixture);
        fixture->n_enis = 2 - i; // fewer are seen each time
        identity_fixture_pass(fixture, 10);
        json_auto_t *after = identity_tell(&fixture->identity);
        assert_true(json_equal(before, after));
    }
}

static void it_is_asked_for_again_and_new_answers_count(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    start_again(fixture);
    size_t n_before = fixture->http.n_requests;
    scoped_free char *path = identity_fixture_path(2, "device-number");
    scripted_http_key(&fixture->http, path, "3");
    identity_fixture_pass(fixture, 1);
    ASSERT_LABEL(fixture, 2, "DeviceIndex", "3");
    assert_int_equal(
        scripted_http_count(&fixture->http, n_before, "GET", "dynamic/instance-identity/document"),
        1);
}

static void an_eni_that_was_attached_again_since_is_asked_about(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    start_again(fixture);
    identity_fixture_pass(fixture, 1);
    identity_fixture_fall_silent(fixture);
    fixture->enis[1].ifindex = 9; // after it was seen: then it has another place
    identity_fixture_pass(fixture, 1);
    ASSERT_LABEL(fixture, 2, "NetworkInterfaceId", "eni-00000002");
    ASSERT_LABEL(fixture, 2, "DeviceIndex", "(pending)");
}

static void nobody_asks_about_an_eni_that_has_left(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    fixture->now.boot_ns = 30 * NS_PER_S; // what was never seen would be of just now
    start_again(fixture);
    size_t n_before = fixture->http.n_requests;
    fixture->n_enis = 1;
    identity_fixture_pass(fixture, 400);
    assert_int_equal(scripted_http_count(&fixture->http, n_before, "GET",
                         "meta-data/network/interfaces/macs/02:00:00:00:00:02/*"),
        0);
    assert_int_equal(
        scripted_http_count(&fixture->http, n_before, "GET", "meta-data/network/interfaces/macs/"),
        1);
    assert_int_equal(log_catcher_count(&fixture->log, "within identity.wait"), 0);
    ASSERT_LABEL(fixture, 2, "NetworkInterfaceId", "eni-00000002");
}

// Of it nothing is missed either.
static void an_eni_that_has_left_unknown_is_not_waited_for(void **state)
{
    struct identity_fixture *fixture = *state;
    json_auto_t *who = json_pack("{s:{s:{}}}", "enis", "02:00:00:00:00:01");
    identity_fixture_tell_instance(fixture);
    identity_fixture_start(fixture);
    identity_recall(&fixture->identity, who);
    ASSERT_LABEL(fixture, 1, "NetworkInterfaceId", "02:00:00:00:00:01 (stand-in)");
    identity_fixture_pass(fixture, 400);
    assert_int_equal(log_catcher_count(&fixture->log, "within identity.wait"), 0);
}

// Which is then what the user wants; MACs are evidence all the same (past_claim_test.c).
static void with_the_service_off_its_answers_are_forgotten(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    identity_fixture_set(fixture, "imds", NULL, "off");
    start_again(fixture);
    char expected[300];
    snprintf(expected, sizeof(expected), "%s (stand-in)", fixture->identity.host_name);
    ASSERT_LABEL(fixture, INSTANCE, "InstanceId", expected);
    ASSERT_LABEL(fixture, 2, "NetworkInterfaceId", "02:00:00:00:00:02 (stand-in)");
    assert_non_null(eni_table_find(&fixture->identity.enis, &fixture->enis[1].mac));
}

static void a_cluster_that_is_configured_or_not_looked_for_is_not_recalled(void **state)
{
    struct identity_fixture *fixture = *state;
    json_auto_t *who = json_pack("{s:s}", "cluster", "blue");
    identity_fixture_start(fixture);
    identity_recall(&fixture->identity, who);
    ASSERT_LABEL(fixture, INSTANCE, "ClusterName", "(none)");
    identity_finish(&fixture->identity);
    identity_fixture_set(fixture, "cluster_from", NULL, "tags");
    identity_fixture_set(fixture, "cluster", NULL, "green");
    identity_fixture_start(fixture);
    identity_recall(&fixture->identity, who);
    ASSERT_LABEL(fixture, INSTANCE, "ClusterName", "green");
}

static void what_is_known_already_is_not_overwritten(void **state)
{
    struct identity_fixture *fixture = *state;
    json_auto_t *who = json_pack("{s:{s:s, s:s}, s:{s:{s:s}}}", "instance", "InstanceId",
        "i-0fedcba9876543210", "Region", "eu-west-1", "enis", "02:00:00:00:00:01", "SubnetId",
        "subnet-99999999");
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    identity_recall(&fixture->identity, who);
    identity_recall(&fixture->identity, NULL);
    ASSERT_LABEL(fixture, 1, "InstanceId", "i-0123456789abcdef0");
    ASSERT_LABEL(fixture, 1, "Region", "us-east-1");
    ASSERT_LABEL(fixture, 1, "SubnetId", "subnet-12345678");
}

// Those are the first to make room.
static void a_full_table_recalls_no_more(void **state)
{
    struct identity_fixture *fixture = *state;
    json_auto_t *enis = json_object();
    for (unsigned int i = 0; i < 2 * ENI_TABLE_MAX; i++) {
        scoped_free char *mac = xasprintf("06:00:00:00:%02x:%02x", i >> 8, i & 0xff);
        json_object_set_new(enis, mac, json_object());
    }
    json_auto_t *who = json_pack("{s:O}", "enis", enis);
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    identity_recall(&fixture->identity, who);
    assert_int_equal(fixture->identity.enis.n_entries, ENI_TABLE_MAX);
    identity_fixture_attach(fixture);
    identity_fixture_pass(fixture, 1);
    assert_int_equal(fixture->identity.enis.n_entries, ENI_TABLE_MAX);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(eni_table_find(&fixture->identity.enis, &fixture->enis[i].mac));
}

#define TEST(name) identity_fixture_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(labels_are_known_before_the_first_answer),
        TEST(what_is_told_stays_the_same),
        TEST(it_is_asked_for_again_and_new_answers_count),
        TEST(an_eni_that_was_attached_again_since_is_asked_about),
        TEST(nobody_asks_about_an_eni_that_has_left),
        TEST(an_eni_that_has_left_unknown_is_not_waited_for),
        TEST(with_the_service_off_its_answers_are_forgotten),
        TEST(a_cluster_that_is_configured_or_not_looked_for_is_not_recalled),
        TEST(what_is_known_already_is_not_overwritten),
        TEST(a_full_table_recalls_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
