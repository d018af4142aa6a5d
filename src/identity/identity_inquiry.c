// SPDX-License-Identifier: Apache-2.0
// A part of identity.c: one question after the other, the most urgent first, whoever asks it.
#include <string.h>

#include "base/mac.h"
#include "identity/identity.h"
#include "log.h"

static void note_due(struct identity *identity, uint64_t due_ns)
{
    if (due_ns < identity->due_ns)
        identity->due_ns = due_ns;
}

// A question of any asker, and whose it is.
struct pick {
    enum asker asker;
    struct question *question;
    struct eni_entry *entry;
};

static void offer(struct pick *pick, enum asker asker, struct question *question)
{
    if (question != NULL && question_first(pick->question, question) == question) {
        pick->question = question;
        pick->asker = asker;
    }
}

static struct pick pick_next(struct identity *identity, const struct now *now)
{
    struct pick pick = {0};
    offer(&pick, ASKER_INSTANCE, instance_next(&identity->instance));
    offer(&pick, ASKER_CLUSTER, cluster_next(&identity->cluster));
    offer(&pick, ASKER_ENI, eni_table_next(&identity->enis, now, &pick.entry));
    return pick;
}

// Below /latest/; the caller's.
static char *path_of(const struct identity *identity, const struct pick *pick)
{
    if (pick->asker == ASKER_INSTANCE)
        return xstrdup(instance_path(&identity->instance, pick->question));
    if (pick->asker == ASKER_ENI)
        return eni_entry_path(pick->entry, pick->question);
    return cluster_path(&identity->cluster);
}

static void ask(struct identity *identity, const struct pick *pick, const struct now *now)
{
    identity->asker = pick->asker;
    if (pick->asker == ASKER_INSTANCE) {
        identity->asked = (size_t)(pick->question - identity->instance.questions);
    } else if (pick->asker == ASKER_ENI) {
        bool is_listing = pick->question == &pick->entry->listing;
        identity->asked_mac = pick->entry->mac;
        identity->asked = is_listing ? ENI_N_FACTS
                                     : (size_t)(pick->question - pick->entry->questions);
    }
    scoped_free char *path = path_of(identity, pick);
    imds_ask(&identity->imds, now, path);
}

// The question that was asked; none when its ENI was forgotten since.
static struct pick find_asked(struct identity *identity)
{
    struct pick pick = {.asker = identity->asker};
    if (pick.asker == ASKER_INSTANCE)
        pick.question = &identity->instance.questions[identity->asked];
    if (pick.asker == ASKER_CLUSTER)
        pick.question = &identity->cluster.question;
    if (pick.asker == ASKER_ENI)
        pick.entry = eni_table_find(&identity->enis, &identity->asked_mac);
    if (pick.entry != NULL)
        pick.question = identity->asked == ENI_N_FACTS ? &pick.entry->listing
                                                       : &pick.entry->questions[identity->asked];
    return pick;
}

static bool give_to_eni(struct identity *identity, const struct pick *pick, const struct now *now,
    const struct answer *answer)
{
    if (pick->question == &pick->entry->listing)
        return eni_table_take_list(&identity->enis, now, answer);
    char mac[MAC_TEXT_MAX];
    mac_format(pick->entry->mac.octets, mac);
    return eni_entry_take(
        pick->entry, pick->question, now, answer, instance_is_primary(&identity->instance, mac));
}

// Members of the document are refused one by one, and said there.
static bool give_to_instance(struct identity *identity, const struct pick *pick,
    const struct now *now, const struct answer *answer)
{
    uint64_t n_refused = identity->instance.n_refused;
    bool is_good = instance_take(&identity->instance, pick->question, now, answer);
    identity->n_refused += identity->instance.n_refused - n_refused;
    return is_good;
}

static bool give(struct identity *identity, const struct pick *pick, const struct now *now,
    const struct answer *answer)
{
    if (pick->asker == ASKER_INSTANCE)
        return give_to_instance(identity, pick, now, answer);
    if (pick->asker == ASKER_ENI)
        return give_to_eni(identity, pick, now, answer);
    return cluster_take(&identity->cluster, now, answer);
}

static void refuse(struct identity *identity, struct question *question, const char *path)
{
    identity->n_refused++;
    if (!question->is_said)
        log_warning("imds: %s: the answer is not what belongs there: left out", path);
    question->is_said = true;
}

static void take_answer(struct identity *identity, const struct now *now,
    const struct answer *answer, bool is_too_large)
{
    struct pick pick = find_asked(identity);
    if (pick.question == NULL)
        return;
    scoped_free char *path = path_of(identity, &pick);
    bool is_good = give(identity, &pick, now, answer) && !is_too_large;
    if (!is_good && answer->body != NULL)
        refuse(identity, pick.question, path);
    identity->n_changes++;
}

// The others first when it is asked again.
static void note_failure(struct identity *identity, const struct now *now)
{
    struct pick pick = find_asked(identity);
    if (pick.question != NULL)
        pick.question->due_ns = now->boot_ns;
}

static void hear(struct identity *identity, const struct now *now)
{
    struct answer answer = {0};
    enum imds_answer r = imds_work(&identity->imds, now, &answer);
    switch (r) {
    case IMDS_NOTHING_NEW:
        return;
    case IMDS_FAILED:
        note_failure(identity, now);
        break;
    case IMDS_VALUE:
    case IMDS_ABSENT:
    case IMDS_TOO_LARGE:
        take_answer(identity, now, &answer, r == IMDS_TOO_LARGE);
        break;
    }
    identity->asker = ASKER_NONE;
}

static void ask_next(struct identity *identity, const struct now *now)
{
    struct pick pick = pick_next(identity, now);
    if (pick.question == NULL)
        return;
    if (pick.question->due_ns > now->boot_ns)
        note_due(identity, pick.question->due_ns);
    else if (imds_is_ready(&identity->imds, now))
        ask(identity, &pick, now);
    else if (identity->asker == ASKER_NONE)
        note_due(identity, imds_rests_until_ns(&identity->imds));
}

// Once it is known, or that nobody knows it.
static void say_cluster(struct identity *identity)
{
    const struct cluster *cluster = &identity->cluster;
    if (cluster->name[0] != '\0' && !identity->is_cluster_told)
        log_info("identity: cluster %s, from %s", cluster->name, cluster->origin);
    else if (cluster->n_sources > 0 && !cluster_is_open(cluster) && !identity->is_no_cluster_told)
        log_info("identity: no source knows the name of a cluster: dimension sets with ClusterName "
                 "are left out; set identity.cluster");
    identity->is_cluster_told = cluster->name[0] != '\0';
    identity->is_no_cluster_told = !cluster_is_open(cluster);
}

static void say_instance(struct identity *identity)
{
    char *const *facts = identity->instance.facts;
    log_info("identity: %s, %s in %s", facts[INSTANCE_ID],
        facts[INSTANCE_TYPE] != NULL ? facts[INSTANCE_TYPE] : "of unknown type",
        facts[INSTANCE_ZONE] != NULL ? facts[INSTANCE_ZONE] : "an unknown zone");
    identity->is_instance_told = true;
}

static void say_news(struct identity *identity)
{
    say_cluster(identity);
    if (!identity->is_instance_told && identity->instance.facts[INSTANCE_ID] != NULL)
        say_instance(identity);
}

// A record has waited for its labels for as long as it may: whichever it was.
static bool is_wait_over(
    struct identity *identity, const struct question_span *span, const struct now *now)
{
    if (now->boot_ns >= span->wait_until_ns)
        return true;
    note_due(identity, span->wait_until_ns);
    return false;
}

static void end_wait_of_instance(struct identity *identity, const struct now *now)
{
    if (identity->is_given_up || !is_wait_over(identity, &identity->instance.span, now))
        return;
    identity->is_given_up = true;
    identity->n_changes++;
    if (identity->has_imds && identity->options->instance_id == NULL &&
        identity->instance.facts[INSTANCE_ID] == NULL)
        log_warning(
            "identity: no instance id within identity.wait: InstanceId is %s until it comes; "
            "set identity.instance_id",
            identity->host_name);
}

static void end_wait_of_eni(
    struct identity *identity, struct eni_entry *entry, const struct now *now)
{
    if (entry->is_given_up || !is_wait_over(identity, &entry->span, now))
        return;
    entry->is_given_up = true;
    identity->n_changes++;
    char mac[MAC_TEXT_MAX];
    mac_format(entry->mac.octets, mac);
    if (entry->facts[ENI_ID] == NULL &&
        identity_option(&identity->options->enis, mac, true) == NULL)
        log_warning(
            "identity: %s: no ENI id within identity.wait: NetworkInterfaceId is %s until it "
            "comes; set identity.eni.%s",
            entry->ifname, mac, mac);
}

// Without the metadata service no label is waited for; whose old records are is (past.h).
static void end_waits(struct identity *identity, const struct now *now)
{
    end_wait_of_instance(identity, now);
    for (size_t i = 0; identity->has_imds && i < identity->enis.n_entries; i++)
        end_wait_of_eni(identity, identity->enis.entries[i], now);
}

void identity_work(struct identity *identity, const struct now *now)
{
    if (identity->asker == ASKER_NONE && now->boot_ns < identity->due_ns)
        return;
    identity->due_ns = QUESTION_NEVER;
    if (identity->has_imds)
        hear(identity, now);
    // After what was heard: it may be the file's turn now, or that of a question.
    identity->n_changes += cluster_look(&identity->cluster, now);
    note_due(identity, cluster_look_ns(&identity->cluster));
    if (identity->has_imds)
        ask_next(identity, now);
    end_waits(identity, now);
    say_news(identity);
}

uint64_t identity_due_ns(const struct identity *identity)
{
    return identity->due_ns;
}
