// SPDX-License-Identifier: Apache-2.0
// The contract of a credential provider. To add one: a file credentials_NAME.c and its row in the
// table of credentials.c. A provider does nothing before it is told to fetch, and says nothing: its
// owner does.
#pragma once

#include "aws/credentials.h"

enum provider_found {
    PROVIDER_IS_HERE,
    PROVIDER_ABSENT, // not configured: it is the next one's turn
    PROVIDER_WRONG,  // configured, and not so that it could work: nobody else's turn
};

enum fetch {
    FETCH_BUSY,
    FETCH_DONE,
    FETCH_NONE, // nobody has keys for us here: only of the last of the chain, the metadata service
    FETCH_FAILED, // not now
};

// `keys` is written with FETCH_DONE, the rest with FETCH_NONE and FETCH_FAILED.
struct fetched {
    struct aws_keys keys; // the caller's
    const char *reason; // what failed, with the remedy, for the log; borrowed until the next fetch
    bool is_lasting;    // it does not pass by itself: there is no hurry to try again
};

struct provider {
    const struct provider_ops *ops;
    char *about; // owned: which role, which file, for the log; NULL: the name says it all
};

struct provider_context {
    const struct credentials_setting *setting;
    // The source of a role is looked for in this profile, and in no variable. NULL: that of the
    // chain, in the environment and the profile in use.
    const char *profile;
    const struct provider_context *above; // of the role that asks; NULL: it is the chain that does
};

// The profile that is looked at.
static inline const char *provider_profile(const struct provider_context *context)
{
    const struct aws_profiles *profiles = context->setting->profiles;
    if (context->profile != NULL)
        return context->profile;
    return profiles->name != NULL ? profiles->name : "default";
}

struct provider_ops {
    const char *name;
    bool keeps_old; // keys that have ended go on being used while there are no new ones
    // Whether it is configured here, by environment and profiles. Unless it is here, `ret_why` is
    // written, the caller's: what it did not find, or what is wrong and how to mend it.
    enum provider_found (*create)(
        const struct provider_context *context, struct provider **ret_provider, char **ret_why);
    void (*fetch)(struct provider *provider, const struct now *now);
    // Only while it fetches. Goes on without waiting.
    enum fetch (*work)(
        struct provider *provider, const struct now *now, struct fetched *ret_fetched);
    uint64_t (*due_ns)(const struct provider *provider); // UINT64_MAX: when an answer comes
    void (*set_region)(struct provider *provider, const char *region); // NULL: it needs none
    void (*destroy)(struct provider *provider);                        // NULL is fine
};

extern const struct provider_ops credentials_env, credentials_role, credentials_web_identity,
    credentials_profile, credentials_container, credentials_imds;
