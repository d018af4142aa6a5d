// SPDX-License-Identifier: Apache-2.0
// A question becomes one GET, with a token that a PUT brings first where none is at hand. Whatever
// goes wrong is one kind of trouble, said when it lasts, and a rest before the next question: these
// packets share the link-local allowance that is watched here.
#include <string.h>

#include "aws/imds.h"
#include "log.h"

#define CONNECT_MS UINT64_C(1000)
#define TOTAL_MS   UINT64_C(2000)
#define TOKEN_MAX  ((size_t)1024) // ours; those of EC2 have 56 characters

#define FIRST_REST_NS   NS_PER_S
#define MAX_REST_NS     (60 * NS_PER_S)
#define PATIENT_REST_NS (300 * NS_PER_S)
#define TOKEN_MARGIN_NS (60 * NS_PER_S) // a token this close to its end is not used any more

// One failure is noise, most of all while a machine boots.
#define FAILURES_TO_SAY 2

void imds_init(struct imds *imds, struct http *http, const char *endpoint, uint64_t seed)
{
    *imds = (struct imds){.http = http,
        .endpoint = endpoint,
        .token_ttl_s = IMDS_TOKEN_TTL_S,
        .patience_ns = UINT64_MAX};
    backoff_init(&imds->backoff, FIRST_REST_NS, MAX_REST_NS, seed);
}

static void end_exchange(struct imds *imds, struct http_exchange **exchange)
{
    if (*exchange != NULL)
        imds->http->ops->end(imds->http, *exchange);
    *exchange = NULL;
}

static void forget_token(struct imds *imds)
{
    free(imds->token);
    imds->token = NULL;
}

static void forget_question(struct imds *imds)
{
    free(imds->path);
    imds->path = NULL;
}

void imds_finish(struct imds *imds)
{
    if (imds == NULL)
        return;
    end_exchange(imds, &imds->exchange);
    end_exchange(imds, &imds->answered);
    forget_token(imds);
    forget_question(imds);
    *imds = (struct imds){0};
}

bool imds_is_ready(const struct imds *imds, const struct now *now)
{
    return imds->path == NULL && backoff_is_over(&imds->backoff, now);
}

uint64_t imds_rests_until_ns(const struct imds *imds)
{
    return imds->backoff.until_ns;
}

static void send(struct imds *imds, const struct http_request *request)
{
    imds->n_requests++;
    imds->exchange = imds->http->ops->send(imds->http, request);
}

static void ask_for_token(struct imds *imds)
{
    scoped_free char *url = xasprintf("%s/latest/api/token", imds->endpoint);
    scoped_free char *ttl = xasprintf(
        "X-aws-ec2-metadata-token-ttl-seconds: %llu", (unsigned long long)imds->token_ttl_s);
    imds->is_for_token = true;
    send(imds,
        &(struct http_request){.method = "PUT",
            .url = url,
            .headers = (const char *const[]){ttl, NULL},
            .connect_ms = CONNECT_MS,
            .total_ms = TOTAL_MS,
            .max_body_bytes = TOKEN_MAX,
            .is_direct = true});
}

static void ask_for_value(struct imds *imds)
{
    scoped_free char *url = xasprintf("%s/latest/%s", imds->endpoint, imds->path);
    scoped_free char *token = xasprintf("X-aws-ec2-metadata-token: %s", imds->token);
    imds->is_for_token = false;
    send(imds,
        &(struct http_request){.method = "GET",
            .url = url,
            .headers = (const char *const[]){token, NULL},
            .connect_ms = CONNECT_MS,
            .total_ms = TOTAL_MS,
            .max_body_bytes = IMDS_MAX_BODY,
            .is_direct = true});
}

static void go_on(struct imds *imds, const struct now *now)
{
    if (imds->token != NULL && now->boot_ns >= imds->token_until_ns)
        forget_token(imds);
    if (imds->token == NULL)
        ask_for_token(imds);
    else
        ask_for_value(imds);
}

void imds_ask(struct imds *imds, const struct now *now, const char *path)
{
    end_exchange(imds, &imds->answered);
    imds->path = xstrdup(path);
    imds->is_second_try = false;
    go_on(imds, now);
}

static enum imds_trouble trouble_of_outcome(const struct imds *imds, enum http_outcome outcome)
{
    switch (outcome) {
    case HTTP_UNRESOLVED:
    case HTTP_UNREACHABLE:
    case HTTP_NO_CONTACT:
        return IMDS_UNREACHABLE;
    case HTTP_SILENT:
        return imds->has_had_token ? IMDS_SILENT : IMDS_HOP_LIMIT;
    case HTTP_TOO_LARGE:
        return imds->is_for_token ? IMDS_FOREIGN : IMDS_FINE;
    case HTTP_BUSY:
    case HTTP_ANSWERED:
        return IMDS_FINE;
    case HTTP_UNTRUSTED:
    case HTTP_BROKEN:
        break;
    }
    return IMDS_BROKEN;
}

static enum imds_trouble trouble_of_status(const struct imds *imds, long status)
{
    switch (status) {
    case 200:
        return IMDS_FINE;
    case 403:
        return IMDS_DISABLED;
    case 429:
    case 503:
        return IMDS_THROTTLED;
    case 404:
        return imds->is_for_token ? IMDS_FOREIGN : IMDS_FINE;
    default:
        return imds->is_for_token && status < 500 ? IMDS_FOREIGN : IMDS_BROKEN;
    }
}

// What is wrong, and what to do about it.
static const struct trouble_words {
    const char *text, *remedy;
} trouble_words[] = {
    [IMDS_FINE] = {"answers", "nothing is to be done"},
    [IMDS_UNREACHABLE] = {"nothing answers there: this is not EC2, or a firewall or network policy "
                          "is in the way",
        "open it, or set identity.instance_id and identity.imds = off"},
    [IMDS_HOP_LIMIT] = {"takes the connection, but its token does not arrive: the hop limit of the "
                        "instance's metadata is too low for a container with a network of its own",
        "use the host's network, or aws ec2 modify-instance-metadata-options "
        "--http-put-response-hop-limit 2"},
    [IMDS_SILENT] = {"takes the connection, but does not answer in time: overloaded, or its "
                     "packets are dropped (see linklocal_allowance_exceeded)",
        "find what on this instance sends it, DNS and NTP so many packets"},
    [IMDS_DISABLED] = {"is switched off for this instance",
        "aws ec2 modify-instance-metadata-options --http-endpoint enabled, or set "
        "identity.instance_id and identity.imds = off"},
    [IMDS_THROTTLED] = {"is throttling: something on this instance asks it too often",
        "find what does, or set identity.instance_id"},
    [IMDS_FOREIGN] = {"what answers there is not the metadata service of EC2: it gives no tokens",
        "correct identity.imds_endpoint, or set identity.instance_id and identity.imds = off"},
    [IMDS_BROKEN] = {"gives answers that break off or are errors",
        "ask it by hand (curl -X PUT .../latest/api/token), or set identity.instance_id"},
};

const char *imds_trouble_text(enum imds_trouble trouble)
{
    return trouble_words[trouble].text;
}

const char *imds_trouble_remedy(enum imds_trouble trouble)
{
    return trouble_words[trouble].remedy;
}

static void say_trouble(struct imds *imds)
{
    unsigned int bit = 1u << imds->trouble;
    if (imds->is_quiet || imds->n_failures < FAILURES_TO_SAY || (imds->told & bit) != 0)
        return;
    log_warning("imds: %s: %s; %s", imds->endpoint, imds_trouble_text(imds->trouble),
        imds_trouble_remedy(imds->trouble));
    imds->told |= bit;
}

static void rest(struct imds *imds, const struct now *now)
{
    if (now->boot_ns - imds->outage.since_ns >= imds->patience_ns) {
        imds->backoff.max_ns = PATIENT_REST_NS;
        imds->backoff.step_ns = PATIENT_REST_NS;
    }
    backoff_fail(&imds->backoff, now);
}

static enum imds_answer fail(struct imds *imds, const struct now *now, enum imds_trouble trouble)
{
    forget_question(imds);
    imds->trouble = trouble;
    imds->n_failures++;
    imds->n_failed++;
    outage_begin(&imds->outage, now);
    say_trouble(imds);
    rest(imds, now);
    return IMDS_FAILED;
}

static void note_success(struct imds *imds, const struct now *now)
{
    char lasted[OUTAGE_TEXT_MAX];
    if (outage_end(&imds->outage, now, lasted) && imds->told != 0)
        log_info("imds: answers again after %s", lasted);
    imds->trouble = IMDS_FINE;
    imds->told = 0;
    imds->n_failures = 0;
    imds->backoff.max_ns = MAX_REST_NS;
    backoff_reset(&imds->backoff);
}

// It goes into a header: printable, and nothing that could end one.
static bool is_token(const char *text, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return n_bytes > 0;
}

static enum imds_answer take_token(
    struct imds *imds, const struct now *now, const struct http_response *response)
{
    if (!is_token(response->body, response->n_body_bytes))
        return fail(imds, now, IMDS_FOREIGN);
    imds->token = xstrdup(response->body);
    imds->has_had_token = true;
    uint64_t ttl_ns = imds->token_ttl_s * NS_PER_S;
    imds->token_until_ns = now->boot_ns + ttl_ns -
        (TOKEN_MARGIN_NS < ttl_ns / 2 ? TOKEN_MARGIN_NS : ttl_ns / 2);
    ask_for_value(imds);
    return IMDS_NOTHING_NEW;
}

// It has forgotten the token: a restart of the service, or of the machine from an image. Once.
static enum imds_answer renew_token(struct imds *imds, const struct now *now)
{
    if (imds->is_second_try)
        return fail(imds, now, IMDS_BROKEN);
    imds->is_second_try = true;
    forget_token(imds);
    ask_for_token(imds);
    return IMDS_NOTHING_NEW;
}

static enum imds_answer settle(struct imds *imds, const struct now *now, enum imds_answer answer)
{
    note_success(imds, now);
    forget_question(imds);
    return answer;
}

// `done` is over, and the exchange that was under way.
static enum imds_answer take_response(struct imds *imds, const struct now *now,
    enum http_outcome outcome, const struct http_response *response)
{
    if (outcome == HTTP_ANSWERED && response->status == 401 && !imds->is_for_token)
        return renew_token(imds, now);
    enum imds_trouble trouble = outcome == HTTP_ANSWERED ? trouble_of_status(imds, response->status)
                                                         : trouble_of_outcome(imds, outcome);
    if (trouble != IMDS_FINE)
        return fail(imds, now, trouble);
    if (imds->is_for_token)
        return take_token(imds, now, response);
    if (outcome == HTTP_TOO_LARGE)
        return settle(imds, now, IMDS_TOO_LARGE);
    return settle(imds, now, response->status == 404 ? IMDS_ABSENT : IMDS_VALUE);
}

enum imds_answer imds_work(struct imds *imds, const struct now *now, struct answer *ret_answer)
{
    struct http_response response = {0};
    if (imds->exchange == NULL)
        return IMDS_NOTHING_NEW;
    enum http_outcome outcome = imds->http->ops->poll(imds->http, imds->exchange, &response);
    if (outcome == HTTP_BUSY)
        return IMDS_NOTHING_NEW;
    struct http_exchange *done = imds->exchange;
    imds->exchange = NULL;
    enum imds_answer answer = take_response(imds, now, outcome, &response);
    *ret_answer = (struct answer){answer == IMDS_TOO_LARGE ? "" : NULL, 0};
    if (answer != IMDS_VALUE) {
        end_exchange(imds, &done);
        return answer;
    }
    imds->answered = done;
    *ret_answer = (struct answer){response.body, response.n_body_bytes};
    return answer;
}
