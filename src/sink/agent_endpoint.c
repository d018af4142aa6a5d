// SPDX-License-Identifier: Apache-2.0
// Reads the agent's endpoint. What is accepted here is passed to the resolver unchanged, so a name
// is let through only if it looks like one.
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "sink/agent_endpoint.h"

static bool is_address(int family, const char *text)
{
    struct in6_addr address;
    return inet_pton(family, text, &address) == 1;
}

// The resolver takes 127.1 and 0x7f000001 for addresses (inet_aton(3)); here they are mistakes, so
// that what one reads is what one gets.
static bool is_host_name(const char *text)
{
    const char *last_dot = strrchr(text, '.');
    const char *last_label = last_dot != NULL ? last_dot + 1 : text;
    if (!isalnum((unsigned char)*text) || isdigit((unsigned char)*last_label))
        return false;
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr("-._", *text) == NULL)
            return false;
    return true;
}

static bool take_port(const char *text, struct agent_endpoint *endpoint)
{
    uint64_t port;
    if (!parse_u64(text, &port) || port < 1 || port > 65535)
        return false;
    snprintf(endpoint->port, sizeof(endpoint->port), "%" PRIu64, port);
    return true;
}

static bool take_host(const char *host, size_t length, struct agent_endpoint *endpoint)
{
    bool is_bracketed = length >= 2 && host[0] == '[' && host[length - 1] == ']';
    if (is_bracketed) {
        host++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof(endpoint->host))
        return false;
    memcpy(endpoint->host, host, length);
    endpoint->host[length] = '\0';
    endpoint->is_literal = is_address(is_bracketed ? AF_INET6 : AF_INET, endpoint->host);
    return endpoint->is_literal || (!is_bracketed && is_host_name(endpoint->host));
}

bool agent_endpoint_parse(const char *text, struct agent_endpoint *ret_endpoint)
{
    static const char tcp[] = "tcp://", udp[] = "udp://";
    struct agent_endpoint endpoint = {.is_udp = strncmp(text, udp, strlen(udp)) == 0};
    if (!endpoint.is_udp && strncmp(text, tcp, strlen(tcp)) != 0)
        return false;
    const char *host = text + strlen(tcp);
    const char *colon = strrchr(host, ':');
    if (colon == NULL || !take_host(host, (size_t)(colon - host), &endpoint) ||
        !take_port(colon + 1, &endpoint))
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
