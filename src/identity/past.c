// SPDX-License-Identifier: Apache-2.0
// An image baked from a running node carries a journal with that node's records: a thousand nodes
// made from it must not each publish them again.
#include <string.h>

#include "base/mac.h"
#include "encode/document.h"
#include "identity/past.h"

static json_t *tell_facts(const struct fact_kind *kinds, char *const *facts, size_t n)
{
    json_t *told = json_object();
    for (size_t i = 0; i < n; i++)
        if (facts[i] != NULL && kinds[i].label != NULL)
            document_set(told, kinds[i].label, json_string(facts[i]));
    return told;
}

static json_t *tell_enis(const struct eni_table *enis)
{
    json_t *told = json_object();
    for (size_t i = 0; i < enis->n_entries; i++) {
        char mac[MAC_TEXT_MAX];
        mac_format(enis->entries[i]->mac.octets, mac);
        document_set(told, mac, tell_facts(eni_facts, enis->entries[i]->facts, ENI_N_FACTS));
    }
    return told;
}

json_t *identity_tell(const struct identity *identity)
{
    json_t *who = json_object();
    document_set(who, "host", json_string(identity->host_name));
    if (identity->cluster.name[0] != '\0')
        document_set(who, "cluster", json_string(identity->cluster.name));
    document_set(
        who, "instance", tell_facts(instance_facts, identity->instance.facts, INSTANCE_N_FACTS));
    document_set(who, "enis", tell_enis(&identity->enis));
    return who;
}

// As an answer of the metadata service would be.
static char *read_fact(const struct fact_kind *kind, const json_t *told)
{
    const json_t *member = kind->label != NULL ? json_object_get(told, kind->label) : NULL;
    struct answer answer = {json_string_value(member), json_string_length(member)};
    return answer.body != NULL ? fact_read(kind, &answer) : NULL;
}

static void recall_facts(const struct fact_kind *kinds, char **facts, size_t n, const json_t *told)
{
    for (size_t i = 0; i < n; i++)
        if (facts[i] == NULL)
            facts[i] = read_fact(&kinds[i], told);
}

static void recall_instance(struct instance *instance, const json_t *who)
{
    recall_facts(
        instance_facts, instance->facts, INSTANCE_N_FACTS, json_object_get(who, "instance"));
}

static void recall_enis(struct eni_table *enis, const json_t *who, bool are_facts_wanted)
{
    const char *text;
    json_t *told;
    json_object_foreach(json_object_get(who, "enis"), text, told)
    {
        struct mac mac;
        struct eni_entry *entry = mac_parse(text, mac.octets) ? eni_table_recall(enis, &mac) : NULL;
        if (entry != NULL && are_facts_wanted)
            recall_facts(eni_facts, entry->facts, ENI_N_FACTS, told);
    }
}

// NULL for one that has a NUL in it, too.
static const char *read_text(const json_t *who, const char *name)
{
    const json_t *member = json_object_get(who, name);
    const char *text = json_string_value(member);
    return text != NULL && strlen(text) == json_string_length(member) ? text : NULL;
}

void identity_recall(struct identity *identity, const json_t *who)
{
    recall_enis(&identity->enis, who, identity->has_imds);
    if (!identity->has_imds)
        return;
    const char *cluster = read_text(who, "cluster");
    recall_instance(&identity->instance, who);
    if (cluster != NULL)
        cluster_recall(&identity->cluster, cluster);
}

void past_init(struct past *past, const struct identity_options *options, const json_t *who)
{
    struct identity *identity = &past->identity;
    identity_init(identity, &(struct identity_setting){.options = options, .is_elsewhere = true},
        &(struct now){0});
    const char *host = read_text(who, "host");
    if (host != NULL && label_is_name(host, sizeof(identity->host_name) - 1))
        memcpy(identity->host_name, host, strlen(host) + 1);
    const char *cluster = read_text(who, "cluster");
    if (cluster != NULL && node_config_is_name(cluster))
        memcpy(identity->cluster.name, cluster, strlen(cluster) + 1);
    recall_instance(&identity->instance, who);
    recall_enis(&identity->enis, who, true);
}

void past_finish(struct past *past)
{
    if (past != NULL)
        identity_finish(&past->identity);
}

static const char *id_of(const struct identity *identity)
{
    return identity->instance.facts[INSTANCE_ID];
}

// What the service will not say any more within identity.wait counts as not to be known.
static bool may_know_id_soon(const struct identity *today)
{
    return id_of(today) == NULL && today->has_imds && !today->is_given_up;
}

static bool is_mac_of_today(
    const struct past *past, const struct identity *today, const struct record *record)
{
    const struct eni_table *then = &past->identity.enis;
    if (record->scope == METRIC_SCOPE_ENI && eni_table_find(&today->enis, &record->eni.mac) != NULL)
        return true;
    for (size_t i = 0; i < then->n_entries; i++)
        if (eni_table_find(&today->enis, &then->entries[i]->mac) != NULL)
            return true;
    return false;
}

static enum claim claim_by_mac(
    const struct past *past, const struct identity *today, const struct record *record)
{
    if (is_mac_of_today(past, today, record))
        return CLAIM_OURS;
    bool has_looked = today->is_given_up && today->enis.n_entries > 0;
    return has_looked ? CLAIM_FOREIGN : CLAIM_PENDING;
}

// Whether the id of the record's ENI was not known then, and is about to be.
static bool is_eni_id_coming(
    const struct past *past, const struct identity *today, const struct record *record)
{
    if (record->scope != METRIC_SCOPE_ENI || !today->has_imds)
        return false;
    char mac[MAC_TEXT_MAX];
    mac_format(record->eni.mac.octets, mac);
    const struct eni_entry *then = eni_table_find(&past->identity.enis, &record->eni.mac);
    const struct eni_entry *now = eni_table_find(&today->enis, &record->eni.mac);
    return (then == NULL || then->facts[ENI_ID] == NULL) &&
        identity_option(&today->options->enis, mac, true) == NULL && now != NULL &&
        now->facts[ENI_ID] == NULL && !now->is_given_up;
}

enum claim past_claim(
    const struct past *past, const struct identity *today, const struct record *record)
{
    if (may_know_id_soon(today))
        return CLAIM_PENDING;
    const char *then_id = id_of(&past->identity), *today_id = id_of(today);
    enum claim claim = then_id == NULL || today_id == NULL ? claim_by_mac(past, today, record)
        : strcmp(then_id, today_id) == 0                   ? CLAIM_OURS
                                                           : CLAIM_FOREIGN;
    return claim == CLAIM_OURS && is_eni_id_coming(past, today, record) ? CLAIM_PENDING : claim;
}

// Of one instance or ENI: a stopped instance is given another type, an ENI another place.
static bool may_have_changed(const char *name)
{
    const char *const names[] = {instance_facts[INSTANCE_TYPE].label, eni_facts[ENI_DEVICE].label,
        eni_facts[ENI_CARD].label, eni_facts[ENI_GROUPS].label};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static struct label *find_label(struct labels *labels, const char *name)
{
    for (size_t i = 0; i < labels->n_labels; i++)
        if (strcmp(labels->labels[i].name, name) == 0)
            return &labels->labels[i];
    return NULL;
}

void past_label(struct past *past, struct identity *today, const struct record *record,
    struct labels *ret_labels)
{
    struct labels labels;
    identity_label(&past->identity, record, &(struct now){0}, ret_labels);
    identity_label(today, record, &(struct now){0}, &labels);
    for (size_t i = 0; i < labels.n_labels; i++) {
        const struct label *label = &labels.labels[i];
        struct label *then = find_label(ret_labels, label->name);
        bool is_told = label->value != NULL && !label->is_stand_in;
        if (!is_told || may_have_changed(label->name) || (then != NULL && !then->is_stand_in))
            continue;
        if (then != NULL)
            *then = *label;
        else
            labels_add(ret_labels, *label);
    }
}
