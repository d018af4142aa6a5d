// SPDX-License-Identifier: Apache-2.0
// A token that names a service account, for a role: IAM roles for service accounts of EKS, by the
// environment or by a profile (botocore, AssumeRoleWithWebIdentityProvider). The kubelet writes the
// token anew well before its end, so the file is read for each question.
#include <string.h>

#include "aws/environment.h"
#include "aws/sts.h"
#include "aws/token_file.h"
#include "base/parse.h"

struct web_identity {
    struct provider base;
    char *token_file;
    struct sts sts;
    bool is_asked;
    char *reason; // of the token file
};

// The source of a role is what its profile says alone.
static const char *setting_of(
    const struct provider_context *context, const char *variable, const char *key)
{
    const char *value = context->profile == NULL ? aws_variable(variable) : NULL;
    if (value == NULL)
        value = aws_profile_get(context->setting->profiles, provider_profile(context), key);
    return value != NULL && *value != '\0' ? value : NULL;
}

// NULL, or what is wrong; the caller's.
static char *complaint_of(const char *role_arn, const char *session_name)
{
    if (role_arn == NULL)
        return xstrdup("there is a web identity token file, and no role: set AWS_ROLE_ARN, or "
                       "role_arn in the profile");
    const char *allowed = sts_check_role(role_arn);
    if (allowed != NULL)
        return xasprintf("AWS_ROLE_ARN or role_arn: allowed is %s", allowed);
    allowed = sts_check_session_name(session_name);
    return allowed != NULL
        ? xasprintf("AWS_ROLE_SESSION_NAME or role_session_name: allowed are %s", allowed)
        : NULL;
}

static enum provider_found create(
    const struct provider_context *context, struct provider **ret_provider, char **ret_why)
{
    const char *file = setting_of(
        context, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
    const char *role_arn = setting_of(context, "AWS_ROLE_ARN", "role_arn");
    const char *name = setting_of(context, "AWS_ROLE_SESSION_NAME", "role_session_name");
    name = name != NULL ? name : STS_SESSION_NAME;
    if (file == NULL) {
        *ret_why = xstrdup("AWS_WEB_IDENTITY_TOKEN_FILE is not set");
        return PROVIDER_ABSENT;
    }
    char *complaint = complaint_of(role_arn, name);
    if (complaint != NULL) {
        *ret_why = complaint;
        return PROVIDER_WRONG;
    }
    struct web_identity *web = xcalloc(1, sizeof(*web));
    *web = (struct web_identity){
        .base = {.ops = &credentials_web_identity, .about = xstrdup(role_arn)},
        .token_file = xstrdup(file)};
    sts_init(&web->sts,
        &(struct sts_setting){.credentials = context->setting,
            .seed = context->setting->seed + 1,
            .role_arn = xstrdup(role_arn),
            .session_name = xstrdup(name)});
    *ret_provider = &web->base;
    return PROVIDER_IS_HERE;
}

static struct web_identity *web_of(struct provider *provider)
{
    return (struct web_identity *)provider;
}

static void fetch(struct provider *provider, const struct now *now)
{
    (void)now;
    web_of(provider)->is_asked = false;
}

// False: `web->reason`. A newline at the end is from whoever wrote the file; within, it is no
// token.
static bool ask_with_token(struct web_identity *web, const struct now *now)
{
    free(web->reason);
    web->reason = NULL;
    char *token = token_file_read(web->token_file, &web->reason);
    const char *text = token != NULL ? parse_trim(token) : "";
    web->is_asked = *text != '\0' && token_is_header(text);
    if (web->is_asked)
        sts_ask(&web->sts, now, text);
    else if (web->reason == NULL)
        web->reason = xasprintf("the token file %s: holds no token", web->token_file);
    aws_free_secret(token);
    return web->is_asked;
}

static enum fetch work(
    struct provider *provider, const struct now *now, struct fetched *ret_fetched)
{
    struct web_identity *web = web_of(provider);
    if (web->is_asked || ask_with_token(web, now))
        return sts_work(&web->sts, now, ret_fetched);
    *ret_fetched = (struct fetched){.reason = web->reason};
    return FETCH_FAILED;
}

static uint64_t due_ns(const struct provider *provider)
{
    const struct web_identity *web = (const struct web_identity *)provider;
    return web->is_asked ? sts_due_ns(&web->sts) : 0;
}

static void set_region(struct provider *provider, const char *region)
{
    sts_set_region(&web_of(provider)->sts, region);
}

static void destroy(struct provider *provider)
{
    struct web_identity *web = web_of(provider);
    if (web == NULL)
        return;
    sts_finish(&web->sts);
    free(web->token_file);
    free(web->reason);
    free(web->base.about);
    free(web);
}

const struct provider_ops credentials_web_identity = {.name = "web identity",
    .create = create,
    .fetch = fetch,
    .work = work,
    .due_ns = due_ns,
    .set_region = set_region,
    .destroy = destroy};
