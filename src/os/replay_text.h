// SPDX-License-Identifier: Apache-2.0
// Captured text, a line at a time: what the line says, with no memory of the lines before it.
// The grammar of replay files is told here; counters_replay.c plays it and owns the texts.
//
//   time 2026-11-21T10:00:00Z      the moment that the next lines belong to; a fraction is allowed,
//                                  and so are unix seconds (1795255200.25) and steps (+1s, +250ms)
//   time +1s * 30                  thirty steps, nothing changes but in the last
//   interface ens5 mac=02:00:00:00:00:01 ifindex=2 driver=ena version=2.17.0g
//                                  the interface that the next lines speak of; key=value as needed,
//                                  `driver=` alone for a link without a driver
//   NIC statistics:                opens the full list of its names, as `ethtool -S` prints it
//        pps_allowance_exceeded: 12
//   pps_allowance_exceeded: +5     outside a list: adds to a value, or sets it to a plain number
//   ERROR: 19                      reading it fails with this errno, in this moment only
//   gone                           it disappears
//
// What is not mentioned stays as it was. A second list of one interface within a moment opens the
// next moment, one interval later. Before any line `interface`, the file's name without folder and
// extension names it. A `#` at the start of a line opens a comment. A name has 1 to 32 bytes; those
// that are not printable ASCII, blanks at its ends and the backslash are written \xNN.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "os/counters.h"

#define REPLAY_LINE_MAX    4096
#define REPLAY_MAX_REPEATS 1000000
#define REPLAY_MAX_IFINDEX 100000000                             // ours: leaves room for defaults
#define REPLAY_LATEST_NS   (UINT64_C(7258118400) * NS_PER_S - 1) // the last of the year 2199

struct replay_text {
    char *name; // as complaints call it
    char *bytes;
    size_t n_bytes;
};

// All that is played together; all zero is none.
struct replay_texts {
    size_t n_texts;
    struct replay_text *texts;
};

// Copies `name` and takes `bytes` over.
void replay_texts_add(struct replay_texts *texts, const char *name, char *bytes, size_t n_bytes);
void replay_texts_finish(struct replay_texts *texts);

enum replay_kind {
    REPLAY_END, // of the text
    REPLAY_TIME,
    REPLAY_INTERFACE,
    REPLAY_LIST,
    REPLAY_VALUE,
    REPLAY_ERROR,
    REPLAY_GONE,
};

struct replay_time {
    bool is_step;     // from the moment before; else since 1970
    uint64_t ns;      // of one step, or since 1970
    uint32_t n_steps; // 1 unless repeated
};

// Unused bytes of the texts are NUL.
struct replay_interface {
    char ifname[IF_NAMESIZE];
    int ifindex; // 0: not given, as with the rest
    bool has_mac, has_driver, has_version;
    struct mac mac;
    char driver[DRIVER_TEXT_MAX];
    char version[DRIVER_TEXT_MAX];
};

struct replay_value {
    char name[COUNTERS_NAME_BYTES]; // padded with NUL
    bool is_increase;
    uint64_t value;
};

struct replay_statement {
    enum replay_kind kind;
    struct replay_time time;
    struct replay_interface interface;
    struct replay_value value;
    int error; // an errno, positive
};

// A place in a text, copied to come back to it. Starts as {.text = ...}.
struct replay_reader {
    const struct replay_text *text; // borrowed
    size_t offset;
    unsigned int line; // of the statement read last, from 1
};

// The next statement; NULL, or what would be allowed where the reader now stands.
must_check const char *replay_read(
    struct replay_reader *reader, struct replay_statement *ret_statement);

// 1 to 15 printable bytes without blanks and slashes.
bool replay_is_ifname(const char *text);
