// SPDX-License-Identifier: Apache-2.0
// What one configuration makes: the sources, the way to the sink, and the pipeline between them.
// The daemon owns one, and makes another when the configuration changes; the journal and the counts
// of our health outlive it.
#pragma once

#include "config.h"
#include "flow/ticker.h"
#include "outside.h"
#include "pipeline.h"
#include "sources.h"

struct engine {
    const struct config *config; // borrowed
    struct catalog catalog;
    struct counters *counters;
    struct outside outside;
    struct sink *sink;
    int sink_error; // negative errno: it is gone for good
    struct pipeline pipeline;
    struct sources sources;
    struct ticker ticker;
    struct health before;                    // what there was to count before this engine
    struct health told;                      // by it and the engines before it
    uint64_t replay_start_ns, real_start_ns; // boot clocks of recording and machine
    struct sample sample;                    // in hand
};

// Opens what it reads from and sends to. Logs what is wrong and returns the exit status; to be
// finished in any case.
must_check int engine_open(
    struct engine *engine, const struct config *config, const struct now *now);
// From here on it works on the journal's records. `baseline`, NULL or of store/baseline.h: what the
// counters were when somebody else left off.
void engine_begin(struct engine *engine, struct journal *journal, const json_t *baseline);
void engine_finish(struct engine *engine);

// Where the journal is kept: as configured, or else the first of systemd's. The caller's; NULL: in
// memory only.
char *engine_journal_directory(const struct config *config);

bool engine_is_replay(const struct engine *engine);
// When the recording's next moment is due on the machine's boot clock; UINT64_MAX while so much
// waits for the sink that more would be dropped.
uint64_t engine_replay_due_ns(const struct engine *engine);

// Moves records towards the sink.
void engine_ship(struct engine *engine, const struct now *now);
// Asks who and where we are.
void engine_identify(struct engine *engine, const struct now *now);
// Waits until there is something to do for sink, identity or sources, or until `until_ns`, boot
// time. True: `fd`, the owner's, can be read.
bool engine_wait(struct engine *engine, int fd, uint64_t until_ns);
