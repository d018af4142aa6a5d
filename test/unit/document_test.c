// SPDX-License-Identifier: Apache-2.0
// JSON that always comes out. What is well-formed UTF-8: The Unicode Standard, table 3-7.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "encode/document.h"
#include "support/unit.h"

static void assert_becomes(const char *text, const char *expected)
{
    json_auto_t *value = document_text(text, SIZE_MAX);
    assert_non_null(value);
    assert_string_equal(json_string_value(value), expected);
}

static void well_formed_text_is_left_alone(void **state)
{
    (void)state;
    // The first and the last of every row of the table.
    static const char *const texts[] = {"", "\x01\x7f", "\xc2\x80\xdf\xbf",
        "\xe0\xa0\x80\xe0\xbf\xbf", "\xe1\x80\x80\xec\xbf\xbf", "\xed\x80\x80\xed\x9f\xbf",
        "\xee\x80\x80\xef\xbf\xbf", "\xf0\x90\x80\x80\xf0\xbf\xbf\xbf",
        "\xf1\x80\x80\x80\xf3\xbf\xbf\xbf", "\xf4\x80\x80\x80\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_becomes(texts[i], texts[i]);
}

static void every_other_byte_becomes_a_question_mark(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"\x80", "?"},                     // continues nothing
        {"\xc0\xaf", "??"},                // too long for what it says
        {"\xc1\xbf", "??"},                // too long
        {"\xe0\x9f\xbf", "???"},           // too long
        {"\xf0\x8f\xbf\xbf", "????"},      // too long
        {"\xed\xa0\x80", "???"},           // a surrogate
        {"\xed\xbf\xbf", "???"},           // a surrogate
        {"\xf4\x90\x80\x80", "????"},      // beyond U+10FFFF
        {"\xf5\x80\x80\x80", "????"},      // beyond U+10FFFF
        {"\xfe\xff", "??"},                // never there
        {"\xc3", "?"},                     // cut
        {"\xe2\x82", "??"},                // cut
        {"\xf0\x9f\x98", "???"},           // cut
        {"\xc3(", "?("},                   // goes on with something else
        {"\xe2\x82,", "??,"},              // goes on with something else
        {"\xf0\x9f\x98,", "???,"},         // goes on with something else
        {"\xe2\x28\xa1", "?(?"},           // goes on with something else
        {"\xe2\x82\xc0", "???"},           // goes on with something else
        {"a\xff\xc3\xa9z", "a?\xc3\xa9z"}, // what is good beside it stays
        {"\xc3\xc3\xa9", "?\xc3\xa9"},     // what is good beside it stays
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_becomes(texts[i][0], texts[i][1]);
}

static void a_field_that_is_full_needs_no_terminator(void **state)
{
    (void)state;
    static const char field[4] = {'a', 'b', 'c', (char)0xc3};
    json_auto_t *full = document_text(field, sizeof(field));
    json_auto_t *shorter = document_text("ab\0c", 4);
    assert_string_equal(json_string_value(full), "abc?");
    assert_string_equal(json_string_value(shorter), "ab");
}

static void names_are_repaired_as_values_are(void **state)
{
    (void)state;
    json_auto_t *object = json_object();
    document_set(object, "n\xff", json_true());
    assert_true(json_is_true(json_object_get(object, "n?")));
}

static void numbers_are_exact_up_to_the_largest_integer(void **state)
{
    (void)state;
    json_auto_t *zero = document_number(0);
    json_auto_t *largest = document_number(INT64_MAX);
    json_auto_t *beyond = document_number((uint64_t)INT64_MAX + 1);
    assert_true(json_is_integer(zero));
    assert_true(json_integer_value(largest) == INT64_MAX);
    assert_true(json_is_real(beyond));
    assert_true(json_real_value(beyond) == 0x1p63);
}

static void assert_decimal(uint64_t value, unsigned int n_decimals, const char *expected)
{
    json_auto_t *array = json_array();
    document_append(array, document_decimal(value, n_decimals));
    scoped_free char *text = document_print(array);
    size_t length = strlen(expected);
    assert_int_equal(strlen(text), length + 2); // [ and ]
    assert_memory_equal(text + 1, expected, length);
}

static void decimals_stand_behind_the_point_without_a_needless_zero(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        unsigned int n_decimals;
        const char *expected;
    } cases[] = {{1526, 2, "15.26"}, {1520, 2, "15.2"}, {1500, 2, "15"}, {0, 2, "0"},
        {1, 2, "0.01"}, {10, 2, "0.1"}, {99, 2, "0.99"}, {100, 2, "1"}, {10000, 2, "100"},
        {1526, 0, "1526"}, {1526, 1, "152.6"}, {1526, 4, "0.1526"}, {70, 3, "0.07"},
        // All 15 digits that a double keeps.
        {UINT64_C(123456789012345), 2, "1234567890123.45"}, {UINT64_MAX, 0, "1.84467440737096e19"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_decimal(cases[i].value, cases[i].n_decimals, cases[i].expected);
}

// What a whole number of hundredths below 1,000,000 is written as reads back as the same number.
static void every_hundredth_reads_back_as_itself(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < 1000000; value += 7) {
        char expected[32];
        int n = snprintf(
            expected, sizeof(expected), "%" PRIu64 ".%02" PRIu64, value / 100, value % 100);
        while (expected[n - 1] == '0')
            n--;
        n -= expected[n - 1] == '.';
        expected[n] = '\0';
        assert_decimal(value, 2, expected);
    }
}

static void assert_prints(json_t *value, const char *expected)
{
    scoped_free char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    assert_string_equal(text, expected);
    json_decref(value);
}

static void seconds_have_the_decimals_that_they_need(void **state)
{
    (void)state;
    assert_prints(document_seconds(0), "0");
    assert_prints(document_seconds(60000), "60");
    assert_prints(document_seconds(1), "0.001");
    assert_prints(document_seconds(-1), "-0.001");
    assert_prints(document_seconds(-61000), "-61");
    assert_prints(document_seconds(1795255200500), "1795255200.5");
    assert_prints(document_seconds(999999999999999), "999999999999.999");
    assert_prints(document_seconds(INT64_MAX - 807), "9223372036854775");
}

// As a double of IEEE 754 is written in C.
static void a_reader_with_doubles_loses_what_they_cannot_hold(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        unsigned int n_decimals;
        double expected;
    } numbers[] = {{7, 0, 7.0}, {1526, 2, 15.26}, {1500, 2, 15.0},
        {UINT64_C(9007199254740993), 0, 9007199254740992.0}, {INT64_MAX, 0, 9223372036854775808.0},
        {UINT64_MAX, 0, 18446744073709600000.0}};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        json_auto_t *number = document_decimal(numbers[i].value, numbers[i].n_decimals);
        assert_true(document_double(number) == numbers[i].expected);
    }
}

static void members_are_printed_compact_and_in_order(void **state)
{
    (void)state;
    json_auto_t *object = json_object();
    json_t *array = json_array();
    document_append(array, document_number(2));
    document_append(array, document_number(1));
    document_set(object, "z", array);
    document_set(object, "a", document_text("line\n\"\xc3\xa9", SIZE_MAX));
    scoped_free char *text = document_print(object);
    assert_string_equal(text, "{\"z\":[2,1],\"a\":\"line\\n\\\"\xc3\xa9\"}");
    assert_int_equal(document_bytes(object), strlen(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_is_left_alone),
        cmocka_unit_test(every_other_byte_becomes_a_question_mark),
        cmocka_unit_test(a_field_that_is_full_needs_no_terminator),
        cmocka_unit_test(names_are_repaired_as_values_are),
        cmocka_unit_test(numbers_are_exact_up_to_the_largest_integer),
        cmocka_unit_test(decimals_stand_behind_the_point_without_a_needless_zero),
        cmocka_unit_test(every_hundredth_reads_back_as_itself),
        cmocka_unit_test(seconds_have_the_decimals_that_they_need),
        cmocka_unit_test(a_reader_with_doubles_loses_what_they_cannot_hold),
        cmocka_unit_test(members_are_printed_compact_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
