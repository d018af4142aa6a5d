// SPDX-License-Identifier: Apache-2.0
// The contract of a credential provider. To add one: a file credentials_NAME.c and its row in the
// table of credentials.c. A provider does nothing before it is told to fetch.
#pragma once

#include "aws/credentials.h"

enum provider_found { PROVIDER_IS_HERE, PROVIDER_ABSENT, PROVIDER_WRONG };

enum fetch {
    FETCH_BUSY,
    FETCH_DONE,
    FETCH_NONE, // nobody has keys for us here: only of the last of the chain, the metadata service
    FETCH_FAILED, // not now
};

// Written with FETCH_DONE and FETCH_FAILED; `reason` is borrowed until the next fetch.
struct fetched {
    struct aws_keys keys; // the caller's to free
    const char *reason;   // what failed, with the remedy, for the log
};

struct provider {
    const struct provider_ops *ops;
};

struct provider_context {
    const struct credentials_setting *setting;
    const char *region;  // NULL: not known yet
    const char *profile; // that is looked at; NULL: the one in use
};

struct provider_ops {
    const char *name;
    // Whether it is configured here, by environment and profiles. PROVIDER_ABSENT and
    // PROVIDER_WRONG: `ret_why`, the caller's: what it did not find, or what is wrong.
    enum provider_found (*create)(
        const struct provider_context *context, struct provider **ret_provider, char **ret_why);
    bool keeps_old; // keys that have ended go on being used when there are no new ones
    void (*fetch)(struct provider *provider, const struct now *now);
    enum fetch (*work)(
        struct provider *provider, const struct now *now, struct fetched *ret_fetched);
    uint64_t (*due_ns)(const struct provider *provider); // UINT64_MAX: when an answer comes
    void (*set_region)(struct provider *provider, const char *region); // NULL: it needs none
    void (*destroy)(struct provider *provider);
};
