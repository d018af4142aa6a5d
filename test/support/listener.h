// SPDX-License-Identifier: Apache-2.0
// Keeps what the log says while it listens. The test owns it.
#pragma once

#include <stddef.h>

#define LISTENER_MAX 16384

struct listener {
    int heard_fd, stderr_fd;
    char said[LISTENER_MAX]; // all of it so far, after listener_stop()
};

void listener_init(struct listener *listener);
void listener_finish(struct listener *listener);
// Between these two nothing may fail: a failure of cmocka would be heard, not seen.
void listener_start(struct listener *listener);
void listener_stop(struct listener *listener);

// How often `text` stands in what was said.
size_t listener_count(const struct listener *listener, const char *text);
// Forgets what was said.
void listener_forget(struct listener *listener);
