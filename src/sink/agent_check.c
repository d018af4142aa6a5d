// SPDX-License-Identifier: Apache-2.0
// The way to the agent, gone once and by itself: the same dialer, without the sink.
#include <poll.h>
#include <string.h>

#include "os/clock.h"
#include "sink/agent_check.h"
#include "sink/agent_dialer.h"

static void wait_for_dialer(
    const struct agent_dialer *dialer, const struct now *now, uint64_t end_ns)
{
    struct sink_wait wait;
    agent_dialer_wait(dialer, &wait);
    uint64_t until_ns = wait.until_ns < end_ns ? wait.until_ns : end_ns;
    uint64_t left_ns = until_ns > now->boot_ns ? until_ns - now->boot_ns : 0;
    struct pollfd end = {.fd = wait.fd, .events = wait.events};
    poll(&end, 1, (int)(left_ns / NS_PER_MS) + 1);
}

// DIALER_CONNECTED, DIALER_FAILED, or 0: nothing is known in time.
static int dial(struct agent_dialer *dialer)
{
    uint64_t end_ns = clock_now().boot_ns + SINK_CHECK_NS;
    for (;;) {
        struct now now = clock_now();
        int r = agent_dialer_work(dialer, &now);
        if (r != 0 || now.boot_ns >= end_ns)
            return r;
        wait_for_dialer(dialer, &now, end_ns);
    }
}

static char *remedy_of(const struct agent_dialer *dialer, const char *endpoint)
{
    if (dialer->addresses.n == 0)
        return xstrdup("correct the name in agent.endpoint, or see to the name server");
    return xasprintf(
        "start the CloudWatch agent; its configuration needs logs.metrics_collected.emf "
        "with \"service_address\": \"%s\"; where it listens elsewhere, correct agent.endpoint",
        endpoint);
}

static void tell_failure(
    const struct agent_dialer *dialer, const char *endpoint, struct sink_finding *finding)
{
    finding->health = SINK_FAILS;
    finding->text = xasprintf(
        "agent %s: %s", endpoint, dialer->reason != NULL ? dialer->reason : "no answer within 3 s");
    finding->remedy = remedy_of(dialer, endpoint);
}

// What a server on this host refuses is known only after something was sent there.
static void tell_success(
    const struct agent_dialer *dialer, const char *endpoint, struct sink_finding *finding)
{
    bool is_udp = dialer->endpoint.is_udp;
    finding->health = is_udp ? SINK_UNCERTAIN : SINK_WORKS;
    if (!is_udp) {
        finding->text = xasprintf("agent %s: takes connections; nothing was sent", endpoint);
        return;
    }
    finding->text = xasprintf("agent %s: the address is fine; whether somebody listens there only "
                              "sending would tell: UDP",
        endpoint);
    finding->remedy = xstrdup("where the agent can, use tcp://, which acknowledges what it took");
}

void agent_check_endpoint(const char *endpoint, struct sink_finding *ret_finding)
{
    struct agent_dialer dialer;
    *ret_finding = (struct sink_finding){0};
    int r = agent_dialer_init(&dialer, endpoint);
    if (r == 0)
        r = dial(&dialer);
    if (r == DIALER_CONNECTED)
        tell_success(&dialer, endpoint, ret_finding);
    else
        tell_failure(&dialer, endpoint, ret_finding);
    agent_dialer_finish(&dialer);
}
