// SPDX-License-Identifier: Apache-2.0
// A look as a table for a terminal of 80 columns. ENIs of which no counter moved share one line, so
// that a burst stays on the screen while seconds go by.
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/mac.h"
#include "command/read_print.h"

#define LINE_WIDTH  80
#define TOTAL_EDGE  52 // of the column of totals; the mark of a suspect value stands behind it
#define MOVED_WIDTH 13
#define RATE_WIDTH  13
#define VALUE_TEXT  80

// Words apart by commas, on as many lines as they need.
struct word_list {
    FILE *to;
    size_t column;
    bool is_begun;
};

static void put_word(struct word_list *list, const char *word)
{
    size_t length = strlen(word) + 2; // a blank before it, and a comma or colon behind it
    bool is_next_line = list->column + length > LINE_WIDTH;
    if (is_next_line)
        list->column = 3;
    fprintf(list->to, "%s%s%s", is_next_line ? "\n   " : "", list->column > 0 ? " " : "", word);
    list->column += length;
}

static void add_word(struct word_list *list, const char *word)
{
    if (list->is_begun)
        fputc(',', list->to);
    put_word(list, word);
    list->is_begun = true;
}

// What the ENIs share that were quiet in this look.
struct quiet {
    size_t n_enis;
    bool has_available;
    bool are_apart; // in conntrack_allowance_available
    uint64_t least;
};

static struct quiet find_quiet(const struct watch *watch)
{
    struct quiet quiet = {0};
    for (size_t i = 0; i < watch->n_enis; i++) {
        const struct watched *eni = watch->enis[i];
        const struct statistic *available = &eni->statistics[METRIC_CONNTRACK_ALLOWANCE_AVAILABLE];
        if (!watched_is_quiet(eni))
            continue;
        quiet.n_enis++;
        if (!available->is_present)
            continue;
        quiet.are_apart |= quiet.has_available && quiet.least != available->value;
        if (!quiet.has_available || available->value < quiet.least)
            quiet.least = available->value;
        quiet.has_available = true;
    }
    return quiet;
}

static void format_quiet(const struct quiet *quiet, char text[static VALUE_TEXT])
{
    if (quiet->has_available)
        snprintf(text, VALUE_TEXT, "quiet, conntrack_allowance_available %s%" PRIu64,
            quiet->are_apart ? ">= " : "", quiet->least);
    else
        snprintf(text, VALUE_TEXT, "quiet");
}

static void print_headline(FILE *to, const struct watch *watch, const struct quiet *quiet)
{
    struct tm tm;
    time_t seconds = (time_t)(watch->at.wall_ms / 1000);
    char text[VALUE_TEXT];
    size_t n_read = watch_n_read(watch);
    gmtime_r(&seconds, &tm);
    int column = (int)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%SZ", &tm);
    fputs(text, to);
    if (watch->elapsed_ns != 0)
        column += fprintf(to, "  %.3f s", (double)watch->elapsed_ns / (double)NS_PER_S);
    format_quiet(quiet, text);
    if (n_read == 0)
        fputs("  no ENI could be read\n", to);
    else if (quiet->n_enis == n_read)
        fprintf(to, "  %s\n", text);
    else if (watch->elapsed_ns == 0)
        fprintf(to, "%*s\n", TOTAL_EDGE - column, "since the driver's last reset");
    else
        fprintf(to, "%*s %*s%*s\n", TOTAL_EDGE - column, "total", MOVED_WIDTH, "moved", RATE_WIDTH,
            "per second");
}

static bool is_renamed(const struct watched *eni)
{
    return eni->old_ifname[0] != '\0';
}

static void print_changes(FILE *to, const struct watch *watch)
{
    for (size_t i = 0; i < watch->n_enis; i++) {
        const struct watched *eni = watch->enis[i];
        if (eni->is_new && watch->elapsed_ns != 0)
            fprintf(to, "%s appeared\n", eni->eni.ifname);
        else if (eni->is_gone)
            fprintf(to, "%s is gone\n", eni->eni.ifname);
        else if (!eni->is_read)
            fprintf(to, "%s was not read\n", eni->eni.ifname);
        if (is_renamed(eni))
            fprintf(to, "%s is now called %s\n", eni->old_ifname, eni->eni.ifname);
    }
}

// ena_srd_mode, bit by bit (ena_admin_defs.h). 2 is off with UDP remembered (AWS EC2 user guide).
static void format_mode(uint64_t mode, char text[static VALUE_TEXT])
{
    const char *on = (mode & METRIC_SRD_MODE_ON) != 0 ? "ENA Express on" : "ENA Express off";
    snprintf(text, VALUE_TEXT, "%" PRIu64 ": %s%s%s", mode, mode == 0 ? "off" : on,
        (mode & 2) != 0 ? ", for UDP" : "", (mode & 4) != 0 ? ", UDP ordering bypassed" : "");
}

static void format_value(const struct metric *metric, uint64_t value, char text[static VALUE_TEXT])
{
    if (metric->kind == METRIC_MODE)
        format_mode(value, text);
    else
        snprintf(
            text, VALUE_TEXT, "%" PRIu64 "%s", value, metric->kind == METRIC_PERCENT ? "%" : "");
}

static void format_change(
    const struct metric *metric, const struct statistic *statistic, char text[static VALUE_TEXT])
{
    if (metric->kind == METRIC_COUNTER)
        snprintf(text, VALUE_TEXT, "%" PRIu64, statistic->increase);
    else if (statistic->change == 0)
        snprintf(text, VALUE_TEXT, "0");
    else if (metric->kind == METRIC_MODE)
        snprintf(text, VALUE_TEXT, "was %" PRIu64, statistic->value - (uint64_t)statistic->change);
    else
        snprintf(text, VALUE_TEXT, "%+" PRId64, statistic->change);
}

// Nothing stands in the last column where nothing moved: so the eye finds what did. Three digits
// still show one in a quarter of an hour.
static void print_row(FILE *to, const struct metric *metric, const struct statistic *statistic)
{
    char text[VALUE_TEXT];
    int name_width = (int)strlen(metric->name) + 4;
    format_value(metric, statistic->value, text);
    fprintf(to, "  %s  %*s", metric->name, TOTAL_EDGE - name_width, text);
    if (statistic->is_suspect)
        fputc('?', to);
    if (statistic->has_moved && (metric->kind != METRIC_MODE || statistic->change != 0)) {
        format_change(metric, statistic, text);
        fprintf(to, " %*s", MOVED_WIDTH, text);
    }
    if (statistic->has_moved && statistic->increase != 0)
        fprintf(to, "%*.*f", RATE_WIDTH, statistic->per_second < 1 ? 3 : 1, statistic->per_second);
    fputc('\n', to);
}

static bool is_always_shown(uint32_t metric)
{
    return metric <= METRIC_CONNTRACK_ALLOWANCE_AVAILABLE || metric == METRIC_SRD_MODE;
}

static void print_rows(FILE *to, const struct watch *watch, const struct watched *eni)
{
    bool is_any_suspect = false;
    for (uint32_t i = 0; i < watch->catalog.n_metrics; i++) {
        const struct statistic *statistic = &eni->statistics[i];
        bool is_worth_it = statistic->value != 0 || statistic->is_suspect ||
            statistic_is_moved(statistic);
        if (!statistic->is_present || (!is_always_shown(i) && !is_worth_it))
            continue;
        print_row(to, &watch->catalog.metrics[i], statistic);
        is_any_suspect |= statistic->is_suspect;
    }
    if (is_any_suspect)
        fputs("  ? suspect: a failed read, or a reset; nothing counts before the verdict\n", to);
}

static void print_notes(FILE *to, const struct watch *watch, const struct watched *eni)
{
    if ((eni->verdicts & VERDICT_LIE) != 0)
        fputs("  a read had failed: nothing of it was counted\n", to);
    if ((eni->verdicts & VERDICT_RESET) != 0)
        fputs("  the counters were reset: they count from zero\n", to);
    if ((eni->verdicts & VERDICT_REBASED) != 0)
        fputs("  the counters began anew: what moved before is not known\n", to);
    if (eni->covered_ns > watch->elapsed_ns + watch->elapsed_ns / 2)
        fprintf(
            to, "  what moved covers up to %.3f s\n", (double)eni->covered_ns / (double)NS_PER_S);
}

static void print_unsupported(FILE *to, const struct watch *watch, const struct watched *eni)
{
    struct word_list list = {0};
    for (uint32_t i = 0; i < watch->catalog.n_metrics; i++) {
        if (!watched_lacks(watch, eni, i))
            continue;
        if (list.to == NULL)
            list = (struct word_list){.to = to, .column = (size_t)fprintf(to, "  not offered:")};
        add_word(&list, watch->catalog.metrics[i].name);
    }
    if (list.to != NULL)
        fputc('\n', to);
}

static void print_eni(FILE *to, const struct watch *watch, const struct watched *watched)
{
    const struct eni *eni = &watched->eni;
    char mac[MAC_TEXT_MAX];
    mac_format(eni->mac.octets, mac);
    fprintf(to, "%s  %s  %s%s%s\n", eni->ifname, mac, eni->driver,
        eni->driver_version[0] != '\0' ? " " : "", eni->driver_version);
    print_rows(to, watch, watched);
    print_notes(to, watch, watched);
    if (watched->is_new)
        print_unsupported(to, watch, watched);
}

static void print_tables(FILE *to, const struct watch *watch)
{
    for (size_t i = 0; i < watch->n_enis; i++)
        if (watch->enis[i]->is_read && !watched_is_quiet(watch->enis[i]))
            print_eni(to, watch, watch->enis[i]);
}

static void print_quiet(FILE *to, const struct watch *watch, const struct quiet *quiet)
{
    char text[VALUE_TEXT];
    struct word_list list = {.to = to};
    for (size_t i = 0; i < watch->n_enis; i++)
        if (watched_is_quiet(watch->enis[i]))
            add_word(&list, watch->enis[i]->eni.ifname);
    fputc(':', to);
    format_quiet(quiet, text);
    put_word(&list, text);
    fputc('\n', to);
}

// Whether there is more to say than the headline says.
static bool is_long(const struct watch *watch)
{
    for (size_t i = 0; i < watch->n_enis; i++)
        if (!watched_is_quiet(watch->enis[i]) || is_renamed(watch->enis[i]))
            return true;
    return false;
}

// A blank line stands before and after what is long.
void read_print_table(struct read_page *page, const struct watch *watch)
{
    struct quiet quiet = find_quiet(watch);
    bool is_page_long = is_long(watch);
    if (watch->elapsed_ns != 0 && (is_page_long || page->was_long))
        fputc('\n', page->to);
    page->was_long = is_page_long;
    print_headline(page->to, watch, &quiet);
    print_changes(page->to, watch);
    print_tables(page->to, watch);
    if (quiet.n_enis > 0 && quiet.n_enis < watch_n_read(watch))
        print_quiet(page->to, watch, &quiet);
}
