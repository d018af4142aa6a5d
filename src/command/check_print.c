// SPDX-License-Identifier: Apache-2.0
// The report for a terminal of at least 100 columns: a column each for the status and for what was
// looked at, the rest for what was found, with the remedy below it. And the same as JSON.
#include <string.h>

#include "command/check.h"
#include "encode/document.h"

#define SCREEN_WIDTH  100
#define STATUS_COLUMN 6 // where the next column begins, as in the line below
#define TEXT_COLUMN   21

#define COLOR_OK   "\033[32m"
#define COLOR_WARN "\033[1;33m"
#define COLOR_FAIL "\033[1;31m"
#define COLOR_END  "\033[0m"

static const char *const status_words[] = {
    [CHECK_OK] = "OK", [CHECK_WARN] = "WARN", [CHECK_FAIL] = "FAIL"};
static const char *const status_colors[] = {
    [CHECK_OK] = COLOR_OK, [CHECK_WARN] = COLOR_WARN, [CHECK_FAIL] = COLOR_FAIL};

static void print_status(FILE *to, enum check_status status, bool is_colored)
{
    const char *word = status_words[status];
    fprintf(to, "%s%s%s%*s", is_colored ? status_colors[status] : "", word,
        is_colored ? COLOR_END : "", STATUS_COLUMN - (int)strlen(word), "");
}

static bool is_character_start(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

// Text that is wrapped at blanks; the bytes of one character count as one column.
struct paragraph {
    FILE *to;
    int indent; // of lines after the first
    int column;
};

static void start_line(struct paragraph *paragraph)
{
    fprintf(paragraph->to, "\n%*s", paragraph->indent, "");
    paragraph->column = paragraph->indent;
}

static int width_of(const char *word, size_t n_bytes)
{
    int width = 0;
    for (size_t i = 0; i < n_bytes; i++)
        width += is_character_start(word[i]);
    return width;
}

// A word that is longer than a line goes on in the next.
static void put_word(struct paragraph *paragraph, const char *word, size_t n_bytes)
{
    bool is_first = paragraph->column == paragraph->indent;
    if (!is_first && paragraph->column + 1 + width_of(word, n_bytes) > SCREEN_WIDTH)
        start_line(paragraph);
    else if (!is_first)
        paragraph->column += fprintf(paragraph->to, " ");
    for (size_t i = 0; i < n_bytes; i++) {
        if (is_character_start(word[i]) && paragraph->column == SCREEN_WIDTH)
            start_line(paragraph);
        paragraph->column += is_character_start(word[i]);
        fputc(word[i], paragraph->to);
    }
}

static void put_text(struct paragraph *paragraph, const char *text)
{
    while (*text != '\0') {
        size_t n_bytes = strcspn(text, " \n");
        if (n_bytes > 0)
            put_word(paragraph, text, n_bytes);
        text += n_bytes;
        if (*text == '\n')
            start_line(paragraph);
        text += *text != '\0';
    }
    fputc('\n', paragraph->to);
}

static void print_finding(FILE *to, const struct finding *finding, bool is_colored)
{
    print_status(to, finding->status, is_colored);
    fprintf(to, "%-*s", TEXT_COLUMN - STATUS_COLUMN, finding->name);
    struct paragraph text = {to, TEXT_COLUMN, TEXT_COLUMN};
    put_text(&text, finding->text);
    if (finding->remedy == NULL)
        return;
    fprintf(to, "%*s-> ", TEXT_COLUMN, "");
    struct paragraph remedy = {to, TEXT_COLUMN + 3, TEXT_COLUMN + 3};
    put_text(&remedy, finding->remedy);
}

// "2 failures", "1 warning", where there are any.
static void print_count(FILE *to, size_t n, const char *before, const char *what)
{
    if (n > 0)
        fprintf(to, "%s%zu %s%s", before, n, what, n > 1 ? "s" : "");
}

static void print_end(FILE *to, const struct report *report, bool is_colored)
{
    enum check_status status = report_status(report);
    fputc('\n', to);
    print_status(to, status, is_colored);
    fputs(status == CHECK_FAIL ? "publishing would not work as it should" : "publishing would work",
        to);
    size_t n_failures = report_count(report, CHECK_FAIL);
    print_count(to, n_failures, ": ", "failure");
    print_count(to, report_count(report, CHECK_WARN), n_failures > 0 ? ", " : ": ", "warning");
    fputc('\n', to);
}

void check_print_screen(FILE *to, const struct report *report, bool is_colored)
{
    for (size_t i = 0; i < report->n_findings; i++)
        print_finding(to, &report->findings[i], is_colored);
    print_end(to, report, is_colored);
}

static const char *status_name(enum check_status status)
{
    static const char *const names[] = {
        [CHECK_OK] = "ok", [CHECK_WARN] = "warn", [CHECK_FAIL] = "fail"};
    return names[status];
}

static json_t *finding_of(const struct finding *finding)
{
    json_t *object = json_object();
    document_set(object, "name", document_text(finding->name, SIZE_MAX));
    document_set(object, "status", document_text(status_name(finding->status), SIZE_MAX));
    document_set(object, "text", document_text(finding->text, SIZE_MAX));
    if (finding->remedy != NULL)
        document_set(object, "remedy", document_text(finding->remedy, SIZE_MAX));
    if (finding->details != NULL)
        json_object_update(object, finding->details);
    return object;
}

void check_print_json(FILE *to, const struct report *report)
{
    json_t *root = json_object(), *checks = json_array();
    document_set(root, "status", document_text(status_name(report_status(report)), SIZE_MAX));
    for (size_t i = 0; i < report->n_findings; i++)
        document_append(checks, finding_of(&report->findings[i]));
    document_set(root, "checks", checks);
    scoped_free char *text = document_print(root);
    fprintf(to, "%s\n", text);
    json_decref(root);
}
