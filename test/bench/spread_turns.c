// SPDX-License-Identifier: Apache-2.0
// The turns of a simulated fleet: `spread-turns N SEED WITHIN_MS` prints, for N nodes with random
// instance ids and windows of a minute, how many ms after a window's end each has its turn. For
// spread.py.
#include <inttypes.h>
#include <stdio.h>

#include "base.h"
#include "base/parse.h"
#include "base/random.h"
#include "sink/spread.h"

#define PERIOD_MS 60000

static uint64_t turn_ms(const char *instance_id, uint64_t within_ms)
{
    struct spread spread = {PERIOD_MS, within_ms, spread_hash(instance_id)};
    struct now window_ends = {.boot_ns = NS_PER_S, .wall_ms = 0};
    uint64_t until_ns = spread_until_ns(&spread, &window_ends);
    return until_ns == 0 ? 0 : (until_ns - window_ends.boot_ns) / NS_PER_MS;
}

int main(int argc, char **argv)
{
    uint64_t n, seed, within_ms;
    if (argc != 4 || !parse_u64(argv[1], &n) || !parse_u64(argv[2], &seed) ||
        !parse_u64(argv[3], &within_ms))
        return 78;
    for (; n > 0; n--) {
        char instance_id[20];
        snprintf(instance_id, sizeof(instance_id), "i-0%016" PRIx64, next_random(&seed));
        printf("%" PRIu64 "\n", turn_ms(instance_id, within_ms));
    }
    return 0;
}
