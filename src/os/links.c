// SPDX-License-Identifier: Apache-2.0
// rtnetlink, as in rtnetlink(7). When the kernel had more to tell than the socket could hold
// (ENOBUFS) or the list changed while it was read (NLM_F_DUMP_INTR), the list is asked for again.
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>

#include "os/links.h"

// Holds a link with some alternative names; recv() tells when one needs more.
#define FIRST_BUFFER_BYTES 16384

static int ask_for_list(struct links *links)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg message;
        struct rtattr attribute;
        uint32_t mask;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
            .nlmsg_type = RTM_GETLINK,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
            .nlmsg_seq = ++links->sequence},
        .attribute = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK},
        .mask = RTEXT_FILTER_SKIP_STATS,
    };
    links->is_outdated = false;
    links->is_listing = true;
    links->is_start_due = true;
    return send(links->fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

// Something was missed. A second list cannot be asked for while one is under way (EBUSY).
static int ask_again(struct links *links)
{
    links->is_outdated = true;
    return links->is_listing ? 0 : ask_for_list(links);
}

int links_init(struct links *links)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    *links = (struct links){.capacity = FIRST_BUFFER_BYTES};
    links->buffer = xcalloc(1, links->capacity);
    links->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (links->fd < 0)
        return -errno;
    if (bind(links->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    return ask_for_list(links);
}

void links_finish(struct links *links)
{
    close_descriptor(&links->fd);
    free(links->buffer);
    *links = (struct links){.fd = -1};
}

static void take_mac(struct link *link, const struct rtattr *attribute)
{
    static const struct mac none;
    if (RTA_PAYLOAD(attribute) != sizeof(link->mac) ||
        memcmp(RTA_DATA(attribute), &none, sizeof(none)) == 0)
        return;
    memcpy(&link->mac, RTA_DATA(attribute), sizeof(link->mac));
    link->has_mac = true;
}

static void take_name(struct link *link, const struct rtattr *attribute)
{
    size_t length = strnlen(RTA_DATA(attribute), RTA_PAYLOAD(attribute));
    if (length >= sizeof(link->ifname))
        length = sizeof(link->ifname) - 1;
    memcpy(link->ifname, RTA_DATA(attribute), length);
}

static struct link parse_link(const struct nlmsghdr *header)
{
    struct ifinfomsg *message = NLMSG_DATA(header);
    struct link link = {.ifindex = message->ifi_index};
    const struct rtattr *permanent = NULL;
    int left = (int)IFLA_PAYLOAD(header);
    for (struct rtattr *at = IFLA_RTA(message); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
        if (at->rta_type == IFLA_IFNAME)
            take_name(&link, at);
        else if (at->rta_type == IFLA_ADDRESS && message->ifi_type == ARPHRD_ETHER)
            take_mac(&link, at);
        else if (at->rta_type == IFLA_PERM_ADDRESS)
            permanent = at;
    }
    // The address can be changed; the one the device came with is the ENI's.
    if (permanent != NULL && message->ifi_type == ARPHRD_ETHER)
        take_mac(&link, permanent);
    return link;
}

// The end of a list. 0 and an event, or negative errno.
static int end_list(struct links *links, struct link_event *ret_event)
{
    *ret_event = (struct link_event){.kind = LINK_LIST_FINISHED};
    links->is_listing = false;
    if (!links->is_outdated)
        return 0;
    int r = ask_for_list(links);
    return r < 0 ? r : COUNTERS_NO_EVENT; // what was not in this list may still be there
}

static int take_error(const struct nlmsghdr *header)
{
    const struct nlmsgerr *error = NLMSG_DATA(header);
    bool is_whole = header->nlmsg_len >= NLMSG_LENGTH(sizeof(*error));
    return is_whole && error->error < 0 ? error->error : -EPROTO;
}

static int take_link(const struct nlmsghdr *header, struct link_event *ret_event)
{
    const struct ifinfomsg *message = NLMSG_DATA(header);
    // A bridge speaks of its ports in its own family: a port that leaves it is not a link that is
    // gone.
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)) || message->ifi_family != AF_UNSPEC)
        return COUNTERS_NO_EVENT;
    ret_event->kind = header->nlmsg_type == RTM_NEWLINK ? LINK_PRESENT : LINK_GONE;
    ret_event->link = parse_link(header);
    return 0;
}

// 0 and an event, COUNTERS_NO_EVENT for a message that tells us nothing, or negative errno.
static int take_message(
    struct links *links, const struct nlmsghdr *header, struct link_event *ret_event)
{
    if (header->nlmsg_flags & NLM_F_DUMP_INTR)
        links->is_outdated = true;
    switch (header->nlmsg_type) {
    case NLMSG_DONE:
        return end_list(links, ret_event);
    case NLMSG_ERROR:
        return take_error(header);
    case RTM_NEWLINK:
    case RTM_DELLINK:
        return take_link(header, ret_event);
    default:
        return COUNTERS_NO_EVENT;
    }
}

// The next message of the buffer; NULL when there is none.
static const struct nlmsghdr *next_message(struct links *links)
{
    const struct nlmsghdr *header = (const void *)(links->buffer + links->at);
    size_t left = links->n_bytes - links->at;
    if (left < sizeof(*header) || header->nlmsg_len < sizeof(*header) || header->nlmsg_len > left)
        return NULL;
    size_t step = NLMSG_ALIGN(header->nlmsg_len);
    links->at += step < left ? step : left;
    return header;
}

// A message was cut: room for it, and the list again.
static int grow(struct links *links, size_t n_bytes)
{
    links->capacity = 2 * n_bytes;
    links->buffer = xreallocarray(links->buffer, links->capacity, 1);
    return ask_again(links);
}

// 0 when the buffer was filled, COUNTERS_NO_EVENT when there is nothing to read, or negative errno.
static int fill_buffer(struct links *links)
{
    links->n_bytes = links->at = 0;
    ssize_t n = recv(links->fd, links->buffer, links->capacity, MSG_TRUNC);
    if (n > (ssize_t)links->capacity)
        return grow(links, (size_t)n);
    if (n >= 0) {
        links->n_bytes = (size_t)n;
        return 0;
    }
    if (errno == ENOBUFS)
        return ask_again(links);
    return errno == EAGAIN || errno == EINTR ? COUNTERS_NO_EVENT : -errno;
}

int links_next(struct links *links, struct link_event *ret_event)
{
    for (;;) {
        if (links->is_start_due) {
            links->is_start_due = false;
            *ret_event = (struct link_event){.kind = LINK_LIST_STARTED};
            return 0;
        }
        const struct nlmsghdr *header = next_message(links);
        int r = header != NULL ? take_message(links, header, ret_event) : fill_buffer(links);
        if (header != NULL ? r != COUNTERS_NO_EVENT : r != 0)
            return r;
    }
}
