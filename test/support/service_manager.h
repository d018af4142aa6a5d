// SPDX-License-Identifier: Apache-2.0
// The socket of a service manager, and what was sent to it: NOTIFY_SOCKET names it while it is
// open. The test owns it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct service_manager {
    int fd;
    char folder[32]; // of the socket; empty: it has an abstract address
    char path[64];   // or the name of the abstract one
    char text[1024]; // of the message that was taken last
};

void service_manager_open(struct service_manager *manager, bool is_abstract);
void service_manager_close(struct service_manager *manager);
// The next message, terminated; NULL: there is none.
const char *service_manager_take(struct service_manager *manager);
