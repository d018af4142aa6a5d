// SPDX-License-Identifier: Apache-2.0
// The ENIs that were seen on this instance, and what the metadata service tells of each, by MAC.
// The identity owns one.
#pragma once

#include <stddef.h>

#include "aws/imds.h"
#include "identity/facts.h"
#include "identity/question.h"
#include "sample.h"

// Remembered at once, that seen longest ago forgotten first: as many as have their counters
// remembered (DELTA_MAX_LIVES).
#define ENI_TABLE_MAX 256
// An ENI that was not seen for so long is gone, and not asked about any more.
#define ENI_GONE_NS (900 * NS_PER_S)

#define ENI_LIST_PATH "meta-data/network/interfaces/macs/"

struct eni_entry {
    struct mac mac;
    int ifindex; // 0: recalled, and not seen since
    char ifname[IF_NAMESIZE];
    uint64_t seen_ns; // boot time, last
    struct question_span span;
    bool is_listed;          // the service knows its MAC: its keys can be asked for
    bool is_given_up;        // the wait for its labels is over
    struct question listing; // while it is not listed
    struct question questions[ENI_N_FACTS];
    char *facts[ENI_N_FACTS]; // owned; NULL: not known (yet)
};

struct eni_table {
    uint64_t wait_ns; // that a record waits for its labels
    size_t n_entries;
    size_t next; // where the next one is probably: ENIs come in the same order in each tick
    struct eni_entry *entries[ENI_TABLE_MAX];
};

void eni_table_init(struct eni_table *table, uint64_t wait_ns);
void eni_table_finish(struct eni_table *table);

// A sample of this ENI was read. True when it is news: another ENI, or one that was attached again,
// about which all is asked anew; or one that was gone, about which what is left is.
bool eni_table_see(struct eni_table *table, const struct eni *eni, const struct now *now);
// One that was seen before the daemon was started: its facts are the caller's to fill in, and
// nobody asks about it before it is seen again. NULL when there is no room.
struct eni_entry *eni_table_recall(struct eni_table *table, const struct mac *mac);
// NULL when it was never seen, or long ago.
struct eni_entry *eni_table_find(const struct eni_table *table, const struct mac *mac);

// The most urgent question about an ENI that is there; NULL: none.
struct question *eni_table_next(
    const struct eni_table *table, const struct now *now, struct eni_entry **ret_entry);
// Below /latest/; the caller's.
char *eni_entry_path(const struct eni_entry *entry, const struct question *question);
// The service's list of MACs: settles the listing of every ENI that is due. NULL: there is none.
// False: it has a line that is no MAC; the others count.
bool eni_table_take_list(
    struct eni_table *table, const struct now *now, const struct answer *answer);
// What the service said of one key, NULL for one that is not there; `is_primary`: of the primary
// ENI. Returns whether it was any good.
bool eni_entry_take(struct eni_entry *entry, struct question *question, const struct now *now,
    const struct answer *answer, bool is_primary);
