// SPDX-License-Identifier: Apache-2.0
// A request goes through attempts: a rest, keys, the wire, and the judgement of what came back,
// which ends it or leads to the next.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aws/attempt.h"
#include "aws/retry.h"
#include "aws/skew.h"

// Ours: long enough for a source that has to ask the metadata service, or STS, for fresh keys.
#define FRESH_KEYS_NS (10 * NS_PER_S)

enum step {
    STEP_IDLE,   // no request, or its answer was given out
    STEP_REST,   // until rest_until_ns, then the next attempt
    STEP_KEYS,   // the next attempt as soon as there are any
    STEP_ANSWER, // an attempt is on the wire
};

struct aws_client {
    struct aws_client_setting setting;
    struct aws_address address;
    struct sigv4 sigv4;
    struct aws_retry retry;
    struct aws_skew skew;
    // The request in hand.
    enum step step;
    struct aws_request request;
    uint64_t rest_until_ns;
    uint64_t keys_until_ns; // fresh ones, others than the last attempt's, are waited for; 0: any
    bool has_renewed_keys;
    struct aws_answer answer; // what is known of it so far
    struct aws_error_text text;
    // Its last attempt.
    struct http_exchange *exchange;
    struct aws_keys keys;
    uint64_t sent_ns;
    int64_t signed_ms;
};

struct aws_client *aws_client_create(const struct aws_client_setting *setting)
{
    struct aws_client *client = xcalloc(1, sizeof(*client));
    client->setting = *setting;
    aws_address_init(&client->address, setting->endpoint);
    aws_retry_init(&client->retry, setting->seed);
    return client;
}

static void end_exchange(struct aws_client *client)
{
    if (client->exchange != NULL)
        client->setting.http->ops->end(client->setting.http, client->exchange);
    client->exchange = NULL;
}

void aws_client_destroy(struct aws_client *client)
{
    if (client == NULL)
        return;
    end_exchange(client);
    aws_keys_finish(&client->keys);
    sigv4_finish(&client->sigv4);
    aws_address_finish(&client->address);
    free(client);
}

void aws_client_cancel(struct aws_client *client)
{
    if (client->step != STEP_IDLE)
        end_exchange(client);
    client->step = STEP_IDLE;
}

void aws_client_send(
    struct aws_client *client, const struct now *now, const struct aws_request *request)
{
    end_exchange(client);
    aws_retry_begin(&client->retry);
    client->request = *request;
    client->step = STEP_REST;
    client->rest_until_ns = now->boot_ns;
    client->keys_until_ns = 0;
    client->has_renewed_keys = false;
    client->text = (struct aws_error_text){0};
    client->answer = (struct aws_answer){
        .code = client->text.code, .message = client->text.message};
}

uint64_t aws_client_due_ns(const struct aws_client *client)
{
    if (client->step == STEP_REST)
        return client->rest_until_ns;
    if (client->step == STEP_KEYS && client->keys_until_ns != 0)
        return client->keys_until_ns;
    return UINT64_MAX;
}

int64_t aws_client_skew_ms(const struct aws_client *client)
{
    return client->skew.ms;
}

// --- The next attempt ---

static struct sigv4_keys last_keys(const struct aws_client *client)
{
    return (struct sigv4_keys){
        client->keys.access_key_id, client->keys.secret_access_key, client->keys.session_token};
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool are_last_keys(const struct aws_client *client, const struct sigv4_keys *keys)
{
    return is_same(keys->access_key_id, client->keys.access_key_id) &&
        is_same(keys->secret_access_key, client->keys.secret_access_key) &&
        is_same(keys->session_token, client->keys.session_token);
}

// Those of the source, unless they are the ones that were refused.
static bool take_keys(struct aws_client *client)
{
    const struct sigv4_keys *keys = client->setting.keys->keys(client->setting.keys);
    if (keys == NULL || (client->keys_until_ns != 0 && are_last_keys(client, keys)))
        return false;
    return aws_keys_set(&client->keys, keys, AWS_NEVER_EXPIRES);
}

static enum aws_outcome wait_for_keys(struct aws_client *client, const struct now *now)
{
    client->step = STEP_KEYS;
    bool is_late = client->keys_until_ns != 0 && now->boot_ns >= client->keys_until_ns;
    return is_late ? AWS_EXPIRED : AWS_BUSY;
}

static enum aws_outcome fail_to_sign(struct aws_client *client, int error)
{
    bool is_ours = error == -EINVAL;
    snprintf(client->text.message, sizeof(client->text.message), "%s",
        is_ours ? "cannot be signed: a header, the region or the keys hold what no header may"
                : "signing failed in libcrypto");
    return is_ours ? AWS_REFUSED : AWS_FAILED;
}

static void forget_answer(struct aws_client *client)
{
    end_exchange(client);
    client->text = (struct aws_error_text){0};
    client->answer.status = 0;
    client->answer.body = NULL;
    client->answer.n_body_bytes = 0;
}

static enum aws_outcome start_attempt(struct aws_client *client, const struct now *now)
{
    struct sigv4_keys keys = last_keys(client);
    client->keys_until_ns = 0;
    client->sent_ns = now->boot_ns;
    client->signed_ms = now->wall_ms + client->skew.ms;
    client->answer.n_attempts++;
    forget_answer(client);
    struct aws_attempt attempt = {.setting = &client->setting,
        .address = &client->address,
        .request = &client->request,
        .keys = client->setting.keys != NULL ? &keys : NULL,
        .number = client->answer.n_attempts,
        .time_s = client->signed_ms / (int64_t)MS_PER_S};
    int r = aws_attempt_send(&attempt, &client->sigv4, &client->exchange);
    if (r < 0)
        return fail_to_sign(client, r);
    client->step = STEP_ANSWER;
    return AWS_BUSY;
}

static enum aws_outcome go_on(struct aws_client *client, const struct now *now)
{
    if (client->step == STEP_REST && now->boot_ns < client->rest_until_ns)
        return AWS_BUSY;
    if (client->setting.keys != NULL && !take_keys(client))
        return wait_for_keys(client, now);
    return start_attempt(client, now);
}

// --- What came back ---

static const char *header(const struct aws_client *client, const char *name)
{
    return client->setting.http->ops->header(client->setting.http, client->exchange, name);
}

static enum aws_outcome try_again(
    struct aws_client *client, const struct now *now, bool is_throttled)
{
    uint64_t delay_ns;
    struct aws_retry_failure failure = {.n_attempts = client->answer.n_attempts,
        .is_throttled = is_throttled,
        .after = header(client, "x-amz-retry-after")};
    if (client->answer.n_attempts >= AWS_MAX_ATTEMPTS ||
        !aws_retry_take(&client->retry, &failure, &delay_ns))
        return AWS_FAILED;
    client->step = STEP_REST;
    client->rest_until_ns = now->boot_ns + delay_ns;
    return AWS_BUSY;
}

// Once. The source may have others already.
static enum aws_outcome renew_keys(struct aws_client *client, const struct now *now)
{
    struct key_source *source = client->setting.keys;
    if (source == NULL || client->has_renewed_keys)
        return AWS_EXPIRED;
    client->has_renewed_keys = true;
    const struct sigv4_keys *keys = source->keys(source);
    if (keys != NULL && are_last_keys(client, keys))
        source->refuse(source, now);
    client->step = STEP_KEYS;
    client->keys_until_ns = now->boot_ns + FRESH_KEYS_NS;
    return AWS_BUSY;
}

static void read_error(struct aws_client *client, const struct http_response *response)
{
    struct sigv4_keys keys = last_keys(client);
    struct aws_error_answer answer = {.status = response->status,
        .type_header = header(client, "x-amzn-errortype"),
        .query_header = header(client, "x-amzn-query-error"),
        .location = header(client, "Location"),
        .body = response->body,
        .n_body_bytes = response->n_body_bytes,
        .keys = &keys};
    aws_error_read(&answer, &client->text);
}

static bool is_doubtful(long status)
{
    return status == 500 || status == 502 || status == 504;
}

static enum aws_outcome judge_error(struct aws_client *client, const struct now *now)
{
    enum aws_error kind = aws_error_kind(client->answer.status, client->text.code);
    bool is_clock = client->setting.keys != NULL && client->skew.was_off;
    switch (kind) {
    case AWS_ERROR_TRANSIENT:
        client->answer.may_have_arrived |= is_doubtful(client->answer.status);
        return try_again(client, now, false);
    case AWS_ERROR_THROTTLED:
        return try_again(client, now, true);
    case AWS_ERROR_EXPIRED:
        return renew_keys(client, now);
    case AWS_ERROR_CLOCK:
        return is_clock ? try_again(client, now, false) : AWS_FAILED;
    case AWS_ERROR_MAYBE_CLOCK:
        return is_clock ? try_again(client, now, false) : renew_keys(client, now);
    case AWS_ERROR_DENIED:
        return is_clock ? try_again(client, now, false) : AWS_DENIED;
    case AWS_ERROR_INVALID:
        break;
    }
    return AWS_REFUSED;
}

static enum aws_outcome judge_answer(
    struct aws_client *client, const struct now *now, const struct http_response *response)
{
    client->answer.status = response->status;
    client->answer.body = response->body;
    client->answer.n_body_bytes = response->n_body_bytes;
    aws_skew_learn(&client->skew, now,
        &(struct aws_skew_answer){.date = header(client, "Date"),
            .age = header(client, "Age"),
            .sent_ns = client->sent_ns,
            .signed_ms = client->signed_ms});
    if (response->status >= 200 && response->status < 300) {
        aws_retry_succeed(&client->retry);
        return AWS_DONE;
    }
    read_error(client, response);
    return judge_error(client, now);
}

// What is too large was answered, perhaps well: asking again would bring the same.
static enum aws_outcome judge_silence(struct aws_client *client, const struct now *now,
    enum http_outcome outcome, const struct http_response *response)
{
    struct sigv4_keys keys = last_keys(client);
    client->answer.may_have_arrived |= response->may_have_arrived;
    aws_clean(response->reason, strlen(response->reason), &keys, client->text.message);
    return outcome == HTTP_TOO_LARGE ? AWS_FAILED : try_again(client, now, false);
}

static enum aws_outcome take_answer(struct aws_client *client, const struct now *now)
{
    struct http_response response = {0};
    struct http *http = client->setting.http;
    enum http_outcome outcome = http->ops->poll(http, client->exchange, &response);
    if (outcome == HTTP_BUSY)
        return AWS_BUSY;
    client->answer.n_connections += response.is_fresh_connection;
    client->answer.may_have_arrived |= response.is_repeated;
    if (outcome == HTTP_ANSWERED)
        return judge_answer(client, now, &response);
    return judge_silence(client, now, outcome, &response);
}

enum aws_outcome aws_client_work(
    struct aws_client *client, const struct now *now, struct aws_answer *ret_answer)
{
    enum aws_outcome outcome = AWS_BUSY;
    if (client->step == STEP_ANSWER)
        outcome = take_answer(client, now);
    if (outcome == AWS_BUSY && (client->step == STEP_REST || client->step == STEP_KEYS))
        outcome = go_on(client, now);
    if (outcome == AWS_BUSY)
        return AWS_BUSY;
    client->step = STEP_IDLE;
    *ret_answer = client->answer;
    return outcome;
}
