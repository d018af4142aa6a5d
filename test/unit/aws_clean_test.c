// SPDX-License-Identifier: Apache-2.0
// What others say: a line, printable, short, and without our keys.
#include <string.h>

#include "aws/clean.h"
#include "support/unit.h"

#define ID     "ASIAQWERTYUIOPASDFGH"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN  "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQD+Qf7o0x/TheRestOfIt=="

static const struct sigv4_keys keys = {ID, SECRET, TOKEN};

struct row {
    const char *text, *result;
};

static void assert_rows(const struct row *rows, size_t n, const struct sigv4_keys *of)
{
    for (size_t i = 0; i < n; i++) {
        char result[AWS_MESSAGE_MAX] = "of before";
        aws_clean(rows[i].text, strlen(rows[i].text), of, result);
        assert_string_equal(result, rows[i].result);
    }
}

static void what_it_says_becomes_one_line(void **state)
{
    static const struct row rows[] = {{"", ""}, {" ", ""}, {"\n\r\t", ""},
        {"Rate exceeded", "Rate exceeded"}, {"  a  b  ", "a b"},
        {"a\r\nb\tc\x0b"
         "d",
            "a b c d"},
        {"a\x1b[31mb", "a [31mb"},
        {"a\x7f"
         "b",
            "a b"},
        {"caf\xc3\xa9!", "caf?!"},
        {"\xe2\x80\xae"
         "abc",
            "?abc"},
        {"\xff", "?"}, {"\xc2\x9b \xc2\x9b", "? ?"}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows), NULL);
}

static void a_nul_is_a_blank(void **state)
{
    char result[AWS_MESSAGE_MAX];
    (void)state;
    aws_clean("a\0b\0", 4, NULL, result);
    assert_string_equal(result, "a b");
}

static void what_is_too_long_is_cut(void **state)
{
    char text[2000], result[AWS_MESSAGE_MAX];
    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t n = 500; n < 520; n++) {
        memset(result, '!', sizeof(result));
        aws_clean(text, n, &keys, result);
        assert_int_equal(strlen(result), n < 511 ? n : 511);
    }
}

static void only_the_bytes_that_are_there_are_read(void **state)
{
    char result[AWS_MESSAGE_MAX];
    scoped_free char *text = xcalloc(3, 1); // not terminated: the address sanitizer sees more
    (void)state;
    memcpy(text, "abc", 3);
    aws_clean(text, 3, &keys, result);
    assert_string_equal(result, "abc");
    aws_clean(NULL, 0, &keys, result);
    assert_string_equal(result, "");
}

static void keys_are_left_out(void **state)
{
    static const struct row rows[] = {{TOKEN, "[redacted]"}, {SECRET, "[redacted]"},
        {ID, "[redacted]"}, {"x" TOKEN "y", "x[redacted]y"},
        {"token:" TOKEN "\nhost:a", "token:[redacted] host:a"},
        {"Credential=" ID "/20261121", "Credential=[redacted]/20261121"},
        {ID " " ID, "[redacted] [redacted]"}, {ID SECRET TOKEN, "[redacted]"}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows), &keys);
}

// The service cut it, or somebody encoded '/' and '+'.
static void a_piece_of_a_key_is_left_out_too(void **state)
{
    static const struct row rows[] = {{"begins IQoJb3JpZ2lu", "begins [redacted]"},
        {"middle XVzLWVhc3QtMSJHMEUCIQ.", "middle [redacted]."},
        {"end x/TheRestOfIt==", "end [redacted]"}, {"bPxRfiCYEXAM", "[redacted]"},
        {"IQoJb3JpZ2luX2VjEJr%2F%2F", "[redacted]%2F%2F"}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows), &keys);
}

static void words_that_happen_to_be_in_a_key_stay(void **state)
{
    static const struct row rows[] = {{"The RestOfIt", "The RestOfIt"},
        {"EXAMPLEKEY", "EXAMPLEKEY"}, {"IQoJb3JpZ2l", "IQoJb3JpZ2l"}}; // eleven bytes
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows), &keys);
}

static void a_short_key_is_left_out_as_a_whole(void **state)
{
    static const struct sigv4_keys of_a_test = {"testing", "hunter2", NULL};
    static const struct row rows[] = {{"key testing, not test", "key [redacted], not test"},
        {"hunter2 hunter", "[redacted] hunter"}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows), &of_a_test);
}

static void keys_that_are_empty_are_in_no_text(void **state)
{
    static const struct sigv4_keys none = {NULL, NULL, NULL}, empty = {"", "", ""};
    static const struct row rows[] = {{"abc", "abc"}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows), &none);
    assert_rows(rows, ARRAY_SIZE(rows), &empty);
}

// It is left out before the line is cut: wherever it stands, not twelve bytes of it are left.
static void a_key_at_the_cut_is_left_out(void **state)
{
    (void)state;
    for (size_t n = 380; n < 520; n++) {
        char text[700], result[AWS_MESSAGE_MAX];
        memset(text, '.', sizeof(text));
        memcpy(text + n, TOKEN, strlen(TOKEN));
        aws_clean(text, sizeof(text), &keys, result);
        for (size_t i = 0; i + 12 <= strlen(TOKEN); i++) {
            char piece[13] = {0};
            memcpy(piece, &TOKEN[i], 12);
            assert_null(strstr(result, piece));
        }
    }
}

// The first 8192 bytes are enough for 511, but they may end within a key.
static void a_key_at_the_end_of_what_is_read_is_left_out(void **state)
{
    char text[9000], result[AWS_MESSAGE_MAX];
    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text + 8192 - 20, TOKEN, strlen(TOKEN));
    aws_clean(text, sizeof(text), &keys, result);
    assert_string_equal(result, "[redacted]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says_becomes_one_line),
        cmocka_unit_test(a_nul_is_a_blank),
        cmocka_unit_test(what_is_too_long_is_cut),
        cmocka_unit_test(only_the_bytes_that_are_there_are_read),
        cmocka_unit_test(keys_are_left_out),
        cmocka_unit_test(a_piece_of_a_key_is_left_out_too),
        cmocka_unit_test(words_that_happen_to_be_in_a_key_stay),
        cmocka_unit_test(a_short_key_is_left_out_as_a_whole),
        cmocka_unit_test(keys_that_are_empty_are_in_no_text),
        cmocka_unit_test(a_key_at_the_cut_is_left_out),
        cmocka_unit_test(a_key_at_the_end_of_what_is_read_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
