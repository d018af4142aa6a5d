// SPDX-License-Identifier: Apache-2.0
// What arrives at the destination of support/books.h.
#include <string.h>

#include "base.h"
#include "support/books_entry.h"

static bool is_same_cut(const struct parts *a, const struct parts *b)
{
    return a->n_parts == b->n_parts && a->key == b->key && a->sets == b->sets &&
        a->metrics_per_part == b->metrics_per_part && a->values_per_part == b->values_per_part;
}

struct cut *books_cut(const struct account *account, const struct parts *parts)
{
    struct cut *cut = account->cuts;
    while (cut != NULL && !is_same_cut(&cut->parts, parts))
        cut = cut->next;
    return cut;
}

void books_put_first(struct account *account, struct cut *cut)
{
    struct cut **at = &account->cuts;
    while (*at != cut && *at != NULL)
        at = &(*at)->next;
    if (*at != NULL)
        *at = cut->next;
    cut->next = account->cuts;
    account->cuts = cut;
}

static struct cut *make_cut(const struct parts *parts)
{
    struct cut *cut = xcalloc(1, sizeof(*cut));
    cut->parts = *parts;
    cut->n_arrived = xcalloc(parts->n_parts, 1);
    cut->n_forgiven = xcalloc(parts->n_parts, 1);
    return cut;
}

uint32_t books_forgive_from(struct cut *cut, uint32_t part)
{
    uint32_t n = 0;
    for (; part < cut->parts.n_parts; part++) {
        n += cut->n_arrived[part] > cut->n_forgiven[part];
        cut->n_forgiven[part] = cut->n_arrived[part];
    }
    return n;
}

void books_forgive(struct account *account, uint32_t part)
{
    struct cut *cut = account->cuts;
    cut->n_forgiven[part] = cut->n_arrived[part];
}

bool books_has_arrived(const struct cut *cut, uint32_t n_parts)
{
    for (uint32_t i = 0; i < n_parts; i++)
        if (cut->n_arrived[i] == 0)
            return false;
    return true;
}

// Cut in another way it comes again from its first part, and what arrived in the way before, too.
static void change_cut(struct books *books, struct account *account, struct cut *cut)
{
    if (account->cuts != cut && account->cuts != NULL)
        books->n_resent += books_forgive_from(account->cuts, 0);
    books_put_first(account, cut);
}

void books_note_sent(struct books *books, struct account *account, const struct record *record)
{
    struct cut *cut = books_cut(account, &record->parts);
    if (cut == NULL)
        cut = make_cut(&record->parts);
    change_cut(books, account, cut);
    uint32_t n_taken = record->n_parts_taken;
    // There and back again: it was cut in another way in between, and that did not arrive.
    if (n_taken < cut->n_settled) {
        books_expect(books, account, books->n_configs >= cut->settled_config + 2,
            "it is sent again from an earlier part");
        books->n_resent += books_forgive_from(cut, n_taken);
    }
    books_expect(books, account, record->is_refused || books_has_arrived(cut, n_taken),
        "a part that did not arrive is not sent");
    cut->n_settled = n_taken;
    cut->is_refused = record->is_refused && n_taken > 0;
}

void books_note_arrival(struct books *books, const struct arrival *arrival)
{
    struct account *account = arrival->account;
    struct cut *cut = account->cuts;
    unsigned char *n = &cut->n_arrived[arrival->part];
    books->n_items++;
    books_expect(books, account, *n <= cut->n_forgiven[arrival->part], "a part arrived twice");
    cut->is_datum = arrival->is_datum;
    if ((*n)++ > 0) {
        books->n_doubled++;
        return;
    }
    for (size_t i = 0; i < BOOK_N_COUNTS; i++)
        cut->arrived.sums[i] += arrival->tally.sums[i];
}

static void check_whole(const struct books *books, const struct account *account)
{
    const struct cut *cut = account->cuts;
    const struct tally *held = cut->is_datum ? &account->held_series : &account->held;
    books_expect(books, account, books_has_arrived(cut, cut->parts.n_parts),
        "delivered without all of its parts");
    for (size_t i = 0; i < BOOK_N_COUNTS; i++)
        books_expect(books, account, cut->arrived.sums[i] == held->sums[i],
            "what arrived is not what it held");
}

void books_note_settled(struct books *books, struct account *account, bool is_refused)
{
    struct cut *cut = account->cuts;
    account->touched_in = books->n_calls;
    cut->settled_config = books->n_configs;
    cut->is_refused |= is_refused;
    if (++cut->n_settled < cut->parts.n_parts)
        return;
    if (!cut->is_refused)
        check_whole(books, account);
    books_end(books, account, cut->is_refused ? FATE_REFUSED : FATE_DELIVERED);
}
