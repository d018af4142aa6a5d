// SPDX-License-Identifier: Apache-2.0
// What the daemon owns. Shared by daemon.c, which has the loop, and daemon_change.c, which has what
// happens to it: signals, another configuration, the end.
#pragma once

#include "engine.h"

struct daemon_setting; // daemon.h

enum daemon_state {
    DAEMON_RUNNING,
    DAEMON_LAST_SAMPLE, // asked to stop: one more sample, then the open window is published
    DAEMON_DRAINING,    // the sink may finish until drain_until_ns
};

struct daemon {
    const struct daemon_setting *setting;
    enum daemon_state state;
    uint64_t drain_until_ns;
    bool is_hurried; // asked twice: no more waiting for the sink
    int signal_fd;
    char boot_id[40];
    char name[64];   // of this start
    char *directory; // of the journal; NULL: none
    struct health health;
    struct journal journal;
    struct engine engines[2];     // the one that works, and the one to come
    struct engine *engine, *next; // `next` NULL: no change under way
    struct config *config;        // of `engine`, when it is not the setting's; owned
    struct config *next_config;   // owned
    uint64_t change_until_ns;     // the change does not wait longer for the sink's answer
    uint64_t n_windows_before;    // published by the engines before this one
    uint64_t unshipped_ns;        // spent on reading since the sink was looked at last
    bool is_ready;                // said to the service manager
    uint64_t told_windows;        // windows that its status line knows of
    uint64_t alive_every_ns;      // what its watchdog needs; 0: none
    uint64_t alive_ns;            // when it was told last
};

// Signals that come together are one.
void daemon_take_signals(struct daemon *daemon);
// The open window is closed: the sink may finish.
void daemon_begin_drain(struct daemon *daemon);
bool daemon_is_over(const struct daemon *daemon, const struct now *now);
// Says what is left, and returns the exit status.
int daemon_end(struct daemon *daemon);

// Goes over to the next engine as soon as the sink of this one has answered.
void daemon_change_if_due(struct daemon *daemon, const struct now *now);
void daemon_drop_config(struct daemon *daemon);

// After a tick: says to the service manager that we are ready, and each minute how we do.
void daemon_tell(struct daemon *daemon, const struct now *now);
