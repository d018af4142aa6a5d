// SPDX-License-Identifier: Apache-2.0
// The cluster name out of one NodeConfig, and out of what nodeadm leaves. What is expected follows
// from YAML 1.1 and from what nodeadm does with it.
#include <stdio.h>
#include <string.h>

#include "support/node_config_asker.h"
#include "support/unit.h"

static void a_node_config_alone_has_a_name(void **state)
{
    (void)state;
    assert_blue(CONFIG);
    assert_blue("---\n" CONFIG);
    assert_blue("--- # of terraform\n" CONFIG);
    assert_blue("# of terraform\n\n" CONFIG "---\n# no more\n");
    assert_blue(HEAD "spec:\n  cluster:\n    name: blue");
    assert_blue("spec:\n  cluster:\n    cidr: 10.0.0.0/16\n    name: blue\n"
                "    apiServerEndpoint: https://example.com\nkind: NodeConfig\n" API);
    assert_blue("  apiVersion: node.eks.aws/v1alpha1\n  kind: NodeConfig\n  spec:\n"
                "        cluster:\n         name: blue\n");
    assert_blue(HEAD "\nspec: # all\n\n  # here\n  cluster: # it is\n# and here\n\n"
                     "      # and here\n    name: blue # the name\n   \n");
    assert_blue("MIME-Version: 1.0\nContent-Type: application/node.eks.aws\n\n" CONFIG);
}

static void a_name_may_be_quoted(void **state)
{
    (void)state;
    assert_blue(HEAD "spec:\n  cluster:\n    name: 'blue'\n");
    assert_blue(HEAD "spec:\n  cluster:\n    name:    \"blue\"   # quoted\n");
    assert_blue("\"apiVersion\": \"node.eks.aws/v1alpha1\"\n\"kind\": \"NodeConfig\"\n"
                "\"spec\":\n  \"cluster\":\n    \"cidr\": \"10.0.0.0/16\"\n    \"name\": \"blue\"\n"
                "  \"kubelet\":\n    \"flags\":\n    - \"--node-labels=a=b,c=d\"\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: \"bl\\x75e\"\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: 'bl''ue'\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: \"blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: \"blue\n      \"\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: \"blue\"#green\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: \"blue\" green\n");
}

static void only_names_of_clusters_are_names(void **state)
{
    (void)state;
    char text[512], name[102];
    assert_name(HEAD "spec:\n  cluster:\n    name: B1-ue_\n", "B1-ue_");
    assert_name(HEAD "spec:\n  cluster:\n    name: '123'\n", "123");
    static const char *const others[] = {"-blue", "_blue", "bl.ue", "bl ue", "''", "bl/ue", "blü",
        "blue#green", "${cluster_name}", "{{ cluster }}", "\"blue \"", "arn:aws:eks"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        snprintf(text, sizeof(text), HEAD "spec:\n  cluster:\n    name: %s\n", others[i]);
        assert_doubt(text);
    }
    memset(name, 'x', sizeof(name) - 1);
    name[101] = '\0';
    snprintf(text, sizeof(text), HEAD "spec:\n  cluster:\n    name: %s\n", name);
    assert_doubt(text);
    snprintf(text, sizeof(text), HEAD "spec:\n  cluster:\n    name: %s\n", name + 1);
    assert_name(text, name + 1);
}

static void a_name_may_be_asked_about(void **state)
{
    (void)state;
    assert_true(node_config_is_name("1st_Blue-"));
    assert_false(node_config_is_name(""));
    assert_false(node_config_is_name("-blue"));
    assert_false(node_config_is_name("blue "));
}

// YAML 1.1: the unquoted forms of numbers, booleans and null. A node with such a name does not
// join: nodeadm wants a string.
static void what_may_be_no_string_is_no_name(void **state)
{
    (void)state;
    static const char *const others[] = {"123", "1e3", "0x1F", "0o17", "0b11", "1_000",
        "2026-01-31", "yes", "NO", "On", "off", "true", "False", "null", "Null", "y", "~", "",
        "# nothing", "0x1p-2", "*blue", "&blue blue", "!!str blue", "[blue]", "{blue}", "|", ">-",
        "- blue"};
    char text[256];
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        snprintf(text, sizeof(text), HEAD "spec:\n  cluster:\n    name: %s\n", others[i]);
        assert_doubt(text);
    }
    assert_name(HEAD "spec:\n  cluster:\n    name: 1st-cluster\n", "1st-cluster");
    assert_name(HEAD "spec:\n  cluster:\n    name: yes-1\n", "yes-1");
}

static void a_name_elsewhere_is_another(void **state)
{
    (void)state;
    assert_none(HEAD "metadata:\n  name: green\n");
    assert_none(HEAD "name: green\nspec:\n  name: green\n  cluster:\n    id: 1\n");
    assert_none(HEAD "spec:\n  cluster:\n    other:\n      name: green\n");
    assert_none(HEAD "spec:\n  cluster:\n  name: green\n");
    assert_none(HEAD "spec:\n  kubelet:\n    cluster:\n      name: green\n");
    assert_none(HEAD "spec:\n  kubelet:\n    config:\n      registerWithTaints:\n      - key: a\n"
                     "        name: green\n      - name: green\n        key: b\n");
    assert_none(HEAD "cluster:\n  name: green\n");
    assert_none(HEAD "status:\n  spec:\n    cluster:\n      name: green\n");
    assert_none(HEAD "Spec:\n  Cluster:\n    Name: green\n");
    assert_none(HEAD "spec:\n");
    assert_none(HEAD "spec: {}\n");
    assert_none(HEAD "spec:\n  cluster: {}\n  kubelet:\n    name: green\n");
    assert_blue(
        HEAD "metadata:\n  name: green\nspec:\n  kubelet:\n    name: green\n  cluster:\n"
             "    name: blue\n    other:\n      name: green\n  containerd:\n    name: green\n");
}

static void what_a_block_scalar_holds_is_text(void **state)
{
    (void)state;
    static const char *const marks[] = {"|", ">", "|-", ">+", "| # of this", "|+   # of this"};
    char text[512];
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        snprintf(text, sizeof(text),
            HEAD "spec:\n  containerd:\n    config: %s\n\n      spec:\n        cluster:\n"
                 "          name: green\n\n      \tkey: 'x\n     \n  cluster:\n    name: blue\n",
            marks[i]);
        assert_blue(text);
    }
    assert_none(HEAD "text: |\n spec:\n   cluster:\n     name: green\n");
    assert_none(HEAD "spec:\n  list:\n  - |\n   cluster:\n     name: green\n  - a: |\n"
                     "     cluster:\n       name: green\n");
    assert_none("text: |\n  apiVersion: node.eks.aws/v1alpha1\n  kind: NodeConfig\n" HEAD);
    // An empty one ends where the next key is.
    assert_blue(HEAD "spec:\n  containerd:\n    config: |\n\n  cluster:\n    name: blue\n");
    assert_blue(HEAD "spec:\n  other:\n    - |\n    - x\n  cluster:\n    name: blue\n");
    // Indentation in digits, less than the first line has, less than a blank line had, tabs.
    assert_doubt(HEAD "text: |2\n    a\n  spec:\n" CONFIG);
    assert_doubt(HEAD "text: |\n    a\n  b\nspec:\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "text: |\n      \n  a\nspec:\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "text: |\n \ta\nspec:\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "text: |\n\ta\nspec:\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "text: |x\n  a\nspec:\n  cluster:\n    name: blue\n");
}

static void what_goes_on_over_lines_is_in_doubt(void **state)
{
    (void)state;
    assert_doubt(HEAD "spec:\n  cluster:\n    name: blue\n      green\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name:\n      blue\n");
    assert_doubt(HEAD "text: \"\nspec:\n  cluster:\n    name: green\n\"\n");
    assert_doubt(HEAD "text: 'it''s\nspec:\n  cluster:\n    name: green\n'\n");
    assert_doubt(HEAD "text: {\nspec:\n  cluster:\n    name: green\n}\n");
    assert_doubt(HEAD "text: [a, ']',\nspec:\n  cluster:\n    name: green\n]\n");
    assert_doubt(HEAD "text: [a, # ]\nspec:\n  cluster:\n    name: green\n]\n");
    assert_doubt(HEAD "text: [it's, [that's]\nspec:\n  cluster:\n    name: green\n]\n");
    assert_doubt(HEAD "- \"\nspec:\n  cluster:\n    name: green\n\"\n");
    assert_doubt(HEAD "\"text\nspec:\n  cluster:\n    name: green\n\": x\n");
    assert_doubt(HEAD "? |\n  x\n: spec\nspec:\n  cluster:\n    name: green\n");
}

static void flow_style_anchors_tags_and_tabs_are_in_doubt(void **state)
{
    (void)state;
    assert_doubt(HEAD "spec: {cluster: {name: blue}}\n");
    assert_doubt(HEAD "spec:\n  cluster: {name: blue}\n");
    assert_doubt("{apiVersion: node.eks.aws/v1alpha1, kind: NodeConfig}\n");
    assert_doubt(HEAD "spec: &all\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster: *green\n");
    assert_doubt(HEAD "spec:\n  cluster: !map\n    name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    <<: *green\n    name: blue\n");
    assert_doubt(HEAD "spec:\n\tcluster:\n\t\tname: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name:\tblue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: blue\t# green\n");
    assert_doubt("%YAML 1.1\n---\n" CONFIG);
    assert_doubt(CONFIG "...\n");
    // Tabs part words in some readers, so that this quote opens something.
    assert_doubt(HEAD "text: \t\"\nspec:\n  cluster:\n    name: green\n");
    assert_doubt("--- {}\n" CONFIG);
    assert_doubt("--- |\n" CONFIG);
    static const char *const others[] = {"&a b", "*b", "!b b", "@b", "`b", "%b", ",b", "]", "}",
        "- b", "? b", ": b", "-", "b: c", "b:", "b: # c", "[a, # ]", "[it's, [that's]", "{a: b",
        "{a: 'b}"};
    char text[256];
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        snprintf(text, sizeof(text), CONFIG "a: %s\n", others[i]);
        assert_doubt(text);
    }
    // Elsewhere, and whole on their line, they say nothing.
    assert_blue(CONFIG "a: 'it''s'\nb: \"a\\\"b\"\nc: -b\nd: a:b # c:\ne: a&b*c!d\nf: a#b'c\n");
    assert_blue(CONFIG "  kubelet:\n    config: {maxPods: 42, 'a': \"b}\", \"c\":\"#\"}\n"
                       "    flags: [\"--a=b\", --c=d, '--e=[']  # flags\n  instance: {}\n");
}

static void indentation_must_fit(void **state)
{
    (void)state;
    assert_doubt(HEAD "spec:\n    cluster:\n      name: blue\n  kubelet:\n    a: b\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    cidr: 10.0.0.0/16\n      name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    cidr: 10.0.0.0/16\n   name: blue\n");
    assert_doubt("  " HEAD "spec:\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "spec: x\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "spec:\n- cluster:\n    name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    - name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    a: b\n    - name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name:blue\n    x\n");
    assert_doubt("- " HEAD "spec:\n  cluster:\n    name: blue\n");
    assert_blue(HEAD "a:\n- b: c\n  d: e\n-\n  f: g\n- - h\n  -   i: j\n      k: l\nm:\n  - n\n"
                     "spec:\n  cluster:\n    name: blue\n");
}

static void a_key_that_is_there_twice_is_in_doubt(void **state)
{
    (void)state;
    assert_doubt(HEAD "spec:\n  cluster:\n    name: blue\n    name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: blue\n  cluster:\n    cidr: 10.0.0.0/16\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: blue\nspec:\n  kubelet:\n");
    assert_doubt(CONFIG "kind: NodeConfig\n");
    assert_doubt(CONFIG API);
    assert_doubt(CONFIG "\"spec\":\n  cluster:\n    name: green\n");
    assert_doubt(CONFIG "    \"n\\x61me\": green\n");
}

static void depth_has_an_end(void **state)
{
    (void)state;
    char text[4096] = HEAD;
    for (int depth = 0; depth < 40; depth++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%*sa:\n", depth, "");
    assert_reason(text, "it is nested too deeply");
}

static void another_kind_or_version_is_no_node_config(void **state)
{
    (void)state;
    assert_doubt(API "kind: Other\nspec:\n  cluster:\n    name: blue\n");
    assert_doubt(API "spec:\n  cluster:\n    name: blue\n");
    assert_doubt(
        "apiVersion: node.eks.aws/v2\nkind: NodeConfig\nspec:\n  cluster:\n    name: blue\n");
    assert_doubt("# node.eks.aws\nkind: NodeConfig\nspec:\n  cluster:\n    name: blue\n");
    assert_doubt("a:\n  apiVersion: node.eks.aws/v1alpha1\n  kind: NodeConfig\n"
                 "spec:\n  cluster:\n    name: blue\n");
    assert_none("apiVersion: v1\nkind: ConfigMap\nspec:\n  cluster:\n    name: blue\n");
}

static void what_nodeadm_leaves_has_a_name(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int r;
    } rows[] = {
        {"{\"kind\":\"NodeConfig\",\"apiVersion\":\"node.eks.aws/__internal\",\"metadata\":"
         "{\"creationTimestamp\":null},\"spec\":{\"cluster\":{\"name\":\"blue\",\"cidr\":\"x\"},"
         "\"kubelet\":{}},\"status\":{\"instance\":{\"id\":\"i-1\",\"name\":\"green\"}}}\n",
            0},
        {"{\"spec\":{\"cluster\":{\"name\":\"blue\"}}}", 0},
        {"{}", NODE_CONFIG_NONE},
        {"{\"spec\":{}}", NODE_CONFIG_NONE},
        {"{\"spec\":null}", NODE_CONFIG_NONE},
        {"{\"spec\":{\"cluster\":null}}", NODE_CONFIG_NONE},
        {"{\"spec\":{\"cluster\":{}}}", NODE_CONFIG_NONE},
        {"{\"spec\":{\"cluster\":{\"name\":null}}}", NODE_CONFIG_NONE},
        {"{\"cluster\":{\"name\":\"green\"},\"name\":\"green\"}", NODE_CONFIG_NONE},
        {"", NODE_CONFIG_DOUBTFUL},
        {CONFIG, NODE_CONFIG_DOUBTFUL},
        {"[]", NODE_CONFIG_DOUBTFUL},
        {"\"blue\"", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":[]}", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":{\"cluster\":\"blue\"}}", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":{\"cluster\":{\"name\":1}}}", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":{\"cluster\":{\"name\":\"\"}}}", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":{\"cluster\":{\"name\":\"bl.ue\"}}}", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":{\"cluster\":{\"name\":\"blue\\u0000\"}}}", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":{\"cluster\":{\"name\":\"blue\",\"name\":\"blue\"}}}", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":{\"cluster\":{\"name\":\"blue\"}}", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":{\"cluster\":{\"name\":\"blue\"}}} {}", NODE_CONFIG_DOUBTFUL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct answer answer = ask_bytes(
            node_config_from_nodeadm, rows[i].text, strlen(rows[i].text));
        if (answer.r != rows[i].r || strcmp(answer.name, answer.r == 0 ? "blue" : "") != 0)
            fail_msg("%d \"%s\": %s", answer.r, answer.name, rows[i].text);
    }
    static const char with_nul[] = "{\"spec\":{\"cluster\":{\"name\":\"bl\0ue\"}}}";
    assert_int_equal(ask_bytes(node_config_from_nodeadm, with_nul, sizeof(with_nul) - 1).r,
        NODE_CONFIG_DOUBTFUL);
}

static void size_and_depth_do_no_harm(void **state)
{
    (void)state;
    scoped_free char *large = xcalloc(NODE_CONFIG_MAX_BYTES + 2, 1);
    memset(large, '[', NODE_CONFIG_MAX_BYTES + 1);
    assert_string_equal(
        ask_bytes(node_config_from_nodeadm, large, NODE_CONFIG_MAX_BYTES).reason, "it is not JSON");
    memset(large, '#', NODE_CONFIG_MAX_BYTES + 1);
    memcpy(large, CONFIG, strlen(CONFIG));
    static const char too_large[] = "it is larger than 1 MiB";
    assert_int_equal(ask_bytes(node_config_from_user_data, large, NODE_CONFIG_MAX_BYTES).r, 0);
    assert_string_equal(
        ask_bytes(node_config_from_user_data, large, NODE_CONFIG_MAX_BYTES + 1).reason, too_large);
    assert_string_equal(
        ask_bytes(node_config_from_nodeadm, large, NODE_CONFIG_MAX_BYTES + 1).reason, too_large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_config_alone_has_a_name),
        cmocka_unit_test(a_name_may_be_quoted),
        cmocka_unit_test(only_names_of_clusters_are_names),
        cmocka_unit_test(a_name_may_be_asked_about),
        cmocka_unit_test(what_may_be_no_string_is_no_name),
        cmocka_unit_test(a_name_elsewhere_is_another),
        cmocka_unit_test(what_a_block_scalar_holds_is_text),
        cmocka_unit_test(what_goes_on_over_lines_is_in_doubt),
        cmocka_unit_test(flow_style_anchors_tags_and_tabs_are_in_doubt),
        cmocka_unit_test(indentation_must_fit),
        cmocka_unit_test(a_key_that_is_there_twice_is_in_doubt),
        cmocka_unit_test(depth_has_an_end),
        cmocka_unit_test(another_kind_or_version_is_no_node_config),
        cmocka_unit_test(what_nodeadm_leaves_has_a_name),
        cmocka_unit_test(size_and_depth_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
