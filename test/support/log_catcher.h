// SPDX-License-Identifier: Apache-2.0
// What the code under test logs. While it catches, standard error is a file in memory.
#pragma once

#include <stddef.h>

#define LOG_CATCHER_MAX 65536

struct log_catcher {
    int log_fd, stderr_fd;
    char text[LOG_CATCHER_MAX]; // all of it, when it was counted last
};

void log_catcher_start(struct log_catcher *catcher);
void log_catcher_stop(struct log_catcher *catcher);
// How often the words stand in what was logged since the start.
size_t log_catcher_count(struct log_catcher *catcher, const char *words);
size_t log_catcher_lines(struct log_catcher *catcher);
