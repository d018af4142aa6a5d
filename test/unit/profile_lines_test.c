// SPDX-License-Identifier: Apache-2.0
// What the lines of AWS's shared files mean. Expected is what botocore reads, or where it refuses
// the file or others disagree with it, what the header says; random files:
// test/interop/profile_differential.py. Every text is put into memory of exactly its size.
#include <stdio.h>
#include <string.h>

#include "aws/profile_lines.h"
#include "base.h"
#include "support/unit.h"

// What was read last: "[a]" for a section, "[services: a]", "key=value" for what stands in it, with
// '|' for the newline within a value.
struct reading {
    char text[65536];
    struct profile_trouble trouble;
};

static size_t print_entry(const struct aws_profile_entry *entry, char *to, size_t n_left)
{
    bool is_section = *entry->key == '\0';
    size_t n = (size_t)snprintf(to, n_left, "%s%s%s%s%s\n", is_section ? "[" : "",
        is_section && entry->is_of_services ? "services: " : "",
        is_section ? entry->section : entry->key, is_section ? "]" : "=", entry->value);
    assert_true(n < n_left);
    for (size_t i = 0; i + 1 < n; i++)
        if (to[i] == '\n')
            to[i] = '|';
    return n;
}

static void read_bytes(
    struct reading *reading, enum aws_profile_file file, const char *text, size_t n_bytes)
{
    struct aws_profiles profiles = {0};
    scoped_free char *exact = malloc(n_bytes > 0 ? n_bytes : 1);
    memcpy(exact, text, n_bytes);
    profile_lines_take(&profiles, file, exact, n_bytes, &reading->trouble);
    size_t n = 0;
    reading->text[0] = '\0';
    for (size_t i = 0; i < profiles.n_entries; i++) {
        assert_int_equal(profiles.entries[i].file, file);
        n += print_entry(&profiles.entries[i], reading->text + n, sizeof(reading->text) - n);
    }
    aws_profiles_finish(&profiles);
}

static void assert_config(struct reading *reading, const char *text, const char *expected)
{
    read_bytes(reading, AWS_FILE_CONFIG, text, strlen(text));
    assert_string_equal(reading->text, expected);
    assert_int_equal(reading->trouble.n_bad, 0);
}

static void assert_spoilt(
    struct reading *reading, const char *text, const char *expected, unsigned int line)
{
    read_bytes(reading, AWS_FILE_CONFIG, text, strlen(text));
    assert_string_equal(reading->text, expected);
    assert_int_equal(reading->trouble.n_bad, 1);
    assert_int_equal(reading->trouble.line, line);
    assert_non_null(reading->trouble.complaint);
}

static int set_up(void **state)
{
    *state = xcalloc(1, sizeof(struct reading));
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void a_config_file_has_the_default_and_named_profiles(void **state)
{
    assert_config(*state,
        "[default]\nregion = eu-west-1\n\n[profile prod]\nregion=us-east-1\nrole_arn =  a:b  \n",
        "[default]\nregion=eu-west-1\n[prod]\nregion=us-east-1\nrole_arn=a:b\n");
    assert_config(*state, "", "");
    assert_config(*state, "[profile empty]", "[empty]\n");
}

static void a_credentials_file_has_names_as_they_stand(void **state)
{
    struct reading *reading = *state;
    const char text[] =
        "[default]\nA=1\n[prod]\nb=2\n[profile x]\n[services y]\nc=3\n[ \"q r\" ]\n";
    read_bytes(reading, AWS_FILE_CREDENTIALS, text, strlen(text));
    assert_string_equal(
        reading->text, "[default]\na=1\n[prod]\nb=2\n[profile x]\n[services y]\nc=3\n[\"q r\"]\n");
}

static void sections_of_a_config_file_that_are_no_profile_are_passed_over(void **state)
{
    assert_config(*state,
        "[prod]\na = 1\n[sso-session x]\nb = 2\n  c = 3\n[profilex]\nd = 4\n[preview]\ne = 5\n"
        "[profile]\nf = 6\n[Default]\ng = 7\n[services]\nh = 8\n[PROFILE x]\ni = 9\n"
        "[profile a b]\nj = 10\n[profile \"a]\nk = 11\n[profile a\\]\nl = 12\n[default]\nm = 13\n",
        "[default]\nm=13\n");
}

// As a shell reads one word: bash -c 'printf "[%s]" a"b c"'d.
static void names_may_be_quoted(void **state)
{
    assert_config(*state,
        "[profile \"a b\"]\n[profile 'c d']\n[profile e\"f g\"'h']\n[profile i\\ j]\n",
        "[a b]\n[c d]\n[ef gh]\n[i j]\n");
    assert_config(*state,
        "[profile \"a\\\"b\"]\n[profile \"c\\\\d\"]\n[profile \"e\\f\"]\n[profile 'g\\h']\n",
        "[a\"b]\n[c\\d]\n[e\\f]\n[g\\h]\n");
    assert_config(*state, "[profile \"\"]\n[services 'x y']\n", "[]\n[services: x y]\n");
    assert_config(*state, "[profile\t  tab]\n[ profile blanks ]\n", "[tab]\n[blanks]\n");
}

static void keys_are_in_lower_case(void **state)
{
    assert_config(*state, "[default]\nAWS_Access_Key_ID = AKIA\nREGION = EU-West-1\n",
        "[default]\naws_access_key_id=AKIA\nregion=EU-West-1\n");
}

static void a_value_keeps_what_looks_like_a_comment(void **state)
{
    assert_config(*state,
        "# x\n; y\n[default]\n  # z\na = b # c\nd = e;f\ng = #\nh = i = j\nk = [l]\n",
        "[default]\na=b # c\nd=e;f\ng=#\nh=i = j\nk=[l]\n");
}

static void a_comment_may_follow_a_section(void **state)
{
    assert_config(*state, "[profile a] # one\na = 1\n[profile b]; two ]\n[default]#\n",
        "[a]\na=1\n[b]\n[default]\n");
}

static void indented_lines_go_on_with_a_value(void **state)
{
    assert_config(*state, "[default]\na = b\n  c\n\n  # no\n\td = e  \n [f]\ng = h\n",
        "[default]\na=b|c|d = e|[f]\ng=h\n");
}

static void indented_lines_below_a_key_without_a_value_are_settings(void **state)
{
    assert_config(*state,
        "[services local]\ncloudwatch =\n  endpoint_url = http://127.0.0.1:4566\n  Other = 1\n"
        "sts =\n\tendpoint_url = http://127.0.0.1:4567\n[profile a]\nservices = local\n",
        "[services: local]\ncloudwatch=\ncloudwatch.endpoint_url=http://127.0.0.1:4566\n"
        "cloudwatch.other=1\nsts=\nsts.endpoint_url=http://127.0.0.1:4567\n[a]\nservices=local\n");
}

// configparser of Python: only a line that is indented more than the setting goes on with it.
static void all_of_a_section_may_be_indented(void **state)
{
    assert_config(*state, "[default]\n  a = b\n  c =\n   d = e\n  f = g\n h = i\n  j = k\nl = m\n",
        "[default]\na=b\nc=\nc.d=e\nf=g\nh=i|j = k\nl=m\n");
    assert_config(
        *state, "  [default]\na = b\n  [profile x]\nc = d\n", "[default]\na=b|[profile x]\nc=d\n");
}

// AWS SDKs and Tools Reference Guide: [profile default] goes before [default] in a config file.
static void the_default_with_its_prefix_is_the_one(void **state)
{
    const char expected[] = "[default]\na=1\n";
    assert_config(*state, "[default]\nb = 2\n[profile default]\na = 1\n", expected);
    assert_config(*state, "[profile default]\na = 1\n[default]\nb = 2\n", expected);
    assert_config(*state,
        "[profile x]\n[default]\nb = 2\n[profile default]\na = 1\n[default]\nc = 3\n",
        "[x]\n[default]\na=1\n");
    assert_config(*state,
        "[profile default]\na = 1\n[profile default]\nb = 2\n[services default]\n",
        "[default]\na=1\n[default]\nb=2\n[services: default]\n");
}

static void a_bad_line_is_left_out_and_told(void **state)
{
    assert_spoilt(*state, "[default]\na = 1\nsecret\nb = 2\n", "[default]\na=1\nb=2\n", 3);
    assert_spoilt(*state, "[default]\n= secret\nb = 2\n", "[default]\nb=2\n", 2);
    assert_spoilt(*state, "\na = 1\n[default]\nb = 2\n", "[default]\nb=2\n", 2);
    assert_spoilt(*state, "[default]\na =\n  secret\n  b = 2\n", "[default]\na=\na.b=2\n", 3);
    assert_spoilt(*state, "[default]\na =\n  [b]\nc = 3\n", "[default]\na=\nc=3\n", 3);
    assert_spoilt(*state, "[default]\nkey: value\n", "[default]\n", 2);
}

static void the_first_of_bad_lines_is_told_and_how_many(void **state)
{
    struct reading *reading = *state;
    const char text[] = "[default]\none\ntwo\na = 1\n[three\n";
    read_bytes(reading, AWS_FILE_CONFIG, text, strlen(text));
    assert_int_equal(reading->trouble.n_bad, 3);
    assert_int_equal(reading->trouble.line, 2);
    assert_string_equal(reading->trouble.complaint,
        "a line is [section], key = value, or a comment that starts with #");
}

// Or its settings would be those of another profile, or of all services.
static void what_stands_below_a_bad_line_is_left_out_with_it(void **state)
{
    assert_spoilt(*state, "[default]\na = 1\n[profile x\nb = 2\n  c = 3\n[profile y]\nd = 4\n",
        "[default]\na=1\n[y]\nd=4\n", 3);
    assert_spoilt(*state, "[default]\n[] \nb = 2\n", "[default]\n", 2);
    assert_spoilt(*state, "[default]\n[profile x] y\nb = 2\n", "[default]\n", 2);
    assert_spoilt(
        *state, "[default]\ns3\n  endpoint_url = http://s3\na = 1\n", "[default]\na=1\n", 2);
    assert_spoilt(*state, "cloudwatch\n  endpoint_url = x\n[default]\n", "[default]\n", 1);
}

static void files_come_from_everywhere(void **state)
{
    assert_config(*state, "\xef\xbb\xbf[default]\r\na = 1\r\ns3 =\r\n  b = 2\r\nc = 3",
        "[default]\na=1\ns3=\ns3.b=2\nc=3\n");
    assert_config(*state, "\xef\xbb\xbf", "");
    assert_config(*state, "[profile \xc3\xbc]\na = \xe2\x82\xac\n", "[\xc3\xbc]\na=\xe2\x82\xac\n");
}

static void nul_bytes_spoil_their_line_only(void **state)
{
    static const char setting[] = "[default]\na = 1\0002\nb = 3\n";
    static const char section[] = "[default]\n[profile\0 x]\nb = 3\n";
    static const char more[] = "[default]\na = 1\n  2\0003\nb = 3\n";
    static const char blank[] = "[default]\na = 1\n  \0\nb = 3\n";
    struct reading *reading = *state;
    const struct {
        const char *text;
        size_t n_bytes;
        const char *expected;
        unsigned int line;
    } cases[] = {{setting, sizeof(setting) - 1, "[default]\nb=3\n", 2},
        {section, sizeof(section) - 1, "[default]\n", 2},
        {more, sizeof(more) - 1, "[default]\na=1\nb=3\n", 3},
        {blank, sizeof(blank) - 1, "[default]\na=1\nb=3\n", 3}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        read_bytes(reading, AWS_FILE_CONFIG, cases[i].text, cases[i].n_bytes);
        assert_string_equal(reading->text, cases[i].expected);
        assert_int_equal(reading->trouble.n_bad, 1);
        assert_int_equal(reading->trouble.line, cases[i].line);
        assert_non_null(strstr(reading->trouble.complaint, "NUL"));
    }
}

static void a_value_of_several_lines_has_4096_bytes_at_most(void **state)
{
    struct reading *reading = *state;
    char text[8192] = "[default]\na = ";
    size_t n = strlen(text);
    memset(text + n, 'x', 4000);
    snprintf(text + n + 4000, sizeof(text) - n - 4000, "\n %095d\n", 0); // 4000 + 1 + 95
    read_bytes(reading, AWS_FILE_CONFIG, text, strlen(text));
    assert_int_equal(reading->trouble.n_bad, 0);
    assert_non_null(strchr(reading->text, '|'));
    snprintf(text + n + 4000, sizeof(text) - n - 4000, "\n %096d\nb = 1\n", 0);
    read_bytes(reading, AWS_FILE_CONFIG, text, strlen(text));
    assert_int_equal(reading->trouble.n_bad, 1);
    assert_int_equal(reading->trouble.line, 3);
    assert_null(strchr(reading->text, '|'));
    assert_non_null(strstr(reading->text, "\nb=1\n"));
}

static void a_line_of_65537_blanks_is_a_bad_one(void **state)
{
    struct reading *reading = *state;
    scoped_free char *text = xcalloc(70000, 1);
    memset(text, ' ', 65537);
    read_bytes(reading, AWS_FILE_CONFIG, text, 65537);
    assert_int_equal(reading->trouble.n_bad, 1);
    memcpy(text, "[a", 2);
    read_bytes(reading, AWS_FILE_CONFIG, text, 65537);
    assert_int_equal(reading->trouble.n_bad, 1);
    assert_non_null(strstr(reading->trouble.complaint, "65536"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_config_file_has_the_default_and_named_profiles),
        TEST(a_credentials_file_has_names_as_they_stand),
        TEST(sections_of_a_config_file_that_are_no_profile_are_passed_over),
        TEST(names_may_be_quoted),
        TEST(keys_are_in_lower_case),
        TEST(a_value_keeps_what_looks_like_a_comment),
        TEST(a_comment_may_follow_a_section),
        TEST(indented_lines_go_on_with_a_value),
        TEST(indented_lines_below_a_key_without_a_value_are_settings),
        TEST(all_of_a_section_may_be_indented),
        TEST(the_default_with_its_prefix_is_the_one),
        TEST(a_bad_line_is_left_out_and_told),
        TEST(the_first_of_bad_lines_is_told_and_how_many),
        TEST(what_stands_below_a_bad_line_is_left_out_with_it),
        TEST(files_come_from_everywhere),
        TEST(nul_bytes_spoil_their_line_only),
        TEST(a_value_of_several_lines_has_4096_bytes_at_most),
        TEST(a_line_of_65537_blanks_is_a_bad_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
