// SPDX-License-Identifier: Apache-2.0
// The name of the EKS cluster, out of what configures a node: what nodeadm leaves on disk, or the
// node's user data. Pure. Both formats belong to others (awslabs/amazon-eks-ami, nodeadm): in doubt
// there is no name.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base.h"

// EKS: up to 100 characters, letters, digits, - and _, the first a letter or digit
// (CreateCluster, EKS API 2017-11-01).
#define CLUSTER_NAME_MAX 100

// Outcomes besides 0, a name.
enum {
    NODE_CONFIG_NONE = 1, // nothing in it names a cluster
    NODE_CONFIG_DOUBTFUL, // something in it may, but there is no name beyond doubt
};

// Whether EKS would take it as the name of a cluster.
bool node_config_is_name(const char *text);

// `ret_reason`, written when doubtful only: what is in doubt, in constant words, for "...: no
// cluster name from it". User data may hold secrets: nothing of it is in a reason.

// /run/eks/nodeadm/config.json, which nodeadm leaves after all was merged: spec.cluster.name (JSON,
// of nodeadm's internal version, so kind and apiVersion are not asked for).
must_check int node_config_from_nodeadm(const char *text, size_t n_bytes,
    char ret_name[static CLUSTER_NAME_MAX + 1], const char **ret_reason);
// EC2 user data: one NodeConfig (node.eks.aws/v1alpha1) in YAML, or MIME multipart with some of
// them. By lines, without a YAML parser: known is what AWS documents and generators write, the rest
// is DOUBTFUL. Scripts, cloud-config and the TOML of Bottlerocket are NONE, whatever they contain.
// Drop-ins in /etc/eks/nodeadm.d, which nodeadm merges over it, are not known here: ask for
// nodeadm's file first.
must_check int node_config_from_user_data(const char *text, size_t n_bytes,
    char ret_name[static CLUSTER_NAME_MAX + 1], const char **ret_reason);
