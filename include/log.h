// SPDX-License-Identifier: Apache-2.0
// The log, on stderr: a line per change of state, never per event.
// On a terminal the line stands alone; anywhere else it carries the priority prefix of
// sd-daemon(3), which journald understands. Libraries return, owners log: a function does one or
// the other.
#pragma once

#include <stdbool.h>

#include "base.h"

// Numbers are those of syslog(3) and of the prefixes.
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

// Lines above `level` are left out. The one mutable global of the program.
void log_set_level(enum log_level level);
bool log_has_level(enum log_level level);

// Keeps errno. `format` carries no newline.
printf_like(2, 3) void log_line(enum log_level level, const char *format, ...);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
