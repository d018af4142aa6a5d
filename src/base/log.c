// SPDX-License-Identifier: Apache-2.0
// Log lines on stderr, one write(2) each so that lines of several processes do not mix.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

#define LOG_LINE_MAX 1024

static enum log_level log_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    log_level = level;
}

bool log_has_level(enum log_level level)
{
    return level <= log_level;
}

static size_t format_prefix(char *line, size_t size, enum log_level level)
{
    int n = isatty(STDERR_FILENO) ? snprintf(line, size, "enawatch: ")
                                  : snprintf(line, size, "<%d>", (int)level);
    return n < 0 ? 0 : (size_t)n;
}

// What came from outside must not be able to start a second line.
static void flatten(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_has_level(level))
        return;
    int saved_errno = errno;
    char line[LOG_LINE_MAX];
    size_t length = format_prefix(line, sizeof(line), level);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
    va_end(arguments);
    flatten(line);
    length = strlen(line);
    line[length++] = '\n';
    // Where even stderr is gone there is nobody left to tell.
    if (write(STDERR_FILENO, line, length) < 0)
        errno = 0;
    errno = saved_errno;
}
