// SPDX-License-Identifier: Apache-2.0
// Both clocks at once. CLOCK_BOOTTIME and CLOCK_REALTIME cannot fail on Linux 2.6.39 and later.
#include <time.h>

#include "os/clock.h"

struct now clock_now(void)
{
    struct timespec boot, wall;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct now){
        .boot_ns = (uint64_t)boot.tv_sec * 1000000000 + (uint64_t)boot.tv_nsec,
        .wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
    };
}
