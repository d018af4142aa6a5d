// SPDX-License-Identifier: Apache-2.0
// Accounts by name of start and sequence. Reads records, and never writes one.
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "flow/catalog.h"
#include "support/books_entry.h"

void books_demand(const struct books *books, bool is_so, const char *format, ...)
{
    va_list arguments;
    if (is_so)
        return;
    va_start(arguments, format);
    scoped_free char *text = xvasprintf(format, arguments);
    va_end(arguments);
    fail_msg("%s: call %" PRIu64 ": %s", books->title, books->n_calls, text);
}

void books_expect(
    const struct books *books, const struct account *account, bool is_so, const char *what)
{
    books_demand(
        books, is_so, "record %s/%" PRIu64 ": %s", account->start, account->sequence, what);
}

void books_tell(const struct books *books, const struct account *account, const char *what)
{
    if (books->is_told)
        print_message("# call %" PRIu64 ": record %s/%" PRIu64 " %s\n", books->n_calls,
            account->start, account->sequence, what);
}

uint32_t book_place(const struct catalog *catalog, uint32_t metric)
{
    if (catalog->metrics[metric].kind != METRIC_COUNTER)
        return BOOK_NOTHING;
    if (metric < METRIC_N_ENI)
        return metric;
    if (metric >= METRIC_SELF_RECORDS_MADE && metric <= METRIC_SELF_RECORDS_UNCLAIMED)
        return BOOK_SELF + metric - METRIC_SELF_RECORDS_MADE;
    bool is_named = metric == catalog_find(catalog, "queue_0_tx_cnt", strlen("queue_0_tx_cnt"));
    return is_named ? METRIC_N_ENI : BOOK_NOTHING;
}

// --- Accounts ---

static size_t bucket_of(const char *start, uint64_t sequence)
{
    uint64_t hash = sequence;
    for (; *start != '\0'; start++)
        hash = hash * 31 + (unsigned char)*start;
    return hash % BOOK_N_BUCKETS;
}

struct account *books_find(const struct books *books, const struct record *record)
{
    const char *start = record->start->name;
    struct account *account = books->buckets[bucket_of(start, record->sequence)];
    while (account != NULL &&
        (account->sequence != record->sequence || strcmp(account->start, start) != 0))
        account = account->next;
    return account;
}

static void count(
    const struct catalog *catalog, uint32_t metric, uint64_t value, struct tally *tally)
{
    uint32_t place = book_place(catalog, metric);
    if (place != BOOK_NOTHING)
        tally->sums[place] += value;
}

void books_read(const struct record *record, const struct catalog *catalog, struct account *account)
{
    account->held_series = (struct tally){0};
    for (uint32_t i = 0; i < record->n_series; i++)
        for (uint32_t j = 0; j < record->series[i].n_runs; j++)
            count(catalog, record->series[i].metric,
                record->series[i].runs[j].value * record->series[i].runs[j].n_values,
                &account->held_series);
    account->held = account->held_series;
    for (uint32_t i = 0; i < record->n_properties; i++)
        count(catalog, record->properties[i].metric, record->properties[i].value, &account->held);
}

struct account *books_open(
    struct books *books, const struct record *record, const struct catalog *catalog)
{
    struct account *account = xcalloc(1, sizeof(*account));
    snprintf(account->start, sizeof(account->start), "%s", record->start->name);
    account->sequence = record->sequence;
    account->order = ++books->n_made;
    account->machine = books->machine;
    account->boot = books->boot;
    account->scope = record->scope;
    account->mac = record->eni.mac;
    account->start_ms = record->start_ms;
    account->clock_offset_ms = record->clock_offset_ms;
    account->period_ms = record->period_ms;
    account->span = books->span;
    account->made_in = account->touched_in = books->n_calls;
    books_read(record, catalog, account);
    struct account **bucket = &books->buckets[bucket_of(account->start, account->sequence)];
    account->next = *bucket;
    *bucket = account;
    books->n_of[FATE_WAITING]++;
    books_tell(books, account, "is made");
    return account;
}

static void free_account(struct account *account)
{
    for (struct cut *cut = account->cuts, *next; cut != NULL; cut = next) {
        next = cut->next;
        free(cut->n_arrived);
        free(cut->n_forgiven);
        free(cut);
    }
    free(account);
}

static void remove_account(struct books *books, struct account *account)
{
    struct account **at = &books->buckets[bucket_of(account->start, account->sequence)];
    while (*at != account)
        at = &(*at)->next;
    *at = account->next;
    free_account(account);
}

void books_drop(struct books *books, struct account *account)
{
    books->n_made--;
    books->n_of[account->fate]--;
    books->n_cut_short++;
    remove_account(books, account);
}

void books_finish(struct books *books)
{
    for (size_t i = 0; i < BOOK_N_BUCKETS; i++)
        while (books->buckets[i] != NULL)
            remove_account(books, books->buckets[i]);
}

static void add(struct tally *sum, const struct tally *tally)
{
    for (size_t i = 0; i < BOOK_N_COUNTS; i++)
        sum->sums[i] += tally->sums[i];
}

static size_t drawer_of(const struct account *account)
{
    return account->scope == METRIC_SCOPE_INSTANCE ? 0 : 1 + account->mac.octets[5] % BOOK_MAX_MACS;
}

static const char *const fate_words[N_FATES] = {[FATE_WAITING] = "waits again",
    [FATE_DELIVERED] = "is delivered",
    [FATE_REFUSED] = "is refused",
    [FATE_EXPIRED] = "has expired",
    [FATE_UNCLAIMED] = "is unclaimed"};

void books_end(struct books *books, struct account *account, enum fate fate)
{
    books->n_of[account->fate]--;
    books->n_of[fate]++;
    account->fate = fate;
    account->touched_in = books->n_calls;
    books_tell(books, account, fate_words[fate]);
    if (!books->is_brief || fate == FATE_WAITING)
        return;
    add(&books->forgotten[drawer_of(account)], &account->held);
    remove_account(books, account);
}

uint64_t books_bytes(const struct books *books)
{
    uint64_t n = books->n_of[FATE_WAITING];
    return (books->is_brief ? n : books->n_made) * sizeof(struct account);
}

void books_add_up(
    const struct books *books, unsigned int boot, const struct mac *mac, struct tally *ret_tally)
{
    *ret_tally = books->forgotten[mac == NULL ? 0 : 1 + mac->octets[5] % BOOK_MAX_MACS];
    for (size_t i = 0; i < BOOK_N_BUCKETS; i++)
        for (const struct account *account = books->buckets[i]; account != NULL;
             account = account->next)
            if (account->boot == boot &&
                (account->scope == METRIC_SCOPE_INSTANCE) == (mac == NULL) &&
                (mac == NULL || memcmp(mac, &account->mac, sizeof(*mac)) == 0))
                add(ret_tally, &account->held);
}

// --- New, and gone ---

// The window is the aligned one of its first tick, or follows the one before, which a step of the
// clock by less than a period puts as far away.
static void check_times(const struct books *books, const struct account *account)
{
    const struct now *first = &account->span.first;
    int64_t period_ms = (int64_t)account->period_ms;
    int64_t away_ms = first->wall_ms - account->start_ms;
    books_expect(books, account, account->start_ms % period_ms == 0, "its window is not aligned");
    books_expect(
        books, account, account->clock_offset_ms == now_offset_ms(first), "another clock offset");
    books_expect(books, account, away_ms >= -period_ms && away_ms <= period_ms + 1000,
        "its window is not where its ticks were");
}

static void open_new_accounts(struct books *books, const struct journal *journal)
{
    const struct record *record = journal->queue.last;
    while (record != NULL && books_find(books, record) == NULL)
        record = record->prev;
    record = record == NULL ? journal->queue.first : record->next;
    for (; record != NULL; record = record->next) {
        books_expect(books, &(struct account){.sequence = record->sequence},
            record->start == journal->start, "a new record of an old start");
        check_times(books, books_open(books, record, journal->setting.catalog));
    }
}

static void mark_seen(struct books *books, const struct journal *journal)
{
    for (size_t i = 0; i < BOOK_N_BUCKETS; i++)
        for (struct account *account = books->buckets[i]; account != NULL; account = account->next)
            account->is_seen = false;
    for (const struct record *record = journal->queue.first; record != NULL; record = record->next)
        books_find(books, record)->is_seen = true;
}

static int64_t age_ms(
    const struct books *books, const struct account *account, const struct now *now)
{
    return account->boot == books->boot
        ? (int64_t)((now->boot_ns - account->span.first.boot_ns) / NS_PER_MS)
        : now->wall_ms - account->start_ms;
}

// Only what is too old expires, or what is older than all that could have gone in its place.
static bool may_expire(const struct books *books, const struct account *account,
    const struct journal *journal, const struct now *now)
{
    const struct record *oldest = queue_oldest_idle(&journal->queue);
    bool is_first = oldest == NULL || books_find(books, oldest)->order > account->order;
    bool is_full = journal->queue.n_bytes > books->max_bytes / 4;
    bool is_old = age_ms(books, account, now) > JOURNAL_MAX_AGE_MS - (int64_t)account->period_ms;
    return is_old || (is_first && is_full);
}

// No MAC was seen then and is seen now.
static bool is_strange(const struct books *books, const struct account *account)
{
    return account->machine != books->machine ||
        (books->macs[account->boot % BOOK_MAX_BOOTS] & books->macs[books->boot % BOOK_MAX_BOOTS]) ==
        0;
}

// What is strange is unclaimed when it did not expire before.
static enum fate fate_of(const struct books *books, const struct account *account,
    const struct journal *journal, const struct now *now)
{
    const struct health *health = journal->setting.health;
    bool did_expire = books->n_of[FATE_EXPIRED] < health->n_records_expired &&
        may_expire(books, account, journal, now);
    books_expect(books, account, did_expire || is_strange(books, account), "it is lost");
    return did_expire ? FATE_EXPIRED : FATE_UNCLAIMED;
}

static void end_vanished(struct books *books, const struct journal *journal, const struct now *now)
{
    mark_seen(books, journal);
    for (size_t i = 0; i < BOOK_N_BUCKETS; i++)
        for (struct account *account = books->buckets[i], *next; account != NULL; account = next) {
            next = account->next;
            if (account->fate == FATE_WAITING && !account->is_seen)
                books_end(books, account, fate_of(books, account, journal, now));
        }
}

void books_check_equation(const struct books *books, const struct journal *journal)
{
    const struct health *health = journal->setting.health;
    books_demand(books,
        health->n_records_made ==
            health->n_records_delivered + health->n_records_refused + health->n_records_expired +
                health->n_records_unclaimed + health->n_records_waiting,
        "the equation does not hold");
    books_demand(books, health->n_records_made == books->n_made,
        "%" PRIu64 " records made, not %" PRIu64, books->n_made, health->n_records_made);
    const uint64_t counts[N_FATES] = {journal->queue.n_records, health->n_records_delivered,
        health->n_records_refused, health->n_records_expired, health->n_records_unclaimed};
    for (int i = 0; i < N_FATES; i++)
        books_demand(books, counts[i] == books->n_of[i],
            "%" PRIu64 " records of fate %d, not %" PRIu64, books->n_of[i], i, counts[i]);
}

void books_follow(struct books *books, const struct journal *journal, const struct now *now)
{
    open_new_accounts(books, journal);
    if (books->n_of[FATE_WAITING] != journal->queue.n_records)
        end_vanished(books, journal, now);
    books_check_equation(books, journal);
}
