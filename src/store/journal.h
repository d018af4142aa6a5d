// SPDX-License-Identifier: Apache-2.0
// The one queue: records until they are delivered, in memory, and where there is a directory for it
// on disk too, with the baseline of the counters that they bring us to. What is in the file is told
// in store/journal.md. The daemon owns one, which outlives a change of the configuration.
//
// Trouble with the disk never stops the daemon: the journal says it once, goes on in memory, and
// tries again with every window.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "health.h"
#include "now.h"
#include "option.h"
#include "store/file.h"
#include "store/ledger.h"
#include "store/queue.h"
#include "store/settled.h"

struct journal_options {
    char *directory;    // journal.directory; NULL: none is configured
    uint64_t max_bytes; // journal.max_bytes: of the file, and of the records in memory
};

extern const struct option_table journal_option_table; // section journal

// What CloudWatch takes is at most so old (PutMetricData and PutLogEvents: 14 days), less an hour
// for what is under way.
#define JOURNAL_MAX_AGE_MS ((INT64_C(14) * 24 - 1) * 3600 * 1000)

// Of a boot so young the wall clock may not have been set yet.
#define JOURNAL_CLOCK_DOUBT_NS (300 * NS_PER_S)

// All borrowed for as long as the journal lives.
struct journal_setting {
    uint64_t max_bytes;
    const struct catalog *catalog;
    const char *directory; // that exists or can be made; NULL: memory only
    const char *boot_id;   // of the kernel
    const char *name;      // of this start of the daemon
    struct health *health; // its counts of records are the journal's to set
};

struct journal {
    struct journal_setting setting;
    struct queue queue;  // read it; change it by the functions below only
    struct start *start; // this one; NULL: not open
    struct ledger ledger;
    uint64_t last_sequence;  // that a record of this start got
    json_t *baseline;        // at the end of the last window or checkpoint; NULL: none
    uint64_t n_told_expired; // of the health's, in what was said
    bool is_losing;          // said that records expire
    bool is_unclaimed_full;  // said that no more are copied
    struct file file;
    struct line line;           // the one that is being made
    struct line open;           // of the last checkpoint, while it holds
    struct line settled, taken; // noted, not written
    struct line stale; // the file's first line when its baseline does not hold; empty: it has none
    uint64_t frame_bytes; // of the file as it was rewritten last, without the records
    uint64_t tidy_from;   // a file of fewer bytes is not rewritten for tidiness
    bool is_behind;       // the file lacks what only rewriting brings
    bool is_marked;       // its first line is `stale`
    bool is_trouble_told;
};

// Outcome of journal_open() besides 0.
enum { JOURNAL_HELD = 1 };

// Locks the directory and reads what is there: records that wait, in the queue; how many were made,
// delivered and so on, in the health. JOURNAL_HELD: another process has the directory, `ret_holder`
// is its pid, or 0 where the kernel does not tell it (another pid namespace); nothing was touched.
// Whatever else is wrong with directory or file is said, with the remedy, and is no failure: the
// journal is then in memory only, or begins anew beside the file that was set aside.
must_check int journal_open(
    struct journal *journal, const struct journal_setting *setting, pid_t *ret_holder);
// Writes what has not been written yet. False: there is no file, or it does not take it.
bool journal_keep(struct journal *journal);
// The same, and the end. Also when all zero.
void journal_close(struct journal *journal);

// Whether it is on disk, too, be it that the disk cannot be written for now: baselines are wanted.
static inline bool journal_is_kept(const struct journal *journal)
{
    return journal->file.is_open;
}

// What store/baseline.c saved at the end of the last window, or at the last checkpoint, of this
// boot; NULL: none. Borrowed until the next append.
const json_t *journal_baseline(const struct journal *journal);

// The records of a closed window, linked by next: gets their ownership, gives them their start and
// sequence. They and the baseline, a reference to which is taken over, are on disk when this
// returns, both or neither. `records` may be NULL: a baseline alone.
void journal_append(struct journal *journal, struct record *records, json_t *baseline);
// The records of the window that is open still, as they would be if it were closed now, and the
// baseline they bring us to: what is waiting after a crash. Void when the window is closed. Takes
// over both; writes nothing without a file.
void journal_checkpoint(struct journal *journal, struct record *records, json_t *baseline);

// Who we are, as identity/past.c tells it; takes over the reference. Written when it is news.
void journal_note_who(struct journal *journal, json_t *who);
// What was noted of the boot that this start was on; NULL: nothing. Borrowed for as long as a
// record of that boot waits, and until the next journal_note_who().
const json_t *journal_who(const struct start *start);

// Counts it, notes it for the file, and frees the record; its start goes with the last of its
// records. An unclaimed one is copied to the file `unclaimed` beside the journal first.
void journal_settle(struct journal *journal, struct record *record, enum settled settled);
// Some of the record's parts were taken: after a restart the rest are sent, cut as they are now.
void journal_note_taken(struct journal *journal, const struct record *record);
// Writes what was noted by these two, in one append; nothing is waited for (no fdatasync: a crash
// of the machine, not of the process, may forget it, and what was delivered comes twice).
void journal_flush(struct journal *journal);

// Records that nobody would take any more: settles those that are too old as expired, says so.
// Those in flight are left alone, and so are those of other boots while this one is so young that
// its wall clock may not have been set yet. The age of this boot's is told by its boot clock.
void journal_expire(struct journal *journal, const struct now *now);

// Another catalog and another bound from now on: metrics are found by their names; the one before
// must still be there. Values whose metric is gone are left out, and it is said; a record that had
// some has a plan that fits nothing (`parts.key` 0).
void journal_change(struct journal *journal, const struct catalog *catalog, uint64_t max_bytes);
