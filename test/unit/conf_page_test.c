// SPDX-License-Identifier: Apache-2.0
// The manual page of the configuration, made of tables that are this test's own.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../packaging/man/conf_page.h"
#include "base.h"
#include "support/log_catcher.h"
#include "support/unit.h"

struct options {
    uint64_t wait_ms;
    char *text;
    int choice;
    struct option_map map;
};

static const char *const choices[] = {"one", "two", NULL};

static const struct option water_rows[] = {
    {.name = "wait",
        .type = OPTION_DURATION,
        .offset = offsetof(struct options, wait_ms),
        .fallback = "5s",
        .min = 1000,
        .max = 60000,
        .help = "How long it runs."},
    {.name = "source",
        .type = OPTION_STRING,
        .offset = offsetof(struct options, text),
        .help = ".el and 'so a\\b."},
};
static const struct option more_water_rows[] = {
    {.name = "kind",
        .type = OPTION_CHOICE,
        .offset = offsetof(struct options, choice),
        .choices = choices,
        .fallback = "two",
        .help = "Which of them."},
};
static const struct option wine_rows[] = {
    {.name = "label",
        .type = OPTION_MAP,
        .offset = offsetof(struct options, map),
        .help = "What is on it."},
};

static const struct option_table water = {"water", water_rows, 2, sizeof(struct options)},
                                 more_water = {"water", more_water_rows, 1, sizeof(struct options)},
                                 wine = {"wine", wine_rows, 1, sizeof(struct options)},
                                 nothing = {"nothing", NULL, 0, 0};

static int print(struct config_table *tables, size_t n_tables, const char *page, char *ret_text)
{
    struct config config = {.tables = tables, .n_tables = n_tables};
    FILE *from = fmemopen((char *)page, strlen(page), "r");
    char *text = NULL;
    size_t n_bytes;
    FILE *to = open_memstream(&text, &n_bytes);
    int r = conf_page_print(&config, from, to);
    fclose(from);
    fclose(to);
    snprintf(ret_text, 4096, "%s", text);
    free(text);
    return r;
}

static void the_options_stand_where_the_mark_is_by_section_with_range_and_default(void **state)
{
    (void)state;
    struct options options = {.wait_ms = 5000, .choice = 1};
    struct config_table tables[] = {
        {&water, &options}, {&more_water, &options}, {&nothing, NULL}, {&wine, &options}};
    char text[4096];
    assert_int_equal(print(tables, 4, ".Sh BEFORE\n" CONF_PAGE_MARK ".Sh AFTER\n", text), 0);
    assert_string_equal(text,
        ".Sh BEFORE\n"
        ".Ss [water]\n"
        ".Bl -tag -width Ds\n"
        ".It Ic wait No = Ar duration\n"
        "How long it runs.\n"
        "Allowed:\n"
        "1s to 60s.\n"
        "Default:\n"
        "\\(oq5s\\(cq.\n"
        ".It Ic source No = Ar text\n"
        "\\&.el and 'so a\\eb.\n"
        ".It Ic kind No = Ar choice\n"
        "Which of them.\n"
        "Allowed:\n"
        "one | two.\n"
        "Default:\n"
        "\\(oqtwo\\(cq.\n"
        ".El\n"
        ".Ss [wine]\n"
        ".Bl -tag -width Ds\n"
        ".It Ic label. Ns Ar NAME No = Ar text\n"
        "What is on it.\n"
        ".El\n"
        ".Sh AFTER\n");
}

static void assert_refused(const char *help)
{
    static struct log_catcher log;
    struct options options = {0};
    struct option row = {.name = "bare",
        .type = OPTION_STRING,
        .offset = offsetof(struct options, text),
        .help = help};
    struct option_table table = {"water", &row, 1, sizeof(options)};
    char text[4096];
    log_catcher_start(&log);
    int r = print(&(struct config_table){&table, &options}, 1, CONF_PAGE_MARK, text);
    size_t n_said = log_catcher_count(&log, "water.bare");
    log_catcher_stop(&log);
    assert_int_equal(r, -EINVAL);
    assert_int_equal(n_said, 1);
}

static void an_option_whose_help_is_no_sentence_is_refused(void **state)
{
    (void)state;
    assert_refused(NULL);
    assert_refused("");
    assert_refused(".");
    assert_refused("Half a sentence");
}

static void a_page_without_the_mark_is_refused(void **state)
{
    (void)state;
    static struct log_catcher log;
    char text[4096];
    log_catcher_start(&log);
    int r = print(NULL, 0, ".Sh NAME\n.\\\" OPTION\n", text);
    size_t n_said = log_catcher_count(&log, "no line");
    log_catcher_stop(&log);
    assert_int_equal(r, -EINVAL);
    assert_int_equal(n_said, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_options_stand_where_the_mark_is_by_section_with_range_and_default),
        cmocka_unit_test(an_option_whose_help_is_no_sentence_is_refused),
        cmocka_unit_test(a_page_without_the_mark_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
