// SPDX-License-Identifier: Apache-2.0
// What EC2 says of an instance and of its ENIs: the labels that come of it, and what they look
// like. Labels have the names of the EC2 API (DescribeInstances, DescribeNetworkInterfaces,
// 2016-11-15).
#pragma once

#include <stdbool.h>

#include "aws/imds.h"
#include "base.h"

enum instance_fact {
    INSTANCE_ID,
    INSTANCE_TYPE,
    INSTANCE_IMAGE,
    INSTANCE_ZONE,
    INSTANCE_ZONE_ID,
    INSTANCE_REGION,
    INSTANCE_ACCOUNT,
    INSTANCE_PARTITION,
    INSTANCE_ADDRESS,
    INSTANCE_LIFECYCLE,
    INSTANCE_PRIMARY_MAC, // no label
    INSTANCE_N_FACTS,
};

// In the order in which they are asked: the id last, so that whoever waits for it finds the rest.
enum eni_fact {
    ENI_DEVICE,
    ENI_SUBNET,
    ENI_VPC,
    ENI_OWNER,
    ENI_GROUPS,
    ENI_CARD,
    ENI_ID,
    ENI_N_FACTS,
};

struct fact_kind {
    const char *label; // NULL: none
    const char *key; // of the instance: below /latest/, NULL: in the identity document; of an ENI:
                     // below its MAC
    const char *member; // of the identity document, or NULL
    bool (*is_value)(const char *text);
};

extern const struct fact_kind instance_facts[INSTANCE_N_FACTS];
extern const struct fact_kind eni_facts[ENI_N_FACTS];

// A copy of what the answer (with a body) says, several lines as words apart by commas; NULL when
// that is not what such a fact looks like.
char *fact_read(const struct fact_kind *kind, const struct answer *answer);
// Whether the label is one of these.
bool fact_is_label(const char *label, bool is_of_eni);
bool fact_is_eni_id(const char *text);
