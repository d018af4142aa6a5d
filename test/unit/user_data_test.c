// SPDX-License-Identifier: Apache-2.0
// The cluster name out of user data of all kinds. What is expected follows from RFC 2045 and 2046,
// and from what nodeadm does with net/mail and mime/multipart of Go.
#include <stdio.h>
#include <string.h>

#include "support/node_config_asker.h"
#include "support/unit.h"

#define MIME   "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n"
#define NODE   "--//\nContent-Type: application/node.eks.aws\n\n"
#define SCRIPT "--//\nContent-Type: text/x-shellscript; charset=\"us-ascii\"\n\n"
#define END    "\n--//--\n"

static void user_data_of_others_has_no_name(void **state)
{
    (void)state;
    assert_none("");
    assert_none("\n\n");
    assert_none("hello");
    assert_none("#!/bin/bash\ncat >x <<E\n" CONFIG "E\n");
    assert_none("#cloud-config\nwrite_files:\n- content: |\n    # node.eks.aws\n  path: /x\n");
    assert_none("#cloud-config\n" CONFIG);
    assert_none("[settings.kubernetes]\ncluster-name = \"green\"\napi-server = \"https://x\"\n");
    assert_none("key: [unclosed\n\tx: &\n");
    assert_none(MIME SCRIPT "#!/bin/bash\necho\n" END);
    assert_none("<powershell>\n[string]$a = 'b'\n</powershell>\n");
}

static void parts_are_found_in_any_order(void **state)
{
    (void)state;
    assert_blue(MIME NODE CONFIG END);
    assert_blue(MIME NODE "---\n" CONFIG "--//--");
    assert_blue(MIME SCRIPT "#!/bin/bash\n" NODE CONFIG SCRIPT "echo\n" END);
    assert_blue(MIME NODE CONFIG SCRIPT "x\n" END "and so on\n" NODE CONFIG);
    assert_blue(
        "X-First: of all\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n"
        "\nThis is MIME.\n\n" NODE CONFIG END);
    assert_blue(MIME NODE HEAD "spec:\n  kubelet:\n    flags:\n    - --a=b\n" NODE CONFIG END);
    assert_blue(MIME "--//\n\nno header\n" NODE CONFIG END);
    assert_blue(MIME "--//\nContent-Type: text/plain\n\n" NODE CONFIG END);
    assert_none(MIME END NODE CONFIG END);
}

static void a_part_of_another_type_is_ignored(void **state)
{
    (void)state;
    assert_none(MIME SCRIPT CONFIG END);
    assert_none(MIME "--//\n\n" CONFIG END);
    assert_none(MIME "--//\nContent-Type: application/node.eks.aws.not\n\n" CONFIG END);
    assert_blue(
        MIME SCRIPT "cat <<E\n" HEAD "spec:\n  cluster:\n    name: green\nE\n" NODE CONFIG END);
}

static void headers_may_be_written_in_many_ways(void **state)
{
    (void)state;
    assert_blue("content-type:multipart/MIXED;boundary=B-1\n\n--B-1\ncONTENT-tYPE: "
                "Application/Node.EKS.aws ; charset=utf-8; x=\"y z\";\n\n" CONFIG "--B-1--");
    assert_blue("Content-Type: multipart/mixed;\n\tcharset=x;\n  Boundary=\"==a b:c==\"\n"
                "MIME-Version: 1.0\nNumber-Attachments: 1\n\n--==a b:c==  \t\n"
                "Content-Transfer-Encoding: 7bit\nContent-Disposition: attachment;\n"
                " filename=\"x\"\nContent-Type:\n application/node.eks.aws\n\n" CONFIG
                "\n--==a b:c==-- \n");
    static const char *const types[] = {"multipart/mixed",
        "multipart/mixed; boundary=", "multipart/mixed; boundary=\"\"",
        "multipart/mixed; boundary=\"//", "multipart/mixed; boundary=//",
        "multipart/mixed; boundary=\"\\//\"", "multipart/mixed; boundary=\"//\"; boundary=\"//\"",
        "multipart/mixed; boundary*=//", "multipart/mixed boundary=\"//\"",
        "multipart/mixed; boundary=\"//\" x", "multipart/mixed; boundary=\"// \"",
        "multipart/; boundary=\"//\"",
        "multipart/mixed; boundary=\"//\"\nContent-Type: multipart/mixed; boundary=\"//\""};
    char text[1024];
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        snprintf(text, sizeof(text), "Content-Type: %s\n\n" NODE CONFIG END, types[i]);
        assert_doubt(text);
    }
}

static void parts_that_cannot_be_told_are_in_doubt(void **state)
{
    (void)state;
    assert_doubt(MIME NODE CONFIG);
    assert_doubt(MIME NODE CONFIG "--//");
    assert_doubt(MIME NODE CONFIG "--//x\n" END);
    assert_doubt(MIME "--//\n" NODE CONFIG END);
    assert_doubt(MIME "--//\nContent-Type: text/plain\n" NODE CONFIG END);
    assert_doubt("X: node.eks.aws\nContent-Type: multipart/mixed; boundary=\"a:\"\n\n--a:\n--a:");
    assert_doubt("Content-Type: multipart/mixed; boundary=\"a \"\n\n--a \n"
                 "Content-Type: application/node.eks.aws\n\n" CONFIG "--a --");
    assert_doubt(MIME "--//\nContent-Type: application/node.eks.aws\nContent-Type:\n\n" CONFIG END);
    assert_doubt(MIME "--//\nContent-Type: application/node.eks.aws\n" CONFIG END);
    assert_doubt(MIME "--//\nContent-Type: application/node.eks.aws; x\n\n" CONFIG END);
    assert_doubt(MIME NODE CONFIG "--//\nContent-Type: text\n\nx" END);
    assert_doubt(MIME "--//\nContent-Type: application/node.eks.aws\n"
                      "Content-Type: text/plain\n\n" CONFIG END);
    assert_doubt(MIME "--//\nContent-Type: multipart/mixed; boundary=\"x\"\n\n--x\n"
                      "Content-Type: application/node.eks.aws\n\n" CONFIG "--x--\n" END);
    assert_doubt(MIME NODE END);
    assert_doubt(MIME NODE CONFIG NODE "kind: Other\n" END);
    assert_doubt(MIME NODE "\"" CONFIG END);
}

#define CRLF_HEAD "Content-Type: multipart/mixed; boundary=\"//\"\r\n\r\n"
#define CRLF_NODE "--//\r\nContent-Type: application/node.eks.aws\r\n\r\n"

// Generators in Go write headers with CR LF around bodies with LF. Go's reader, once it has seen a
// delimiter with CR LF, does not see one with LF.
static void line_ends_may_differ_between_headers_and_bodies(void **state)
{
    (void)state;
    assert_int_equal(ask_as_it_is(CRLF_HEAD CRLF_NODE CONFIG "\r\n--//--\r\n").r, 0);
    assert_int_equal(ask_as_it_is(CRLF_HEAD CRLF_NODE CONFIG "\r\n--//--").r, 0);
    assert_int_equal(
        ask_as_it_is(
            "Content-Type: multipart/mixed; boundary=\"//\"\nMIME-Version: 1.0\r\n\r\n" NODE CONFIG
            "\r\n--//--\n")
            .r,
        0);
    assert_int_equal(ask_as_it_is(CRLF_HEAD CRLF_NODE CONFIG "--//--\r\n").r, NODE_CONFIG_DOUBTFUL);
    assert_int_equal(
        ask_as_it_is(CRLF_HEAD CRLF_NODE CONFIG "\r\n--//--\n").r, NODE_CONFIG_DOUBTFUL);
    assert_int_equal(ask_as_it_is(MIME NODE CONFIG "\n--//--\r\n").r, NODE_CONFIG_DOUBTFUL);
    assert_int_equal(ask_as_it_is(CRLF_HEAD "--//\r\nContent-Type: text/plain\r\n\r\n" NODE CONFIG
                                            "\r\n--//--\r\n")
                         .r,
        NODE_CONFIG_DOUBTFUL);
}

static void several_node_configs_must_agree(void **state)
{
    (void)state;
    assert_blue(MIME NODE CONFIG NODE CONFIG END);
    assert_blue(MIME NODE CONFIG NODE HEAD "spec:\n  kubelet:\n" END);
    assert_blue(CONFIG "---\n" CONFIG);
    assert_blue(CONFIG "---\n" HEAD "---\n");
    static const char different[] = "it has several NodeConfigs with different names";
    assert_reason(MIME NODE CONFIG NODE HEAD "spec:\n  cluster:\n    name: green\n" END, different);
    assert_reason(CONFIG "---\n" HEAD "spec:\n  cluster:\n    name: green\n", different);
    assert_reason(CONFIG "---\n" HEAD "spec:\n  cluster:\n    name: blues\n", different);
    assert_reason(CONFIG "---\n" HEAD "spec:\n  cluster:\n    name: blu\n", different);
    assert_reason(CONFIG "---\n" HEAD "spec:\n  cluster:\n    name: bleu\n", different);
    // nodeadm reads the first document of a part only.
    assert_doubt(HEAD "---\n" CONFIG);
    assert_doubt("kind: Other\n---\n" CONFIG);
    assert_doubt("---\n---\n" CONFIG);
    assert_doubt(CONFIG "---\nkind: Other\n");
}

static void an_encoded_text_is_in_doubt(void **state)
{
    (void)state;
    // base64 of "apiVersion: node.eks.aws/v1alpha1".
    static const char encoded[] = "YXBpVmVyc2lvbjogbm9k\nZS5la3MuYXdzL3YxYWxwaGEx\n";
    char text[512];
    assert_reason(encoded, "it is base64");
    static const char headers[] = MIME "--//\nContent-Type: application/node.eks.aws\n";
    snprintf(text, sizeof(text), "%sContent-Transfer-Encoding: BASE64\n\n%s" END, headers, encoded);
    assert_reason(text, "its NodeConfig is base64");
    static const char *const others[] = {"quoted-printable", "x-gzip", "8bit x", ""};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        snprintf(text, sizeof(text), "%sContent-Transfer-Encoding: %s\n\n" CONFIG END, headers,
            others[i]);
        assert_reason(text, "it has a part of unknown encoding");
    }
    assert_doubt(MIME NODE "YXBpVmVyc2lvbjogbm9kZS5la3MuYXdzL3YxYWxwaGEx\n" END);
    assert_blue(MIME
        "--//\nContent-Transfer-Encoding: base64\nContent-Type: text/plain\n\nYQ==\n" NODE CONFIG
            END);
    assert_string_equal(ask_as_it_is("\x1f\x8b\x08").reason, "it is compressed");
}

static void bytes_that_are_no_text_are_in_doubt(void **state)
{
    (void)state;
    static const char with_nul[] = "key: \0" CONFIG;
    struct answer answer = ask_bytes(node_config_from_user_data, with_nul, sizeof(with_nul) - 1);
    assert_string_equal(answer.reason, "it is binary");
    // YAML 1.1 has more line ends than LF: lone CR, NEL, LS, PS.
    static const char *const bytes[] = {"\r", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\x01",
        "\x7f", "\x1b[0m", "\xff", "\xc3", "\xed\xa0\x80", "\xef\xbb\xbf", "\xef\xbf\xbe"};
    char text[256];
    for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
        snprintf(text, sizeof(text), CONFIG "# a%sb\n", bytes[i]);
        assert_int_equal(ask_as_it_is(text).r, NODE_CONFIG_DOUBTFUL);
    }
    assert_blue(
        "# \xc3\xbc\xec\x9d\xb4\xf0\x9f\x98\x80 \xe2\x80\x94\n" CONFIG "a: \xc3\xbc # \xc2\xa0\n");
    // But no doubt about what is not nodeadm's.
    assert_none("#!/bin/sh\n\x01\xff");
    assert_none("hello \xff");
    assert_none(MIME SCRIPT "\xff\x01" END);
    assert_blue(MIME SCRIPT "\xff\x01\n" NODE CONFIG END);
}

static void user_data_may_be_json(void **state)
{
    (void)state;
    assert_blue(
        "{\"apiVersion\":\"node.eks.aws/v1alpha1\",\"kind\":\"NodeConfig\","
        "\"metadata\":{\"name\":\"green\"},\"spec\":{\"cluster\":{\"name\":\"bl\\u0075e\"}}}");
    assert_blue(MIME NODE "\n {\"apiVersion\": \"node.eks.aws/v1alpha1\",\n\"kind\":\"NodeConfig\","
                          "\"spec\":{\n\"cluster\":{\"name\":\"blue\"}}}\n" END);
    assert_none("{\"apiVersion\":\"node.eks.aws/v1alpha1\",\"kind\":\"NodeConfig\"}");
    assert_doubt("{\"apiVersion\":\"node.eks.aws/v1\",\"kind\":\"NodeConfig\","
                 "\"spec\":{\"cluster\":{\"name\":\"blue\"}}}");
    assert_doubt(
        "{\"apiVersion\":\"node.eks.aws/v1alpha1\",\"spec\":{\"cluster\":{\"name\":\"b\"}}}");
    assert_doubt("{\"apiVersion\":\"node.eks.aws/v1alpha1\",\"kind\":\"NodeConfig\"} x");
    assert_none("{\"ignition\": {\"version\": \"3.0.0\"}, \"x\": }");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_data_of_others_has_no_name),
        cmocka_unit_test(parts_are_found_in_any_order),
        cmocka_unit_test(a_part_of_another_type_is_ignored),
        cmocka_unit_test(headers_may_be_written_in_many_ways),
        cmocka_unit_test(parts_that_cannot_be_told_are_in_doubt),
        cmocka_unit_test(line_ends_may_differ_between_headers_and_bodies),
        cmocka_unit_test(several_node_configs_must_agree),
        cmocka_unit_test(an_encoded_text_is_in_doubt),
        cmocka_unit_test(bytes_that_are_no_text_are_in_doubt),
        cmocka_unit_test(user_data_may_be_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
