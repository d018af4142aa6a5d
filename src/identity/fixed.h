// SPDX-License-Identifier: Apache-2.0
// Who and where we are, from the configuration; the host name stands in for an unknown instance id,
// the MAC for an unknown ENI id. Owned by the daemon.
#pragma once

#include "base.h"
#include "labels.h"
#include "option.h"
#include "record.h"

enum identity_imds { IDENTITY_IMDS_AUTO, IDENTITY_IMDS_OFF };

struct identity_options {
    int imds; // enum identity_imds
    char *instance_id;
    char *cluster;
    struct option_map dimensions; // identity.dimension.NAME
    struct option_map properties; // identity.property.NAME
};

extern const struct option_table identity_option_table; // section identity

// NULL, or what would be allowed, as the end of "allowed is ...".
const char *identity_options_check(const struct identity_options *options);

struct identity {
    const struct identity_options *options; // borrowed, checked
    char host_name[256];
    char mac[18]; // of the record that was labelled last
};

void identity_init(struct identity *identity, const struct identity_options *options);
// Whether a dimension of this name can ever have a value.
bool identity_knows_dimension(const struct identity_options *options, const char *name);
// Whether the name is that of one of our own dimensions, known or not.
bool identity_is_own_dimension(const char *name);
// The labels of a record; texts are borrowed until the next call.
void identity_label(
    struct identity *identity, const struct record *record, struct labels *ret_labels);
