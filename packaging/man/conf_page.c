// SPDX-License-Identifier: Apache-2.0
// Option tables as mdoc(7): a subsection for each section of the file, a tagged item for each key.
#include <errno.h>
#include <string.h>

#include "conf_page.h"
#include "setting.h"

// A line of text that mdoc takes for nothing else: no macro at its start, no escape in it.
static void print_text(const char *text, FILE *to)
{
    fputs(*text == '.' || *text == '\'' ? "\\&" : "", to);
    for (; *text != '\0'; text++)
        if (*text == '\\')
            fputs("\\e", to);
        else
            fputc(*text, to);
}

// What is to be written after the equals sign.
static const char *word_of(const struct option *row)
{
    switch (row->type) {
    case OPTION_DURATION:
        return "duration";
    case OPTION_BYTES:
        return "size";
    case OPTION_COUNT:
    case OPTION_REAL:
        return "number";
    case OPTION_LIST:
        return "word , ...";
    case OPTION_CHOICE:
        return "choice";
    default:
        return "text";
    }
}

static void print_head(const struct option *row, FILE *to)
{
    fprintf(to, ".It Ic %s", row->name);
    fprintf(to, "%s = Ar %s\n", row->type == OPTION_MAP ? ". Ns Ar NAME No" : " No", word_of(row));
}

static void print_range(const struct option *row, FILE *to)
{
    scoped_free char *range = setting_range(row);
    if (range == NULL)
        return;
    fputs("Allowed:\n", to);
    print_text(range, to);
    fputs(".\n", to);
}

// Of the options as they are, which are the defaults.
static void print_default(const struct config_table *bound, const struct option *row, FILE *to)
{
    if (row->type == OPTION_MAP)
        return;
    scoped_free char *value = setting_format(row, bound->options);
    if (*value == '\0')
        return;
    fputs("Default:\n\\(oq", to);
    print_text(value, to);
    fputs("\\(cq.\n", to);
}

static bool is_sentence(const char *help)
{
    size_t length = help != NULL ? strlen(help) : 0;
    return length > 1 && help[length - 1] == '.';
}

static int print_row(const struct config_table *bound, const struct option *row, FILE *to)
{
    if (!is_sentence(row->help)) {
        log_error("%s.%s: its help is no sentence", bound->table->section, row->name);
        return -EINVAL;
    }
    print_head(row, to);
    print_text(row->help, to);
    fputc('\n', to);
    print_range(row, to);
    print_default(bound, row, to);
    return 0;
}

static void begin_section(const char *name, bool is_first, FILE *to)
{
    fprintf(to, "%s.Ss [%s]\n.Bl -tag -width Ds\n", is_first ? "" : ".El\n", name);
}

static int print_options(const struct config *config, FILE *to)
{
    const char *section = "";
    int r = 0;
    for (size_t t = 0; t < config->n_tables; t++) {
        const struct config_table *bound = &config->tables[t];
        if (bound->table->n_rows == 0)
            continue;
        if (strcmp(bound->table->section, section) != 0)
            begin_section(bound->table->section, *section == '\0', to);
        section = bound->table->section;
        for (size_t i = 0; r == 0 && i < bound->table->n_rows; i++)
            r = print_row(bound, &bound->table->rows[i], to);
    }
    if (*section != '\0')
        fputs(".El\n", to);
    return r;
}

int conf_page_print(const struct config *config, FILE *page, FILE *to)
{
    bool has_mark = false;
    scoped_free char *line = NULL;
    size_t capacity = 0;
    for (int r; getline(&line, &capacity, page) > 0;) {
        if (strcmp(line, CONF_PAGE_MARK) != 0) {
            fputs(line, to);
            continue;
        }
        has_mark = true;
        r = print_options(config, to);
        if (r < 0)
            return r;
    }
    if (has_mark)
        return 0;
    log_error("the page has no line %s", CONF_PAGE_MARK);
    return -EINVAL;
}
