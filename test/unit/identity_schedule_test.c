// SPDX-License-Identifier: Apache-2.0
// How often the metadata service is asked: these packets share the allowance that is watched.
// Bounds are added up by hand.
#include <string.h>

#include "support/identity_fixture.h"
#include "support/unit.h"

#define LIST         "meta-data/network/interfaces/macs/"
#define INSTANCE_ALL 5 // four keys and the document
#define ENI_ALL      7

static size_t n_since(const struct identity_fixture *fixture, size_t first)
{
    return fixture->http.n_requests - first;
}

static void no_question_is_asked_twice_at_the_start(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 15);
    identity_fixture_start(fixture);
    assert_int_equal(fixture->http.n_requests, 1 + INSTANCE_ALL + 1 + 15 * ENI_ALL);
    for (size_t i = 0; i < fixture->http.n_requests; i++)
        assert_int_equal(scripted_http_count(&fixture->http, 0, fixture->http.requests[i].method,
                             fixture->http.requests[i].path),
            1);
    identity_fixture_pass(fixture, 3590);
    assert_int_equal(fixture->http.n_requests, 1 + INSTANCE_ALL + 1 + 15 * ENI_ALL);
    assert_int_equal(fixture->http.n_without_a_token, 0);
}

// 15 requests for security groups an hour, and a token at each renewal of six hours less a minute.
static void a_day_with_15_enis_is_one_request_per_eni_and_hour(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 15);
    identity_fixture_start(fixture);
    size_t n_first = fixture->http.n_requests;
    for (size_t hour = 0; hour < 24; hour++) {
        size_t n_before = fixture->http.n_requests;
        identity_fixture_pass(fixture, 3600);
        assert_in_range(n_since(fixture, n_before), 15, 15 + 1);
    }
    assert_in_range(n_since(fixture, n_first), 24 * 15 + 3, 24 * 15 + 5);
    assert_int_equal(scripted_http_count(&fixture->http, n_first, "GET", "*"), 24 * 15);
}

// An ENI of another kind is never listed; keys are missing for good. 4 requests an hour for each.
static void what_never_comes_is_asked_for_a_handful_of_times_an_hour(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 15);
    identity_fixture_attach(fixture); // not listed
    for (size_t i = 2; i <= 15; i++) {
        scoped_free char *path = identity_fixture_path(i, "device-number");
        scripted_http_key(&fixture->http, path, "0");
    }
    scripted_http_answer(&fixture->http, "GET", "meta-data/instance-life-cycle",
        &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 404});
    identity_fixture_start(fixture);
    identity_fixture_pass(fixture, 3600);
    size_t n_before = fixture->http.n_requests;
    identity_fixture_pass(fixture, 10 * 3600);
    // Per hour: groups of 15, 4 each for 14 devices, the list and the life cycle. Two tokens.
    assert_in_range(n_since(fixture, n_before), 10 * (15 + 4 * 15), 10 * (15 + 4 * 16) + 2 + 16);
}

static void a_service_that_is_away_is_asked_every_five_minutes(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 15);
    scripted_http_break(&fixture->http, &(struct scripted_answer){.outcome = HTTP_SILENT});
    identity_fixture_start(fixture);
    identity_fixture_pass(fixture, 600);
    size_t n_before = fixture->http.n_requests;
    identity_fixture_pass(fixture, 10 * 3600);
    assert_in_range(n_since(fixture, n_before), 10 * 12, 10 * 24); // 300 s, or at least a half
}

// From 1 s to 60 s and then five minutes, whatever the trouble; the others do not starve.
static void a_key_that_always_fails_does_not_keep_the_others_from_being_asked(void **state)
{
    static const char *const bad[] = {"meta-data/placement/availability-zone-id",
        "dynamic/instance-identity/document", LIST, "device-number", "security-group-ids"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct identity_fixture *fixture;
        identity_fixture_setup((void **)&fixture);
        identity_fixture_tell_all(fixture, 2);
        scoped_free char *path = i < 3 ? xstrdup(bad[i]) : identity_fixture_path(1, bad[i]);
        scripted_http_answer(&fixture->http, "GET", path,
            &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 500});
        identity_fixture_start(fixture);
        identity_fixture_pass(fixture, 5);
        size_t n_known = 0, n_eni_facts = i == 2 ? 0 : 2 * ENI_ALL - (i >= 3);
        for (size_t k = 0; k < INSTANCE_N_FACTS; k++)
            n_known += fixture->identity.instance.facts[k] != NULL;
        for (size_t k = 0; k < 2; k++)
            for (size_t fact = 0; fact < ENI_N_FACTS; fact++)
                n_eni_facts -= fixture->identity.enis.entries[k]->facts[fact] != NULL;
        size_t n_instance = INSTANCE_N_FACTS - (i == 0 ? 1 : i == 1 ? 7 : 0);
        identity_fixture_pass(fixture, 3600);
        size_t n_before = fixture->http.n_requests;
        identity_fixture_pass(fixture, 3600);
        size_t n_hour = n_since(fixture, n_before);
        identity_fixture_teardown((void **)&fixture);
        assert_int_equal(n_known, n_instance);
        assert_int_equal(n_eni_facts, 0);
        assert_in_range(n_hour, 12, 60);
    }
    (void)state;
}

static void the_list_is_asked_for_once_for_all_that_are_late(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_instance(fixture);
    for (size_t i = 0; i < 5; i++)
        identity_fixture_attach(fixture);
    identity_fixture_start(fixture);
    identity_fixture_pass(fixture, 59);
    assert_int_equal(scripted_http_count(&fixture->http, 0, "GET", LIST), 30);
    assert_int_equal(scripted_http_count(&fixture->http, 0, "GET", LIST "*"), 30);
}

// At 60 s, then 4, 8, 16, 32, 60 s and so on.
static void late_keys_are_asked_for_every_two_seconds_then_more_seldom(void **state)
{
    static const uint64_t asked_s[] = {60, 64, 72, 88, 120, 180, 240, 300, 1200, 2100};
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 1);
    scoped_free char *path = identity_fixture_path(1, "interface-id");
    scripted_http_answer(&fixture->http, "GET", path,
        &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 404});
    identity_fixture_start(fixture);
    assert_int_equal(scripted_http_count(&fixture->http, 0, "GET", path), 1);
    for (size_t i = 1; i < 30; i++) {
        identity_fixture_pass(fixture, 2);
        assert_int_equal(scripted_http_count(&fixture->http, 0, "GET", path), 1 + i);
    }
    uint64_t s = 58;
    for (size_t i = 0; i < ARRAY_SIZE(asked_s); i++) {
        identity_fixture_pass(fixture, asked_s[i] - s - 1);
        assert_int_equal(scripted_http_count(&fixture->http, 0, "GET", path), 30 + i);
        identity_fixture_pass(fixture, 1);
        assert_int_equal(scripted_http_count(&fixture->http, 0, "GET", path), 31 + i);
        s = asked_s[i];
    }
}

static void an_eni_that_is_gone_costs_nothing(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    fixture->n_enis = 1;
    identity_fixture_pass(fixture, 1000);
    size_t n_before = fixture->http.n_requests;
    identity_fixture_pass(fixture, 24 * 3600);
    scoped_free char *path = identity_fixture_path(2, "*");
    assert_int_equal(scripted_http_count(&fixture->http, n_before, "GET", path), 0);
}

static void an_eni_that_could_not_be_read_for_long_is_asked_about_again(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 1);
    identity_fixture_start(fixture);
    fixture->n_enis = 0;
    identity_fixture_pass(fixture, 7200);
    fixture->n_enis = 1;
    size_t n_before = fixture->http.n_requests;
    identity_fixture_pass(fixture, 3599);
    assert_int_equal(scripted_http_count(&fixture->http, n_before, "GET", "*"), 1);
}

static void an_eni_that_is_attached_again_while_it_is_asked_about_is_no_harm(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    scoped_free char *path = identity_fixture_path(2, "security-group-ids");
    fixture->http.is_held = true;
    identity_fixture_pass(fixture, 3601);
    fixture->enis[1].ifindex = 77;
    identity_fixture_pass(fixture, 1);
    fixture->http.is_held = false;
    identity_fixture_pass(fixture, 3);
    assert_string_equal(identity_fixture_value(fixture, 2, "DeviceIndex"), "1");
    assert_string_equal(identity_fixture_value(fixture, 2, "NetworkInterfaceId"), "eni-00000002");
    assert_true(scripted_http_count(&fixture->http, 0, "GET", path) >= 2);
}

#define TEST(name) identity_fixture_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_question_is_asked_twice_at_the_start),
        TEST(a_day_with_15_enis_is_one_request_per_eni_and_hour),
        TEST(what_never_comes_is_asked_for_a_handful_of_times_an_hour),
        TEST(a_service_that_is_away_is_asked_every_five_minutes),
        TEST(a_key_that_always_fails_does_not_keep_the_others_from_being_asked),
        TEST(the_list_is_asked_for_once_for_all_that_are_late),
        TEST(late_keys_are_asked_for_every_two_seconds_then_more_seldom),
        TEST(an_eni_that_is_gone_costs_nothing),
        TEST(an_eni_that_could_not_be_read_for_long_is_asked_about_again),
        TEST(an_eni_that_is_attached_again_while_it_is_asked_about_is_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
