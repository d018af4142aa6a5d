// SPDX-License-Identifier: Apache-2.0
// Reads no more than it may, and never blocks: what is put in place of the file may be anything.
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "aws/keys.h"
#include "aws/token_file.h"

// What is read is the terminator's neighbour at most. 0, or an errno.
static int read_bytes(const char *path, char *text, size_t *ret_n)
{
    scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno;
    size_t n_bytes = 0;
    ssize_t n = 1;
    while (n != 0 && n_bytes <= TOKEN_FILE_MAX) {
        n = read(fd, text + n_bytes, TOKEN_FILE_MAX + 1 - n_bytes);
        if (n < 0 && errno != EINTR)
            return errno;
        n_bytes += n > 0 ? (size_t)n : 0;
    }
    *ret_n = n_bytes;
    return 0;
}

// NULL, or what is wrong with the file.
static const char *read_token(const char *path, char *text)
{
    size_t n = 0;
    int error = read_bytes(path, text, &n);
    if (error != 0)
        return strerror(error);
    if (n == 0)
        return "is empty";
    if (n > TOKEN_FILE_MAX)
        return "is too large for a token";
    return memchr(text, '\0', n) != NULL ? "holds no token: there is a NUL in it" : NULL;
}

char *token_file_read(const char *path, char **ret_why)
{
    char *text = xcalloc(1, TOKEN_FILE_MAX + 2);
    const char *why = read_token(path, text);
    if (why == NULL)
        return text;
    *ret_why = xasprintf("the token file %s: %s", path, why);
    explicit_bzero(text, TOKEN_FILE_MAX + 2);
    free(text);
    return NULL;
}

bool token_is_header(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}
