// SPDX-License-Identifier: Apache-2.0
// Keys of a profile win over its role; a profile may be its own source, for its keys. Every other
// profile that comes a second time would go round for ever.
#include <string.h>

#include "aws/credentials_role.h"

static const struct named_source {
    const char *name;
    const struct provider_ops *ops;
} named_sources[] = {
    {"Environment", &credentials_env},
    {"EcsContainer", &credentials_container},
    {"Ec2InstanceMetadata", &credentials_imds},
};

bool role_is_in_profile(const struct aws_profiles *profiles, const char *profile)
{
    return aws_profile_get(profiles, profile, "role_arn") != NULL &&
        aws_profile_get(profiles, profile, "web_identity_token_file") == NULL;
}

static bool has_keys(const struct aws_profiles *profiles, const char *profile)
{
    return aws_profile_get(profiles, profile, "aws_access_key_id") != NULL ||
        aws_profile_get(profiles, profile, "aws_secret_access_key") != NULL;
}

// Takes `why`. NULL where the source is here.
static char *complain(enum provider_found found, const char *key, const char *value, char *why)
{
    if (found == PROVIDER_IS_HERE)
        return NULL;
    char *complaint = xasprintf("%s %s: %s", key, value, why);
    free(why);
    return complaint;
}

static char *take_named(
    const struct provider_context *role, const char *name, struct provider **ret_source)
{
    struct provider_context context = {.setting = role->setting, .above = role};
    for (size_t i = 0; i < ARRAY_SIZE(named_sources); i++) {
        if (strcmp(named_sources[i].name, name) != 0)
            continue;
        char *why = NULL;
        enum provider_found found = named_sources[i].ops->create(&context, ret_source, &why);
        return complain(found, "credential_source", name, why);
    }
    return xasprintf("credential_source in [%s]: allowed are Environment, EcsContainer and "
                     "Ec2InstanceMetadata",
        provider_profile(role));
}

// How often the profile is among those that led here.
static size_t count_visits(
    const struct provider_context *role, const char *profile, size_t *ret_depth)
{
    size_t n = 0;
    *ret_depth = 0;
    for (; role != NULL; role = role->above, (*ret_depth)++)
        n += strcmp(provider_profile(role), profile) == 0;
    return n;
}

static char *check_profile(const struct provider_context *role, const char *profile)
{
    const struct aws_profiles *profiles = role->setting->profiles;
    const char *asker = provider_profile(role);
    size_t depth;
    bool is_itself = strcmp(profile, asker) == 0 && has_keys(profiles, profile);
    if (!aws_profile_exists(profiles, profile))
        return xasprintf("source_profile %s of [%s] is in neither of AWS's files", profile, asker);
    if (count_visits(role, profile, &depth) > 0 && !is_itself)
        return xasprintf("source_profile %s of [%s] leads back to where it came from: one of the "
                         "profiles must have keys",
            profile, asker);
    if (depth >= ROLE_MAX_DEPTH && !has_keys(profiles, profile))
        return xasprintf("source_profile %s of [%s]: more than %d roles build on each other",
            profile, asker, ROLE_MAX_DEPTH);
    return NULL;
}

static char *take_profile(
    const struct provider_context *role, const char *profile, struct provider **ret_source)
{
    const struct aws_profiles *profiles = role->setting->profiles;
    struct provider_context context = {.setting = role->setting, .profile = profile, .above = role};
    char *why = check_profile(role, profile);
    if (why != NULL)
        return why;
    bool is_role = role_is_in_profile(profiles, profile) && !has_keys(profiles, profile);
    const struct provider_ops *first = is_role ? &credentials_role : &credentials_web_identity;
    enum provider_found found = first->create(&context, ret_source, &why);
    if (found == PROVIDER_ABSENT) {
        free(why);
        found = credentials_profile.create(&context, ret_source, &why);
    }
    return complain(found, "source_profile", profile, why);
}

char *role_find_source(const struct provider_context *context, struct provider **ret_source)
{
    const struct aws_profiles *profiles = context->setting->profiles;
    const char *name = provider_profile(context);
    const char *profile = aws_profile_get(profiles, name, "source_profile");
    const char *named = aws_profile_get(profiles, name, "credential_source");
    if (profile != NULL && named != NULL)
        return xasprintf("[%s] has both source_profile and credential_source: take one away", name);
    if (profile != NULL)
        return take_profile(context, profile, ret_source);
    if (named != NULL)
        return take_named(context, named, ret_source);
    return xasprintf("[%s] has a role_arn, and neither source_profile nor credential_source: it "
                     "takes one of them",
        name);
}
