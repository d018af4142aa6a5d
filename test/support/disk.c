// SPDX-License-Identifier: Apache-2.0
// Files in a directory of their own, by names that store/journal.md tells.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base.h"
#include "support/disk.h"
#include "support/unit.h"

#define PREFIX_BYTES 9 // checksum and blank
#define WINDOW       "{\"window\":"
#define CHECKPOINT   "{\"open\":"

struct entry {
    const char *line;
    size_t n_bytes;
};

static char *path_of(const struct disk *disk, const char *name)
{
    return xasprintf("%s/%s", disk->path, name);
}

void disk_init(struct disk *disk)
{
    const char *folder = getenv("TMPDIR");
    if (folder == NULL)
        folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    int n = snprintf(disk->path, sizeof(disk->path), "%s/enawatch-test-XXXXXX", folder);
    assert_true(n > 0 && (size_t)n < sizeof(disk->path));
    assert_non_null(mkdtemp(disk->path));
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

void disk_finish(struct disk *disk)
{
    DIR *folder = opendir(disk->path);
    if (folder == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (!is_dot(entry->d_name))
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(disk->path);
    disk->path[0] = '\0';
}

uint64_t disk_journal_bytes(const struct disk *disk)
{
    scoped_free char *path = path_of(disk, "journal");
    struct stat status;
    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

bool disk_is_tidy(const struct disk *disk)
{
    static const char *const names[] = {".", "..", "journal", "lock", "unclaimed"};
    size_t n_strange = 0;
    DIR *folder = opendir(disk->path);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t i = 0;
        while (i < ARRAY_SIZE(names) && strcmp(entry->d_name, names[i]) != 0)
            i++;
        n_strange += i == ARRAY_SIZE(names);
    }
    closedir(folder);
    return n_strange == 0;
}

void disk_read(const struct disk *disk, struct image *ret_image)
{
    scoped_free char *path = path_of(disk, "journal");
    scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status = {0};
    struct image image = {0};
    if (fd < 0)
        assert_int_equal(errno, ENOENT);
    else
        assert_int_equal(fstat(fd, &status), 0);
    image.n_bytes = (size_t)status.st_size;
    image.bytes = xcalloc(image.n_bytes + 1, 1);
    if (fd >= 0)
        assert_int_equal(read(fd, image.bytes, image.n_bytes), (ssize_t)image.n_bytes);
    *ret_image = image;
}

void disk_write(const struct disk *disk, const struct image *image)
{
    scoped_free char *path = path_of(disk, "journal");
    unlink(path);
    scoped_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->bytes, image->n_bytes), (ssize_t)image->n_bytes);
}

void image_finish(struct image *image)
{
    free(image->bytes);
    *image = (struct image){0};
}

bool image_begins_with(const struct image *image, const struct image *start)
{
    return image->n_bytes >= start->n_bytes &&
        memcmp(image->bytes, start->bytes, start->n_bytes) == 0;
}

static bool is_kind(const struct entry *entry, const char *kind)
{
    return entry->n_bytes > PREFIX_BYTES + strlen(kind) &&
        memcmp(entry->line + PREFIX_BYTES, kind, strlen(kind)) == 0;
}

// The next whole line; false: there is none.
static bool next_entry(const struct image *image, size_t *at, struct entry *ret_entry)
{
    const char *line = image->bytes + *at;
    const char *end = memchr(line, '\n', image->n_bytes - *at);
    if (end == NULL)
        return false;
    *ret_entry = (struct entry){line, (size_t)(end - line)};
    *at += ret_entry->n_bytes + 1;
    return true;
}

size_t image_synced_bytes(const struct image *image)
{
    static const char *const kinds[] = {
        "{\"journal\":", "{\"totals\":", "{\"waiting\":", WINDOW, CHECKPOINT};
    size_t n_synced = 0, at = 0;
    struct entry entry;
    while (next_entry(image, &at, &entry))
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
            if (is_kind(&entry, kinds[i]))
                n_synced = at;
    return n_synced;
}

json_t *image_last_baseline(const struct image *image)
{
    size_t at = 0;
    struct entry entry, last = {0};
    while (next_entry(image, &at, &entry))
        if (is_kind(&entry, WINDOW) || is_kind(&entry, CHECKPOINT))
            last = entry;
    if (last.line == NULL)
        return NULL;
    json_auto_t *root = json_loadb(last.line + PREFIX_BYTES, last.n_bytes - PREFIX_BYTES, 0, NULL);
    const json_t *window = json_object_get(root, "window");
    const json_t *of = window != NULL ? window : json_object_get(root, "open");
    return json_incref(json_object_get(of, "baseline"));
}
