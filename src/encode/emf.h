// SPDX-License-Identifier: Apache-2.0
// Records as Embedded Metric Format documents. Format: CloudWatch "Embedded metric format
// specification"; what the CloudWatch agent adds to it (LogGroupName) is said in emf.c.
#pragma once

#include "encode/encoder.h"

// EMF specification: elements of a metric's array, metrics in a directive.
#define EMF_MAX_VALUES  100
#define EMF_MAX_METRICS 100

// Cut by halving, the metrics of a document first, then their values. A record of which no
// dimension set is known becomes documents all the same: without metrics, but there to search.
extern const struct encoder_ops emf_encoder;

// True for what every document uses for itself, which no metric, dimension or property of the user
// may be called.
bool emf_is_reserved(const char *name);
