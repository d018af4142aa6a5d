// SPDX-License-Identifier: Apache-2.0
// Who and where we are, from a metadata service in memory: the labels before and after, what stands
// in, and what the configuration overrides. How often it asks: identity_schedule_test.c.
#include <stdio.h>

#include "support/identity_fixture.h"
#include "support/unit.h"

#define INSTANCE 0

#define ASSERT_LABEL(fixture, eni, name, expected)                                                 \
    assert_string_equal(identity_fixture_value(fixture, eni, name), expected)

static void what_the_service_says_becomes_labels(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    static const char *const of_both[][2] = {{"InstanceId", "i-0123456789abcdef0"},
        {"InstanceType", "m5.large"}, {"ImageId", "ami-0123456789abcdef0"},
        {"AvailabilityZone", "us-east-1a"}, {"AvailabilityZoneId", "use1-az4"},
        {"Region", "us-east-1"}, {"AccountId", "012345678901"}, {"Partition", "aws"},
        {"PrivateIpAddress", "10.0.0.1"}, {"InstanceLifecycle", "on-demand"}};
    for (size_t i = 0; i < ARRAY_SIZE(of_both); i++)
        for (size_t eni = 0; eni <= 2; eni++)
            ASSERT_LABEL(fixture, eni, of_both[i][0], of_both[i][1]);
    static const char *const of_second[][2] = {{"NetworkInterfaceId", "eni-00000002"},
        {"DeviceIndex", "1"}, {"NetworkCardIndex", "0"}, {"SubnetId", "subnet-12345678"},
        {"VpcId", "vpc-12345678"}, {"OwnerId", "012345678901"},
        {"SecurityGroupIds", "sg-12345678,sg-12345679"}};
    for (size_t i = 0; i < ARRAY_SIZE(of_second); i++) {
        ASSERT_LABEL(fixture, 2, of_second[i][0], of_second[i][1]);
        ASSERT_LABEL(fixture, INSTANCE, of_second[i][0], "(none)");
    }
    ASSERT_LABEL(fixture, 1, "DeviceIndex", "0");
    ASSERT_LABEL(fixture, 1, "NetworkInterfaceId", "eni-00000001");
    assert_int_equal(fixture->identity.n_refused, 0);
    assert_int_equal(
        log_catcher_count(&fixture->log, "identity: i-0123456789abcdef0, m5.large in us-east-1a"),
        1);
    assert_int_equal(log_catcher_lines(&fixture->log), 1);
}

// Before there is an answer the host name stands in for a label; it is no place.
static void the_place_is_what_the_service_says(void **state)
{
    struct identity_fixture *fixture = *state;
    struct place place = {"a", "b"};
    fixture->http.is_held = true;
    identity_fixture_start(fixture);
    assert_true(identity_fixture_label(fixture, INSTANCE, "InstanceId")->is_stand_in);
    identity_place(&fixture->identity, &place);
    assert_null(place.instance_id);
    assert_null(place.region);
    fixture->http.is_held = false;
    identity_fixture_tell_all(fixture, 0);
    identity_fixture_pass(fixture, 60);
    identity_place(&fixture->identity, &place);
    assert_string_equal(place.instance_id, "i-0123456789abcdef0");
    assert_string_equal(place.region, "us-east-1");
}

// Requests go to the region that we are in, whatever a label calls it.
static void the_configuration_sets_the_id_of_the_place_and_not_its_region(void **state)
{
    struct identity_fixture *fixture = *state;
    struct place place;
    identity_fixture_tell_all(fixture, 0);
    identity_fixture_set(fixture, "instance_id", NULL, "i-1");
    identity_fixture_set(fixture, "dimension", "Region", "home");
    identity_fixture_start(fixture);
    ASSERT_LABEL(fixture, INSTANCE, "Region", "home");
    identity_place(&fixture->identity, &place);
    assert_string_equal(place.instance_id, "i-1");
    assert_string_equal(place.region, "us-east-1");
}

static void every_label_may_be_a_dimension(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 1);
    identity_fixture_start(fixture);
    identity_fixture_label(fixture, 1, "InstanceId");
    for (size_t i = 0; i < fixture->labels.n_labels; i++)
        assert_non_null(labels_dimension(&fixture->labels, fixture->labels.labels[i].name));
}

static void until_the_service_answers_labels_are_pending(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 1);
    fixture->http.is_held = true;
    identity_fixture_start(fixture);
    char expected[300];
    snprintf(expected, sizeof(expected), "%s (stand-in) (pending)", fixture->identity.host_name);
    ASSERT_LABEL(fixture, INSTANCE, "InstanceId", expected);
    ASSERT_LABEL(fixture, INSTANCE, "AvailabilityZone", "(pending)");
    ASSERT_LABEL(fixture, 1, "NetworkInterfaceId", "02:00:00:00:00:01 (stand-in) (pending)");
    ASSERT_LABEL(fixture, 1, "SubnetId", "(pending)");
    ASSERT_LABEL(fixture, INSTANCE, "ClusterName", "(none)");
    // Nobody asks about one that was never seen, or was forgotten.
    ASSERT_LABEL(fixture, 9, "NetworkInterfaceId", "02:00:00:00:00:09 (stand-in)");
    assert_true(identity_is_pending(&fixture->identity, &fixture->now));
    fixture->http.is_held = false;
    identity_fixture_pass(fixture, 0);
    ASSERT_LABEL(fixture, INSTANCE, "InstanceId", "i-0123456789abcdef0");
    ASSERT_LABEL(fixture, 1, "NetworkInterfaceId", "eni-00000001");
}

static void after_the_wait_nothing_is_pending_and_that_is_said(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_attach(fixture);
    identity_fixture_fall_silent(fixture);
    identity_fixture_start(fixture);
    identity_fixture_pass(fixture, 299);
    ASSERT_LABEL(fixture, INSTANCE, "Region", "(pending)");
    assert_int_equal(log_catcher_count(&fixture->log, "no instance id within identity.wait"), 0);
    uint64_t n_changes = fixture->identity.n_changes;
    identity_fixture_pass(fixture, 1);
    assert_true(fixture->identity.n_changes > n_changes);
    ASSERT_LABEL(fixture, INSTANCE, "Region", "(none)");
    ASSERT_LABEL(fixture, 1, "NetworkInterfaceId", "02:00:00:00:00:01 (stand-in)");
    assert_false(identity_is_pending(&fixture->identity, &fixture->now));
    identity_fixture_pass(fixture, 3600);
    assert_int_equal(log_catcher_count(&fixture->log, "no instance id within identity.wait"), 1);
    assert_int_equal(log_catcher_count(&fixture->log, "ens5: no ENI id within identity.wait"), 1);
    assert_int_equal(log_catcher_count(&fixture->log, "set identity.eni.02:00:00:00:00:01"), 1);
    assert_int_equal(log_catcher_lines(&fixture->log), 3);
}

// Records may wait for another label than the id: they have to hear of it too.
static void the_end_of_the_wait_is_a_change_where_only_the_id_is_known(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 1);
    scripted_http_answer(&fixture->http, "GET", "meta-data/placement/availability-zone-id",
        &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 404});
    scoped_free char *path = identity_fixture_path(1, "subnet-id");
    scripted_http_answer(&fixture->http, "GET", path,
        &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 404});
    identity_fixture_start(fixture);
    ASSERT_LABEL(fixture, INSTANCE, "InstanceId", "i-0123456789abcdef0");
    ASSERT_LABEL(fixture, INSTANCE, "AvailabilityZoneId", "(pending)");
    identity_fixture_pass(fixture, 299);
    ASSERT_LABEL(fixture, 1, "SubnetId", "(pending)");
    for (size_t fact = 0; fact < INSTANCE_MAX_QUESTIONS; fact++) // none of these is what is seen
        fixture->identity.instance.questions[fact].due_ns = QUESTION_NEVER;
    for (size_t fact = 0; fact < ENI_N_FACTS; fact++)
        fixture->identity.enis.entries[0]->questions[fact].due_ns = QUESTION_NEVER;
    uint64_t n_changes = fixture->identity.n_changes;
    identity_fixture_pass(fixture, 1);
    assert_true(fixture->identity.n_changes > n_changes);
    ASSERT_LABEL(fixture, INSTANCE, "AvailabilityZoneId", "(none)");
    ASSERT_LABEL(fixture, 1, "SubnetId", "(none)");
    assert_int_equal(log_catcher_count(&fixture->log, "within identity.wait"), 0);
}

static void a_service_that_is_down_for_90_seconds_is_no_harm(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    scripted_http_break(&fixture->http, &(struct scripted_answer){.outcome = HTTP_NO_CONTACT});
    identity_fixture_start(fixture);
    identity_fixture_pass(fixture, 90);
    ASSERT_LABEL(fixture, 1, "SubnetId", "(pending)");
    // 1 + 2 + 4 + 8 + 16 + 32 s, of which at least a half: 6 to 9 tries.
    assert_in_range(fixture->http.n_requests, 6, 10);
    scripted_http_recover(&fixture->http);
    identity_fixture_pass(fixture, 60); // the longest rest
    ASSERT_LABEL(fixture, INSTANCE, "InstanceId", "i-0123456789abcdef0");
    ASSERT_LABEL(fixture, 1, "NetworkInterfaceId", "eni-00000001");
    ASSERT_LABEL(fixture, 2, "NetworkInterfaceId", "eni-00000002");
    assert_int_equal(log_catcher_count(&fixture->log, "imds: "), 2); // away, and back
}

static void an_eni_that_comes_later_waits_for_itself_alone(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 1);
    identity_fixture_start(fixture);
    identity_fixture_pass(fixture, 1000);
    identity_fixture_attach(fixture);
    identity_fixture_pass(fixture, 30);
    ASSERT_LABEL(fixture, 1, "SubnetId", "subnet-12345678");
    ASSERT_LABEL(fixture, 2, "SubnetId", "(pending)");
    ASSERT_LABEL(fixture, 2, "NetworkInterfaceId", "02:00:00:00:00:02 (stand-in) (pending)");
    identity_fixture_tell_eni(fixture);
    identity_fixture_pass(fixture, 2);
    ASSERT_LABEL(fixture, 2, "NetworkInterfaceId", "eni-00000002");
    ASSERT_LABEL(fixture, 2, "SubnetId", "subnet-12345678");
}

// The record of an ENI that has left still waits when it is labelled.
static void an_eni_that_left_keeps_its_labels(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    fixture->n_enis = 1;
    identity_fixture_pass(fixture, 7200);
    ASSERT_LABEL(fixture, 2, "NetworkInterfaceId", "eni-00000002");
    ASSERT_LABEL(fixture, 9, "NetworkInterfaceId", "02:00:00:00:00:09 (stand-in)"); // never seen
}

static void who_has_an_id_has_all_the_rest(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 3);
    identity_init(&fixture->identity,
        &(struct identity_setting){
            &fixture->options, &fixture->http.base, SCRIPTED_ENDPOINT, false},
        &fixture->now);
    for (size_t i = 0; i < fixture->n_enis; i++)
        identity_see(&fixture->identity, &fixture->enis[i], &fixture->now);
    for (size_t i = 0; i < 60; i++) {
        identity_work(&fixture->identity, &fixture->now);
        char *const *facts = fixture->identity.instance.facts;
        for (size_t k = 0; facts[INSTANCE_ID] != NULL && k < INSTANCE_N_FACTS; k++)
            assert_non_null(facts[k]);
        for (size_t k = 0; k < 3; k++)
            for (size_t fact = 0; fact < ENI_N_FACTS; fact++)
                assert_true(fixture->identity.enis.entries[k]->facts[ENI_ID] == NULL ||
                    fixture->identity.enis.entries[k]->facts[fact] != NULL);
    }
    ASSERT_LABEL(fixture, 3, "NetworkInterfaceId", "eni-00000003");
}

static void the_configuration_wins(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_set(fixture, "instance_id", NULL, "i-fedcba9876543210f");
    identity_fixture_set(fixture, "eni", "02:00:00:00:00:02", "eni-fedcba98");
    identity_fixture_set(fixture, "dimension", "InstanceType", "mine");
    identity_fixture_set(fixture, "cluster", NULL, "blue");
    identity_fixture_start(fixture);
    ASSERT_LABEL(fixture, 2, "InstanceId", "i-fedcba9876543210f");
    ASSERT_LABEL(fixture, 2, "NetworkInterfaceId", "eni-fedcba98");
    ASSERT_LABEL(fixture, 1, "NetworkInterfaceId", "eni-00000001");
    ASSERT_LABEL(fixture, INSTANCE, "InstanceType", "mine");
    ASSERT_LABEL(fixture, INSTANCE, "ClusterName", "blue");
    ASSERT_LABEL(fixture, INSTANCE, "Region", "us-east-1");
}

static void what_is_configured_is_never_pending_nor_missed(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_attach(fixture);
    identity_fixture_fall_silent(fixture);
    identity_fixture_set(fixture, "instance_id", NULL, "i-fedcba9876543210f");
    identity_fixture_set(fixture, "eni", "02:00:00:00:00:01", "eni-fedcba98");
    identity_fixture_set(fixture, "dimension", "Region", "mine");
    identity_fixture_start(fixture);
    ASSERT_LABEL(fixture, 1, "InstanceId", "i-fedcba9876543210f");
    ASSERT_LABEL(fixture, 1, "NetworkInterfaceId", "eni-fedcba98");
    ASSERT_LABEL(fixture, 1, "Region", "mine");
    ASSERT_LABEL(fixture, 1, "SubnetId", "(pending)");
    identity_fixture_pass(fixture, 600);
    assert_int_equal(log_catcher_count(&fixture->log, "within identity.wait"), 0);
}

static void switched_off_it_sends_nothing_and_waits_for_nothing(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_set(fixture, "imds", NULL, "off");
    identity_fixture_set(fixture, "cluster_from", NULL, "nodeadm, tags, user-data");
    identity_fixture_set(fixture, "nodeadm_file", NULL, "/nonexistent/config.json");
    identity_fixture_start(fixture);
    ASSERT_LABEL(fixture, 1, "NetworkInterfaceId", "02:00:00:00:00:01 (stand-in)");
    ASSERT_LABEL(fixture, 1, "SubnetId", "(none)");
    assert_false(identity_is_pending(&fixture->identity, &fixture->now));
    identity_fixture_pass(fixture, 4000);
    assert_int_equal(fixture->http.n_requests, 0);
}

static void a_wait_of_nothing_waits_for_nothing_and_still_asks(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 1);
    identity_fixture_set(fixture, "wait", NULL, "0s");
    fixture->http.is_held = true;
    identity_fixture_start(fixture);
    ASSERT_LABEL(fixture, 1, "SubnetId", "(none)");
    assert_false(identity_is_pending(&fixture->identity, &fixture->now));
    fixture->http.is_held = false;
    identity_fixture_pass(fixture, 1);
    ASSERT_LABEL(fixture, 1, "SubnetId", "subnet-12345678");
}

static void it_is_finished_in_the_middle_of_a_question_and_twice(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 1);
    fixture->http.is_held = true;
    identity_fixture_start(fixture);
    assert_int_equal(fixture->http.n_live, 1);
    identity_finish(&fixture->identity);
    identity_finish(&fixture->identity);
    identity_finish(NULL);
}

#define TEST(name) identity_fixture_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_service_says_becomes_labels),
        TEST(the_place_is_what_the_service_says),
        TEST(the_configuration_sets_the_id_of_the_place_and_not_its_region),
        TEST(every_label_may_be_a_dimension),
        TEST(until_the_service_answers_labels_are_pending),
        TEST(after_the_wait_nothing_is_pending_and_that_is_said),
        TEST(the_end_of_the_wait_is_a_change_where_only_the_id_is_known),
        TEST(a_service_that_is_down_for_90_seconds_is_no_harm),
        TEST(an_eni_that_comes_later_waits_for_itself_alone),
        TEST(an_eni_that_left_keeps_its_labels),
        TEST(who_has_an_id_has_all_the_rest),
        TEST(the_configuration_wins),
        TEST(what_is_configured_is_never_pending_nor_missed),
        TEST(switched_off_it_sends_nothing_and_waits_for_nothing),
        TEST(a_wait_of_nothing_waits_for_nothing_and_still_asks),
        TEST(it_is_finished_in_the_middle_of_a_question_and_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
