// SPDX-License-Identifier: Apache-2.0
// Kinds and groups by name. Names, and which are gauges: ENA driver r2.17.0, ena_ethtool.c and
// ena_admin_defs.h. A statistic that is not listed is a counter of the driver.
#include <stdbool.h>
#include <string.h>

#include "base.h"
#include "flow/catalog.h"

#define STATISTIC_NAME_MAX 31 // ETH_GSTRING_LEN with its terminator

#define INSTANCE   METRIC_SCOPE_INSTANCE
#define EVERYWHERE METRIC_SCOPES

#define NAMED_MAX 80 // by the user
_Static_assert(METRIC_N_KNOWN + NAMED_MAX <= METRIC_MAX, "a catalog has room for all names");

// `published` is the default selection.
static const struct metric known[METRIC_N_KNOWN] = {
#define METRIC(id, name, kind, group, ...)                                                         \
    [METRIC_##id] = {name, METRIC_##kind, METRIC_GROUP_##group, __VA_ARGS__}
    METRIC(BW_IN_ALLOWANCE_EXCEEDED, "bw_in_allowance_exceeded", COUNTER, ALLOWANCE, EVERYWHERE),
    METRIC(BW_OUT_ALLOWANCE_EXCEEDED, "bw_out_allowance_exceeded", COUNTER, ALLOWANCE, EVERYWHERE),
    METRIC(PPS_ALLOWANCE_EXCEEDED, "pps_allowance_exceeded", COUNTER, ALLOWANCE, EVERYWHERE),
    METRIC(CONNTRACK_ALLOWANCE_EXCEEDED, "conntrack_allowance_exceeded", COUNTER, ALLOWANCE,
        EVERYWHERE),
    METRIC(LINKLOCAL_ALLOWANCE_EXCEEDED, "linklocal_allowance_exceeded", COUNTER, ALLOWANCE,
        EVERYWHERE),
    METRIC(
        CONNTRACK_ALLOWANCE_AVAILABLE, "conntrack_allowance_available", GAUGE, ALLOWANCE, INSTANCE),
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
    METRIC(CONNTRACK_ALLOWANCE_USED_PERCENT, "conntrack_allowance_used_percent", PERCENT, DERIVED,
        INSTANCE, 2),
    METRIC(SRD_TX_SHARE_PERCENT, "ena_srd_tx_share_percent", PERCENT, DERIVED, EVERYWHERE, 2),
    METRIC(KERNEL_CONNTRACK_COUNT, "kernel_conntrack_count", GAUGE, HOST, 0),
    METRIC(KERNEL_CONNTRACK_MAX, "kernel_conntrack_max", GAUGE, HOST, 0),
    METRIC(
        KERNEL_CONNTRACK_USED_PERCENT, "kernel_conntrack_used_percent", PERCENT, HOST, INSTANCE, 2),
    METRIC(KERNEL_CONNTRACK_DROP, "kernel_conntrack_drop", COUNTER, HOST, 0),
    METRIC(KERNEL_CONNTRACK_EARLY_DROP, "kernel_conntrack_early_drop", COUNTER, HOST, 0),
    METRIC(KERNEL_CONNTRACK_INSERT_FAILED, "kernel_conntrack_insert_failed", COUNTER, HOST, 0),
    METRIC(SELF_READ_MS, "self_read_ms", DURATION, HOST, 0, 2),
    METRIC(SELF_SAMPLES, "self_samples", COUNTER, HOST, 0),
    METRIC(SELF_SAMPLES_MISSED, "self_samples_missed", COUNTER, HOST, 0),
    METRIC(SELF_TICKS_MISSED, "self_ticks_missed", COUNTER, HOST, 0),
    METRIC(SELF_TICKS_LATE, "self_ticks_late", COUNTER, HOST, 0),
    METRIC(SELF_SUSPECT, "self_suspect", COUNTER, HOST, 0),
    METRIC(SELF_LIES, "self_lies", COUNTER, HOST, 0),
    METRIC(SELF_RESETS, "self_resets", COUNTER, HOST, 0),
    METRIC(SELF_REBASED, "self_rebased", COUNTER, HOST, 0),
    METRIC(SELF_RECORDS_MADE, "self_records_made", COUNTER, HOST, 0),
    METRIC(SELF_RECORDS_DELIVERED, "self_records_delivered", COUNTER, HOST, 0),
    METRIC(SELF_RECORDS_REFUSED, "self_records_refused", COUNTER, HOST, 0),
    METRIC(SELF_RECORDS_EXPIRED, "self_records_expired", COUNTER, HOST, 0),
    METRIC(SELF_RECORDS_UNCLAIMED, "self_records_unclaimed", COUNTER, HOST, 0),
    METRIC(SELF_RECORDS_WAITING, "self_records_waiting", GAUGE, HOST, 0),
    METRIC(SELF_DOCUMENTS_REFUSED, "self_documents_refused", COUNTER, HOST, 0),
    METRIC(SELF_MAYBE_DOUBLED, "self_maybe_doubled", COUNTER, HOST, 0),
    METRIC(SELF_RECONNECTS, "self_reconnects", COUNTER, HOST, 0),
    METRIC(SELF_IMDS_REQUESTS, "self_imds_requests", COUNTER, HOST, 0),
    METRIC(SELF_IMDS_FAILURES, "self_imds_failures", COUNTER, HOST, 0),
    METRIC(SELF_DELIVERY_AGE_MS, "self_delivery_age_ms", DURATION, HOST, 0),
#undef METRIC
};

static const struct option rows[] = {
    {.name = "metrics",
        .type = OPTION_LIST,
        .offset = offsetof(struct catalog_options, metrics),
        .fallback = "default",
        .help = "Statistics that become metrics, by their ethtool names or our own (self_*, "
                "kernel_conntrack_*); \"default\" is the five *_exceeded counters, "
                "conntrack_allowance_available, conntrack_allowance_used_percent, "
                "kernel_conntrack_used_percent and, while ENA Express is on, ena_srd_*."},
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

// Of a metric that the user names: the default one of what is known; a mode does not roll up, and
// most of what is not of an ENI is the instance's.
static unsigned int scope_of(const struct catalog *catalog, uint32_t i)
{
    const struct metric *metric = &catalog->metrics[i];
    if (metric->kind == METRIC_MODE)
        return METRIC_SCOPE_ENI;
    if (i < METRIC_N_KNOWN && known[i].published != 0)
        return known[i].published;
    return metric->group == METRIC_GROUP_HOST && i != METRIC_SELF_READ_MS ? INSTANCE : EVERYWHERE;
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
    catalog->metrics[i].published = scope_of(catalog, i);
}

bool catalog_lacks(const struct catalog *catalog, const struct metric_set *offered,
    unsigned int scopes, uint32_t metric)
{
    return (catalog->metrics[metric].published & scopes) != 0 &&
        catalog->metrics[metric].group != METRIC_GROUP_HOST && !metric_set_has(offered, metric);
}

const char *catalog_needs(uint32_t metric)
{
    if (metric < METRIC_N_EXCEEDED)
        return "ENA driver 2.2.10 or Linux 5.10, and a Nitro instance";
    if (metric == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE ||
        metric == METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT)
        return "ENA driver 2.8.1 or Linux 6.12, and an instance type that tells it";
    if (metric < METRIC_N_DEVICE || metric == METRIC_SRD_TX_SHARE_PERCENT)
        return "ENA driver 2.8.0 or Linux 6.12, and an instance type with ENA Express";
    return "a driver that has a statistic of this name";
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

static bool is_known_name(const char *name)
{
    for (uint32_t i = 0; i < METRIC_N_KNOWN; i++)
        if (strcmp(known[i].name, name) == 0)
            return true;
    return false;
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
    if (options->metrics.n_words > NAMED_MAX)
        return "at most 80 names";
    for (size_t i = 0; i < options->metrics.n_words; i++)
        if (!is_known_name(options->metrics.words[i]) &&
            !is_statistic_name(options->metrics.words[i]))
            return "names of 1 to 31 printable ASCII characters, as ethtool -S shows them";
    return NULL;
}
