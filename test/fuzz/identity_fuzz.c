// SPDX-License-Identifier: Apache-2.0
// Any bytes are what a metadata service says: the first byte selects the key, the rest is its
// value. Taken or refused; what is kept has its form: nothing in it that could end a line or a
// text, and no more than a dimension may have.
#include <stdbool.h>
#include <string.h>

#include "base/mac.h"
#include "identity/eni_table.h"
#include "identity/instance.h"
#include "labels.h"
#include "log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
int LLVMFuzzerInitialize(int *n_words, char ***words);

static const struct now now = {.boot_ns = 1000 * NS_PER_S};

static void check(bool claim)
{
    if (!claim)
        abort();
}

static void check_facts(const struct fact_kind *kinds, char *const *facts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (facts[i] == NULL)
            continue;
        size_t length = strlen(facts[i]);
        check(length >= 1 && length <= CLOUDWATCH_MAX_DIMENSION_VALUE);
        for (size_t k = 0; k < length; k++)
            check(facts[i][k] > ' ' && facts[i][k] <= '~');
        check(kinds[i].is_value(facts[i]));
    }
}

static size_t n_known(char *const *facts, size_t n)
{
    size_t n_found = 0;
    for (size_t i = 0; i < n; i++)
        n_found += facts[i] != NULL;
    return n_found;
}

static void take_instance(size_t index, const struct answer *answer)
{
    struct instance instance;
    instance_init(&instance, &(struct question_span){now.boot_ns, now.boot_ns + 300 * NS_PER_S});
    struct question *question = &instance.questions[index];
    if (question->due_ns != QUESTION_NEVER) {
        bool is_good = instance_take(&instance, question, &now, answer);
        check(is_good == (question->due_ns == QUESTION_NEVER));
        check(is_good == (n_known(instance.facts, INSTANCE_N_FACTS) > 0));
        check(index < INSTANCE_N_FACTS || is_good == (instance.facts[INSTANCE_ID] != NULL));
    }
    check_facts(instance_facts, instance.facts, INSTANCE_N_FACTS);
    instance_finish(&instance);
}

static void see(struct eni_table *table)
{
    eni_table_init(table, 300 * NS_PER_S);
    for (uint8_t i = 1; i <= 3; i++)
        eni_table_see(table, &(struct eni){.mac = {{2, 0, 0, 0, 0, i}}, .ifindex = 1 + i}, &now);
}

static void take_list(const struct answer *answer)
{
    struct eni_table table;
    see(&table);
    eni_table_take_list(&table, &now, answer);
    check(table.n_entries == 3);
    for (size_t i = 0; i < table.n_entries; i++) {
        const struct eni_entry *entry = table.entries[i];
        check(entry->is_listed || entry->listing.due_ns > now.boot_ns);
        check(!entry->is_listed || answer->n_bytes >= MAC_TEXT_MAX - 1);
        check(entry->questions[ENI_ID].due_ns <= now.boot_ns);
    }
    eni_table_finish(&table);
}

static void take_key(size_t fact, const struct answer *answer, bool is_primary)
{
    struct eni_table table;
    see(&table);
    struct eni_entry *entry = table.entries[0];
    bool is_good = eni_entry_take(entry, &entry->questions[fact], &now, answer, is_primary);
    check(entry->questions[fact].due_ns > now.boot_ns);
    check(is_good || entry->facts[fact] == NULL);
    check(n_known(entry->facts, ENI_N_FACTS) <= 1);
    check(is_primary || fact != ENI_DEVICE || entry->facts[fact] == NULL ||
        strcmp(entry->facts[fact], "0") != 0);
    check_facts(eni_facts, entry->facts, ENI_N_FACTS);
    eni_table_finish(&table);
}

int LLVMFuzzerInitialize(int *n_words, char ***words)
{
    (void)n_words;
    (void)words;
    log_set_level(LOG_LEVEL_ERROR);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes == 0)
        return 0;
    size_t index = bytes[0] % (INSTANCE_MAX_QUESTIONS + 1 + 2 * ENI_N_FACTS);
    // Terminated as those of os/http.h, and without a byte to spare, for the address sanitizer.
    scoped_free char *body = xcalloc(n_bytes, 1);
    memcpy(body, bytes + 1, n_bytes - 1);
    struct answer answer = {body, n_bytes - 1};
    if (index < INSTANCE_MAX_QUESTIONS)
        take_instance(index, &answer);
    else if (index == INSTANCE_MAX_QUESTIONS)
        take_list(&answer);
    else
        take_key((index - INSTANCE_MAX_QUESTIONS - 1) % ENI_N_FACTS, &answer, index % 2 == 0);
    return 0;
}
