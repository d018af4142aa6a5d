// SPDX-License-Identifier: Apache-2.0
// A batch waits for its turn, goes part by part, and comes again from the first item that is not
// settled.
#include <limits.h>
#include <string.h>

#include "base/random.h"
#include "log.h"
#include "sink/aws_delivery.h"
#include "sink/aws_options.h"
#include "sink/aws_trouble.h"

struct aws_link *aws_delivery_link(
    const struct aws_delivery_kind *kind, const struct sink_setting *setting)
{
    const struct aws_options *wanted = setting->options;
    return aws_link_create(&(struct aws_link_setting){.service = kind->service,
        .name = kind->ops->name,
        .region = wanted->region,
        .endpoint = wanted->endpoint,
        .http = setting->http,
        .profiles = setting->profiles,
        .imds_endpoint = setting->imds_endpoint,
        .place = setting->place,
        .seed = random_seed()});
}

void aws_delivery_init(struct aws_delivery *delivery, const struct aws_delivery_kind *kind,
    const struct sink_setting *setting)
{
    const struct aws_options *wanted = setting->options;
    *delivery = (struct aws_delivery){.sink.ops = kind->ops,
        .kind = kind,
        .place = setting->place,
        .link = aws_delivery_link(kind, setting),
        .spread = {.period_ms = setting->period_ms, .within_ms = wanted->spread_ms}};
    patience_init(&delivery->patience, random_seed());
}

void aws_delivery_finish(struct aws_delivery *delivery)
{
    aws_link_destroy(delivery->link);
    free(delivery->who);
    free(delivery->is_refused);
    free(delivery->reason);
    *delivery = (struct aws_delivery){0};
}

// --- When it goes out ---

static char *host_name(void)
{
    char host[HOST_NAME_MAX + 1] = "";
    if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
        return xstrdup("localhost");
    return xstrdup(host);
}

static void learn_who(struct aws_delivery *delivery)
{
    const char *id = delivery->place->instance_id;
    bool is_known = delivery->who != NULL && (id == NULL || strcmp(id, delivery->who) == 0);
    if (is_known)
        return;
    free(delivery->who);
    delivery->who = id != NULL ? xstrdup(id) : host_name();
    delivery->spread.hash = spread_hash(delivery->who);
}

const char *aws_delivery_who(struct aws_delivery *delivery)
{
    learn_who(delivery);
    return delivery->who;
}

bool aws_delivery_is_ready(const struct sink *sink)
{
    const struct aws_delivery *delivery = (const struct aws_delivery *)sink;
    return delivery->batch == NULL && delivery->turn_ns == 0 && !delivery->is_resting &&
        aws_link_is_ready(delivery->link);
}

void aws_delivery_submit(struct sink *sink, const struct batch *batch)
{
    struct aws_delivery *delivery = (struct aws_delivery *)sink;
    delivery->batch = batch;
    delivery->has_begun = false;
    delivery->n_refused = 0;
    bisect_begin(&delivery->part, batch->n_items);
    if (batch->n_items > delivery->capacity) {
        delivery->capacity = batch->n_items;
        delivery->is_refused = xreallocarray(delivery->is_refused, delivery->capacity, 1);
    }
    memset(delivery->is_refused, 0, batch->n_items);
}

static uint64_t find_turn_ns(struct aws_delivery *delivery, const struct now *now)
{
    if (delivery->patience.is_hurried)
        return 0;
    learn_who(delivery);
    return spread_until_ns(&delivery->spread, now);
}

static bool may_send(const struct aws_delivery *delivery)
{
    return delivery->batch != NULL && (delivery->has_begun || delivery->turn_ns == 0) &&
        aws_link_is_ready(delivery->link);
}

int aws_delivery_work(struct sink *sink, const struct now *now, struct ship_answer *ret_answer)
{
    struct aws_delivery *delivery = (struct aws_delivery *)sink;
    struct aws_answer answer;
    struct aws_reply reply = {.now = now, .answer = &answer, .ret_answer = ret_answer};
    *ret_answer = (struct ship_answer){.ship = SHIP_BUSY};
    delivery->turn_ns = find_turn_ns(delivery, now);
    do {
        if (may_send(delivery))
            delivery->kind->send(delivery, now);
        reply.outcome = aws_link_work(delivery->link, now, &answer);
        if (reply.outcome != AWS_BUSY)
            delivery->kind->take(delivery, &reply);
    } while (may_send(delivery));
    delivery->is_resting = !patience_is_over(&delivery->patience, now);
    return 0;
}

void aws_delivery_send(
    struct aws_delivery *delivery, const struct now *now, const struct aws_request *request)
{
    delivery->has_begun = true;
    aws_link_send(delivery->link, now, request);
}

static uint64_t due_ns(const struct aws_delivery *delivery)
{
    if (delivery->batch == NULL && delivery->is_resting)
        return delivery->patience.rest_until_ns;
    bool has_turn = delivery->batch == NULL || !delivery->has_begun;
    return has_turn && delivery->turn_ns != 0 ? delivery->turn_ns : UINT64_MAX;
}

// HTTP wakes the daemon by itself.
void aws_delivery_wait(const struct sink *sink, struct sink_wait *ret_wait)
{
    const struct aws_delivery *delivery = (const struct aws_delivery *)sink;
    uint64_t link_ns = aws_link_due_ns(delivery->link), own_ns = due_ns(delivery);
    uint64_t until_ns = link_ns < own_ns ? link_ns : own_ns;
    *ret_wait = (struct sink_wait){.fd = -1, .until_ns = until_ns == UINT64_MAX ? 0 : until_ns};
}

void aws_delivery_hurry(struct sink *sink)
{
    struct aws_delivery *delivery = (struct aws_delivery *)sink;
    patience_hurry(&delivery->patience);
    delivery->turn_ns = 0;
    delivery->is_resting = false;
}

// --- What became of a part ---

void aws_delivery_note(
    struct aws_delivery *delivery, const struct aws_answer *answer, bool is_of_part)
{
    bool is_first = !delivery->has_connected && answer->n_connections > 0;
    delivery->sink.n_reconnects += answer->n_connections - is_first;
    delivery->has_connected |= is_first;
    if (is_of_part && answer->may_have_arrived)
        delivery->sink.n_maybe_doubled += bisect_end(&delivery->part) - delivery->part.begin;
}

static const char *name_of(const struct aws_delivery *delivery)
{
    return delivery->sink.ops->name;
}

static const char *endpoint_of(const struct aws_delivery *delivery)
{
    return aws_link_view(delivery->link).endpoint;
}

bool aws_delivery_halve(struct aws_delivery *delivery, const struct aws_answer *answer)
{
    if (!bisect_halve(&delivery->part))
        return false;
    scoped_free char *words = aws_trouble_words(answer);
    log_debug("%s: sent again in halves: %s", name_of(delivery), words);
    return true;
}

void aws_delivery_refuse(struct aws_delivery *delivery, size_t i, const char *reason)
{
    delivery->is_refused[i] = 1;
    if (delivery->n_refused++ > 0)
        return;
    free(delivery->reason);
    delivery->reason = xstrdup(reason);
}

static void end_batch(struct aws_delivery *delivery, enum ship ship, struct ship_answer *ret_answer)
{
    size_t n_refused = delivery->n_refused;
    if (n_refused > delivery->kind->n_named)
        log_error("%s: %zu of %zu %s are refused for good, and dropped: %s", name_of(delivery),
            n_refused, delivery->batch->n_items, delivery->kind->items, delivery->reason);
    *ret_answer = (struct ship_answer){.ship = ship,
        .n_taken = delivery->part.begin,
        .is_refused = n_refused > 0 ? delivery->is_refused : NULL};
    delivery->batch = NULL;
}

void aws_delivery_settle(struct aws_delivery *delivery, const struct aws_reply *reply)
{
    bisect_settle(&delivery->part);
    if (delivery->part.n_ends == 0)
        end_batch(delivery, SHIP_TAKEN, reply->ret_answer);
}

static void say_delivered(struct aws_delivery *delivery, const struct now *now)
{
    char lasted[OUTAGE_TEXT_MAX];
    if (patience_succeed(&delivery->patience, now, lasted))
        log_info("%s: delivering to %s again after %s: nothing of what waited is lost",
            name_of(delivery), endpoint_of(delivery), lasted);
    else if (!delivery->has_delivered)
        log_info("%s: delivering to %s", name_of(delivery), endpoint_of(delivery));
    delivery->has_delivered = true;
}

void aws_delivery_succeed(struct aws_delivery *delivery, const struct aws_reply *reply)
{
    say_delivered(delivery, reply->now);
    aws_delivery_settle(delivery, reply);
}

// --- What failed ---

static char *remedy_of(const struct aws_delivery *delivery,
    const struct aws_delivery_failure *failure, enum aws_trouble trouble)
{
    if (failure->may_pass)
        return xasprintf(", in answer to %s", failure->action);
    return aws_trouble_remedy(trouble,
        &(struct aws_trouble_place){.service = aws_services[delivery->kind->service].name,
            .section = name_of(delivery),
            .action = failure->action,
            .policy = delivery->kind->policy});
}

void aws_delivery_fail(struct aws_delivery *delivery, const struct aws_reply *reply,
    const struct aws_delivery_failure *failure)
{
    enum aws_trouble trouble = aws_trouble_of(reply->outcome, reply->answer);
    struct setback setback = {
        .kind = (unsigned int)trouble * AWS_DELIVERY_MAX_REQUESTS + failure->request,
        .is_seldom = aws_trouble_lasts(trouble) && !failure->may_pass};
    const char *name = name_of(delivery), *endpoint = endpoint_of(delivery);
    scoped_free char *words = aws_trouble_words(reply->answer);
    scoped_free char *remedy = remedy_of(delivery, failure, trouble);
    if (patience_fail(&delivery->patience, reply->now, &setback))
        log_warning("%s: cannot deliver to %s: %s%s; %s wait, trying again", name, endpoint, words,
            remedy, delivery->kind->items);
    else
        log_debug("%s: cannot deliver to %s: %s%s", name, endpoint, words, remedy);
    end_batch(delivery, SHIP_LATER, reply->ret_answer);
}
