// SPDX-License-Identifier: Apache-2.0
// What no row can see alone: which values fit together.
#include "unit/config_bench.h"

static void given(struct bench *bench, const char *assignment)
{
    if (set(bench, assignment) != 0)
        fail_msg("%s", bench->said);
}

static void assert_fits(struct bench *bench)
{
    if (check(bench) != 0)
        fail_msg("%s", bench->said);
    assert_string_equal(bench->said, "");
}

// Refused with one line that names the key and what is allowed.
static void assert_clash(struct bench *bench, const char *key, const char *allowed)
{
    if (check(bench) == 0)
        fail_msg("%s fits", key);
    assert_error(bench, key);
    assert_said(bench, allowed);
}

// Starts from the defaults again.
static void forget(struct bench *bench)
{
    config_finish(&bench->config);
    config_init(&bench->config);
}

static void a_period_divides_the_hour(void **state)
{
    static const char *const good[] = {"1s", "10s", "45s", "60s", "1m", "5m", "15m", "1h"};
    static const char *const bad[] = {
        "7s", "11s", "59s", "90s", "75s", "7m", "45m", "61s", "1500ms"};
    struct bench *bench = *state;
    char text[64];
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        snprintf(text, sizeof(text), "publish.period=%s", good[i]);
        given(bench, text);
        assert_fits(bench);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        snprintf(text, sizeof(text), "publish.period=%s", bad[i]);
        given(bench, text);
        assert_clash(bench, "publish.period", "divide one hour");
    }
}

static void an_interval_is_no_longer_than_the_period(void **state)
{
    struct bench *bench = *state;
    given(bench, "publish.period=10s");
    given(bench, "sample.interval=10s");
    assert_fits(bench);
    given(bench, "sample.interval=10001ms");
    assert_clash(bench, "sample.interval", "publish.period");
}

static void high_resolution_needs_one_of_four_periods(void **state)
{
    struct bench *bench = *state;
    given(bench, "publish.resolution=1");
    assert_clash(bench, "publish.resolution", "1s, 5s, 10s or 30s");
    static const struct {
        const char *period;
        bool fits;
    } cases[] = {{"1s", true}, {"2s", false}, {"5s", true}, {"6s", false}, {"10s", true},
        {"15s", false}, {"20s", false}, {"30s", true}, {"5m", false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[64];
        snprintf(text, sizeof(text), "publish.period=%s", cases[i].period);
        given(bench, text);
        if (cases[i].fits)
            assert_fits(bench);
        else
            assert_clash(bench, "publish.resolution", "1s, 5s, 10s or 30s");
    }
    given(bench, "publish.resolution=60");
    assert_fits(bench);
}

static void metrics_have_names_that_ethtool_shows(void **state)
{
    struct bench *bench = *state;
    given(bench, "publish.metrics=default, queue_0_tx_cnt");
    assert_fits(bench);
    given(bench, "publish.metrics=default, queue 0");
    assert_clash(bench, "publish.metrics", "1 to 31");
    given(bench, "publish.metrics=abcdefghijklmnopqrstuvwxyz012345");
    assert_clash(bench, "publish.metrics", "1 to 31");
}

static void metrics_are_as_many_as_there_is_room_for(void **state)
{
    struct bench *bench = *state;
    char text[2048] = "publish.metrics=default";
    for (int i = 1; i < 80; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), ",n%d", i);
    given(bench, text);
    assert_fits(bench);
    strcat(text, ",n80");
    given(bench, text);
    assert_clash(bench, "publish.metrics", "80");
}

static void metrics_are_not_called_as_what_documents_use_themselves(void **state)
{
    static const char *const names[] = {"mac", "interface", "sequence", "parts", "_aws", "boot"};
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char text[64];
        snprintf(text, sizeof(text), "publish.metrics=default, %s", names[i]);
        given(bench, text);
        assert_clash(bench, "publish.metrics", names[i]);
    }
}

// All are members of the root of one JSON object: EMF specification.
static void metrics_are_not_called_as_labels(void **state)
{
    static const char *const names[] = {"InstanceId", "ClusterName", "NetworkInterfaceId", "Team"};
    struct bench *bench = *state;
    given(bench, "identity.dimension.Team=net");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char text[64];
        snprintf(text, sizeof(text), "publish.metrics=default, %s", names[i]);
        given(bench, text);
        assert_clash(bench, names[i], "allowed");
    }
}

// A dimension's target must be a string, and this one is an array of values: EMF specification.
static void labels_are_not_called_as_statistics(void **state)
{
    static const char *const names[] = {"pps_allowance_exceeded", "total_resets", "tx_timeout"};
    static const char *const maps[] = {"dimension", "property"};
    struct bench *bench = *state;
    for (size_t i = 0; i < 2 * ARRAY_SIZE(names); i++) {
        char text[128];
        forget(bench);
        given(bench, "publish.metrics=default, tx_timeout");
        snprintf(text, sizeof(text), "identity.%s.%s=x", maps[i % 2], names[i / 2]);
        if (set(bench, text) == 0)
            assert_clash(bench, names[i / 2], "allowed");
        assert_error(bench, names[i / 2]);
    }
    forget(bench);
    given(bench, "identity.dimension.tx_timeout=x"); // nothing that is collected
    assert_fits(bench);
}

static void dimensions_have_a_value(void **state)
{
    static const char *const keys[] = {"publish.instance_dimensions", "publish.eni_dimensions"};
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        char text[128];
        forget(bench);
        snprintf(text, sizeof(text), "%s=InstanceId; InstanceId, Team", keys[i]);
        given(bench, text);
        assert_clash(bench, keys[i], "Team");
        assert_said(bench, "identity.dimension.NAME");
        given(bench, "identity.property.Team=net"); // a property is none
        assert_clash(bench, keys[i], "Team");
        forget(bench);
        given(bench, text);
        given(bench, "identity.dimension.Team=net");
        assert_fits(bench);
    }
}

static void a_property_is_not_called_as_a_dimension(void **state)
{
    struct bench *bench = *state;
    given(bench, "identity.dimension.Team=net");
    given(bench, "identity.property.Team=net");
    assert_clash(bench, "identity.property.Team", "no dimension");
}

static void a_set_is_complete_without_the_cluster(void **state)
{
    static const char *const keys[] = {"publish.instance_dimensions", "publish.eni_dimensions"};
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        char text[128];
        forget(bench);
        snprintf(text, sizeof(text), "%s=ClusterName; InstanceId, ClusterName", keys[i]);
        given(bench, text);
        assert_fits(bench); // it may be found
        given(bench, "identity.cluster_from=none");
        assert_clash(bench, keys[i], "identity.cluster");
        given(bench, "identity.cluster=blue");
        assert_fits(bench);
        given(bench, "identity.cluster=");
        assert_clash(bench, keys[i], "identity.cluster");
        snprintf(text, sizeof(text), "%s=ClusterName; InstanceId", keys[i]);
        given(bench, text);
        assert_fits(bench);
    }
}

// An instance record has no ENI: a set with one is never complete, and nothing would be published.
static void the_instance_has_no_dimension_of_an_eni(void **state)
{
    struct bench *bench = *state;
    given(bench, "publish.eni_dimensions=NetworkInterfaceId");
    assert_fits(bench);
    given(bench, "publish.instance_dimensions=NetworkInterfaceId");
    assert_clash(bench, "publish.instance_dimensions", "allowed");
}

static void labels_are_as_many_as_there_is_room_for(void **state)
{
    static const struct {
        const char *key;
        int max;
    } maps[] = {{"dimension", 27}, {"property", 32}};
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
        char text[64];
        forget(bench);
        for (int k = 0; k <= maps[i].max; k++) {
            assert_fits(bench);
            snprintf(text, sizeof(text), "identity.%s.n%d=v", maps[i].key, k);
            given(bench, text);
        }
        assert_clash(bench, "identity", "27 dimension.NAME and 32 property.NAME");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_period_divides_the_hour),
        TEST(an_interval_is_no_longer_than_the_period),
        TEST(high_resolution_needs_one_of_four_periods),
        TEST(metrics_have_names_that_ethtool_shows),
        TEST(metrics_are_as_many_as_there_is_room_for),
        TEST(metrics_are_not_called_as_what_documents_use_themselves),
        TEST(metrics_are_not_called_as_labels),
        TEST(labels_are_not_called_as_statistics),
        TEST(dimensions_have_a_value),
        TEST(a_property_is_not_called_as_a_dimension),
        TEST(a_set_is_complete_without_the_cluster),
        TEST(the_instance_has_no_dimension_of_an_eni),
        TEST(labels_are_as_many_as_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
