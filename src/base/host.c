// SPDX-License-Identifier: Apache-2.0
// Hosts and ports out of text.
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/host.h"
#include "base/parse.h"

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

bool host_parse(
    const char *text, size_t length, char ret_host[static HOST_TEXT_MAX], bool *ret_is_literal)
{
    bool is_bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    if (is_bracketed) {
        text++;
        length -= 2;
    }
    char host[HOST_TEXT_MAX] = "";
    if (length == 0 || length >= sizeof(host))
        return false;
    memcpy(host, text, length);
    bool is_literal = is_address(is_bracketed ? AF_INET6 : AF_INET, host);
    if (!is_literal && (is_bracketed || !is_host_name(host)))
        return false;
    memcpy(ret_host, host, sizeof(host));
    *ret_is_literal = is_literal;
    return true;
}

bool port_parse(const char *text, char ret_port[static PORT_TEXT_MAX])
{
    uint64_t port;
    if (!parse_u64(text, &port) || port < 1 || port > 65535)
        return false;
    snprintf(ret_port, PORT_TEXT_MAX, "%" PRIu64, port);
    return true;
}
