// SPDX-License-Identifier: Apache-2.0
// The link, gone the first steps without a request.
#include <poll.h>
#include <time.h>

#include "os/clock.h"
#include "sink/aws_check.h"

static bool is_settled(const struct aws_link *link)
{
    struct aws_link_view view = aws_link_view(link);
    bool has_place = view.region != NULL && (view.endpoint != NULL || view.trouble != NULL);
    return has_place && view.credentials.is_settled;
}

static void wait_for_work(
    const struct aws_link *link, struct http *http, const struct now *now, uint64_t end_ns)
{
    uint64_t until_ns = aws_link_due_ns(link);
    uint64_t http_ns = http->ops->deadline_ns(http);
    until_ns = http_ns != 0 && http_ns < until_ns ? http_ns : until_ns;
    until_ns = end_ns < until_ns ? end_ns : until_ns;
    uint64_t left_ns = until_ns > now->boot_ns ? until_ns - now->boot_ns : 0;
    struct pollfd end = {.fd = http->ops->descriptor(http), .events = POLLIN};
    poll(&end, 1, (int)(left_ns / NS_PER_MS) + 1);
}

static void work(struct aws_link *link, struct http *http)
{
    uint64_t end_ns = clock_now().boot_ns + SINK_CHECK_NS;
    for (;;) {
        struct now now = clock_now();
        struct aws_answer answer;
        http->ops->work(http, &now);
        (void)aws_link_work(link, &now, &answer);
        if (is_settled(link) || now.boot_ns >= end_ns)
            return;
        wait_for_work(link, http, &now, end_ns);
    }
}

static char *expiry_of(const struct credentials_view *view)
{
    if (view->expires_ms == AWS_NEVER_EXPIRES)
        return xstrdup("without an end");
    time_t s = (time_t)(view->expires_ms / (int64_t)MS_PER_S);
    struct tm tm;
    char text[sizeof("9999-12-31T23:59:59Z")] = "?";
    if (gmtime_r(&s, &tm) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    return xasprintf("until %s", text);
}

static void tell_success(const struct aws_delivery_kind *kind, const struct aws_link_view *view,
    struct sink_finding *finding)
{
    const struct credentials_view *keys = &view->credentials;
    scoped_free char *expiry = expiry_of(keys);
    finding->health = SINK_UNCERTAIN;
    finding->text = xasprintf("%s %s, region %s: keys from the %s%s%s, %s; nothing was sent",
        kind->ops->name, view->endpoint, view->region, keys->provider,
        keys->about != NULL ? ": " : "", keys->about != NULL ? keys->about : "", expiry);
    finding->remedy = xasprintf("only publishing tells whether these keys may %s; the policy that "
                                "allows it: %s",
        kind->action, kind->policy);
}

static void tell_failure(const struct aws_delivery_kind *kind, const struct aws_link_view *view,
    struct sink_finding *finding)
{
    finding->health = SINK_FAILS;
    finding->text = xasprintf("%s %s, region %s: %s", kind->ops->name,
        view->endpoint != NULL ? view->endpoint : "without an endpoint",
        view->region != NULL ? view->region : "unknown",
        view->trouble != NULL ? view->trouble : "no keys within 3 s");
    finding->remedy = view->endpoint == NULL
        ? xasprintf("set %s.region, or correct what names the endpoint", kind->ops->name)
        : xstrdup("give this node keys: an instance profile, an EKS role, or the environment");
}

void aws_check(const struct aws_delivery_kind *kind, const struct sink_setting *setting,
    struct sink_finding *ret_finding)
{
    struct aws_link *link = aws_delivery_link(kind, setting);
    *ret_finding = (struct sink_finding){0};
    work(link, setting->http);
    struct aws_link_view view = aws_link_view(link);
    if (view.endpoint != NULL && view.credentials.has_keys)
        tell_success(kind, &view, ret_finding);
    else
        tell_failure(kind, &view, ret_finding);
    aws_link_destroy(link);
}
