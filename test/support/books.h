// SPDX-License-Identifier: Apache-2.0
// The books on records: what each one held when it was made, what of it arrived, and what became of
// it. They outlive the daemon whose records they are of, and know nothing of how a journal works.
//
// Their law: a record that is delivered arrived with all that it held. No part arrives twice, but
// where a crash, or an answer that got lost, leaves the daemon in doubt; then it is the same part
// of the same record. No record disappears.
#pragma once

#include "record.h"
#include "store/journal.h"
#include "support/history.h"

// What is counted: what support/history.h knows, and the daemon's own counts of records.
#define BOOK_SELF     HISTORY_N_METRICS
#define BOOK_N_SELF   (METRIC_SELF_RECORDS_UNCLAIMED - METRIC_SELF_RECORDS_MADE + 1)
#define BOOK_N_COUNTS (BOOK_SELF + BOOK_N_SELF)
#define BOOK_NOTHING  UINT32_MAX

struct tally {
    uint64_t sums[BOOK_N_COUNTS];
};

// The place of a metric among what is counted; BOOK_NOTHING: it is not.
uint32_t book_place(const struct catalog *catalog, uint32_t metric);

enum fate { FATE_WAITING, FATE_DELIVERED, FATE_REFUSED, FATE_EXPIRED, FATE_UNCLAIMED, N_FATES };

// When the ticks of a window were.
struct span {
    struct now first;
    uint64_t last_ns; // boot clock
};

// A way in which a record was cut into parts: another configuration cuts it in another way.
struct cut {
    struct cut *next;
    struct parts parts;
    uint32_t n_settled;        // from the first
    uint64_t settled_config;   // under which the last of them was
    bool is_refused;           // one of these was
    unsigned char *n_arrived;  // of each part: how often
    unsigned char *n_forgiven; // of each: how often of these without being known
    bool is_datum;
    struct tally arrived;
};

struct account {
    struct account *next; // in its bucket
    char start[64];       // name of the start of the daemon
    uint64_t sequence;
    uint64_t order; // in which they were made
    unsigned int machine, boot;
    enum metric_scope scope;
    struct mac mac;
    int64_t start_ms, clock_offset_ms;
    uint64_t period_ms;
    struct span span;
    struct tally held, held_series; // by all of it, and by what datums tell
    enum fate fate;
    uint64_t made_in, touched_in; // calls, see struct books
    struct cut *cuts;             // that in which it was sent last is the first
    bool is_seen;                 // in the walk under way
};

#define BOOK_N_BUCKETS 1024
#define BOOK_MAX_MACS  16 // told apart by the last octet
#define BOOK_MAX_BOOTS 8  // told apart at once

struct books {
    const char *title;    // what a failure is told with
    bool is_told;         // all that happens
    unsigned int machine; // which one runs, and its boot: both count up
    unsigned int boot;
    unsigned int macs[BOOK_MAX_BOOTS]; // a bit for each that was seen in a boot, as the disk knows
    uint64_t n_calls;                  // of the daemon's functions so far
    uint64_t n_configs;                // that were in force so far
    bool is_brief;      // forgets at once what is settled: then there must be no doubts
    uint64_t max_bytes; // of the journal
    struct account *buckets[BOOK_N_BUCKETS];
    uint64_t n_made, n_of[N_FATES];
    struct tally forgotten[1 + BOOK_MAX_MACS]; // of the instance, and of each MAC
    uint64_t n_items, n_doubled, n_resent, n_in_doubt;
    uint64_t n_cut_short; // records of windows that a crash came before
    struct span span;     // of the window that is open, or that the call under way closes
};

void books_finish(struct books *books);
printf_like(3, 4) void books_demand(const struct books *books, bool is_so, const char *format, ...);

struct account *books_find(const struct books *books, const struct record *record);

// After each call: accounts for the new records of the queue, an end for those of records that left
// it for no destination, and a look at the equation.
void books_follow(struct books *books, const struct journal *journal, const struct now *now);

// The daemon sends what was not taken yet of a record.
void books_note_sent(struct books *books, struct account *account, const struct record *record);
// A part of a record that was sent arrived.
struct arrival {
    struct account *account;
    uint32_t part;
    bool is_datum;
    struct tally tally;
};
void books_note_arrival(struct books *books, const struct arrival *arrival);
// The daemon was told that the next part is off its hands.
void books_note_settled(struct books *books, struct account *account, bool is_refused);
// A part that arrived will come again, for nobody said that it did.
void books_forgive(struct account *account, uint32_t part);

// What the daemon may not know any more when it comes back.
struct doubt {
    bool is_of_call;    // it ended in the middle of the last call
    bool is_of_settled; // power went: whatever was not waited for may be gone
    // The window that was open, when its checkpoint was written.
    char start[64];
    unsigned int machine, boot;
    struct span span;
};
void books_reopen(struct books *books, const struct journal *journal, const struct doubt *doubt);

// That accounts take in memory.
uint64_t books_bytes(const struct books *books);

// Adds up what was made in a boot, of an ENI or, with NULL, of the instance.
void books_add_up(
    const struct books *books, unsigned int boot, const struct mac *mac, struct tally *ret_tally);
