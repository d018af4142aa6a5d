// SPDX-License-Identifier: Apache-2.0
// Reads the files of a replay whole. Nothing stays open.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "os/replay_files.h"

static int complain(int r, const char *path, const char *complaint, char **ret_complaint)
{
    *ret_complaint = xasprintf("%s: %s", path, complaint);
    return r;
}

static int complain_errno(int r, const char *path, char **ret_complaint)
{
    return complain(r, path, strerror(-r), ret_complaint);
}

// Up to `n_bytes`, fewer when the file ends early; or negative errno.
static ssize_t read_all(int fd, char *bytes, size_t n_bytes)
{
    size_t n_read = 0;
    while (n_read < n_bytes) {
        ssize_t n = read(fd, bytes + n_read, n_bytes - n_read);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        n_read += (size_t)n;
    }
    return (ssize_t)n_read;
}

static int read_file(const char *path, struct replay_texts *texts, char **ret_complaint)
{
    scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat file;
    if (fd < 0 || fstat(fd, &file) < 0)
        return complain_errno(-errno, path, ret_complaint);
    if (file.st_size > REPLAY_MAX_FILE_BYTES)
        return complain(-EINVAL, path, "a file has at most 64 MiB", ret_complaint);
    char *bytes = xcalloc((size_t)file.st_size, 1);
    ssize_t n_bytes = read_all(fd, bytes, (size_t)file.st_size);
    if (n_bytes < 0) {
        free(bytes);
        return complain_errno((int)n_bytes, path, ret_complaint);
    }
    replay_texts_add(texts, path, bytes, (size_t)n_bytes);
    return 0;
}

// What is no regular file is left out.
static int read_entry(
    const char *folder, const char *name, struct replay_texts *texts, char **ret_complaint)
{
    scoped_free char *path = xasprintf("%s/%s", folder, name);
    struct stat entry;
    if (stat(path, &entry) < 0)
        return complain_errno(-errno, path, ret_complaint);
    if (!S_ISREG(entry.st_mode))
        return 0;
    if (texts->n_texts == REPLAY_MAX_FILES)
        return complain(-EINVAL, folder, "a folder has at most 256 files", ret_complaint);
    return read_file(path, texts, ret_complaint);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

static int read_folder(const char *path, struct replay_texts *texts, char **ret_complaint)
{
    struct dirent **entries;
    int n_entries = scandir(path, &entries, is_visible, by_name);
    if (n_entries < 0)
        return complain_errno(-errno, path, ret_complaint);
    int r = 0;
    for (int i = 0; i < n_entries; i++) {
        if (r == 0)
            r = read_entry(path, entries[i]->d_name, texts, ret_complaint);
        free(entries[i]);
    }
    free(entries);
    if (r == 0 && texts->n_texts == 0)
        return complain(-EINVAL, path, "a folder has a file or more", ret_complaint);
    return r;
}

int replay_files_read(const char *path, struct replay_texts *ret_texts, char **ret_complaint)
{
    scoped(replay_texts_finish) struct replay_texts texts = {0};
    struct stat found;
    if (stat(path, &found) < 0)
        return complain_errno(-errno, path, ret_complaint);
    if (!S_ISDIR(found.st_mode) && !S_ISREG(found.st_mode))
        return complain(-EINVAL, path, "what is replayed is a file or a folder", ret_complaint);
    int r = S_ISDIR(found.st_mode) ? read_folder(path, &texts, ret_complaint)
                                   : read_file(path, &texts, ret_complaint);
    if (r < 0)
        return r;
    *ret_texts = texts;
    texts = (struct replay_texts){0};
    return 0;
}
