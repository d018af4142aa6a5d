// SPDX-License-Identifier: Apache-2.0
// The entries of the journal's file as lines; store/journal.md tells what each is, and recall.c
// reads them.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "health.h"
#include "store/ledger.h"
#include "store/line.h"
#include "store/settled.h"

#define JOURNAL_VERSION 1

// Whole lines. Of the header both forms have the same length.
void entry_header(struct line *line, bool is_sound);
void entry_start(struct line *line, const struct ledger_start *start);
void entry_who(struct line *line, const struct ledger_boot *boot);
void entry_totals(struct line *line, const struct health *counts);

// The lines with records: begun, records of this start, ended. `kind` is window, open or waiting.
void entry_begin(struct line *line, const char *kind, const struct ledger_start *start);
// Returns how many bytes that were.
size_t entry_add(struct line *line, const struct record *record, const struct catalog *catalog);
// `baseline` NULL: it has none.
void entry_end(struct line *line, const json_t *baseline);

// What became of records: notes, one after the other, and the line of both kinds.
void entry_note_settled(struct line *notes, const struct record *record, enum settled settled);
void entry_note_taken(struct line *notes, const struct record *record);
void entry_notes(struct line *line, const struct line *settled, const struct line *taken);
