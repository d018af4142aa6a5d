// SPDX-License-Identifier: Apache-2.0
// Rounds: look the name up, try its addresses in turn, rest. When looking up fails, the addresses
// of the last time it did not are tried.
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/random.h"
#include "sink/agent_dialer.h"

#define CONNECT_NS    (5 * NS_PER_S)
#define LOOKUP_NS     (5 * NS_PER_S)
#define REST_FIRST_NS NS_PER_S
#define REST_MAX_NS   (10 * NS_PER_S)

int agent_dialer_init(struct agent_dialer *dialer, const char *endpoint)
{
    *dialer = (struct agent_dialer){.connection.fd = -1};
    backoff_init(&dialer->backoff, REST_FIRST_NS, REST_MAX_NS, random_seed());
    if (endpoint == NULL || !agent_endpoint_parse(endpoint, &dialer->endpoint))
        return -EINVAL;
    if (!dialer->endpoint.is_literal)
        return 0;
    return agent_lookup_literal(&dialer->endpoint, &dialer->addresses);
}

void agent_dialer_finish(struct agent_dialer *dialer)
{
    agent_connection_close(&dialer->connection);
    agent_lookup_destroy(dialer->lookup);
}

void agent_dialer_rest(struct agent_dialer *dialer, const struct now *now)
{
    agent_connection_close(&dialer->connection);
    backoff_fail(&dialer->backoff, now);
    dialer->state = DIALER_RESTS;
}

static int give_up(struct agent_dialer *dialer, const struct now *now, const char *reason)
{
    agent_dialer_rest(dialer, now);
    dialer->reason = reason;
    return DIALER_FAILED;
}

// From address_i on; `error` is what was wrong with the one before.
static int try_addresses(struct agent_dialer *dialer, const struct now *now, int error)
{
    for (; dialer->address_i < dialer->addresses.n; dialer->address_i++) {
        int r = agent_connection_open(&dialer->connection,
            &dialer->addresses.list[dialer->address_i], dialer->endpoint.is_udp);
        if (r >= 0) {
            dialer->state = r == 0 ? DIALER_IS_CONNECTED : DIALER_CONNECTS;
            dialer->deadline_ns = now->boot_ns + CONNECT_NS;
            return r == 0 ? DIALER_CONNECTED : 0;
        }
        error = r;
    }
    return give_up(dialer, now, strerror(-error));
}

int agent_dialer_next(struct agent_dialer *dialer, const struct now *now, int error)
{
    agent_connection_close(&dialer->connection);
    dialer->address_i++;
    return try_addresses(dialer, now, error);
}

static void start_lookup(struct agent_dialer *dialer, const struct now *now)
{
    if (dialer->lookup == NULL)
        dialer->lookup = agent_lookup_create(&dialer->endpoint);
    dialer->state = DIALER_LOOKS_UP;
    dialer->deadline_ns = now->boot_ns + LOOKUP_NS;
    dialer->look = (struct agent_look){0};
}

// A lookup that takes too long is left running for the next round.
static int continue_lookup(struct agent_dialer *dialer, const struct now *now)
{
    const char *reason = "the name cannot be looked up";
    int r = LOOKUP_FAILED;
    if (dialer->lookup != NULL)
        r = agent_lookup_poll(dialer->lookup, &dialer->addresses, &reason);
    if (r == LOOKUP_BUSY && now->boot_ns < dialer->deadline_ns) {
        agent_look_plan(&dialer->look, now);
        return 0;
    }
    if (r == LOOKUP_BUSY) {
        reason = "the name server does not answer";
    } else {
        agent_lookup_destroy(dialer->lookup);
        dialer->lookup = NULL;
    }
    if (dialer->addresses.n == 0)
        return give_up(dialer, now, reason);
    return try_addresses(dialer, now, -EADDRNOTAVAIL);
}

static int start_round(struct agent_dialer *dialer, const struct now *now)
{
    dialer->address_i = 0;
    if (dialer->endpoint.is_literal)
        return try_addresses(dialer, now, -EADDRNOTAVAIL);
    start_lookup(dialer, now);
    return continue_lookup(dialer, now);
}

static int continue_connect(struct agent_dialer *dialer, const struct now *now)
{
    int r = agent_connection_finish(&dialer->connection);
    if (r == CONNECTION_PENDING && now->boot_ns < dialer->deadline_ns)
        return 0;
    if (r != 0)
        return agent_dialer_next(dialer, now, r == CONNECTION_PENDING ? -ETIMEDOUT : r);
    dialer->state = DIALER_IS_CONNECTED;
    return DIALER_CONNECTED;
}

int agent_dialer_work(struct agent_dialer *dialer, const struct now *now)
{
    switch (dialer->state) {
    case DIALER_RESTS:
        return backoff_is_over(&dialer->backoff, now) ? start_round(dialer, now) : 0;
    case DIALER_LOOKS_UP:
        return continue_lookup(dialer, now);
    case DIALER_CONNECTS:
        return continue_connect(dialer, now);
    case DIALER_IS_CONNECTED:
        break;
    }
    return 0;
}

void agent_dialer_wait(const struct agent_dialer *dialer, struct sink_wait *ret_wait)
{
    *ret_wait = (struct sink_wait){.fd = -1, .until_ns = dialer->backoff.until_ns};
    if (dialer->state == DIALER_LOOKS_UP) {
        ret_wait->until_ns = dialer->look.at_ns;
    } else if (dialer->state == DIALER_CONNECTS) {
        ret_wait->fd = dialer->connection.fd;
        ret_wait->events = POLLOUT;
        ret_wait->until_ns = dialer->deadline_ns;
    }
    if (ret_wait->until_ns == 0) // before the first round: at once, where 0 means never
        ret_wait->until_ns = 1;
}
