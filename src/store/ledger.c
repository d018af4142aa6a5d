// SPDX-License-Identifier: Apache-2.0
// Two short tables; that of the starts is in the order of their numbers.
#include <string.h>

#include "store/ledger.h"

void ledger_init(struct ledger *ledger, const char *boot_id)
{
    *ledger = (struct ledger){.boot_id = boot_id};
}

static void free_start(struct ledger_start *start)
{
    free((char *)start->start.name);
    free(start->places);
    free(start);
}

static void free_boot(struct ledger_boot *boot)
{
    json_decref(boot->who);
    free(boot->id);
    free(boot);
}

void ledger_finish(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->n_starts; i++)
        free_start(ledger->starts[i]);
    for (size_t i = 0; i < ledger->n_boots; i++)
        free_boot(ledger->boots[i]);
    free(ledger->starts);
    free(ledger->boots);
    *ledger = (struct ledger){0};
}

static struct ledger_boot *find_boot(const struct ledger *ledger, const char *id)
{
    for (size_t i = ledger->n_boots; i-- > 0;)
        if (strcmp(ledger->boots[i]->id, id) == 0)
            return ledger->boots[i];
    return NULL;
}

static struct ledger_boot *meet_boot(struct ledger *ledger, const char *id)
{
    struct ledger_boot *boot = find_boot(ledger, id);
    if (boot != NULL)
        return boot;
    boot = xcalloc(1, sizeof(*boot));
    boot->id = xstrdup(id);
    ledger->boots = xreallocarray(ledger->boots, ledger->n_boots + 1, sizeof(struct ledger_boot *));
    return ledger->boots[ledger->n_boots++] = boot;
}

uint64_t ledger_next_number(const struct ledger *ledger)
{
    return ledger->n_starts > 0 ? ledger->starts[ledger->n_starts - 1]->number + 1 : 1;
}

// Of the first start with this number or a later one.
static size_t index_of(const struct ledger *ledger, uint64_t number)
{
    size_t first = 0, end = ledger->n_starts;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (ledger->starts[middle]->number < number)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

static void insert(struct ledger *ledger, struct ledger_start *start, size_t i)
{
    ledger->starts = xreallocarray(
        ledger->starts, ledger->n_starts + 1, sizeof(struct ledger_start *));
    memmove(&ledger->starts[i + 1], &ledger->starts[i],
        (ledger->n_starts++ - i) * sizeof(struct ledger_start *));
    ledger->starts[i] = start;
}

struct ledger_start *ledger_add(
    struct ledger *ledger, uint64_t number, const char *name, const char *boot_id)
{
    if (ledger_find(ledger, number) != NULL)
        return NULL;
    struct ledger_start *start = xcalloc(1, sizeof(*start));
    start->boot = meet_boot(ledger, boot_id);
    start->number = number;
    start->start = (struct start){.name = xstrdup(name),
        .boot_id = start->boot->id,
        .is_this_boot = strcmp(boot_id, ledger->boot_id) == 0};
    insert(ledger, start, index_of(ledger, number));
    return start;
}

struct ledger_start *ledger_find(const struct ledger *ledger, uint64_t number)
{
    size_t i = index_of(ledger, number);
    return i < ledger->n_starts && ledger->starts[i]->number == number ? ledger->starts[i] : NULL;
}

static bool is_idle_boot(const struct ledger *ledger, const struct ledger_boot *boot)
{
    for (size_t i = 0; i < ledger->n_starts; i++)
        if (ledger->starts[i]->boot == boot)
            return false;
    return strcmp(boot->id, ledger->boot_id) != 0;
}

static void prune_boots(struct ledger *ledger)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < ledger->n_boots; i++) {
        if (is_idle_boot(ledger, ledger->boots[i]))
            free_boot(ledger->boots[i]);
        else
            ledger->boots[n_kept++] = ledger->boots[i];
    }
    ledger->n_boots = n_kept;
}

void ledger_hold(struct ledger_start *start)
{
    start->n_records++;
}

static bool is_idle(const struct ledger *ledger, const struct ledger_start *start)
{
    return start->n_records == 0 && start != ledger->current;
}

void ledger_release(struct ledger *ledger, struct ledger_start *start)
{
    start->n_records--;
    if (!is_idle(ledger, start))
        return;
    size_t i = index_of(ledger, start->number);
    memmove(&ledger->starts[i], &ledger->starts[i + 1],
        (--ledger->n_starts - i) * sizeof(struct ledger_start *));
    free_start(start);
    prune_boots(ledger);
}

void ledger_prune(struct ledger *ledger)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < ledger->n_starts; i++) {
        struct ledger_start *start = ledger->starts[i];
        free(start->places);
        start->places = NULL;
        start->n_places = start->places_capacity = 0;
        if (is_idle(ledger, start))
            free_start(start);
        else
            ledger->starts[n_kept++] = start;
    }
    ledger->n_starts = n_kept;
    prune_boots(ledger);
}

bool ledger_note_who(struct ledger *ledger, const char *boot_id, json_t *who)
{
    struct ledger_boot *boot = meet_boot(ledger, boot_id);
    bool is_news = boot->who == NULL || !json_equal(boot->who, who);
    if (is_news) {
        json_decref(boot->who);
        boot->who = who;
    } else {
        json_decref(who);
    }
    return is_news;
}
