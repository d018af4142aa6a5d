// SPDX-License-Identifier: Apache-2.0
// Text to totals. Columns are found by their names: kernels have added and renamed some. A large
// machine has some 30 KB of this text, so each byte is looked at once.
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "collector/conntrack_stat.h"

static const char *const column_names[CONNTRACK_N_COLUMNS] = {
    [CONNTRACK_DROP] = "drop",
    [CONNTRACK_EARLY_DROP] = "early_drop",
    [CONNTRACK_INSERT_FAILED] = "insert_failed",
};

#define ALL_COLUMNS ((1u << CONNTRACK_N_COLUMNS) - 1)

struct word {
    const char *at;
    size_t length; // 0: the line has no more
};

static struct word next_word(const char **text)
{
    const char *at = *text;
    while (*at == ' ' || *at == '\t')
        at++;
    const char *end = at;
    while (*end > ' ')
        end++;
    *text = end;
    return (struct word){at, (size_t)(end - at)};
}

static bool is_word(const struct word *word, const char *name)
{
    return strlen(name) == word->length && memcmp(word->at, name, word->length) == 0;
}

// Steps over the end of a line; false where something else stands.
static bool end_line(const char **text)
{
    if (**text == '\n')
        ++*text;
    else if (**text != '\0')
        return false;
    return true;
}

// CONNTRACK_N_COLUMNS for none of ours.
static uint8_t column_of(const struct word *word)
{
    unsigned int column = 0;
    while (column < CONNTRACK_N_COLUMNS && !is_word(word, column_names[column]))
        column++;
    return (uint8_t)column;
}

// What stands in each column of a line: one of ours, or another.
static bool parse_names(struct conntrack_layout *layout, const char **text)
{
    const char *line = *text;
    unsigned int found = 0; // a bit per column
    *layout = (struct conntrack_layout){0};
    for (struct word word; (word = next_word(text)).length > 0; layout->n_columns++) {
        if (layout->n_columns == CONNTRACK_MAX_COLUMNS)
            return false;
        uint8_t column = column_of(&word);
        layout->columns[layout->n_columns] = column;
        found |= 1u << column;
    }
    layout->n_bytes = (size_t)(*text - line);
    if ((found & ALL_COLUMNS) != ALL_COLUMNS || layout->n_bytes >= sizeof(layout->line))
        return false;
    memcpy(layout->line, line, layout->n_bytes);
    return end_line(text);
}

// The line of names is the same in each tick.
static bool take_names(struct conntrack_layout *layout, const char **text)
{
    size_t n_bytes = layout->n_bytes;
    if (n_bytes == 0 || strncmp(*text, layout->line, n_bytes) != 0 || (*text)[n_bytes] != '\n')
        return parse_names(layout, text);
    *text += n_bytes + 1;
    return true;
}

static int digit_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static bool parse_hex(const struct word *word, uint32_t *ret_value)
{
    uint32_t value = 0;
    for (size_t i = 0; i < word->length; i++) {
        int digit = digit_of(word->at[i]);
        if (digit < 0 || word->length > 8)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *ret_value = value;
    return true;
}

static bool parse_row(
    const struct conntrack_layout *layout, const char **text, uint32_t ret_row[CONNTRACK_N_COLUMNS])
{
    for (size_t i = 0; i < layout->n_columns; i++) {
        struct word word = next_word(text);
        uint8_t column = layout->columns[i];
        if (word.length == 0 ||
            (column < CONNTRACK_N_COLUMNS && !parse_hex(&word, &ret_row[column])))
            return false;
    }
    return next_word(text).length == 0 && end_line(text);
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
    size_t n_cpus = 0;
    if (!take_names(&stat->layout, &text)) {
        stat->layout.n_bytes = 0;
        return 0;
    }
    while (*text != '\0') {
        if (n_cpus == CONNTRACK_MAX_CPUS)
            return 0;
        make_room(stat, n_cpus + 1);
        if (!parse_row(&stat->layout, &text, stat->next[n_cpus++]))
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
    if (n_cpus > stat->n_cpus)
        stat->n_cpus = n_cpus;
    return 0;
}

void conntrack_stat_finish(struct conntrack_stat *stat)
{
    free(stat->last);
    free(stat->next);
    *stat = (struct conntrack_stat){0};
}
