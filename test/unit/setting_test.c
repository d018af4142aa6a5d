// SPDX-License-Identifier: Apache-2.0
// One value of one option: what is taken, what is refused with what would be allowed, and that a
// refusal changes nothing. The rows are this test's own.
#include <string.h>

#include "base.h"
#include "setting.h"
#include "unit/dice.h"

struct options {
    char *text, *checked, *with_default;
    struct option_list list, list_with_default;
    int choice;
    uint64_t count, free_count, bytes, duration;
    double real, free_real;
    struct option_map map;
};

enum row {
    TEXT,
    CHECKED,
    WITH_DEFAULT,
    LIST,
    LIST_WITH_DEFAULT,
    CHOICE,
    COUNT,
    FREE_COUNT,
    BYTES,
    DURATION,
    REAL,
    FREE_REAL,
    MAP,
    N_ROWS
};

static const char *check_text(const char *name, const char *value)
{
    assert_null(name);
    return *value == 'x' ? NULL : "what starts with x";
}

static const char *check_pair(const char *name, const char *value)
{
    if (*name == '\0')
        return "a name";
    return *value == 'x' ? NULL : "what starts with x";
}

static const char *const choices[] = {"omit", "send", "ask", NULL};

#define ROW(field) .name = #field, .offset = offsetof(struct options, field)

static const struct option rows[N_ROWS] = {
    [TEXT] = {ROW(text), .type = OPTION_STRING},
    [CHECKED] = {ROW(checked), .type = OPTION_STRING, .check = check_text},
    [WITH_DEFAULT] = {ROW(with_default), .type = OPTION_STRING, .fallback = "x",
        .check = check_text},
    [LIST] = {ROW(list), .type = OPTION_LIST},
    [LIST_WITH_DEFAULT] = {ROW(list_with_default), .type = OPTION_LIST, .fallback = "*"},
    [CHOICE] = {ROW(choice), .type = OPTION_CHOICE, .choices = choices, .fallback = "omit"},
    [COUNT] = {ROW(count), .type = OPTION_COUNT, .min = 1, .max = 60},
    [FREE_COUNT] = {ROW(free_count), .type = OPTION_COUNT},
    [BYTES] = {ROW(bytes), .type = OPTION_BYTES, .min = 1024, .max = UINT64_C(16) << 30},
    [DURATION] = {ROW(duration), .type = OPTION_DURATION, .min = 100, .max = 60000},
    [REAL] = {ROW(real), .type = OPTION_REAL, .min = 0, .max = 1000},
    [FREE_REAL] = {ROW(free_real), .type = OPTION_REAL},
    [MAP] = {ROW(map), .type = OPTION_MAP, .check = check_pair},
};

static int set_up(void **state)
{
    *state = xcalloc(1, sizeof(struct options));
    return 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < N_ROWS; i++)
        setting_free(&rows[i], *state);
    free(*state);
    return 0;
}

static void set(struct options *options, enum row row, const char *value)
{
    scoped_free char *complaint = setting_parse(&rows[row], options, NULL, value);
    if (complaint != NULL)
        fail_msg("%s = \"%s\": %s", rows[row].name, value, complaint);
}

// Refused with exactly this, and the field is as it was.
static void assert_refused(
    struct options *options, enum row row, const char *value, const char *allowed)
{
    scoped_free char *before = setting_format(&rows[row], options);
    scoped_free char *complaint = setting_parse(&rows[row], options, NULL, value);
    scoped_free char *after = setting_format(&rows[row], options);
    if (complaint == NULL)
        fail_msg("%s = \"%s\" is taken", rows[row].name, value);
    assert_string_equal(complaint, allowed);
    assert_string_equal(after, before);
}

static void assert_format(const struct options *options, enum row row, const char *expected)
{
    scoped_free char *text = setting_format(&rows[row], options);
    assert_string_equal(text, expected);
}

static void assert_range(enum row row, const char *expected)
{
    scoped_free char *range = setting_range(&rows[row]);
    if (expected == NULL) {
        assert_null(range);
        return;
    }
    assert_non_null(range);
    assert_string_equal(range, expected);
}

static void a_text_is_kept_as_it_is(void **state)
{
    struct options *options = *state;
    set(options, TEXT, "a = b # c; \xc3\xa9");
    assert_string_equal(options->text, "a = b # c; \xc3\xa9");
    assert_format(options, TEXT, "a = b # c; \xc3\xa9");
    set(options, TEXT, "later");
    assert_string_equal(options->text, "later");
}

static void an_empty_text_is_none(void **state)
{
    struct options *options = *state;
    assert_format(options, TEXT, "");
    set(options, TEXT, "a");
    set(options, TEXT, "");
    assert_null(options->text);
    assert_format(options, TEXT, "");
}

static void the_row_checks_its_text(void **state)
{
    struct options *options = *state;
    set(options, CHECKED, "x1");
    assert_refused(options, CHECKED, "y", "what starts with x");
    assert_string_equal(options->checked, "x1");
    set(options, CHECKED, ""); // unset again: without a default that is no value to check
    assert_null(options->checked);
    assert_refused(options, WITH_DEFAULT, "", "what starts with x");
}

static void a_list_is_words_apart_by_commas(void **state)
{
    struct options *options = *state;
    set(options, LIST, " ens*,eth0 ,, a b ,");
    assert_int_equal(options->list.n_words, 3);
    assert_string_equal(options->list.words[0], "ens*");
    assert_string_equal(options->list.words[1], "eth0");
    assert_string_equal(options->list.words[2], "a b");
    assert_format(options, LIST, "ens*, eth0, a b");
    set(options, LIST, "one");
    assert_int_equal(options->list.n_words, 1);
    set(options, LIST, "");
    assert_int_equal(options->list.n_words, 0);
    assert_format(options, LIST, "");
}

static void a_list_with_a_default_has_a_word(void **state)
{
    struct options *options = *state;
    set(options, LIST_WITH_DEFAULT, "a");
    static const char *const empty[] = {"", ",", " , ,"};
    for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
        assert_refused(
            options, LIST_WITH_DEFAULT, empty[i], "at least one word, several apart by commas");
    assert_int_equal(options->list_with_default.n_words, 1);
}

static void a_choice_is_one_of_its_words(void **state)
{
    struct options *options = *state;
    for (int i = 0; choices[i] != NULL; i++) {
        set(options, CHOICE, choices[i]);
        assert_int_equal(options->choice, i);
        assert_format(options, CHOICE, choices[i]);
    }
    static const char *const bad[] = {"", "Omit", "om", "omits", "omit ", "1", "omit | send"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_refused(options, CHOICE, bad[i], "omit | send | ask");
}

static void numbers_have_both_ends_of_their_range(void **state)
{
    struct options *options = *state;
    set(options, COUNT, "1");
    assert_int_equal(options->count, 1);
    set(options, COUNT, "60");
    assert_int_equal(options->count, 60);
    assert_refused(options, COUNT, "0", "1 to 60");
    assert_refused(options, COUNT, "61", "1 to 60");
    assert_refused(options, COUNT, "-1", "a whole number");
    assert_refused(options, COUNT, "1.5", "a whole number");
    assert_refused(options, COUNT, "", "a whole number");
    assert_int_equal(options->count, 60);
}

static void a_maximum_of_zero_is_no_range(void **state)
{
    struct options *options = *state;
    set(options, FREE_COUNT, "18446744073709551615");
    assert_true(options->free_count == UINT64_MAX);
    assert_format(options, FREE_COUNT, "18446744073709551615");
    assert_refused(options, FREE_COUNT, "18446744073709551616", "a whole number");
    set(options, FREE_REAL, "1e300");
    assert_true(options->free_real == 1e300);
}

static void sizes_are_written_with_the_largest_unit_that_is_exact(void **state)
{
    struct options *options = *state;
    static const char *const pairs[][2] = {{"1024", "1KiB"}, {"1KiB", "1KiB"}, {"1500", "1500"},
        {"65536KiB", "64MiB"}, {"64MiB", "64MiB"}, {"1536KiB", "1536KiB"}, {"16GiB", "16GiB"},
        {"16384MiB", "16GiB"}};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        set(options, BYTES, pairs[i][0]);
        assert_format(options, BYTES, pairs[i][1]);
    }
    options->bytes = UINT64_C(1) << 50; // there is no larger unit
    assert_format(options, BYTES, "1048576GiB");
    assert_refused(options, BYTES, "1023", "1KiB to 16GiB");
    assert_refused(options, BYTES, "17GiB", "1KiB to 16GiB");
    assert_refused(options, BYTES, "64MB", "a size such as 512KiB, 64MiB");
}

static void durations_are_written_with_a_unit(void **state)
{
    struct options *options = *state;
    static const char *const pairs[][2] = {
        {"500ms", "500ms"}, {"1s", "1s"}, {"1000ms", "1s"}, {"1500ms", "1500ms"}, {"1m", "60s"}};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        set(options, DURATION, pairs[i][0]);
        assert_format(options, DURATION, pairs[i][1]);
    }
    assert_int_equal(options->duration, 60000);
    assert_refused(options, DURATION, "99ms", "100ms to 60s");
    assert_refused(options, DURATION, "61s", "100ms to 60s");
    assert_refused(options, DURATION, "5", "a duration such as 500ms, 1s, 5m");
    assert_refused(options, DURATION, "", "a duration such as 500ms, 1s, 5m");
}

static void real_numbers_have_a_range_too(void **state)
{
    struct options *options = *state;
    set(options, REAL, "0");
    assert_format(options, REAL, "0");
    set(options, REAL, "0.5");
    assert_true(options->real == 0.5);
    assert_format(options, REAL, "0.5");
    set(options, REAL, "1000");
    assert_format(options, REAL, "1000");
    assert_refused(options, REAL, "1000.001", "0 to 1000");
    assert_refused(options, REAL, "-1", "a number such as 0, 1, 0.5");
    assert_refused(options, REAL, "nan", "a number such as 0, 1, 0.5");
}

static void pairs_of_a_map_are_added_and_replaced_by_name(void **state)
{
    struct options *options = *state;
    assert_null(setting_parse(&rows[MAP], options, "Team", "x1"));
    assert_null(setting_parse(&rows[MAP], options, "Stage", "x2"));
    assert_null(setting_parse(&rows[MAP], options, "Team", "x3"));
    assert_null(setting_parse(&rows[MAP], options, "team", "x4"));
    static const char *const expected[][2] = {{"Team", "x3"}, {"Stage", "x2"}, {"team", "x4"}};
    assert_int_equal(options->map.n_pairs, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_string_equal(options->map.pairs[i].name, expected[i][0]);
        assert_string_equal(options->map.pairs[i].value, expected[i][1]);
    }
}

static void a_pair_that_is_refused_changes_nothing(void **state)
{
    struct options *options = *state;
    assert_null(setting_parse(&rows[MAP], options, "Team", "x1"));
    scoped_free char *bad_value = setting_parse(&rows[MAP], options, "Team", "y");
    assert_string_equal(bad_value, "what starts with x");
    scoped_free char *bad_name = setting_parse(&rows[MAP], options, "", "x");
    assert_string_equal(bad_name, "a name");
    assert_int_equal(options->map.n_pairs, 1);
    assert_string_equal(options->map.pairs[0].value, "x1");
}

static void ranges_are_for_a_reader(void **state)
{
    (void)state;
    assert_range(TEXT, NULL);
    assert_range(LIST, NULL);
    assert_range(MAP, NULL);
    assert_range(CHOICE, "omit | send | ask");
    assert_range(COUNT, "1 to 60");
    assert_range(FREE_COUNT, "a whole number");
    assert_range(BYTES, "1KiB to 16GiB");
    assert_range(DURATION, "100ms to 60s");
    assert_range(REAL, "0 to 1000");
    assert_range(FREE_REAL, "a number such as 0, 1, 0.5");
}

static void a_zero_is_written_so_that_it_can_be_read(void **state)
{
    struct options *options = *state;
    static const struct option duration = {.offset = offsetof(struct options, duration),
        .type = OPTION_DURATION,
        .min = 0,
        .max = 60000};
    static const struct option bytes = {
        .offset = offsetof(struct options, bytes), .type = OPTION_BYTES};
    scoped_free char *no_time = setting_format(&duration, options);
    assert_null(setting_parse(&duration, options, NULL, no_time));
    assert_int_equal(options->duration, 0);
    scoped_free char *no_bytes = setting_format(&bytes, options);
    assert_null(setting_parse(&bytes, options, NULL, no_bytes));
    assert_int_equal(options->bytes, 0);
}

// Whatever the value: what is written reads as the same value.
static void numbers_come_back_as_they_were(void **state)
{
    struct options *options = *state;
    struct dice dice;
    dice_init(&dice);
    static const struct option duration = {
        .offset = offsetof(struct options, duration), .type = OPTION_DURATION};
    static const struct option bytes = {
        .offset = offsetof(struct options, bytes), .type = OPTION_BYTES};
    for (int i = 0; i < 2000; i++) {
        uint64_t value = dice_next(&dice) >> dice_below(&dice, 64) << dice_below(&dice, 12);
        options->duration = options->bytes = value;
        scoped_free char *time = setting_format(&duration, options);
        scoped_free char *size = setting_format(&bytes, options);
        options->duration = options->bytes = ~value;
        assert_null(setting_parse(&duration, options, NULL, time));
        assert_null(setting_parse(&bytes, options, NULL, size));
        assert_true(options->duration == value);
        assert_true(options->bytes == value);
    }
}

static void real_numbers_come_back_as_they_were(void **state)
{
    struct options *options = *state;
    static const char *const texts[] = {"0.1", "0.25", "10", "999.5", "0.3333333", "123.4567",
        "0.0000012345678", "0.1234567890123", "0.30000000000000004"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        set(options, REAL, texts[i]);
        double value = options->real;
        char *text = setting_format(&rows[REAL], options);
        set(options, REAL, text);
        free(text);
        if (options->real != value)
            fail_msg("%s came back as %.17g", texts[i], options->real);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_is_kept_as_it_is),
        TEST(an_empty_text_is_none),
        TEST(the_row_checks_its_text),
        TEST(a_list_is_words_apart_by_commas),
        TEST(a_list_with_a_default_has_a_word),
        TEST(a_choice_is_one_of_its_words),
        TEST(numbers_have_both_ends_of_their_range),
        TEST(a_maximum_of_zero_is_no_range),
        TEST(sizes_are_written_with_the_largest_unit_that_is_exact),
        TEST(durations_are_written_with_a_unit),
        TEST(real_numbers_have_a_range_too),
        TEST(pairs_of_a_map_are_added_and_replaced_by_name),
        TEST(a_pair_that_is_refused_changes_nothing),
        TEST(ranges_are_for_a_reader),
        TEST(a_zero_is_written_so_that_it_can_be_read),
        TEST(numbers_come_back_as_they_were),
        TEST(real_numbers_come_back_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
