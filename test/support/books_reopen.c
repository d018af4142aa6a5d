// SPDX-License-Identifier: Apache-2.0
// The daemon is back after a crash: what it knows of each record, held against the books.
#include <string.h>

#include "base.h"
#include "support/books_entry.h"

// --- What is known of a record ---

// Of the way in which it is cut now, as far as the file says; 0: it will come from its first part.
static uint32_t n_known(const struct record *record, const struct cut *cut)
{
    return cut != NULL ? record->n_parts_taken : 0;
}

// Nothing that arrived in this way counts any more, as after a change of the configuration.
static bool is_void(const struct books *books, const struct cut *cut)
{
    return cut == NULL || cut->n_settled == 0 || books->n_configs > cut->settled_config;
}

static bool is_all_forgiven(const struct cut *cut, uint32_t part)
{
    for (; part < cut->parts.n_parts; part++)
        if (cut->n_arrived[part] > cut->n_forgiven[part])
            return false;
    return true;
}

// What the file says may be of before there and back again (books_note_sent()): then it is more.
static void check_no_doubt(
    const struct books *books, const struct account *account, const struct record *record)
{
    const struct cut *cut = books_cut(account, &record->parts), *last = account->cuts;
    uint32_t n = n_known(record, cut);
    books_expect(books, account, account->fate == FATE_WAITING, "it was settled, and is back");
    if (cut != last) {
        books_expect(books, account, is_void(books, last), "it is not known how it was cut");
        return;
    }
    if (cut == NULL)
        return;
    books_expect(books, account, n >= cut->n_settled, "it is not known how much was taken");
    books_expect(books, account,
        n > cut->n_settled || n == 0 || cut->is_refused == record->is_refused,
        "it is not known whether a part was refused");
    books_expect(books, account, is_all_forgiven(cut, n), "it is not known that a part was taken");
}

// What arrived and is not known any more may arrive again.
static void take_back(struct books *books, struct account *account, const struct record *record)
{
    struct cut *cut = books_cut(account, &record->parts);
    uint32_t n = n_known(record, cut);
    for (struct cut *other = account->cuts; other != NULL; other = other->next) {
        bool is_known_unknown = other == account->cuts && other != cut &&
            account->fate == FATE_WAITING;
        uint32_t n_more = books_forgive_from(other, other == cut ? n : 0);
        other->n_settled = other == cut ? n : 0;
        if (is_known_unknown)
            books->n_resent += n_more;
        else
            books->n_in_doubt += n_more;
    }
    if (cut != NULL) {
        books_put_first(account, cut);
        cut->is_refused = record->is_refused && n > 0;
    }
    if (account->fate != FATE_WAITING)
        books_end(books, account, FATE_WAITING);
}

static bool holds_the_same(const struct account *account, const struct account *other)
{
    return memcmp(&account->held, &other->held, sizeof(other->held)) == 0;
}

static void check_same(const struct books *books, const struct account *account,
    const struct record *record, const struct catalog *catalog)
{
    struct account read = {0};
    books_read(record, catalog, &read);
    books_expect(books, account,
        account->scope == record->scope &&
            memcmp(&account->mac, &record->eni.mac, sizeof(account->mac)) == 0 &&
            account->start_ms == record->start_ms && account->period_ms == record->period_ms &&
            account->clock_offset_ms == record->clock_offset_ms,
        "it came back as another's");
    books_expect(books, account, holds_the_same(account, &read), "it came back with other values");
    books_expect(books, account, record->start->is_this_boot == (account->boot == books->boot),
        "it is of another boot");
}

// --- All records ---

// A window that was not on disk yet, wholly: the checkpoint before it counts.
static bool is_cut_short(const struct books *books, const struct account *account,
    const struct record *record, const struct catalog *catalog)
{
    struct account read = {0};
    if (account->made_in != books->n_calls || account->cuts != NULL)
        return false;
    if (record == NULL)
        return true;
    books_read(record, catalog, &read);
    return !holds_the_same(account, &read);
}

static void drop_cut_short(
    struct books *books, const struct journal *journal, const struct doubt *doubt)
{
    const struct record *record;
    for (record = journal->queue.first; record != NULL; record = record->next) {
        struct account *account = books_find(books, record);
        if (doubt->is_of_call && account != NULL &&
            is_cut_short(books, account, record, journal->setting.catalog))
            books_drop(books, account);
    }
}

static void reopen_known(
    struct books *books, const struct journal *journal, const struct doubt *doubt)
{
    const struct record *record;
    for (record = journal->queue.first; record != NULL; record = record->next) {
        struct account *account = books_find(books, record);
        if (account == NULL)
            continue;
        account->is_seen = true;
        check_same(books, account, record, journal->setting.catalog);
        bool is_in_doubt = doubt->is_of_settled ||
            (doubt->is_of_call && account->touched_in == books->n_calls);
        if (!is_in_doubt)
            check_no_doubt(books, account, record);
        take_back(books, account, record);
    }
}

static void drop_unseen(struct books *books, const struct doubt *doubt)
{
    for (size_t i = 0; i < BOOK_N_BUCKETS; i++)
        for (struct account *account = books->buckets[i], *next; account != NULL; account = next) {
            next = account->next;
            if (account->is_seen || account->fate != FATE_WAITING)
                continue;
            books_expect(books, account,
                doubt->is_of_call && is_cut_short(books, account, NULL, NULL), "it is lost");
            books_drop(books, account);
        }
}

// The records of the window that was open are those of its last checkpoint.
static void open_recalled(
    struct books *books, const struct journal *journal, const struct doubt *doubt)
{
    const struct record *record;
    for (record = journal->queue.first; record != NULL; record = record->next) {
        if (books_find(books, record) != NULL)
            continue;
        struct account *account = books_open(books, record, journal->setting.catalog);
        books_expect(books, account, strcmp(record->start->name, doubt->start) == 0,
            "it is new, and not of the window that was open");
        account->machine = doubt->machine;
        account->boot = doubt->boot;
        account->span = doubt->span;
    }
}

void books_reopen(struct books *books, const struct journal *journal, const struct doubt *doubt)
{
    for (size_t i = 0; i < BOOK_N_BUCKETS; i++)
        for (struct account *account = books->buckets[i]; account != NULL; account = account->next)
            account->is_seen = false;
    drop_cut_short(books, journal, doubt);
    reopen_known(books, journal, doubt);
    drop_unseen(books, doubt);
    open_recalled(books, journal, doubt);
    books_check_equation(books, journal);
}
