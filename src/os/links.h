// SPDX-License-Identifier: Apache-2.0
// The kernel's network interfaces through rtnetlink: a list at the start, events from then on.
// Owned by counters_ethtool.c.
#pragma once

#include "os/counters.h"

struct links {
    int fd;
    uint32_t sequence; // of the list that was asked for last
    bool is_start_due; // LINK_LIST_STARTED is the next event
    bool is_listing;   // its end has not come yet
    bool is_outdated;  // the list was interrupted: ask again when it ends
    size_t n_bytes, at;
    size_t capacity;
    char *buffer; // owned
};

// Asks for the list. Negative errno: this system gives no rtnetlink socket.
must_check int links_init(struct links *links);
// As next_event() of struct counters_ops. Never blocks.
must_check int links_next(struct links *links, struct link_event *ret_event);
void links_finish(struct links *links);
