// SPDX-License-Identifier: Apache-2.0
// A file in memory in the place of stderr.
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/listener.h"
#include "support/unit.h"

void listener_init(struct listener *listener)
{
    *listener = (struct listener){.heard_fd = memfd_create("heard", MFD_CLOEXEC), .stderr_fd = -1};
    assert_true(listener->heard_fd >= 0);
}

void listener_finish(struct listener *listener)
{
    close(listener->heard_fd);
}

void listener_start(struct listener *listener)
{
    listener->stderr_fd = dup(STDERR_FILENO);
    dup2(listener->heard_fd, STDERR_FILENO);
}

void listener_stop(struct listener *listener)
{
    dup2(listener->stderr_fd, STDERR_FILENO);
    close(listener->stderr_fd);
    ssize_t n = pread(listener->heard_fd, listener->said, sizeof(listener->said) - 1, 0);
    assert_true(n >= 0);
    listener->said[n] = '\0';
}

size_t listener_count(const struct listener *listener, const char *text)
{
    size_t n_found = 0;
    for (const char *at = listener->said; (at = strstr(at, text)) != NULL; at += strlen(text))
        n_found++;
    return n_found;
}

void listener_forget(struct listener *listener)
{
    assert_int_equal(ftruncate(listener->heard_fd, 0), 0);
    assert_int_equal(lseek(listener->heard_fd, 0, SEEK_SET), 0);
    listener->said[0] = '\0';
}
