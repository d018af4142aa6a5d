// SPDX-License-Identifier: Apache-2.0
// Who and where we are: what the configuration says, and for the rest what the metadata service
// answers, whenever it does. Counters do not wait for it; records do, for a while, when they are
// about to be sent. The daemon owns one.
#pragma once

#include "aws/imds.h"
#include "identity/cluster.h"
#include "identity/eni_table.h"
#include "identity/instance.h"
#include "identity/options.h"
#include "labels.h"
#include "place.h"
#include "record.h"

// Who asked the question that is under way.
enum asker { ASKER_NONE, ASKER_INSTANCE, ASKER_ENI, ASKER_CLUSTER };

struct identity {
    const struct identity_options *options; // borrowed, checked
    char host_name[256];
    char mac[18]; // of the record that was labelled last
    bool has_imds;
    struct imds imds;
    struct instance instance;
    struct eni_table enis;
    struct cluster cluster;
    enum asker asker;
    size_t asked;         // index of the question in its asker's list
    struct mac asked_mac; // of the ENI
    bool is_instance_told, is_cluster_told, is_no_cluster_told; // the last: that nobody knows it
    bool is_given_up;   // the wait for what the instance is called is over
    uint64_t n_refused; // answers that were no good
    uint64_t n_changes; // grows when what a record waits for may have come, or not come, and when
                        // there is an ENI more
    uint64_t due_ns;    // boot time: nothing to do before, unless an answer is awaited
};

// All borrowed.
struct identity_setting {
    const struct identity_options *options;
    struct http *http;    // NULL: no metadata service, not one packet
    const char *endpoint; // of it
    bool is_elsewhere;    // a recording is played: nothing of this machine is looked at
};

void identity_init(
    struct identity *identity, const struct identity_setting *setting, const struct now *now);
void identity_finish(struct identity *identity);

// A sample of this ENI was read. Its MAC is remembered also where nobody is asked about it.
void identity_see(struct identity *identity, const struct eni *eni, const struct now *now);
// Asks and listens, without waiting. To be called at each wake-up.
void identity_work(struct identity *identity, const struct now *now);
// Boot time at which it has something to do; UINT64_MAX: when an answer comes.
uint64_t identity_due_ns(const struct identity *identity);

// Where we are, for a sink. Texts are borrowed until it works again.
void identity_place(const struct identity *identity, struct place *ret_place);

// Whether any label of any record may be pending: false spares looking at each.
bool identity_is_pending(const struct identity *identity, const struct now *now);
// The labels of a record; texts are borrowed until the next call of any of these.
void identity_label(struct identity *identity, const struct record *record, const struct now *now,
    struct labels *ret_labels);
