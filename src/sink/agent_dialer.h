// SPDX-License-Identifier: Apache-2.0
// The way to the agent: a round over all its addresses, then a rest, until one connects. The agent
// sink owns one, uses its connection, and tells it when that has ended.
#pragma once

#include "flow/backoff.h"
#include "sink.h"
#include "sink/agent_connection.h"
#include "sink/agent_endpoint.h"
#include "sink/agent_look.h"
#include "sink/agent_lookup.h"

enum agent_dialer_state {
    DIALER_RESTS, // until the backoff is over
    DIALER_LOOKS_UP,
    DIALER_CONNECTS,
    DIALER_IS_CONNECTED,
};

struct agent_dialer {
    struct agent_endpoint endpoint;
    enum agent_dialer_state state;
    uint64_t deadline_ns;        // of the lookup or the connect that is under way
    struct backoff backoff;      // reset by the owner: a connection alone proves nothing
    struct agent_lookup *lookup; // NULL: none under way
    struct agent_look look;
    struct agent_addresses addresses; // the last good ones
    size_t address_i;                 // connected to, or being tried
    struct agent_connection connection;
    const char *reason; // of the last failed round, in constant words
};

// Outcomes of work and next besides 0, nothing new.
enum { DIALER_CONNECTED = 1, DIALER_FAILED };

must_check int agent_dialer_init(struct agent_dialer *dialer, const char *endpoint);
// Goes on as far as it can without waiting. DIALER_FAILED: a whole round has, for `reason`.
must_check int agent_dialer_work(struct agent_dialer *dialer, const struct now *now);
// The address in use is no good for the reason `error`: goes on with the next one.
must_check int agent_dialer_next(struct agent_dialer *dialer, const struct now *now, int error);
// The connection has ended: after a rest a new round begins.
void agent_dialer_rest(struct agent_dialer *dialer, const struct now *now);
// What it waits for while it is not connected.
void agent_dialer_wait(const struct agent_dialer *dialer, struct sink_wait *ret_wait);
void agent_dialer_finish(struct agent_dialer *dialer);
