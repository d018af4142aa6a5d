// SPDX-License-Identifier: Apache-2.0
// What the parts of the journal know of each other. journal_write.c keeps the file: appends to it
// while that goes, rewrites it when it has to be, marks it when it has fallen behind what is in
// memory; says trouble once, and is quiet where there is no file.
#pragma once

#include "store/journal.h"

// A record's text in the line in hand, which is an entry with records.
void journal_add_text(struct journal *journal, struct record *record);

// The line in hand is what a window brought, all of which is in memory, too.
void journal_write_window(struct journal *journal);
// The line in hand is a checkpoint: where it cannot be written the one before holds.
void journal_write_checkpoint(struct journal *journal);
// The line in hand is anything else. Not waited for.
void journal_write_line(struct journal *journal);
// What was noted of records.
void journal_write_notes(struct journal *journal);

// Another file, of what is in memory.
void journal_rewrite(struct journal *journal);
// The same if the file is too large, or half of it tells of what is over.
void journal_tidy(struct journal *journal, uint64_t slack_bytes);

// A copy for the file of what nobody claims; the copies are on disk.
void journal_copy_unclaimed(struct journal *journal, const struct record *record);
void journal_finish_unclaimed(struct journal *journal);

// The oldest records expire until the rest are within their bound.
void journal_make_room(struct journal *journal);
// That some series and properties are gone with their metrics.
void journal_say_left_out(uint64_t n_left_out);
