// SPDX-License-Identifier: Apache-2.0
// What is done to files, in an order in which a crash at any point does no harm.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "store/file.h"

#define JOURNAL   "journal"
#define DRAFT     "journal.new"
#define LOCK      "lock"
#define UNCLAIMED "unclaimed"

#define DIRECTORY_MODE 0750
#define FILE_MODE      0640
#define OPEN_FLAGS     (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

#define LOCK_TRIES 100

// Each may be as large as a journal, and somebody has to look at them.
#define SET_ASIDE_MAX 9

static struct flock whole(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

// The holder may end between the two questions: then the first is asked again. A lock of another
// machine (on a network file system) has a holder that is no pid, or none that is told.
static int lock(int fd, pid_t *ret_holder)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        struct flock ours = whole(), theirs = whole();
        if (fcntl(fd, F_SETLK, &ours) == 0)
            return 0;
        if (errno != EACCES && errno != EAGAIN)
            return -errno;
        if (fcntl(fd, F_GETLK, &theirs) != 0)
            return -errno;
        if (theirs.l_type == F_UNLCK)
            continue;
        *ret_holder = theirs.l_pid > 0 ? theirs.l_pid : 0;
        return FILE_HELD;
    }
    *ret_holder = 0;
    return FILE_HELD;
}

// 0, FILE_HELD or negative errno: then what is open is the caller's to close.
static int open_directory(struct file *file, const char *directory, pid_t *ret_holder)
{
    if (mkdir(directory, DIRECTORY_MODE) != 0 && errno != EEXIST)
        return -errno;
    file->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->directory_fd < 0)
        return -errno;
    file->lock_fd = openat(file->directory_fd, LOCK, O_RDWR | O_CREAT | OPEN_FLAGS, FILE_MODE);
    return file->lock_fd < 0 ? -errno : lock(file->lock_fd, ret_holder);
}

int file_open(struct file *file, const char *directory, pid_t *ret_holder)
{
    *file = (struct file){.is_open = true,
        .directory_fd = -1,
        .lock_fd = -1,
        .fd = -1,
        .draft_fd = -1,
        .unclaimed_fd = -1};
    int r = open_directory(file, directory, ret_holder);
    if (r != 0)
        file_close(file);
    return r;
}

void file_close(struct file *file)
{
    if (!file->is_open)
        return;
    file_drop_draft(file);
    close_descriptor(&file->unclaimed_fd);
    close_descriptor(&file->fd);
    close_descriptor(&file->lock_fd);
    close_descriptor(&file->directory_fd);
    *file = (struct file){0};
}

int file_find(struct file *file)
{
    struct stat status;
    // Of a rewriting that a crash cut short.
    (void)unlinkat(file->directory_fd, DRAFT, 0);
    int fd = openat(file->directory_fd, JOURNAL, O_RDWR | OPEN_FLAGS);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return errno == EISDIR || errno == ELOOP || errno == ENXIO ? FILE_STRANGE : -errno;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        file->fd = fd;
        return 0;
    }
    close(fd);
    return FILE_STRANGE;
}

static int cut(int fd, uint64_t n_bytes)
{
    while (ftruncate(fd, (off_t)n_bytes) != 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

void file_cut(struct file *file, uint64_t n_bytes)
{
    file->n_bytes = n_bytes;
    file->is_ragged = cut(file->fd, n_bytes) < 0;
}

static int write_at(int fd, const struct line *line, uint64_t offset)
{
    size_t n_written = 0;
    while (n_written < line->n_bytes) {
        ssize_t n = pwrite(
            fd, line->text + n_written, line->n_bytes - n_written, (off_t)(offset + n_written));
        if (n < 0 && errno != EINTR)
            return -errno;
        n_written += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int sync_data(int fd)
{
    while (fdatasync(fd) != 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

// What is written to a file without a name is as good as lost.
static int sync_named(int fd)
{
    struct stat status;
    int r = sync_data(fd);
    if (r == 0 && fstat(fd, &status) == 0 && status.st_nlink == 0)
        r = -ENOENT;
    return r;
}

int file_append(struct file *file, const struct line *line, bool is_synced)
{
    uint64_t n_before = file->n_bytes;
    int r = file->is_ragged ? cut(file->fd, n_before) : 0;
    if (r == 0)
        r = write_at(file->fd, line, n_before);
    if (r == 0 && is_synced)
        r = sync_named(file->fd);
    if (r < 0) {
        file_cut(file, n_before);
        return r;
    }
    file->is_ragged = false;
    file->n_bytes += line->n_bytes;
    return 0;
}

int file_overwrite(struct file *file, const struct line *line)
{
    int r = write_at(file->fd, line, 0);
    return r < 0 ? r : sync_data(file->fd);
}

void file_drop_draft(struct file *file)
{
    if (file->draft_fd < 0)
        return;
    close(file->draft_fd);
    file->draft_fd = -1;
    (void)unlinkat(file->directory_fd, DRAFT, 0);
}

// So that a full disk is not written to for nothing. Not every file system can tell.
static int reserve(int fd, uint64_t n_bytes)
{
    if (n_bytes == 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)n_bytes) == 0)
        return 0;
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR ? 0 : -errno;
}

int file_begin_draft(struct file *file, uint64_t n_bytes)
{
    file_drop_draft(file);
    file->n_draft_bytes = 0;
    file->draft_fd = openat(
        file->directory_fd, DRAFT, O_RDWR | O_CREAT | O_TRUNC | OPEN_FLAGS, FILE_MODE);
    return file->draft_fd < 0 ? -errno : reserve(file->draft_fd, n_bytes);
}

int file_add(struct file *file, const struct line *line)
{
    int r = write_at(file->draft_fd, line, file->n_draft_bytes);
    if (r == 0)
        file->n_draft_bytes += line->n_bytes;
    return r;
}

// By a second name where the file system has such: then there is no moment without a journal.
static int give_name(const struct file *file, const char *name)
{
    struct stat status;
    if (linkat(file->directory_fd, JOURNAL, file->directory_fd, name, 0) == 0)
        return 0;
    if (fstatat(file->directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;
    return renameat(file->directory_fd, JOURNAL, file->directory_fd, name) == 0 ? 0 : -errno;
}

static int set_aside(struct file *file)
{
    int r = -EEXIST;
    for (unsigned int number = 1; r == -EEXIST && number <= SET_ASIDE_MAX; number++) {
        scoped_free char *name = xasprintf(JOURNAL ".set-aside.%u", number);
        r = give_name(file, name);
        if (r == 0)
            file->set_aside = number;
    }
    file->is_kept = r < 0;
    return r;
}

// What was reserved and not needed goes back.
static int finish_draft(struct file *file)
{
    int r = cut(file->draft_fd, file->n_draft_bytes);
    if (r == 0)
        r = sync_data(file->draft_fd);
    if (r == 0 && file->is_kept)
        r = set_aside(file);
    if (r == 0 && renameat(file->directory_fd, DRAFT, file->directory_fd, JOURNAL) != 0)
        r = -errno;
    return r;
}

int file_commit_draft(struct file *file)
{
    int r = finish_draft(file);
    if (r < 0)
        return r;
    close_descriptor(&file->fd);
    file->fd = file->draft_fd;
    file->draft_fd = -1;
    file->n_bytes = file->n_draft_bytes;
    file->is_ragged = false;
    return 0;
}

int file_sync_directory(const struct file *file)
{
    while (fsync(file->directory_fd) != 0)
        if (errno != EINTR)
            return errno == EINVAL ? 0 : -errno; // not every file system can
    return 0;
}

// Behind a line that a crash cut short another would be lost, too.
static int open_unclaimed(struct file *file)
{
    struct stat status;
    char last = '\n';
    int fd = openat(file->directory_fd, UNCLAIMED, O_RDWR | O_CREAT | OPEN_FLAGS, FILE_MODE);
    if (fd < 0)
        return -errno;
    file->unclaimed_fd = fd;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return -EINVAL;
    if (status.st_size > 0 && pread(fd, &last, 1, status.st_size - 1) != 1)
        return -EIO;
    return last == '\n' || pwrite(fd, "\n", 1, status.st_size) == 1 ? 0 : -EIO;
}

int file_add_unclaimed(struct file *file, const struct line *line, uint64_t max_bytes)
{
    int r = file->unclaimed_fd < 0 ? open_unclaimed(file) : 0;
    struct stat status;
    if (r < 0)
        return r;
    if (fstat(file->unclaimed_fd, &status) != 0)
        return -errno;
    uint64_t n_bytes = (uint64_t)status.st_size;
    if (n_bytes + line->n_bytes > max_bytes)
        return -EFBIG;
    r = write_at(file->unclaimed_fd, line, n_bytes);
    if (r < 0)
        (void)cut(file->unclaimed_fd, n_bytes);
    return r;
}

int file_finish_unclaimed(struct file *file)
{
    int r = file->unclaimed_fd < 0 ? 0 : sync_data(file->unclaimed_fd);
    close_descriptor(&file->unclaimed_fd);
    file->unclaimed_fd = -1;
    return r;
}
