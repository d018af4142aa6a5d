// SPDX-License-Identifier: Apache-2.0
// Who we are, in a form that the journal can note, and who we were in another boot: whose the
// records of then are, and their labels. The pipeline owns one for each such boot that has records
// waiting.
#pragma once

#include <jansson.h>

#include "identity/identity.h"

// {"host": ..., "cluster": ..., "instance": {label: ...}, "enis": {MAC: {label: ...}}}: what the
// metadata service and nodeadm's file have told by now, and the MAC of every ENI that was seen; not
// what the configuration says. The caller's reference. As long as identity->n_changes is the same,
// so is this; json_equal() tells whether it is news.
json_t *identity_tell(const struct identity *identity);

// What was told earlier in the same boot is known again, before the first answer: after a restart
// of the daemon, or with another configuration. It is asked for again all the same, but for the
// cluster's name. With the metadata service off the MACs alone. `who` NULL or no good: nothing.
void identity_recall(struct identity *identity, const json_t *who);

struct past {
    struct identity identity; // asks nobody, sees nothing
};

// `who`: what identity_tell() told last in that boot; NULL or no good: nothing is known. Values of
// another form than the metadata service's answers are left out. Options are today's, borrowed.
void past_init(struct past *past, const struct identity_options *options, const json_t *who);
void past_finish(struct past *past);

enum claim {
    CLAIM_OURS,    // of the instance that we are on
    CLAIM_PENDING, // it cannot be told yet, or not what it is called: ask again when
                   // today->n_changes has grown
    CLAIM_FOREIGN, // for good: of the instance that our image was made from, or nobody knows
};

// Whose a record of that boot is. The instance's id decides where both are known, once it may be
// known: what the metadata service said, for an image may carry the configuration, too. Else a MAC
// that was seen then (or is the record's own) and today: no other instance has it. That none was
// seen is believed when one was, and identity.wait is over.
enum claim past_claim(
    const struct past *past, const struct identity *today, const struct record *record);

// For a record that is ours, as identity_label(), and none of them pending: from what was known
// then; what was not, and cannot have changed since, from today's. Texts are borrowed from both,
// until the next call of any of these.
void past_label(struct past *past, struct identity *today, const struct record *record,
    struct labels *ret_labels);
