// SPDX-License-Identifier: Apache-2.0
// Asks as the daemon does, with the same code, until everything was asked once, or nothing can be
// had for now. Probes then look at what it knows.
#include <poll.h>

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
            identity_see(&check->outside.identity, &check->survey.links[i].eni, now);
}

// Nothing to ask now: what is not known is asked again later, or will not be told soon.
static bool is_settled(const struct identity *identity, const struct now *now, uint64_t end_ns)
{
    if (identity->asker != ASKER_NONE)
        return false;
    if (identity->imds.n_failures == 0)
        return identity_due_ns(identity) > now->boot_ns;
    return identity->imds.n_failures >= FAILURES_TO_END ||
        imds_rests_until_ns(&identity->imds) >= end_ns;
}

static void wait_for_answers(const struct outside *outside, const struct now *now, uint64_t end_ns)
{
    uint64_t until_ns = outside_due_ns(outside);
    if (end_ns < until_ns)
        until_ns = end_ns;
    uint64_t left_ns = until_ns > now->boot_ns ? until_ns - now->boot_ns : 0;
    struct pollfd end = {.fd = outside_descriptor(outside), .events = POLLIN};
    poll(&end, 1, (int)(left_ns / NS_PER_MS) + 1);
}

static void ask(struct outside *outside)
{
    uint64_t end_ns = clock_now().boot_ns + ASK_NS;
    for (;;) {
        struct now now = clock_now();
        outside_work(outside, &now);
        if (is_settled(&outside->identity, &now, end_ns) || now.boot_ns >= end_ns)
            return;
        if (outside->http != NULL)
            wait_for_answers(outside, &now, end_ns);
    }
}

int check_identify(struct check *check)
{
    struct now now = clock_now();
    int status = outside_open(&check->outside, check->config, check_is_replay(check), &now);
    if (status != EXIT_STATUS_DONE)
        return status;
    see_enis(check, &now);
    ask(&check->outside);
    return EXIT_STATUS_DONE;
}
