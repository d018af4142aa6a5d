// SPDX-License-Identifier: Apache-2.0
// A journal in a folder of its own, and records for it that are told by a number: the same number
// makes the same record again, so that what comes back can be compared.
#pragma once

#include "store/journal.h"
#include "support/log_catcher.h"

struct journal_fixture {
    char folder[80]; // the journal's directory is DIR in it
    char directory[96];
    struct catalog catalog; // the default metrics and two that the user names
    struct health health;
    struct journal journal;
    struct log_catcher log;
};

int journal_fixture_setup(void **state);
int journal_fixture_teardown(void **state);

#define JOURNAL_FIXTURE_MAX_BYTES (UINT64_C(1) << 20)

// Opens the journal, which must not be held; its health begins at zero. Both texts are borrowed.
void journal_fixture_open(struct journal_fixture *fixture, const char *boot_id, const char *name);
void journal_fixture_open_with(
    struct journal_fixture *fixture, const struct journal_setting *setting);
// In memory only.
void journal_fixture_open_memory(struct journal_fixture *fixture);

// A file in the directory.
char *journal_fixture_path(const struct journal_fixture *fixture, const char *name);
char *journal_fixture_read(
    const struct journal_fixture *fixture, const char *name, size_t *ret_n_bytes);
void journal_fixture_write(
    const struct journal_fixture *fixture, const char *name, const char *bytes, size_t n_bytes);
bool journal_fixture_has(const struct journal_fixture *fixture, const char *name);
// Empties the directory.
void journal_fixture_clear(const struct journal_fixture *fixture);

// The record of this number, as flow/window.c would make it, and so many, linked.
struct record *journal_fixture_record(const struct journal_fixture *fixture, uint64_t number);
struct record *journal_fixture_records(
    const struct journal_fixture *fixture, uint64_t first, size_t n);
// Of both all that a window makes is the same.
bool journal_fixture_is_same(const struct record *a, const struct record *b);
// A baseline, or who we are, of this number.
json_t *journal_fixture_object(uint64_t number);
// The number of one; 0: it is none.
uint64_t journal_fixture_number(const json_t *object);

// made = delivered + refused + expired + unclaimed + waiting, and what waits is the queue.
void journal_fixture_check_counts(const struct journal_fixture *fixture);
