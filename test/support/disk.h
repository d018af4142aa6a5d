// SPDX-License-Identifier: Apache-2.0
// The state directory of a simulated machine. What the journal's file was at some moment can be
// kept, cut as a crash or a power cut would, and put back.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk {
    char path[64]; // in memory where the machine has such a file system: none waits for a platter
};

// The journal's file.
struct image {
    char *bytes;
    size_t n_bytes;
};

void disk_init(struct disk *disk);
void disk_finish(struct disk *disk);

uint64_t disk_journal_bytes(const struct disk *disk); // 0: there is none
// Whether there is nothing but what a journal without trouble has.
bool disk_is_tidy(const struct disk *disk);

void disk_read(const struct disk *disk, struct image *ret_image);
void disk_write(const struct disk *disk, const struct image *image);

void image_finish(struct image *image);
bool image_begins_with(const struct image *image, const struct image *start);
// What is on disk for certain: up to the end of the last entry that was waited for (a window, a
// checkpoint), or of those that a file begins with when it is written anew. See store/journal.md.
size_t image_synced_bytes(const struct image *image);
// The baseline in the last whole entry of a window or a checkpoint, a reference for the caller;
// NULL: there is none.
json_t *image_last_baseline(const struct image *image);
