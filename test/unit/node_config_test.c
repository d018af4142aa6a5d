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
    assert_blue("# of terraform\n\n---\n" CONFIG "\n");
    assert_blue(HEAD "spec:\n  cluster:\n    name: blue");
    assert_blue("spec:\n  cluster:\n    cidr: 10.0.0.0/16\n    name: blue\n"
                "    apiServerEndpoint: https://example.com\nkind: NodeConfig\n" API);
    assert_blue(HEAD "spec:\n        cluster:\n         name: blue\n");
    assert_blue(HEAD "\nspec: \n\n  # here\n  cluster:\n# and here\n\n"
                     "      # and here\n    name: blue\n   \n");
}

// As AWS documents it, and as Karpenter and eksctl generate it.
static void what_stands_beside_the_name_is_known(void **state)
{
    (void)state;
    assert_blue(HEAD "metadata: {}\nspec:\n  cluster:\n    apiServerEndpoint: https://a.b.example\n"
                     "    certificateAuthority: dGVzdCBDQQ==\n    cidr: fd40:6404:f93b::/108\n"
                     "    name: blue\n  containerd: {}\n  instance:\n    localStorage: {}\n"
                     "  kubelet:\n    config:\n      clusterDNS:\n      - fd40:6404:f93b::a\n"
                     "      maxPods: 17\n      registerWithTaints:\n      - effect: NoExecute\n"
                     "        key: a.b/c\n    flags:\n    - --node-labels=\"a.b/c=d,e=f\"\n"
                     "    - \"--register-with-taints=a=b:NoSchedule\"\n");
    assert_blue(HEAD "spec:\n  containerd:\n    config: |\n      [plugins.\"a.b\".c]\n"
                     "      discard_unpacked_layers = false\n  featureGates:\n    Fast: true\n"
                     "  cluster:\n    name: blue\n");
    assert_blue(HEAD "metadata:\n  creationTimestamp: null\nspec:\n  cluster:\n    name: blue\n"
                     "  kubelet:\n    flags:\n      - --a=b\n      - '--x=\"y\"'\n");
    assert_none(HEAD "metadata: {}\nspec:\n  cluster: {}\n  kubelet:\n    config:\n"
                     "      shutdownGracePeriod: 30s\n");
}

static void a_name_may_be_quoted(void **state)
{
    (void)state;
    assert_blue(HEAD "spec:\n  cluster:\n    name: 'blue'\n");
    assert_blue(HEAD "spec:\n  cluster:\n    name:    \"blue\"\n");
    assert_blue("\"apiVersion\": \"node.eks.aws/v1alpha1\"\n\"kind\": 'NodeConfig'\n"
                "\"spec\":\n  \"cluster\":\n    \"cidr\": \"10.0.0.0/16\"\n    \"name\": \"blue\"\n"
                "  \"kubelet\":\n    \"flags\":\n    - \"--node-labels=a=b,c=d\"\n");
    static const char *const others[] = {"\"bl\\x75e\"", "'bl''ue'", "\"blue", "\"blue\n      \"",
        "\"blue\"#green", "\"blue\" green", "blue\"", "\"", "'blue\""};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_doubt_of(HEAD "spec:\n  cluster:\n    name: %s\n", others[i]);
    assert_doubt(HEAD "spec:\n  cluster:\n    \"name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    \"name': blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    \"name\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    'name': blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name:blue\n");
}

static void only_names_of_clusters_are_names(void **state)
{
    (void)state;
    char text[512], name[102];
    assert_name(HEAD "spec:\n  cluster:\n    name: B1-ue_\n", "B1-ue_");
    assert_name(HEAD "spec:\n  cluster:\n    name: '123'\n", "123");
    static const char *const others[] = {"-blue", "_blue", "bl.ue", "bl ue", "''", "bl/ue",
        "bl\xc3\xbc", "blue#green", "${cluster_name}", "{{ cluster }}", "\"blue \"", "arn:aws:eks"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_doubt_of(HEAD "spec:\n  cluster:\n    name: %s\n", others[i]);
    memset(name, 'x', sizeof(name) - 1);
    name[101] = '\0';
    assert_doubt_of(HEAD "spec:\n  cluster:\n    name: %s\n", name);
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
// join: nodeadm wants a string. Which words that start with a digit are no numbers is left open.
static void what_may_be_no_string_is_no_name(void **state)
{
    (void)state;
    static const char *const others[] = {"123", "1e3", "0x1F", "0o17", "0b11", "1_000",
        "2026-01-31", "yes", "NO", "On", "off", "true", "False", "null", "Null", "y", "n", "~", "",
        "# nothing", "0x1p-2", "1st-cluster", "*blue", "&blue blue", "!!str blue", "[blue]",
        "{blue}", "{}", "|", ">-", "- blue"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_doubt_of(HEAD "spec:\n  cluster:\n    name: %s\n", others[i]);
    assert_name(HEAD "spec:\n  cluster:\n    name: yes-1\n", "yes-1");
    assert_name(HEAD "spec:\n  cluster:\n    name: '1st-cluster'\n", "1st-cluster");
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
    assert_blue(HEAD "spec:\n  containerd:\n    config: |\n\n      spec:\n        cluster:\n"
                     "          name: green\n\n    # no more\n\n  cluster:\n    name: blue\n");
    assert_blue(HEAD "spec:\n  containerd:\n    config: |-\n     cluster:\n       name: green\n"
                     "      name: 'x\n        \n  cluster:\n    name: blue\n");
    assert_none("text: |\n  apiVersion: node.eks.aws/v1alpha1\n  kind: NodeConfig\n" HEAD);
    assert_none(HEAD "text: |\n  spec:\n   cluster:\n    name: green\nspec:\n");
    // An empty one ends where the next key is.
    assert_blue(HEAD "spec:\n  containerd:\n    config: |\n\n  cluster:\n    name: blue\n");
    assert_blue(
        HEAD "a:\n- b: |\n      name: green\n  c: |\n    d\nspec:\n  cluster:\n    name: blue\n");
    // Less indented than the first line, or than a line of blanks before it; other marks.
    assert_doubt(HEAD "text: |\n    a\n  b\nspec:\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "text: |\n      \n  a\nspec:\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "text: |\n \ta\nspec:\n  cluster:\n    name: blue\n");
    static const char *const marks[] = {">", "|+", "|2", ">-", "| # of this", "|x"};
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
        assert_doubt_of(HEAD "text: %s\n  a\nspec:\n  cluster:\n    name: blue\n", marks[i]);
    assert_doubt(HEAD "a:\n- |\n  a\nspec:\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "spec: |\n  cluster:\n    name: blue\n");
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
    assert_doubt(HEAD "- \"\nspec:\n  cluster:\n    name: green\n\"\n");
    assert_doubt(HEAD "\"text\nspec:\n  cluster:\n    name: green\n\": x\n");
    assert_doubt(HEAD "? |\n  x\n: spec\nspec:\n  cluster:\n    name: green\n");
    assert_doubt(CONFIG "a: b\n  c\n");
    assert_doubt(CONFIG "a: b\n  c: d\n");
    assert_doubt(CONFIG "a: b\n  - c\n");
}

static void what_is_not_written_every_day_is_in_doubt(void **state)
{
    (void)state;
    assert_doubt(HEAD "spec: {cluster: {name: blue}}\n");
    assert_doubt(HEAD "spec:\n  cluster: {name: blue}\n");
    assert_doubt("{apiVersion: node.eks.aws/v1alpha1, kind: NodeConfig}\n");
    assert_doubt("{\"apiVersion\":\"node.eks.aws/v1alpha1\",\"kind\":\"NodeConfig\"}");
    assert_doubt(HEAD "spec: &all\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster: *green\n");
    assert_doubt(HEAD "spec:\n  cluster: !map\n    name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    <<: *green\n    name: blue\n");
    assert_doubt(HEAD "spec:\n\tcluster:\n\t\tname: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name:\tblue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: blue # the name\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name: blue \n");
    assert_doubt(CONFIG "...\n");
    static const char *const starts[] = {"%YAML 1.1\n---", "---\n---", "--- # of terraform",
        "--- {}", "--- |", " ---", "a: b\n---", "--- "};
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
        assert_doubt_of("%s\n" CONFIG, starts[i]);
    static const char *const others[] = {"&a b", "*b", "!b b", "@b", "`b", "%b", ",b", "]", "}",
        "- b", "? b", ": b", "-", "b # c", "# c", "[a]", "[]", "{a: b}", "'it''s'", "\"a\\\"b\"",
        "\"a\\\"", "\"a\\", "=", "<<", "'a' b", "\t\"", "b: # c", "b c:", "b: c", "b:"};
    const size_t n_pairs = 2; // which may be items, at the end
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_doubt_of(CONFIG "a: %s\n", others[i]);
    for (size_t i = 0; i + n_pairs < ARRAY_SIZE(others); i++)
        assert_doubt_of(CONFIG "a:\n- %s\n", others[i]);
    // Elsewhere, and whole on their line, they say nothing.
    assert_blue(CONFIG "a: \"it's\"\nb: 'a\"b'\nc: -b\nd: a:b#c\ne: a&b*c!d\nf: {}\ng: ''\n");
}

static void indentation_must_fit(void **state)
{
    (void)state;
    assert_doubt(HEAD "spec:\n    cluster:\n      name: blue\n  kubelet:\n    a: b\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    cidr: 10.0.0.0/16\n      name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    cidr: 10.0.0.0/16\n   name: blue\n");
    assert_doubt("  " HEAD "spec:\n  cluster:\n    name: blue\n");
    assert_doubt("  apiVersion: node.eks.aws/v1alpha1\n  kind: NodeConfig\n  spec:\n"
                 "    cluster:\n      name: blue\n");
    assert_doubt(HEAD "spec: x\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "spec: {}\n  cluster:\n    name: blue\n");
    assert_doubt(HEAD "spec:\n- cluster:\n    name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    - name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    a: b\n    - name: blue\n");
    assert_doubt(HEAD "spec:\n  cluster:\n    name:blue\n    x\n");
    assert_doubt("- " HEAD "spec:\n  cluster:\n    name: blue\n");
    assert_doubt(CONFIG "a:\n- b\n c: d\n");
    assert_doubt(CONFIG "a:\n  - b\n  c: d\n");
    assert_doubt(CONFIG "a:\n  - b: c\n   d: e\n");
    assert_doubt(CONFIG "a:\n-\n  b: c\n");
    assert_blue(
        HEAD "a:\n- b: c\n  d: e\n-   i: j\n    k: l\nm:\n  - n\n  - o:\n    - p\n    q: r\n"
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

static void depth_and_length_have_an_end(void **state)
{
    (void)state;
    char text[4096] = CONFIG;
    for (int depth = 0; depth < 16; depth++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%*sa:\n", depth, "");
    assert_blue(text);
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "%*sa:\n", 16, "");
    assert_doubt(text);
    snprintf(text, sizeof(text), CONFIG "%0*d: a\n", 256, 1);
    assert_blue(text);
    snprintf(text, sizeof(text), CONFIG "%0*d: a\n", 257, 1);
    assert_doubt(text);
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
        {"{\"spec\":{\"cluster\":{}}}", NODE_CONFIG_NONE},
        {"{\"cluster\":{\"name\":\"green\"},\"name\":\"green\"}", NODE_CONFIG_NONE},
        {"", NODE_CONFIG_DOUBTFUL},
        {CONFIG, NODE_CONFIG_DOUBTFUL},
        {"[]", NODE_CONFIG_DOUBTFUL},
        {"\"blue\"", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":[]}", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":null}", NODE_CONFIG_DOUBTFUL},
        {"{\"spec\":{\"cluster\":{\"name\":null}}}", NODE_CONFIG_DOUBTFUL},
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
    static const size_t n_bytes = (size_t)1 << 20;
    scoped_free char *large = xcalloc(n_bytes, 1);
    memset(large, '[', n_bytes);
    assert_int_equal(ask_bytes(node_config_from_nodeadm, large, n_bytes).r, NODE_CONFIG_DOUBTFUL);
    memset(large, '#', n_bytes);
    memcpy(large, CONFIG, strlen(CONFIG));
    assert_int_equal(ask_bytes(node_config_from_user_data, large, n_bytes).r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_config_alone_has_a_name),
        cmocka_unit_test(what_stands_beside_the_name_is_known),
        cmocka_unit_test(a_name_may_be_quoted),
        cmocka_unit_test(only_names_of_clusters_are_names),
        cmocka_unit_test(a_name_may_be_asked_about),
        cmocka_unit_test(what_may_be_no_string_is_no_name),
        cmocka_unit_test(a_name_elsewhere_is_another),
        cmocka_unit_test(what_a_block_scalar_holds_is_text),
        cmocka_unit_test(what_goes_on_over_lines_is_in_doubt),
        cmocka_unit_test(what_is_not_written_every_day_is_in_doubt),
        cmocka_unit_test(indentation_must_fit),
        cmocka_unit_test(a_key_that_is_there_twice_is_in_doubt),
        cmocka_unit_test(depth_and_length_have_an_end),
        cmocka_unit_test(another_kind_or_version_is_no_node_config),
        cmocka_unit_test(what_nodeadm_leaves_has_a_name),
        cmocka_unit_test(size_and_depth_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
