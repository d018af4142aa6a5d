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
    assert_blue(MIME "This is MIME.\n\n" NODE CONFIG END);
    assert_blue(MIME NODE HEAD "spec:\n  kubelet:\n    flags:\n    - --a=b\n" NODE CONFIG END);
    assert_blue(MIME "--//\nContent-Type: text/plain\n\n" NODE CONFIG END);
    assert_none(MIME END NODE CONFIG END);
}

static void a_part_of_another_type_is_ignored(void **state)
{
    (void)state;
    assert_none(MIME SCRIPT CONFIG END);
    assert_blue(
        MIME SCRIPT "cat <<E\n" HEAD "spec:\n  cluster:\n    name: green\nE\n" NODE CONFIG END);
    assert_blue(MIME "--//\nContent-Type: text/x-shellscript;\n\n#!/bin/sh\n" NODE CONFIG END);
    // But not of any type: a multipart may be inside, or what nodeadm refuses.
    static const char *const types[] = {"Content-Type: application/node.eks.aws.not\n",
        "Content-Type: application/octet-stream\n", "Content-Type: text\n", "X: y\n", ""};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        assert_doubt_of(MIME "--//\n%s\n" CONFIG END, types[i]);
        assert_doubt_of(MIME NODE CONFIG "--//\n%s\nx" END, types[i]);
    }
}

static void headers_may_be_written_in_some_ways(void **state)
{
    (void)state;
    assert_blue("Content-Type: multipart/mixed; boundary=B-1\nMIME-Version: 1.0\n\n--B-1\n"
                "Content-Type: application/node.eks.aws\nMime-Version: 1.0\n"
                "Content-Transfer-Encoding: 7bit\n"
                "Content-Disposition: attachment; filename=\"x\"\n\n" CONFIG "--B-1--");
    static const char *const boundaries[] = {"==MYBOUNDARY==",
        "===============5189065377222898407==", "/:/+++", "+AWS+CDK+User+Data+Separator=="};
    for (size_t i = 0; i < ARRAY_SIZE(boundaries); i++) {
        const char *b = boundaries[i];
        scoped_free char *text = xasprintf(
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"%s\"\n\n--%s\n"
            "Content-Type: application/node.eks.aws\n\n" CONFIG "--%s--\n",
            b, b, b);
        assert_blue(text);
    }
    static const char *const types[] = {"multipart/mixed",
        "multipart/mixed; boundary=", "multipart/mixed; boundary=\"\"",
        "multipart/mixed; boundary=\"//", "multipart/mixed; boundary=//\"",
        "multipart/mixed; boundary=\"\\//\"", "multipart/mixed; boundary=\"//\"; boundary=\"//\"",
        "multipart/mixed; boundary*=//", "multipart/mixed boundary=\"//\"",
        "multipart/mixed; boundary=\"//\" x", "multipart/mixed; boundary=\"// \"",
        "multipart/; boundary=\"//\"", "multipart/mixed;\n boundary=\"//\"", "text/plain",
        "application/node.eks.aws",
        "multipart/mixed; boundary=\"//\"\nContent-Type: multipart/mixed; boundary=\"//\"",
        "multipart/mixed; boundary=\"//\"\nX: y", "multipart/mixed; boundary=\"//\"\nx"};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        assert_doubt_of("Content-Type: %s\n\n" NODE CONFIG END, types[i]);
    assert_doubt("X: y\n" MIME NODE CONFIG END);
    assert_doubt("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n"
                 "Content-Type: application/node.eks.aws\n\n" CONFIG "----\n");
}

static void parts_that_cannot_be_told_are_in_doubt(void **state)
{
    (void)state;
    assert_doubt(MIME NODE CONFIG);
    assert_doubt(MIME NODE CONFIG "--//");
    assert_doubt(MIME NODE CONFIG "--//x\n" END);
    assert_doubt(MIME NODE CONFIG "--// \n" END);
    assert_doubt(MIME NODE CONFIG "--//-\n");
    assert_doubt(MIME NODE CONFIG "--//-- \n");
    assert_doubt(MIME "--//\n" NODE CONFIG END);
    assert_doubt(MIME "--//\nContent-Type: text/plain\n" NODE CONFIG END);
    assert_doubt(MIME "--//\nContent-Type: application/node.eks.aws\n" CONFIG END);
    assert_doubt(MIME "--//\nContent-Type: application/node.eks.aws; x\n\n" CONFIG END);
    assert_doubt(MIME "--//\nContent-Type: application/node.eks.aws\n"
                      "Content-Type: text/plain\n\n" CONFIG END);
    assert_doubt(MIME "--//\nContent-Type: multipart/mixed; boundary=\"x\"\n\n--x\n"
                      "Content-Type: application/node.eks.aws\n\n" CONFIG "--x--\n" END);
    assert_doubt(MIME NODE END);
    assert_doubt(MIME NODE CONFIG NODE "kind: Other\n" END);
    assert_doubt(MIME NODE "\"" CONFIG END);
    assert_doubt("MIME-Version: 1.0\nContent-Type: application/node.eks.aws\n\n" CONFIG);
    assert_doubt("MIME-Version: 1.0\nContent-Type: node.eks.aws");
}

#define CRLF_HEAD "Content-Type: multipart/mixed; boundary=\"//\"\r\n\r\n"
#define CRLF_NODE "--//\r\nContent-Type: application/node.eks.aws\r\n\r\n"

// Generators in Go write headers with CR LF around bodies with LF. Go's reader, once it has seen a
// delimiter with CR LF, does not see one with LF.
static void line_ends_may_differ_between_headers_and_bodies(void **state)
{
    (void)state;
    static const char *const good[] = {CRLF_HEAD CRLF_NODE CONFIG "\r\n--//--\r\n",
        CRLF_HEAD CRLF_NODE CONFIG "\r\n--//--", MIME NODE CONFIG "\r\n--//--\n",
        CRLF_HEAD CRLF_NODE CONFIG "\r\n--//\r\nContent-Type: text/plain\r\n\r\nx\n\r\n--//--\r\n",
        "Content-Type: multipart/mixed; boundary=\"//\"\nMIME-Version: 1.0\r\n\r\n" CRLF_NODE CONFIG
        "\r\n--//--\r\n"};
    static const char *const odd[] = {CRLF_HEAD CRLF_NODE CONFIG "--//--\r\n",
        CRLF_HEAD CRLF_NODE CONFIG "\r\n--//--\n", MIME NODE CONFIG "\n--//--\r\n",
        CRLF_HEAD "--//\r\nContent-Type: text/plain\r\n\r\n" NODE CONFIG "\r\n--//--\r\n"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        if (ask_as_it_is(good[i]).r != 0)
            fail_msg("no name: %s", good[i]);
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
        if (ask_as_it_is(odd[i]).r != NODE_CONFIG_DOUBTFUL)
            fail_msg("not doubtful: %s", odd[i]);
}

static void several_node_configs_must_agree(void **state)
{
    (void)state;
    assert_blue(MIME NODE CONFIG NODE CONFIG END);
    assert_blue(MIME NODE CONFIG NODE HEAD "spec:\n  kubelet:\n" END);
    static const char different[] = "it has several NodeConfigs with different names";
    assert_reason(MIME NODE CONFIG NODE HEAD "spec:\n  cluster:\n    name: green\n" END, different);
    static const char *const others[] = {"blues", "blu", "bleu", "Blue"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_doubt_of(
            MIME NODE CONFIG NODE HEAD "spec:\n  cluster:\n    name: %s\n" END, others[i]);
    // nodeadm reads the first document of a part only.
    assert_doubt(CONFIG "---\n" CONFIG);
    assert_doubt(CONFIG "---\n");
    assert_doubt(HEAD "---\n" CONFIG);
    assert_doubt("---\n---\n" CONFIG);
}

static void an_encoded_text_is_in_doubt(void **state)
{
    (void)state;
    // base64 of "apiVersion: node.eks.aws/v1alpha1".
    static const char encoded[] = "YXBpVmVyc2lvbjogbm9k\nZS5la3MuYXdzL3YxYWxwaGEx\n";
    assert_reason(encoded, "it is base64");
    static const char *const encodings[] = {"base64", "BASE64", "quoted-printable", "x-gzip", ""};
    for (size_t i = 0; i < ARRAY_SIZE(encodings); i++) {
        assert_doubt_of(MIME "--//\nContent-Type: application/node.eks.aws\n"
                             "Content-Transfer-Encoding: %s\n\n" CONFIG END,
            encodings[i]);
        assert_doubt_of(MIME
            "--//\nContent-Transfer-Encoding: %s\nContent-Type: text/plain\n\nYQ==\n" NODE CONFIG
                END,
            encodings[i]);
    }
    assert_doubt_of(MIME NODE "%s" END, encoded);
    assert_string_equal(ask_as_it_is("\x1f\x8b\x08").reason, "it is compressed or binary");
}

static void bytes_that_are_no_text_are_in_doubt(void **state)
{
    (void)state;
    static const char with_nul[] = CONFIG "\0";
    struct answer answer = ask_bytes(node_config_from_user_data, with_nul, sizeof(with_nul) - 1);
    assert_string_equal(answer.reason, "it is compressed or binary");
    // YAML 1.1 has more line ends than LF: lone CR, NEL, LS, PS. And what is no ASCII is left open.
    static const char *const bytes[] = {"\r", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\x01",
        "\x7f", "\x1b[0m", "\xff", "\xc3", "\xed\xa0\x80", "\xef\xbb\xbf", "\xef\xbf\xbe", "\t",
        "\xc3\xbc"};
    for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
        assert_doubt_of(CONFIG "# a%sb\n", bytes[i]);
        assert_doubt_of("%s" CONFIG, bytes[i]);
        assert_doubt_of(HEAD "text: |\n  a%sb\n  spec:\n" CONFIG, bytes[i]);
    }
    // But no doubt about what is not nodeadm's.
    assert_none("#!/bin/sh\n\x01\xff");
    assert_none("hello \xff");
    assert_none(MIME SCRIPT "\xff\x01" END);
    assert_blue(MIME SCRIPT "\xff\x01\n" NODE CONFIG END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_data_of_others_has_no_name),
        cmocka_unit_test(parts_are_found_in_any_order),
        cmocka_unit_test(a_part_of_another_type_is_ignored),
        cmocka_unit_test(headers_may_be_written_in_some_ways),
        cmocka_unit_test(parts_that_cannot_be_told_are_in_doubt),
        cmocka_unit_test(line_ends_may_differ_between_headers_and_bodies),
        cmocka_unit_test(several_node_configs_must_agree),
        cmocka_unit_test(an_encoded_text_is_in_doubt),
        cmocka_unit_test(bytes_that_are_no_text_are_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
