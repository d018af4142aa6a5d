// SPDX-License-Identifier: Apache-2.0
// The kernel's own counters of its connection tracking, from the text of
// /proc/net/stat/nf_conntrack: a line of names, then a line per CPU, numbers in hexadecimal
// (net/netfilter/nf_conntrack_standalone.c). Pure; owned by collector/conntrack.c.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base.h"

#define CONNTRACK_MAX_CPUS 8192 // NR_CPUS of the largest kernel configurations

enum conntrack_column { CONNTRACK_DROP, CONNTRACK_EARLY_DROP, CONNTRACK_INSERT_FAILED };
#define CONNTRACK_N_COLUMNS (CONNTRACK_INSERT_FAILED + 1)

#define CONNTRACK_MAX_COLUMNS 64
#define CONNTRACK_MAX_LINE    1024

// What stands where in a line, and the line of names that said so.
struct conntrack_layout {
    size_t n_bytes; // of the line; 0: none was seen
    char line[CONNTRACK_MAX_LINE];
    size_t n_columns;
    uint8_t columns[CONNTRACK_MAX_COLUMNS]; // CONNTRACK_N_COLUMNS: none of ours
};

// All zero is nothing seen yet.
struct conntrack_stat {
    struct conntrack_layout layout;
    size_t n_cpus; // ever seen
    size_t capacity;
    uint32_t (*last)[CONNTRACK_N_COLUMNS]; // per CPU: the kernel counts in 32 bits
    uint32_t (*next)[CONNTRACK_N_COLUMNS]; // of the text that is being read
    uint64_t totals[CONNTRACK_N_COLUMNS];  // over all CPUs, in 64 bits
};

// Takes a text in: the totals go on counting where a CPU's counter wrapped or restarted. -EBADMSG:
// not such a text, and nothing was taken.
must_check int conntrack_stat_take(struct conntrack_stat *stat, const char *text);
void conntrack_stat_finish(struct conntrack_stat *stat);
