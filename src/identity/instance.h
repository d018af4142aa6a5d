// SPDX-License-Identifier: Apache-2.0
// The instance we are on, as the metadata service tells it. The identity owns one.
#pragma once

#include <stddef.h>

#include "aws/imds.h"
#include "identity/facts.h"
#include "identity/question.h"

// Keys that are asked for: those of single facts, and last the identity document.
enum { INSTANCE_MAX_QUESTIONS = INSTANCE_N_FACTS + 1 };

struct instance {
    struct question_span span;
    struct question questions[INSTANCE_MAX_QUESTIONS]; // by fact, then the document's
    char *facts[INSTANCE_N_FACTS];                     // owned; NULL: not known (yet)
    uint64_t n_refused;                                // members of the document that were no good
};

void instance_init(struct instance *instance, const struct question_span *span);
void instance_finish(struct instance *instance);

// The most urgent of its questions, due or not; NULL: all are answered.
struct question *instance_next(struct instance *instance);
// Below /latest/.
const char *instance_path(const struct instance *instance, const struct question *question);
// What the service said: NULL for a key that is not there. Returns whether it was any good; what
// was not is said once, and asked again later.
bool instance_take(struct instance *instance, struct question *question, const struct now *now,
    const struct answer *answer);

// Whether this is the primary ENI's MAC, as text.
bool instance_is_primary(const struct instance *instance, const char *mac);
