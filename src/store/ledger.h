// SPDX-License-Identifier: Apache-2.0
// The starts of the daemon that have records in the journal, by their numbers in its file, and who
// we were in the boots that they were on. The journal owns one.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base.h"
#include "record.h"

// A boot of the machine.
struct ledger_boot {
    char *id;
    json_t *who;    // what identity_tell() said last; NULL: nothing was noted
    bool is_copied; // who it was is in the file of what nobody claims
};

// What a start is to those who read the file: where each of its records is.
struct ledger_place {
    uint64_t sequence;
    struct record *record; // NULL: settled
};

struct ledger_start {
    struct start start; // first: ledger_start_of()
    struct ledger_boot *boot;
    uint64_t number;             // in the file
    size_t n_records;            // that wait
    uint64_t last_sequence;      // of all that it had
    bool is_copied;              // it is in the file of what nobody claims
    struct ledger_place *places; // while the file is read
    size_t n_places, places_capacity;
};

struct ledger {
    const char *boot_id;          // of this boot; borrowed
    struct ledger_start **starts; // by number
    size_t n_starts;
    struct ledger_boot **boots;
    size_t n_boots;
    struct ledger_start *current; // kept without records too; NULL: none yet
};

void ledger_init(struct ledger *ledger, const char *boot_id);
// Also when all zero.
void ledger_finish(struct ledger *ledger);

// NULL: there is one of this number.
struct ledger_start *ledger_add(
    struct ledger *ledger, uint64_t number, const char *name, const char *boot_id);
struct ledger_start *ledger_find(const struct ledger *ledger, uint64_t number);
uint64_t ledger_next_number(const struct ledger *ledger);

static inline struct ledger_start *ledger_start_of(const struct start *start)
{
    return (struct ledger_start *)start;
}

// One more record of this start waits, or one less: one that has none is forgotten.
void ledger_hold(struct ledger_start *start);
void ledger_release(struct ledger *ledger, struct ledger_start *start);
// Forgets all starts that have none, and what was known for reading.
void ledger_prune(struct ledger *ledger);

// Takes over the reference. False: that was known.
bool ledger_note_who(struct ledger *ledger, const char *boot_id, json_t *who);
