// SPDX-License-Identifier: Apache-2.0
// The read budget. Reading holds a lock of the kernel that the whole node's network setup waits
// for, so a device that answers slowly is asked less often.
#include "flow/pace.h"

#define NS_PER_US 1000

// As many as there are at the longest stride: one slow read at the start is no mean yet.
#define LEAST_READS (PACE_TICKS / PACE_MAX_STRIDE)

void pace_init(struct pace *pace, uint64_t budget_ns)
{
    uint64_t budget_us = budget_ns / NS_PER_US;
    *pace = (struct pace){.stride = 1};
    pace->budget_us = budget_us < UINT32_MAX ? (uint32_t)budget_us : UINT32_MAX;
    if (pace->budget_us == 0)
        pace->budget_us = 1;
}

static uint32_t n_taken(const struct pace *pace)
{
    return pace->n_reads > LEAST_READS ? pace->n_reads : LEAST_READS;
}

bool pace_is_due(struct pace *pace)
{
    pace->at = pace->at + 1 < PACE_TICKS ? pace->at + 1 : 0;
    pace->total_us -= pace->spent_us[pace->at];
    pace->n_reads -= pace->spent_us[pace->at] > 0;
    pace->spent_us[pace->at] = 0;
    pace->n_waited++;
    if (pace->n_waited < pace->stride)
        return false;
    pace->n_waited = 0;
    return true;
}

static uint32_t stride_of(const struct pace *pace)
{
    uint64_t allowed_us = (uint64_t)pace->budget_us * n_taken(pace);
    if (pace->total_us <= allowed_us)
        return 1;
    uint64_t stride = (pace->total_us + allowed_us - 1) / allowed_us;
    return stride < PACE_MAX_STRIDE ? (uint32_t)stride : PACE_MAX_STRIDE;
}

void pace_note(struct pace *pace, uint64_t read_ns)
{
    uint64_t read_us = read_ns > NS_PER_US ? read_ns / NS_PER_US : 1;
    uint32_t spent_us = read_us < UINT32_MAX ? (uint32_t)read_us : UINT32_MAX;
    pace->n_reads += pace->spent_us[pace->at] == 0;
    pace->total_us = pace->total_us - pace->spent_us[pace->at] + spent_us;
    pace->spent_us[pace->at] = spent_us;
    pace->stride = stride_of(pace);
}

uint64_t pace_mean_us(const struct pace *pace)
{
    return pace->n_reads > 0 ? pace->total_us / pace->n_reads : 0;
}
