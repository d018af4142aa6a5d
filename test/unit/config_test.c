// SPDX-License-Identifier: Apache-2.0
// Files and assignments: what is read, and what is refused with file, line and what is allowed.
// Defaults and keys: design, "Configuration and command line" and "Windows, records".
#include <sys/stat.h>

#include "sink/table.h"
#include "unit/config_bench.h"

static void defaults_are_those_of_the_design(void **state)
{
    const struct bench *bench = *state;
    const struct config *config = &bench->config;
    assert_int_equal(config->sample.interval_ms, 1000);
    assert_int_equal(config->ena.drivers.n_words, 1);
    assert_string_equal(config->ena.drivers.words[0], "ena");
    assert_int_equal(config->delta.verdict_ms, 10000);
    assert_null(config->replay.path);
    assert_int_equal(config->window.period_ms, 60000);
    assert_int_equal(config->window.quiet_enis, QUIET_ENIS_OMIT);
    assert_int_equal(config->catalog.metrics.n_words, 1);
    assert_string_equal(config->catalog.metrics.words[0], "default");
    assert_string_equal(config->encoder.namespace, "EnaWatch");
    assert_string_equal(config->encoder.log_group, "/enawatch/metrics");
    assert_int_equal(config->encoder.resolution, ENCODER_RESOLUTION_60);
    assert_string_equal(config->encoder.instance_dimensions, "InstanceId; ClusterName");
    assert_string_equal(config->encoder.eni_dimensions, "InstanceId, NetworkInterfaceId");
    assert_int_equal(config->identity.imds, IDENTITY_IMDS_AUTO);
    assert_null(config->identity.instance_id);
    assert_null(config->identity.cluster);
    assert_int_equal(config->run.drain_ms, 5000);
    assert_int_equal(config_log_level(config), LOG_LEVEL_INFO);
}

static void the_defaults_pass_the_check(void **state)
{
    assert_int_equal(check(*state), 0);
}

static void an_empty_file_changes_nothing(void **state)
{
    struct bench *bench = *state;
    assert_taken(bench, "");
    assert_taken(bench, "\n# nothing\n\n[sample]\n[publish]\n");
    defaults_are_those_of_the_design(state);
}

static void every_type_of_value_is_read(void **state)
{
    struct bench *bench = *state;
    assert_taken(bench,
        "[sample]\ninterval = 500ms\ndrivers = ena, efa\nreplay = /tmp/a b\nreplay_speed = 2.5\n"
        "[publish]\nperiod = 5m\nquiet_enis = send\nnamespace = My Team\nsink = stdout\n"
        "[identity]\nimds = off\ninstance_id = i-1\ncluster = blue\n"
        "dimension.Team = net\nproperty.rack = 17\n"
        "[journal]\nmax_bytes = 2MiB\n"
        "[run]\ndrain = 250ms\nlog = debug\n");
    const struct config *config = &bench->config;
    assert_int_equal(config->sample.interval_ms, 500);
    assert_int_equal(config->ena.drivers.n_words, 2);
    assert_string_equal(config->ena.drivers.words[1], "efa");
    assert_string_equal(config->replay.path, "/tmp/a b");
    assert_true(config->replay.speed == 2.5);
    assert_int_equal(config->window.period_ms, 300000);
    assert_int_equal(config->window.quiet_enis, QUIET_ENIS_SEND);
    assert_string_equal(config->encoder.namespace, "My Team");
    assert_string_equal(sink_table[config->publish.sink]->name, "stdout");
    assert_int_equal(config->identity.imds, IDENTITY_IMDS_OFF);
    assert_string_equal(config->identity.instance_id, "i-1");
    assert_string_equal(config->identity.cluster, "blue");
    assert_string_equal(config->identity.dimensions.pairs[0].name, "Team");
    assert_string_equal(config->identity.dimensions.pairs[0].value, "net");
    assert_string_equal(config->identity.properties.pairs[0].name, "rack");
    assert_int_equal(config->journal.max_bytes, 2 << 20);
    assert_int_equal(config->run.drain_ms, 250);
    assert_int_equal(config_log_level(config), LOG_LEVEL_DEBUG);
    assert_int_equal(check(bench), 0);
}

static void lines_may_end_as_on_windows(void **state)
{
    struct bench *bench = *state;
    assert_taken(bench, "# a\r\n[identity]\r\ncluster = blue\r\n\r\ninstance_id = i-1");
    assert_string_equal(bench->config.identity.cluster, "blue");
    assert_string_equal(bench->config.identity.instance_id, "i-1");
}

static void values_keep_what_elsewhere_opens_a_comment(void **state)
{
    struct bench *bench = *state;
    assert_taken(bench,
        "# cluster = no\n; cluster = no\n[identity]\n  # cluster = no\n"
        "cluster = a#b ; c = d # e\nproperty.x = #1\nproperty.y = ;2\nproperty.z = =3\n"
        "property.w = [4]\n");
    assert_string_equal(bench->config.identity.cluster, "a#b ; c = d # e");
    static const char *const expected[] = {"#1", ";2", "=3", "[4]"};
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        assert_string_equal(bench->config.identity.properties.pairs[i].value, expected[i]);
}

static void the_later_line_wins(void **state)
{
    struct bench *bench = *state;
    assert_taken(bench,
        "[sample]\ninterval = 2s\n[run]\nlog = error\n[sample]\ninterval = 3s\n"
        "drivers = a, b\ndrivers = c\n");
    assert_int_equal(bench->config.sample.interval_ms, 3000);
    assert_int_equal(bench->config.ena.drivers.n_words, 1);
    assert_taken(bench, "[sample]\ninterval = 4s\n"); // the later file too
    assert_int_equal(bench->config.sample.interval_ms, 4000);
    assert_int_equal(config_log_level(&bench->config), LOG_LEVEL_ERROR);
}

static void an_assignment_wins_over_the_file(void **state)
{
    struct bench *bench = *state;
    assert_taken(bench, "[sample]\ninterval = 2s\n");
    assert_int_equal(set(bench, "sample.interval=7s"), 0);
    assert_int_equal(bench->config.sample.interval_ms, 7000);
    assert_int_equal(set(bench, "sample.interval=8s"), 0);
    assert_int_equal(bench->config.sample.interval_ms, 8000);
}

static void an_assignment_is_cut_at_its_first_dot_and_first_equals_sign(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(set(bench, " identity . dimension.Team.Sub = a.b=c "), 0);
    assert_string_equal(bench->config.identity.dimensions.pairs[0].name, "Team.Sub");
    assert_string_equal(bench->config.identity.dimensions.pairs[0].value, "a.b=c");
    assert_int_equal(set(bench, "publish.instance_dimensions=InstanceId; Team.Sub,InstanceId"), 0);
    assert_int_equal(set(bench, "identity.cluster=blue"), 0);
    assert_int_equal(set(bench, "identity.cluster="), 0);
    assert_null(bench->config.identity.cluster);
}

static void an_assignment_of_another_shape_is_refused(void **state)
{
    static const char *const bad[] = {"", "sample", "sample.interval", "interval=1s", "=",
        ".=", "=sample.interval", "sample=interval.1s"};
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (set(bench, bad[i]) != -EINVAL)
            fail_msg("-o %s is taken", bad[i]);
        assert_error(bench, "-o ");
        assert_said(bench, "allowed is ");
    }
}

static void an_assignment_is_named_when_it_is_refused(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(set(bench, "sample.interval=1"), -EINVAL);
    assert_error(bench, "-o sample.interval=1: ");
    assert_said(bench, "a duration such as 500ms, 1s, 5m");
    assert_int_equal(set(bench, "sample.intervall=1s"), -EINVAL);
    assert_error(bench, "unknown key intervall");
    assert_int_equal(set(bench, "smaple.interval=1s"), -EINVAL);
    assert_error(bench, "unknown section [smaple]");
    assert_int_equal(bench->config.sample.interval_ms, 1000);
}

static void unknown_keys_are_told_with_the_known_ones(void **state)
{
    struct bench *bench = *state;
    assert_refused(bench, "[sample]\n\nintervall = 1s\n", 3, "unknown key intervall in [sample]");
    static const char *const keys[] = {
        "interval", "drivers", "interfaces", "verdict", "replay", "replay_speed"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_said(bench, keys[i]);
    assert_refused(bench, "[identity]\nregion = x\n", 2, "dimension.NAME");
    assert_refused(bench, "[identity]\ndimension = x\n", 2, "dimension.NAME");
    assert_refused(bench, "[identity]\nDimension.a = x\n", 2, "dimension.NAME");
    assert_refused(bench, "[sample]\nInterval = 1s\n", 2, "interval");
    assert_refused(bench, "[sample]\ninterval.x = 1s\n", 2, "interval");
}

static void unknown_sections_are_told_with_the_known_ones(void **state)
{
    struct bench *bench = *state;
    assert_refused(bench, "[smaple]\ninterval = 1s\n", 1, "unknown section [smaple]");
    static const char *const sections[] = {
        "[sample]", "[publish]", "[agent]", "[identity]", "[journal]", "[run]"};
    for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
        assert_said(bench, sections[i]);
        assert_null(strstr(strstr(bench->said, sections[i]) + 1, sections[i])); // once
    }
    assert_refused(bench, "[Sample]\ninterval = 1s\n", 1, "unknown section [Sample]");
}

static void a_key_in_a_section_without_keys_is_told_what_is_allowed(void **state)
{
    struct bench *bench = *state;
    assert_refused(bench, "[stdout]\ncolour = yes\n", 1, "allowed is [sample]");
    assert_null(strstr(bench->said, "allowed is \n")); // nothing is no answer
}

static void a_key_before_any_section_is_told_so(void **state)
{
    assert_refused(*state, "interval = 1s\n[sample]\n", 1, "before any section");
}

static void lines_that_say_nothing_are_refused(void **state)
{
    struct bench *bench = *state;
    assert_refused(bench, "[sample]\ninterval 1s\n", 2, "key = value");
    assert_refused(bench, "[sample\ninterval = 1s\n", 1, "[name]");
    assert_refused(bench, "[sample] # here\n", 1, "[name]");
    assert_refused(bench, "[sample]\n= 1s\n", 2, "key");
    assert_refused(bench, "[]\n", 1, "section");
}

static void bad_values_are_told_with_what_is_allowed(void **state)
{
    static const char *const cases[][3] = {
        {"sample", "interval = 1", "a duration such as 500ms, 1s, 5m"},
        {"sample", "interval = 99ms", "100ms to 60s"},
        {"sample", "interval = 61s", "100ms to 60s"},
        {"sample", "interval =", "a duration"},
        {"sample", "drivers =", "at least one word"},
        {"sample", "replay_speed = fast", "a number"},
        {"sample", "replay_speed = 1001", "0 to 1000"},
        {"publish", "sink = stderr", "agent | cloudwatch | logs | stdout"},
        {"publish", "quiet_enis = yes", "omit | send"},
        {"publish", "resolution = 30", "60 | 1"},
        {"publish", "period = 500ms", "1s to "},
        {"publish", "period = 2h", "1s to "},
        {"publish", "namespace = AWS/EC2", "not starting with"},
        {"publish", "namespace =", "1 to 255"},
        {"publish", "log_group = a b", "A-Z"},
        {"publish", "eni_dimensions = A;;B", "sets apart by ;"},
        {"publish", "instance_dimensions =", "sets apart by ;"},
        {"agent", "endpoint = 127.0.0.1:25888", "tcp://host:port"},
        {"identity", "imds = on", "auto | off"},
        {"identity", "cluster = J\xc3\xb6rg", "printable ASCII"},
        {"identity", "dimension.Team =", "1 to 1024"},
        {"identity", "dimension. = x", "a name"},
        {"identity", "dimension.InstanceId = x", "a name that enawatch does not use itself"},
        {"identity", "property.mac = x", "a name that enawatch does not use itself"},
        {"journal", "max_bytes = 1MB", "a size such as 512KiB, 64MiB"},
        {"journal", "max_bytes = 1KiB", "1MiB to "},
        {"run", "drain = 61s", "0ms to 60s"},
        {"run", "log = loud", "error | warning | info | debug"},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[256];
        snprintf(text, sizeof(text), "[%s]\n%s\n", cases[i][0], cases[i][1]);
        assert_refused(bench, text, 2, cases[i][2]);
        assert_said(bench, "allowed is ");
    }
    defaults_are_those_of_the_design(state);
}

static void a_value_that_is_refused_for_its_length_is_told_with_what_is_allowed(void **state)
{
    struct bench *bench = *state;
    char text[4096] = "[identity]\nproperty.rack = ";
    memset(text + strlen(text), 'v', 1500);
    assert_refused(bench, text, 2, "at most 1024");
    strcpy(text, "[publish]\nlog_group = ");
    memset(text + strlen(text), 'g', 2000);
    assert_refused(bench, text, 2, "1 to 512");
}

static void reading_stops_at_the_first_bad_line(void **state)
{
    struct bench *bench = *state;
    assert_refused(bench, "[sample]\ninterval = 2s\nbad\ninterval = 3s\n", 3, "key = value");
    assert_int_equal(bench->config.sample.interval_ms, 2000);
}

static void a_named_file_may_not_be_absent(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(read_path(bench, bench->path), -EINVAL);
    assert_error(bench, bench->path);
    assert_said(bench, "No such file");
}

static void a_folder_is_not_a_file(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(read_path(bench, bench->folder), -EINVAL);
    assert_error(bench, bench->folder);
    assert_said(bench, "folder");
}

static void a_file_has_at_most_one_mebibyte(void **state)
{
    struct bench *bench = *state;
    enum { MAX = 1 << 20 };
    scoped_free char *text = xcalloc(MAX + 2, 1);
    for (size_t i = 0; i <= MAX; i++)
        text[i] = i % 64 == 0 ? '#' : i % 64 == 63 ? '\n' : 'c';
    const char last[] = "\n[run]\nlog = debug\n";
    memcpy(text + MAX - strlen(last), last, strlen(last));
    write_bytes(bench, text, MAX);
    assert_int_equal(read_path(bench, bench->path), 0);
    assert_int_equal(config_log_level(&bench->config), LOG_LEVEL_DEBUG);
    write_bytes(bench, text, MAX + 1);
    assert_int_equal(read_path(bench, bench->path), -EINVAL);
    assert_error(bench, bench->path);
    assert_said(bench, "1 MiB");
}

static void a_file_that_is_no_text_is_refused(void **state)
{
    struct bench *bench = *state;
    write_bytes(bench, "[run]\n\0log = debug\n", 19);
    assert_int_equal(read_path(bench, bench->path), -EINVAL);
    assert_error(bench, ":2: ");
    assert_said(bench, "NUL");
}

static void maps_keep_their_names_in_order_and_the_later_value(void **state)
{
    struct bench *bench = *state;
    assert_taken(
        bench, "[identity]\ndimension.b = 1\ndimension.a = 2\nproperty.b = 3\ndimension.b = 4\n");
    const struct option_map *dimensions = &bench->config.identity.dimensions;
    assert_int_equal(dimensions->n_pairs, 2);
    assert_string_equal(dimensions->pairs[0].name, "b");
    assert_string_equal(dimensions->pairs[0].value, "4");
    assert_string_equal(dimensions->pairs[1].name, "a");
    assert_int_equal(bench->config.identity.properties.n_pairs, 1);
}

static void every_sink_has_its_options(void **state)
{
    const struct bench *bench = *state;
    for (size_t i = 0; i < sink_table_n; i++) {
        assert_string_equal(sink_table[i]->name, sink_names[i]);
        assert_non_null(config_sink_options(&bench->config, sink_table[i]));
    }
    assert_null(sink_names[sink_table_n]);
    struct sink_ops stranger = {.name = "stranger"};
    assert_null(config_sink_options(&bench->config, &stranger));
}

static void a_sink_is_told_what_is_published(void **state)
{
    struct bench *bench = *state;
    const struct sink_ops *ops = sink_table[0];
    struct sink_setting setting = config_sink_setting(&bench->config, ops);
    assert_false(setting.is_high_resolution);
    assert_taken(
        bench, "[publish]\nnamespace = Mine\nlog_group = /mine\nperiod = 30s\nresolution = 1\n");
    setting = config_sink_setting(&bench->config, ops);
    assert_ptr_equal(setting.options, config_sink_options(&bench->config, ops));
    assert_string_equal(setting.namespace, "Mine");
    assert_string_equal(setting.log_group, "/mine");
    assert_int_equal(setting.period_ms, 30000);
    assert_true(setting.is_high_resolution);
    assert_null(setting.http);
    assert_null(setting.imds_endpoint);
    assert_null(setting.place);
}

static void every_row_has_help_and_a_name_of_its_own(void **state)
{
    const struct bench *bench = *state;
    for (size_t t = 0; t < bench->config.n_tables; t++) {
        const struct option_table *table = bench->config.tables[t].table;
        for (size_t i = 0; i < table->n_rows; i++) {
            assert_true(strlen(table->rows[i].help) > 0);
            for (size_t u = 0; u < t; u++) {
                const struct option_table *other = bench->config.tables[u].table;
                for (size_t k = 0; k < other->n_rows; k++)
                    assert_true(strcmp(table->section, other->section) != 0 ||
                        strcmp(table->rows[i].name, other->rows[k].name) != 0);
            }
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_those_of_the_design),
        TEST(the_defaults_pass_the_check),
        TEST(an_empty_file_changes_nothing),
        TEST(every_type_of_value_is_read),
        TEST(lines_may_end_as_on_windows),
        TEST(values_keep_what_elsewhere_opens_a_comment),
        TEST(the_later_line_wins),
        TEST(an_assignment_wins_over_the_file),
        TEST(an_assignment_is_cut_at_its_first_dot_and_first_equals_sign),
        TEST(an_assignment_of_another_shape_is_refused),
        TEST(an_assignment_is_named_when_it_is_refused),
        TEST(unknown_keys_are_told_with_the_known_ones),
        TEST(unknown_sections_are_told_with_the_known_ones),
        TEST(a_key_in_a_section_without_keys_is_told_what_is_allowed),
        TEST(a_key_before_any_section_is_told_so),
        TEST(lines_that_say_nothing_are_refused),
        TEST(bad_values_are_told_with_what_is_allowed),
        TEST(a_value_that_is_refused_for_its_length_is_told_with_what_is_allowed),
        TEST(reading_stops_at_the_first_bad_line),
        TEST(a_named_file_may_not_be_absent),
        TEST(a_folder_is_not_a_file),
        TEST(a_file_has_at_most_one_mebibyte),
        TEST(a_file_that_is_no_text_is_refused),
        TEST(maps_keep_their_names_in_order_and_the_later_value),
        TEST(every_sink_has_its_options),
        TEST(a_sink_is_told_what_is_published),
        TEST(every_row_has_help_and_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
