// SPDX-License-Identifier: Apache-2.0
// Whether an agent can be reached, for `enawatch check`. A part of the agent sink.
#pragma once

#include "sink.h"

// As check() of struct sink_ops. A TCP agent sees a connection that ends without a byte; UDP is not
// tried at all beyond its address.
void agent_check_endpoint(const char *endpoint, struct sink_finding *ret_finding);
