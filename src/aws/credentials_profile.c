// SPDX-License-Identifier: Apache-2.0
// Keys in a profile of AWS's files. What a profile can say that a daemon cannot do is refused, in
// the place that it has in the chain (botocore: SSO, credentials file, login, credential_process,
// config file), and never passed over: the next in the chain would be another identity.
#include <string.h>

#include "aws/credentials_static.h"

#define NO_FILE (-1)

// In the order of the chain.
static const struct step {
    int file;        // of static keys; NO_FILE: it is refused
    const char *key; // that tells
    const char *why; // after the name of the key
} steps[] = {
    {NO_FILE, "sso_account_id",
        "needs a person to sign in: let the profile have a role_arn, or keys"},
    {NO_FILE, "sso_role_name",
        "needs a person to sign in: let the profile have a role_arn, or keys"},
    {AWS_FILE_CREDENTIALS, "aws_access_key_id", NULL},
    {NO_FILE, "login_session",
        "needs a person to sign in: let the profile have a role_arn, or keys"},
    {NO_FILE, "credential_process",
        "is refused, nothing is executed here: let the profile have a role_arn, or give what the "
        "program prints by AWS_CONTAINER_CREDENTIALS_FULL_URI"},
    {AWS_FILE_CONFIG, "aws_access_key_id", NULL},
};

static const char *token_of(
    const struct aws_profiles *profiles, enum aws_profile_file file, const char *name)
{
    const char *token = aws_profile_get_from(profiles, file, name, "aws_session_token");
    return token != NULL ? token : aws_profile_get_from(profiles, file, name, "aws_security_token");
}

static enum provider_found take_keys(const struct aws_profiles *profiles, const struct step *step,
    const char *name, struct provider **ret_provider, char **ret_why)
{
    enum aws_profile_file file = (enum aws_profile_file)step->file;
    const char *where = file == AWS_FILE_CREDENTIALS ? "credentials" : "config";
    const char *id = aws_profile_get_from(profiles, file, name, step->key);
    const char *secret = aws_profile_get_from(profiles, file, name, "aws_secret_access_key");
    if (secret == NULL) {
        *ret_why = xasprintf("[%s] of the %s file has aws_access_key_id and no "
                             "aws_secret_access_key: it takes both",
            name, where);
        return PROVIDER_WRONG;
    }
    return static_create(&credentials_profile,
        &(struct aws_keys){
            (char *)id, (char *)secret, (char *)token_of(profiles, file, name), AWS_NEVER_EXPIRES},
        xasprintf("[%s] of the %s file", name, where), ret_provider, ret_why);
}

static enum provider_found take_nothing(
    const struct aws_profiles *profiles, const char *name, char **ret_why)
{
    if (aws_profile_exists(profiles, name) || strcmp(name, "default") == 0) {
        *ret_why = xasprintf("[%s] has no keys", name);
        return PROVIDER_ABSENT;
    }
    *ret_why = xasprintf(
        "neither of AWS's files has the profile %s that AWS_PROFILE names: correct "
        "the name, or take AWS_PROFILE away",
        name);
    return PROVIDER_WRONG;
}

static enum provider_found create(
    const struct provider_context *context, struct provider **ret_provider, char **ret_why)
{
    const struct aws_profiles *profiles = context->setting->profiles;
    const char *name = provider_profile(context);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        const struct step *step = &steps[i];
        if (step->file == NO_FILE && aws_profile_get(profiles, name, step->key) != NULL) {
            *ret_why = xasprintf("%s in [%s] %s", step->key, name, step->why);
            return PROVIDER_WRONG;
        }
        if (step->file != NO_FILE &&
            aws_profile_get_from(profiles, (enum aws_profile_file)step->file, name, step->key) !=
                NULL)
            return take_keys(profiles, step, name, ret_provider, ret_why);
    }
    return take_nothing(profiles, name, ret_why);
}

const struct provider_ops credentials_profile = {.name = "profile",
    .create = create,
    .fetch = static_fetch,
    .work = static_work,
    .due_ns = static_due_ns,
    .destroy = static_destroy};
