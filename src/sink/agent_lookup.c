// SPDX-License-Identifier: Apache-2.0
// Names to addresses by getaddrinfo_a(3): glibc asks in a thread of its own, with all signals
// blocked, and we look now and then whether it is done. There is no event for that which would not
// cost one more thread.
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "sink/agent_lookup.h"

struct agent_lookup {
    struct gaicb request;
    struct addrinfo hints;
    struct agent_endpoint endpoint; // the request points into it
};

// No AI_ADDRCONFIG: a host with only a loopback interface has an agent too. An address of a family
// that is not there costs one failed connect(2), without a packet.
static struct addrinfo hints_for(const struct agent_endpoint *endpoint, int flags)
{
    return (struct addrinfo){
        .ai_flags = flags | AI_NUMERICSERV,
        .ai_family = AF_UNSPEC,
        .ai_socktype = endpoint->is_udp ? SOCK_DGRAM : SOCK_STREAM,
    };
}

static void copy_addresses(const struct addrinfo *found, struct agent_addresses *ret_addresses)
{
    struct agent_addresses addresses = {0};
    for (; found != NULL && addresses.n < AGENT_MAX_ADDRESSES; found = found->ai_next) {
        struct agent_address *address = &addresses.list[addresses.n++];
        address->n_bytes = found->ai_addrlen;
        memcpy(&address->bytes, found->ai_addr, found->ai_addrlen);
    }
    *ret_addresses = addresses;
}

// AI_NUMERICHOST: no name service is asked, so this does not block.
int agent_lookup_literal(
    const struct agent_endpoint *endpoint, struct agent_addresses *ret_addresses)
{
    struct addrinfo hints = hints_for(endpoint, AI_NUMERICHOST), *found;
    int r = getaddrinfo(endpoint->host, endpoint->port, &hints, &found);
    if (r != 0)
        return r == EAI_SYSTEM ? -errno : -EINVAL;
    copy_addresses(found, ret_addresses);
    freeaddrinfo(found);
    return 0;
}

struct agent_lookup *agent_lookup_create(const struct agent_endpoint *endpoint)
{
    struct agent_lookup *lookup = xcalloc(1, sizeof(*lookup));
    lookup->endpoint = *endpoint;
    lookup->hints = hints_for(endpoint, 0);
    lookup->request = (struct gaicb){
        .ar_name = lookup->endpoint.host,
        .ar_service = lookup->endpoint.port,
        .ar_request = &lookup->hints,
    };
    struct gaicb *requests[] = {&lookup->request};
    if (getaddrinfo_a(GAI_NOWAIT, requests, ARRAY_SIZE(requests), NULL) == 0)
        return lookup;
    free(lookup);
    return NULL;
}

int agent_lookup_poll(
    struct agent_lookup *lookup, struct agent_addresses *ret_addresses, const char **ret_reason)
{
    int r = gai_error(&lookup->request);
    if (r == EAI_INPROGRESS)
        return LOOKUP_BUSY;
    if (r != 0 || lookup->request.ar_result == NULL) {
        *ret_reason = gai_strerror(r != 0 ? r : EAI_NODATA);
        return LOOKUP_FAILED;
    }
    copy_addresses(lookup->request.ar_result, ret_addresses);
    return 0;
}

// A question that a name server is being asked cannot be taken back (EAI_NOTCANCELED), and its
// answer is written into `lookup` whenever it comes. So it is left behind: a few hundred bytes, at
// most once in the life of a sink.
void agent_lookup_destroy(struct agent_lookup *lookup)
{
    if (lookup == NULL || gai_cancel(&lookup->request) == EAI_NOTCANCELED)
        return;
    if (lookup->request.ar_result != NULL)
        freeaddrinfo(lookup->request.ar_result);
    free(lookup);
}
