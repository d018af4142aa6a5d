// SPDX-License-Identifier: Apache-2.0
// Records as the datums of PutMetricData, each a text of its own, as the service's JSON protocol
// has it (CloudWatch model 2010-08-01: MetricDatum).
#pragma once

#include "encode/encoder.h"

// PutMetricData: unique values of a datum.
#define DATUM_MAX_VALUES 150

// A datum for each metric of a record in each dimension set that is complete; several where the
// metric had more values than one datum takes. Without a complete set there is nothing.
extern const struct encoder_ops metric_datum_encoder;
