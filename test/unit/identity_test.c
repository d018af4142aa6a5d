// SPDX-License-Identifier: Apache-2.0
// Who and where we are, from the configuration alone.
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "identity/identity.h"
#include "setting.h"
#include "support/unit.h"

static const struct now now = {.boot_ns = NS_PER_S, .wall_ms = 1795255200000};

struct bench {
    struct identity_options options;
    struct identity identity;
    struct record record;
    struct labels labels;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->record = (struct record){
        .scope = METRIC_SCOPE_ENI, .eni = {.mac = {{2, 0, 0, 0, 0xab, 1}}, .ifname = "ens5"}};
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    identity_finish(&bench->identity);
    for (size_t i = 0; i < identity_option_table.n_rows; i++)
        setting_free(&identity_option_table.rows[i], &bench->options);
    free(bench);
    return 0;
}

static const struct option *row(const char *name)
{
    for (size_t i = 0; i < identity_option_table.n_rows; i++)
        if (strcmp(identity_option_table.rows[i].name, name) == 0)
            return &identity_option_table.rows[i];
    fail_msg("no row %s", name);
    return NULL;
}

static void set(struct bench *bench, const char *key, const char *name, const char *value)
{
    scoped_free char *complaint = setting_parse(row(key), &bench->options, name, value);
    if (complaint != NULL)
        fail_msg("%s %s = %s: %s", key, name != NULL ? name : "", value, complaint);
}

static void assert_refused(
    struct bench *bench, const char *key, const char *name, const char *value)
{
    scoped_free char *complaint = setting_parse(row(key), &bench->options, name, value);
    if (complaint == NULL)
        fail_msg("%s %s = %s is taken", key, name != NULL ? name : "", value);
    assert_true(strlen(complaint) > 0);
}

static const struct labels *label(struct bench *bench)
{
    identity_finish(&bench->identity);
    identity_init(&bench->identity, &(struct identity_setting){.options = &bench->options}, &now);
    identity_label(&bench->identity, &bench->record, &now, &bench->labels);
    return &bench->labels;
}

static const struct label *find(const struct labels *labels, const char *name)
{
    const struct label *found = NULL;
    for (size_t i = 0; i < labels->n_labels; i++)
        if (strcmp(labels->labels[i].name, name) == 0) {
            assert_null(found); // once only
            found = &labels->labels[i];
        }
    return found;
}

static void assert_label(
    const struct labels *labels, const char *name, const char *value, bool is_dimension)
{
    const struct label *label = find(labels, name);
    if (label == NULL)
        fail_msg("there is no label %s", name);
    assert_string_equal(label->value, value);
    assert_int_equal(label->is_dimension, is_dimension);
}

static void assert_unknown(const struct labels *labels, const char *name)
{
    const struct label *label = find(labels, name);
    assert_true(label == NULL || label->value == NULL || label->value[0] == '\0');
}

static void configured_names_become_dimensions(void **state)
{
    struct bench *bench = *state;
    set(bench, "instance_id", NULL, "i-0123456789abcdef0");
    set(bench, "cluster", NULL, "blue");
    const struct labels *labels = label(bench);
    assert_label(labels, "InstanceId", "i-0123456789abcdef0", true);
    assert_label(labels, "ClusterName", "blue", true);
}

static void the_host_name_stands_in_for_the_instance_id(void **state)
{
    char host_name[256] = {0};
    assert_int_equal(gethostname(host_name, sizeof(host_name) - 1), 0);
    assert_label(label(*state), "InstanceId", host_name, true);
}

static void a_cluster_that_is_not_set_is_unknown(void **state)
{
    assert_unknown(label(*state), "ClusterName");
}

static void the_mac_stands_in_for_the_eni_id(void **state)
{
    assert_label(label(*state), "NetworkInterfaceId", "02:00:00:00:ab:01", true);
}

static void the_instance_has_no_eni(void **state)
{
    struct bench *bench = *state;
    label(bench);
    bench->record = (struct record){.scope = METRIC_SCOPE_INSTANCE};
    identity_label(&bench->identity, &bench->record, &now, &bench->labels);
    assert_unknown(&bench->labels, "NetworkInterfaceId");
}

static void every_record_is_labelled_anew(void **state)
{
    struct bench *bench = *state;
    label(bench);
    bench->record.eni.mac.octets[5] = 2;
    identity_label(&bench->identity, &bench->record, &now, &bench->labels);
    assert_label(&bench->labels, "NetworkInterfaceId", "02:00:00:00:ab:02", true);
}

static void what_the_user_adds_is_there(void **state)
{
    struct bench *bench = *state;
    set(bench, "dimension", "Team", "net #1");
    set(bench, "dimension", "Stage", "prod");
    set(bench, "property", "rack", "17");
    set(bench, "property", "owner", "J\xc3\xb6rg = ;#");
    const struct labels *labels = label(bench);
    assert_label(labels, "Team", "net #1", true);
    assert_label(labels, "Stage", "prod", true);
    assert_label(labels, "rack", "17", false);
    assert_label(labels, "owner", "J\xc3\xb6rg = ;#", false);
}

static void a_property_may_be_empty_and_is_unknown_then(void **state)
{
    struct bench *bench = *state;
    set(bench, "property", "rack", "");
    assert_unknown(label(bench), "rack");
}

static void dimensions_that_can_have_a_value_are_known(void **state)
{
    struct bench *bench = *state;
    set(bench, "imds", NULL, "off");
    set(bench, "cluster_from", NULL, "none");
    assert_true(identity_knows_dimension(&bench->options, "InstanceId", false));
    assert_true(identity_knows_dimension(&bench->options, "NetworkInterfaceId", true));
    static const char *const unknown[] = {
        "ClusterName", "Team", "instanceid", "InstanceType", "NetworkInterfaceId", "SubnetId"};
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
        assert_false(identity_knows_dimension(&bench->options, unknown[i], false));
    set(bench, "cluster", NULL, "blue");
    set(bench, "dimension", "Team", "net");
    set(bench, "dimension", "InstanceType", "m5.large");
    set(bench, "property", "rack", "17");
    static const char *const known[] = {"ClusterName", "Team", "InstanceType"};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        assert_true(identity_knows_dimension(&bench->options, known[i], false));
    assert_false(identity_knows_dimension(&bench->options, "rack", false));
}

static void what_the_metadata_service_may_tell_can_have_a_value(void **state)
{
    struct bench *bench = *state;
    set(bench, "cluster_from", NULL, "tags");
    static const char *const names[] = {"ClusterName", "InstanceType", "ImageId", "Region",
        "AvailabilityZone", "AvailabilityZoneId", "AccountId"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_true(identity_knows_dimension(&bench->options, names[i], false));
    assert_true(identity_knows_dimension(&bench->options, "SubnetId", true));
    assert_false(identity_knows_dimension(&bench->options, "SubnetId", false));
    assert_false(identity_knows_dimension(&bench->options, "Team", false));
    set(bench, "imds", NULL, "off"); // tags cannot be read then, a file can
    assert_false(identity_knows_dimension(&bench->options, "ClusterName", false));
    set(bench, "cluster_from", NULL, "tags, nodeadm");
    assert_true(identity_knows_dimension(&bench->options, "ClusterName", false));
}

// PutMetricData: 1 to 1,024 ASCII characters, at least one no blank, no control characters.
static void dimension_values_are_what_cloudwatch_takes(void **state)
{
    struct bench *bench = *state;
    char longest[1026] = {0};
    memset(longest, 'v', 1024);
    set(bench, "instance_id", NULL, longest);
    set(bench, "cluster", NULL, longest);
    set(bench, "dimension", "Team", longest);
    set(bench, "cluster", NULL, " a ~ ");
    longest[1024] = 'v';
    static const char *const bad[] = {"   ", "J\xc3\xb6rg", "a\tb", "a\x01", "\x7f"};
    static const char *const keys[][2] = {
        {"instance_id", NULL}, {"cluster", NULL}, {"dimension", "Team"}};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        assert_refused(bench, keys[i][0], keys[i][1], longest);
        for (size_t k = 0; k < ARRAY_SIZE(bad); k++)
            assert_refused(bench, keys[i][0], keys[i][1], bad[k]);
    }
    assert_refused(bench, "dimension", "Team", "");
    set(bench, "cluster", NULL, ""); // unset again
    assert_null(bench->options.cluster);
}

static void names_that_are_taken_are_refused(void **state)
{
    static const char *const taken[] = {"InstanceId", "ClusterName", "NetworkInterfaceId", "_aws",
        "_AWS", "interface", "mac", "throttled", "sample_ms", "gap_ms", "boot", "sequence", "part",
        "parts", ":mine", ""};
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        assert_refused(*state, "dimension", taken[i], "v");
        assert_refused(*state, "property", taken[i], "v");
    }
}

// The EMF schema: 1 to 250 characters.
static void names_are_what_emf_takes(void **state)
{
    struct bench *bench = *state;
    char name[252] = {0};
    memset(name, 'n', 250);
    set(bench, "dimension", name, "v");
    set(bench, "property", name, "v");
    name[250] = 'n';
    static const char *const keys[] = {"dimension", "property"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        assert_refused(bench, keys[i], name, "v");
        assert_refused(bench, keys[i], "\xc3\xa9", "v");
        assert_refused(bench, keys[i], "a\x7f", "v");
    }
    set(bench, "dimension", "a.b-c/d", "v"); // whatever follows the first dot
}

static void a_property_has_at_most_1024_bytes(void **state)
{
    char value[1026] = {0};
    memset(value, 'v', 1024);
    set(*state, "property", "rack", value);
    value[1024] = 'v';
    assert_refused(*state, "property", "rack", value);
}

static void as_many_labels_as_there_is_room_for(void **state)
{
    struct bench *bench = *state;
    set(bench, "cluster", NULL, "blue");
    char name[16];
    for (int i = 0; i < 27; i++) {
        snprintf(name, sizeof(name), "d%d", i);
        set(bench, "dimension", name, "v");
    }
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        set(bench, "property", name, "v");
    }
    assert_null(identity_options_check(&bench->options));
    assert_int_equal(label(bench)->n_labels, 3 + 27 + 32);
    set(bench, "dimension", "d0", "again"); // no more than before
    assert_null(identity_options_check(&bench->options));
    set(bench, "dimension", "d27", "v");
    assert_non_null(identity_options_check(&bench->options));
}

static void one_property_more_is_too_many(void **state)
{
    struct bench *bench = *state;
    char name[16];
    for (int i = 0; i < 33; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        set(bench, "property", name, "v");
    }
    assert_non_null(identity_options_check(&bench->options));
}

// In a child with a UTS namespace of its own; 77 where the machine refuses that, which fails the
// test.
static int label_of_host_name(struct bench *bench, const char *host_name, const char *expected)
{
    pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWUTS) != 0 ||
            sethostname(host_name, strlen(host_name)) != 0)
            _exit(77);
        const struct label *instance = find(label(bench), "InstanceId");
        _exit(instance != NULL && strcmp(instance->value, expected) == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_host_name_that_is_no_dimension_value_is_not_used(void **state)
{
    static const char *const names[][2] = {{"ip-10-0-0-1.ec2.internal", "ip-10-0-0-1.ec2.internal"},
        {"", "unknown"}, {"   ", "unknown"},
        {"k\xc3\xbc"
         "che",
            "unknown"},
        {"a\nb", "unknown"}};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        int status = label_of_host_name(*state, names[i][0], names[i][1]);
        if (status != 0)
            fail_msg("host name \"%s\" does not become %s", names[i][0], names[i][1]);
    }
}

static void rows_have_the_names_and_defaults_of_the_documentation(void **state)
{
    (void)state;
    assert_string_equal(identity_option_table.section, "identity");
    assert_int_equal(row("imds")->type, OPTION_CHOICE);
    assert_string_equal(row("imds")->choices[IDENTITY_IMDS_AUTO], "auto");
    assert_string_equal(row("imds")->choices[IDENTITY_IMDS_OFF], "off");
    assert_null(row("instance_id")->fallback);
    assert_null(row("cluster")->fallback);
    assert_int_equal(row("dimension")->type, OPTION_MAP);
    assert_int_equal(row("property")->type, OPTION_MAP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(configured_names_become_dimensions),
        TEST(the_host_name_stands_in_for_the_instance_id),
        TEST(a_cluster_that_is_not_set_is_unknown),
        TEST(the_mac_stands_in_for_the_eni_id),
        TEST(the_instance_has_no_eni),
        TEST(every_record_is_labelled_anew),
        TEST(what_the_user_adds_is_there),
        TEST(a_property_may_be_empty_and_is_unknown_then),
        TEST(dimensions_that_can_have_a_value_are_known),
        TEST(what_the_metadata_service_may_tell_can_have_a_value),
        TEST(dimension_values_are_what_cloudwatch_takes),
        TEST(names_that_are_taken_are_refused),
        TEST(names_are_what_emf_takes),
        TEST(a_property_has_at_most_1024_bytes),
        TEST(as_many_labels_as_there_is_room_for),
        TEST(one_property_more_is_too_many),
        TEST(a_host_name_that_is_no_dimension_value_is_not_used),
        TEST(rows_have_the_names_and_defaults_of_the_documentation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
