// SPDX-License-Identifier: Apache-2.0
// Records as Embedded Metric Format documents. Pure: a record, its labels and options in, JSON out.
// Format: CloudWatch "Embedded metric format specification"; what the CloudWatch agent adds to it
// (LogGroupName) is said in emf.c.
#pragma once

#include <stdbool.h>

#include "base.h"
#include "encode/dimensions.h"
#include "labels.h"
#include "option.h"
#include "record.h"

// EMF specification: elements of a metric's array, metrics in a directive.
#define EMF_MAX_VALUES  100
#define EMF_MAX_METRICS 100

enum emf_resolution { EMF_RESOLUTION_60, EMF_RESOLUTION_1 };

struct emf_options {
    char *namespace;
    char *log_group;
    int resolution;            // enum emf_resolution
    char *instance_dimensions; // as dimension_sets_parse() takes them
    char *eni_dimensions;
};

extern const struct option_table emf_option_table; // section publish

// True for what every document uses for itself, which no metric, dimension or property of the user
// may be called.
bool emf_is_reserved(const char *name);

struct emf {
    const struct emf_options *options; // borrowed, checked
    const struct catalog *catalog;     // borrowed
    const char *boot;                  // borrowed: tells the starts of the daemon apart
    struct dimension_sets instance_sets;
    struct dimension_sets eni_sets;
};

// `options` have passed their checks; `emf` is finished even when all zero.
void emf_init(struct emf *emf, const struct emf_options *options, const struct catalog *catalog,
    const char *boot);
void emf_finish(struct emf *emf);

// Whether a dimension of this record's sets may still get its right value: it can wait for it.
bool emf_is_pending(
    const struct emf *emf, const struct record *record, const struct labels *labels);

// Parts whose every document has at most `max_bytes`, whatever its timestamp: found by halving, the
// metrics of a part first, then their values. -EMSGSIZE: not even one value of one metric fits
// beside these labels.
must_check int emf_plan_record(const struct emf *emf, const struct record *record,
    const struct labels *labels, size_t max_bytes, struct parts *ret_plan);

// Document `part` (from 0) of the plan, without a newline, stamped `timestamp_ms`. Freed by the
// caller.
char *emf_encode(const struct emf *emf, const struct record *record, const struct labels *labels,
    const struct parts *plan, uint32_t part, int64_t timestamp_ms);
