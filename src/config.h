// SPDX-License-Identifier: Apache-2.0
// The configuration: every component's options, filled from files and from the command line.
// Constant after it was checked. Only config.c, daemon.c and command/ include this.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "collector/ena.h"
#include "encode/encoder.h"
#include "flow/catalog.h"
#include "flow/delta.h"
#include "flow/window.h"
#include "identity/options.h"
#include "log.h"
#include "os/counters.h"
#include "sink.h"
#include "store/journal.h"

#define CONFIG_FILE   "/etc/enawatch/enawatch.conf"
#define CONFIG_FOLDER "/etc/enawatch/conf.d"

struct sample_options {
    uint64_t interval_ms;
};

struct publish_options {
    int sink; // index in sink_table
};

struct run_options {
    uint64_t drain_ms;
    int log; // index in the choices, see config_log_level()
};

// A table, and the struct that its rows fill.
struct config_table {
    const struct option_table *table;
    void *options;
};

// A key that was set, the last time it was: as it was written, and where. A map has one for each
// of its pairs.
struct config_setting {
    char *section;
    char *key;
    char *value;
    char *origin; // "FILE:LINE", "-o section.key=value"
};

struct config {
    struct sample_options sample;
    struct ena_options ena;
    struct delta_options delta;
    struct replay_options replay;
    struct publish_options publish;
    struct catalog_options catalog;
    struct window_options window;
    struct encoder_options encoder;
    struct identity_options identity;
    struct journal_options journal;
    struct run_options run;
    void *sink_options; // of the sinks, one block after the other
    size_t n_tables;
    struct config_table *tables;
    size_t n_settings; // in the order in which they were set
    struct config_setting *settings;
    size_t n_files; // that were read, in this order
    char **files;
};

// One thing that somebody wants set. Texts are borrowed.
struct assignment {
    const char *origin; // for messages: "FILE:LINE", "-o section.key=value"
    const char *section;
    const char *key;
    const char *value;
};

// All defaults.
void config_init(struct config *config);
void config_finish(struct config *config);

// The next five log what is wrong, with file and line and what is allowed, and return -EINVAL.
// `path` NULL: the default file and folder, both of which may be absent.
must_check int config_read(struct config *config, const char *path);
// A [section] line.
must_check int config_enter(const struct config *config, const char *origin, const char *section);
must_check int config_assign(struct config *config, const struct assignment *assignment);
// "section.key=value" as after -o.
must_check int config_set(struct config *config, const char *assignment);
// What no row can see alone.
must_check int config_check(const struct config *config);

// Remembers where a key that was assigned came from.
void config_note_setting(struct config *config, const struct assignment *assignment);
void config_forget_settings(struct config *config);
// Where a key's value came from: "FILE:LINE", "-o section.key=value"; NULL for the default. Of a
// map without the name: its last pair's.
const char *config_origin(const struct config *config, const char *section, const char *key);
// Whether what was set is the default, however it was written.
bool config_is_default(const struct config *config, const struct config_setting *setting);
// Options struct of a sink.
const void *config_sink_options(const struct config *config, const struct sink_ops *ops);
// What the configuration says for its create() and check(); the rest is the owner's.
struct sink_setting config_sink_setting(const struct config *config, const struct sink_ops *ops);
enum log_level config_log_level(const struct config *config);
// The kernel, or the recording that is to be played. Logs what is wrong and returns the exit
// status; EXIT_STATUS_DONE with counters that the caller destroys.
must_check int config_open_counters(const struct config *config, struct counters **ret_counters);
// As a file that config_read() accepts, each value with its help, its range and where it came from.
void config_print(const struct config *config, FILE *to);
