// SPDX-License-Identifier: Apache-2.0
// A host and a port as URLs write them. What is accepted here is passed to the resolver unchanged,
// so a name is let through only if it looks like one. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HOST_TEXT_MAX 254 // a domain name has at most 253 characters in text (RFC 1035, 2.3.4)
#define PORT_TEXT_MAX sizeof("65535")

// `length` bytes of `text`: a name, an IPv4 address, or an IPv6 address in brackets, which it loses
// on the way. False, and nothing written, for anything else, also for what the resolver takes for
// an address though it does not look like one.
bool host_parse(
    const char *text, size_t length, char ret_host[static HOST_TEXT_MAX], bool *ret_is_literal);
// 1 to 65535; written without leading zeros.
bool port_parse(const char *text, char ret_port[static PORT_TEXT_MAX]);
