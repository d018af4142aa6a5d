// SPDX-License-Identifier: Apache-2.0
// Reading /proc without opening it each time. A read from position 0 makes the kernel write the
// text anew, a page or so at a time (fs/seq_file.c).
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/proc.h"

#define FIRST_BYTES 256

int proc_file_open(struct proc_file *file, const char *folder, const char *name)
{
    scoped_free char *path = xasprintf("%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *file = (struct proc_file){.fd = fd, .capacity = FIRST_BYTES, .text = xcalloc(1, FIRST_BYTES)};
    return 0;
}

bool proc_file_is_open(const struct proc_file *file)
{
    return file->text != NULL;
}

// Room for at least one byte and the terminator.
static int make_room(struct proc_file *file, size_t n_bytes)
{
    if (n_bytes > PROC_MAX_BYTES)
        return -EFBIG;
    if (n_bytes + 1 < file->capacity)
        return 0;
    file->capacity *= 2;
    file->text = xreallocarray(file->text, file->capacity, 1);
    return 0;
}

static int read_text(struct proc_file *file)
{
    size_t n_bytes = 0;
    for (;;) {
        int r = make_room(file, n_bytes);
        if (r < 0)
            return r;
        ssize_t n = pread(
            file->fd, file->text + n_bytes, file->capacity - n_bytes - 1, (off_t)n_bytes);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            break;
        n_bytes += n > 0 ? (size_t)n : 0;
    }
    file->text[n_bytes] = '\0';
    return 0;
}

int proc_file_read(struct proc_file *file)
{
    int r = read_text(file);
    if (r < 0)
        proc_file_finish(file);
    return r;
}

void proc_file_finish(struct proc_file *file)
{
    if (!proc_file_is_open(file))
        return;
    close(file->fd);
    free(file->text);
    *file = (struct proc_file){.fd = -1};
}
