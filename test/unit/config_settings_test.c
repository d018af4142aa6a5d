// SPDX-License-Identifier: Apache-2.0
// What was set, and where: in the order in which it was, each key once.
#include "unit/config_bench.h"

static void given(struct bench *bench, const char *assignment)
{
    if (set(bench, assignment) != 0)
        fail_msg("%s", bench->said);
}

static void assert_setting(const struct bench *bench, size_t i, const char *key, const char *value)
{
    const struct config_setting *setting = &bench->config.settings[i];
    char name[128];
    assert_true(i < bench->config.n_settings);
    snprintf(name, sizeof(name), "%s.%s", setting->section, setting->key);
    assert_string_equal(name, key);
    assert_string_equal(setting->value, value);
}

static void settings_are_in_the_order_in_which_they_were_made(void **state)
{
    struct bench *bench = *state;
    assert_taken(bench, "[publish]\nperiod = 30s\n[sample]\ninterval = 2s\n");
    given(bench, "publish.period=10s");
    assert_int_equal(bench->config.n_settings, 2);
    assert_setting(bench, 0, "sample.interval", "2s");
    assert_setting(bench, 1, "publish.period", "10s");
    assert_string_equal(
        config_origin(&bench->config, "publish", "period"), "-o publish.period=10s");
    assert_null(config_origin(&bench->config, "publish", "sink"));
    assert_int_equal(bench->config.n_files, 1);
    assert_string_equal(bench->config.files[0], bench->path);
}

static void what_was_refused_is_no_setting(void **state)
{
    struct bench *bench = *state;
    given(bench, "publish.period=10s");
    assert_int_equal(set(bench, "publish.period=7s"), 0); // config_check() refuses it
    assert_int_equal(set(bench, "publish.period=soon"), -EINVAL);
    assert_int_equal(set(bench, "publish.perio=10s"), -EINVAL);
    assert_int_equal(bench->config.n_settings, 1);
    assert_setting(bench, 0, "publish.period", "7s");
}

static void each_pair_of_a_map_has_its_own_origin(void **state)
{
    struct bench *bench = *state;
    given(bench, "identity.property.Team=net");
    given(bench, "identity.property.Town=Ulm");
    given(bench, "identity.property.Team=db");
    const struct config *config = &bench->config;
    assert_int_equal(config->n_settings, 2);
    assert_setting(bench, 1, "identity.property.Team", "db");
    assert_string_equal(
        config_origin(config, "identity", "property.Town"), "-o identity.property.Town=Ulm");
    assert_string_equal(
        config_origin(config, "identity", "property"), "-o identity.property.Team=db");
    assert_null(config_origin(config, "identity", "property.To"));
    assert_null(config_origin(config, "identity", "prop"));
    assert_null(config_origin(config, "identity", "dimension"));
    assert_null(config_origin(config, "publish", "property"));
}

// The pair that is wrong is named with its own place, not with that of the last one.
static void a_complaint_about_a_pair_names_its_place(void **state)
{
    struct bench *bench = *state;
    given(bench, "identity.dimension.Team=net");
    assert_taken(bench, "[identity]\nproperty.Team = net\nproperty.Town = Ulm\n");
    assert_int_equal(check(bench), -EINVAL);
    assert_said(bench, "enawatch.conf:2: identity.property.Team: allowed is");
}

static void a_default_is_one_however_it_is_written(void **state)
{
    static const struct {
        const char *assignment;
        bool is_default;
    } cases[] = {
        {"sample.interval=1s", true},
        {"sample.interval=1000ms", true},
        {"sample.interval=1001ms", false},
        {"identity.wait=300s", true},
        {"journal.max_bytes=65536KiB", true},
        {"journal.max_bytes=65MiB", false},
        {"publish.metrics=default", true},
        {"publish.metrics=default, self_lies", false},
        {"identity.cluster_from=nodeadm,tags ,user-data", true},
        {"identity.cluster_from=tags", false},
        {"identity.cluster=", true},
        {"identity.cluster=blue", false},
        {"sample.budget=5.0", true},
        {"sample.budget=6", false},
        {"publish.sink=agent", true},
        {"publish.sink=stdout", false},
        {"identity.property.Team=", false},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        given(bench, cases[i].assignment);
        const struct config *config = &bench->config;
        bool is_default = config_is_default(config, &config->settings[config->n_settings - 1]);
        if (is_default != cases[i].is_default)
            fail_msg("%s", cases[i].assignment);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(settings_are_in_the_order_in_which_they_were_made),
        TEST(what_was_refused_is_no_setting),
        TEST(each_pair_of_a_map_has_its_own_origin),
        TEST(a_complaint_about_a_pair_names_its_place),
        TEST(a_default_is_one_however_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
