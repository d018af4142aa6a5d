// SPDX-License-Identifier: Apache-2.0
// The cluster's name, from the first source that knows it. Names in files and user data are those
// of nodeadm's documentation; what is in doubt there: node_config_test.c.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "support/identity_fixture.h"
#include "support/unit.h"

#define TAGS      "meta-data/tags/instance/"
#define USER_DATA "user-data"

#define NODE_CONFIG(name)                                                                          \
    "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: " name "\n"

struct bench {
    struct identity_fixture *fixture;
    char folder[32], path[64];
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    identity_fixture_setup((void **)&bench->fixture);
    snprintf(bench->folder, sizeof(bench->folder), "/tmp/enawatch-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof(bench->path), "%s/config.json", bench->folder);
    identity_fixture_set(bench->fixture, "cluster_from", NULL, "nodeadm, tags, user-data");
    identity_fixture_set(bench->fixture, "nodeadm_file", NULL, bench->path);
    identity_fixture_tell_instance(bench->fixture);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    identity_fixture_teardown((void **)&bench->fixture);
    unlink(bench->path);
    rmdir(bench->path);
    rmdir(bench->folder);
    free(bench);
    return 0;
}

static void write_file(const struct bench *bench, const char *text)
{
    int fd = open(bench->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void tell_tag(const struct bench *bench, const char *tag, const char *value)
{
    scoped_free char *list = xasprintf("Name\n%s\nother", tag);
    scoped_free char *path = xasprintf(TAGS "%s", tag);
    scripted_http_key(&bench->fixture->http, TAGS, list);
    scripted_http_key(&bench->fixture->http, path, value);
}

static void assert_cluster(const struct bench *bench, const char *expected)
{
    assert_string_equal(identity_fixture_value(bench->fixture, 0, "ClusterName"), expected);
}

static size_t n_asked(const struct bench *bench, const char *path)
{
    return scripted_http_count(&bench->fixture->http, 0, "GET", path);
}

static size_t n_said(const struct bench *bench, const char *words)
{
    return log_catcher_count(&bench->fixture->log, words);
}

static void tell_everywhere(const struct bench *bench)
{
    write_file(bench, "{\"spec\": {\"cluster\": {\"name\": \"of-file\"}}}");
    tell_tag(bench, "eks:cluster-name", "of-tag");
    scripted_http_key(&bench->fixture->http, USER_DATA, NODE_CONFIG("of-user-data"));
}

static void the_file_comes_first_and_spares_every_packet(void **state)
{
    struct bench *bench = *state;
    tell_everywhere(bench);
    identity_fixture_start(bench->fixture);
    assert_cluster(bench, "of-file");
    assert_int_equal(n_asked(bench, TAGS "*"), 0);
    assert_int_equal(n_asked(bench, USER_DATA), 0);
    scoped_free char *line = xasprintf("identity: cluster of-file, from %s\n", bench->path);
    assert_int_equal(n_said(bench, line), 1);
    identity_fixture_pass(bench->fixture, 3600);
    assert_int_equal(n_said(bench, "cluster"), 1);
}

static void each_order_of_sources_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *sources, *cluster, *origin;
    } cases[] = {{"nodeadm, tags, user-data", "of-file", "config.json"},
        {"tags, nodeadm, user-data", "of-tag", "the tags of the instance"},
        {"tags", "of-tag", "the tags of the instance"},
        {"user-data, tags, nodeadm", "of-user-data", "the user data of the instance"},
        {"user-data", "of-user-data", "the user data of the instance"},
        {"nodeadm", "of-file", "config.json"}, {"none", "(none)", "in us-east-1a"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bench *bench;
        set_up((void **)&bench);
        tell_everywhere(bench);
        identity_fixture_set(bench->fixture, "cluster_from", NULL, cases[i].sources);
        identity_fixture_start(bench->fixture);
        assert_cluster(bench, cases[i].cluster);
        assert_true(n_said(bench, cases[i].origin) > 0);
        tear_down((void **)&bench);
    }
}

static void a_source_that_is_switched_off_is_not_looked_at(void **state)
{
    struct bench *bench = *state;
    tell_everywhere(bench);
    identity_fixture_set(bench->fixture, "cluster_from", NULL, "none");
    identity_fixture_start(bench->fixture);
    identity_fixture_pass(bench->fixture, 600);
    assert_cluster(bench, "(none)");
    assert_int_equal(n_asked(bench, TAGS "*") + n_asked(bench, USER_DATA), 0);
    assert_int_equal(n_said(bench, "cluster"), 0);
}

static void a_name_in_the_configuration_asks_nobody(void **state)
{
    struct bench *bench = *state;
    tell_everywhere(bench);
    identity_fixture_set(bench->fixture, "cluster", NULL, "mine");
    identity_fixture_start(bench->fixture);
    assert_cluster(bench, "mine");
    assert_int_equal(n_asked(bench, TAGS "*") + n_asked(bench, USER_DATA), 0);
}

static void the_next_source_is_asked_where_one_does_not_know(void **state)
{
    struct bench *bench = *state;
    scripted_http_key(&bench->fixture->http, TAGS, "Name\n");
    scripted_http_key(&bench->fixture->http, USER_DATA, NODE_CONFIG("of-user-data"));
    identity_fixture_start(bench->fixture);
    assert_cluster(bench, "of-user-data");
    assert_int_equal(n_asked(bench, TAGS "*"), 1);
}

static void tags_that_are_off_are_no_trouble(void **state)
{
    struct bench *bench = *state;
    identity_fixture_set(bench->fixture, "cluster_from", NULL, "tags");
    identity_fixture_start(bench->fixture); // 404
    assert_cluster(bench, "(none)");
    identity_fixture_pass(bench->fixture, 600);
    assert_int_equal(n_asked(bench, TAGS "*"), 1);
    assert_int_equal(n_said(bench, "<4>"), 0);
    assert_int_equal(n_said(bench, "no source knows the name of a cluster"), 1);
}

static void any_of_the_configured_tags_will_do_in_their_order(void **state)
{
    struct bench *bench = *state;
    identity_fixture_set(bench->fixture, "cluster_from", NULL, "tags");
    identity_fixture_set(bench->fixture, "cluster_tags", NULL, "team, eks:cluster-name");
    scripted_http_key(&bench->fixture->http, TAGS, "xteam\neks:cluster-name\nteamx\n");
    scripted_http_key(&bench->fixture->http, TAGS "eks:cluster-name", "blue");
    identity_fixture_start(bench->fixture);
    assert_cluster(bench, "blue");
}

static void a_tag_that_is_no_name_is_refused_and_the_next_asked(void **state)
{
    (void)state;
    static const struct scripted_answer bad[] = {{HTTP_ANSWERED, 200, "a b", 0, 0},
        {HTTP_ANSWERED, 200, "-a", 0, 0}, {HTTP_ANSWERED, 200, "a\0b", 3, 0},
        {HTTP_ANSWERED, 200, "", 0, 0}, {HTTP_ANSWERED, 200, "caf\xc3\xa9", 0, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct bench *bench;
        set_up((void **)&bench);
        tell_tag(bench, "eks:cluster-name", "");
        scripted_http_answer(&bench->fixture->http, "GET", TAGS "eks:cluster-name", &bad[i]);
        scripted_http_key(&bench->fixture->http, USER_DATA, NODE_CONFIG("of-user-data"));
        identity_fixture_start(bench->fixture);
        assert_cluster(bench, "of-user-data");
        assert_int_equal(bench->fixture->identity.n_refused, 1);
        assert_int_equal(n_said(bench, "<4>imds: " TAGS "eks:cluster-name: the answer"), 1);
        tear_down((void **)&bench);
    }
}

static void a_tag_that_went_between_list_and_value_is_no_trouble(void **state)
{
    struct bench *bench = *state;
    scripted_http_key(&bench->fixture->http, TAGS, "eks:cluster-name");
    scripted_http_key(&bench->fixture->http, USER_DATA, NODE_CONFIG("of-user-data"));
    identity_fixture_start(bench->fixture);
    assert_cluster(bench, "of-user-data");
    assert_int_equal(bench->fixture->identity.n_refused, 0);
}

static void a_file_that_comes_late_is_found(void **state)
{
    (void)state;
    static const char *const orders[] = {
        "nodeadm, tags, user-data", "tags, user-data, nodeadm", "nodeadm", "user-data, nodeadm"};
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        struct bench *bench;
        set_up((void **)&bench);
        identity_fixture_set(bench->fixture, "cluster_from", NULL, orders[i]);
        identity_fixture_start(bench->fixture);
        identity_fixture_pass(bench->fixture, 20);
        assert_cluster(bench, "(none)");
        write_file(bench, "{\"spec\": {\"cluster\": {\"name\": \"late\"}}}");
        identity_fixture_pass(bench->fixture, 2);
        assert_cluster(bench, "late");
        assert_int_equal(n_said(bench, "identity: cluster late, from "), 1);
        assert_int_equal(n_asked(bench, TAGS) + n_asked(bench, USER_DATA),
            strstr(orders[i], "user-data") == NULL  ? 0
                : strstr(orders[i], "tags") == NULL ? 1
                                                    : 2);
        tear_down((void **)&bench);
    }
}

static void a_late_file_is_found_without_the_service_too(void **state)
{
    struct bench *bench = *state;
    identity_fixture_set(bench->fixture, "imds", NULL, "off");
    identity_fixture_start(bench->fixture);
    assert_cluster(bench, "(none)");
    write_file(bench, "{\"spec\": {\"cluster\": {\"name\": \"late\"}}}");
    uint64_t n_changes = bench->fixture->identity.n_changes;
    identity_fixture_pass(bench->fixture, 2);
    assert_cluster(bench, "late");
    assert_true(bench->fixture->identity.n_changes > n_changes);
    assert_int_equal(bench->fixture->http.n_requests, 0);
}

static void the_name_is_pending_while_a_source_was_not_heard(void **state)
{
    struct bench *bench = *state;
    bench->fixture->http.is_held = true;
    identity_fixture_start(bench->fixture);
    assert_cluster(bench, "(pending)");
    bench->fixture->http.is_held = false;
    identity_fixture_pass(bench->fixture, 0);
    assert_cluster(bench, "(none)");
}

static void a_doubtful_source_is_said_once_and_the_next_asked(void **state)
{
    struct bench *bench = *state;
    write_file(bench, "{\"spec\": ");
    scripted_http_key(
        &bench->fixture->http, USER_DATA, NODE_CONFIG("one") "---\n" NODE_CONFIG("two"));
    identity_fixture_start(bench->fixture);
    identity_fixture_pass(bench->fixture, 1);
    assert_cluster(bench, "(none)");
    assert_int_equal(n_said(bench, "config.json: it is not JSON: no cluster name from it"), 1);
    assert_int_equal(n_said(bench, "<4>identity: user data: "), 1);
    identity_fixture_pass(bench->fixture, 3600);
    assert_true(n_said(bench, "config.json: it is not JSON") <= 2);
    assert_int_equal(n_said(bench, "<4>identity: user data: "), 1);
}

static void what_is_no_file_is_said_once(void **state)
{
    struct bench *bench = *state;
    identity_fixture_set(bench->fixture, "cluster_from", NULL, "nodeadm");
    assert_int_equal(mkdir(bench->path, 0700), 0);
    identity_fixture_start(bench->fixture);
    identity_fixture_pass(bench->fixture, 3600);
    assert_int_equal(n_said(bench, "config.json: Is a directory: no cluster name from it"), 1);
    assert_int_equal(n_said(bench, "<4>"), 1);
}

// User data may hold secrets.
static void nothing_of_user_data_is_logged(void **state)
{
    struct bench *bench = *state;
    scripted_http_key(&bench->fixture->http, USER_DATA,
        "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: "
        "pass word\n");
    identity_fixture_start(bench->fixture);
    identity_fixture_pass(bench->fixture, 60);
    assert_cluster(bench, "(none)");
    assert_int_equal(n_said(bench, "pass"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_file_comes_first_and_spares_every_packet),
        cmocka_unit_test(each_order_of_sources_is_kept),
        TEST(a_source_that_is_switched_off_is_not_looked_at),
        TEST(a_name_in_the_configuration_asks_nobody),
        TEST(the_next_source_is_asked_where_one_does_not_know),
        TEST(tags_that_are_off_are_no_trouble),
        TEST(any_of_the_configured_tags_will_do_in_their_order),
        cmocka_unit_test(a_tag_that_is_no_name_is_refused_and_the_next_asked),
        TEST(a_tag_that_went_between_list_and_value_is_no_trouble),
        cmocka_unit_test(a_file_that_comes_late_is_found),
        TEST(a_late_file_is_found_without_the_service_too),
        TEST(the_name_is_pending_while_a_source_was_not_heard),
        TEST(a_doubtful_source_is_said_once_and_the_next_asked),
        TEST(what_is_no_file_is_said_once),
        TEST(nothing_of_user_data_is_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
