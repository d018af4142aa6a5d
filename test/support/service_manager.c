// SPDX-License-Identifier: Apache-2.0
// A datagram socket: what was sent to it is there to be read at once.
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base.h"
#include "support/service_manager.h"
#include "support/unit.h"

static socklen_t choose_path(struct service_manager *manager, struct sockaddr_un *address)
{
    snprintf(manager->folder, sizeof(manager->folder), "/tmp/enawatch-XXXXXX");
    assert_non_null(mkdtemp(manager->folder));
    snprintf(manager->path, sizeof(manager->path), "%s/notify", manager->folder);
    memcpy(address->sun_path, manager->path, strlen(manager->path) + 1);
    return sizeof(*address);
}

// The kernel chooses: five hexadecimal digits after a NUL (unix(7), autobind), for which
// NOTIFY_SOCKET has an @.
static void name_abstract(struct service_manager *manager)
{
    struct sockaddr_un address = {0};
    socklen_t length = sizeof(address);
    assert_int_equal(getsockname(manager->fd, (struct sockaddr *)&address, &length), 0);
    size_t n = length - offsetof(struct sockaddr_un, sun_path);
    assert_in_range(n, 2, sizeof(manager->path) - 1);
    memcpy(manager->path, address.sun_path, n);
    manager->path[0] = '@';
}

void service_manager_open(struct service_manager *manager, bool is_abstract)
{
    *manager = (struct service_manager){.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = is_abstract ? sizeof(sa_family_t) : choose_path(manager, &address);
    assert_true(manager->fd >= 0);
    assert_int_equal(bind(manager->fd, (struct sockaddr *)&address, length), 0);
    if (is_abstract)
        name_abstract(manager);
    assert_int_equal(setenv("NOTIFY_SOCKET", manager->path, 1), 0);
}

void service_manager_close(struct service_manager *manager)
{
    unsetenv("NOTIFY_SOCKET");
    close_descriptor(&manager->fd);
    manager->fd = -1;
    if (manager->folder[0] == '\0')
        return;
    unlink(manager->path);
    rmdir(manager->folder);
}

const char *service_manager_take(struct service_manager *manager)
{
    ssize_t n = recv(manager->fd, manager->text, sizeof(manager->text) - 1, MSG_DONTWAIT);
    if (n < 0)
        return NULL;
    manager->text[n] = '\0';
    assert_int_equal(strlen(manager->text), n);
    return manager->text;
}
