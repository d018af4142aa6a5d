// SPDX-License-Identifier: Apache-2.0
// Finds the provider when it is made, keeps its keys, and says what became of them: a line for each
// change.
#include <string.h>

#include "aws/keeper.h"
#include "flow/outage.h"
#include "log.h"

// In the order of the chain. The last one is the only one that may have nothing for us.
static const struct provider_ops *const chain[] = {
    &credentials_env,
    &credentials_role,
    &credentials_web_identity,
    &credentials_profile,
    &credentials_container,
    &credentials_imds,
};

// One failure is noise, most of all while a machine boots.
#define FAILURES_TO_SAY 2
// What else goes wrong while it lasts is not news.
#define MAX_TOLD 4

struct credentials {
    struct keeper keeper;
    struct credentials_setting setting;
    const struct provider_ops *ops; // in use, or wrong; NULL: the chain is empty
    char *why;   // it is wrong; of an empty chain, or of its last: what was tried
    char *empty; // the last of the chain has nothing for us: the whole story
    bool has_had_keys;
    bool had_keys; // when it worked last
    struct outage outage;
    unsigned int n_failures; // in a row
    size_t n_told;
    char *told[MAX_TOLD]; // of this outage
};

// --- Which ---

static void note_absent(struct credentials *credentials, const char *name, char *why)
{
    char *before = credentials->why;
    credentials->why = before == NULL ? xasprintf("%s (%s)", name, why)
                                      : xasprintf("%s, %s (%s)", before, name, why);
    free(before);
    free(why);
}

static struct provider *choose(struct credentials *credentials)
{
    struct provider_context context = {.setting = &credentials->setting};
    for (size_t i = 0; i < ARRAY_SIZE(chain); i++) {
        struct provider *provider = NULL;
        char *why = NULL;
        enum provider_found found = chain[i]->create(&context, &provider, &why);
        if (found == PROVIDER_ABSENT) {
            note_absent(credentials, chain[i]->name, why);
            continue;
        }
        credentials->ops = chain[i];
        if (found == PROVIDER_WRONG) {
            free(credentials->why);
            credentials->why = why;
        }
        return provider;
    }
    return NULL;
}

static bool is_last(const struct credentials *credentials)
{
    return credentials->ops == chain[ARRAY_SIZE(chain) - 1];
}

struct credentials *credentials_create(const struct credentials_setting *setting)
{
    struct credentials *credentials = xcalloc(1, sizeof(*credentials));
    credentials->setting = *setting;
    struct provider *provider = choose(credentials);
    keeper_init(&credentials->keeper, provider, setting->seed);
    if (provider == NULL && credentials->ops != NULL)
        log_error("credentials: %s: %s", credentials->ops->name, credentials->why);
    else if (provider == NULL)
        log_error("credentials: there are none; tried: %s", credentials->why);
    return credentials;
}

static void forget_told(struct credentials *credentials)
{
    for (size_t i = 0; i < credentials->n_told; i++)
        free(credentials->told[i]);
    credentials->n_told = 0;
}

void credentials_destroy(struct credentials *credentials)
{
    if (credentials == NULL)
        return;
    keeper_finish(&credentials->keeper);
    forget_told(credentials);
    free(credentials->why);
    free(credentials->empty);
    free(credentials);
}

struct key_source *credentials_source(struct credentials *credentials)
{
    return &credentials->keeper.source;
}

void credentials_set_region(struct credentials *credentials, const char *region)
{
    struct provider *provider = credentials->keeper.provider;
    if (provider != NULL && provider->ops->set_region != NULL)
        provider->ops->set_region(provider, region);
}

uint64_t credentials_due_ns(const struct credentials *credentials)
{
    return keeper_due_ns(&credentials->keeper);
}

// --- What became of it ---

static const char *about(const struct credentials *credentials)
{
    const struct provider *provider = credentials->keeper.provider;
    return provider != NULL ? provider->about : NULL;
}

// Whether nobody was told of it in this outage.
static bool is_news(struct credentials *credentials, const char *trouble)
{
    for (size_t i = 0; i < credentials->n_told; i++)
        if (strcmp(credentials->told[i], trouble) == 0)
            return false;
    if (credentials->n_told == MAX_TOLD)
        return false;
    credentials->told[credentials->n_told++] = xstrdup(trouble);
    return true;
}

static void say_trouble(struct credentials *credentials)
{
    const struct keeper *keeper = &credentials->keeper;
    if ((credentials->n_failures < FAILURES_TO_SAY && !keeper->is_trouble_lasting) ||
        !is_news(credentials, keeper->trouble))
        return;
    if (credentials->empty != NULL)
        log_warning("credentials: there are none; tried: %s", credentials->empty);
    else
        log_warning("credentials: %s: %s", credentials->ops->name, keeper->trouble);
}

// Until it has had keys, the last of the chain is one that was tried.
static void note_empty(struct credentials *credentials)
{
    const struct keeper *keeper = &credentials->keeper;
    free(credentials->empty);
    credentials->empty = is_last(credentials) && !credentials->has_had_keys
        ? xasprintf("%s, %s (%s)", credentials->why, credentials->ops->name, keeper->trouble)
        : NULL;
}

static void note_failure(struct credentials *credentials, const struct now *now)
{
    credentials->n_failures++;
    outage_begin(&credentials->outage, now);
    note_empty(credentials);
    say_trouble(credentials);
}

static void say_in_use(const struct credentials *credentials)
{
    const char *more = about(credentials);
    log_info("credentials: from the %s%s%s", credentials->ops->name, more != NULL ? ": " : "",
        more != NULL ? more : "");
}

static void end_outage(struct credentials *credentials, const struct now *now, bool is_said)
{
    char lasted[OUTAGE_TEXT_MAX];
    bool was_told = credentials->n_told > 0;
    if (outage_end(&credentials->outage, now, lasted) && was_told && is_said)
        log_info("credentials: %s: gives keys again after %s", credentials->ops->name, lasted);
    credentials->n_failures = 0;
    forget_told(credentials);
    note_empty(credentials);
}

// Keys that have ended, of a provider whose old ones serve, are in use and a trouble.
static void note_keys(struct credentials *credentials, const struct now *now)
{
    bool is_first = !credentials->has_had_keys;
    credentials->has_had_keys = true;
    if (is_first)
        say_in_use(credentials);
    if (credentials->keeper.trouble != NULL)
        note_failure(credentials, now);
    else
        end_outage(credentials, now, !is_first);
}

static void note_end(struct credentials *credentials)
{
    bool has_keys = keeper_keys(&credentials->keeper) != NULL;
    if (credentials->had_keys && !has_keys)
        log_warning(
            "credentials: %s: the keys have ended: nothing is signed until there are others",
            credentials->ops->name);
    credentials->had_keys = has_keys;
}

void credentials_work(struct credentials *credentials, const struct now *now)
{
    switch (keeper_work(&credentials->keeper, now)) {
    case KEEPER_NOTHING_NEW:
        break;
    case KEEPER_RENEWED:
        note_keys(credentials, now);
        break;
    case KEEPER_FAILED:
    case KEEPER_EMPTY:
        note_failure(credentials, now);
        break;
    }
    note_end(credentials);
}

static const char *trouble_of(const struct credentials *credentials)
{
    if (credentials->keeper.provider == NULL)
        return credentials->why;
    return credentials->empty != NULL ? credentials->empty : credentials->keeper.trouble;
}

struct credentials_view credentials_view(const struct credentials *credentials)
{
    const struct keeper *keeper = &credentials->keeper;
    bool is_empty = credentials->ops == NULL || credentials->empty != NULL;
    bool has_keys = keeper_keys(keeper) != NULL;
    const char *trouble = trouble_of(credentials);
    return (struct credentials_view){.provider = is_empty ? NULL : credentials->ops->name,
        .about = about(credentials),
        .trouble = trouble,
        .has_keys = has_keys,
        .is_settled = has_keys || trouble != NULL,
        .expires_ms = has_keys ? keeper->keys.expires_ms : 0};
}
