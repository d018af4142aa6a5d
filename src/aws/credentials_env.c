// SPDX-License-Identifier: Apache-2.0
// Keys in the environment (AWS SDKs and Tools Reference Guide, "AWS access keys"; botocore,
// EnvProvider): the first of the chain.
#include "aws/credentials_static.h"
#include "aws/environment.h"
#include "aws/timestamp.h"

static const char *token(void)
{
    const char *text = aws_variable("AWS_SESSION_TOKEN");
    return text != NULL ? text : aws_variable("AWS_SECURITY_TOKEN"); // as it was once called
}

static enum provider_found create(
    const struct provider_context *context, struct provider **ret_provider, char **ret_why)
{
    (void)context;
    const char *id = aws_variable("AWS_ACCESS_KEY_ID");
    const char *secret = aws_variable("AWS_SECRET_ACCESS_KEY");
    const char *end = aws_variable("AWS_CREDENTIAL_EXPIRATION");
    int64_t expires_ms = AWS_NEVER_EXPIRES;
    if (id == NULL) {
        *ret_why = xstrdup("AWS_ACCESS_KEY_ID is not set");
        return PROVIDER_ABSENT;
    }
    if (secret == NULL) {
        *ret_why = xstrdup("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not: set both, "
                           "or neither");
        return PROVIDER_WRONG;
    }
    if (end != NULL && !aws_timestamp_parse(end, &expires_ms)) {
        *ret_why = xstrdup("AWS_CREDENTIAL_EXPIRATION is no time: allowed is one such as "
                           "2026-11-21T16:00:00Z");
        return PROVIDER_WRONG;
    }
    return static_create(&credentials_env,
        &(struct aws_keys){(char *)id, (char *)secret, (char *)token(), expires_ms}, NULL,
        ret_provider, ret_why);
}

const struct provider_ops credentials_env = {.name = "environment",
    .create = create,
    .fetch = static_fetch,
    .work = static_work,
    .due_ns = static_due_ns,
    .destroy = static_destroy};
