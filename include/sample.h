// SPDX-License-Identifier: Apache-2.0
// What a collector reads: the values of one interface at one moment. Plain data, copied at will.
#pragma once

#include <net/if.h>
#include <stdint.h>

#include "metric.h"
#include "now.h"

struct mac {
    uint8_t octets[6];
};

#define DRIVER_TEXT_MAX 32 // as in struct ethtool_drvinfo

// An Elastic Network Interface as the kernel shows it. Its identity is the MAC, never the name.
struct eni {
    struct mac mac;
    int ifindex; // a life of its counters is (boot, MAC, ifindex)
    char ifname[IF_NAMESIZE];
    char driver[DRIVER_TEXT_MAX];
    char driver_version[DRIVER_TEXT_MAX];
    struct metric_set offered; // statistics that its driver and device have
};

struct reading {
    uint32_t metric; // index in the catalog
    uint64_t value;
};

// What is absent was not there to read: absent is not zero. A metric stands in at most once, and
// metrics in the order of the catalog.
struct sample {
    const struct eni *eni; // borrowed until the collector is called again; NULL: of the instance
    struct now at;         // when the values were read
    uint64_t read_ns;      // how long that took; 0: not measured
    uint32_t n_readings;
    struct reading readings[METRIC_MAX];
};

static inline void sample_put(struct sample *sample, uint32_t metric, uint64_t value)
{
    sample->readings[sample->n_readings++] = (struct reading){metric, value};
}
