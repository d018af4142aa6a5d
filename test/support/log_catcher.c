// SPDX-License-Identifier: Apache-2.0
// Standard error, turned aside.
#include <string.h>
#include <sys/mman.h>

#include "base.h"
#include "support/log_catcher.h"
#include "support/unit.h"

void log_catcher_start(struct log_catcher *catcher)
{
    catcher->stderr_fd = dup(STDERR_FILENO);
    catcher->log_fd = memfd_create("log", MFD_CLOEXEC);
    dup2(catcher->log_fd, STDERR_FILENO);
}

void log_catcher_stop(struct log_catcher *catcher)
{
    dup2(catcher->stderr_fd, STDERR_FILENO);
    close(catcher->stderr_fd);
    close(catcher->log_fd);
}

size_t log_catcher_count(struct log_catcher *catcher, const char *words)
{
    ssize_t n = pread(catcher->log_fd, catcher->text, sizeof(catcher->text) - 1, 0);
    assert_true(n >= 0);
    catcher->text[n] = '\0';
    size_t n_found = 0;
    for (const char *at = catcher->text; (at = strstr(at, words)) != NULL; at += strlen(words))
        n_found++;
    return n_found;
}

size_t log_catcher_lines(struct log_catcher *catcher)
{
    return log_catcher_count(catcher, "\n");
}
