// SPDX-License-Identifier: Apache-2.0
// The two changes of state of an outage, and how long it was in words.
#include <inttypes.h>
#include <stdio.h>

#include "flow/outage.h"

bool outage_begin(struct outage *outage, const struct now *now)
{
    if (outage->is_on)
        return false;
    *outage = (struct outage){.is_on = true, .since_ns = now->boot_ns};
    return true;
}

static void format_seconds(uint64_t s, char ret_text[static OUTAGE_TEXT_MAX])
{
    if (s < 60)
        snprintf(ret_text, OUTAGE_TEXT_MAX, "%" PRIu64 "s", s);
    else if (s < 3600)
        snprintf(ret_text, OUTAGE_TEXT_MAX, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
    else
        snprintf(ret_text, OUTAGE_TEXT_MAX, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
}

bool outage_end(
    struct outage *outage, const struct now *now, char ret_lasted[static OUTAGE_TEXT_MAX])
{
    if (!outage->is_on)
        return false;
    format_seconds((now->boot_ns - outage->since_ns) / NS_PER_S, ret_lasted);
    *outage = (struct outage){0};
    return true;
}
