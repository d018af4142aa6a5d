// SPDX-License-Identifier: Apache-2.0
// Asks as the daemon does, with the same code, until everything was asked once, or nothing can be
// had for now. Probes then look at what it knows.
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "aws/environment.h"
#include "command/check.h"
#include "exit_status.h"
#include "os/clock.h"

#define ASK_NS (5 * NS_PER_S)
// Of questions in a row: one failure is noise.
#define FAILURES_TO_END 2

static void see_enis(struct check *check, const struct now *now)
{
    for (size_t i = 0; i < check->survey.n_links; i++)
        if (check->survey.links[i].as == SURVEYED_ENI)
            identity_see(&check->identity, &check->survey.links[i].eni, now);
}

// Nothing to ask now: what is not known is asked again later, or will not be told soon.
static bool is_settled(const struct check *check, const struct now *now, uint64_t end_ns)
{
    const struct identity *identity = &check->identity;
    if (identity->asker != ASKER_NONE)
        return false;
    if (identity->imds.n_failures == 0)
        return identity_due_ns(identity) > now->boot_ns;
    return identity->imds.n_failures >= FAILURES_TO_END ||
        imds_rests_until_ns(&identity->imds) >= end_ns;
}

static void wait_for_answers(const struct check *check, const struct now *now, uint64_t end_ns)
{
    uint64_t until_ns = identity_due_ns(&check->identity);
    uint64_t http_ns = check->http->ops->deadline_ns(check->http);
    if (http_ns != 0 && http_ns < until_ns)
        until_ns = http_ns;
    if (end_ns < until_ns)
        until_ns = end_ns;
    uint64_t left_ns = until_ns > now->boot_ns ? until_ns - now->boot_ns : 0;
    struct pollfd end = {.fd = check->http->ops->descriptor(check->http), .events = POLLIN};
    poll(&end, 1, (int)(left_ns / NS_PER_MS) + 1);
}

static void ask(struct check *check)
{
    uint64_t end_ns = clock_now().boot_ns + ASK_NS;
    for (;;) {
        struct now now = clock_now();
        if (check->http != NULL)
            check->http->ops->work(check->http, &now);
        identity_work(&check->identity, &now);
        if (is_settled(check, &now, end_ns) || now.boot_ns >= end_ns)
            return;
        if (check->http != NULL)
            wait_for_answers(check, &now, end_ns);
    }
}

// Where the metadata service is, for ourselves and for the sink, or why nobody asks it. Returns the
// exit status.
static int find_imds(struct check *check)
{
    if (check_is_replay(check))
        check->no_imds_because = "a recording is played, which has nobody to ask";
    if (check_is_replay(check) && !check_sink_ops(check)->needs_http)
        return EXIT_STATUS_DONE;
    const char *reason = NULL;
    int r = identity_endpoint(&check->config->identity, &check->imds_endpoint, &reason);
    if (r == IDENTITY_BAD_ENVIRONMENT) {
        log_error("%s", reason);
        return EXIT_STATUS_CONFIG;
    }
    if (r == IDENTITY_NO_IMDS && check->no_imds_because == NULL)
        check->no_imds_because = reason;
    return EXIT_STATUS_DONE;
}

static int open_http(struct check *check)
{
    if (check->imds_endpoint == NULL && !check_sink_ops(check)->needs_http)
        return EXIT_STATUS_DONE;
    bool has_profiles = check_sink_ops(check)->needs_http;
    if (has_profiles)
        aws_profiles_read(&check->profiles);
    int r = http_curl_create(
        &(struct http_curl_options){
            .ca_bundle = has_profiles ? aws_ca_bundle(&check->profiles) : NULL},
        &check->http);
    if (r == 0)
        return EXIT_STATUS_DONE;
    log_error("cannot start HTTP: %s", strerror(-r));
    return EXIT_STATUS_FAILED;
}

int check_identify(struct check *check)
{
    int status = find_imds(check);
    if (status == EXIT_STATUS_DONE)
        status = open_http(check);
    if (status != EXIT_STATUS_DONE)
        return status;
    struct now now = clock_now();
    identity_init(&check->identity,
        &(struct identity_setting){.options = &check->config->identity,
            .http = check->no_imds_because == NULL ? check->http : NULL,
            .endpoint = check->imds_endpoint,
            .is_elsewhere = check_is_replay(check)},
        &now);
    see_enis(check, &now);
    ask(check);
    return EXIT_STATUS_DONE;
}
