// SPDX-License-Identifier: Apache-2.0
// Replaces a file as a whole: a temporary neighbour, then rename(). Used for the pid and count
// files.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "replace.h"

static int write_whole(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return -errno;
    int failed = fputs(text, file) < 0;
    if (fclose(file) != 0 || failed)
        return -EIO;
    return 0;
}

int replace_file(const char *path, const char *text)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof(temporary), "%s.%d.tmp", path, (int)getpid());
    if (n < 0 || (size_t)n >= sizeof(temporary))
        return -ENAMETOOLONG;
    int error = write_whole(temporary, text);
    if (!error && rename(temporary, path) != 0)
        error = -errno;
    if (error)
        unlink(temporary);
    return error;
}
