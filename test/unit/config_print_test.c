// SPDX-License-Identifier: Apache-2.0
// --print-config: a file that is accepted, says the same, and prints the same again.
#include "unit/config_bench.h"

static void given(struct bench *bench, const char *assignment)
{
    if (set(bench, assignment) != 0)
        fail_msg("%s", bench->said);
}

// Without comments, which tell where a value came from. In place.
static void cut_comments(char *text)
{
    char *to = text;
    for (char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        length += line[length] == '\n';
        if (*line != '#') {
            memmove(to, line, length);
            to += length;
        }
        line += length;
    }
    *to = '\0';
}

// Prints, reads that into a new configuration and prints again: the same lines.
static void assert_stable(struct bench *bench)
{
    char *first = print(bench);
    config_finish(&bench->config);
    config_init(&bench->config);
    int r = read_text(bench, first);
    char *second = print(bench);
    cut_comments(first);
    cut_comments(second);
    bool is_same = strcmp(first, second) == 0;
    free(first);
    free(second);
    if (r != 0)
        fail_msg("what was printed is refused: %s", bench->said);
    assert_string_equal(bench->said, "");
    assert_true(is_same);
}

static void assert_has_line(const struct bench *bench, const char *section, const char *line)
{
    char *text = print(bench);
    char wanted[256];
    snprintf(wanted, sizeof(wanted), "[%s]\n", section);
    const char *start = strstr(text, wanted);
    assert_non_null(start);
    const char *end = strstr(start + 1, "\n[");
    snprintf(wanted, sizeof(wanted), "\n%s\n", line);
    const char *found = strstr(start, wanted);
    if (found == NULL || (end != NULL && found > end))
        fail_msg("[%s] has no line %s in:\n%s", section, line, text);
    free(text);
}

static void defaults_are_stable(void **state)
{
    assert_stable(*state);
}

static void defaults_are_printed_under_their_sections(void **state)
{
    assert_has_line(*state, "sample", "interval = 1s");
    assert_has_line(*state, "sample", "verdict = 10s");
    assert_has_line(*state, "sample", "drivers = ena");
    assert_has_line(*state, "publish", "period = 60s");
    assert_has_line(*state, "publish", "metrics = default");
    assert_has_line(*state, "publish", "quiet_enis = omit");
    assert_has_line(*state, "publish", "log_group = /enawatch/metrics");
    assert_has_line(*state, "publish", "instance_dimensions = InstanceId; ClusterName");
    assert_has_line(*state, "agent", "endpoint = tcp://127.0.0.1:25888");
    assert_has_line(*state, "run", "drain = 5s");
}

static void what_is_not_set_is_a_comment(void **state)
{
    assert_has_line(*state, "sample", "# replay =");
    assert_has_line(*state, "identity", "# cluster =");
    assert_has_line(*state, "identity", "# dimension.NAME =");
}

static void every_section_is_printed_once(void **state)
{
    scoped_free char *text = print(*state);
    for (const char *at = text; (at = strstr(at, "\n[")) != NULL; at++) {
        char section[64];
        snprintf(section, sizeof(section), "%.*s", (int)strcspn(at + 1, "\n") + 1, at);
        assert_null(strstr(at + 1, section));
    }
    assert_ptr_equal(strstr(text, "[sample]"), text);
}

static void every_row_is_printed_with_its_help_and_range(void **state)
{
    struct bench *bench = *state;
    scoped_free char *text = print(bench);
    for (size_t t = 0; t < bench->config.n_tables; t++)
        for (size_t i = 0; i < bench->config.tables[t].table->n_rows; i++)
            assert_non_null(strstr(text, bench->config.tables[t].table->rows[i].help));
    assert_non_null(strstr(text, "100ms to 60s"));
    assert_non_null(strstr(text, "omit | send"));
}

static void a_value_tells_where_it_came_from(void **state)
{
    struct bench *bench = *state;
    assert_taken(bench, "[sample]\n\ninterval = 2s\n");
    given(bench, "publish.period=30s");
    scoped_free char *text = print(bench);
    char place[128];
    snprintf(place, sizeof(place), "%s:3", bench->path);
    const char *interval = strstr(text, "\ninterval = 2s\n");
    assert_non_null(interval);
    assert_true(strstr(text, place) < interval);
    assert_non_null(strstr(text, place));
    assert_non_null(strstr(text, "-o publish.period=30s"));
}

static void everything_set_is_stable(void **state)
{
    struct bench *bench = *state;
    assert_taken(bench,
        "[sample]\ninterval = 2500ms\ndrivers = ena,efa , x y\ninterfaces = ens*, eth[0-9]\n"
        "verdict = 1m\nreplay = /tmp/a b#c;d=e\nreplay_speed = 0.25\n"
        "[publish]\nsink = stdout\nmetrics = default,tx_timeout\nperiod = 1h\nquiet_enis = send\n"
        "namespace = My = Team\nlog_group = /a#b\ninstance_dimensions = InstanceId,Team ;Stage\n"
        "eni_dimensions = NetworkInterfaceId\n"
        "[agent]\nendpoint = udp://[::1]:1\n"
        "[identity]\nimds = off\ninstance_id = #i-1\ncluster = [blue]\n"
        "dimension.Team = ;net\ndimension.Stage = a = b\n"
        "property.rack = 17\nproperty.empty =\nproperty.owner = J\xc3\xb6rg\xff.\n"
        "[journal]\nmax_bytes = 1537KiB\n[run]\ndrain = 0s\nlog = warning\n");
    assert_stable(bench);
    const struct config *config = &bench->config;
    assert_int_equal(config->sample.interval_ms, 2500);
    assert_string_equal(config->ena.drivers.words[2], "x y");
    assert_string_equal(config->ena.interfaces.words[1], "eth[0-9]");
    assert_int_equal(config->delta.verdict_ms, 60000);
    assert_string_equal(config->replay.path, "/tmp/a b#c;d=e");
    assert_true(config->replay.speed == 0.25);
    assert_int_equal(config->window.period_ms, 3600000);
    assert_string_equal(config->encoder.namespace, "My = Team");
    assert_string_equal(config->identity.instance_id, "#i-1");
    assert_string_equal(config->identity.cluster, "[blue]");
    assert_string_equal(config->identity.dimensions.pairs[0].value, ";net");
    assert_string_equal(config->identity.dimensions.pairs[1].value, "a = b");
    assert_int_equal(config->identity.properties.n_pairs, 3);
    assert_string_equal(config->identity.properties.pairs[1].value, "");
    assert_string_equal(config->identity.properties.pairs[2].value, "J\xc3\xb6rg\xff.");
    assert_int_equal(config->journal.max_bytes, 1537 << 10);
    assert_int_equal(config->run.drain_ms, 0);
}

static void what_was_unset_again_is_stable(void **state)
{
    struct bench *bench = *state;
    given(bench, "identity.cluster=blue");
    given(bench, "identity.cluster=");
    given(bench, "sample.replay=");
    assert_stable(bench);
    assert_null(bench->config.identity.cluster);
    assert_null(bench->config.replay.path);
}

// A newline cannot come from a file; from the command line it can, and must not end the line that
// says where the value came from, nor the value.
static void a_newline_in_an_assignment_is_refused_or_stable(void **state)
{
    struct bench *bench = *state;
    if (set(bench, "identity.property.note=a\nb") == 0) {
        assert_stable(bench);
        assert_string_equal(bench->config.identity.properties.pairs[0].value, "a\nb");
    }
    if (set(bench, "sample.replay=a\n[run]\nlog = debug") == 0) {
        assert_stable(bench);
        assert_string_equal(bench->config.replay.path, "a\n[run]\nlog = debug");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_stable),
        TEST(defaults_are_printed_under_their_sections),
        TEST(what_is_not_set_is_a_comment),
        TEST(every_section_is_printed_once),
        TEST(every_row_is_printed_with_its_help_and_range),
        TEST(a_value_tells_where_it_came_from),
        TEST(everything_set_is_stable),
        TEST(what_was_unset_again_is_stable),
        TEST(a_newline_in_an_assignment_is_refused_or_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
