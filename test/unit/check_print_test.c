// SPDX-License-Identifier: Apache-2.0
// The report of `enawatch check` on the screen and as JSON. Expected: README.md, and columns
// counted by hand: the text begins in column 22 and the last one is 100.
#include <string.h>

#include "command/check.h"
#include "support/unit.h"

#define TEN          "1234567890"
#define INDENT       "                     "    // 21
#define REMEDY_START "                     -> " // 24

static void add(
    struct report *report, enum check_status status, const char *text, const char *remedy)
{
    report_add(report,
        (struct finding){.name = "thing",
            .status = status,
            .text = xstrdup(text),
            .remedy = remedy != NULL ? xstrdup(remedy) : NULL});
}

static char *print(const struct report *report, void (*how)(FILE *, const struct report *))
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *file = open_memstream(&text, &n_bytes);
    assert_non_null(file);
    how(file, report);
    assert_int_equal(fclose(file), 0);
    char *copy = xstrdup(text);
    free(text);
    return copy;
}

static void plain(FILE *to, const struct report *report)
{
    check_print_screen(to, report, false);
}

static void colored(FILE *to, const struct report *report)
{
    check_print_screen(to, report, true);
}

// Prints, compares, and is done with the report.
static void assert_printed(
    struct report *report, void (*how)(FILE *, const struct report *), const char *expected)
{
    scoped_free char *text = print(report, how);
    assert_string_equal(text, expected);
    report_finish(report);
}

static void each_finding_is_a_line_and_the_last_line_is_the_sum(void **state)
{
    (void)state;
    struct report report = {0};
    add(&report, CHECK_OK, "found", NULL);
    add(&report, CHECK_WARN, "odd", "look");
    add(&report, CHECK_FAIL, "broken", "mend it");
    add(&report, CHECK_FAIL, "gone", "bring it back");
    assert_printed(&report, plain,
        "OK    thing          found\n"
        "WARN  thing          odd\n" REMEDY_START "look\n"
        "FAIL  thing          broken\n" REMEDY_START "mend it\n"
        "FAIL  thing          gone\n" REMEDY_START "bring it back\n"
        "\n"
        "FAIL  publishing would not work as it should: 2 failures, 1 warning\n");
    add(&report, CHECK_WARN, "odd", "look");
    assert_printed(&report, plain,
        "WARN  thing          odd\n" REMEDY_START "look\n"
        "\n"
        "WARN  publishing would work: 1 warning\n");
    add(&report, CHECK_OK, "found", NULL);
    assert_printed(&report, plain,
        "OK    thing          found\n"
        "\n"
        "OK    publishing would work\n");
}

// 79 columns are left for the text, 76 for the remedy.
static void text_is_wrapped_at_column_100(void **state)
{
    (void)state;
    struct report report = {0};
    add(&report, CHECK_WARN, TEN TEN TEN TEN TEN TEN TEN " 12345678 2",
        TEN TEN TEN TEN TEN TEN TEN " 12345 2");
    add(&report, CHECK_WARN, TEN TEN TEN TEN TEN TEN TEN " 123456789 2",
        TEN TEN TEN TEN TEN TEN TEN " 123456 2");
    assert_printed(&report, plain,
        "WARN  thing          " TEN TEN TEN TEN TEN TEN TEN " 12345678\n" INDENT
        "2\n" REMEDY_START TEN TEN TEN TEN TEN TEN TEN " 12345\n" INDENT "   2\n"
        "WARN  thing          " TEN TEN TEN TEN TEN TEN TEN "\n" INDENT
        "123456789 2\n" REMEDY_START TEN TEN TEN TEN TEN TEN TEN "\n" INDENT "   123456 2\n"
        "\n"
        "WARN  publishing would work: 2 warnings\n");
}

// The second word begins a line of its own and fills it.
static void a_word_longer_than_a_line_goes_on_in_the_next(void **state)
{
    (void)state;
    struct report report = {0};
    add(&report, CHECK_OK, "x " TEN TEN TEN TEN TEN TEN TEN TEN, NULL);
    assert_printed(&report, plain,
        "OK    thing          x\n" INDENT TEN TEN TEN TEN TEN TEN TEN "123456789\n" INDENT "0\n"
        "\n"
        "OK    publishing would work\n");
}

// 79 letters of two bytes each fit in one line.
static void characters_are_counted_and_not_bytes(void **state)
{
    (void)state;
#define TEN_E "éééééééééé"
    struct report report = {0};
    add(&report, CHECK_OK,
        TEN_E TEN_E TEN_E TEN_E TEN_E TEN_E TEN_E "ééééééééé"
                                                  "é",
        NULL);
    assert_printed(&report, plain,
        "OK    thing          " TEN_E TEN_E TEN_E TEN_E TEN_E TEN_E TEN_E "ééééééééé\n" INDENT "é\n"
        "\n"
        "OK    publishing would work\n");
}

static void a_text_may_have_lines_of_its_own(void **state)
{
    (void)state;
    struct report report = {0};
    add(&report, CHECK_OK, "first\nsecond one\nthird", NULL);
    assert_printed(&report, plain,
        "OK    thing          first\n" INDENT "second one\n" INDENT "third\n"
        "\n"
        "OK    publishing would work\n");
}

static void only_the_status_is_colored(void **state)
{
    (void)state;
    struct report report = {0};
    add(&report, CHECK_OK, "found", NULL);
    add(&report, CHECK_FAIL, "broken", "mend it");
    assert_printed(&report, colored,
        "\033[32mOK\033[0m    thing          found\n"
        "\033[1;31mFAIL\033[0m  thing          broken\n" REMEDY_START "mend it\n"
        "\n"
        "\033[1;31mFAIL\033[0m  publishing would not work as it should: 1 failure\n");
}

static void what_could_play_with_a_terminal_is_replaced(void **state)
{
    (void)state;
    struct report report = {0};
    add(&report, CHECK_WARN,
        "a\033[2Jb\tc\x7f"
        "d\r\xff"
        "e",
        "\a");
    assert_printed(&report, plain,
        "WARN  thing          a?[2Jb?c?d??e\n" REMEDY_START "?\n"
        "\n"
        "WARN  publishing would work: 1 warning\n");
}

static void json_has_the_same_and_the_details(void **state)
{
    (void)state;
    struct report report = {0};
    report_add(&report,
        (struct finding){.name = "thing",
            .text = xstrdup("found\nit"),
            .details = json_pack("{s:i, s:[s]}", "count", 3, "names", "a")});
    add(&report, CHECK_WARN, "odd \xff", "look \"there\"");
    assert_printed(&report, check_print_json,
        "{\"status\":\"warn\",\"checks\":["
        "{\"name\":\"thing\",\"status\":\"ok\",\"text\":\"found\\nit\",\"count\":3,\"names\":["
        "\"a\"]},"
        "{\"name\":\"thing\",\"status\":\"warn\",\"text\":\"odd ?\",\"remedy\":\"look "
        "\\\"there\\\"\"}"
        "]}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_finding_is_a_line_and_the_last_line_is_the_sum),
        cmocka_unit_test(text_is_wrapped_at_column_100),
        cmocka_unit_test(a_word_longer_than_a_line_goes_on_in_the_next),
        cmocka_unit_test(characters_are_counted_and_not_bytes),
        cmocka_unit_test(a_text_may_have_lines_of_its_own),
        cmocka_unit_test(only_the_status_is_colored),
        cmocka_unit_test(what_could_play_with_a_terminal_is_replaced),
        cmocka_unit_test(json_has_the_same_and_the_details),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
