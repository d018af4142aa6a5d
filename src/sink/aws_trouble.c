// SPDX-License-Identifier: Apache-2.0
// Codes first: a status alone may be anybody's.
#include <string.h>

#include "base.h"
#include "sink/aws_trouble.h"

#define HTTP_CONTENT_TOO_LARGE 413
#define CODE_TOO_LARGE         "RequestEntityTooLarge" // how it begins

static bool is_too_large(const struct aws_answer *answer)
{
    return answer->status == HTTP_CONTENT_TOO_LARGE ||
        strncmp(answer->code, CODE_TOO_LARGE, strlen(CODE_TOO_LARGE)) == 0;
}

static bool is_throttled(const struct aws_answer *answer)
{
    return answer->status != 0 &&
        aws_error_kind(answer->status, answer->code) == AWS_ERROR_THROTTLED;
}

enum aws_trouble aws_trouble_of(enum aws_outcome outcome, const struct aws_answer *answer)
{
    if (outcome == AWS_EXPIRED)
        return AWS_TROUBLE_EXPIRED;
    if (outcome != AWS_DENIED && outcome != AWS_REFUSED)
        return is_throttled(answer) ? AWS_TROUBLE_THROTTLED : AWS_TROUBLE_FAILED;
    if (outcome == AWS_REFUSED && is_too_large(answer))
        return AWS_TROUBLE_SIZE;
    if (*answer->code == '\0')
        return AWS_TROUBLE_STRANGER;
    return outcome == AWS_DENIED ? AWS_TROUBLE_DENIED : AWS_TROUBLE_REFUSED;
}

bool aws_trouble_lasts(enum aws_trouble trouble)
{
    return trouble == AWS_TROUBLE_STRANGER || trouble == AWS_TROUBLE_REFUSED ||
        trouble == AWS_TROUBLE_SIZE;
}

char *aws_trouble_words(const struct aws_answer *answer)
{
    const char *colon = *answer->message != '\0' ? ": " : "";
    if (answer->status == 0)
        return xstrdup(*answer->message != '\0' ? answer->message : "no answer");
    if (*answer->code != '\0')
        return xasprintf("%s%s%s", answer->code, colon, answer->message);
    return xasprintf("HTTP status %ld%s%s", answer->status, colon, answer->message);
}

char *aws_trouble_remedy(enum aws_trouble trouble, const struct aws_trouble_place *place)
{
    const char *section = place->section;
    switch (trouble) {
    case AWS_TROUBLE_THROTTLED:
        return xasprintf("; the service throttles calls of this account: raise publish.period or "
                         "%s.spread where this lasts",
            section);
    case AWS_TROUBLE_EXPIRED:
        return xstrdup("; the keys are not taken: see to what gives them");
    case AWS_TROUBLE_DENIED:
        return xasprintf("; it needs the IAM action %s, as in %s", place->action, place->policy);
    case AWS_TROUBLE_STRANGER:
        return xasprintf("; that is no answer of %s: see to the proxy, or to %s.endpoint",
            place->service, section);
    case AWS_TROUBLE_REFUSED:
        return xasprintf(
            ", in answer to %s; see to %s.endpoint and %s.region", place->action, section, section);
    case AWS_TROUBLE_SIZE:
        return xstrdup("; what cannot be divided is too large: see to what is in between");
    default:
        return xstrdup("");
    }
}
