// SPDX-License-Identifier: Apache-2.0
// What a test of encode/emf.c starts from: a catalog, the default options, a record to fill, and
// its documents read back. The test owns one, made by emf_fixture_setup() of cmocka.
#pragma once

#include <jansson.h>

#include "encode/emf.h"
#include "support/record_builder.h"

#define EMF_FIXTURE_TIMESTAMP INT64_C(1700000040000)

struct emf_fixture {
    struct catalog catalog; // the known names, then statistic_17 and so on up to METRIC_MAX
    struct emf_options options;
    struct emf emf;
    struct labels labels;
    struct record_builder builder; // of the instance: sequence 7, every 1000 ms
    struct parts plan;
    char **texts; // n_parts of the plan
    json_t **documents;
};

int emf_fixture_setup(void **state);
int emf_fixture_teardown(void **state);

void emf_fixture_label(struct emf_fixture *fixture, const char *name, const char *value);
void emf_fixture_property(struct emf_fixture *fixture, const char *name, const char *value);

// Plans and encodes with the options as they are now, and checks what holds for every document: its
// size, also with the widest timestamp, one line, JSON without a member twice, at most 100 metrics,
// at most 100 values, part and parts. Returns the first document, NULL when there is none.
json_t *emf_fixture_encode(struct emf_fixture *fixture, size_t max_bytes);

json_t *emf_fixture_directives(const json_t *document);
// Of the one directive: the definition of this metric, NULL without.
json_t *emf_fixture_definition(const json_t *document, const char *name);
// The text of a member, "(none)" without.
const char *emf_fixture_text(const json_t *document, const char *name);
