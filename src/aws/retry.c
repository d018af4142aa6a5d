// SPDX-License-Identifier: Apache-2.0
// Doubling steps with full jitter, and a bucket.
#include "aws/retry.h"
#include "base/parse.h"
#include "base/random.h"

#define TRANSIENT_COST 14
#define THROTTLED_COST 5
#define PRICE_OF_NONE  1 // what a success without a retry gives back

#define TRANSIENT_STEP_NS (50 * NS_PER_MS)
#define THROTTLED_STEP_NS NS_PER_S
#define MAX_STEP_NS       (20 * NS_PER_S)
#define MAX_EXTRA_NS      (5 * NS_PER_S) // that the service may ask for beyond our own delay

void aws_retry_init(struct aws_retry *retry, uint64_t seed)
{
    *retry = (struct aws_retry){.n_tokens = AWS_RETRY_TOKENS, .random = seed};
}

void aws_retry_begin(struct aws_retry *retry)
{
    retry->n_taken = 0;
}

static uint64_t step_ns(const struct aws_retry_failure *failure)
{
    uint64_t step = failure->is_throttled ? THROTTLED_STEP_NS : TRANSIENT_STEP_NS;
    for (unsigned int i = 1; i < failure->n_attempts && step < MAX_STEP_NS; i++)
        step *= 2;
    return step < MAX_STEP_NS ? step : MAX_STEP_NS;
}

// What the service asks for, but no less than our own delay and not much more.
static uint64_t obeying_ns(uint64_t delay_ns, const char *after)
{
    uint64_t after_ns, most_ns = delay_ns + MAX_EXTRA_NS;
    if (after == NULL || !parse_u64(after, &after_ns))
        return delay_ns;
    if (__builtin_mul_overflow(after_ns, NS_PER_MS, &after_ns) || after_ns > most_ns)
        return most_ns;
    return after_ns > delay_ns ? after_ns : delay_ns;
}

bool aws_retry_take(
    struct aws_retry *retry, const struct aws_retry_failure *failure, uint64_t *ret_delay_ns)
{
    unsigned int cost = failure->is_throttled ? THROTTLED_COST : TRANSIENT_COST;
    if (retry->n_tokens < cost)
        return false;
    retry->n_tokens -= cost;
    retry->n_taken = cost;
    uint64_t delay_ns = next_random(&retry->random) % (step_ns(failure) + 1);
    *ret_delay_ns = obeying_ns(delay_ns, failure->after);
    return true;
}

void aws_retry_succeed(struct aws_retry *retry)
{
    unsigned int n_back = retry->n_taken > 0 ? retry->n_taken : PRICE_OF_NONE;
    unsigned int n_room = AWS_RETRY_TOKENS - retry->n_tokens;
    retry->n_tokens += n_back < n_room ? n_back : n_room;
}
