// SPDX-License-Identifier: Apache-2.0
// When to look again at what sends no event: an acknowledgement, a name being resolved. 50 ms, for
// a delayed acknowledgement takes 40 (TCP_DELACK_MIN), then doubling to 1 s.
#pragma once

#include "base.h"
#include "now.h"

#define AGENT_LOOK_FIRST_NS (50 * NS_PER_MS)
#define AGENT_LOOK_MAX_NS   NS_PER_S

// All zero: nothing has been looked at yet.
struct agent_look {
    uint64_t at_ns; // boot time
    uint64_t step_ns;
};

// After a look: plans the next one, unless one is still to come.
static inline void agent_look_plan(struct agent_look *look, const struct now *now)
{
    if (now->boot_ns < look->at_ns)
        return;
    uint64_t step_ns = look->step_ns == 0 ? AGENT_LOOK_FIRST_NS : 2 * look->step_ns;
    look->step_ns = step_ns < AGENT_LOOK_MAX_NS ? step_ns : AGENT_LOOK_MAX_NS;
    look->at_ns = now->boot_ns + look->step_ns;
}
