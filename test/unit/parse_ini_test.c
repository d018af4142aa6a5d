// SPDX-License-Identifier: Apache-2.0
// The reader of `[section]` and `key = value`. Every text is put into memory of exactly its size,
// so that the address sanitizer sees a byte read beyond it.
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "base/parse.h"
#include "support/unit.h"

#define HEARD_MAX 200000

// What the reader told, a line each: "2 [a]", "3 a|key|value", "4 a!" for a bad line.
struct heard {
    char text[HEARD_MAX];
    size_t n_bytes;
    char complaint[256]; // of the last bad line
    int stop_at;         // the line that is answered with 77
};

static int take(const struct ini_line *line, void *to)
{
    struct heard *heard = to;
    char *at = heard->text + heard->n_bytes;
    size_t left = sizeof(heard->text) - heard->n_bytes;
    int n = 0;
    if (line->kind == INI_SECTION)
        n = snprintf(at, left, "%u [%s]\n", line->number, line->section);
    else if (line->kind == INI_PAIR)
        n = snprintf(
            at, left, "%u %s|%s|%s\n", line->number, line->section, line->key, line->value);
    else {
        n = snprintf(at, left, "%u %s!\n", line->number, line->section);
        snprintf(heard->complaint, sizeof(heard->complaint), "%s", line->complaint);
    }
    assert_true(n > 0 && (size_t)n < left);
    heard->n_bytes += (size_t)n;
    return (int)line->number == heard->stop_at ? 77 : 0;
}

static int read_bytes(struct heard *heard, const char *text, size_t n_bytes)
{
    heard->n_bytes = 0;
    heard->text[0] = heard->complaint[0] = '\0';
    scoped_free char *exact = malloc(n_bytes > 0 ? n_bytes : 1);
    memcpy(exact, text, n_bytes);
    return parse_ini(exact, n_bytes, take, heard);
}

static void assert_heard(struct heard *heard, const char *text, const char *expected)
{
    heard->stop_at = 0;
    assert_int_equal(read_bytes(heard, text, strlen(text)), 0);
    assert_string_equal(heard->text, expected);
}

static int set_up(void **state)
{
    *state = xcalloc(1, sizeof(struct heard));
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void sections_and_pairs_come_with_their_line(void **state)
{
    assert_heard(*state, "[sample]\ninterval = 1s\n\n[publish]\nperiod=60s\n",
        "1 [sample]\n2 sample|interval|1s\n4 [publish]\n5 publish|period|60s\n");
}

static void an_empty_text_says_nothing(void **state)
{
    assert_heard(*state, "", "");
    assert_heard(*state, "\n", "");
    assert_heard(*state, "\n\n  \n\t\n\r\n", "");
}

static void the_last_line_needs_no_newline(void **state)
{
    assert_heard(*state, "[a]\nb = c", "1 [a]\n2 a|b|c\n");
    assert_heard(*state, "[a]", "1 [a]\n");
}

static void a_pair_before_any_section_has_the_empty_section(void **state)
{
    assert_heard(*state, "a = b\n[c]\n", "1 |a|b\n2 [c]\n");
}

static void blanks_around_names_and_values_are_cut(void **state)
{
    assert_heard(
        *state, "  [ a b ]  \n\t key  one\t=  v  w \t\n", "1 [a b]\n2 a b|key  one|v  w\n");
}

static void lines_may_end_as_on_windows(void **state)
{
    assert_heard(*state, "[a]\r\nb = c\r\n\r\n# d\r\ne =\r\n", "1 [a]\n2 a|b|c\n5 a|e|\n");
}

static void comments_start_a_line_and_nothing_else(void **state)
{
    assert_heard(*state, "# one\n; two\n  # three\n\t;four = 4\n#[a]\n", "");
    assert_heard(
        *state, "a = b # c\nd = e;f\ng = #\nh = ; i\n", "1 |a|b # c\n2 |d|e;f\n3 |g|#\n4 |h|; i\n");
}

static void the_first_equals_sign_ends_the_key(void **state)
{
    assert_heard(*state, "a=b=c\nd = = e\nf==\n", "1 |a|b=c\n2 |d|= e\n3 |f|=\n");
}

static void a_value_may_be_empty_and_keep_brackets(void **state)
{
    assert_heard(*state, "a =\nb=\nc = [d]\ne = ]\n", "1 |a|\n2 |b|\n3 |c|[d]\n4 |e|]\n");
}

static void any_bytes_but_nul_may_stand_in_a_value(void **state)
{
    assert_heard(*state, "a = \xff\xc3\xa9\x01\x7f\n", "1 |a|\xff\xc3\xa9\x01\x7f\n");
}

static void bad_lines_are_told_with_what_would_be_allowed(void **state)
{
    static const char *const lines[] = {
        "key", "= value", "=", "[a", "[", "[]", "[ ]", "[a] b", "[a] # b"};
    struct heard *heard = *state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        char text[64];
        snprintf(text, sizeof(text), "[s]\n%s\nc = d\n", lines[i]);
        assert_heard(heard, text, "1 [s]\n2 s!\n3 s|c|d\n");
        assert_true(strlen(heard->complaint) > 0);
    }
}

static void a_nul_byte_makes_a_bad_line(void **state)
{
    struct heard *heard = *state;
    assert_int_equal(read_bytes(heard, "a = b\nc\0 = d\n\0", 14), 0);
    assert_string_equal(heard->text, "1 |a|b\n2 !\n3 !\n");
    assert_non_null(strstr(heard->complaint, "NUL"));
}

static void a_section_name_has_at_most_255_bytes(void **state)
{
    struct heard *heard = *state;
    char text[600], expected[600], name[257] = {0};
    memset(name, 'n', 255);
    snprintf(text, sizeof(text), "[%s]\na=b\n", name);
    snprintf(expected, sizeof(expected), "1 [%s]\n2 %s|a|b\n", name, name);
    assert_heard(heard, text, expected);
    name[255] = 'n';
    snprintf(text, sizeof(text), "[%s]\n", name);
    assert_heard(heard, text, "1 !\n");
    assert_non_null(strstr(heard->complaint, "255"));
}

static void a_line_has_at_most_65536_bytes(void **state)
{
    struct heard *heard = *state;
    scoped_free char *text = xcalloc(1, PARSE_LINE_MAX + 16);
    memset(text, 'v', PARSE_LINE_MAX + 1);
    memcpy(text, "a=", 2);
    text[PARSE_LINE_MAX] = '\n';
    assert_int_equal(read_bytes(heard, text, PARSE_LINE_MAX + 1), 0);
    assert_int_equal(heard->n_bytes, strlen("1 |a|") + PARSE_LINE_MAX - 2 + strlen("\n"));
    text[PARSE_LINE_MAX] = 'v';
    memcpy(text + PARSE_LINE_MAX + 1, "\nb=c\n", 5);
    assert_int_equal(read_bytes(heard, text, PARSE_LINE_MAX + 6), 0);
    assert_string_equal(heard->text, "1 !\n2 |b|c\n");
    assert_non_null(strstr(heard->complaint, "65536"));
}

static void reading_stops_with_the_answer_that_is_not_zero(void **state)
{
    static const char text[] = "[a]\nb = c\nd\ne = f\n";
    struct heard *heard = *state;
    heard->stop_at = 2;
    assert_int_equal(read_bytes(heard, text, strlen(text)), 77);
    assert_string_equal(heard->text, "1 [a]\n2 a|b|c\n");
    heard->stop_at = 3;
    assert_int_equal(read_bytes(heard, text, strlen(text)), 77);
    assert_string_equal(heard->text, "1 [a]\n2 a|b|c\n3 a!\n");
    heard->stop_at = 1;
    assert_int_equal(read_bytes(heard, text, strlen(text)), 77);
    assert_string_equal(heard->text, "1 [a]\n");
}

static void the_text_need_not_be_terminated(void **state)
{
    struct heard *heard = *state;
    assert_int_equal(read_bytes(heard, "a = bcd", 5), 0);
    assert_string_equal(heard->text, "1 |a|b\n");
}

// Session tokens of 2,000 characters and more: what other readers cut at 200.
static void an_aws_credentials_file_is_read(void **state)
{
    struct heard *heard = *state;
    char token[2049] = {0}, text[2300], expected[2300];
    memset(token, 'T', sizeof(token) - 1);
    memcpy(token + 2040, "/+==", 4);
    snprintf(text, sizeof(text),
        "[default]\naws_access_key_id=AKIDEXAMPLE\naws_session_token = %s\n[profile x]\n", token);
    snprintf(expected, sizeof(expected),
        "1 [default]\n2 default|aws_access_key_id|AKIDEXAMPLE\n3 default|aws_session_token|%s\n"
        "4 [profile x]\n",
        token);
    assert_heard(heard, text, expected);
}

static int take_whole(const struct ini_line *line, void *to)
{
    struct heard *heard = to;
    int n = snprintf(heard->text + heard->n_bytes, sizeof(heard->text) - heard->n_bytes, "%u<%.*s>",
        line->number, (int)line->n_bytes, line->text);
    assert_true(n > 0);
    heard->n_bytes += (size_t)n;
    return 0;
}

static void all_of_the_line_is_told_with_it(void **state)
{
    static const char text[] = " [a] \r\n\n# no\n\t b = c # d\n  bad\n e=";
    struct heard *heard = *state;
    heard->n_bytes = 0;
    assert_int_equal(parse_ini(text, sizeof(text) - 1, take_whole, heard), 0);
    assert_string_equal(heard->text, "1< [a] \r>4<\t b = c # d>5<  bad>6< e=>");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sections_and_pairs_come_with_their_line),
        TEST(an_empty_text_says_nothing),
        TEST(the_last_line_needs_no_newline),
        TEST(a_pair_before_any_section_has_the_empty_section),
        TEST(blanks_around_names_and_values_are_cut),
        TEST(lines_may_end_as_on_windows),
        TEST(comments_start_a_line_and_nothing_else),
        TEST(the_first_equals_sign_ends_the_key),
        TEST(a_value_may_be_empty_and_keep_brackets),
        TEST(any_bytes_but_nul_may_stand_in_a_value),
        TEST(bad_lines_are_told_with_what_would_be_allowed),
        TEST(a_nul_byte_makes_a_bad_line),
        TEST(a_section_name_has_at_most_255_bytes),
        TEST(a_line_has_at_most_65536_bytes),
        TEST(reading_stops_with_the_answer_that_is_not_zero),
        TEST(the_text_need_not_be_terminated),
        TEST(all_of_the_line_is_told_with_it),
        TEST(an_aws_credentials_file_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
