// SPDX-License-Identifier: Apache-2.0
// Who we were: what is told of an identity, through text, gives the same labels again in another
// boot. Whose the records are: past_claim_test.c.
#include <string.h>

#include "identity/past.h"
#include "support/identity_fixture.h"
#include "support/unit.h"

#define INSTANCE  0
#define N_RECORDS 4 // of the instance, of ENIs 1 and 2, and of one that nobody knows

static struct record record_of(size_t eni)
{
    if (eni == INSTANCE)
        return (struct record){.scope = METRIC_SCOPE_INSTANCE};
    return (struct record){
        .scope = METRIC_SCOPE_ENI, .eni = {.mac = {{2, 0, 0, 0, 0, (uint8_t)eni}}}};
}

static char *tell(const struct identity *identity)
{
    json_auto_t *who = identity_tell(identity);
    char *text = json_dumps(who, JSON_COMPACT);
    assert_non_null(text);
    return text;
}

static void remember(struct past *past, const struct identity_options *options, const char *text)
{
    json_auto_t *who = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(who);
    past_init(past, options, who);
}

// Through text, as a journal would; then the machine is off.
static void reboot(struct identity_fixture *fixture, struct past *past)
{
    scoped_free char *text = tell(&fixture->identity);
    identity_finish(&fixture->identity);
    remember(past, &fixture->options, text);
    fixture->now.boot_ns = 20 * NS_PER_S;
}

// A daemon today that knows nothing but its configuration.
static void start_without_service(struct identity_fixture *fixture)
{
    identity_init(&fixture->identity, &(struct identity_setting){.options = &fixture->options},
        &fixture->now);
}

static const char *value_of(
    struct past *past, struct identity_fixture *fixture, size_t eni, const char *name)
{
    struct record record = record_of(eni);
    past_label(past, &fixture->identity, &record, &fixture->labels);
    for (size_t i = 0; i < fixture->labels.n_labels; i++) {
        assert_false(fixture->labels.labels[i].is_pending);
        if (strcmp(fixture->labels.labels[i].name, name) == 0)
            return fixture->labels.labels[i].value;
    }
    return "(none)";
}

// Names, values and kinds, in their order; what has no value is none.
static char *print_labels(const struct labels *labels)
{
    json_auto_t *list = json_array();
    for (size_t i = 0; i < labels->n_labels; i++) {
        const struct label *label = &labels->labels[i];
        if (label->value != NULL)
            assert_int_equal(json_array_append_new(list,
                                 json_pack("[ssbb]", label->name, label->value, label->is_dimension,
                                     label->is_stand_in)),
                0);
    }
    return json_dumps(list, JSON_INDENT(1));
}

static void assert_labels_survive_a_reboot(struct identity_fixture *fixture)
{
    char *then[N_RECORDS];
    for (size_t eni = 0; eni < N_RECORDS; eni++) {
        struct record record = record_of(eni);
        identity_label(&fixture->identity, &record, &fixture->now, &fixture->labels);
        then[eni] = print_labels(&fixture->labels);
    }
    struct past past;
    reboot(fixture, &past);
    start_without_service(fixture);
    for (size_t eni = 0; eni < N_RECORDS; eni++) {
        struct record record = record_of(eni);
        past_label(&past, &fixture->identity, &record, &fixture->labels);
        scoped_free char *now = print_labels(&fixture->labels);
        assert_string_equal(now, then[eni]);
        free(then[eni]);
    }
    past_finish(&past);
}

static void what_all_was_known_of_gives_the_same_labels(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_set(fixture, "cluster_from", NULL, "user-data");
    scripted_http_key(&fixture->http, "user-data",
        "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: blue\n");
    identity_fixture_start(fixture);
    assert_string_equal(identity_fixture_value(fixture, 2, "ClusterName"), "blue");
    assert_string_equal(identity_fixture_value(fixture, 2, "DeviceIndex"), "1");
    assert_labels_survive_a_reboot(fixture);
}

static void what_nothing_was_known_of_gives_the_same_labels(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_fall_silent(fixture);
    identity_fixture_start(fixture);
    identity_fixture_pass(fixture, 300);
    assert_labels_survive_a_reboot(fixture);
}

static void what_is_configured_gives_the_same_labels(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_set(fixture, "instance_id", NULL, "web-1");
    identity_fixture_set(fixture, "cluster", NULL, "green");
    identity_fixture_set(fixture, "eni", "02:00:00:00:00:02", "eni-fedcba98");
    identity_fixture_set(fixture, "dimension", "InstanceType", "mine");
    identity_fixture_set(fixture, "dimension", "Team", "net");
    identity_fixture_set(fixture, "property", "rack", "17");
    identity_fixture_start(fixture);
    assert_labels_survive_a_reboot(fixture);
}

static void an_eni_that_has_left_is_still_known(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    fixture->n_enis = 1;
    identity_fixture_pass(fixture, 7200);
    struct past past;
    reboot(fixture, &past);
    identity_fixture_start(fixture);
    assert_string_equal(value_of(&past, fixture, 2, "NetworkInterfaceId"), "eni-00000002");
    past_finish(&past);
}

static void the_host_name_of_then_stands_in(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    remember(&past, &fixture->options, "{\"host\": \"ip-10-0-0-9\"}");
    start_without_service(fixture);
    assert_string_equal(value_of(&past, fixture, INSTANCE, "InstanceId"), "ip-10-0-0-9");
    assert_true(fixture->labels.labels[0].is_stand_in);
    past_finish(&past);
}

static void the_configuration_of_today_wins(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_set(fixture, "instance_id", NULL, "before");
    identity_fixture_start(fixture);
    identity_fixture_set(fixture, "instance_id", NULL, "after");
    identity_fixture_set(fixture, "cluster", NULL, "green");
    identity_fixture_set(fixture, "dimension", "Region", "home");
    identity_fixture_set(fixture, "eni", "02:00:00:00:00:02", "eni-fedcba98");
    reboot(fixture, &past);
    identity_fixture_start(fixture);
    assert_string_equal(value_of(&past, fixture, INSTANCE, "InstanceId"), "after");
    assert_string_equal(value_of(&past, fixture, INSTANCE, "ClusterName"), "green");
    assert_string_equal(value_of(&past, fixture, INSTANCE, "Region"), "home");
    assert_string_equal(value_of(&past, fixture, INSTANCE, "InstanceType"), "m5.large");
    assert_string_equal(value_of(&past, fixture, 2, "NetworkInterfaceId"), "eni-fedcba98");
    past_finish(&past);
}

static void what_was_known_then_wins_over_today(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_start(fixture);
    reboot(fixture, &past);
    scripted_http_key(&fixture->http, "dynamic/instance-identity/document",
        "{\"instanceId\": \"i-0123456789abcdef0\", \"instanceType\": \"c7g.xlarge\", "
        "\"availabilityZone\": \"us-east-1b\"}");
    scoped_free char *path = identity_fixture_path(2, "interface-id");
    scripted_http_key(&fixture->http, path, "eni-99999999");
    identity_fixture_start(fixture);
    assert_string_equal(identity_fixture_value(fixture, 2, "InstanceType"), "c7g.xlarge");
    assert_string_equal(value_of(&past, fixture, 2, "InstanceType"), "m5.large");
    assert_string_equal(value_of(&past, fixture, 2, "AvailabilityZone"), "us-east-1a");
    assert_string_equal(value_of(&past, fixture, 2, "NetworkInterfaceId"), "eni-00000002");
    past_finish(&past);
}

// A stopped instance may have been given another type, and its ENIs another place.
static void what_was_not_known_then_is_what_cannot_have_changed_since(void **state)
{
    static const char *const same[][2] = {{"InstanceId", "i-0123456789abcdef0"},
        {"ImageId", "ami-0123456789abcdef0"}, {"AvailabilityZone", "us-east-1a"},
        {"AvailabilityZoneId", "use1-az4"}, {"Region", "us-east-1"}, {"AccountId", "012345678901"},
        {"Partition", "aws"}, {"PrivateIpAddress", "10.0.0.1"}, {"InstanceLifecycle", "on-demand"},
        {"ClusterName", "blue"}, {"NetworkInterfaceId", "eni-00000002"},
        {"SubnetId", "subnet-12345678"}, {"VpcId", "vpc-12345678"}, {"OwnerId", "012345678901"},
        {"InstanceType", "(none)"}, {"DeviceIndex", "(none)"}, {"NetworkCardIndex", "(none)"},
        {"SecurityGroupIds", "(none)"}};
    struct identity_fixture *fixture = *state;
    struct past past;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_fall_silent(fixture);
    identity_fixture_start(fixture);
    reboot(fixture, &past);
    scripted_http_recover(&fixture->http);
    identity_fixture_set(fixture, "cluster_from", NULL, "tags");
    scripted_http_key(&fixture->http, "meta-data/tags/instance/", "eks:cluster-name");
    scripted_http_key(&fixture->http, "meta-data/tags/instance/eks:cluster-name", "blue");
    identity_fixture_start(fixture);
    for (size_t i = 0; i < ARRAY_SIZE(same); i++)
        assert_string_equal(value_of(&past, fixture, 2, same[i][0]), same[i][1]);
    for (size_t i = 0; i < fixture->labels.n_labels; i++)
        assert_false(fixture->labels.labels[i].is_stand_in);
    past_finish(&past);
}

static void what_is_not_known_to_this_day_is_not_pending(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_fall_silent(fixture);
    identity_fixture_start(fixture);
    reboot(fixture, &past);
    identity_fixture_start(fixture);
    assert_true(identity_is_pending(&fixture->identity, &fixture->now));
    assert_string_equal(value_of(&past, fixture, 1, "Region"), "(none)");
    assert_string_equal(value_of(&past, fixture, 1, "NetworkInterfaceId"), "02:00:00:00:00:01");
    past_finish(&past);
}

static void as_many_labels_as_there_is_room_for(void **state)
{
    struct identity_fixture *fixture = *state;
    struct past past;
    identity_fixture_tell_all(fixture, 2);
    for (size_t i = 0; i < 27 + 32; i++) {
        scoped_free char *name = xasprintf("name%zu", i);
        identity_fixture_set(fixture, i < 27 ? "dimension" : "property", name, "value");
    }
    identity_fixture_fall_silent(fixture);
    identity_fixture_start(fixture);
    reboot(fixture, &past);
    scripted_http_recover(&fixture->http);
    identity_fixture_start(fixture);
    assert_string_equal(value_of(&past, fixture, 1, "Region"), "us-east-1");
    assert_in_range(fixture->labels.n_labels, 27 + 32 + 10, LABELS_MAX);
    past_finish(&past);
}

static void what_is_told_is_this(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_tell_all(fixture, 2);
    identity_fixture_set(fixture, "instance_id", NULL, "web-1"); // no part of it
    identity_fixture_start(fixture);
    json_auto_t *expected = json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}}",
        "host", fixture->identity.host_name, "instance", "InstanceId", "i-0123456789abcdef0",
        "InstanceType", "m5.large", "ImageId", "ami-0123456789abcdef0", "AvailabilityZone",
        "us-east-1a", "AvailabilityZoneId", "use1-az4", "Region", "us-east-1", "AccountId",
        "012345678901", "Partition", "aws", "PrivateIpAddress", "10.0.0.1", "InstanceLifecycle",
        "on-demand");
    json_object_set_new(expected, "enis",
        json_loads("{\"02:00:00:00:00:01\": {\"DeviceIndex\": \"0\", \"SubnetId\": "
                   "\"subnet-12345678\", \"VpcId\": \"vpc-12345678\", \"OwnerId\": "
                   "\"012345678901\", \"SecurityGroupIds\": \"sg-12345678,sg-12345679\", "
                   "\"NetworkCardIndex\": \"0\", \"NetworkInterfaceId\": \"eni-00000001\"}, "
                   "\"02:00:00:00:00:02\": {\"DeviceIndex\": \"1\", \"SubnetId\": "
                   "\"subnet-12345678\", \"VpcId\": \"vpc-12345678\", \"OwnerId\": "
                   "\"012345678901\", \"SecurityGroupIds\": \"sg-12345678,sg-12345679\", "
                   "\"NetworkCardIndex\": \"0\", \"NetworkInterfaceId\": \"eni-00000002\"}}",
            0, NULL));
    json_auto_t *who = identity_tell(&fixture->identity);
    assert_true(json_equal(who, expected));
}

// Ten hours with ENIs that come and go, a service that falls silent, and groups that change.
static void what_is_told_changes_with_n_changes_only(void **state)
{
    struct identity_fixture *fixture = *state;
    size_t n_news = 0;
    identity_fixture_start(fixture);
    scoped_free char *before = tell(&fixture->identity);
    uint64_t n_changes = fixture->identity.n_changes;
    for (size_t minute = 0; minute < 600; minute++) {
        if (minute == 2)
            identity_fixture_tell_all(fixture, 2);
        if (minute == 90)
            identity_fixture_fall_silent(fixture);
        if (minute == 200)
            fixture->enis[1].ifindex = 9;
        if (minute == 300)
            scripted_http_recover(&fixture->http);
        if (minute == 500)
            fixture->n_enis = 1;
        identity_fixture_pass(fixture, 60);
        char *after = tell(&fixture->identity);
        bool is_news = strcmp(before, after) != 0;
        assert_true(!is_news || fixture->identity.n_changes > n_changes);
        n_news += is_news;
        n_changes = fixture->identity.n_changes;
        free(before);
        before = after;
    }
    // All of it; what the second ENI lost when it was attached again, and found again.
    assert_int_equal(n_news, 3);
}

static void an_eni_is_told_as_soon_as_it_is_seen_and_without_the_service_too(void **state)
{
    struct identity_fixture *fixture = *state;
    identity_fixture_set(fixture, "imds", NULL, "off");
    identity_fixture_attach(fixture);
    identity_fixture_start(fixture);
    json_auto_t *who = identity_tell(&fixture->identity);
    json_auto_t *expected = json_pack("{s:s, s:{}, s:{s:{}}}", "host", fixture->identity.host_name,
        "instance", "enis", "02:00:00:00:00:01");
    assert_true(json_equal(who, expected));
    assert_int_equal(fixture->http.n_requests, 0);
}

#define TEST(name) identity_fixture_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_all_was_known_of_gives_the_same_labels),
        TEST(what_nothing_was_known_of_gives_the_same_labels),
        TEST(what_is_configured_gives_the_same_labels),
        TEST(an_eni_that_has_left_is_still_known),
        TEST(the_host_name_of_then_stands_in),
        TEST(the_configuration_of_today_wins),
        TEST(what_was_known_then_wins_over_today),
        TEST(what_was_not_known_then_is_what_cannot_have_changed_since),
        TEST(what_is_not_known_to_this_day_is_not_pending),
        TEST(as_many_labels_as_there_is_room_for),
        TEST(what_is_told_is_this),
        TEST(what_is_told_changes_with_n_changes_only),
        TEST(an_eni_is_told_as_soon_as_it_is_seen_and_without_the_service_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
