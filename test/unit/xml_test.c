// SPDX-License-Identifier: Apache-2.0
// The text of an element, and all that makes it none.
#include <string.h>

#include "aws/xml.h"
#include "base.h"
#include "support/unit.h"

struct row {
    const char *xml, *text; // of <Code>; NULL: none
};

// Without a byte to spare, for the address sanitizer.
static char *code_of(const char *xml, size_t n_bytes)
{
    scoped_free char *copy = xcalloc(n_bytes, 1);
    if (n_bytes > 0)
        memcpy(copy, xml, n_bytes);
    return xml_text(copy, n_bytes, "Code");
}

static void assert_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        scoped_free char *text = code_of(rows[i].xml, strlen(rows[i].xml));
        if (rows[i].text == NULL && text != NULL)
            fail_msg("%s: \"%s\", but should be none", rows[i].xml, text);
        if (rows[i].text != NULL && text == NULL)
            fail_msg("%s: none", rows[i].xml);
        if (text != NULL)
            assert_string_equal(text, rows[i].text);
    }
}

// As the Query protocol's documentation shows it (CloudWatch API Reference, "Common Errors").
static void the_answers_of_the_query_protocol_are_read(void **state)
{
    static const char error[] =
        "<ErrorResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">\n"
        "  <Error>\n    <Type>Sender</Type>\n    <Code>InvalidParameterValue</Code>\n"
        "    <Message>The value is invalid.</Message>\n  </Error>\n"
        "  <RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId>\n</ErrorResponse>\n";
    static const char keys[] =
        "<?xml version=\"1.0\"?><AssumeRoleWithWebIdentityResponse "
        "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult>"
        "<Credentials><SessionToken>\n     AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE==\n"
        "</SessionToken><SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"
        "</SecretAccessKey><Expiration>2014-10-24T23:00:23Z</Expiration>"
        "<AccessKeyId>ASgeIAIOSFODNN7EXAMPLE</AccessKeyId></Credentials>"
        "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
    static const struct {
        const char *xml, *name, *text;
    } rows[] = {{error, "Code", "InvalidParameterValue"},
        {error, "Message", "The value is invalid."}, {error, "Error", NULL}, {error, "Cod", NULL},
        {error, "Codes", NULL}, {error, "code", NULL},
        {keys, "AccessKeyId", "ASgeIAIOSFODNN7EXAMPLE"},
        {keys, "SecretAccessKey", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"},
        {keys, "SessionToken", "AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE=="},
        {keys, "Expiration", "2014-10-24T23:00:23Z"}, {keys, "Credentials", NULL}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        scoped_free char *text = xml_text(rows[i].xml, strlen(rows[i].xml), rows[i].name);
        if (rows[i].text == NULL)
            assert_null(text);
        else
            assert_string_equal(text != NULL ? text : "(none)", rows[i].text);
    }
}

static void the_first_element_of_the_name_is_the_one(void **state)
{
    static const struct row rows[] = {{"<Code>a</Code><Code>b</Code>", "a"},
        {"<x><y><Code>a</Code></y></x>", "a"}, {"<aws:Code>a</aws:Code>", "a"},
        {"<a:b:Code>a</a:b:Code>", "a"}, {"<xCode>n</xCode><Code>a</Code>", "a"},
        {"<Codex>n</Codex><Code>a</Code>", "a"}, {"<Code:x>n</Code:x><Code>a</Code>", "a"},
        {"</Code>n<Code>a</Code>", "a"}, {"text <Code>a</Code>", "a"}, {"<Code>a</Code", NULL},
        {"<Code>a</Code >", "a"}, {"<Code\n>a</Code\t>", "a"}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows));
}

static void what_is_no_tag_is_passed_over(void **state)
{
    static const struct row rows[] = {{"<!-- <Code>n</Code> --><Code>a</Code>", "a"},
        {"<!--><Code>n</Code>--><Code>a</Code>", "a"},
        {"<x><![CDATA[<Code>n</Code>]]></x><Code>a</Code>", "a"},
        {"<?xml version='1.0' x='<Code>n</Code>'?><Code>a</Code>", "a"},
        {"<!DOCTYPE html><Code>a</Code>", "a"}, {"<x y='<Code>'/><Code z=\"'>\">a</Code>", "a"},
        {"<x y=\"</x><Code>n</Code>\"><Code>a</Code></x>", "a"},
        {"<x y='a/'>/</x><Code>a</Code>", "a"}, {"<Code y='/'>a</Code>", "a"}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows));
}

static void entities_are_decoded(void **state)
{
    static const struct row rows[] = {{"<Code>&lt;a&gt;&amp;&quot;&apos;</Code>", "<a>&\"'"},
        {"<Code>&amp;lt;</Code>", "&lt;"}, {"<Code>&#65;&#x42;&#x43;</Code>", "ABC"},
        {"<Code>&#x4a;&#x4A;</Code>", "JJ"}, {"<Code>x&#9;&#10;&#13;y</Code>", "x\t\n\ry"},
        {"<Code>&#x7f;&#x80;&#x7ff;</Code>", "\x7f\xc2\x80\xdf\xbf"},
        {"<Code>&#x800;&#xfffd;</Code>", "\xe0\xa0\x80\xef\xbf\xbd"},
        {"<Code>&#x10000;&#x10FFFF;&#1114111;</Code>",
            "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf"},
        {"<Code>&#00000065;</Code>", "A"}, {"<Code>&#x20;</Code>", " "},
        {"<Code>caf\xc3\xa9</Code>", "caf\xc3\xa9"}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows));
}

static void blanks_at_both_ends_are_cut(void **state)
{
    static const struct row rows[] = {
        {"<Code> \r\n\ta b \n</Code>", "a b"}, {"<Code> \n</Code>", NULL}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows));
}

static void in_doubt_there_is_none(void **state)
{
    static const struct row rows[] = {{"", NULL}, {"Code", NULL}, {"<", NULL}, {"<Code", NULL},
        {"<Code>", NULL}, {"<Code>a", NULL}, {"<Code>a<", NULL}, {"<Code>a</", NULL},
        {"<Code>a</Cod>", NULL}, {"<Code>a</x></Code>", NULL}, {"<a:Code>a</b:Code>", NULL},
        {"<a:Code>a</Code>", NULL}, {"<Code/><Code>b</Code>", NULL},
        {"<Code></Code><Code>b</Code>", NULL}, {"<Code>a<b/></Code>", NULL},
        {"<Code>a<Code>b</Code></Code>", NULL}, {"<Code>a<!-- c --></Code>", NULL},
        {"<Code>a<?p?></Code>", NULL}, {"<Code><![CDATA[a]]></Code>", NULL},
        {"<Code>a</Code x='", NULL}, {"<Code x='>a</Code>", NULL}, {"<x y='><Code>a</Code>", NULL},
        {"<!-- <Code>a</Code>", NULL}, {"<![CDATA[<Code>a</Code>", NULL},
        {"<?x <Code>a</Code>", NULL}, {"< Code>a</Code>", NULL}, {"<><Code>a</Code>", NULL},
        {"<x <Code>n</Code><Code>a</Code>", NULL},
        {"<!DOCTYPE x [<!ENTITY y 'z'>]><Code>a</Code>", NULL}, {"<!DOCTYPE x", NULL},
        {"<Code>&</Code>", NULL}, {"<Code>&;</Code>", NULL}, {"<Code>&lt</Code>", NULL},
        {"<Code>&nbsp;</Code>", NULL}, {"<Code>&LT;</Code>", NULL}, {"<Code>&l;t</Code>", NULL},
        {"<Code>&#;</Code>", NULL}, {"<Code>&#x;</Code>", NULL}, {"<Code>&#0;</Code>", NULL},
        {"<Code>&#x0;</Code>", NULL}, {"<Code>&#1;</Code>", NULL}, {"<Code>&#xd800;</Code>", NULL},
        {"<Code>&#xdfff;</Code>", NULL}, {"<Code>&#xfffe;</Code>", NULL},
        {"<Code>&#x110000;</Code>", NULL}, {"<Code>&#4294967361;</Code>", NULL},
        {"<Code>&#x100000041;</Code>", NULL}, {"<Code>&#6a;</Code>", NULL},
        {"<Code>&#-65;</Code>", NULL}, {"<Code>&#+65;</Code>", NULL}, {"<Code>&# 65;</Code>", NULL},
        {"<Code>&#X41;</Code>", NULL}, {"<Code>&#x4g;</Code>", NULL},
        {"<Code>&lt;&bad;</Code>", NULL}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows));
}

static void a_nul_is_in_no_text(void **state)
{
    static const char within[] = "<Code>a\0b</Code>", before[] = "\0<Code>a</Code>";
    (void)state;
    assert_null(code_of(within, sizeof(within) - 1));
    scoped_free char *text = code_of(before, sizeof(before) - 1);
    assert_string_equal(text, "a");
}

static void every_beginning_of_a_document_is_safe(void **state)
{
    static const char xml[] = "<?x?><!-- c --><!DOCTYPE d><r a='b' c=\"d\"><![CDATA[e]]>"
                              "<Code>&lt;&#x41;</Code></r>";
    size_t n_whole = (size_t)(strstr(xml, "</r>") - xml);
    (void)state;
    for (size_t n = 0; n < sizeof(xml); n++) {
        scoped_free char *text = code_of(xml, n);
        if (n < n_whole)
            assert_null(text);
        else
            assert_string_equal(text, "<A");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answers_of_the_query_protocol_are_read),
        cmocka_unit_test(the_first_element_of_the_name_is_the_one),
        cmocka_unit_test(what_is_no_tag_is_passed_over),
        cmocka_unit_test(entities_are_decoded),
        cmocka_unit_test(blanks_at_both_ends_are_cut),
        cmocka_unit_test(in_doubt_there_is_none),
        cmocka_unit_test(a_nul_is_in_no_text),
        cmocka_unit_test(every_beginning_of_a_document_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
