// SPDX-License-Identifier: Apache-2.0
// What the files of node_config share: a piece of somebody else's text, its lines, and what was
// found in it so far. Nothing is copied but a name.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "identity/node_config.h"

// What is a NodeConfig (awslabs/amazon-eks-ami, nodeadm/api). Another version may keep the name
// elsewhere.
#define NODE_CONFIG_GROUP       "node.eks.aws"
#define NODE_CONFIG_API_VERSION NODE_CONFIG_GROUP "/v1alpha1"
#define NODE_CONFIG_KIND        "NodeConfig"
#define NODE_CONFIG_MEDIA_TYPE  "application/" NODE_CONFIG_GROUP

// Not terminated.
struct text {
    const char *at;
    size_t n_bytes;
};

struct line {
    struct text text; // without its end
    size_t n_end;     // bytes of its end: 0 at the end of all, 1 LF, 2 CR LF
};

// Takes the first line off `rest`; false when none is left.
bool text_next_line(struct text *rest, struct line *ret_line);
struct text text_skip(struct text text, size_t n_bytes); // at most all of it
bool text_is(struct text text, const char *word);
bool text_is_in_any_case(struct text text, const char *word);
bool text_starts_with(struct text text, const char *prefix);

// A name counts while there is no doubt. All zero: nothing yet.
struct finding {
    char name[CLUSTER_NAME_MAX + 1]; // "" for none
    const char *doubt;               // the first, constant words; NULL for none
};

extern const char
    node_config_is_other[]; // a doubt: that it is no NodeConfig, or of another version

void finding_doubt(struct finding *finding, const char *doubt);
// Two different names are a doubt: with nodeadm the last would win, but only after
// /etc/eks/nodeadm.d had its say.
void finding_take_name(struct finding *finding, struct text name);

// Each takes what `text` says about the cluster into `finding`.
// What should be a NodeConfig, JSON or lines of YAML.
void node_config_take_document(struct text text, struct finding *finding);
void node_config_take_lines(struct text text, struct finding *finding);
// False, and nothing taken, when `text` is no MIME multipart.
bool node_config_take_multipart(struct text text, struct finding *finding);
