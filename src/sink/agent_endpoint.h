// SPDX-License-Identifier: Apache-2.0
// Where the agent listens, from text. Pure; the agent sink owns one.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "base/host.h"

struct agent_endpoint {
    bool is_udp;
    bool is_literal; // the host is an address: there is no name to resolve
    char host[HOST_TEXT_MAX];
    char port[PORT_TEXT_MAX];
};

// tcp://host:port or udp://host:port, IPv6 literals in brackets; false, and nothing written, for
// anything else. What the agent itself may leave out (tcp:host:port, tcp://:port) is refused.
bool agent_endpoint_parse(const char *text, struct agent_endpoint *ret_endpoint);
// The check of the option row.
const char *agent_endpoint_check(const char *name, const char *value);
