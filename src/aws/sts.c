// SPDX-License-Identifier: Apache-2.0
// A question waits for the region, becomes a form, and its answer keys, or words on why there are
// none.
#include <stdio.h>
#include <string.h>

#include "aws/client.h"
#include "aws/endpoint.h"
#include "aws/sts.h"

#define REGION_PATIENCE_NS (60 * NS_PER_S) // the metadata service may be asked for it

void sts_init(struct sts *sts, const struct sts_setting *setting)
{
    *sts = (struct sts){.setting = *setting};
}

static void forget_body(struct sts *sts)
{
    if (sts->body != NULL)
        explicit_bzero(sts->body, sts->n_body_bytes);
    free(sts->body);
    sts->body = NULL;
    sts->n_body_bytes = 0;
}

void sts_finish(struct sts *sts)
{
    aws_client_destroy(sts->client);
    forget_body(sts);
    free(sts->setting.role_arn);
    free(sts->setting.session_name);
    free(sts->setting.external_id);
    free(sts->setting.duration_s);
    free(sts->region);
    free(sts->endpoint);
    free(sts->reason);
    *sts = (struct sts){0};
}

void sts_set_region(struct sts *sts, const char *region)
{
    if (region == NULL || (sts->region != NULL && strcmp(sts->region, region) == 0))
        return;
    aws_client_destroy(sts->client);
    sts->client = NULL;
    sts->is_sent = false;
    free(sts->region);
    sts->region = xstrdup(region);
}

// --- The question ---

// Every byte is encoded that is not unreserved (RFC 3986, 2.3).
static char *put(char *at, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL) {
            *at++ = *text;
            continue;
        }
        *at++ = '%';
        *at++ = hex[(unsigned char)*text >> 4];
        *at++ = hex[(unsigned char)*text & 0xf];
    }
    return at;
}

static void write_body(struct sts *sts, const char *token)
{
    const struct sts_setting *setting = &sts->setting;
    const struct {
        const char *name, *value;
    } pairs[] = {
        {"Action", token != NULL ? "AssumeRoleWithWebIdentity" : "AssumeRole"},
        {"Version", "2011-06-15"},
        {"RoleArn", setting->role_arn},
        {"RoleSessionName", setting->session_name},
        {"ExternalId", setting->external_id},
        {"DurationSeconds", setting->duration_s},
        {"WebIdentityToken", token},
    };
    size_t n_max = 1;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        n_max += pairs[i].value != NULL ? strlen(pairs[i].name) + 3 * strlen(pairs[i].value) + 2
                                        : 0;
    forget_body(sts);
    sts->body = xcalloc(n_max, 1);
    char *at = sts->body;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        if (pairs[i].value == NULL)
            continue;
        if (i > 0)
            *at++ = '&';
        at = put(at, pairs[i].name);
        *at++ = '=';
        at = put(at, pairs[i].value);
    }
    sts->n_body_bytes = (size_t)(at - sts->body);
}

void sts_ask(struct sts *sts, const struct now *now, const char *token)
{
    free(sts->reason);
    sts->reason = NULL;
    write_body(sts, token);
    sts->is_asked = true;
    sts->is_sent = false;
    sts->wait_until_ns = now->boot_ns + REGION_PATIENCE_NS;
}

// --- The answer ---

static enum fetch settle(struct sts *sts, enum fetch fetch)
{
    forget_body(sts);
    sts->is_asked = false;
    sts->is_sent = false;
    return fetch;
}

// Takes the reason.
static enum fetch fail(struct sts *sts, char *reason, bool is_lasting, struct fetched *ret_fetched)
{
    sts->reason = reason;
    *ret_fetched = (struct fetched){.reason = reason, .is_lasting = is_lasting};
    return settle(sts, FETCH_FAILED);
}

static enum fetch read_answer(
    struct sts *sts, const struct aws_answer *answer, struct fetched *ret_fetched)
{
    struct aws_keys keys = {0};
    if (!sts_read_keys(answer->body, answer->n_body_bytes, &keys))
        return fail(sts,
            xstrdup("what answers in the place of STS gives no keys: is a proxy in the way, or "
                    "AWS_ENDPOINT_URL_STS wrong?"),
            false, ret_fetched);
    // The end is of the clock of STS, of which the client has learned.
    keys.expires_ms -= aws_client_skew_ms(sts->client);
    *ret_fetched = (struct fetched){.keys = keys};
    return settle(sts, FETCH_DONE);
}

// What to do about it, by the code (STS, API reference, errors of both actions).
static const char *remedy_of(
    const struct sts *sts, enum aws_outcome outcome, const struct aws_answer *answer)
{
    static const struct {
        const char *code, *remedy;
    } remedies[] = {
        {"InvalidIdentityToken",
            "make the identity provider of the cluster known to IAM, and let "
            "the token be for sts.amazonaws.com"},
        {"ExpiredTokenException", "the token is over: see why nobody renews its file"},
        {"RegionDisabledException", "activate STS for this region in the account settings of IAM"},
        {"ValidationError", "correct duration_seconds or what else it names"},
        {"PackedPolicyTooLarge", "shorten the tags of the session"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
        if (strcmp(answer->code, remedies[i].code) == 0)
            return remedies[i].remedy;
    if (outcome == AWS_DENIED || strcmp(answer->code, "IDPRejectedClaim") == 0)
        return sts->setting.keys == NULL
            ? "let the trust policy of the role allow sts:AssumeRoleWithWebIdentity to this token"
            : "let the trust policy of the role, and the policy of its source, allow "
              "sts:AssumeRole";
    if (outcome == AWS_EXPIRED)
        return "give the role another source, or renew its keys";
    return outcome == AWS_REFUSED ? "correct the role, or the endpoint"
                                  : "open the way to it: a NAT gateway, a VPC endpoint or a proxy";
}

// Of the last value of the form, which is the token where there is one.
static const char *token_of(const struct sts *sts)
{
    return sts->setting.keys == NULL ? strrchr(sts->body, '=') + 1 : NULL;
}

static enum fetch explain(struct sts *sts, enum aws_outcome outcome,
    const struct aws_answer *answer, struct fetched *ret_fetched)
{
    char message[AWS_MESSAGE_MAX];
    aws_clean(answer->message, strlen(answer->message),
        &(struct sigv4_keys){.session_token = token_of(sts)}, message);
    if (message[0] != '\0' && message[strlen(message) - 1] == '.')
        message[strlen(message) - 1] = '\0';
    char *reason = xasprintf("STS gives no keys for %s: %s%s%s; %s", sts->setting.role_arn,
        answer->code, answer->code[0] != '\0' && message[0] != '\0' ? ": " : "", message,
        remedy_of(sts, outcome, answer));
    return fail(sts, reason, outcome == AWS_DENIED || outcome == AWS_REFUSED, ret_fetched);
}

// --- On its way ---

// Without an endpoint there is none; `ret_complaint`: why, the caller's.
static void make_client(struct sts *sts, char **ret_complaint)
{
    struct aws_endpoint_wish wish = {
        .service = AWS_STS, .profiles = sts->setting.credentials->profiles};
    free(sts->endpoint);
    sts->endpoint = aws_endpoint(&wish, sts->region, ret_complaint);
    if (sts->endpoint == NULL)
        return;
    sts->client = aws_client_create(
        &(struct aws_client_setting){.http = sts->setting.credentials->http,
            .keys = sts->setting.keys,
            .endpoint = sts->endpoint,
            .region = sts->region != NULL ? sts->region : "",
            .signing_name = aws_services[AWS_STS].signing_name,
            .seed = sts->setting.seed});
}

static enum fetch send(struct sts *sts, const struct now *now, struct fetched *ret_fetched)
{
    char *complaint = NULL;
    bool is_unknown = sts->region == NULL;
    if (is_unknown && sts->setting.keys != NULL)
        complaint = xstrdup("the region is not known: set AWS_REGION, or region in the profile");
    else if (sts->client == NULL)
        make_client(sts, &complaint);
    if (complaint != NULL && is_unknown && now->boot_ns < sts->wait_until_ns) {
        free(complaint);
        return FETCH_BUSY;
    }
    if (complaint != NULL)
        return fail(sts, complaint, !is_unknown, ret_fetched);
    sts->is_sent = true;
    aws_client_send(sts->client, now,
        &(struct aws_request){.content_type = "application/x-www-form-urlencoded; charset=utf-8",
            .body = sts->body,
            .n_body_bytes = sts->n_body_bytes});
    return FETCH_BUSY;
}

enum fetch sts_work(struct sts *sts, const struct now *now, struct fetched *ret_fetched)
{
    struct aws_answer answer;
    if (!sts->is_asked)
        return FETCH_BUSY;
    enum fetch fetch = sts->is_sent ? FETCH_BUSY : send(sts, now, ret_fetched);
    if (!sts->is_sent)
        return fetch;
    enum aws_outcome outcome = aws_client_work(sts->client, now, &answer);
    if (outcome == AWS_BUSY)
        return FETCH_BUSY;
    return outcome == AWS_DONE ? read_answer(sts, &answer, ret_fetched)
                               : explain(sts, outcome, &answer, ret_fetched);
}

uint64_t sts_due_ns(const struct sts *sts)
{
    if (!sts->is_asked)
        return UINT64_MAX;
    return sts->is_sent ? aws_client_due_ns(sts->client) : sts->wait_until_ns;
}
