// SPDX-License-Identifier: Apache-2.0
// Whether a sink for AWS has all that it needs to send, for `enawatch check`: a region, an
// endpoint, keys. A part of the sinks for AWS.
#pragma once

#include "aws/link.h"
#include "sink.h"

struct aws_check {
    struct aws_link_setting link;
    const char *action; // of IAM, that sending needs
    const char *policy; // the file that allows it
};

// As check() of struct sink_ops. Nothing is sent to the service itself; keys are asked for where
// they come from.
void aws_check(const struct aws_check *check, struct sink_finding *ret_finding);
