// SPDX-License-Identifier: Apache-2.0
// Any JSON is what a journal has noted of another boot: what is kept has its form, it is the same
// when it is told and read again, and a record of that boot can be claimed and labelled.
#include <stdbool.h>
#include <string.h>

#include "identity/past.h"
#include "log.h"

#define TODAYS_ID "i-0123456789abcdef0"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
int LLVMFuzzerInitialize(int *n_words, char ***words);

static const struct identity_options options = {.wait_ms = 300000};
static const struct now now = {.boot_ns = 1000 * NS_PER_S};
static const struct eni seen = {.mac = {{2, 0, 0, 0, 0, 1}}, .ifindex = 2};

static void check(bool claim)
{
    if (!claim)
        abort();
}

static void check_facts(const struct fact_kind *kinds, char *const *facts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(facts[i] == NULL ||
            (strlen(facts[i]) <= CLOUDWATCH_MAX_DIMENSION_VALUE && kinds[i].is_value(facts[i])));
}

static void check_known(const struct identity *identity)
{
    check(label_is_name(identity->host_name, sizeof(identity->host_name) - 1));
    check(identity->cluster.name[0] == '\0' || node_config_is_name(identity->cluster.name));
    check(identity->enis.n_entries <= ENI_TABLE_MAX);
    check_facts(instance_facts, identity->instance.facts, INSTANCE_N_FACTS);
    for (size_t i = 0; i < identity->enis.n_entries; i++)
        check_facts(eni_facts, identity->enis.entries[i]->facts, ENI_N_FACTS);
}

static void check_told_again(const struct past *past)
{
    struct past again;
    json_auto_t *told = identity_tell(&past->identity);
    past_init(&again, &options, told);
    json_auto_t *retold = identity_tell(&again.identity);
    check(json_equal(told, retold));
    past_finish(&again);
}

static void check_record(struct past *past, struct identity *today, const struct record *record)
{
    const char *id = past->identity.instance.facts[INSTANCE_ID];
    enum claim claim = past_claim(past, today, record);
    if (id != NULL)
        check((claim == CLAIM_OURS) == (strcmp(id, TODAYS_ID) == 0) && claim != CLAIM_PENDING);
    else
        check(claim != CLAIM_FOREIGN); // the wait is not over
    struct labels labels;
    past_label(past, today, record, &labels);
    check(labels.n_labels >= 1 && labels.n_labels <= LABELS_MAX);
    for (size_t i = 0; i < labels.n_labels; i++) {
        check(!labels.labels[i].is_pending);
        check(labels_dimension(&labels, labels.labels[i].name) == labels.labels[i].value);
    }
}

static void check_records(struct past *past, struct identity *today)
{
    struct record record = {.scope = METRIC_SCOPE_INSTANCE};
    check_record(past, today, &record);
    record.scope = METRIC_SCOPE_ENI;
    record.eni = seen;
    check_record(past, today, &record);
    for (size_t i = 0; i < past->identity.enis.n_entries && i < 3; i++) {
        record.eni.mac = past->identity.enis.entries[i]->mac;
        check_record(past, today, &record);
    }
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
    json_auto_t *who = json_loadb(
        (const char *)bytes, n_bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    struct identity today;
    struct past past;
    identity_init(&today, &(struct identity_setting){.options = &options}, &now);
    today.instance.facts[INSTANCE_ID] = xstrdup(TODAYS_ID);
    identity_see(&today, &seen, &now);
    past_init(&past, &options, who);
    check_known(&past.identity);
    check_told_again(&past);
    check_records(&past, &today);
    today.has_imds = true; // for this its answers count
    identity_recall(&today, who);
    check_known(&today);
    today.has_imds = false;
    past_finish(&past);
    identity_finish(&today);
    return 0;
}
