// SPDX-License-Identifier: Apache-2.0
// EMF documents of an encoder fixture: what holds for each of them, and their members.
#pragma once

#include "support/encoder_fixture.h"

// As encoder_fixture_encode(), and checks each document: at most 100 metrics, at most 100 values,
// part and parts. Returns the first document, NULL when there is none.
json_t *emf_fixture_encode(struct encoder_fixture *fixture, size_t max_bytes);

json_t *emf_fixture_directives(const json_t *document);
// Of the one directive: the definition of this metric, NULL without.
json_t *emf_fixture_definition(const json_t *document, const char *name);
// The text of a member, "(none)" without.
const char *emf_fixture_text(const json_t *document, const char *name);
