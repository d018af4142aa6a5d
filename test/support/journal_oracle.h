// SPDX-License-Identifier: Apache-2.0
// What a journal must say after the lines of its file, told from the calls that wrote them: plain
// arrays, and nothing of the journal's own reading or writing. The test owns one.
#pragma once

#include "support/journal_fixture.h"
#include "unit/dice.h"

#define ORACLE_RECORDS 160
#define ORACLE_STARTS  12
#define ORACLE_BOOTS   3
#define ORACLE_LINES   200

struct oracle_record {
    size_t start; // index
    uint64_t sequence;
    uint64_t number;  // of journal_fixture_record()
    uint32_t n_taken; // 0: it has no plan
    bool is_refused;
};

// What a file says.
struct oracle_state {
    uint64_t n_settled[N_SETTLED];
    struct oracle_record waiting[ORACLE_RECORDS];
    size_t n_waiting;
    uint64_t baseline; // 0: none
    size_t baseline_boot;
    uint64_t who[ORACLE_BOOTS]; // 0: nothing
    struct oracle_record open[4];
    size_t n_open;
    bool is_open;
};

// What is noted, and in no line yet.
struct oracle_note {
    bool is_taken; // else settled
    enum settled settled;
    struct oracle_record record; // as it is then
};

struct oracle {
    struct journal_fixture *fixture;
    struct dice *dice;
    char names[ORACLE_STARTS][16];
    size_t boots[ORACLE_STARTS]; // of each start
    size_t n_starts;
    uint64_t next_number, last_sequence;
    struct oracle_note notes[ORACLE_RECORDS];
    size_t n_notes;
    struct oracle_state lines[ORACLE_LINES]; // after each
    size_t n_lines;                          // of the file as it is
};

const char *oracle_boot(size_t boot);

// A file of one start, in the first boot.
void oracle_begin(struct oracle *oracle, struct journal_fixture *fixture, struct dice *dice);
// Any call, or a restart, and how it changes the file: asserts that it wrote as many lines as it
// had to. True: the file is another one now.
bool oracle_step(struct oracle *oracle);
// Closes the journal. What was noted and not written is in the file then, too.
void oracle_end(struct oracle *oracle);

// The journal, opened in this boot from a file of the first `n_lines` lines, is in that state.
void oracle_check(const struct oracle *oracle, size_t n_lines, size_t boot);
// Whether this record is one of those that were ever made, and its start the one it was made in.
// `is_start_lost`: the start may have a name that stands for a lost one.
bool oracle_knows(const struct oracle *oracle, const struct record *record, bool is_start_lost);
