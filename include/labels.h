// SPDX-License-Identifier: Apache-2.0
// Who and where a record is from, joined to it when it is sent. Made by identity/, read by encode/.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LABELS_MAX 96

// CloudWatch: at most 30 dimensions in a set, names up to 255, values up to 1,024 characters
// (PutMetricData model 2010-08-01; EMF specification).
#define CLOUDWATCH_MAX_DIMENSIONS      30
#define CLOUDWATCH_MAX_NAME            255
#define CLOUDWATCH_MAX_DIMENSION_VALUE 1024

struct label {
    const char *name;
    const char *value; // NULL or empty while unknown
    bool is_dimension; // may stand in a dimension set; the rest are properties
    bool is_stand_in;  // the value is another than the name says, for want of the right one
    bool is_pending;   // the right value is not known, and may still come: wait for it
};

// Texts are borrowed from the identity and from the record.
struct labels {
    size_t n_labels;
    struct label labels[LABELS_MAX];
};

// The value of a label that may stand in a dimension set; NULL while unknown, and for what no
// dimension may be: beyond printable ASCII, too long, all blank. Such a label is still a property.
const char *labels_dimension(const struct labels *labels, const char *name);
// Whether the right value of a label may still come.
bool labels_is_pending(const struct labels *labels, const char *name);
// Beyond LABELS_MAX it is an error of ours: the configuration bounds what users add.
void labels_add(struct labels *labels, struct label label);

// What CloudWatch takes as the name of a namespace, metric or dimension: 1 to `max_bytes` printable
// ASCII characters, one of them not a blank and the first not a colon.
bool label_is_name(const char *text, size_t max_bytes);
