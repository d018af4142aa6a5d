// SPDX-License-Identifier: Apache-2.0
// The role of the instance, from its metadata service (EC2 User Guide, "IAM roles for Amazon EC2"):
// the name of the role first, then its keys. The last of the chain: where no role is attached there
// are no keys, until one is.
#include <stdio.h>
#include <string.h>

#include "aws/credentials_json.h"
#include "aws/imds.h"
#include "aws/provider.h"

#define LIST_PATH     "meta-data/iam/security-credentials/"
#define ROLE_NAME_MAX 64 // IAM, API reference, Role

struct imds_provider {
    struct provider base;
    struct imds imds;
    char *endpoint;
    char role[ROLE_NAME_MAX + 1]; // "": its name is asked for
    bool is_asked;
    uint64_t due_ns;
    char *reason;
};

static enum provider_found create(
    const struct provider_context *context, struct provider **ret_provider, char **ret_why)
{
    const struct credentials_setting *setting = context->setting;
    if (setting->imds_endpoint == NULL) {
        *ret_why = xstrdup("the metadata service is switched off");
        return PROVIDER_ABSENT;
    }
    struct imds_provider *provider = xcalloc(1, sizeof(*provider));
    provider->base.ops = &credentials_imds;
    provider->endpoint = xstrdup(setting->imds_endpoint);
    imds_init(&provider->imds, setting->http, provider->endpoint, setting->seed + 4);
    provider->imds.is_quiet = true;
    provider->imds.patience_ns = IMDS_MIN_PATIENCE_NS;
    *ret_provider = &provider->base;
    return PROVIDER_IS_HERE;
}

static struct imds_provider *imds_of(struct provider *provider)
{
    return (struct imds_provider *)provider;
}

static void fetch(struct provider *provider, const struct now *now)
{
    imds_of(provider)->role[0] = '\0';
    imds_of(provider)->due_ns = now->boot_ns;
}

// Takes the reason.
static enum fetch settle(
    struct imds_provider *imds, enum fetch fetch, char *reason, struct fetched *ret_fetched)
{
    free(imds->reason);
    imds->reason = reason;
    *ret_fetched = (struct fetched){.reason = reason, .is_lasting = fetch == FETCH_NONE};
    return fetch;
}

// It becomes part of a path.
static bool is_role_name(const char *text, size_t n)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-";
    if (n == 0 || n > ROLE_NAME_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\0' || strchr(letters, text[i]) == NULL)
            return false;
    return true;
}

// An instance has one role; a list is ended by newlines or not.
static enum fetch take_role(
    struct imds_provider *imds, const struct answer *answer, struct fetched *ret_fetched)
{
    if (answer->body == NULL || answer->n_bytes == 0)
        return settle(imds, FETCH_NONE,
            xstrdup("no role is attached to this instance: attach an instance profile"),
            ret_fetched);
    const char *newline = memchr(answer->body, '\n', answer->n_bytes);
    size_t n = newline != NULL ? (size_t)(newline - answer->body) : answer->n_bytes;
    if (!is_role_name(answer->body, n))
        return settle(imds, FETCH_FAILED,
            xasprintf("%s: what it says of the role is no name of one: ask it by hand for %s",
                imds->endpoint, LIST_PATH),
            ret_fetched);
    snprintf(imds->role, sizeof(imds->role), "%.*s", (int)n, answer->body);
    return FETCH_BUSY;
}

static enum fetch take_keys(
    struct imds_provider *imds, const struct answer *answer, struct fetched *ret_fetched)
{
    struct aws_keys keys = {0};
    char why[CREDENTIALS_JSON_WHY_MAX] = "is none: the role was taken away just now";
    if (answer->body != NULL && credentials_json_read(answer->body, answer->n_bytes, &keys, why)) {
        *ret_fetched = (struct fetched){.keys = keys};
        return FETCH_DONE;
    }
    return settle(imds, FETCH_FAILED,
        xasprintf("%s: its answer for the role %s %s; see that the trust policy of the role names "
                  "ec2.amazonaws.com",
            imds->endpoint, imds->role, why),
        ret_fetched);
}

static enum fetch take_answer(
    struct imds_provider *imds, const struct answer *answer, struct fetched *ret_fetched)
{
    return imds->role[0] == '\0' ? take_role(imds, answer, ret_fetched)
                                 : take_keys(imds, answer, ret_fetched);
}

static enum fetch hear(
    struct imds_provider *imds, const struct now *now, struct fetched *ret_fetched)
{
    struct answer answer = {0};
    enum imds_answer r = imds_work(&imds->imds, now, &answer);
    if (r == IMDS_NOTHING_NEW)
        return FETCH_BUSY;
    imds->is_asked = false;
    if (r != IMDS_FAILED)
        return take_answer(imds, &answer, ret_fetched);
    enum imds_trouble trouble = imds->imds.trouble;
    return settle(imds, FETCH_FAILED,
        xasprintf("%s: %s", imds->endpoint, imds_trouble_text(trouble)), ret_fetched);
}

static void ask(struct imds_provider *imds, const struct now *now)
{
    if (!imds_is_ready(&imds->imds, now)) {
        imds->due_ns = imds_rests_until_ns(&imds->imds);
        return;
    }
    scoped_free char *path = xasprintf("%s%s", LIST_PATH, imds->role);
    imds_ask(&imds->imds, now, path);
    imds->is_asked = true;
    imds->due_ns = UINT64_MAX;
}

static enum fetch work(
    struct provider *provider, const struct now *now, struct fetched *ret_fetched)
{
    struct imds_provider *imds = imds_of(provider);
    if (imds->is_asked) {
        enum fetch fetch = hear(imds, now, ret_fetched);
        if (fetch != FETCH_BUSY || imds->is_asked)
            return fetch;
    }
    ask(imds, now);
    return FETCH_BUSY;
}

static uint64_t due_ns(const struct provider *provider)
{
    return ((const struct imds_provider *)provider)->due_ns;
}

static void destroy(struct provider *provider)
{
    struct imds_provider *imds = imds_of(provider);
    if (imds == NULL)
        return;
    imds_finish(&imds->imds);
    free(imds->endpoint);
    free(imds->reason);
    free(imds);
}

const struct provider_ops credentials_imds = {.name = "metadata service",
    .keeps_old = true,
    .create = create,
    .fetch = fetch,
    .work = work,
    .due_ns = due_ns,
    .destroy = destroy};
