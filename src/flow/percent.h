// SPDX-License-Identifier: Apache-2.0
// Percentages with two decimals, as whole numbers: 1526 is 15.26 %.
#pragma once

#include <stdint.h>

// Rounded, half a hundredth up. 0 of nothing is 0.
static inline uint64_t percent_hundredths(uint64_t part, uint64_t whole)
{
    if (whole == 0)
        return 0;
    return (uint64_t)(((unsigned __int128)part * 20000 + whole) / ((unsigned __int128)whole * 2));
}
