// SPDX-License-Identifier: Apache-2.0
// Which errors of PutMetricData are about the data. Pure. A part of the cloudwatch sink.
#pragma once

#include <stdbool.h>

// Whether the code of an error blames something in the datums; "" does not.
bool cloudwatch_blames_data(const char *code);
