// SPDX-License-Identifier: Apache-2.0
// The agent's addresses, from its endpoint, without ever waiting for a name server.
#pragma once

#include <sys/socket.h>

#include "sink/agent_endpoint.h"

#define AGENT_MAX_ADDRESSES 8

struct agent_address {
    struct sockaddr_storage bytes;
    socklen_t n_bytes;
};

struct agent_addresses {
    size_t n;
    struct agent_address list[AGENT_MAX_ADDRESSES];
};

// One question under way; on the heap because the resolver's thread writes into it.
struct agent_lookup;

// Outcomes of agent_lookup_poll() besides 0.
enum { LOOKUP_BUSY = 1, LOOKUP_FAILED };

// The address of an endpoint that is a literal; negative errno.
must_check int agent_lookup_literal(
    const struct agent_endpoint *endpoint, struct agent_addresses *ret_addresses);

// NULL when the question could not even be asked.
struct agent_lookup *agent_lookup_create(const struct agent_endpoint *endpoint);
// 0: the addresses, in the order to try them. LOOKUP_FAILED: why, in constant words.
must_check int agent_lookup_poll(
    struct agent_lookup *lookup, struct agent_addresses *ret_addresses, const char **ret_reason);
void agent_lookup_destroy(struct agent_lookup *lookup);
