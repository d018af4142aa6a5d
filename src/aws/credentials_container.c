// SPDX-License-Identifier: Apache-2.0
// The endpoint that a container's environment names: task roles of ECS, EKS Pod Identity, and
// whatever else hands out keys so (AWS SDKs and Tools Reference Guide, "Container credential
// provider"; botocore, ContainerProvider). Where it may be: container_url.c.
#include <stdio.h>
#include <string.h>

#include "aws/container_url.h"
#include "aws/credentials_json.h"
#include "aws/environment.h"
#include "aws/provider.h"
#include "aws/token_file.h"

// botocore, ContainerMetadataFetcher.
#define TIMEOUT_MS   UINT64_C(2000)
#define MAX_ATTEMPTS 3
#define PAUSE_NS     NS_PER_S

#define MAX_BODY ((size_t)256 << 10) // ours: a session token has no limit that is told

#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define TOKEN      "AWS_CONTAINER_AUTHORIZATION_TOKEN"

struct container {
    struct provider base;
    struct http *http;
    char *url, *token_file, *token; // the file wins; NULL: none
    struct http_exchange *exchange;
    unsigned int n_attempts; // of this fetch
    uint64_t due_ns;
    char *reason;
};

static char *copy_variable(const char *name)
{
    const char *value = aws_variable(name);
    return value != NULL ? xstrdup(value) : NULL;
}

static enum provider_found create(
    const struct provider_context *context, struct provider **ret_provider, char **ret_why)
{
    char *why = NULL;
    char *url = container_url(&why);
    if (url == NULL) {
        *ret_why = why != NULL ? why : xstrdup("AWS_CONTAINER_CREDENTIALS_FULL_URI is not set");
        return why != NULL ? PROVIDER_WRONG : PROVIDER_ABSENT;
    }
    const char *token = aws_variable(TOKEN);
    if (aws_variable(TOKEN_FILE) == NULL && token != NULL && !token_is_header(token)) {
        free(url);
        *ret_why = xstrdup(TOKEN " has a newline in it, or another byte that no header has");
        return PROVIDER_WRONG;
    }
    struct container *container = xcalloc(1, sizeof(*container));
    *container = (struct container){
        .base = {.ops = &credentials_container, .about = container_url_name(url)},
        .http = context->setting->http,
        .url = url,
        .token_file = copy_variable(TOKEN_FILE),
        .token = copy_variable(TOKEN)};
    *ret_provider = &container->base;
    return PROVIDER_IS_HERE;
}

static struct container *container_of(struct provider *provider)
{
    return (struct container *)provider;
}

static void end_exchange(struct container *container)
{
    if (container->exchange != NULL)
        container->http->ops->end(container->http, container->exchange);
    container->exchange = NULL;
}

static void fetch(struct provider *provider, const struct now *now)
{
    struct container *container = container_of(provider);
    container->n_attempts = 0;
    container->due_ns = now->boot_ns;
}

// Takes the reason.
static enum fetch fail(struct container *container, char *reason, struct fetched *ret_fetched)
{
    end_exchange(container);
    free(container->reason);
    container->reason = reason;
    *ret_fetched = (struct fetched){.reason = reason};
    return FETCH_FAILED;
}

// Of one piece, to be wiped: what makes its own room leaves some in memory.
static char *authorization_of(const char *token)
{
    static const char name[] = "Authorization: ";
    size_t size = sizeof(name) + strlen(token);
    char *line = xcalloc(size, 1);
    snprintf(line, size, "%s%s", name, token);
    return line;
}

static void send(struct container *container, const char *token)
{
    char *authorization = token != NULL ? authorization_of(token) : NULL;
    container->n_attempts++;
    container->due_ns = UINT64_MAX;
    container->exchange = container->http->ops->send(container->http,
        &(struct http_request){.method = "GET",
            .url = container->url,
            .headers = (const char *const[]){"Accept: application/json", authorization, NULL},
            .connect_ms = TIMEOUT_MS,
            .total_ms = TIMEOUT_MS,
            .max_body_bytes = MAX_BODY,
            .is_direct = true});
    aws_free_secret(authorization);
}

// The file is read for each attempt: its owner renews it.
static enum fetch start(struct container *container, struct fetched *ret_fetched)
{
    char *why = NULL;
    if (container->token_file == NULL) {
        send(container, container->token);
        return FETCH_BUSY;
    }
    char *token = token_file_read(container->token_file, &why);
    if (token == NULL)
        return fail(container, why, ret_fetched);
    bool is_header = token_is_header(token);
    if (is_header)
        send(container, token);
    aws_free_secret(token);
    return is_header ? FETCH_BUSY
                     : fail(container,
                           xasprintf("the token file %s: has a newline in it, or another byte that "
                                     "no header has",
                               container->token_file),
                           ret_fetched);
}

// What went wrong in this attempt, the caller's.
static char *name_failure(const struct container *container, enum http_outcome outcome,
    const struct http_response *response, const char *why)
{
    const char *about = container->base.about;
    if (outcome != HTTP_ANSWERED)
        return xasprintf("%s does not answer: %s; see that the agent of ECS or of EKS Pod Identity "
                         "runs on this node",
            about, response->reason);
    if (response->status != 200)
        return xasprintf("%s answers with status %ld; see that this task or service account has a "
                         "role",
            about, response->status);
    return xasprintf("the answer of %s %s", about, why);
}

static enum fetch take_outcome(
    struct container *container, const struct now *now, struct fetched *ret_fetched)
{
    char why[CREDENTIALS_JSON_WHY_MAX] = "";
    struct http_response response = {0};
    enum http_outcome outcome = container->http->ops->poll(
        container->http, container->exchange, &response);
    if (outcome == HTTP_BUSY)
        return FETCH_BUSY;
    struct aws_keys keys = {0};
    if (outcome == HTTP_ANSWERED && response.status == 200 &&
        credentials_json_read(response.body, response.n_body_bytes, &keys, why)) {
        end_exchange(container);
        *ret_fetched = (struct fetched){.keys = keys};
        return FETCH_DONE;
    }
    if (container->n_attempts >= MAX_ATTEMPTS)
        return fail(container, name_failure(container, outcome, &response, why), ret_fetched);
    end_exchange(container);
    container->due_ns = now->boot_ns + PAUSE_NS;
    return FETCH_BUSY;
}

static enum fetch work(
    struct provider *provider, const struct now *now, struct fetched *ret_fetched)
{
    struct container *container = container_of(provider);
    if (container->exchange != NULL)
        return take_outcome(container, now, ret_fetched);
    return now->boot_ns >= container->due_ns ? start(container, ret_fetched) : FETCH_BUSY;
}

static uint64_t due_ns(const struct provider *provider)
{
    return ((const struct container *)provider)->due_ns;
}

static void destroy(struct provider *provider)
{
    struct container *container = container_of(provider);
    if (container == NULL)
        return;
    end_exchange(container);
    aws_free_secret(container->token);
    free(container->token_file);
    free(container->url);
    free(container->reason);
    free(container->base.about);
    free(container);
}

const struct provider_ops credentials_container = {.name = "container endpoint",
    .keeps_old = true,
    .create = create,
    .fetch = fetch,
    .work = work,
    .due_ns = due_ns,
    .destroy = destroy};
