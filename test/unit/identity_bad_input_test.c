// SPDX-License-Identifier: Apache-2.0
// Whatever the metadata service sends for one key: refused with one line, counted, and the rest is
// known all the same.
#include <string.h>

#include "support/identity_fixture.h"
#include "support/unit.h"

#define LIST      "meta-data/network/interfaces/macs/"
#define DOCUMENT  "dynamic/instance-identity/document"
#define USER_DATA "user-data"

// Every key that is asked for; those of ENIs of the first.
static const char *const keys[] = {DOCUMENT, "meta-data/placement/availability-zone-id",
    "meta-data/services/partition", "meta-data/instance-life-cycle", "meta-data/mac", LIST,
    LIST "02:00:00:00:00:01/device-number", LIST "02:00:00:00:00:01/subnet-id",
    LIST "02:00:00:00:00:01/vpc-id", LIST "02:00:00:00:00:01/owner-id",
    LIST "02:00:00:00:00:01/security-group-ids", LIST "02:00:00:00:00:01/network-card",
    LIST "02:00:00:00:00:01/interface-id"};

static size_t n_facts(const struct identity_fixture *fixture)
{
    size_t n = 0;
    for (size_t i = 0; i < INSTANCE_N_FACTS; i++)
        n += fixture->identity.instance.facts[i] != NULL;
    for (size_t i = 0; i < fixture->identity.enis.n_entries; i++)
        for (size_t fact = 0; fact < ENI_N_FACTS; fact++)
            n += fixture->identity.enis.entries[i]->facts[fact] != NULL;
    return n;
}

// What is not known when this key is no good.
static size_t n_lost(const char *key)
{
    if (strcmp(key, DOCUMENT) == 0)
        return 7;
    if (strcmp(key, LIST) == 0)
        return 2 * ENI_N_FACTS;
    // Without them device 0 is not believed, and no card is not card 0.
    return strcmp(key, "meta-data/mac") == 0 || strstr(key, "/subnet-id") != NULL ? 2 : 1;
}

static void assert_refused_alone(const char *key, const struct scripted_answer *answer)
{
    struct identity_fixture *fixture;
    identity_fixture_setup((void **)&fixture);
    identity_fixture_tell_instance(fixture);
    for (size_t i = 0; i < 2; i++) {
        identity_fixture_attach(fixture);
        identity_fixture_tell_eni(fixture);
    }
    scripted_http_answer(&fixture->http, "GET", key, answer);
    identity_fixture_start(fixture);
    size_t n_known = n_facts(fixture);
    uint64_t n_refused = fixture->identity.n_refused;
    identity_fixture_pass(fixture, 2);
    uint64_t n_refused_again = fixture->identity.n_refused;
    identity_fixture_pass(fixture, 60);
    scoped_free char *line = xasprintf("<4>imds: %s: the answer is not what belongs there", key);
    size_t n_lines = log_catcher_count(&fixture->log, line);
    size_t n_warnings = log_catcher_count(&fixture->log, "<4>");
    identity_fixture_teardown((void **)&fixture);
    if (n_known != INSTANCE_N_FACTS + 2 * ENI_N_FACTS - n_lost(key) || n_refused != 1 ||
        n_refused_again != 2 || n_lines != 1 || n_warnings != 1)
        fail_msg("%s: %zu known, %zu and %zu refused, %zu lines of %zu", key, n_known,
            (size_t)n_refused, (size_t)n_refused_again, n_lines, n_warnings);
}

static void ten_megabytes_are_refused(void **state)
{
    (void)state;
    scoped_free char *large = xcalloc((10 << 20) + 1, 1);
    memset(large, '1', 10 << 20);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_refused_alone(
            keys[i], &(struct scripted_answer){HTTP_ANSWERED, 200, large, 10 << 20, 0});
}

static void a_nul_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_refused_alone(
            keys[i], &(struct scripted_answer){HTTP_ANSWERED, 200, "1\0002", 3, 0});
}

static void what_is_no_utf8_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_refused_alone(
            keys[i], &(struct scripted_answer){HTTP_ANSWERED, 200, "\xff\xc3", 2, 0});
}

static void negative_numbers_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_refused_alone(keys[i], &(struct scripted_answer){HTTP_ANSWERED, 200, "-1.", 0, 0});
}

static void pages_of_somebody_else_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_refused_alone(keys[i],
            &(struct scripted_answer){
                HTTP_ANSWERED, 200, "<html><body>Log in</body></html>\n", 0, 0});
}

static void ids_that_do_not_look_like_one_are_refused(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "eni-1", "i-0123456789abcdef0", "../../token", "eni-ABCDEF01"};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        assert_refused_alone(LIST "02:00:00:00:00:01/interface-id",
            &(struct scripted_answer){HTTP_ANSWERED, 200, ids[i], 0, 0});
}

// An empty list is one: no ENI is known yet.
static void nothing_at_all_is_refused_but_for_the_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (strcmp(keys[i], LIST) != 0)
            assert_refused_alone(keys[i], &(struct scripted_answer){HTTP_ANSWERED, 200, "", 0, 0});
}

static void a_bad_member_of_the_document_is_counted(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_instance(fixture);
    scripted_http_key(&fixture->http, DOCUMENT,
        "{\"instanceId\": \"i-0123456789abcdef0\", \"region\": -5, \"accountId\": \"12\"}");
    identity_fixture_start(fixture);
    assert_string_equal(identity_fixture_value(fixture, 0, "InstanceId"), "i-0123456789abcdef0");
    assert_int_equal(fixture->identity.n_refused, 2);
    assert_int_equal(log_catcher_count(&fixture->log, "left out"), 2);
}

static void user_data_that_are_too_large_are_refused(void **state)
{
    struct identity_fixture *fixture = *state;
    scoped_free char *large = xcalloc((10 << 20) + 1, 1);
    memset(large, 'x', 10 << 20);
    identity_fixture_tell_instance(fixture);
    identity_fixture_set(fixture, "cluster_from", NULL, "tags, user-data");
    scripted_http_key(&fixture->http, "meta-data/tags/instance/", large);
    scripted_http_key(&fixture->http, USER_DATA, large);
    identity_fixture_start(fixture);
    identity_fixture_pass(fixture, 60);
    assert_int_equal(fixture->identity.n_refused, 2);
    assert_int_equal(log_catcher_count(&fixture->log, "imds: user-data: the answer is not"), 1);
    assert_int_equal(
        log_catcher_count(&fixture->log, "imds: meta-data/tags/instance/: the answer is not"), 1);
    assert_string_equal(identity_fixture_value(fixture, 0, "ClusterName"), "(none)");
}

static void what_was_bad_is_taken_when_it_is_good(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_instance(fixture);
    identity_fixture_attach(fixture);
    identity_fixture_tell_eni(fixture);
    scripted_http_answer(&fixture->http, "GET", LIST "02:00:00:00:00:01/interface-id",
        &(struct scripted_answer){HTTP_ANSWERED, 200, "none", 0, 3});
    identity_fixture_start(fixture);
    identity_fixture_pass(fixture, 4);
    assert_int_equal(fixture->identity.n_refused, 3);
    identity_fixture_pass(fixture, 2);
    assert_string_equal(identity_fixture_value(fixture, 1, "NetworkInterfaceId"), "eni-00000001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_megabytes_are_refused),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(what_is_no_utf8_is_refused),
        cmocka_unit_test(negative_numbers_are_refused),
        cmocka_unit_test(pages_of_somebody_else_are_refused),
        cmocka_unit_test(ids_that_do_not_look_like_one_are_refused),
        cmocka_unit_test(nothing_at_all_is_refused_but_for_the_list),
        identity_fixture_test(a_bad_member_of_the_document_is_counted),
        identity_fixture_test(user_data_that_are_too_large_are_refused),
        identity_fixture_test(what_was_bad_is_taken_when_it_is_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
