// SPDX-License-Identifier: Apache-2.0
// Whom we ask over HTTP, and what for: the metadata service who and where we are, and, for a sink
// that needs them, AWS's shared files and a connection. The engine of the daemon owns one, and so
// does `enawatch check`.
#pragma once

#include "aws/profile.h"
#include "config.h"
#include "identity/identity.h"
#include "os/http.h"

struct outside {
    const struct config *config;  // borrowed
    char *imds_endpoint;          // NULL: the metadata service is not to be asked for anything
    const char *no_imds_because;  // constant words; NULL: it is asked who we are
    struct aws_profiles profiles; // all zero where the sink needs no HTTP
    struct http *http;            // NULL: nothing to ask
    struct identity identity;
    struct place place; // as the identity knows it
};

// `is_replay`: a recording has nobody to ask who it is from; what sends it may have keys to ask
// for. Logs what is wrong and returns the exit status; to be finished in any case.
must_check int outside_open(
    struct outside *outside, const struct config *config, bool is_replay, const struct now *now);
void outside_finish(struct outside *outside);

// Asks and listens, without waiting. To be called at each wake-up.
void outside_work(struct outside *outside, const struct now *now);
// What to wait for: -1 for none, boot time.
int outside_descriptor(const struct outside *outside);
uint64_t outside_due_ns(const struct outside *outside);

const struct sink_ops *outside_sink_ops(const struct outside *outside);
// What the configured sink is made from. Borrows from both.
struct sink_setting outside_sink_setting(const struct outside *outside);
