// SPDX-License-Identifier: Apache-2.0
// Codes first: a status alone may be anybody's.
#include <string.h>

#include "base.h"
#include "sink/cloudwatch_trouble.h"

#define HTTP_CONTENT_TOO_LARGE 413

// Errors that blame a parameter, which for us is a datum: the namespace was checked before.
// Beginnings of codes: PutMetricData, API reference, and the errors common to all services. What
// says only that the body could not be read (SerializationException) may blame whoever changed it
// on its way.
static const char *const data_codes[] = {"InvalidParameterValue", "InvalidParameterCombination",
    "MissingParameter", "MissingRequiredParameter", "ValidationError", "ValidationException"};

static bool blames_data(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(data_codes); i++)
        if (strncmp(code, data_codes[i], strlen(data_codes[i])) == 0)
            return true;
    return false;
}

static enum cloudwatch_trouble judge_refusal(const struct aws_answer *answer)
{
    if (answer->status == HTTP_CONTENT_TOO_LARGE ||
        strncmp(answer->code, "RequestEntityTooLarge", strlen("RequestEntityTooLarge")) == 0)
        return TROUBLE_SIZE;
    if (*answer->code == '\0')
        return TROUBLE_STRANGER;
    return blames_data(answer->code) ? TROUBLE_DATA : TROUBLE_REFUSED;
}

enum cloudwatch_trouble cloudwatch_judge(enum aws_outcome outcome, const struct aws_answer *answer)
{
    switch (outcome) {
    case AWS_EXPIRED:
        return TROUBLE_EXPIRED;
    case AWS_DENIED:
        return *answer->code == '\0' ? TROUBLE_STRANGER : TROUBLE_DENIED;
    case AWS_REFUSED:
        return judge_refusal(answer);
    default:
        break;
    }
    bool is_throttled = answer->status != 0 &&
        aws_error_kind(answer->status, answer->code) == AWS_ERROR_THROTTLED;
    return is_throttled ? TROUBLE_THROTTLED : TROUBLE_FAILED;
}

static char *words_of(const struct aws_answer *answer)
{
    const char *colon = *answer->message != '\0' ? ": " : "";
    if (answer->status == 0)
        return xstrdup(*answer->message != '\0' ? answer->message : "no answer");
    if (*answer->code != '\0')
        return xasprintf("%s%s%s", answer->code, colon, answer->message);
    return xasprintf("HTTP status %ld%s%s", answer->status, colon, answer->message);
}

static const char *remedy_of(enum cloudwatch_trouble trouble)
{
    switch (trouble) {
    case TROUBLE_THROTTLED:
        return "; the service throttles calls of this account: raise publish.period or "
               "cloudwatch.spread where this lasts";
    case TROUBLE_EXPIRED:
        return "; the keys are not taken: see to what gives them";
    case TROUBLE_DENIED:
        return "; it needs the IAM action cloudwatch:PutMetricData, as in "
               "packaging/iam/cloudwatch.json";
    case TROUBLE_STRANGER:
        return "; that is no answer of CloudWatch: see to the proxy, or to cloudwatch.endpoint";
    case TROUBLE_REFUSED:
        return "; see to cloudwatch.endpoint and cloudwatch.region";
    case TROUBLE_SIZE:
        return "; one datum alone is too large: see to what is in between";
    default:
        return "";
    }
}

char *cloudwatch_tell(enum cloudwatch_trouble trouble, const struct aws_answer *answer)
{
    scoped_free char *words = words_of(answer);
    return xasprintf("%s%s", words, remedy_of(trouble));
}
