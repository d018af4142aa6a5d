// SPDX-License-Identifier: Apache-2.0
// A file of /proc that is read again and again: kept open, its text in one buffer that grows to
// what it needs.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base.h"

#define PROC_MAX_BYTES ((size_t)4 << 20) // a longer text is refused

struct proc_file {
    int fd; // -1: not open
    size_t capacity;
    char *text; // terminated; what proc_file_read() read last
};

// 0, or negative errno. `folder` is "/proc" but in tests.
must_check int proc_file_open(struct proc_file *file, const char *folder, const char *name);
bool proc_file_is_open(const struct proc_file *file);
// Reads it from its beginning. 0, or negative errno: the file is then closed.
must_check int proc_file_read(struct proc_file *file);
void proc_file_finish(struct proc_file *file);
