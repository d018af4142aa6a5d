// SPDX-License-Identifier: Apache-2.0
// Two backoffs and an outage.
#include "sink/patience.h"

#define SOON_FIRST_NS   NS_PER_S
#define SOON_MAX_NS     (60 * NS_PER_S)
#define SELDOM_FIRST_NS (60 * NS_PER_S)
#define SELDOM_MAX_NS   (600 * NS_PER_S)
#define HURRY_FIRST_NS  (100 * NS_PER_MS)
#define HURRY_MAX_NS    NS_PER_S

void patience_init(struct patience *patience, uint64_t seed)
{
    *patience = (struct patience){0};
    backoff_init(&patience->soon, SOON_FIRST_NS, SOON_MAX_NS, seed);
    backoff_init(&patience->seldom, SELDOM_FIRST_NS, SELDOM_MAX_NS, ~seed);
}

void patience_hurry(struct patience *patience)
{
    patience->is_hurried = true;
    patience->rest_until_ns = 0;
    backoff_init(&patience->soon, HURRY_FIRST_NS, HURRY_MAX_NS, patience->soon.random);
}

bool patience_fail(struct patience *patience, const struct now *now, const struct setback *setback)
{
    bool is_seldom = setback->is_seldom && !patience->is_hurried;
    struct backoff *backoff = is_seldom ? &patience->seldom : &patience->soon;
    backoff_fail(backoff, now);
    patience->rest_until_ns = backoff->until_ns;
    outage_begin(&patience->outage, now);
    bool is_news = (patience->told >> setback->kind & 1) == 0;
    patience->told |= 1u << setback->kind;
    return is_news;
}

bool patience_succeed(
    struct patience *patience, const struct now *now, char ret_lasted[static OUTAGE_TEXT_MAX])
{
    backoff_reset(&patience->soon);
    backoff_reset(&patience->seldom);
    patience->rest_until_ns = 0;
    patience->told = 0;
    return outage_end(&patience->outage, now, ret_lasted);
}

bool patience_is_over(const struct patience *patience, const struct now *now)
{
    return now->boot_ns >= patience->rest_until_ns;
}
