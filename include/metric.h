// SPDX-License-Identifier: Apache-2.0
// What a number is: its name, its kind and how it is published. flow/catalog.c owns the table.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Metrics that one configuration can follow, known and named by the user together.
#define METRIC_MAX 128

enum metric_kind {
    METRIC_COUNTER,  // cumulative; published as the increase per sample; rolls up as a sum
    METRIC_GAUGE,    // a level; rolls up as the minimum (what is left of a shared limit)
    METRIC_PERCENT,  // a level in percent; rolls up as the maximum
    METRIC_DURATION, // a time in ms; rolls up as the maximum, over samples too
    METRIC_MODE,     // a bitmap; does not roll up
};

// Which read a value comes from. A failed command of the device falsifies one group as a whole
// (ENA driver r2.17.0, ena_ethtool.c: one admin command per group).
enum metric_group {
    METRIC_GROUP_ALLOWANCE, // device command: customer metrics, or ENI statistics
    METRIC_GROUP_SRD,       // device command: ENA Express
    METRIC_GROUP_DRIVER,    // the driver's own memory: cannot be falsified by the device
    METRIC_GROUP_DERIVED,   // from an ENI's statistics, by us
    METRIC_GROUP_HOST,      // no statistic of an ENI: the kernel's or our own
};

enum metric_scope { METRIC_SCOPE_ENI = 1, METRIC_SCOPE_INSTANCE = 2 };
#define METRIC_SCOPES (METRIC_SCOPE_ENI | METRIC_SCOPE_INSTANCE) // all of them

struct metric {
    const char *name; // the driver's own, at most 31 characters; others at most 32
    enum metric_kind kind;
    enum metric_group group;
    unsigned int published;  // enum metric_scope bits: a metric there, elsewhere a property
    unsigned int n_decimals; // of its values, which are kept as whole numbers: 0, or 2: hundredths
};

// The index of a known metric in the catalog; what the user names follows from METRIC_N_KNOWN on.
// Names and order of what an ENI has: ENA driver r2.17.0. The device's own come first:
// METRIC_N_DEVICE of them, then the driver's up to METRIC_N_ENI, then those of the host.
enum metric_id {
    METRIC_BW_IN_ALLOWANCE_EXCEEDED,
    METRIC_BW_OUT_ALLOWANCE_EXCEEDED,
    METRIC_PPS_ALLOWANCE_EXCEEDED,
    METRIC_CONNTRACK_ALLOWANCE_EXCEEDED,
    METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED,
    METRIC_N_EXCEEDED,
    METRIC_CONNTRACK_ALLOWANCE_AVAILABLE = METRIC_N_EXCEEDED,
    METRIC_SRD_MODE,
    METRIC_SRD_TX_PKTS,
    METRIC_SRD_ELIGIBLE_TX_PKTS,
    METRIC_SRD_RX_PKTS,
    METRIC_SRD_RESOURCE_UTILIZATION,
    METRIC_N_DEVICE,
    METRIC_TOTAL_RESETS = METRIC_N_DEVICE,
    METRIC_RESET_FAIL,
    METRIC_WD_EXPIRED,
    METRIC_ADMIN_Q_PAUSE,
    METRIC_ADMIN_Q_ABORTED_CMD,
    METRIC_ADMIN_Q_NO_COMPLETION,
    METRIC_N_ENI,
    METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT = METRIC_N_ENI, // of the largest that was available
    METRIC_SRD_TX_SHARE_PERCENT, // of the eligible packets, those that SRD sent; per window
    METRIC_KERNEL_CONNTRACK_COUNT,
    METRIC_KERNEL_CONNTRACK_MAX,
    METRIC_KERNEL_CONNTRACK_USED_PERCENT,
    METRIC_KERNEL_CONNTRACK_DROP,
    METRIC_KERNEL_CONNTRACK_EARLY_DROP,
    METRIC_KERNEL_CONNTRACK_INSERT_FAILED,
    METRIC_SELF_READ_MS, // the longest read of an ENI
    METRIC_SELF_SAMPLES,
    METRIC_SELF_SAMPLES_MISSED,
    METRIC_SELF_TICKS_MISSED,
    METRIC_SELF_TICKS_LATE,
    METRIC_SELF_SUSPECT,
    METRIC_SELF_LIES,
    METRIC_SELF_RESETS,
    METRIC_SELF_REBASED,
    METRIC_SELF_RECORDS_MADE,
    METRIC_SELF_RECORDS_DELIVERED,
    METRIC_SELF_RECORDS_REFUSED,
    METRIC_SELF_RECORDS_EXPIRED,
    METRIC_SELF_RECORDS_UNCLAIMED,
    METRIC_SELF_RECORDS_WAITING,
    METRIC_SELF_DOCUMENTS_REFUSED,
    METRIC_SELF_MAYBE_DOUBLED,
    METRIC_SELF_RECONNECTS,
    METRIC_SELF_IMDS_REQUESTS,
    METRIC_SELF_IMDS_FAILURES,
    METRIC_SELF_DELIVERY_AGE_MS,
    METRIC_N_KNOWN,
};

#define METRIC_SRD_MODE_ON 1u // bit 0 of ena_srd_mode (ena_admin_defs.h)

// Metrics by index: the known ones, then those that the user named.
struct catalog {
    uint32_t n_metrics;
    struct metric metrics[METRIC_MAX];
};

// Some of a catalog's metrics.
struct metric_set {
    uint64_t words[METRIC_MAX / 64];
};

static inline void metric_set_add(struct metric_set *set, uint32_t metric)
{
    set->words[metric / 64] |= UINT64_C(1) << metric % 64;
}

static inline void metric_set_add_all(struct metric_set *set, const struct metric_set *other)
{
    for (uint32_t i = 0; i < METRIC_MAX / 64; i++)
        set->words[i] |= other->words[i];
}

static inline bool metric_set_has(const struct metric_set *set, uint32_t metric)
{
    return (set->words[metric / 64] >> metric % 64 & 1) != 0;
}
