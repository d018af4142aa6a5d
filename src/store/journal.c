// SPDX-License-Identifier: Apache-2.0
// A bounded queue in memory.
#include "base.h"
#include "store/journal.h"

static const struct option rows[] = {
    {.name = "max_bytes",
        .type = OPTION_BYTES,
        .offset = offsetof(struct journal_options, max_bytes),
        .fallback = "64MiB",
        .min = 1 << 20,
        .max = UINT64_C(16) << 30,
        .help = "Most bytes of records that wait for delivery; the oldest are dropped first."},
};

const struct option_table journal_option_table = {
    "journal", rows, ARRAY_SIZE(rows), sizeof(struct journal_options)};

void journal_init(struct journal *journal, const struct journal_options *options)
{
    *journal = (struct journal){.max_bytes = options->max_bytes};
}

void journal_finish(struct journal *journal)
{
    journal->n_in_flight = 0;
    while (journal->first != NULL)
        journal_pop(journal);
}

// Unlinks and frees the record after `before`, or the first.
static void drop_after(struct journal *journal, struct record *before)
{
    struct record *record = before != NULL ? before->next : journal->first;
    if (record == NULL)
        return;
    if (before != NULL)
        before->next = record->next;
    else
        journal->first = record->next;
    if (journal->last == record)
        journal->last = before;
    journal->n_bytes -= record->bytes;
    journal->n_records--;
    free(record);
}

static void drop_oldest(struct journal *journal)
{
    struct record *before = NULL;
    for (size_t i = 0; i < journal->n_in_flight; i++)
        before = before != NULL ? before->next : journal->first;
    drop_after(journal, before);
    journal->n_dropped++;
}

static void enqueue(struct record **first, struct record **last, struct record *record)
{
    record->next = NULL;
    *(*last != NULL ? &(*last)->next : first) = record;
    *last = record;
}

size_t journal_append(struct journal *journal, struct record *record)
{
    enqueue(&journal->first, &journal->last, record);
    journal->n_bytes += record->bytes;
    journal->n_records++;

    size_t n_dropped = 0;
    while (journal->n_bytes > journal->max_bytes && journal->n_records > journal->n_in_flight) {
        drop_oldest(journal);
        n_dropped++;
    }
    return n_dropped;
}

size_t journal_prefer(struct journal *journal,
    bool (*is_wanted)(const struct record *record, void *context), void *context)
{
    struct record *wanted = NULL, *last_wanted = NULL, *others = NULL, *last_other = NULL;
    size_t n_wanted = 0;
    for (struct record *record = journal->first, *next; record != NULL; record = next) {
        next = record->next;
        if (is_wanted(record, context)) {
            enqueue(&wanted, &last_wanted, record);
            n_wanted++;
        } else {
            enqueue(&others, &last_other, record);
        }
    }
    if (last_wanted != NULL)
        last_wanted->next = others;
    journal->first = wanted != NULL ? wanted : others;
    journal->last = last_other != NULL ? last_other : last_wanted;
    return n_wanted;
}

void journal_pop(struct journal *journal)
{
    drop_after(journal, NULL);
    if (journal->n_in_flight > 0)
        journal->n_in_flight--;
}
