// SPDX-License-Identifier: Apache-2.0
// Names that the service takes, and the two requests that hold nothing else.
#include <stdbool.h>
#include <string.h>

#include "base.h"
#include "encode/document.h"
#include "sink/logs_names.h"

// Printable ASCII is less than the service allows, and leaves nothing to repair.
static bool is_of_stream(char byte)
{
    return byte >= ' ' && byte <= '~' && byte != ':' && byte != '*';
}

const char *logs_stream_check(const char *name, const char *value)
{
    (void)name;
    size_t n = 0;
    while (is_of_stream(value[n]))
        n++;
    return n >= 1 && n <= LOGS_MAX_STREAM && value[n] == '\0'
        ? NULL
        : "1 to 512 printable ASCII characters without : and *";
}

char *logs_stream_of(const char *who)
{
    char *stream = xstrdup(who);
    size_t n = strnlen(stream, LOGS_MAX_STREAM);
    stream[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if (!is_of_stream(stream[i]))
            stream[i] = '_';
    return stream;
}

char *logs_creation_body(const char *group, const char *stream)
{
    json_t *root = json_object();
    document_set(root, "logGroupName", document_text(group, SIZE_MAX));
    if (stream != NULL)
        document_set(root, "logStreamName", document_text(stream, SIZE_MAX));
    char *text = document_print(root);
    json_decref(root);
    return text;
}
