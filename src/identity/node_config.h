// SPDX-License-Identifier: Apache-2.0
// The name of the EKS cluster, out of what configures a node: what nodeadm leaves on disk, or the
// node's user data. Pure. Both formats belong to others (awslabs/amazon-eks-ami, nodeadm): in doubt
// there is no name.
#pragma once

#include <stddef.h>

#include "base.h"

// EKS: up to 100 characters, letters, digits, - and _, the first a letter or digit
// (CreateCluster, EKS API 2017-11-01).
#define CLUSTER_NAME_MAX 100

// Outcomes besides 0, a name.
enum {
    NODE_CONFIG_NONE = 1, // nothing in it is about a cluster
    NODE_CONFIG_DOUBTFUL, // it has a NodeConfig, but not a name that is beyond doubt
};

// `ret_reason`, written when doubtful: what is in doubt, in constant words, for "...: no cluster
// name from it".

// /run/eks/nodeadm/config.json: spec.cluster.name (JSON).
must_check int node_config_from_nodeadm(const char *text, size_t n_bytes,
    char ret_name[static CLUSTER_NAME_MAX + 1], const char **ret_reason);
// EC2 user data: MIME multipart with parts application/node.eks.aws, or one NodeConfig alone: by
// lines, without a YAML parser.
must_check int node_config_from_user_data(const char *text, size_t n_bytes,
    char ret_name[static CLUSTER_NAME_MAX + 1], const char **ret_reason);
