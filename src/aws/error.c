// SPDX-License-Identifier: Apache-2.0
// Codes and messages out of headers, JSON, XML, or what a load balancer or proxy says instead.
// Fuzzed by test/fuzz/aws_error_fuzz.c.
#include <jansson.h>
#include <string.h>

#include "aws/error.h"
#include "aws/xml.h"

// --- What a code means ---

static const struct known_code {
    const char *code;
    enum aws_error kind;
} known_codes[] = {
    {"Throttling", AWS_ERROR_THROTTLED},
    {"ThrottlingException", AWS_ERROR_THROTTLED},
    {"ThrottledException", AWS_ERROR_THROTTLED},
    {"RequestThrottledException", AWS_ERROR_THROTTLED},
    {"RequestThrottled", AWS_ERROR_THROTTLED},
    {"TooManyRequestsException", AWS_ERROR_THROTTLED},
    {"ProvisionedThroughputExceededException", AWS_ERROR_THROTTLED},
    {"TransactionInProgressException", AWS_ERROR_THROTTLED},
    {"RequestLimitExceeded", AWS_ERROR_THROTTLED},
    {"BandwidthLimitExceeded", AWS_ERROR_THROTTLED},
    {"LimitExceededException", AWS_ERROR_THROTTLED},
    {"SlowDown", AWS_ERROR_THROTTLED},
    {"EC2ThrottledException", AWS_ERROR_THROTTLED},
    {"PriorRequestNotComplete", AWS_ERROR_THROTTLED}, // botocore has it on both lists
    {"RequestTimeout", AWS_ERROR_TRANSIENT},
    {"RequestTimeoutException", AWS_ERROR_TRANSIENT},
    {"IDPCommunicationError", AWS_ERROR_TRANSIENT}, // STS, with status 400
    {"InternalFailure", AWS_ERROR_TRANSIENT},
    {"InternalServiceError", AWS_ERROR_TRANSIENT},
    {"InternalServiceFault", AWS_ERROR_TRANSIENT},
    {"ServiceUnavailable", AWS_ERROR_TRANSIENT},
    {"ServiceUnavailableException", AWS_ERROR_TRANSIENT},
    {"ExpiredToken", AWS_ERROR_EXPIRED},
    {"ExpiredTokenException", AWS_ERROR_EXPIRED},
    {"InvalidClientTokenId", AWS_ERROR_EXPIRED},
    {"UnrecognizedClientException", AWS_ERROR_EXPIRED},
    {"RequestExpired", AWS_ERROR_CLOCK},
    {"RequestTimeTooSkewed", AWS_ERROR_CLOCK},
    {"RequestInTheFuture", AWS_ERROR_CLOCK},
    {"InvalidSignatureException", AWS_ERROR_MAYBE_CLOCK},
    {"SignatureDoesNotMatch", AWS_ERROR_MAYBE_CLOCK},
    {"AuthFailure", AWS_ERROR_MAYBE_CLOCK},
    {"AccessDenied", AWS_ERROR_DENIED},
    {"AccessDeniedException", AWS_ERROR_DENIED},
    {"NotAuthorized", AWS_ERROR_DENIED},
};

static enum aws_error kind_of_status(long status)
{
    switch (status) {
    case 401:
    case 403:
        return AWS_ERROR_DENIED;
    case 408:
        return AWS_ERROR_TRANSIENT;
    case 429:
        return AWS_ERROR_THROTTLED;
    default:
        return status >= 500 ? AWS_ERROR_TRANSIENT : AWS_ERROR_INVALID;
    }
}

enum aws_error aws_error_kind(long status, const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(known_codes); i++)
        if (strcmp(known_codes[i].code, code) == 0)
            return known_codes[i].kind;
    return kind_of_status(status);
}

// --- Where it stands ---

static bool is_code(const char *text, size_t n)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return n > 0 && n < AWS_CODE_MAX && strspn(text, allowed) >= n;
}

// "namespace#Code:http://...", of which each part but the code may be missing (Smithy, "AWS JSON
// 1.0 protocol", Operation error serialization). Of a query error: "Code;Sender".
static void take_code(const char *text, struct aws_error_text *ret_text)
{
    if (text == NULL || ret_text->code[0] != '\0')
        return;
    size_t n = strcspn(text, ":;");
    const char *hash = memrchr(text, '#', n);
    const char *code = hash != NULL ? hash + 1 : text;
    n -= (size_t)(code - text);
    if (is_code(code, n))
        memcpy(ret_text->code, code, n); // all of it was zero
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void take_message(
    const char *text, const struct aws_error_answer *answer, struct aws_error_text *ret_text)
{
    if (text != NULL)
        aws_clean(text, strlen(text), answer->keys, ret_text->message);
}

static void read_json(const struct aws_error_answer *answer, struct aws_error_text *ret_text)
{
    static const char *const messages[] = {"errorMessage", "Message", "message"};
    json_t *object = json_loadb(answer->body, answer->n_body_bytes, 0, NULL);
    take_code(member(object, "__type"), ret_text);
    take_code(member(object, "code"), ret_text);
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
        take_message(member(object, messages[i]), answer, ret_text);
    json_decref(object);
}

// HTML of a load balancer or proxy passes for XML as far as its title.
static void read_xml(const struct aws_error_answer *answer, struct aws_error_text *ret_text)
{
    static const char *const messages[] = {"TITLE", "title", "Message"};
    scoped_free char *code = xml_text(answer->body, answer->n_body_bytes, "Code");
    take_code(code, ret_text);
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
        scoped_free char *text = xml_text(answer->body, answer->n_body_bytes, messages[i]);
        take_message(text, answer, ret_text);
    }
}

static char first_letter(const struct aws_error_answer *answer)
{
    size_t i = 0;
    while (i < answer->n_body_bytes && strchr(" \t\r\n", answer->body[i]) != NULL)
        i++;
    return (char)(i < answer->n_body_bytes ? answer->body[i] : '\0');
}

static void read_redirect(const struct aws_error_answer *answer, struct aws_error_text *ret_text)
{
    scoped_free char *text = xasprintf(
        "redirects to %s, which is not followed: correct the endpoint",
        answer->location != NULL ? answer->location : "another place");
    take_message(text, answer, ret_text);
}

// The content is told by its first letter: what answers in another's stead does not ask which
// format was spoken.
void aws_error_read(const struct aws_error_answer *answer, struct aws_error_text *ret_text)
{
    *ret_text = (struct aws_error_text){0};
    take_code(answer->query_header, ret_text);
    take_code(answer->type_header, ret_text);
    char first = first_letter(answer);
    if (first == '{')
        read_json(answer, ret_text);
    else if (first == '<')
        read_xml(answer, ret_text);
    else
        aws_clean(answer->body, answer->n_body_bytes, answer->keys, ret_text->message);
    if (answer->status >= 300 && answer->status < 400)
        read_redirect(answer, ret_text);
}
