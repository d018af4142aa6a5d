// SPDX-License-Identifier: Apache-2.0
// When to fetch, and what to do with what comes. The end of keys is of the wall clock, which is
// looked at each time; how long to rest is of the boot clock, so that a step of the former makes
// neither a storm nor a silence.
#include <string.h>

#include "aws/keeper.h"
#include "base/random.h"

#define FIRST_RETRY_NS NS_PER_S
#define MAX_RETRY_NS   (60 * NS_PER_S)

// Keys with a short life, and those of a service that has no newer ones yet: the metadata service
// has them five minutes before the end of the old ones (EC2 User Guide, "IAM roles for Amazon
// EC2").
#define MIN_REST_MS INT64_C(30000)
// As botocore does when what it is given has ended (credentials.py, _extend_expiration).
#define STALE_REST_MS   INT64_C(120000)
#define STALE_JITTER_MS INT64_C(480000)

#define FAR_MS INT64_C(1000000000000) // 31 years

static const struct sigv4_keys *give(struct key_source *source)
{
    return keeper_keys((const struct keeper *)source);
}

static void refuse(struct key_source *source, const struct now *now)
{
    struct keeper *keeper = (struct keeper *)source;
    if (keeper->provider == NULL || keeper->is_fetching || keeper->keys.access_key_id == NULL)
        return;
    keeper->is_refused = true;
    keeper->due_ns = now->boot_ns;
}

void keeper_init(struct keeper *keeper, struct provider *provider, uint64_t seed)
{
    *keeper = (struct keeper){.source = {.keys = give, .refuse = refuse},
        .provider = provider,
        .random = seed,
        .due_ns = provider != NULL ? 0 : UINT64_MAX};
    backoff_init(&keeper->backoff, FIRST_RETRY_NS, MAX_RETRY_NS, seed);
}

void keeper_finish(struct keeper *keeper)
{
    if (keeper->provider != NULL)
        keeper->provider->ops->destroy(keeper->provider);
    aws_keys_finish(&keeper->keys);
    free(keeper->trouble);
    *keeper = (struct keeper){0};
}

const struct sigv4_keys *keeper_keys(const struct keeper *keeper)
{
    return keeper->keys.access_key_id == NULL || keeper->has_ended ? NULL : &keeper->given;
}

uint64_t keeper_due_ns(const struct keeper *keeper)
{
    return keeper->due_ns;
}

static int64_t random_ms(struct keeper *keeper, int64_t below_ms)
{
    return (int64_t)(next_random(&keeper->random) % (uint64_t)below_ms);
}

static void set_trouble(struct keeper *keeper, const char *reason, bool is_lasting)
{
    char *trouble = reason != NULL ? xstrdup(reason) : NULL;
    free(keeper->trouble);
    keeper->trouble = trouble;
    keeper->is_trouble_lasting = is_lasting;
}

// --- What came ---

static void rest(struct keeper *keeper, const struct now *now, int64_t ms)
{
    keeper->rest_until_ns = now->boot_ns + (uint64_t)ms * NS_PER_MS;
}

static void plan_renewal(struct keeper *keeper, const struct now *now)
{
    bool has_end = keeper->keys.expires_ms != AWS_NEVER_EXPIRES;
    int64_t left_ms = has_end ? keeper->keys.expires_ms - now->wall_ms : AWS_NEVER_EXPIRES;
    keeper->lead_ms = KEEPER_MANDATORY_MS +
        random_ms(keeper, KEEPER_ADVISORY_MS - KEEPER_MANDATORY_MS);
    keeper->rest_until_ns = 0;
    if (left_ms <= 0)
        rest(keeper, now, STALE_REST_MS + random_ms(keeper, STALE_JITTER_MS));
    else if (left_ms <= KEEPER_ADVISORY_MS)
        rest(keeper, now, MIN_REST_MS + left_ms / 4 + random_ms(keeper, left_ms / 4 + 1));
}

static enum keeper_news fail(
    struct keeper *keeper, const struct now *now, const struct fetched *fetched)
{
    set_trouble(keeper, fetched->reason, fetched->is_lasting);
    keeper->backoff.max_ns = MAX_RETRY_NS;
    if (fetched->is_lasting)
        keeper->backoff.max_ns = keeper->backoff.step_ns = KEEPER_SELDOM_NS;
    backoff_fail(&keeper->backoff, now);
    return KEEPER_FAILED;
}

static enum keeper_news find_none(
    struct keeper *keeper, const struct now *now, const struct fetched *fetched)
{
    set_trouble(keeper, fetched->reason, true);
    backoff_reset(&keeper->backoff);
    int64_t seldom_ms = (int64_t)(KEEPER_SELDOM_NS / NS_PER_MS);
    rest(keeper, now, seldom_ms - random_ms(keeper, seldom_ms / 10));
    return KEEPER_EMPTY;
}

static enum keeper_news adopt(struct keeper *keeper, const struct now *now, struct fetched *fetched)
{
    bool has_ended = fetched->keys.expires_ms <= now->wall_ms;
    if (has_ended && !keeper->provider->ops->keeps_old) {
        aws_keys_finish(&fetched->keys);
        fetched->reason =
            "the keys that it gives have ended already: is this machine's clock right?";
        return fail(keeper, now, fetched);
    }
    aws_keys_finish(&keeper->keys);
    keeper->keys = fetched->keys;
    keeper->given = (struct sigv4_keys){
        keeper->keys.access_key_id, keeper->keys.secret_access_key, keeper->keys.session_token};
    set_trouble(keeper,
        has_ended ? "the keys that it gives have ended, and are used until it gives others: is "
                    "this machine's clock right?"
                  : NULL,
        has_ended);
    backoff_reset(&keeper->backoff);
    plan_renewal(keeper, now);
    return KEEPER_RENEWED;
}

static enum keeper_news take(struct keeper *keeper, const struct now *now)
{
    struct fetched fetched = {0};
    enum fetch fetch = keeper->provider->ops->work(keeper->provider, now, &fetched);
    if (fetch == FETCH_BUSY)
        return KEEPER_NOTHING_NEW;
    keeper->is_fetching = false;
    keeper->is_refused &= fetch == FETCH_FAILED;
    keeper->fetched_ns = now->boot_ns;
    if (fetch == FETCH_DONE)
        return adopt(keeper, now, &fetched);
    return fetch == FETCH_NONE ? find_none(keeper, now, &fetched) : fail(keeper, now, &fetched);
}

// --- When to fetch ---

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// Boot time at which the wall clock will say `wall_ms`, unless it steps; never, for what is further
// away than a machine runs.
static uint64_t boot_of(const struct now *now, int64_t wall_ms)
{
    int64_t left_ms = wall_ms - now->wall_ms;
    if (left_ms > FAR_MS)
        return UINT64_MAX;
    return left_ms <= 0 ? 0 : now->boot_ns + (uint64_t)left_ms * NS_PER_MS;
}

static uint64_t fetch_due_ns(const struct keeper *keeper, const struct now *now)
{
    uint64_t due_ns = keeper->backoff.until_ns;
    if (keeper->is_refused)
        return later(due_ns, keeper->fetched_ns + KEEPER_REFUSAL_NS);
    if (keeper->has_ended)
        return due_ns;
    due_ns = later(due_ns, keeper->rest_until_ns);
    if (keeper->keys.access_key_id == NULL)
        return due_ns;
    if (keeper->keys.expires_ms == AWS_NEVER_EXPIRES)
        return UINT64_MAX;
    return later(due_ns, boot_of(now, keeper->keys.expires_ms - keeper->lead_ms));
}

static void note_end(struct keeper *keeper, const struct now *now)
{
    keeper->has_ended = keeper->keys.access_key_id != NULL && !keeper->provider->ops->keeps_old &&
        keeper->keys.expires_ms <= now->wall_ms;
}

// When keys end there is something to say, and nothing to give out.
static uint64_t end_due_ns(const struct keeper *keeper, const struct now *now)
{
    bool has_end = keeper->keys.access_key_id != NULL && !keeper->has_ended &&
        !keeper->provider->ops->keeps_old && keeper->keys.expires_ms != AWS_NEVER_EXPIRES;
    return has_end ? boot_of(now, keeper->keys.expires_ms) : UINT64_MAX;
}

static void note_due(struct keeper *keeper, const struct now *now)
{
    uint64_t due_ns = keeper->is_fetching ? keeper->provider->ops->due_ns(keeper->provider)
                                          : fetch_due_ns(keeper, now);
    uint64_t end_ns = end_due_ns(keeper, now);
    keeper->due_ns = due_ns < end_ns ? due_ns : end_ns;
}

enum keeper_news keeper_work(struct keeper *keeper, const struct now *now)
{
    if (keeper->provider == NULL)
        return KEEPER_NOTHING_NEW;
    if (!keeper->is_fetching && now->boot_ns >= fetch_due_ns(keeper, now)) {
        keeper->is_fetching = true;
        keeper->provider->ops->fetch(keeper->provider, now);
    }
    enum keeper_news news = keeper->is_fetching ? take(keeper, now) : KEEPER_NOTHING_NEW;
    note_end(keeper, now);
    note_due(keeper, now);
    return news;
}
