// SPDX-License-Identifier: Apache-2.0
// Text to totals. Columns are found by their names: kernels have added and renamed some.
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "collector/conntrack_stat.h"

#define MAX_WORDS 64

static const char *const column_names[CONNTRACK_N_COLUMNS] = {
    [CONNTRACK_DROP] = "drop",
    [CONNTRACK_EARLY_DROP] = "early_drop",
    [CONNTRACK_INSERT_FAILED] = "insert_failed",
};

struct cut {
    size_t n_words;
    struct {
        const char *at;
        size_t length;
    } words[MAX_WORDS];
};

// Cuts a line at its blanks; returns the line after it.
static const char *cut_line(const char *text, struct cut *ret_cut)
{
    ret_cut->n_words = 0;
    for (;;) {
        text += strspn(text, " \t");
        size_t length = strcspn(text, " \t\n");
        if (length == 0)
            break;
        if (ret_cut->n_words < MAX_WORDS) {
            ret_cut->words[ret_cut->n_words].at = text;
            ret_cut->words[ret_cut->n_words].length = length;
        }
        ret_cut->n_words++;
        text += length;
    }
    return *text == '\n' ? text + 1 : text;
}

static bool find_columns(const struct cut *cut, size_t ret_places[CONNTRACK_N_COLUMNS])
{
    for (size_t column = 0; column < CONNTRACK_N_COLUMNS; column++) {
        size_t i = 0;
        const char *name = column_names[column];
        while (i < cut->n_words &&
            (cut->words[i].length != strlen(name) ||
                memcmp(cut->words[i].at, name, cut->words[i].length) != 0))
            i++;
        if (i == cut->n_words)
            return false;
        ret_places[column] = i;
    }
    return true;
}

static int digit_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static bool parse_hex(const char *at, size_t length, uint32_t *ret_value)
{
    uint32_t value = 0;
    for (size_t i = 0; i < length; i++) {
        int digit = digit_of(at[i]);
        if (digit < 0 || length > 8)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *ret_value = value;
    return true;
}

static bool parse_row(const struct cut *cut, const size_t places[CONNTRACK_N_COLUMNS],
    uint32_t ret_row[CONNTRACK_N_COLUMNS])
{
    for (size_t column = 0; column < CONNTRACK_N_COLUMNS; column++) {
        size_t i = places[column];
        if (i >= cut->n_words ||
            !parse_hex(cut->words[i].at, cut->words[i].length, &ret_row[column]))
            return false;
    }
    return true;
}

static void make_room(struct conntrack_stat *stat, size_t n_cpus)
{
    if (n_cpus <= stat->capacity)
        return;
    stat->capacity = 2 * n_cpus;
    stat->last = xreallocarray(stat->last, stat->capacity, sizeof(*stat->last));
    stat->next = xreallocarray(stat->next, stat->capacity, sizeof(*stat->next));
}

// Fills `next`; returns the number of CPUs, 0 if this is no such text.
static size_t parse_text(struct conntrack_stat *stat, const char *text)
{
    struct cut cut;
    size_t places[CONNTRACK_N_COLUMNS], n_cpus = 0;
    text = cut_line(text, &cut);
    size_t n_words = cut.n_words;
    if (n_words > MAX_WORDS || !find_columns(&cut, places))
        return 0;
    while (*text != '\0') {
        text = cut_line(text, &cut);
        if (cut.n_words != n_words || n_cpus == CONNTRACK_MAX_CPUS)
            return 0;
        make_room(stat, n_cpus + 1);
        if (!parse_row(&cut, places, stat->next[n_cpus++]))
            return 0;
    }
    return n_cpus;
}

// What a 32-bit counter did: a step of less than half its range is an increase, through zero or
// not; else it restarted.
static uint32_t increase(uint32_t before, uint32_t after)
{
    return after - before <= INT32_MAX ? after - before : after;
}

int conntrack_stat_take(struct conntrack_stat *stat, const char *text)
{
    size_t n_cpus = parse_text(stat, text);
    if (n_cpus == 0)
        return -EBADMSG;
    for (size_t cpu = 0; cpu < n_cpus; cpu++)
        for (size_t column = 0; column < CONNTRACK_N_COLUMNS; column++) {
            uint32_t before = cpu < stat->n_cpus ? stat->last[cpu][column] : 0;
            stat->totals[column] += increase(before, stat->next[cpu][column]);
        }
    memcpy(stat->last, stat->next, n_cpus * sizeof(*stat->last));
    stat->n_cpus = n_cpus;
    return 0;
}

void conntrack_stat_finish(struct conntrack_stat *stat)
{
    free(stat->last);
    free(stat->next);
    *stat = (struct conntrack_stat){0};
}
