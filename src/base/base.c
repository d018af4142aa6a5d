// SPDX-License-Identifier: Apache-2.0
// Allocation that ends the program with one line when there is no memory.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "log.h"

static void *must_have(void *memory)
{
    if (memory == NULL) {
        log_error("out of memory");
        abort();
    }
    return memory;
}

void *xcalloc(size_t n, size_t size)
{
    return must_have(calloc(n > 0 ? n : 1, size));
}

void *xreallocarray(void *array, size_t n, size_t size)
{
    return must_have(reallocarray(array, n > 0 ? n : 1, size));
}

char *xstrdup(const char *text)
{
    return must_have(strdup(text));
}

char *xvasprintf(const char *format, va_list arguments)
{
    char *text = NULL;
    return must_have(vasprintf(&text, format, arguments) < 0 ? NULL : text);
}

char *xasprintf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = xvasprintf(format, arguments);
    va_end(arguments);
    return text;
}
