// SPDX-License-Identifier: Apache-2.0
// A role that a profile names, by the keys of a source, which may be another role (botocore,
// AssumeRoleProvider). Which source that is: credentials_role_source.c.
#include <string.h>

#include "aws/credentials_role.h"
#include "aws/keeper.h"
#include "aws/sts.h"

struct role {
    struct provider base;
    struct keeper source;
    struct sts sts; // signs with what the source gives
    bool is_asked;
    char *reason; // of the source
};

static const char *setting_of(const struct provider_context *context, const char *key)
{
    return aws_profile_get(context->setting->profiles, provider_profile(context), key);
}

// What a profile may say of a role, and the check of it.
static const struct row {
    const char *key;
    const char *(*check)(const char *value);
} rows[] = {
    {"role_arn", sts_check_role},
    {"role_session_name", sts_check_session_name},
    {"external_id", sts_check_external_id},
    {"duration_seconds", sts_check_duration},
};

// NULL, or what is wrong; the caller's.
static char *complaint_of(const struct provider_context *context)
{
    const char *name = provider_profile(context);
    if (setting_of(context, "mfa_serial") != NULL)
        return xasprintf(
            "mfa_serial in [%s] needs a person with a device: take a role without it", name);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *value = setting_of(context, rows[i].key);
        const char *allowed = value != NULL ? rows[i].check(value) : NULL;
        if (allowed != NULL)
            return xasprintf("%s in [%s]: allowed is %s", rows[i].key, name, allowed);
    }
    return NULL;
}

static char *copy_of(const struct provider_context *context, const char *key)
{
    const char *value = setting_of(context, key);
    return value != NULL ? xstrdup(value) : NULL;
}

static struct provider *make_role(const struct provider_context *context, struct provider *source)
{
    uint64_t seed = context->setting->seed;
    char *session_name = copy_of(context, "role_session_name");
    struct role *role = xcalloc(1, sizeof(*role));
    role->base = (struct provider){.ops = &credentials_role,
        .about = xasprintf("%s, by %s%s%s", setting_of(context, "role_arn"), source->ops->name,
            source->about != NULL ? " " : "", source->about != NULL ? source->about : "")};
    keeper_init(&role->source, source, seed + 2);
    sts_init(&role->sts,
        &(struct sts_setting){.credentials = context->setting,
            .keys = &role->source.source,
            .seed = seed + 3,
            .role_arn = copy_of(context, "role_arn"),
            .session_name = session_name != NULL ? session_name : xstrdup(STS_SESSION_NAME),
            .external_id = copy_of(context, "external_id"),
            .duration_s = copy_of(context, "duration_seconds")});
    return &role->base;
}

static enum provider_found create(
    const struct provider_context *context, struct provider **ret_provider, char **ret_why)
{
    struct provider *source = NULL;
    if (!role_is_in_profile(context->setting->profiles, provider_profile(context))) {
        *ret_why = xasprintf("[%s] has no role_arn", provider_profile(context));
        return PROVIDER_ABSENT;
    }
    char *complaint = complaint_of(context);
    if (complaint == NULL)
        complaint = role_find_source(context, &source);
    if (complaint != NULL) {
        *ret_why = complaint;
        return PROVIDER_WRONG;
    }
    *ret_provider = make_role(context, source);
    return PROVIDER_IS_HERE;
}

static struct role *role_of(struct provider *provider)
{
    return (struct role *)provider;
}

static void fetch(struct provider *provider, const struct now *now)
{
    (void)now;
    role_of(provider)->is_asked = false;
}

static enum fetch fail(struct role *role, struct fetched *ret_fetched)
{
    free(role->reason);
    role->reason = xasprintf(
        "its source, %s: %s", role->source.provider->ops->name, role->source.trouble);
    *ret_fetched = (struct fetched){
        .reason = role->reason, .is_lasting = role->source.is_trouble_lasting};
    return FETCH_FAILED;
}

// The source goes on while STS is asked: it may have to renew keys that STS does not take, or that
// end meanwhile.
static enum fetch work(
    struct provider *provider, const struct now *now, struct fetched *ret_fetched)
{
    struct role *role = role_of(provider);
    enum keeper_news news = keeper_work(&role->source, now);
    bool has_keys = keeper_keys(&role->source) != NULL;
    if (!has_keys && (news == KEEPER_FAILED || news == KEEPER_EMPTY))
        return fail(role, ret_fetched);
    if (!has_keys && !role->is_asked)
        return FETCH_BUSY;
    if (!role->is_asked)
        sts_ask(&role->sts, now, NULL);
    role->is_asked = true;
    return sts_work(&role->sts, now, ret_fetched);
}

static uint64_t due_ns(const struct provider *provider)
{
    const struct role *role = (const struct role *)provider;
    uint64_t source_ns = keeper_due_ns(&role->source), sts_ns = sts_due_ns(&role->sts);
    return source_ns < sts_ns ? source_ns : sts_ns;
}

static void set_region(struct provider *provider, const char *region)
{
    struct role *role = role_of(provider);
    struct provider *source = role->source.provider;
    sts_set_region(&role->sts, region);
    if (source->ops->set_region != NULL)
        source->ops->set_region(source, region);
}

static void destroy(struct provider *provider)
{
    struct role *role = role_of(provider);
    if (role == NULL)
        return;
    sts_finish(&role->sts);
    keeper_finish(&role->source);
    free(role->reason);
    free(role->base.about);
    free(role);
}

const struct provider_ops credentials_role = {.name = "role",
    .create = create,
    .fetch = fetch,
    .work = work,
    .due_ns = due_ns,
    .set_region = set_region,
    .destroy = destroy};
