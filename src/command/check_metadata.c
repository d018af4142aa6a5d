// SPDX-License-Identifier: Apache-2.0
// Who and where documents would say we are: the instance and the metadata service that tells it,
// the ids of the ENIs, and the name of the cluster.
#include <string.h>

#include "base/mac.h"
#include "command/check.h"
#include "encode/document.h"

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        document_set(object, name, document_text(text, SIZE_MAX));
}

static const char *fact(const struct check *check, enum instance_fact fact)
{
    return check->outside.identity.instance.facts[fact];
}

// --- The instance ---

// What the documents would carry without the metadata service.
static void add_stand_in(const struct check *check, char **text)
{
    const char *id = check->config->identity.instance_id;
    if (id != NULL)
        text_add(text, "; InstanceId is %s, as set", id);
    else
        text_add(
            text, "; InstanceId would be the host name, %s", check->outside.identity.host_name);
}

static void tell_not_asked(const struct check *check, struct finding *finding)
{
    bool has_id = check->config->identity.instance_id != NULL || check_is_replay(check);
    text_add(&finding->text, "not asked: %s", check->outside.no_imds_because);
    add_stand_in(check, &finding->text);
    finding->status = has_id ? CHECK_OK : CHECK_WARN;
    if (!has_id)
        finding->remedy = xstrdup("set identity.instance_id");
}

static void tell_instance(const struct check *check, struct finding *finding)
{
    const char *id = fact(check, INSTANCE_ID), *type = fact(check, INSTANCE_TYPE);
    const char *zone = fact(check, INSTANCE_ZONE);
    const char *configured = check->config->identity.instance_id;
    text_add(&finding->text, "%s: %s, %s in %s", check->outside.imds_endpoint, id,
        type != NULL ? type : "of unknown type", zone != NULL ? zone : "an unknown zone");
    set_text(finding->details, "instance_id", id);
    set_text(finding->details, "instance_type", type);
    set_text(finding->details, "availability_zone", zone);
    if (configured == NULL || strcmp(configured, id) == 0)
        return;
    finding->status = CHECK_WARN;
    text_add(&finding->text, "; but InstanceId is %s, as set", configured);
    finding->remedy = xstrdup("leave identity.instance_id out, unless it is meant");
}

static void tell_trouble(const struct check *check, struct finding *finding)
{
    enum imds_trouble trouble = check->outside.identity.imds.trouble;
    bool is_heard = trouble == IMDS_FINE;
    text_add(&finding->text, "%s: %s", check->outside.imds_endpoint,
        is_heard ? "answers, but not with the id of the instance, or not within 5 s"
                 : imds_trouble_text(trouble));
    add_stand_in(check, &finding->text);
    finding->status = check->config->identity.instance_id != NULL ? CHECK_WARN : CHECK_FAIL;
    finding->remedy = xstrdup(is_heard
            ? "see what it says at dynamic/instance-identity/document, or set "
              "identity.instance_id"
            : imds_trouble_remedy(trouble));
}

void check_metadata(struct check *check)
{
    struct finding finding = {.name = "metadata", .details = json_object()};
    bool is_asked = check->outside.no_imds_because == NULL;
    set_text(finding.details, "endpoint", is_asked ? check->outside.imds_endpoint : NULL);
    if (!is_asked)
        tell_not_asked(check, &finding);
    else if (fact(check, INSTANCE_ID) != NULL)
        tell_instance(check, &finding);
    else
        tell_trouble(check, &finding);
    report_add(&check->report, finding);
}

// --- The ENIs ---

// NULL: documents would carry the MAC.
static const char *id_of(const struct check *check, const struct eni *eni, const char *mac)
{
    const char *id = identity_option(&check->config->identity.enis, mac, true);
    const struct eni_entry *entry = eni_table_find(&check->outside.identity.enis, &eni->mac);
    return id == NULL && entry != NULL ? entry->facts[ENI_ID] : id;
}

static json_t *eni_of(const struct eni *eni, const char *mac, const char *id)
{
    json_t *object = json_object();
    document_set(object, "interface", document_text(eni->ifname, sizeof(eni->ifname)));
    set_text(object, "mac", mac);
    set_text(object, "network_interface_id", id);
    return object;
}

struct eni_ids {
    char *known, *unknown; // as text
    json_t *list;
};

static void take_eni(const struct check *check, const struct eni *eni, struct eni_ids *ids)
{
    char mac[MAC_TEXT_MAX];
    mac_format(eni->mac.octets, mac);
    const char *id = id_of(check, eni, mac);
    document_append(ids->list, eni_of(eni, mac, id));
    if (id == NULL) {
        text_add_word(&ids->unknown, eni->ifname);
        return;
    }
    scoped_free char *words = xasprintf("%s is %s", eni->ifname, id);
    text_add_word(&ids->known, words);
}

static void tell_unknown(
    const struct check *check, const struct eni_ids *ids, struct finding *finding)
{
    text_add(&finding->text, "%sthe MAC stands for the id of %s", finding->text != NULL ? "; " : "",
        ids->unknown);
    if (check->outside.no_imds_because != NULL)
        return;
    finding->status = CHECK_WARN;
    finding->remedy = xstrdup(fact(check, INSTANCE_ID) == NULL
            ? "see metadata above, or set identity.eni.MAC"
            : "the metadata service may be a minute late with an interface that was just attached: "
              "try again, or set identity.eni.MAC");
}

void check_enis(struct check *check)
{
    struct eni_ids ids = {.list = json_array()};
    for (size_t i = 0; i < check->survey.n_links; i++)
        if (check->survey.links[i].as == SURVEYED_ENI)
            take_eni(check, &check->survey.links[i].eni, &ids);
    struct finding finding = {.name = "ENI ids", .text = ids.known, .details = json_object()};
    document_set(finding.details, "enis", ids.list);
    if (ids.unknown != NULL)
        tell_unknown(check, &ids, &finding);
    free(ids.unknown);
    if (finding.text != NULL)
        report_add(&check->report, finding);
    else
        json_decref(finding.details);
}

// --- The cluster ---

static bool has_cluster(const struct dimension_set *set)
{
    for (size_t i = 0; i < set->n_names; i++)
        if (strcmp(set->names[i], "ClusterName") == 0)
            return true;
    return false;
}

// What a key of dimension sets is without the name of a cluster: fine, as nobody asked for it by
// name; or without some of its sets; or without any, so that nothing is a metric.
static enum check_status status_without(
    const struct check *check, const char *key, const char *text)
{
    struct dimension_sets sets = {0};
    if (dimension_sets_parse(text, &sets) != NULL)
        return CHECK_OK; // refused with the configuration
    size_t n_with = 0;
    for (size_t i = 0; i < sets.n_sets; i++)
        n_with += has_cluster(&sets.sets[i]);
    bool is_none_left = n_with == sets.n_sets;
    dimension_sets_finish(&sets);
    if (is_none_left)
        return CHECK_FAIL;
    bool is_asked_for = config_origin(check->config, "publish", key) != NULL;
    return n_with > 0 && is_asked_for ? CHECK_WARN : CHECK_OK;
}

// Why it is not known. Where the metadata service is in trouble as a whole, that is a finding of
// its own.
static void tell_search(const struct check *check, struct finding *finding)
{
    const struct cluster *cluster = &check->outside.identity.cluster;
    bool is_open = cluster_is_open(cluster), is_doubtful = cluster->told_doubt != NULL;
    text_add(&finding->text, "not known: %s",
        is_open                       ? "the metadata service did not tell"
            : cluster->n_sources == 0 ? "it is not looked for"
                                      : "identity.cluster_from has it nowhere");
    if (is_doubtful)
        text_add(&finding->text, " (in doubt: %s)", cluster->told_doubt);
    if (is_doubtful || (is_open && fact(check, INSTANCE_ID) != NULL))
        finding->status = CHECK_WARN;
}

static void tell_no_cluster(const struct check *check, struct finding *finding)
{
    const struct encoder_options *options = &check->config->encoder;
    const enum check_status of_sets[] = {
        status_without(check, "instance_dimensions", options->instance_dimensions),
        status_without(check, "eni_dimensions", options->eni_dimensions),
    };
    tell_search(check, finding);
    for (size_t i = 0; i < ARRAY_SIZE(of_sets); i++)
        if (of_sets[i] > finding->status)
            finding->status = of_sets[i];
    bool is_fatal = finding->status == CHECK_FAIL;
    text_add(&finding->text, "; %s",
        is_fatal ? "every dimension set of a kind has ClusterName: nothing of it becomes a metric"
                 : "dimension sets with ClusterName are left out");
    if (finding->status != CHECK_OK)
        finding->remedy = xstrdup("set identity.cluster, or change publish.instance_dimensions and "
                                  "publish.eni_dimensions");
}

void check_cluster(struct check *check)
{
    const struct cluster *cluster = &check->outside.identity.cluster;
    const char *configured = check->config->identity.cluster;
    struct finding finding = {.name = "cluster", .details = json_object()};
    const char *name = configured != NULL ? configured : cluster->name;
    const char *origin = configured != NULL ? "identity.cluster" : cluster->origin;
    if (*name == '\0') {
        tell_no_cluster(check, &finding);
    } else {
        finding.text = xasprintf("%s, from %s", name, origin);
        set_text(finding.details, "cluster", name);
        set_text(finding.details, "source", origin);
    }
    report_add(&check->report, finding);
}
