// SPDX-License-Identifier: Apache-2.0
// A simulated ENA device, as its file describes it. The list keeps the parsed files and owns them.
#pragma once

#include <linux/ethtool.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum {
    DEVICE_MAX_STATISTICS = 16384,
    DEVICE_N_COMMANDS = 4, // GDRVINFO, GSSET_INFO, GSTRINGS, GSTATS, in this order everywhere
    DEVICE_MAC_BYTES = 18, // as text, with its end
    DEVICE_TEXT_BYTES = 32,
};

struct device {
    struct device *next;
    struct stat file; // what was parsed; another (mtime, size, inode) means parse again
    char mac[DEVICE_MAC_BYTES];
    char driver[DEVICE_TEXT_BYTES];
    char version[DEVICE_TEXT_BYTES];
    char bus[DEVICE_TEXT_BYTES];
    bool is_old_kernel;
    bool is_zeroed; // the admin command fails: allowance and SRD statistics read 0
    int errno_all;  // every command fails with it; 0: none does. EIO while the file is malformed.
    int errno_of[DEVICE_N_COMMANDS];
    unsigned int latency_ms;
    uint32_t n_statistics;
    uint32_t n_room;
    char (*names)[ETH_GSTRING_LEN];
    uint64_t *values;
};

struct device_list {
    const char *dir; // borrowed
    int dir_fd;      // owned
    struct device *first;
};

// Returns 0, or a negative errno when dir cannot be opened.
__attribute__((nonnull)) int device_list_init(struct device_list *list, const char *dir);
__attribute__((nonnull)) void device_list_finish(struct device_list *list);

// The device with this MAC as its file is now, valid until the next call; NULL when there is no
// file. A malformed file is reported once, and gives a device that fails with EIO.
__attribute__((nonnull)) const struct device *device_list_find(
    struct device_list *list, const char *mac);
