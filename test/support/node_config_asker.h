// SPDX-License-Identifier: Apache-2.0
// Asks node_config about texts, in memory of exactly their size.
#pragma once

#include "identity/node_config.h"

#define API    "apiVersion: node.eks.aws/v1alpha1\n"
#define HEAD   API "kind: NodeConfig\n"
#define CONFIG HEAD "spec:\n  cluster:\n    name: blue\n"

typedef int from_text(const char *, size_t, char[static CLUSTER_NAME_MAX + 1], const char **);

struct answer {
    int r;
    char name[CLUSTER_NAME_MAX + 1];
    char reason[128];
};

struct answer ask_bytes(from_text *from, const char *text, size_t n_bytes);
// User data as it is, and user data that says the same with CR LF for LF.
struct answer ask_as_it_is(const char *text);
struct answer ask(const char *text);

void assert_name(const char *text, const char *name);
void assert_blue(const char *text);
void assert_none(const char *text);
void assert_doubt(const char *text);
// About the format with the word in place of its %s.
void assert_doubt_of(const char *format, const char *word);
void assert_reason(const char *text, const char *reason);
