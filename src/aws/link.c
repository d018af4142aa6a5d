// SPDX-License-Identifier: Apache-2.0
// The region comes first, then the endpoint, then the client; keys are asked for meanwhile.
#include <inttypes.h>
#include <string.h>

#include "aws/environment.h"
#include "aws/link.h"
#include "aws/skew.h"
#include "log.h"

// For the metadata service to name the region before the log says that it is missing: ours.
#define REGION_PATIENCE_NS (10 * NS_PER_S)

struct aws_link {
    struct aws_link_setting setting;
    struct credentials *credentials;
    struct aws_client *client; // NULL until region and endpoint are known
    char *region;              // NULL while not known
    char *endpoint;            // NULL while not known
    char *trouble;             // of region or endpoint; NULL: none
    bool is_told;              // the trouble
    uint64_t patient_until_ns; // boot time; 0: it has not worked yet
    bool is_busy;              // a request is under way
    bool is_clock_told;        // that it is off
};

static const char *region_of_words(const struct aws_link_setting *setting)
{
    return setting->region != NULL ? setting->region : aws_region_of(setting->profiles);
}

struct aws_link *aws_link_create(const struct aws_link_setting *setting)
{
    struct aws_link *link = xcalloc(1, sizeof(*link));
    link->setting = *setting;
    link->credentials = credentials_create(&(struct credentials_setting){.http = setting->http,
        .profiles = setting->profiles,
        .imds_endpoint = setting->imds_endpoint,
        .seed = setting->seed});
    return link;
}

void aws_link_destroy(struct aws_link *link)
{
    if (link == NULL)
        return;
    aws_client_destroy(link->client);
    credentials_destroy(link->credentials);
    free(link->region);
    free(link->endpoint);
    free(link->trouble);
    free(link);
}

// --- Where it is ---

static void create_client(struct aws_link *link)
{
    const struct aws_service_kind *kind = &aws_services[link->setting.service];
    const char *name = link->setting.name;
    link->client = aws_client_create(&(struct aws_client_setting){.http = link->setting.http,
        .keys = credentials_source(link->credentials),
        .endpoint = link->endpoint,
        .region = link->region,
        .signing_name = kind->signing_name,
        .seed = link->setting.seed});
    log_info("%s: %s at %s, region %s", name, kind->name, link->endpoint, link->region);
    if (strncmp(link->endpoint, "http://", 7) == 0)
        log_warning("%s: %s is not encrypted: whoever is in between can read and change what is "
                    "sent; if this is not meant so, use https://",
            name, link->endpoint);
}

// What is wrong with an endpoint does not pass: the words are those of the start.
static void find_endpoint(struct aws_link *link)
{
    struct aws_endpoint_wish wish = {
        link->setting.service, link->setting.endpoint, link->setting.profiles};
    if (link->trouble != NULL)
        return;
    link->endpoint = aws_endpoint(&wish, link->region, &link->trouble);
    if (link->endpoint != NULL)
        create_client(link);
    else
        log_error("%s: %s", link->setting.name, link->trouble);
}

static void miss_region(struct aws_link *link, const struct now *now)
{
    const char *name = link->setting.name;
    bool is_asked = link->setting.imds_endpoint != NULL;
    if (link->trouble == NULL)
        link->trouble = xasprintf("the region is not known%s: set %s.region or AWS_REGION",
            is_asked ? ", the metadata service has not named it yet" : "", name);
    if (link->is_told || (is_asked && now->boot_ns < link->patient_until_ns))
        return;
    log_warning("%s: %s; until then nothing is sent", name, link->trouble);
    link->is_told = true;
}

static void find_region(struct aws_link *link, const struct now *now)
{
    const char *region = region_of_words(&link->setting);
    if (region == NULL)
        region = link->setting.place->region;
    if (region == NULL) {
        miss_region(link, now);
        return;
    }
    free(link->trouble);
    link->trouble = NULL;
    link->region = xstrdup(region);
    credentials_set_region(link->credentials, region);
}

static void find_place(struct aws_link *link, const struct now *now)
{
    if (link->patient_until_ns == 0)
        link->patient_until_ns = now->boot_ns + REGION_PATIENCE_NS;
    if (link->region == NULL)
        find_region(link, now);
    if (link->region != NULL && link->client == NULL)
        find_endpoint(link);
}

// --- Requests ---

static bool has_keys(const struct aws_link *link)
{
    struct key_source *source = credentials_source(link->credentials);
    return source->keys(source) != NULL;
}

bool aws_link_is_ready(const struct aws_link *link)
{
    return link->client != NULL && !link->is_busy && has_keys(link);
}

void aws_link_send(struct aws_link *link, const struct now *now, const struct aws_request *request)
{
    aws_client_send(link->client, now, request);
    link->is_busy = true;
}

// Once when the clocks are found apart, and once when they are together again.
static void tell_clock(struct aws_link *link)
{
    int64_t skew_ms = aws_client_skew_ms(link->client);
    int64_t skew_s = skew_ms / (int64_t)MS_PER_S;
    bool is_off = skew_ms > AWS_SKEW_TOLERATED_MS || skew_ms < -AWS_SKEW_TOLERATED_MS;
    if (is_off == link->is_clock_told)
        return;
    link->is_clock_told = is_off;
    if (is_off)
        log_warning("%s: by the clock of %s ours is %" PRId64 " s %s: requests are signed with its "
                    "time, data keep ours; correct the clock of this machine",
            link->setting.name, aws_services[link->setting.service].name,
            skew_s < 0 ? -skew_s : skew_s, skew_s < 0 ? "ahead" : "behind");
    else
        log_info("%s: the clocks agree again", link->setting.name);
}

enum aws_outcome aws_link_work(
    struct aws_link *link, const struct now *now, struct aws_answer *ret_answer)
{
    find_place(link, now);
    credentials_work(link->credentials, now);
    if (link->client == NULL)
        return AWS_BUSY;
    enum aws_outcome outcome = aws_client_work(link->client, now, ret_answer);
    if (outcome != AWS_BUSY)
        link->is_busy = false;
    tell_clock(link);
    return outcome;
}

uint64_t aws_link_due_ns(const struct aws_link *link)
{
    uint64_t due_ns = credentials_due_ns(link->credentials);
    uint64_t client_ns = link->client != NULL ? aws_client_due_ns(link->client) : UINT64_MAX;
    return client_ns < due_ns ? client_ns : due_ns;
}

struct aws_link_view aws_link_view(const struct aws_link *link)
{
    struct aws_link_view view = {.endpoint = link->endpoint,
        .region = link->region,
        .trouble = link->trouble,
        .credentials = credentials_view(link->credentials)};
    if (view.trouble == NULL && !view.credentials.has_keys)
        view.trouble = view.credentials.trouble;
    return view;
}
