// SPDX-License-Identifier: Apache-2.0
// A start of the daemon finds what the one before left. What it does not understand it leaves
// alone.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "encode/document.h"
#include "log.h"
#include "store/entry.h"
#include "store/journal_write.h"
#include "store/recall.h"

// At the start a file is rewritten when less than half of it counts, but for so many bytes.
#define SLACK_BYTES (UINT64_C(64) << 10)

// --- What is said ---

static const char *remedy_of(int error)
{
    switch (error) {
    case -ENOSPC:
    case -EDQUOT:
        return "make room on the disk";
    case -EROFS:
        return "let it be on a disk that can be written";
    case -ENOENT:
        return "make the directory above it, or correct journal.directory";
    case -EIO:
        return "see in the kernel's log what is wrong with the disk";
    default:
        return "correct journal.directory, or let this user read and write there";
    }
}

static void say_useless(const struct journal *journal, int error)
{
    log_warning("journal: %s cannot be used: %s: what waits is kept in memory only, and lost when "
                "the daemon ends: %s, and start it again",
        journal->setting.directory, strerror(-error), remedy_of(error));
}

void journal_say_left_out(uint64_t n_left_out)
{
    if (n_left_out > 0)
        log_info("journal: %" PRIu64 " series of records that wait are left out: publish.metrics "
                 "does not name their metrics any more",
            n_left_out);
}

static void say_found(const struct journal *journal, const struct recall *recall)
{
    const char *directory = journal->setting.directory;
    if (recall->is_foreign)
        log_warning("journal: %s/journal is of another version of enawatch: it is left for that, "
                    "and a new one is begun",
            directory);
    else if (recall->n_bad_lines > 0 || (recall->header == NULL && recall->n_good_bytes > 0))
        log_warning("journal: %s/journal is damaged: %" PRIu64 " of its lines cannot be read; what "
                    "can be goes on in a new one",
            directory, recall->n_bad_lines);
    else if (recall->is_torn)
        log_info("journal: the last entry was not written whole, as when the machine stops: it is "
                 "left out");
    if (recall->is_stale)
        log_warning("journal: the disk could not be written when the daemon ended: counting begins "
                    "anew");
    journal_say_left_out(recall->n_left_out);
    if (journal->queue.n_records > 0)
        log_info("journal: %zu records of before wait for delivery", journal->queue.n_records);
}

// --- Reading ---

// The first line as it is to be when the file falls behind. One of another length cannot take its
// place.
static void prepare_stale(struct journal *journal, const struct recall *recall)
{
    struct line *stale = &journal->stale;
    if (recall->header == NULL)
        return;
    (void)json_object_set_new(recall->header, "baseline", json_string("stale"));
    line_begin(stale);
    line_add_json(stale, recall->header);
    line_end(stale);
    if (stale->n_bytes != recall->n_header_bytes)
        stale->n_bytes = 0;
    journal->is_marked = recall->is_stale;
}

// What was read is to be written: in the place of a file that nothing can be added to.
static void take_recalled(struct journal *journal, struct recall *recall, int outcome)
{
    struct file *file = &journal->file;
    say_found(journal, recall);
    prepare_stale(journal, recall);
    health_take_records(journal->setting.health, &recall->counts);
    journal->baseline = json_incref(recall->baseline);
    journal->frame_bytes = recall->baseline != NULL ? document_bytes(recall->baseline) : 0;
    file->is_kept = outcome != 0;
    journal->is_behind = outcome != 0 || recall->is_stale || recall->header == NULL ||
        journal->stale.n_bytes == 0;
    file->n_bytes = recall->n_good_bytes;
    if (recall->is_torn && !file->is_kept)
        file_cut(file, recall->n_good_bytes);
}

// 0, or a negative errno: what is there is left alone.
static int read_back(struct journal *journal)
{
    struct file *file = &journal->file;
    struct recall recall = {.catalog = journal->setting.catalog,
        .ledger = &journal->ledger,
        .queue = &journal->queue,
        .name = journal->setting.name};
    int r = file_find(file);
    journal->is_behind = file->fd < 0;
    file->is_kept = r == FILE_STRANGE;
    if (file->is_kept)
        log_warning("journal: %s/journal is no file: it is set aside", journal->setting.directory);
    if (r < 0 || file->fd < 0)
        return r < 0 ? r : 0;
    r = recall_file(&recall, file->fd);
    if (r >= 0)
        take_recalled(journal, &recall, r);
    recall_finish(&recall);
    return r < 0 ? r : 0;
}

// --- This start ---

static void give_up_file(struct journal *journal, int error)
{
    say_useless(journal, error);
    queue_finish(&journal->queue);
    ledger_finish(&journal->ledger);
    ledger_init(&journal->ledger, journal->setting.boot_id);
    file_close(&journal->file);
}

static void begin_start(struct journal *journal)
{
    struct ledger *ledger = &journal->ledger;
    ledger->current = ledger_add(
        ledger, ledger_next_number(ledger), journal->setting.name, journal->setting.boot_id);
    ledger_prune(ledger);
    journal->start = &ledger->current->start;
    journal->n_told_expired = journal->setting.health->n_records_expired;
}

static void write_start(struct journal *journal)
{
    if (journal->is_behind || journal->file.n_bytes > journal->setting.max_bytes) {
        journal_rewrite(journal);
        return;
    }
    entry_start(&journal->line, journal->ledger.current);
    journal_write_line(journal);
    journal_tidy(journal, SLACK_BYTES);
}

int journal_open(struct journal *journal, const struct journal_setting *setting, pid_t *ret_holder)
{
    *journal = (struct journal){.setting = *setting};
    int r = setting->directory != NULL ? file_open(&journal->file, setting->directory, ret_holder)
                                       : 0;
    if (r == FILE_HELD) {
        *journal = (struct journal){0};
        return JOURNAL_HELD;
    }
    ledger_init(&journal->ledger, journal->setting.boot_id);
    if (r == 0 && journal->file.is_open)
        r = read_back(journal);
    if (r < 0)
        give_up_file(journal, r);
    begin_start(journal);
    journal_make_room(journal); // of a bound that was larger before
    write_start(journal);
    journal_flush(journal);
    return 0;
}
