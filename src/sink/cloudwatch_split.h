// SPDX-License-Identifier: Apache-2.0
// How a batch is sent in pieces: all at once, and where a piece is refused because of something in
// it, in halves, until that is alone. Pure. A part of the cloudwatch sink.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sink/cloudwatch_body.h"

#define CLOUDWATCH_MAX_HALVINGS 10 // of CLOUDWATCH_MAX_DATUMS

struct cloudwatch_split {
    size_t first;                             // of the piece in hand; all before it is settled
    size_t ends[CLOUDWATCH_MAX_HALVINGS + 1]; // of the pieces to come, the nearest last
    size_t n_ends;                            // 0: the batch is done
};

void cloudwatch_split_init(struct cloudwatch_split *split, size_t n_items);
// The piece to send: from split->first on, up to this.
size_t cloudwatch_split_end(const struct cloudwatch_split *split);
// The piece is settled: it was taken, or a lone item was refused.
void cloudwatch_split_pass(struct cloudwatch_split *split);
// The piece is refused; false: it is one item, which cannot be halved.
bool cloudwatch_split_halve(struct cloudwatch_split *split);
