// SPDX-License-Identifier: Apache-2.0
// What is known becomes labels: the configuration wins, then what the metadata service says; what
// it may still say is pending. What it is asked is in identity_inquiry.c.
#include <string.h>

#include "base/mac.h"
#include "identity/identity.h"

static bool is_ascii_name(const char *text)
{
    if (text[strspn(text, " ")] == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static void read_host_name(struct identity *identity)
{
    if (gethostname(identity->host_name, sizeof(identity->host_name) - 1) != 0 ||
        !is_ascii_name(identity->host_name))
        memcpy(identity->host_name, "unknown", sizeof("unknown"));
}

// Parts the nodes of a fleet that start in one moment.
static uint64_t seed_of(const struct identity *identity, const struct now *now)
{
    uint64_t seed = now->boot_ns ^ (uint64_t)now->wall_ms;
    for (const char *at = identity->host_name; *at != '\0'; at++)
        seed = seed * 31 + (unsigned char)*at;
    return seed;
}

void identity_init(
    struct identity *identity, const struct identity_setting *setting, const struct now *now)
{
    const struct identity_options *options = setting->options;
    *identity = (struct identity){.options = options, .has_imds = setting->http != NULL};
    uint64_t wait_ns = options->wait_ms * NS_PER_MS;
    struct question_span span = {now->boot_ns, now->boot_ns + wait_ns};
    read_host_name(identity);
    instance_init(&identity->instance, &span);
    eni_table_init(&identity->enis, wait_ns);
    if (!setting->is_elsewhere)
        cluster_init(&identity->cluster, options, &span, identity->has_imds);
    if (!identity->has_imds)
        return;
    imds_init(&identity->imds, setting->http, setting->endpoint, seed_of(identity, now));
    identity->imds.patience_ns = wait_ns > IMDS_MIN_PATIENCE_NS ? wait_ns : IMDS_MIN_PATIENCE_NS;
}

void identity_finish(struct identity *identity)
{
    if (identity == NULL)
        return;
    imds_finish(&identity->imds);
    instance_finish(&identity->instance);
    eni_table_finish(&identity->enis);
    *identity = (struct identity){0};
}

void identity_see(struct identity *identity, const struct eni *eni, const struct now *now)
{
    if (!eni_table_see(&identity->enis, eni, now))
        return;
    identity->n_changes++;
    identity->due_ns = 0;
}

// What is put together for one record.
struct making {
    struct identity *identity;
    const struct now *now;
    struct labels *labels;
};

static const char *configured(const struct identity_options *options, enum instance_fact fact)
{
    if (fact == INSTANCE_ID)
        return options->instance_id;
    return identity_option(&options->dimensions, instance_facts[fact].label, false);
}

// Not what the user calls the region: that is a label, and requests go where the instance is. Not
// what stands in for the id either.
void identity_place(const struct identity *identity, struct place *ret_place)
{
    const char *id = configured(identity->options, INSTANCE_ID);
    *ret_place = (struct place){
        .instance_id = id != NULL ? id : identity->instance.facts[INSTANCE_ID],
        .region = identity->instance.facts[INSTANCE_REGION],
    };
}

static bool is_waited_for(const struct making *making, const struct question_span *span)
{
    return making->identity->has_imds && making->now->boot_ns < span->wait_until_ns;
}

bool identity_is_pending(const struct identity *identity, const struct now *now)
{
    if (!identity->has_imds)
        return false;
    bool is_pending = now->boot_ns < identity->instance.span.wait_until_ns;
    for (size_t i = 0; i < identity->enis.n_entries; i++)
        is_pending |= now->boot_ns < identity->enis.entries[i]->span.wait_until_ns;
    return is_pending;
}

// A fact of EC2's, or what stands in for it while it is not known.
static void add_fact(const struct making *making, const char *name, const char *value,
    const char *stand_in, const struct question_span *span)
{
    struct label label = {.name = name, .value = value, .is_dimension = true};
    if (value == NULL) {
        label.value = stand_in;
        label.is_stand_in = stand_in != NULL;
        label.is_pending = span != NULL && is_waited_for(making, span);
    }
    if (label.value != NULL || label.is_pending)
        labels_add(making->labels, label);
}

static void add_instance(const struct making *making)
{
    struct identity *identity = making->identity;
    const struct instance *instance = &identity->instance;
    for (enum instance_fact i = 0; i < INSTANCE_N_FACTS; i++) {
        const char *name = instance_facts[i].label;
        if (name == NULL)
            continue;
        const char *value = configured(identity->options, i);
        // The rest of the user's dimensions is added as it is.
        if (value != NULL && i != INSTANCE_ID)
            continue;
        add_fact(making, name, value != NULL ? value : instance->facts[i],
            i == INSTANCE_ID ? identity->host_name : NULL, &instance->span);
    }
}

static void add_cluster(const struct making *making)
{
    const struct identity *identity = making->identity;
    const struct cluster *cluster = &identity->cluster;
    const char *value = identity->options->cluster != NULL ? identity->options->cluster
        : cluster->name[0] != '\0'                         ? cluster->name
                                                           : NULL;
    add_fact(making, "ClusterName", value, NULL, cluster_is_open(cluster) ? &cluster->span : NULL);
}

static void add_eni(const struct making *making, const struct mac *mac)
{
    struct identity *identity = making->identity;
    const struct eni_entry *entry = eni_table_find(&identity->enis, mac);
    mac_format(mac->octets, identity->mac);
    for (size_t i = 0; i < ENI_N_FACTS; i++) {
        const char *value = i == ENI_ID
            ? identity_option(&identity->options->enis, identity->mac, true)
            : NULL;
        if (value == NULL && entry != NULL)
            value = entry->facts[i];
        add_fact(making, eni_facts[i].label, value, i == ENI_ID ? identity->mac : NULL,
            entry != NULL ? &entry->span : NULL);
    }
}

static void add_pairs(struct labels *labels, const struct option_map *map, bool are_dimensions)
{
    for (size_t i = 0; i < map->n_pairs; i++)
        labels_add(labels,
            (struct label){.name = map->pairs[i].name,
                .value = map->pairs[i].value,
                .is_dimension = are_dimensions});
}

void identity_label(struct identity *identity, const struct record *record, const struct now *now,
    struct labels *ret_labels)
{
    struct making making = {identity, now, ret_labels};
    ret_labels->n_labels = 0;
    add_instance(&making);
    add_cluster(&making);
    if (record->scope == METRIC_SCOPE_ENI)
        add_eni(&making, &record->eni.mac);
    add_pairs(ret_labels, &identity->options->dimensions, true);
    add_pairs(ret_labels, &identity->options->properties, false);
}
