// SPDX-License-Identifier: Apache-2.0
// Any bytes are texts of /proc/net/stat/nf_conntrack, one after the other, each ended by a NUL as
// os/proc.c hands them over: taken or refused. What is refused changes nothing, totals never
// decrease, and the same text again adds nothing.
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "collector/conntrack_stat.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(bool claim)
{
    if (!claim)
        abort();
}

static int take(struct conntrack_stat *stat, const char *text)
{
    uint64_t before[CONNTRACK_N_COLUMNS];
    size_t n_cpus = stat->n_cpus;
    memcpy(before, stat->totals, sizeof(before));
    int r = conntrack_stat_take(stat, text);
    check(r == 0 || r == -EBADMSG);
    check(stat->n_cpus <= CONNTRACK_MAX_CPUS && stat->n_cpus <= stat->capacity);
    check(r == 0 ? stat->n_cpus > 0 : stat->n_cpus == n_cpus);
    for (size_t column = 0; column < CONNTRACK_N_COLUMNS; column++) {
        check(stat->totals[column] >= before[column]);
        check(r == 0 || stat->totals[column] == before[column]);
    }
    return r;
}

static void take_twice(struct conntrack_stat *stat, const char *text)
{
    uint64_t once[CONNTRACK_N_COLUMNS];
    int r = take(stat, text);
    memcpy(once, stat->totals, sizeof(once));
    check(take(stat, text) == r);
    check(memcmp(once, stat->totals, sizeof(once)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct conntrack_stat stat = {0};
    const char *at = (const char *)bytes, *end = at + n_bytes;
    while (at < end) {
        size_t length = strnlen(at, (size_t)(end - at));
        // Without a byte to spare, for the address sanitizer.
        scoped_free char *text = xcalloc(length + 1, 1);
        memcpy(text, at, length);
        take_twice(&stat, text);
        at += length + 1;
    }
    conntrack_stat_finish(&stat);
    return 0;
}
