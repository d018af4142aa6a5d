// SPDX-License-Identifier: Apache-2.0
// What the user can say about who and where we are: the section `identity`. Whatever the metadata
// service would answer can be set here instead.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "labels.h"
#include "option.h"

enum identity_imds { IDENTITY_IMDS_AUTO, IDENTITY_IMDS_OFF };

struct identity_options {
    int imds;                        // enum identity_imds
    char *imds_endpoint;             // NULL: from the environment, or the usual one
    uint64_t wait_ms;                // that a record waits for its labels
    char *instance_id;               // InstanceId
    char *cluster;                   // ClusterName
    struct option_list cluster_from; // sources of the cluster's name, in this order
    struct option_list cluster_tags; // of the instance, that may hold it
    char *nodeadm_file;
    struct option_map enis;       // identity.eni.MAC = ENI id
    struct option_map dimensions; // identity.dimension.NAME
    struct option_map properties; // identity.property.NAME
};

extern const struct option_table identity_option_table; // section identity

// NULL, or what would be allowed, as the end of "allowed is ...".
const char *identity_options_check(const struct identity_options *options);
// Whether a dimension of this name can ever have a value, in records of an ENI or of the instance.
bool identity_knows_dimension(
    const struct identity_options *options, const char *name, bool is_of_eni);
// Whether the name is one of our own labels, known or not.
bool identity_is_own_label(const char *name);
// Of a map; NULL: not set. `is_mac`: in either case of letters.
const char *identity_option(const struct option_map *map, const char *name, bool is_mac);

// Outcomes besides 0, an endpoint.
enum { IDENTITY_NO_IMDS = 1, IDENTITY_BAD_ENVIRONMENT };
// Where the metadata service is: the configuration first, then what AWS's own programs look at in
// the environment: AWS_EC2_METADATA_DISABLED, _SERVICE_ENDPOINT, _SERVICE_ENDPOINT_MODE.
// `ret_endpoint` is the caller's; `ret_reason`: what is off or wrong, in constant words.
must_check int identity_endpoint(
    const struct identity_options *options, char **ret_endpoint, const char **ret_reason);
