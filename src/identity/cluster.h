// SPDX-License-Identifier: Apache-2.0
// The name of the EKS cluster this node belongs to, from the first of several sources that knows
// it. The identity owns one.
#pragma once

#include <stddef.h>

#include "aws/imds.h"
#include "identity/node_config.h"
#include "identity/options.h"
#include "identity/question.h"

// In the order of the words of identity.cluster_from.
enum cluster_source {
    CLUSTER_FROM_NODEADM,   // a file of nodeadm's: no packet
    CLUSTER_FROM_TAGS,      // tags of the instance, where the metadata service shows them
    CLUSTER_FROM_USER_DATA, // the NodeConfig in the user data of the instance
    CLUSTER_N_SOURCES,
};

extern const char *const cluster_source_words[CLUSTER_N_SOURCES];

struct cluster {
    const struct identity_options *options; // borrowed
    struct question_span span;
    char name[CLUSTER_NAME_MAX + 1]; // empty: not known (yet)
    const char *origin;              // of the name, for a log; constant words
    size_t n_sources, at;            // that are asked, and the one at hand; at the end none knows
    enum cluster_source sources[CLUSTER_N_SOURCES];
    struct question question; // of the source at hand, or for another look at the file
    const char *tag;          // that is asked for; NULL: the list of tags comes first
    const char *told_doubt;   // that the log knows of
};

// Without `has_imds` the file alone is looked at; with a name in the configuration nothing is.
void cluster_init(struct cluster *cluster, const struct identity_options *options,
    const struct question_span *span, bool has_imds);

// The name as it was known before the daemon was started: then nobody is asked.
void cluster_recall(struct cluster *cluster, const char *name);

// Looks at the file when that is due. Returns whether that was news: a name, or that it has none.
bool cluster_look(struct cluster *cluster, const struct now *now);
// When to look at the file: boot time, QUESTION_NEVER when it is not its turn.
uint64_t cluster_look_ns(const struct cluster *cluster);

// The question for the metadata service; NULL: none.
struct question *cluster_next(struct cluster *cluster);
// Below /latest/; the caller's.
char *cluster_path(const struct cluster *cluster);
// What the service said; NULL for a key that is not there. Returns whether it was any good.
bool cluster_take(struct cluster *cluster, const struct now *now, const struct answer *answer);

// Whether a source has not been heard yet.
bool cluster_is_open(const struct cluster *cluster);
