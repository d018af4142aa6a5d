// SPDX-License-Identifier: Apache-2.0
// The seam to the machine: "which interfaces are there; names and values of this one".
// Two implementations, both shipped: counters_ethtool.c asks the kernel, counters_replay.c plays
// captured text. Made by the daemon, used by collector/ena.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "now.h"
#include "option.h"
#include "sample.h"

// Statistics of one device that we are willing to read; a device with more is refused, once.
// A 128-queue ENA device has about 5,000 (r2.17.0, ena_ethtool.c: 36 or so per queue pair).
#define COUNTERS_MAX_STATISTICS 16384
#define COUNTERS_NAME_BYTES     32 // ETH_GSTRING_LEN, linux/ethtool.h

// The part of struct eni that the kernel's link message gives.
struct link {
    int ifindex;
    char ifname[IF_NAMESIZE];
    bool has_mac; // false: loopback, tunnels, InfiniBand
    struct mac mac;
};

enum link_event_kind {
    LINK_PRESENT,       // new, or something about it changed: name, address, state
    LINK_GONE,          // only ifindex is set
    LINK_LIST_STARTED,  // what was known may be outdated: everything present follows
    LINK_LIST_FINISHED, // what was not seen since LINK_LIST_STARTED is gone
};

struct link_event {
    enum link_event_kind kind;
    struct link link;
};

// Names as the device gives them: n slots of COUNTERS_NAME_BYTES, padded with NUL, not necessarily
// terminated, any bytes.
struct counters_names {
    uint32_t n_names;
    const char (*slots)[COUNTERS_NAME_BYTES]; // borrowed until the next call
};

// Outcomes besides 0 and negative errno.
enum { COUNTERS_NO_EVENT = 1, COUNTERS_CHANGED, COUNTERS_ENDED };

struct counters {
    const struct counters_ops *ops;
};

struct counters_ops {
    // Readable when next_event() may have something; -1: ask after advance().
    int (*descriptor)(const struct counters *counters);
    // 0, COUNTERS_NO_EVENT, or negative errno: nothing can be learnt any more.
    must_check int (*next_event)(struct counters *counters, struct link_event *ret_event);
    // Name and version of the driver, cut and made printable. -EOPNOTSUPP: a link without a driver.
    must_check int (*driver)(struct counters *counters, const struct link *link,
        char ret_driver[static DRIVER_TEXT_MAX], char ret_version[static DRIVER_TEXT_MAX]);
    // -EOPNOTSUPP: no statistics; -E2BIG: more than COUNTERS_MAX_STATISTICS.
    must_check int (*names)(
        struct counters *counters, const struct link *link, struct counters_names *ret_names);
    // All values in the order of the names; borrowed until the next call. COUNTERS_CHANGED: the
    // device has another count than `n_expected`, nothing was read: ask for the names again.
    must_check int (*values)(struct counters *counters, const char *ifname, uint32_t n_expected,
        const uint64_t **ret_values);
    // The clock that the samples follow.
    void (*clock)(const struct counters *counters, struct now *ret_now);
    // Replay only, NULL otherwise: on to the next recorded moment. 0 or COUNTERS_ENDED.
    int (*advance)(struct counters *counters);
    void (*destroy)(struct counters *counters);
};

must_check int counters_ethtool_create(struct counters **ret_counters);

struct replay_options {
    char *path;           // file or folder; NULL: read the kernel
    double speed;         // 0: as fast as it can, 1: as recorded
    uint64_t interval_ms; // of a second list without a time line in between
};

// Rows for `path` and `speed`; section sample.
extern const struct option_table replay_option_table;

// `ret_complaint`: "FILE:LINE: what is allowed", owned by the caller, written with -EINVAL and when
// a file cannot be read.
must_check int counters_replay_create(
    const struct replay_options *options, struct counters **ret_counters, char **ret_complaint);
