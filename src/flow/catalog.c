// SPDX-License-Identifier: Apache-2.0
// Kinds and groups by name. Names, and which are gauges: ENA driver r2.17.0, ena_ethtool.c and
// ena_admin_defs.h. A statistic that is not listed is a counter of the driver.
#include <stdbool.h>
#include <string.h>

#include "base.h"
#include "flow/catalog.h"

#define STATISTIC_NAME_MAX 31 // ETH_GSTRING_LEN with its terminator

#define EVERYWHERE (METRIC_SCOPE_ENI | METRIC_SCOPE_INSTANCE)

// `published` is the default selection.
static const struct metric known[METRIC_N_KNOWN] = {
#define METRIC(id, name, kind, group, published)                                                   \
    [METRIC_##id] = {name, METRIC_##kind, METRIC_GROUP_##group, published}
    METRIC(BW_IN_ALLOWANCE_EXCEEDED, "bw_in_allowance_exceeded", COUNTER, ALLOWANCE, EVERYWHERE),
    METRIC(BW_OUT_ALLOWANCE_EXCEEDED, "bw_out_allowance_exceeded", COUNTER, ALLOWANCE, EVERYWHERE),
    METRIC(PPS_ALLOWANCE_EXCEEDED, "pps_allowance_exceeded", COUNTER, ALLOWANCE, EVERYWHERE),
    METRIC(CONNTRACK_ALLOWANCE_EXCEEDED, "conntrack_allowance_exceeded", COUNTER, ALLOWANCE,
        EVERYWHERE),
    METRIC(LINKLOCAL_ALLOWANCE_EXCEEDED, "linklocal_allowance_exceeded", COUNTER, ALLOWANCE,
        EVERYWHERE),
    METRIC(CONNTRACK_ALLOWANCE_AVAILABLE, "conntrack_allowance_available", GAUGE, ALLOWANCE,
        METRIC_SCOPE_INSTANCE),
    METRIC(SRD_MODE, "ena_srd_mode", MODE, SRD, 0),
    METRIC(SRD_TX_PKTS, "ena_srd_tx_pkts", COUNTER, SRD, EVERYWHERE),
    METRIC(SRD_ELIGIBLE_TX_PKTS, "ena_srd_eligible_tx_pkts", COUNTER, SRD, EVERYWHERE),
    METRIC(SRD_RX_PKTS, "ena_srd_rx_pkts", COUNTER, SRD, EVERYWHERE),
    METRIC(SRD_RESOURCE_UTILIZATION, "ena_srd_resource_utilization", PERCENT, SRD, EVERYWHERE),
    METRIC(TOTAL_RESETS, "total_resets", COUNTER, DRIVER, 0),
    METRIC(RESET_FAIL, "reset_fail", COUNTER, DRIVER, 0),
    METRIC(WD_EXPIRED, "wd_expired", COUNTER, DRIVER, 0),
    METRIC(ADMIN_Q_PAUSE, "admin_q_pause", COUNTER, DRIVER, 0),
    METRIC(ADMIN_Q_ABORTED_CMD, "ena_admin_q_aborted_cmd", COUNTER, DRIVER, 0),
    METRIC(ADMIN_Q_NO_COMPLETION, "ena_admin_q_no_completion", COUNTER, DRIVER, 0),
#undef METRIC
};

static const struct option rows[] = {
    {.name = "metrics",
        .type = OPTION_LIST,
        .offset = offsetof(struct catalog_options, metrics),
        .fallback = "default",
        .help = "Statistics that become metrics, by their ethtool names; \"default\" is the five "
                "*_exceeded counters, conntrack_allowance_available and, while ENA Express is on, "
                "ena_srd_*."},
};

const struct option_table catalog_option_table = {
    "publish", rows, ARRAY_SIZE(rows), sizeof(struct catalog_options)};

uint32_t catalog_find(const struct catalog *catalog, const char *name, size_t length)
{
    for (uint32_t i = 0; i < catalog->n_metrics; i++)
        if (strncmp(catalog->metrics[i].name, name, length) == 0 &&
            catalog->metrics[i].name[length] == '\0')
            return i;
    return METRIC_MAX;
}

static void add_known(struct catalog *catalog)
{
    memcpy(catalog->metrics, known, sizeof(known));
    catalog->n_metrics = METRIC_N_KNOWN;
    for (uint32_t i = 0; i < catalog->n_metrics; i++)
        catalog->metrics[i].published = 0;
}

static void publish_default(struct catalog *catalog)
{
    for (uint32_t i = 0; i < METRIC_N_KNOWN; i++)
        catalog->metrics[i].published |= known[i].published;
}

// Statistics that are levels though no metric of ours. The driver cuts long names to 31 characters.
static bool is_level(const char *name)
{
    return strcmp(name, "num_of_active_io_queues") == 0 ||
        strstr(name, "_tx_pending_timedout_") != NULL;
}

static void publish_named(struct catalog *catalog, const char *name)
{
    uint32_t i = catalog_find(catalog, name, strlen(name));
    if (i == METRIC_MAX) {
        i = catalog->n_metrics++;
        catalog->metrics[i] = (struct metric){.name = name,
            .kind = is_level(name) ? METRIC_GAUGE : METRIC_COUNTER,
            .group = METRIC_GROUP_DRIVER};
    }
    // The default scope of what is known; a mode does not roll up.
    struct metric *metric = &catalog->metrics[i];
    metric->published = metric->kind == METRIC_MODE ? METRIC_SCOPE_ENI
        : i < METRIC_N_KNOWN && known[i].published  ? known[i].published
                                                    : EVERYWHERE;
}

void catalog_init(struct catalog *catalog, const struct catalog_options *options)
{
    add_known(catalog);
    for (size_t i = 0; i < options->metrics.n_words; i++) {
        const char *word = options->metrics.words[i];
        if (strcmp(word, "default") == 0)
            publish_default(catalog);
        else
            publish_named(catalog, word);
    }
}

static bool is_statistic_name(const char *name)
{
    size_t length = strlen(name);
    for (const char *at = name; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return length >= 1 && length <= STATISTIC_NAME_MAX && *name != ':';
}

const char *catalog_options_check(const struct catalog_options *options)
{
    if (options->metrics.n_words == 0)
        return "at least one name, or \"default\"";
    if (options->metrics.n_words > METRIC_MAX - METRIC_N_KNOWN)
        return "at most 111 names";
    for (size_t i = 0; i < options->metrics.n_words; i++)
        if (!is_statistic_name(options->metrics.words[i]))
            return "names of 1 to 31 printable ASCII characters, as ethtool -S shows them";
    return NULL;
}
