// SPDX-License-Identifier: Apache-2.0
// How many ethtool calls were answered, per device and command, and how many went on to the kernel.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TALLY_KERNEL "kernel"

// In the place of a command: a call that the device takes its time for, counted when that begins.
// It is counted as what it is when it is over.
#define TALLY_DELAYED UINT32_MAX

struct tally_row {
    char who[18]; // MAC, or TALLY_KERNEL
    uint32_t command;
    uint64_t n_calls;
};

// All-zero is an empty tally; it owns rows.
struct tally {
    struct tally_row *rows;
    size_t n_rows;
};

__attribute__((nonnull)) void tally_count(struct tally *tally, const char *who, uint32_t command);

// One line per row, "WHO COMMAND CALLS"; commands the rig does not know by name are hexadecimal.
__attribute__((nonnull)) int tally_write(const struct tally *tally, const char *path);

__attribute__((nonnull)) void tally_finish(struct tally *tally);
