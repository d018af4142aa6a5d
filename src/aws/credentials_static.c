// SPDX-License-Identifier: Apache-2.0
// The keys that it was made with, each time anew.
#include "aws/credentials_static.h"

struct static_provider {
    struct provider base;
    struct aws_keys keys;
};

static bool copy_keys(const struct aws_keys *from, struct aws_keys *to)
{
    return aws_keys_set(to,
        &(struct sigv4_keys){from->access_key_id, from->secret_access_key, from->session_token},
        from->expires_ms);
}

enum provider_found static_create(const struct provider_ops *ops, const struct aws_keys *from,
    char *about, struct provider **ret_provider, char **ret_why)
{
    struct aws_keys keys = {0};
    if (!copy_keys(from, &keys)) {
        *ret_why = xasprintf("the keys in %s are none: one of them is empty, too long, or has a "
                             "blank or another byte in it that no key has; copy them anew",
            about != NULL ? about : "the environment");
        free(about);
        return PROVIDER_WRONG;
    }
    struct static_provider *provider = xcalloc(1, sizeof(*provider));
    *provider = (struct static_provider){.base = {.ops = ops, .about = about}, .keys = keys};
    *ret_provider = &provider->base;
    return PROVIDER_IS_HERE;
}

void static_fetch(struct provider *provider, const struct now *now)
{
    (void)provider;
    (void)now;
}

enum fetch static_work(
    struct provider *provider, const struct now *now, struct fetched *ret_fetched)
{
    (void)now;
    struct aws_keys keys = {0};
    copy_keys(&((struct static_provider *)provider)->keys, &keys);
    *ret_fetched = (struct fetched){.keys = keys};
    return FETCH_DONE;
}

uint64_t static_due_ns(const struct provider *provider)
{
    (void)provider;
    return 0;
}

void static_destroy(struct provider *provider)
{
    if (provider == NULL)
        return;
    aws_keys_finish(&((struct static_provider *)provider)->keys);
    free(provider->about);
    free(provider);
}
