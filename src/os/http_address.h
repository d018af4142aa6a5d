// SPDX-License-Identifier: Apache-2.0
// Where hosts were when they were last reached, for when the name server does not answer. It holds
// a handful: the oldest place makes room.
#pragma once

#include <netinet/in.h>

#define HTTP_MAX_ADDRESSES 8 // a node of ours talks to four hosts or so

struct http_address {
    char *place; // NULL: free
    char ip[INET6_ADDRSTRLEN];
};

struct http_addresses {
    struct http_address all[HTTP_MAX_ADDRESSES];
    unsigned int n_taken; // ever: the next one overwrites the oldest
};

void http_addresses_finish(struct http_addresses *addresses);

// "host:port" of an https URL; the caller's. NULL: it is none, or its host is an address itself.
char *http_place(const char *url);
unsigned int http_place_port(const char *place);

// Copies both.
void http_addresses_remember(struct http_addresses *addresses, const char *place, const char *ip);
// NULL: never reached, or long ago. Borrowed until the next is remembered.
const char *http_addresses_find(const struct http_addresses *addresses, const char *place);
