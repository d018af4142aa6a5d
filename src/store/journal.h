// SPDX-License-Identifier: Apache-2.0
// The one queue: records in memory, oldest first, until a sink has taken them. The pipeline owns
// it.
#pragma once

#include <stdbool.h>

#include "option.h"
#include "record.h"

struct journal_options {
    uint64_t max_bytes; // journal.max_bytes
};

extern const struct option_table journal_option_table; // section journal

struct journal {
    uint64_t max_bytes;
    uint64_t n_bytes;
    size_t n_records;
    size_t n_in_flight; // of the first records: never dropped to make room
    uint64_t n_dropped; // since the start
    struct record *first, *last;
};

void journal_init(struct journal *journal, const struct journal_options *options);
void journal_finish(struct journal *journal);
// Takes ownership. Where the queue is full the oldest record that is not in flight is freed;
// returns how many were.
size_t journal_append(struct journal *journal, struct record *record);
// Moves the records that `is_wanted` says are to be sent now to the front, and returns how many;
// both kinds keep their order. None may be in flight.
size_t journal_prefer(struct journal *journal,
    bool (*is_wanted)(const struct record *record, void *context), void *context);
// The first record was delivered, or never will be: frees it.
void journal_pop(struct journal *journal);
