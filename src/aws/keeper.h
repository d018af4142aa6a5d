// SPDX-License-Identifier: Apache-2.0
// The keys of one provider, kept fresh: renewed ahead of their end, tried again where that fails,
// given out until they end. The chain has one, and so has each role, for its source. Says nothing;
// its owner does.
#pragma once

#include "aws/provider.h"
#include "flow/backoff.h"

// Before the end of keys they are renewed at some time between these, at which a fleet that started
// as one does not come back as one. Those of botocore (credentials.py, RefreshableCredentials):
// from the first on it tries, by the second it insists.
#define KEEPER_ADVISORY_MS  INT64_C(900000)
#define KEEPER_MANDATORY_MS INT64_C(600000)

#define KEEPER_SELDOM_NS  (300 * NS_PER_S) // what does not pass by itself; where nobody has keys
#define KEEPER_REFUSAL_NS (5 * NS_PER_S)   // between two renewals because keys were refused; ours

enum keeper_news {
    KEEPER_NOTHING_NEW,
    KEEPER_RENEWED, // with trouble where the new keys have ended and are used all the same
    KEEPER_FAILED,  // trouble
    KEEPER_EMPTY,   // trouble: nobody has keys for us here
};

struct keeper {
    struct key_source source;  // first: what it gives out
    struct provider *provider; // owned; NULL: there is none, and there never are keys
    struct aws_keys keys;
    struct sigv4_keys given; // borrowed from the keys
    bool has_ended; // the time of the keys is over, and the provider does not keep old ones
    bool is_fetching;
    bool is_refused;        // the service does not take them, and there are no others yet
    int64_t lead_ms;        // before the end of the keys they are renewed
    uint64_t rest_until_ns; // boot time: no renewal before it, whatever the wall clock says
    uint64_t fetched_ns;    // boot time of the last answer
    uint64_t due_ns;
    struct backoff backoff;
    uint64_t random;
    char *trouble; // NULL: none
    bool is_trouble_lasting;
};

// Takes the provider, which may be NULL.
void keeper_init(struct keeper *keeper, struct provider *provider, uint64_t seed);
void keeper_finish(struct keeper *keeper);
// Goes on without waiting.
enum keeper_news keeper_work(struct keeper *keeper, const struct now *now);
uint64_t keeper_due_ns(const struct keeper *keeper);
// NULL: it has none now. Borrowed until it works again.
const struct sigv4_keys *keeper_keys(const struct keeper *keeper);
