// SPDX-License-Identifier: Apache-2.0
// What the lines of a journal's file come to: the entries of store/journal.md, read in their order.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "health.h"
#include "store/ledger.h"
#include "store/queue.h"

struct recall {
    const struct catalog *catalog; // borrowed, as are the next two
    struct ledger *ledger;         // gets the starts
    struct queue *queue;           // gets the records that wait
    struct health counts;          // of records; the rest is zero
    json_t *header;                // the first line; NULL: it is none of ours
    uint64_t n_header_bytes;       // of that line
    json_t *baseline;              // of this boot, that can be believed; NULL: none
    bool is_stale;                 // the header says that it cannot
    bool is_foreign;               // of another version
    bool is_torn;                  // the last bytes are no line
    uint64_t n_good_bytes;         // before these
    uint64_t n_bad_lines;
    uint64_t n_left_out; // series and properties whose metric the catalog does not have
    json_t *open;        // the last checkpoint, while it holds
    struct ledger_start *open_start;
    const char *name; // of this start, for what was lost of others; borrowed
};

// Outcomes of recall_file() besides 0.
enum {
    RECALL_FOREIGN = 1, // another version's: nothing was read
    RECALL_DAMAGED,     // what could be read was
};

// From where the file stands. Negative errno: it cannot be read, and what came to the ledger and
// the queue is not all.
must_check int recall_file(struct recall *recall, int fd);
void recall_finish(struct recall *recall);
