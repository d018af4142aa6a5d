// SPDX-License-Identifier: Apache-2.0
// Numbers with units. The reader of lines is tested in parse_ini_test.c.
#include <errno.h>
#include <float.h>
#include <string.h>

#include "base.h"
#include "base/parse.h"
#include "support/unit.h"

#define UNTOUCHED UINT64_C(4242424242)

typedef bool parser(const char *text, uint64_t *ret_value);

struct reading_of {
    const char *text;
    uint64_t value;
};

static void assert_read(parser *parse, const struct reading_of *readings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value = UNTOUCHED;
        if (!parse(readings[i].text, &value))
            fail_msg("\"%s\" is refused", readings[i].text);
        assert_int_equal(value, readings[i].value);
    }
}

static void assert_refused(parser *parse, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value = UNTOUCHED;
        if (parse(texts[i], &value))
            fail_msg("\"%s\" is taken", texts[i]);
        assert_int_equal(value, UNTOUCHED);
    }
}

static void whole_numbers_reach_to_64_bits(void **state)
{
    (void)state;
    static const struct reading_of readings[] = {
        {"0", 0}, {"7", 7}, {"007", 7}, {"1000000", 1000000}, {"18446744073709551615", UINT64_MAX}};
    assert_read(parse_u64, readings, ARRAY_SIZE(readings));
}

static void all_of_the_text_is_the_number(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10",
        "1_000", "1,000", "ten", "1s", "18446744073709551616", "18446744073709551625",
        "99999999999999999999", "184467440737095516150", "1\n", "\xd9\xa1"};
    assert_refused(parse_u64, texts, ARRAY_SIZE(texts));
}

static void durations_have_a_unit(void **state)
{
    (void)state;
    static const struct reading_of readings[] = {{"500ms", 500}, {"1s", 1000}, {"5m", 300000},
        {"1h", 3600000}, {"0ms", 0}, {"0s", 0}, {"90s", 90000}, {"24h", 86400000},
        {"18446744073709551615ms", UINT64_MAX}, {"18446744073709551s", 18446744073709551000u}};
    assert_read(parse_duration_ms, readings, ARRAY_SIZE(readings));
}

static void what_is_no_duration_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "1", "0", "s", "ms", "1S", "1MS", "1M", "1H", "1d",
        "1us", "1ns", "1sec", "1 s", " 1s", "1s ", "1.5s", "-1s", "+1s", "1s500ms", "1ss", "1m s",
        "18446744073709552s", "307445734561826m", "5124095576031h", "18446744073709551616ms"};
    assert_refused(parse_duration_ms, texts, ARRAY_SIZE(texts));
}

static void sizes_count_in_1024(void **state)
{
    (void)state;
    static const struct reading_of readings[] = {{"0", 0}, {"4096", 4096}, {"512KiB", 524288},
        {"64MiB", 67108864}, {"1GiB", 1073741824}, {"0GiB", 0}, {"1000", 1000},
        {"18446744073709551615", UINT64_MAX}, {"17179869183GiB", 18446744072635809792u}};
    assert_read(parse_bytes, readings, ARRAY_SIZE(readings));
}

static void what_is_no_size_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "KiB", "1KB", "1MB", "1K", "1M", "1G", "1B", "1kib",
        "1MIB", "1TiB", "1 MiB", "1MiB ", "1.5MiB", "-1", "-1MiB", "1MiBs", "17179869184GiB",
        "18014398509481984KiB", "18446744073709551616"};
    assert_refused(parse_bytes, texts, ARRAY_SIZE(texts));
}

static void real_numbers_are_finite_and_not_negative(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } readings[] = {{"0", 0.0}, {"1", 1.0}, {"0.5", 0.5}, {".25", 0.25}, {"10.", 10.0},
        {"1e3", 1000.0}, {"1.7976931348623157e308", DBL_MAX}};
    for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
        double value = -1;
        errno = ERANGE; // of somebody before
        if (!parse_real(readings[i].text, &value))
            fail_msg("\"%s\" is refused", readings[i].text);
        assert_true(value == readings[i].value);
    }
}

static void what_is_no_real_number_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ", "-1", "-0.5", "+1", " 1", "1 ", "1,5", "one",
        "nan", "inf", "infinity", "1e999", "1.2.3", ".", "1x", "--1", "1e", "1 2"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        double value = -1;
        if (parse_real(texts[i], &value))
            fail_msg("\"%s\" is taken", texts[i]);
        assert_true(value == -1);
    }
}

static void assert_trimmed(const char *text, const char *expected)
{
    scoped_free char *copy = xstrdup(text);
    assert_string_equal(parse_trim(copy), expected);
}

static void blanks_are_cut_at_both_ends_only(void **state)
{
    (void)state;
    assert_trimmed("", "");
    assert_trimmed(" \t ", "");
    assert_trimmed("a", "a");
    assert_trimmed("  a b\t", "a b");
    assert_trimmed("\ta\r", "a");
    assert_trimmed("a  b", "a  b");
    assert_trimmed(" \xc3\xa9 ", "\xc3\xa9");
    assert_trimmed("\xa0", "\xa0"); // half of a character, not a blank
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_reach_to_64_bits),
        cmocka_unit_test(all_of_the_text_is_the_number),
        cmocka_unit_test(durations_have_a_unit),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(sizes_count_in_1024),
        cmocka_unit_test(what_is_no_size_is_refused),
        cmocka_unit_test(real_numbers_are_finite_and_not_negative),
        cmocka_unit_test(what_is_no_real_number_is_refused),
        cmocka_unit_test(blanks_are_cut_at_both_ends_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
