// SPDX-License-Identifier: Apache-2.0
// The file is always a true account of some moment: of now, or of when it fell behind. Then its
// first line says that the baseline does not hold any more, for the records that it brought us to
// may be delivered from memory.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "log.h"
#include "store/entry.h"
#include "store/journal_write.h"

// A line of a rewritten file: so much is lost with one that is damaged, and to read one takes some
// 25 times its bytes of memory (jansson), of which the unit has little.
#define RECORDS_PER_LINE 32
#define BYTES_PER_LINE   (64 << 10) // and the rest of a record
// A rewriting for tidiness that failed is tried again when the file has grown by so much.
#define TIDY_AGAIN_BYTES (UINT64_C(1) << 20)

// --- What is said ---

static const char *remedy_of(int error)
{
    switch (error) {
    case -ENOSPC:
    case -EDQUOT:
        return "make room on the disk";
    case -EFBIG:
        return "raise journal.max_bytes, or the limit on the size of files (LimitFSIZE=)";
    case -EROFS:
        return "see in the kernel's log why it is read-only";
    case -EIO:
        return "see in the kernel's log what is wrong with the disk";
    case -ENOENT:
        return "it was removed: make it again, and restart the daemon";
    case -EEXIST:
        return "look at the files journal.set-aside.* in it, and delete them";
    default:
        return "the directory and its files must be writable for this user";
    }
}

static void say_trouble(struct journal *journal, int error)
{
    if (journal->is_trouble_told)
        return;
    journal->is_trouble_told = true;
    log_warning("journal: %s cannot be written: %s: records go on in memory, and those that wait "
                "are lost if the daemon ends before it can: %s",
        journal->setting.directory, strerror(-error), remedy_of(error));
}

static void say_written(struct journal *journal)
{
    if (journal->is_trouble_told)
        log_info(
            "journal: %s is written again, and has all that waits", journal->setting.directory);
    journal->is_trouble_told = false;
    if (journal->file.set_aside > 0)
        log_warning("journal: what was there before is %s/journal.set-aside.%u: delete it when "
                    "nobody needs it",
            journal->setting.directory, journal->file.set_aside);
    journal->file.set_aside = 0;
}

// --- Another file ---

static int add_line(struct journal *journal, const struct line *line)
{
    int r = file_add(&journal->file, line);
    return r == 0 && journal->file.n_draft_bytes > journal->setting.max_bytes ? -EFBIG : r;
}

static int add_starts(struct journal *journal)
{
    const struct ledger *ledger = &journal->ledger;
    int r = 0;
    for (size_t i = 0; r == 0 && i < ledger->n_starts; i++) {
        entry_start(&journal->line, ledger->starts[i]);
        r = add_line(journal, &journal->line);
    }
    for (size_t i = 0; r == 0 && i < ledger->n_boots; i++) {
        if (ledger->boots[i]->who == NULL)
            continue;
        entry_who(&journal->line, ledger->boots[i]);
        r = add_line(journal, &journal->line);
    }
    return r;
}

// As many as stand in one line, of one start. `record` becomes the one after the last of them.
static int add_records(struct journal *journal, struct record **record)
{
    const struct start *start = (*record)->start;
    int n = 0;
    entry_begin(&journal->line, "waiting", ledger_start_of(start));
    while (*record != NULL && (*record)->start == start && n < RECORDS_PER_LINE &&
        journal->line.n_bytes < BYTES_PER_LINE) {
        journal_add_text(journal, *record);
        *record = (*record)->next;
        n++;
    }
    entry_end(&journal->line, NULL);
    return add_line(journal, &journal->line);
}

static int add_waiting(struct journal *journal)
{
    int r = 0;
    for (struct record *record = journal->queue.first; r == 0 && record != NULL;)
        r = add_records(journal, &record);
    return r;
}

// The open window as it was last checkpointed, or the end of the one before.
static int add_present(struct journal *journal)
{
    if (journal->open.n_bytes > 0)
        return add_line(journal, &journal->open);
    if (journal->baseline == NULL)
        return 0;
    entry_begin(&journal->line, "window", journal->ledger.current);
    entry_end(&journal->line, journal->baseline);
    return add_line(journal, &journal->line);
}

static int write_draft(struct journal *journal)
{
    int r = file_begin_draft(&journal->file, journal->queue.n_stored_bytes + journal->frame_bytes);
    if (r < 0)
        return r;
    entry_header(&journal->line, true);
    r = add_line(journal, &journal->line);
    if (r == 0)
        r = add_starts(journal);
    if (r < 0)
        return r;
    entry_totals(&journal->line, journal->setting.health);
    r = add_line(journal, &journal->line);
    if (r == 0)
        r = add_waiting(journal);
    return r == 0 ? add_present(journal) : r;
}

static void forget_notes(struct journal *journal)
{
    journal->settled.n_bytes = 0;
    journal->taken.n_bytes = 0;
}

static int try_rewrite(struct journal *journal)
{
    struct file *file = &journal->file;
    int r = write_draft(journal);
    if (r == 0)
        r = file_commit_draft(file);
    if (r < 0) {
        file_drop_draft(file);
        return r;
    }
    forget_notes(journal);
    entry_header(&journal->stale, false);
    journal->frame_bytes = file->n_bytes - journal->queue.n_stored_bytes;
    journal->tidy_from = 0;
    journal->is_marked = false;
    r = file_sync_directory(file);
    if (r < 0)
        return r;
    journal->is_behind = false;
    say_written(journal);
    return 0;
}

// --- Falling behind ---

// Notes need not be kept: rewriting brings what they say.
static void fall_behind(struct journal *journal, int error)
{
    say_trouble(journal, error);
    journal->is_behind = true;
    forget_notes(journal);
}

static void mark_stale(struct journal *journal)
{
    if (journal->is_marked || journal->stale.n_bytes == 0)
        return;
    journal->is_marked = true; // or it has been tried, and said
    int r = file_overwrite(&journal->file, &journal->stale);
    if (r < 0)
        log_error("journal: %s/journal does not know that it is out of date either: %s: should the "
                  "daemon end before it is written again, delete that file, or numbers are "
                  "published twice",
            journal->setting.directory, strerror(-r));
}

void journal_rewrite(struct journal *journal)
{
    int r = journal->file.is_open ? try_rewrite(journal) : 0;
    if (r < 0)
        fall_behind(journal, r);
}

// --- Lines ---

void journal_add_text(struct journal *journal, struct record *record)
{
    size_t n_bytes = entry_add(&journal->line, record, journal->setting.catalog);
    queue_note_stored(&journal->queue, record, n_bytes);
}

// The line in hand, or, where it does not go, a file that has what it says.
static int put(struct journal *journal, bool is_synced)
{
    struct file *file = &journal->file;
    bool has_room = file->n_bytes + journal->line.n_bytes <= journal->setting.max_bytes;
    if (journal->is_behind || !has_room || file_append(file, &journal->line, is_synced) < 0)
        return try_rewrite(journal);
    if (is_synced)
        say_written(journal);
    return 0;
}

void journal_write_window(struct journal *journal)
{
    int r = journal->file.is_open ? put(journal, true) : 0;
    if (r == 0)
        return;
    fall_behind(journal, r);
    mark_stale(journal);
}

void journal_write_checkpoint(struct journal *journal)
{
    if (!journal->file.is_open || journal->is_behind)
        return;
    int r = put(journal, true);
    if (r < 0)
        say_trouble(journal, r);
}

void journal_write_line(struct journal *journal)
{
    if (!journal->file.is_open || journal->is_behind)
        return;
    int r = put(journal, false);
    if (r < 0)
        fall_behind(journal, r);
}

void journal_write_notes(struct journal *journal)
{
    if (journal->settled.n_bytes + journal->taken.n_bytes == 0)
        return;
    entry_notes(&journal->line, &journal->settled, &journal->taken);
    journal_write_line(journal);
    forget_notes(journal);
}

void journal_tidy(struct journal *journal, uint64_t slack_bytes)
{
    uint64_t n_bytes = journal->file.n_bytes;
    uint64_t n_live_bytes = journal->queue.n_stored_bytes + journal->frame_bytes;
    if (!journal->file.is_open || journal->is_behind || n_bytes < journal->tidy_from ||
        n_bytes <= 2 * n_live_bytes + slack_bytes)
        return;
    if (try_rewrite(journal) < 0)
        journal->tidy_from = n_bytes + TIDY_AGAIN_BYTES;
}

// --- What nobody claims ---

static int copy_unclaimed(struct journal *journal, const struct record *record)
{
    struct ledger_start *start = ledger_start_of(record->start);
    uint64_t max_bytes = journal->setting.max_bytes;
    int r = 0;
    if (!start->is_copied) {
        entry_start(&journal->line, start);
        r = file_add_unclaimed(&journal->file, &journal->line, max_bytes);
        start->is_copied = r == 0;
    }
    if (r == 0 && !start->boot->is_copied && start->boot->who != NULL) {
        entry_who(&journal->line, start->boot);
        r = file_add_unclaimed(&journal->file, &journal->line, max_bytes);
        start->boot->is_copied = r == 0;
    }
    if (r < 0)
        return r;
    entry_begin(&journal->line, "waiting", start);
    (void)entry_add(&journal->line, record, journal->setting.catalog);
    entry_end(&journal->line, NULL);
    return file_add_unclaimed(&journal->file, &journal->line, max_bytes);
}

void journal_copy_unclaimed(struct journal *journal, const struct record *record)
{
    if (!journal->file.is_open || journal->is_unclaimed_full)
        return;
    int r = copy_unclaimed(journal, record);
    journal->is_unclaimed_full = r < 0;
    if (r == -EFBIG)
        log_warning("journal: %s/unclaimed is as large as journal.max_bytes allows: no more is "
                    "copied to it; delete it when nobody needs it",
            journal->setting.directory);
    else if (r < 0)
        log_warning("journal: %s/unclaimed cannot be written: %s: what belongs to another instance "
                    "is not kept: %s",
            journal->setting.directory, strerror(-r), remedy_of(r));
}

void journal_finish_unclaimed(struct journal *journal)
{
    if (journal->file.is_open && file_finish_unclaimed(&journal->file) < 0)
        log_warning("journal: %s/unclaimed may not be on disk: %s", journal->setting.directory,
            remedy_of(-EIO));
}
