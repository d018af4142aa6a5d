// SPDX-License-Identifier: Apache-2.0
// The kernel's counters of its connection tracking, out of the texts of several kernels. Headers
// and the format of the lines: net/netfilter/nf_conntrack_standalone.c of Linux.
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "collector/conntrack_stat.h"
#include "unit/dice.h"

// Of Linux 2.6, then with search_restart, then of Linux 5.9 and 5.15 and later.
#define HEADER_2_6                                                                                 \
    "entries  searched found new invalid ignore delete delete_list insert insert_failed drop "     \
    "early_drop icmp_error  expect_new expect_create expect_delete\n"
#define HEADER_4                                                                                   \
    "entries  searched found new invalid ignore delete delete_list insert insert_failed drop "     \
    "early_drop icmp_error  expect_new expect_create expect_delete search_restart\n"
#define HEADER_5_9                                                                                 \
    "entries  clashres found new invalid ignore delete delete_list insert insert_failed drop "     \
    "early_drop icmp_error  expect_new expect_create expect_delete search_restart\n"
#define HEADER                                                                                     \
    "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop "     \
    "early_drop icmp_error  expect_new expect_create expect_delete search_restart\n"

// The columns that count, in the order of the kernel: insert_failed, drop, early_drop. All others
// hold something else, so that a column beside them is seen.
#define LINE_2_6(three)                                                                            \
    "000001f4  00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 " three     \
    " 00000009  0000000a 0000000b 0000000c \n"
#define LINE(three)                                                                                \
    "000001f4  00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 " three     \
    " 00000009  0000000a 0000000b 0000000c 0000000d\n"

static int set_up(void **state)
{
    *state = xcalloc(1, sizeof(struct conntrack_stat));
    return 0;
}

static int tear_down(void **state)
{
    conntrack_stat_finish(*state);
    free(*state);
    return 0;
}

// A copy without a byte to spare, for the address sanitizer.
static int take(struct conntrack_stat *stat, const char *text)
{
    scoped_free char *copy = xstrdup(text);
    return conntrack_stat_take(stat, copy);
}

static void assert_totals(
    const struct conntrack_stat *stat, uint64_t drop, uint64_t early_drop, uint64_t insert_failed)
{
    assert_int_equal(stat->totals[CONNTRACK_DROP], drop);
    assert_int_equal(stat->totals[CONNTRACK_EARLY_DROP], early_drop);
    assert_int_equal(stat->totals[CONNTRACK_INSERT_FAILED], insert_failed);
}

static void assert_takes(
    struct conntrack_stat *stat, const char *text, uint64_t drop, uint64_t insert_failed)
{
    if (take(stat, text) != 0)
        fail_msg("refused: %s", text);
    assert_int_equal(stat->totals[CONNTRACK_DROP], drop);
    assert_int_equal(stat->totals[CONNTRACK_INSERT_FAILED], insert_failed);
}

// For texts that are short.
#define SHORT_HEADER "drop early_drop insert_failed\n"

static void every_kernel_names_the_columns_that_count(void **state)
{
    (void)state;
    static const char *const texts[] = {HEADER_2_6 LINE_2_6("00000011 00000022 00000033"),
        HEADER_4 LINE("00000011 00000022 00000033"), HEADER_5_9 LINE("00000011 00000022 00000033"),
        HEADER LINE("00000011 00000022 00000033")};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct conntrack_stat stat = {0};
        assert_int_equal(take(&stat, texts[i]), 0);
        assert_totals(&stat, 0x22, 0x33, 0x11);
        conntrack_stat_finish(&stat);
    }
}

static void columns_are_found_by_name_wherever_they_stand(void **state)
{
    assert_int_equal(take(*state, "early_drop\tinsert_failed drop\n1 20  300\n"), 0);
    assert_totals(*state, 0x300, 0x1, 0x20);
}

static void numbers_are_hexadecimal(void **state)
{
    assert_int_equal(take(*state, HEADER LINE("0000abcd ffffffff 00000010")), 0);
    assert_totals(*state, 4294967295, 16, 43981);
}

static void cpus_are_added_up(void **state)
{
    assert_int_equal(take(*state,
                         HEADER LINE("00000001 00000010 00000100")
                             LINE("00000002 00000020 00000200") LINE("00000003 00000030 00000300")),
        0);
    assert_totals(*state, 0x60, 0x600, 6);
}

static void the_sum_of_the_cpus_may_exceed_what_one_of_them_counts_to(void **state)
{
    assert_int_equal(take(*state,
                         HEADER LINE("00000000 ffffffff 00000000")
                             LINE("00000000 ffffffff 00000000") LINE("00000000 ffffffff 00000000")),
        0);
    assert_totals(*state, UINT64_C(12884901885), 0, 0);
}

static void a_text_without_its_last_newline_is_whole(void **state)
{
    assert_int_equal(take(*state, SHORT_HEADER "1 2 3\n4 5 6"), 0);
    assert_totals(*state, 5, 7, 9);
}

static void what_moved_since_the_last_text_is_added(void **state)
{
    assert_takes(*state, SHORT_HEADER "5 0 1\n8 0 0\n", 13, 1);
    assert_takes(*state, SHORT_HEADER "5 0 1\n8 0 0\n", 13, 1);
    assert_takes(*state, SHORT_HEADER "6 0 1\na 0 2\n", 16, 3);
}

static void a_counter_of_one_cpu_that_wraps_goes_on(void **state)
{
    assert_takes(*state, SHORT_HEADER "fffffffe 0 0\n00000007 0 0\n", 4294967301, 0);
    assert_takes(*state, SHORT_HEADER "00000003 0 0\n00000008 0 0\n", 4294967301 + 5 + 1, 0);
    assert_takes(*state, SHORT_HEADER "00000003 0 0\n00000008 0 0\n", 4294967301 + 5 + 1, 0);
}

// One step of half the range is the largest that is an increase.
static void the_largest_step_through_zero_is_half_the_range(void **state)
{
    assert_takes(*state, SHORT_HEADER "f0000000 0 0\n", 0xf0000000, 0);
    assert_takes(*state, SHORT_HEADER "6fffffff 0 0\n", 0xf0000000 + UINT64_C(0x7fffffff), 0);
}

// The module was unloaded and loaded again: all of it counts from zero.
static void a_restart_counts_from_zero(void **state)
{
    assert_takes(*state, SHORT_HEADER "100 0 20\n100 0 20\n", 0x200, 0x40);
    assert_takes(*state, SHORT_HEADER "3 0 0\n0 0 1\n", 0x203, 0x41);
    assert_takes(*state, SHORT_HEADER "4 0 0\n2 0 1\n", 0x206, 0x41);
}

static void a_restart_of_one_counter_does_not_touch_the_others(void **state)
{
    assert_takes(*state, SHORT_HEADER "100 0 20\n100 0 20\n", 0x200, 0x40);
    assert_takes(*state, SHORT_HEADER "0 0 20\n101 0 21\n", 0x201, 0x41);
}

static void a_cpu_that_was_not_there_before_counts_from_zero(void **state)
{
    assert_takes(*state, SHORT_HEADER "5 0 1\n", 5, 1);
    assert_takes(*state, SHORT_HEADER "6 0 1\n3 0 2\n4 0 0\n", 6 + 3 + 4, 3);
    assert_takes(*state, SHORT_HEADER "6 0 1\n4 0 2\n4 0 0\n", 14, 3);
}

static void fewer_cpus_take_nothing_back(void **state)
{
    assert_takes(*state, SHORT_HEADER "5 0 1\n7 0 2\n", 12, 3);
    assert_takes(*state, SHORT_HEADER "6 0 1\n", 13, 3);
}

static void columns_that_move_between_two_texts_are_followed(void **state)
{
    assert_takes(*state, SHORT_HEADER "5 6 7\n", 5, 7);
    assert_int_equal(take(*state, "insert_failed drop early_drop\n8 6 7\n"), 0);
    assert_totals(*state, 6, 7, 8);
}

// The text of a kernel with this many CPUs, of which CPU i has dropped i.
static char *text_of(size_t n_cpus)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *to = open_memstream(&text, &n_bytes);
    assert_non_null(to);
    fputs(HEADER, to);
    for (size_t i = 0; i < n_cpus; i++)
        fprintf(to,
            "%08x  %08x %08x %08x %08x %08x %08x %08x %08x %08x %08zx %08x %08x  %08x %08x %08x "
            "%08x\n",
            7, 7, 7, 7, 7, 7, 7, 7, 7, 0, i, 0, 7, 7, 7, 7, 7);
    assert_int_equal(fclose(to), 0);
    return text;
}

static void the_largest_machine_is_read_and_a_larger_one_refused(void **state)
{
    scoped_free char *largest = text_of(8192), *larger = text_of(8193);
    assert_int_equal(take(*state, largest), 0);
    assert_totals(*state, 8191 * 8192 / 2, 0, 0);
    assert_int_equal(take(*state, larger), -EBADMSG);
    assert_totals(*state, 8191 * 8192 / 2, 0, 0);
    assert_takes(*state, largest, 8191 * 8192 / 2, 0);
}

static void once_as_many_cpus_were_seen_no_memory_is_asked_for(void **state)
{
    struct conntrack_stat *stat = *state;
    scoped_free char *text = text_of(64);
    assert_int_equal(conntrack_stat_take(stat, text), 0);
    const void *last = stat->last, *next = stat->next;
    size_t capacity = stat->capacity;
    for (int i = 0; i < 100; i++)
        assert_int_equal(conntrack_stat_take(stat, text), 0);
    assert_ptr_equal(stat->last, last);
    assert_ptr_equal(stat->next, next);
    assert_int_equal(stat->capacity, capacity);
}

// 64 columns are read, as CONNTRACK_MAX_COLUMNS says: kernels have 17.
static char *text_of_words(size_t n_words)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *to = open_memstream(&text, &n_bytes);
    assert_non_null(to);
    for (size_t i = 3; i < n_words; i++)
        fprintf(to, "column%zu ", i);
    fputs("drop early_drop insert_failed\n", to);
    for (size_t i = 3; i < n_words; i++)
        fputs("9 ", to);
    fputs("1 2 3\n", to);
    assert_int_equal(fclose(to), 0);
    return text;
}

static void columns_that_a_later_kernel_adds_do_no_harm(void **state)
{
    scoped_free char *many = text_of_words(64), *too_many = text_of_words(65);
    assert_int_equal(take(*state, many), 0);
    assert_totals(*state, 1, 2, 3);
    assert_int_equal(take(*state, too_many), -EBADMSG);
    assert_totals(*state, 1, 2, 3);
}

// The line of names is remembered; one that begins like it is another one.
static void names_that_begin_like_the_last_ones_are_looked_at_anew(void **state)
{
    assert_takes(*state, SHORT_HEADER "1 2 3\n", 1, 3);
    assert_takes(*state, "drop early_drop insert_failed drop2\n2 2 3 9\n", 2, 3);
    assert_takes(*state, SHORT_HEADER "3 2 3\n", 3, 3);
    assert_takes(*state, "drop early_drop insert_failed2 insert_failed\n4 2 9 3\n", 4, 3);
    assert_takes(*state, "drop early_drop insert_failed \n5 2 4\n", 5, 4);
    assert_takes(*state, " drop early_drop insert_failed\n6 2 4\n", 6, 4);
}

static void names_that_are_refused_are_not_remembered(void **state)
{
    static const char *const texts[] = {"early_drop insert_failed drops\n7 7 7\n",
        "drop early_drop\n7 7\n", "insert_failed drop early_drop\r\n7 7 7\n", "\n"};
    assert_takes(*state, SHORT_HEADER "1 2 3\n", 1, 3);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        assert_int_equal(take(*state, texts[i]), -EBADMSG);
        assert_int_equal(take(*state, texts[i]), -EBADMSG);
        assert_takes(*state, SHORT_HEADER "1 2 3\n", 1, 3);
    }
}

// 1023 bytes of names are read, as CONNTRACK_MAX_LINE says: kernels have some 160.
static void a_line_of_names_has_its_limit(void **state)
{
    enum { LONGEST = 1023 };
    char longest[LONGEST + 2], text[LONGEST + 64];
    memset(longest, 'x', sizeof(longest));
    memcpy(longest, "drop early_drop insert_failed ", 30);
    longest[LONGEST] = '\0';
    snprintf(text, sizeof(text), "%s\n1 2 3 9\n", longest);
    assert_takes(*state, text, 1, 3);
    assert_takes(*state, text, 1, 3);
    longest[LONGEST] = 'x';
    longest[LONGEST + 1] = '\0';
    snprintf(text, sizeof(text), "%s\n2 2 3 9\n", longest);
    assert_int_equal(take(*state, text), -EBADMSG);
}

static void what_is_no_such_text_is_refused_and_changes_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        " ",
        "\n\n",
        "nothing", // no names
        "drop early_drop insert_failed other\r\n1 2 3 4\r\n",
        HEADER, // no CPU
        "drop early_drop\n1 2\n",
        "drop insert_failed\n1 2\n",
        "early_drop insert_failed\n1 2\n",
        "Drop early_drop insert_failed\n1 2 3\n",
        "drops early_drop insert_failed\n1 2 3\n",
        "dro early_drop insert_failed\n1 2 3\n",
        "drop drop early_drop\n1 2 3\n",
        "insert_failed early_drop insert_failed\n1 2 3\n",
        "\n" SHORT_HEADER "1 2 3\n", // does not begin with the names
        SHORT_HEADER "1 2\n",
        SHORT_HEADER "1 2 3 4\n", // other columns than names
        SHORT_HEADER "9 9 9\n1 2\n",
        SHORT_HEADER "9 9 9\n1 2 3 4\n",
        SHORT_HEADER "9 9 9\n\n",
        SHORT_HEADER "\n9 9 9\n", // an empty line
        SHORT_HEADER "9 9 9\n\n9 9 9\n",
        SHORT_HEADER "9 9 9\n \t\n",
        SHORT_HEADER "x 2 3\n",
        SHORT_HEADER "1 2g 3\n", // no numbers
        SHORT_HEADER "1 2 -3\n",
        SHORT_HEADER "+1 2 3\n",
        SHORT_HEADER "0x1 2 3\n",
        SHORT_HEADER "1 2 3.\n",
        SHORT_HEADER "AB 2 3\n",
        SHORT_HEADER "1 2 3\r\n",
        SHORT_HEADER "100000000 2 3\n",
        SHORT_HEADER "1 000000002 3\n",       // beyond 32 bits
        SHORT_HEADER "9 9 9\n9 9 9\n9 9 z\n", // the last of several
        SHORT_HEADER SHORT_HEADER "1 2 3\n",
    };
    assert_takes(*state, SHORT_HEADER "5 0 1\n7 0 2\n", 12, 3);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct conntrack_stat fresh = {0};
        if (take(*state, texts[i]) != -EBADMSG || take(&fresh, texts[i]) != -EBADMSG)
            fail_msg("taken: %s", texts[i]);
        assert_totals(*state, 12, 0, 3);
        assert_totals(&fresh, 0, 0, 0);
        conntrack_stat_finish(&fresh);
    }
    // Nor has it moved what the next text is compared with.
    assert_takes(*state, SHORT_HEADER "6 0 1\n7 0 2\n", 13, 3);
}

// Every text that is a bit of a true one: it is taken where a line ends or might have, or refused.
static void a_text_that_is_cut_anywhere_is_refused_or_counts_no_more(void **state)
{
    (void)state;
    static const char whole[] = HEADER LINE("00000011 00000022 00000033")
        LINE("00000044 00000055 00000066");
    for (size_t length = 0; length < sizeof(whole); length++) {
        struct conntrack_stat stat = {0};
        scoped_free char *cut = strndup(whole, length);
        if (conntrack_stat_take(&stat, cut) == 0) {
            assert_in_range(stat.totals[CONNTRACK_DROP], 0x22, 0x22 + 0x55);
            assert_in_range(stat.totals[CONNTRACK_INSERT_FAILED], 0x11, 0x11 + 0x44);
        } else {
            assert_totals(&stat, 0, 0, 0);
        }
        conntrack_stat_finish(&stat);
    }
}

static void nothing_is_finished_like_something(void **state)
{
    assert_int_equal(take(*state, SHORT_HEADER "1 2 3\n"), 0);
    conntrack_stat_finish(*state);
    conntrack_stat_finish(*state);
    assert_totals(*state, 0, 0, 0);
    assert_takes(*state, SHORT_HEADER "1 2 3\n", 1, 3); // and it can begin again
}

#define MAX_CPUS 6

// A plain model: 64-bit counters of each CPU, of which the kernel shows the lower half. Steps stay
// below half the range, as they do between two looks.
struct model {
    struct dice dice;
    size_t n_cpus;
    uint64_t counted[MAX_CPUS][CONNTRACK_N_COLUMNS]; // since the module was loaded
    uint64_t totals[CONNTRACK_N_COLUMNS];
};

static void count_at_random(struct model *model)
{
    bool is_new_cpu = model->n_cpus < MAX_CPUS && dice_below(&model->dice, 200) == 0;
    model->n_cpus += is_new_cpu;
    for (size_t cpu = 0; cpu < model->n_cpus; cpu++)
        for (size_t column = 0; column < CONNTRACK_N_COLUMNS; column++) {
            uint64_t most = dice_below(&model->dice, 3) == 0 ? INT32_MAX : 5;
            uint64_t n = dice_below(&model->dice, most);
            model->counted[cpu][column] += n;
            model->totals[column] += n;
        }
}

static char *show(const struct model *model)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *to = open_memstream(&text, &n_bytes);
    assert_non_null(to);
    fputs(HEADER, to);
    for (size_t cpu = 0; cpu < model->n_cpus; cpu++) {
        const uint64_t *counted = model->counted[cpu];
        fprintf(to,
            "000001f4  00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 "
            "%08" PRIx32 " %08" PRIx32 " %08" PRIx32
            " 00000009  0000000a 0000000b 0000000c 0000000d\n",
            (uint32_t)counted[CONNTRACK_INSERT_FAILED], (uint32_t)counted[CONNTRACK_DROP],
            (uint32_t)counted[CONNTRACK_EARLY_DROP]);
    }
    assert_int_equal(fclose(to), 0);
    return text;
}

static void totals_are_what_was_counted_whatever_wraps(void **state)
{
    struct conntrack_stat *stat = *state;
    struct model model = {.n_cpus = 1};
    dice_init(&model.dice);
    for (int i = 0; i < 2000; i++) {
        count_at_random(&model);
        if (dice_below(&model.dice, 10) == 0)
            assert_int_equal(take(stat, "not to be had"), -EBADMSG);
        scoped_free char *text = show(&model);
        assert_int_equal(take(stat, text), 0);
        assert_totals(stat, model.totals[CONNTRACK_DROP], model.totals[CONNTRACK_EARLY_DROP],
            model.totals[CONNTRACK_INSERT_FAILED]);
    }
    assert_true(model.totals[CONNTRACK_DROP] > UINT32_MAX);
}

static void a_cpu_that_is_away_for_a_text_is_not_counted_twice(void **state)
{
    (void)state;
    struct conntrack_stat stat = {0};
    assert_int_equal(
        conntrack_stat_take(&stat, "drop early_drop insert_failed\n5 0 0\n7 0 0\n"), 0);
    assert_int_equal(conntrack_stat_take(&stat, "drop early_drop insert_failed\n5 0 0\n"), 0);
    assert_int_equal(
        conntrack_stat_take(&stat, "drop early_drop insert_failed\n5 0 0\n8 0 0\n"), 0);
    uint64_t drops = stat.totals[CONNTRACK_DROP];
    conntrack_stat_finish(&stat);
    assert_int_equal(drops, 13);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_names_the_columns_that_count),
        TEST(columns_are_found_by_name_wherever_they_stand),
        TEST(numbers_are_hexadecimal),
        TEST(cpus_are_added_up),
        TEST(the_sum_of_the_cpus_may_exceed_what_one_of_them_counts_to),
        TEST(a_text_without_its_last_newline_is_whole),
        TEST(what_moved_since_the_last_text_is_added),
        TEST(a_counter_of_one_cpu_that_wraps_goes_on),
        TEST(the_largest_step_through_zero_is_half_the_range),
        TEST(a_restart_counts_from_zero),
        TEST(a_restart_of_one_counter_does_not_touch_the_others),
        TEST(a_cpu_that_was_not_there_before_counts_from_zero),
        TEST(fewer_cpus_take_nothing_back),
        TEST(columns_that_move_between_two_texts_are_followed),
        TEST(the_largest_machine_is_read_and_a_larger_one_refused),
        TEST(once_as_many_cpus_were_seen_no_memory_is_asked_for),
        TEST(columns_that_a_later_kernel_adds_do_no_harm),
        TEST(names_that_begin_like_the_last_ones_are_looked_at_anew),
        TEST(names_that_are_refused_are_not_remembered),
        TEST(a_line_of_names_has_its_limit),
        TEST(what_is_no_such_text_is_refused_and_changes_nothing),
        cmocka_unit_test(a_text_that_is_cut_anywhere_is_refused_or_counts_no_more),
        TEST(nothing_is_finished_like_something),
        TEST(totals_are_what_was_counted_whatever_wraps),
        TEST(a_cpu_that_is_away_for_a_text_is_not_counted_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
