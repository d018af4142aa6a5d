// SPDX-License-Identifier: Apache-2.0
// Records become the items of a sink. What its two forms share: EMF documents (encode/emf.h) and
// metric datums (encode/metric_datum.h). Pure: a record, its labels and options in, JSON out. The
// pipeline owns one.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "encode/dimensions.h"
#include "labels.h"
#include "option.h"
#include "record.h"

enum encoder_resolution { ENCODER_RESOLUTION_60, ENCODER_RESOLUTION_1 };

struct encoder_options {
    char *namespace;
    char *log_group;
    int resolution;            // enum encoder_resolution
    char *instance_dimensions; // as dimension_sets_parse() takes them
    char *eni_dimensions;
};

extern const struct option_table encoder_option_table; // section publish

struct encoder {
    const struct encoder_ops *ops;
    const struct encoder_options *options;
    const struct catalog *catalog;
    struct dimension_sets instance_sets;
    struct dimension_sets eni_sets;
};

// All borrowed; the options have passed their checks.
struct encoder_setting {
    const struct encoder_ops *ops;
    const struct encoder_options *options;
    const struct catalog *catalog;
};

// One record at a time. All borrowed.
struct encoding {
    const struct encoder *encoder;
    const struct record *record;
    const struct labels *labels;
};

// Who takes the items: each a text without a newline. Whatever it returns besides 0 is the last.
struct taker {
    int (*take)(void *context, const char *item);
    void *context;
};

// Outcome of plan() besides 0.
enum { ENCODER_NOTHING = 1 };

struct encoder_ops {
    const char *name;
    // How the record is cut, so that no item has more than `max_bytes`, whatever its timestamp.
    // ENCODER_NOTHING: with these labels nothing of it can be published. -EMSGSIZE: not even one
    // value of one metric fits beside them.
    must_check int (*plan)(
        const struct encoding *encoding, size_t max_bytes, struct parts *ret_parts);
    // Gives the items of the record's plan, stamped `timestamp_ms`, from the first that was not
    // taken yet. 0, what the taker returned, or -ESTALE: a dimension that the plan counts on is not
    // known any more.
    must_check int (*encode)(
        const struct encoding *encoding, int64_t timestamp_ms, const struct taker *taker);
};

void encoder_init(struct encoder *encoder, const struct encoder_setting *setting);
// Also when all zero.
void encoder_finish(struct encoder *encoder);

// Tells settings apart that cut records, or name what comes of them, in different ways: of items
// with at most `max_bytes`. Never 0.
uint32_t encoder_key(const struct encoder *encoder, size_t max_bytes);

// Whether a dimension of the record's sets may still get its right value: it can wait for it.
bool encoder_is_pending(const struct encoding *encoding);

// --- For those who encode ---

// The dimension sets of the record's kind.
const struct dimension_sets *encoder_sets(const struct encoding *encoding);
// Whether each of its dimensions has a value.
bool encoder_is_known_set(const struct encoding *encoding, const struct dimension_set *set);
const struct metric *encoder_metric(const struct encoding *encoding, uint32_t metric);
// CloudWatch's name of what the metric's numbers are.
const char *encoder_unit(const struct metric *metric);
// Seconds that CloudWatch keeps apart: 60 or 1.
int encoder_resolution_s(const struct encoder *encoder);
