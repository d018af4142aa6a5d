// SPDX-License-Identifier: Apache-2.0
// Names for the journal's file, and the counts behind them.
#include <stddef.h>
#include <string.h>

#include "store/settled.h"

static const struct {
    const char *name;
    size_t count; // in struct health
} rows[N_SETTLED] = {
    [SETTLED_DELIVERED] = {"delivered", offsetof(struct health, n_records_delivered)},
    [SETTLED_REFUSED] = {"refused", offsetof(struct health, n_records_refused)},
    [SETTLED_EXPIRED] = {"expired", offsetof(struct health, n_records_expired)},
    [SETTLED_UNCLAIMED] = {"unclaimed", offsetof(struct health, n_records_unclaimed)},
};

const char *settled_name(enum settled settled)
{
    return rows[settled].name;
}

bool settled_parse(const char *name, enum settled *ret_settled)
{
    for (int i = 0; name != NULL && i < N_SETTLED; i++)
        if (strcmp(rows[i].name, name) == 0) {
            *ret_settled = (enum settled)i;
            return true;
        }
    return false;
}

uint64_t *settled_count(struct health *health, enum settled settled)
{
    return (uint64_t *)((char *)health + rows[settled].count);
}
