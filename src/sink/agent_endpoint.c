// SPDX-License-Identifier: Apache-2.0
// Reads the agent's endpoint.
#include <string.h>

#include "sink/agent_endpoint.h"

bool agent_endpoint_parse(const char *text, struct agent_endpoint *ret_endpoint)
{
    static const char tcp[] = "tcp://", udp[] = "udp://";
    struct agent_endpoint endpoint = {.is_udp = strncmp(text, udp, strlen(udp)) == 0};
    if (!endpoint.is_udp && strncmp(text, tcp, strlen(tcp)) != 0)
        return false;
    const char *host = text + strlen(tcp);
    const char *colon = strrchr(host, ':');
    if (colon == NULL ||
        !host_parse(host, (size_t)(colon - host), endpoint.host, &endpoint.is_literal) ||
        !port_parse(colon + 1, endpoint.port))
        return false;
    *ret_endpoint = endpoint;
    return true;
}

const char *agent_endpoint_check(const char *name, const char *value)
{
    (void)name;
    struct agent_endpoint endpoint;
    if (agent_endpoint_parse(value, &endpoint))
        return NULL;
    return "tcp://host:port or udp://host:port, IPv6 literals in brackets, port 1 to 65535";
}
