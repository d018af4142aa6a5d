// SPDX-License-Identifier: Apache-2.0
// The usual spellings of options, and what is not one of them.
#include "base.h"
#include "command/arguments.h"
#include "support/unit.h"

// ARGUMENTS("run", "-c", "x"): the words of a command line behind the name of the program.
#define WORDS(...)                                                                                 \
    (const char *[])                                                                               \
    {                                                                                              \
        "enawatch", __VA_ARGS__                                                                    \
    }
#define ARGUMENTS(...)                                                                             \
    (struct arguments)                                                                             \
    {                                                                                              \
        .n_words = (int)ARRAY_SIZE((WORDS(__VA_ARGS__))), .words = (char **)WORDS(__VA_ARGS__),    \
        .at = 1                                                                                    \
    }

static void assert_at_end(const struct arguments *arguments)
{
    assert_null(arguments_word(arguments));
    assert_int_equal(arguments->at, arguments->n_words);
}

static void assert_value(struct arguments arguments, const char *expected)
{
    const char *value = arguments_value(&arguments, 'c', "config");
    assert_non_null(value);
    assert_string_equal(value, expected);
    assert_null(arguments.missing);
    assert_at_end(&arguments);
}

static void assert_no_value(struct arguments arguments)
{
    assert_null(arguments_value(&arguments, 'c', "config"));
    assert_null(arguments.missing);
    assert_int_equal(arguments.at, 1);
}

static void assert_flag(struct arguments arguments, bool expected)
{
    assert_int_equal(arguments_flag(&arguments, 'h', "help"), expected);
    assert_int_equal(arguments.at, expected ? 2 : 1);
}

static void a_flag_has_a_letter_and_a_name(void **state)
{
    (void)state;
    assert_flag(ARGUMENTS("-h"), true);
    assert_flag(ARGUMENTS("--help"), true);
}

static void what_only_looks_like_the_flag_is_left_alone(void **state)
{
    (void)state;
    assert_flag(ARGUMENTS("-hx"), false);
    assert_flag(ARGUMENTS("-x"), false);
    assert_flag(ARGUMENTS("-help"), false);
    assert_flag(ARGUMENTS("--hel"), false);
    assert_flag(ARGUMENTS("--helping"), false);
    assert_flag(ARGUMENTS("--help=yes"), false);
    assert_flag(ARGUMENTS("--help="), false);
    assert_flag(ARGUMENTS("help"), false);
    assert_flag(ARGUMENTS("h"), false);
    assert_flag(ARGUMENTS("-"), false);
    assert_flag(ARGUMENTS("--"), false);
    assert_flag(ARGUMENTS(""), false);
}

static void a_flag_may_have_no_letter(void **state)
{
    (void)state;
    struct arguments arguments = ARGUMENTS("-", "--version");
    assert_false(arguments_flag(&arguments, 0, "version"));
    arguments.at = 2;
    assert_true(arguments_flag(&arguments, 0, "version"));
    assert_at_end(&arguments);
}

static void at_the_end_there_is_nothing(void **state)
{
    (void)state;
    const char *words[] = {"enawatch", NULL};
    struct arguments arguments = {.n_words = 1, .words = (char **)words, .at = 1};
    assert_null(arguments_word(&arguments));
    assert_false(arguments_flag(&arguments, 'h', "help"));
    assert_null(arguments_value(&arguments, 'c', "config"));
    assert_null(arguments.missing);
    assert_int_equal(arguments.at, 1);
}

static void a_value_stands_in_the_word_or_in_the_next(void **state)
{
    (void)state;
    assert_value(ARGUMENTS("-cFILE"), "FILE");
    assert_value(ARGUMENTS("-c", "FILE"), "FILE");
    assert_value(ARGUMENTS("--config=FILE"), "FILE");
    assert_value(ARGUMENTS("--config", "FILE"), "FILE");
}

static void a_value_may_be_anything(void **state)
{
    (void)state;
    assert_value(ARGUMENTS("--config=a=b"), "a=b");
    assert_value(ARGUMENTS("--config", "a=b"), "a=b");
    assert_value(ARGUMENTS("-c", "-h"), "-h");
    assert_value(ARGUMENTS("--config", "--help"), "--help");
    assert_value(ARGUMENTS("-c", ""), "");
    assert_value(ARGUMENTS("--config", ""), "");
    assert_value(ARGUMENTS("-csample.interval=1s"), "sample.interval=1s");
}

static void an_empty_value_is_a_value(void **state)
{
    (void)state;
    struct arguments arguments = ARGUMENTS("--config=", "next");
    const char *value = arguments_value(&arguments, 'c', "config");
    assert_non_null(value);
    assert_string_equal(value, "");
    assert_string_equal(arguments_word(&arguments), "next");
}

static void what_only_looks_like_the_option_is_left_alone(void **state)
{
    (void)state;
    assert_no_value(ARGUMENTS("--conf=FILE"));
    assert_no_value(ARGUMENTS("--configuration", "FILE"));
    assert_no_value(ARGUMENTS("--configx=FILE"));
    assert_no_value(ARGUMENTS("-o", "FILE"));
    assert_no_value(ARGUMENTS("config", "FILE"));
    assert_no_value(ARGUMENTS("-", "FILE"));
    assert_no_value(ARGUMENTS("", "FILE"));
}

static void a_value_that_is_missing_is_told_with_its_option(void **state)
{
    (void)state;
    struct arguments brief = ARGUMENTS("-c");
    assert_null(arguments_value(&brief, 'c', "config"));
    assert_string_equal(brief.missing, "-c");
    struct arguments named = ARGUMENTS("--config");
    assert_null(arguments_value(&named, 'c', "config"));
    assert_string_equal(named.missing, "--config");
}

static void words_are_taken_in_their_order(void **state)
{
    (void)state;
    struct arguments arguments = ARGUMENTS(
        "run", "-o", "a.b=c", "--option=d.e=f", "-h", "--periods", "3");
    assert_string_equal(arguments_word(&arguments), "run");
    arguments.at++;
    assert_null(arguments_value(&arguments, 0, "periods"));
    assert_string_equal(arguments_value(&arguments, 'o', "option"), "a.b=c");
    assert_string_equal(arguments_value(&arguments, 'o', "option"), "d.e=f");
    assert_null(arguments_value(&arguments, 'o', "option"));
    assert_true(arguments_flag(&arguments, 'h', "help"));
    assert_string_equal(arguments_value(&arguments, 0, "periods"), "3");
    assert_at_end(&arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flag_has_a_letter_and_a_name),
        cmocka_unit_test(what_only_looks_like_the_flag_is_left_alone),
        cmocka_unit_test(a_flag_may_have_no_letter),
        cmocka_unit_test(at_the_end_there_is_nothing),
        cmocka_unit_test(a_value_stands_in_the_word_or_in_the_next),
        cmocka_unit_test(a_value_may_be_anything),
        cmocka_unit_test(an_empty_value_is_a_value),
        cmocka_unit_test(what_only_looks_like_the_option_is_left_alone),
        cmocka_unit_test(a_value_that_is_missing_is_told_with_its_option),
        cmocka_unit_test(words_are_taken_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
