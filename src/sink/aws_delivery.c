// SPDX-License-Identifier: Apache-2.0
// A batch waits for its turn, goes part by part, and comes again from the first item that is not
// settled.
#include <string.h>

#include "log.h"
#include "sink/aws_delivery.h"

void aws_delivery_init(
    struct aws_delivery *delivery, struct sink *sink, const struct aws_delivery_setting *setting)
{
    *delivery = (struct aws_delivery){.sink = sink,
        .setting = *setting,
        .spread = {.period_ms = setting->period_ms, .within_ms = setting->spread_ms}};
    patience_init(&delivery->patience, setting->seed);
}

void aws_delivery_finish(struct aws_delivery *delivery)
{
    free(delivery->is_refused);
    free(delivery->reason);
    *delivery = (struct aws_delivery){0};
}

bool aws_delivery_is_ready(const struct aws_delivery *delivery)
{
    return delivery->batch == NULL && !delivery->is_resting;
}

void aws_delivery_submit(struct aws_delivery *delivery, const struct batch *batch, const char *who)
{
    delivery->spread.hash = spread_hash(who);
    delivery->batch = batch;
    delivery->is_new = true;
    delivery->hold_until_ns = 0;
    delivery->n_refused = 0;
    bisect_begin(&delivery->part, batch->n_items);
    if (batch->n_items > delivery->capacity) {
        delivery->capacity = batch->n_items;
        delivery->is_refused = xreallocarray(delivery->is_refused, delivery->capacity, 1);
    }
    memset(delivery->is_refused, 0, batch->n_items);
}

void aws_delivery_hurry(struct aws_delivery *delivery)
{
    delivery->hold_until_ns = 0;
    patience_hurry(&delivery->patience);
}

bool aws_delivery_work(struct aws_delivery *delivery, const struct now *now)
{
    delivery->is_resting = !patience_is_over(&delivery->patience, now);
    if (delivery->batch == NULL)
        return false;
    if (delivery->is_new && !delivery->patience.is_hurried)
        delivery->hold_until_ns = spread_until_ns(&delivery->spread, now);
    delivery->is_new = false;
    if (now->boot_ns >= delivery->hold_until_ns)
        delivery->hold_until_ns = 0;
    return delivery->hold_until_ns == 0;
}

uint64_t aws_delivery_due_ns(const struct aws_delivery *delivery)
{
    if (delivery->batch != NULL)
        return delivery->hold_until_ns != 0 ? delivery->hold_until_ns : UINT64_MAX;
    return delivery->is_resting ? delivery->patience.rest_until_ns : UINT64_MAX;
}

// --- What became of a part ---

void aws_delivery_note(
    struct aws_delivery *delivery, const struct aws_answer *answer, bool is_of_part)
{
    bool is_first = !delivery->has_connected && answer->n_connections > 0;
    delivery->sink->n_reconnects += answer->n_connections - is_first;
    delivery->has_connected |= is_first;
    if (is_of_part && answer->may_have_arrived)
        delivery->sink->n_maybe_doubled += bisect_end(&delivery->part) - delivery->part.begin;
}

void aws_delivery_refuse(struct aws_delivery *delivery, size_t i, const char *reason)
{
    delivery->is_refused[i] = 1;
    if (delivery->n_refused++ > 0)
        return;
    free(delivery->reason);
    delivery->reason = xstrdup(reason);
}

static const char *name_of(const struct aws_delivery *delivery)
{
    return delivery->sink->ops->name;
}

static const char *endpoint_of(const struct aws_delivery *delivery)
{
    return aws_link_view(delivery->setting.link).endpoint;
}

static void say_delivered(struct aws_delivery *delivery, const struct now *now)
{
    char lasted[OUTAGE_TEXT_MAX];
    if (patience_succeed(&delivery->patience, now, lasted))
        log_info("%s: delivering to %s again after %s", name_of(delivery), endpoint_of(delivery),
            lasted);
    else if (!delivery->has_delivered)
        log_info("%s: delivering to %s", name_of(delivery), endpoint_of(delivery));
    delivery->has_delivered = true;
}

static void end_batch(struct aws_delivery *delivery, struct ship_answer *ret_answer)
{
    size_t n_items = delivery->batch->n_items;
    if (delivery->n_refused > 0)
        log_error("%s: %zu of %zu documents are refused for good, and dropped: %s",
            name_of(delivery), delivery->n_refused, n_items, delivery->reason);
    ret_answer->n_taken = delivery->part.begin;
    ret_answer->is_refused = delivery->n_refused > 0 ? delivery->is_refused : NULL;
    delivery->batch = NULL;
}

void aws_delivery_settle(
    struct aws_delivery *delivery, const struct now *now, struct ship_answer *ret_answer)
{
    bisect_settle(&delivery->part);
    say_delivered(delivery, now);
    if (delivery->part.n_ends > 0)
        return;
    ret_answer->ship = SHIP_TAKEN;
    end_batch(delivery, ret_answer);
}

// --- What failed ---

// "ThrottlingException: Rate exceeded", "HTTP status 503", "Connection refused".
static char *words_of(const struct aws_answer *answer)
{
    const char *colon = *answer->message != '\0' ? ": " : "";
    if (answer->status == 0)
        return xstrdup(*answer->message != '\0' ? answer->message : "no answer");
    if (*answer->code != '\0')
        return xasprintf("%s%s%s", answer->code, colon, answer->message);
    return xasprintf("HTTP status %ld%s%s", answer->status, colon, answer->message);
}

// A no without AWS's words.
static bool is_of_stranger(const struct aws_delivery_failure *failure)
{
    return (failure->outcome == AWS_DENIED || failure->outcome == AWS_REFUSED) &&
        *failure->answer->code == '\0';
}

static char *remedy_of(
    const struct aws_delivery *delivery, const struct aws_delivery_failure *failure)
{
    const char *name = name_of(delivery);
    if (is_of_stranger(failure))
        return xasprintf("; that is no answer of AWS: see to the proxy, or to %s.endpoint", name);
    if (failure->outcome == AWS_DENIED)
        return xasprintf(
            "; it needs the IAM action %s, as in %s", failure->action, delivery->setting.policy);
    if (failure->outcome == AWS_EXPIRED)
        return xstrdup("; the keys are not taken: see to what gives them");
    if (failure->outcome == AWS_REFUSED)
        return xasprintf(", in answer to %s", failure->action);
    return xstrdup("");
}

static void say_trouble(
    const struct aws_delivery *delivery, const struct aws_delivery_failure *failure, bool is_news)
{
    scoped_free char *words = words_of(failure->answer);
    scoped_free char *remedy = remedy_of(delivery, failure);
    const char *name = name_of(delivery), *endpoint = endpoint_of(delivery);
    if (is_news)
        log_warning("%s: cannot deliver to %s: %s%s; documents wait, trying again", name, endpoint,
            words, remedy);
    else
        log_debug("%s: cannot deliver to %s: %s%s", name, endpoint, words, remedy);
}

void aws_delivery_fail(struct aws_delivery *delivery, const struct now *now,
    const struct aws_delivery_failure *failure, struct ship_answer *ret_answer)
{
    struct setback setback = {
        .kind = (unsigned int)failure->outcome * AWS_DELIVERY_MAX_REQUESTS + failure->request,
        .is_seldom = failure->is_seldom || is_of_stranger(failure)};
    bool is_news = patience_fail(&delivery->patience, now, &setback);
    say_trouble(delivery, failure, is_news);
    delivery->is_resting = true;
    ret_answer->ship = SHIP_LATER;
    end_batch(delivery, ret_answer);
}
