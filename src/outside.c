// SPDX-License-Identifier: Apache-2.0
// Opened in the order in which one needs the other. What goes wrong while it works is said by those
// who ask.
#include <string.h>

#include "aws/environment.h"
#include "exit_status.h"
#include "outside.h"
#include "sink/table.h"

const struct sink_ops *outside_sink_ops(const struct outside *outside)
{
    return sink_table[outside->config->publish.sink];
}

static int find_imds(struct outside *outside, bool is_replay)
{
    const char *reason = NULL;
    if (is_replay)
        outside->no_imds_because = "a recording is played, which has nobody to ask";
    if (is_replay && !outside_sink_ops(outside)->needs_http)
        return EXIT_STATUS_DONE;
    int r = identity_endpoint(&outside->config->identity, &outside->imds_endpoint, &reason);
    if (r == IDENTITY_BAD_ENVIRONMENT) {
        log_error("%s", reason);
        return EXIT_STATUS_CONFIG;
    }
    if (r == IDENTITY_NO_IMDS && !is_replay)
        outside->no_imds_because = reason;
    return EXIT_STATUS_DONE;
}

static int open_http(struct outside *outside)
{
    bool is_for_sink = outside_sink_ops(outside)->needs_http;
    if (outside->imds_endpoint == NULL && !is_for_sink)
        return EXIT_STATUS_DONE;
    if (is_for_sink)
        aws_profiles_read(&outside->profiles);
    int r = http_curl_create(
        &(struct http_curl_options){
            .ca_bundle = is_for_sink ? aws_ca_bundle(&outside->profiles) : NULL},
        &outside->http);
    if (r == 0)
        return EXIT_STATUS_DONE;
    log_error("cannot start HTTP: %s", strerror(-r));
    return EXIT_STATUS_FAILED;
}

int outside_open(
    struct outside *outside, const struct config *config, bool is_replay, const struct now *now)
{
    *outside = (struct outside){.config = config};
    int status = find_imds(outside, is_replay);
    if (status == EXIT_STATUS_DONE)
        status = open_http(outside);
    if (status != EXIT_STATUS_DONE)
        return status;
    bool is_asked = outside->imds_endpoint != NULL && !is_replay;
    identity_init(&outside->identity,
        &(struct identity_setting){.options = &config->identity,
            .http = is_asked ? outside->http : NULL,
            .endpoint = outside->imds_endpoint,
            .is_elsewhere = is_replay},
        now);
    identity_place(&outside->identity, &outside->place);
    return EXIT_STATUS_DONE;
}

void outside_finish(struct outside *outside)
{
    identity_finish(&outside->identity);
    if (outside->http != NULL)
        outside->http->ops->destroy(outside->http);
    aws_profiles_finish(&outside->profiles);
    free(outside->imds_endpoint);
    *outside = (struct outside){0};
}

void outside_work(struct outside *outside, const struct now *now)
{
    if (outside->http != NULL)
        outside->http->ops->work(outside->http, now);
    identity_work(&outside->identity, now);
    identity_place(&outside->identity, &outside->place);
}

int outside_descriptor(const struct outside *outside)
{
    return outside->http != NULL ? outside->http->ops->descriptor(outside->http) : -1;
}

uint64_t outside_due_ns(const struct outside *outside)
{
    uint64_t due_ns = identity_due_ns(&outside->identity);
    uint64_t http_ns = outside->http != NULL ? outside->http->ops->deadline_ns(outside->http) : 0;
    return http_ns != 0 && http_ns < due_ns ? http_ns : due_ns;
}

struct sink_setting outside_sink_setting(const struct outside *outside)
{
    struct sink_setting setting = config_sink_setting(outside->config, outside_sink_ops(outside));
    setting.http = outside->http;
    setting.profiles = &outside->profiles;
    setting.imds_endpoint = outside->imds_endpoint;
    setting.place = &outside->place;
    return setting;
}
