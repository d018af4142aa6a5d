// SPDX-License-Identifier: Apache-2.0
// ENIs come first from the kernel; the metadata service may know of them half a minute later. One
// request for its list serves all that it does not know yet; then each has its keys asked for.
#include <string.h>

#include "base/mac.h"
#include "identity/eni_table.h"

void eni_table_init(struct eni_table *table, uint64_t wait_ns)
{
    *table = (struct eni_table){.wait_ns = wait_ns};
}

static void free_facts(struct eni_entry *entry)
{
    for (size_t i = 0; i < ENI_N_FACTS; i++) {
        free(entry->facts[i]);
        entry->facts[i] = NULL;
    }
}

void eni_table_finish(struct eni_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->n_entries; i++) {
        free_facts(table->entries[i]);
        free(table->entries[i]);
    }
    *table = (struct eni_table){0};
}

static bool is_same_mac(const struct mac *a, const struct mac *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static size_t index_of(const struct eni_table *table, const struct mac *mac)
{
    size_t i = 0;
    while (i < table->n_entries && !is_same_mac(&table->entries[i]->mac, mac))
        i++;
    return i;
}

struct eni_entry *eni_table_find(const struct eni_table *table, const struct mac *mac)
{
    size_t i = index_of(table, mac);
    return i < table->n_entries ? table->entries[i] : NULL;
}

static size_t seen_longest_ago(const struct eni_table *table)
{
    size_t oldest = 0;
    for (size_t i = 1; i < table->n_entries; i++)
        if (table->entries[i]->seen_ns < table->entries[oldest]->seen_ns)
            oldest = i;
    return oldest;
}

static struct eni_entry *make_room(struct eni_table *table)
{
    if (table->n_entries < ENI_TABLE_MAX)
        return table->entries[table->n_entries++] = xcalloc(1, sizeof(struct eni_entry));
    struct eni_entry *entry = table->entries[seen_longest_ago(table)];
    free_facts(entry);
    *entry = (struct eni_entry){0};
    return entry;
}

// The id and the owner are the MAC's for good; where it is attached, and all else, may be new. Not
// so when it is only we that are new.
static void begin_life(
    struct eni_table *table, struct eni_entry *entry, const struct eni *eni, const struct now *now)
{
    struct eni_entry life = {.mac = eni->mac,
        .ifindex = eni->ifindex,
        .span = {now->boot_ns, now->boot_ns + table->wait_ns}};
    for (size_t i = 0; i < ENI_N_FACTS; i++) {
        if (entry->ifindex == 0 || i == ENI_ID || i == ENI_OWNER)
            life.facts[i] = entry->facts[i];
        else
            free(entry->facts[i]);
    }
    *entry = life;
}

rarely static struct eni_entry *greet(
    struct eni_table *table, const struct eni *eni, const struct now *now)
{
    struct eni_entry *entry = eni_table_find(table, &eni->mac);
    if (entry == NULL)
        entry = make_room(table);
    if (entry->ifindex != eni->ifindex)
        begin_life(table, entry, eni, now);
    return entry;
}

struct eni_entry *eni_table_recall(struct eni_table *table, const struct mac *mac)
{
    struct eni_entry *entry = eni_table_find(table, mac);
    if (entry != NULL || table->n_entries == ENI_TABLE_MAX)
        return entry;
    entry = make_room(table);
    *entry = (struct eni_entry){.mac = *mac, .is_given_up = true};
    return entry;
}

static bool is_gone(const struct eni_entry *entry, const struct now *now)
{
    return entry->ifindex == 0 || now->boot_ns >= entry->seen_ns + ENI_GONE_NS;
}

bool eni_table_see(struct eni_table *table, const struct eni *eni, const struct now *now)
{
    struct eni_entry *entry = table->next < table->n_entries ? table->entries[table->next] : NULL;
    if (entry == NULL || !is_same_mac(&entry->mac, &eni->mac))
        entry = eni_table_find(table, &eni->mac);
    bool is_new = entry == NULL || entry->ifindex != eni->ifindex;
    if (is_new)
        entry = greet(table, eni, now);
    bool is_back = is_gone(entry, now);
    entry->seen_ns = now->boot_ns;
    memcpy(entry->ifname, eni->ifname, sizeof(entry->ifname));
    table->next = table->next + 1 < table->n_entries ? table->next + 1 : 0;
    return is_new || is_back;
}

static struct question *next_of(struct eni_entry *entry)
{
    if (!entry->is_listed)
        return &entry->listing;
    struct question *next = NULL;
    for (size_t i = 0; i < ENI_N_FACTS; i++)
        if (entry->questions[i].due_ns != QUESTION_NEVER)
            next = question_first(next, &entry->questions[i]);
    return next;
}

struct question *eni_table_next(
    const struct eni_table *table, const struct now *now, struct eni_entry **ret_entry)
{
    struct question *next = NULL;
    for (size_t i = 0; i < table->n_entries; i++) {
        struct eni_entry *entry = table->entries[i];
        if (is_gone(entry, now))
            continue;
        struct question *mine = next_of(entry);
        if (mine == NULL || question_first(next, mine) != mine)
            continue;
        next = mine;
        *ret_entry = entry;
    }
    return next;
}

char *eni_entry_path(const struct eni_entry *entry, const struct question *question)
{
    if (question == &entry->listing)
        return xstrdup(ENI_LIST_PATH);
    char mac[MAC_TEXT_MAX];
    mac_format(entry->mac.octets, mac);
    return xasprintf(ENI_LIST_PATH "%s/%s", mac, eni_facts[question - entry->questions].key);
}

// What is now due is asked about, each key at once.
static void note_listed(struct eni_entry *entry, const struct now *now)
{
    entry->is_listed = true;
    for (size_t i = 0; i < ENI_N_FACTS; i++)
        entry->questions[i] = (struct question){.due_ns = now->boot_ns};
}

// "02:00:00:00:00:01/", a line of the list.
static bool take_line(struct eni_table *table, const struct now *now, char *line)
{
    struct mac mac;
    size_t n = strlen(line);
    if (n > 0 && line[n - 1] == '/')
        line[n - 1] = '\0';
    if (!mac_parse(line, mac.octets))
        return false;
    struct eni_entry *entry = eni_table_find(table, &mac);
    if (entry != NULL && !entry->is_listed)
        note_listed(entry, now);
    return true;
}

static bool take_lines(struct eni_table *table, const struct now *now, const struct answer *answer)
{
    scoped_free char *copy = xasprintf("%.*s", (int)answer->n_bytes, answer->body);
    bool is_good = strlen(copy) == answer->n_bytes;
    for (char *at = copy, *line; (line = strsep(&at, "\n")) != NULL;)
        if (*line != '\0')
            is_good &= take_line(table, now, line);
    return is_good;
}

bool eni_table_take_list(
    struct eni_table *table, const struct now *now, const struct answer *answer)
{
    bool is_good = answer->body == NULL || take_lines(table, now, answer);
    for (size_t i = 0; i < table->n_entries; i++) {
        struct eni_entry *entry = table->entries[i];
        if (!entry->is_listed && entry->listing.due_ns <= now->boot_ns)
            question_repeat(&entry->listing, &entry->span, now);
    }
    return is_good;
}

// A device that was just attached may say 0 for a while (amazon-ec2-net-utils, lib.sh): believed of
// the primary ENI only.
static bool is_believed(size_t fact, const char *value, bool is_primary)
{
    return fact != ENI_DEVICE || strcmp(value, "0") != 0 || is_primary;
}

// Types with one network card do not have the key; an ENI that has its subnet has its keys.
static const char *default_of(const struct eni_entry *entry, size_t fact)
{
    return fact == ENI_CARD && entry->facts[ENI_SUBNET] != NULL ? "0" : NULL;
}

static char *read_answer(const struct eni_entry *entry, size_t fact, const struct answer *answer)
{
    if (answer->body != NULL)
        return fact_read(&eni_facts[fact], answer);
    const char *fallback = default_of(entry, fact);
    return fallback != NULL ? xstrdup(fallback) : NULL;
}

bool eni_entry_take(struct eni_entry *entry, struct question *question, const struct now *now,
    const struct answer *answer, bool is_primary)
{
    size_t fact = (size_t)(question - entry->questions);
    char *value = read_answer(entry, fact, answer);
    bool is_good = value != NULL;
    if (value == NULL || !is_believed(fact, value, is_primary)) {
        free(value);
        question_repeat(question, &entry->span, now);
        return is_good;
    }
    free(entry->facts[fact]);
    entry->facts[fact] = value;
    // Security groups are the one thing that changes while an ENI is attached.
    question->due_ns = fact == ENI_GROUPS ? now->boot_ns + QUESTION_RENEW_NS : QUESTION_NEVER;
    return true;
}
