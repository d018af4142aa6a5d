// SPDX-License-Identifier: Apache-2.0
// A clock that the tests move, for libcurl too: how long something waits does not depend on how
// fast the machine is. Included once by a program.
#pragma once

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static time_t clock_shift_s;

// In the place of the C library's.
int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int r = (int)syscall(SYS_clock_gettime, clock, ret_time);
    ret_time->tv_sec += clock_shift_s;
    return r;
}
