// SPDX-License-Identifier: Apache-2.0
// What the kernel would answer to one ethtool command on a simulated device.
#pragma once

#include <linux/ethtool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"

enum {
    ANSWER_KERNEL = 1,    // let the kernel answer this command
    ANSWER_MAX_SETS = 64, // string sets one GSSET_INFO can ask for
};

// What a command passes, up to the data behind it. The kernel's structures end in an array of
// unknown length and cannot be members; these are the same bytes.
union answer_head {
    uint32_t command;
    struct ethtool_drvinfo drvinfo;
    struct {
        uint32_t command;
        uint32_t string_set;
        uint32_t n_strings;
    } gstrings;
    struct {
        uint32_t command;
        uint32_t n_stats;
    } gstats;
    struct {
        uint32_t command;
        uint32_t reserved;
        uint64_t sset_mask;
        uint32_t sizes[ANSWER_MAX_SETS];
    } sset_info;
};

struct question {
    uint32_t command;
    const union answer_head *head; // borrowed; answer_input_bytes() of it were read from the caller
    int socket;                    // borrowed; for the string sets the kernel keeps itself
    const char *ifname;            // borrowed
};

struct answer {
    size_t head_bytes;
    const void *data; // borrowed from the device; goes right behind head
    size_t data_bytes;
    bool is_from_device; // the driver had to ask the device: latency_ms applies
    union answer_head head;
};

// "GSTATS" and so on; NULL for a command the rig does not answer.
const char *answer_command_name(uint32_t command);

// How much of the caller's structure the kernel reads for this command.
size_t answer_input_bytes(uint32_t command);

// Returns 0 with *ret_answer to write to the caller, ANSWER_KERNEL, or the negative errno the ioctl
// fails with; ret_answer->is_from_device is valid in every case.
__attribute__((nonnull)) int answer_make(
    const struct device *device, const struct question *question, struct answer *ret_answer);
