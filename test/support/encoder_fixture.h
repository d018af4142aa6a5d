// SPDX-License-Identifier: Apache-2.0
// What a test of an encoder starts from: a catalog, the default options, a record to fill, and its
// items read back. The test owns one, made by encoder_fixture_setup() of cmocka.
#pragma once

#include <jansson.h>

#include "encode/encoder.h"
#include "support/record_builder.h"

#define ENCODER_FIXTURE_TIMESTAMP INT64_C(1700000040000)

struct encoder_fixture {
    struct catalog catalog; // the known names, then statistic_17 and so on up to METRIC_MAX
    struct encoder_options options;
    struct encoder encoder;
    struct labels labels;
    struct record_builder builder; // of the instance: sequence 7, every 1000 ms
    struct parts plan;             // without parts where there is nothing to publish
    char **texts;                  // n_parts of the plan
    json_t **documents;
};

int encoder_fixture_setup(void **state);
int encoder_fixture_teardown(void **state);

#define encoder_test(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, encoder_fixture_setup, encoder_fixture_teardown)

void encoder_fixture_label(struct encoder_fixture *fixture, const char *name, const char *value);
void encoder_fixture_property(struct encoder_fixture *fixture, const char *name, const char *value);
struct encoding encoder_fixture_encoding(const struct encoder_fixture *fixture);

// Makes the encoder with the options as they are now.
void encoder_fixture_begin(struct encoder_fixture *fixture, const struct encoder_ops *ops);
// Begins, plans and encodes, and checks what holds for every item: its size, also with the widest
// timestamp, one line, JSON without a member twice; and that the items do not depend on how many of
// them were taken before.
void encoder_fixture_encode(
    struct encoder_fixture *fixture, const struct encoder_ops *ops, size_t max_bytes);
// Item `part` of the plan, in memory of the caller.
char *encoder_fixture_item(struct encoder_fixture *fixture, uint32_t part, int64_t timestamp_ms);
