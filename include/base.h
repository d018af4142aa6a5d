// SPDX-License-Identifier: Apache-2.0
// What every file may use: compiler contracts, scope-bound cleanup, allocation that does not fail.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define must_check        __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define rarely            __attribute__((cold, noinline)) // kept out of the way of a tick
#define scoped(function)  __attribute__((cleanup(function)))

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)
#define MS_PER_S  UINT64_C(1000)

// Out of memory ends the program with one line (systemd restarts it): every size that reaches these
// is bounded first, so running out means that the machine is out, not that an input was large.
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *array, size_t n, size_t size);
char *xstrdup(const char *text);
printf_like(1, 2) char *xasprintf(const char *format, ...);
printf_like(1, 0) char *xvasprintf(const char *format, va_list arguments);

static inline void free_pointer(void *pointer)
{
    free(*(void **)pointer);
}

static inline void close_descriptor(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

// Both for locals: freed, or closed when not negative, at the end of the scope.
#define scoped_free scoped(free_pointer)
#define scoped_fd   scoped(close_descriptor)
