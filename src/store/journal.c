// SPDX-License-Identifier: Apache-2.0
// What becomes of records: they come with a window, wait, and are settled. Every call keeps made =
// delivered + refused + expired + unclaimed + waiting.
#include <inttypes.h>

#include "log.h"
#include "store/entry.h"
#include "store/journal_write.h"
#include "store/record_translate.h"

// A file of which so many bytes more than half tell of what is over is rewritten.
#define SLACK_BYTES (UINT64_C(1) << 20)

static const struct option rows[] = {
    {.name = "directory",
        .type = OPTION_STRING,
        .offset = offsetof(struct journal_options, directory),
        .help = "Where records that wait for delivery are kept over a restart; the default is the "
                "first of $STATE_DIRECTORY, which systemd sets, and without that they are kept in "
                "memory only."},
    {.name = "max_bytes",
        .type = OPTION_BYTES,
        .offset = offsetof(struct journal_options, max_bytes),
        .fallback = "64MiB",
        .min = 1 << 20,
        .max = UINT64_C(16) << 30,
        .help = "Most bytes of the journal's file; records that wait take at most three quarters "
                "of so many, in it and in memory: the oldest are given up first."},
};

const struct option_table journal_option_table = {
    "journal", rows, ARRAY_SIZE(rows), sizeof(struct journal_options)};

const json_t *journal_baseline(const struct journal *journal)
{
    return journal->baseline;
}

const json_t *journal_who(const struct start *start)
{
    return ledger_start_of(start)->boot->who;
}

bool journal_keep(struct journal *journal)
{
    journal_flush(journal);
    if (journal->is_behind)
        journal_rewrite(journal);
    return journal_is_kept(journal) && !journal->is_behind;
}

void journal_close(struct journal *journal)
{
    if (journal->start != NULL)
        journal_keep(journal);
    queue_finish(&journal->queue);
    ledger_finish(&journal->ledger);
    file_close(&journal->file);
    json_decref(journal->baseline);
    line_finish(&journal->line);
    line_finish(&journal->open);
    line_finish(&journal->settled);
    line_finish(&journal->taken);
    line_finish(&journal->stale);
    *journal = (struct journal){0};
}

// --- Records expire ---

static void say_losing(struct journal *journal, const char *why)
{
    if (!journal->is_losing)
        log_warning("journal: %s: records expire; look why the sink does not take them", why);
    journal->is_losing = true;
}

static void say_kept_up(struct journal *journal)
{
    uint64_t n_expired = journal->setting.health->n_records_expired;
    if (!journal->is_losing || journal->queue.n_records > 0)
        return;
    log_info("journal: empty again; %" PRIu64 " records have expired",
        n_expired - journal->n_told_expired);
    journal->n_told_expired = n_expired;
    journal->is_losing = false;
}

static bool is_too_full(const struct journal *journal)
{
    uint64_t room = journal->setting.max_bytes / 4 * 3;
    return journal->queue.n_bytes > room || journal->queue.n_stored_bytes > room;
}

void journal_make_room(struct journal *journal)
{
    struct record *oldest;
    while (is_too_full(journal) && (oldest = queue_oldest_idle(&journal->queue)) != NULL) {
        journal_settle(journal, oldest, SETTLED_EXPIRED);
        say_losing(journal, "more waits than journal.max_bytes has room for, and the oldest go");
    }
}

// That of this boot by its boot clock, which never steps.
static int64_t age_ms(const struct record *record, const struct now *now)
{
    int64_t step_ms = record->start->is_this_boot ? now_offset_ms(now) - record->clock_offset_ms
                                                  : 0;
    return now->wall_ms - record->start_ms - step_ms;
}

void journal_expire(struct journal *journal, const struct now *now)
{
    bool is_clock_set = now->boot_ns >= JOURNAL_CLOCK_DOUBT_NS;
    for (struct record *record = journal->queue.first, *next; record != NULL; record = next) {
        next = record->next;
        if (record->is_in_flight || age_ms(record, now) <= JOURNAL_MAX_AGE_MS ||
            !(is_clock_set || record->start->is_this_boot))
            continue;
        journal_settle(journal, record, SETTLED_EXPIRED);
        say_losing(journal, "some wait for longer than the 14 days that CloudWatch takes");
    }
    journal_flush(journal);
}

// --- Records come ---

static void set_baseline(struct journal *journal, json_t *baseline)
{
    json_decref(journal->baseline);
    journal->baseline = baseline;
}

static void take_in(struct journal *journal, struct record *record)
{
    record->start = journal->start;
    record->sequence = ++journal->last_sequence;
    ledger_hold(journal->ledger.current);
    queue_append(&journal->queue, record);
    journal->setting.health->n_records_made++;
    journal->setting.health->n_records_waiting++;
    if (journal->file.is_open)
        journal_add_text(journal, record);
}

void journal_append(struct journal *journal, struct record *records, json_t *baseline)
{
    bool has_file = journal->file.is_open;
    set_baseline(journal, baseline);
    journal->open.n_bytes = 0;
    if (has_file)
        entry_begin(&journal->line, "window", journal->ledger.current);
    for (struct record *next; records != NULL; records = next) {
        next = records->next;
        take_in(journal, records);
    }
    if (has_file)
        entry_end(&journal->line, baseline);
    // First, so that a file that is rewritten for the line is not too large.
    journal_make_room(journal);
    journal_write_window(journal);
    journal_flush(journal);
}

static void free_records(struct record *records)
{
    for (struct record *next; records != NULL; records = next) {
        next = records->next;
        free(records);
    }
}

void journal_checkpoint(struct journal *journal, struct record *records, json_t *baseline)
{
    uint64_t sequence = journal->last_sequence;
    set_baseline(journal, baseline);
    if (journal->file.is_open) {
        entry_begin(&journal->line, "open", journal->ledger.current);
        for (struct record *record = records; record != NULL; record = record->next) {
            record->sequence = ++sequence;
            (void)entry_add(&journal->line, record, journal->setting.catalog);
        }
        entry_end(&journal->line, baseline);
        journal->open.n_bytes = 0;
        line_add_bytes(&journal->open, journal->line.text, journal->line.n_bytes);
        journal_write_checkpoint(journal);
    }
    free_records(records);
}

void journal_note_who(struct journal *journal, json_t *who)
{
    struct ledger_boot *boot = journal->ledger.current->boot;
    if (!ledger_note_who(&journal->ledger, boot->id, who))
        return;
    entry_who(&journal->line, boot);
    journal_write_line(journal);
}

// --- Records go ---

void journal_settle(struct journal *journal, struct record *record, enum settled settled)
{
    struct ledger_start *start = ledger_start_of(record->start);
    struct health *health = journal->setting.health;
    if (settled == SETTLED_UNCLAIMED)
        journal_copy_unclaimed(journal, record);
    if (journal->file.is_open && !journal->is_behind)
        entry_note_settled(&journal->settled, record, settled);
    *settled_count(health, settled) += 1;
    health->n_records_waiting--;
    queue_remove(&journal->queue, record);
    ledger_release(&journal->ledger, start);
}

void journal_note_taken(struct journal *journal, const struct record *record)
{
    if (journal->file.is_open && !journal->is_behind)
        entry_note_taken(&journal->taken, record);
}

void journal_flush(struct journal *journal)
{
    journal_finish_unclaimed(journal);
    journal_write_notes(journal);
    journal_tidy(journal, SLACK_BYTES);
    say_kept_up(journal);
}

// --- Another configuration ---

static void translate(struct journal *journal, const struct catalog *catalog)
{
    uint64_t n_left_out = 0;
    for (struct record *record = journal->queue.first; record != NULL; record = record->next)
        n_left_out += record_translate(record, journal->setting.catalog, catalog);
    journal->setting.catalog = catalog;
    journal_say_left_out(n_left_out);
}

void journal_change(struct journal *journal, const struct catalog *catalog, uint64_t max_bytes)
{
    translate(journal, catalog);
    journal->setting.max_bytes = max_bytes;
    journal_make_room(journal);
    journal_flush(journal);
    if (journal->file.n_bytes > max_bytes)
        journal_rewrite(journal);
}
