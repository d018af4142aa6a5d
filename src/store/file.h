// SPDX-License-Identifier: Apache-2.0
// The journal's directory and its file: the lock, lines at the end that are there wholly or not at
// all, and another file that takes its place at once. Knows nothing of what the lines say. The
// journal owns one.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "store/line.h"

struct file {
    bool is_open;   // the directory is ours
    bool is_ragged; // bytes behind the last line could not be cut yet
    bool is_kept;   // the file is not ours to replace: it is set aside first
    int directory_fd;
    int lock_fd;
    int fd;           // -1: there is no file yet
    int draft_fd;     // of what is to take its place; -1: none
    int unclaimed_fd; // of what nobody claims; -1: not opened yet
    uint64_t n_bytes;
    uint64_t n_draft_bytes;
    unsigned int set_aside; // the number of the file that was set aside last; 0: none was
};

// Outcome of file_open() besides 0.
enum { FILE_HELD = 1 };

// Makes the directory where there is none (not those above it), and locks it. FILE_HELD: another
// process has it, of this pid, or 0 where the kernel does not tell; nothing else was touched.
must_check int file_open(struct file *file, const char *directory, pid_t *ret_holder);
// Also when all zero.
void file_close(struct file *file);

// Outcome of file_find() besides 0.
enum { FILE_STRANGE = 1 };

// Opens what is there; `fd` stays -1 where nothing is. FILE_STRANGE: it is no regular file.
must_check int file_find(struct file *file);
// What follows these bytes is no line: cuts it off. Where that fails it is tried again before the
// next line.
void file_cut(struct file *file, uint64_t n_bytes);
// The line is in the file when this returns 0, else nothing of it is. Synced: and it is on disk,
// and the file has a name; -ENOENT: somebody took that away.
must_check int file_append(struct file *file, const struct line *line, bool is_synced);
// Another first line, of the same length, in its place and on disk: needs no room there.
must_check int file_overwrite(struct file *file, const struct line *line);

// A file of other lines, of which about so many bytes are to come: looks for room first.
must_check int file_begin_draft(struct file *file, uint64_t n_bytes);
must_check int file_add(struct file *file, const struct line *line);
// It is on disk, and at once in the place of the other, which where it `is_kept` has the name
// journal.set-aside.N from now on. -EEXIST: there are too many of these.
must_check int file_commit_draft(struct file *file);
// And it is there after a power cut, too.
must_check int file_sync_directory(const struct file *file);
void file_drop_draft(struct file *file);

// At the end of the file `unclaimed`. -EFBIG: that would be larger than `max_bytes`.
must_check int file_add_unclaimed(struct file *file, const struct line *line, uint64_t max_bytes);
// What was added there is on disk.
must_check int file_finish_unclaimed(struct file *file);
