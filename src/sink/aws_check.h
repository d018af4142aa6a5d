// SPDX-License-Identifier: Apache-2.0
// Whether a sink for AWS has all that it needs to send, for `enawatch check`: a region, an
// endpoint, keys. A part of the sinks for AWS.
#pragma once

#include "sink/aws_delivery.h"

// As check() of struct sink_ops. Nothing is sent to the service itself; keys are asked for where
// they come from.
void aws_check(const struct aws_delivery_kind *kind, const struct sink_setting *setting,
    struct sink_finding *ret_finding);
