// SPDX-License-Identifier: Apache-2.0
// What a number is: its name, its kind and how it is published. flow/catalog.c owns the table.
#pragma once

#include <stdint.h>

// Metrics that one configuration can follow, known and named by the user together.
#define METRIC_MAX 128

enum metric_kind {
    METRIC_COUNTER, // cumulative; published as the increase per sample; rolls up as a sum
    METRIC_GAUGE,   // a level; rolls up as the minimum (what is left of a shared limit)
    METRIC_PERCENT, // a level in percent; rolls up as the maximum
    METRIC_MODE,    // a bitmap; does not roll up
};

// Which read a value comes from. A failed command of the device falsifies one group as a whole
// (ENA driver r2.17.0, ena_ethtool.c: one admin command per group).
enum metric_group {
    METRIC_GROUP_ALLOWANCE, // device command: customer metrics, or ENI statistics
    METRIC_GROUP_SRD,       // device command: ENA Express
    METRIC_GROUP_DRIVER,    // the driver's own memory: cannot be falsified by the device
};

enum metric_scope { METRIC_SCOPE_ENI = 1, METRIC_SCOPE_INSTANCE = 2 };

struct metric {
    const char *name; // the driver's own, at most 31 characters
    enum metric_kind kind;
    enum metric_group group;
    unsigned int published; // enum metric_scope bits: a metric there, elsewhere a property
};

// The index of a known metric in the catalog; what the user names follows from METRIC_N_KNOWN on.
// Names and order: ENA driver r2.17.0. The device's own come first: METRIC_N_DEVICE of them.
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
    METRIC_N_KNOWN,
};

#define METRIC_SRD_MODE_ON 1u // bit 0 of ena_srd_mode (ena_admin_defs.h)

// Metrics by index: the known ones, then those that the user named.
struct catalog {
    uint32_t n_metrics;
    struct metric metrics[METRIC_MAX];
};
