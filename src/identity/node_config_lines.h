// SPDX-License-Identifier: Apache-2.0
// One NodeConfig in YAML, by its lines. Known are the lines that generators write and nodeadm's
// documentation has: a key, an item, a scalar on its line, the text of a |. Any other line makes
// the whole a doubt, so that no line is taken that is inside of something else.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// The group of nodeadm's API (awslabs/amazon-eks-ami, nodeadm/api).
#define NODE_CONFIG_GROUP "node.eks.aws"
// For strspn; isalnum, but in every locale the same.
#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// KEY_ROOT is what the others are below.
enum node_key { KEY_ROOT, KEY_API_VERSION, KEY_KIND, KEY_NAME, KEY_SPEC, KEY_CLUSTER, KEY_OTHER };

// All zero: no line was taken.
struct node_lines {
    // Where entries start, in half columns: a dash is half a column right of a key, so that items
    // are below the key that they belong to even if they do not stand further right.
    struct node_level {
        size_t indent;
        enum node_key parent;
    } levels[16];
    size_t top;
    bool is_odd;
    enum node_key key;   // the last; KEY_ROOT: none yet
    bool may_nest;       // it has nothing on its line
    bool is_in_block;    // it has a |, whose text is right of it and not left of its own first line
    size_t block_column; // of that line; 0 before it
    char *values[KEY_OTHER]; // NULL: not there yet
};

// Takes the next line, without its end. It is changed, and must outlive `lines`.
void node_lines_take(struct node_lines *lines, char *line);
// What is in doubt, in constant words, or NULL. Then `ret_name` is spec.cluster.name, perhaps not
// a valid one; NULL if it is not there.
const char *node_lines_end(struct node_lines *lines, const char **ret_name);
