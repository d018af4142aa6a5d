// SPDX-License-Identifier: Apache-2.0
// A way through a tree of halves, which costs two requests for each halving and bad item.
#include "sink/cloudwatch_split.h"

_Static_assert(CLOUDWATCH_MAX_DATUMS <= 1 << CLOUDWATCH_MAX_HALVINGS, "a batch has more halves");

void cloudwatch_split_init(struct cloudwatch_split *split, size_t n_items)
{
    *split = (struct cloudwatch_split){.ends = {n_items}, .n_ends = 1};
}

size_t cloudwatch_split_end(const struct cloudwatch_split *split)
{
    return split->ends[split->n_ends - 1];
}

void cloudwatch_split_pass(struct cloudwatch_split *split)
{
    split->first = cloudwatch_split_end(split);
    split->n_ends--;
}

bool cloudwatch_split_halve(struct cloudwatch_split *split)
{
    size_t n_items = cloudwatch_split_end(split) - split->first;
    if (n_items == 1)
        return false;
    split->ends[split->n_ends++] = split->first + (n_items + 1) / 2;
    return true;
}
