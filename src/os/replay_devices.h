// SPDX-License-Identifier: Apache-2.0
// The interfaces of a replay as they are now, and what of that was not told yet as link events.
// Part of counters_replay.c, which owns them and says when what happens.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "os/counters.h"
#include "os/replay_text.h"

#define REPLAY_MAX_INTERFACES 256

struct replay_device {
    struct link link;
    char driver[DRIVER_TEXT_MAX];
    char version[DRIVER_TEXT_MAX];
    bool is_present;
    bool is_changed;  // since it was told
    bool has_ended;   // what was told is gone, whatever came after it
    int told_ifindex; // 0: none
    int error;        // of reads in this moment, positive; 0: none
    uint32_t n_statistics;
    uint32_t capacity;
    char (*names)[COUNTERS_NAME_BYTES];
    uint64_t *values;
};

enum replay_list { REPLAY_LIST_DUE, REPLAY_LIST_OPEN, REPLAY_LIST_TOLD };

// All zero is none, nothing told.
struct replay_devices {
    uint32_t n_devices; // that ever were
    int last_ifindex;   // the highest that ever was; 0: none
    enum replay_list list;
    struct replay_device devices[REPLAY_MAX_INTERFACES];
};

void replay_devices_finish(struct replay_devices *devices);

// The one that is present under this name now, or NULL.
struct replay_device *replay_devices_find(struct replay_devices *devices, const char *ifname);
// What a line `interface` says: adds, brings back, renames, replaces or changes. NULL, or what
// would be allowed.
must_check const char *replay_devices_declare(struct replay_devices *devices,
    const struct replay_interface *interface, struct replay_device **ret_device);
// As counters_ops.next_event.
must_check int replay_devices_next_event(
    struct replay_devices *devices, struct link_event *ret_event);

void replay_device_end(struct replay_device *device);
// Both: NULL, or what would be allowed.
must_check const char *replay_device_append(
    struct replay_device *device, const struct replay_value *value);
must_check const char *replay_device_change(
    struct replay_device *device, const struct replay_value *value);
