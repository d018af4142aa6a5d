// SPDX-License-Identifier: Apache-2.0
// The statistics that are to be published: which of them the interfaces offer, which not, and what
// that would need, in the words of the log. And the kernel's own table of connections.
#include <inttypes.h>
#include <string.h>

#include "collector/conntrack.h"
#include "command/check.h"
#include "encode/document.h"
#include "os/clock.h"

static bool lacks(const struct check *check, const struct surveyed *link, uint32_t metric)
{
    return surveyed_is_read(link) &&
        catalog_lacks(&check->catalog, &link->eni.offered, METRIC_SCOPES, metric);
}

static bool is_any_lacking(const struct check *check, uint32_t metric)
{
    for (size_t i = 0; i < check->survey.n_links; i++)
        if (lacks(check, &check->survey.links[i], metric))
            return true;
    return false;
}

static bool are_all_lacking(const struct check *check, uint32_t metric)
{
    for (size_t i = 0; i < check->survey.n_links; i++)
        if (surveyed_is_read(&check->survey.links[i]) &&
            !lacks(check, &check->survey.links[i], metric))
            return false;
    return true;
}

// Of an ENI, and wanted as a metric.
static bool is_asked_of_enis(const struct check *check, uint32_t metric)
{
    const struct metric *wanted = &check->catalog.metrics[metric];
    return wanted->published != 0 && wanted->group != METRIC_GROUP_HOST;
}

static bool is_named(const struct check *check, uint32_t metric)
{
    const struct option_list *words = &check->config->catalog.metrics;
    for (size_t i = 0; i < words->n_words; i++)
        if (strcmp(words->words[i], check->catalog.metrics[metric].name) == 0)
            return true;
    return false;
}

// Few instance types have ENA Express, and "default" means: where it is on.
static bool is_optional(const struct check *check, uint32_t metric)
{
    bool is_srd = check->catalog.metrics[metric].group == METRIC_GROUP_SRD ||
        metric == METRIC_SRD_TX_SHARE_PERCENT;
    return is_srd && !is_named(check, metric);
}

// Missing on the same interfaces, for the same reason.
static bool are_alike(const struct check *check, uint32_t a, uint32_t b)
{
    bool are_same = strcmp(catalog_needs(a), catalog_needs(b)) == 0 &&
        is_optional(check, a) == is_optional(check, b);
    for (size_t i = 0; are_same && i < check->survey.n_links; i++)
        are_same = lacks(check, &check->survey.links[i], a) ==
            lacks(check, &check->survey.links[i], b);
    return are_same;
}

static void add_metric(const struct check *check, uint32_t metric, char **text, json_t *names)
{
    const char *name = check->catalog.metrics[metric].name;
    text_add_word(text, name);
    document_append(names, document_text(name, SIZE_MAX));
}

static void add_offered(struct check *check)
{
    scoped_free char *words = NULL;
    json_t *names = json_array(), *details = json_object();
    for (uint32_t i = 0; i < check->catalog.n_metrics; i++)
        if (is_asked_of_enis(check, i) && !is_any_lacking(check, i))
            add_metric(check, i, &words, names);
    document_set(details, "metrics", names);
    if (words == NULL)
        json_decref(details);
    else
        report_add(&check->report,
            (struct finding){"statistics", CHECK_OK,
                xasprintf("offered by every interface: %s", words), NULL, details});
}

// By any interface, of all that is asked of them.
static bool is_nothing_offered(const struct check *check)
{
    for (uint32_t i = 0; i < check->catalog.n_metrics; i++)
        if (is_asked_of_enis(check, i) && !are_all_lacking(check, i))
            return false;
    return true;
}

// The exceeded counters are what the daemon is for.
static enum check_status status_of(const struct check *check, uint32_t metric)
{
    bool is_core = metric < METRIC_N_EXCEEDED && are_all_lacking(check, metric);
    if (is_optional(check, metric))
        return CHECK_OK;
    return is_core || is_nothing_offered(check) ? CHECK_FAIL : CHECK_WARN;
}

static char *name_lacking(const struct check *check, uint32_t metric, json_t *interfaces)
{
    char *text = NULL;
    for (size_t i = 0; i < check->survey.n_links; i++) {
        const struct surveyed *link = &check->survey.links[i];
        if (!lacks(check, link, metric))
            continue;
        text_add_word(&text, link->eni.ifname);
        document_append(interfaces, document_text(link->eni.ifname, sizeof(link->eni.ifname)));
    }
    return text;
}

// One finding for all metrics that are missing as this one is.
static void add_missing(struct check *check, uint32_t first)
{
    scoped_free char *words = NULL;
    json_t *names = json_array(), *interfaces = json_array(), *details = json_object();
    for (uint32_t i = first; i < check->catalog.n_metrics; i++)
        if (is_any_lacking(check, i) && are_alike(check, first, i))
            add_metric(check, i, &words, names);
    scoped_free char *where = name_lacking(check, first, interfaces);
    document_set(details, "metrics", names);
    document_set(details, "interfaces", interfaces);
    enum check_status status = status_of(check, first);
    const char *needs = catalog_needs(first);
    report_add(&check->report,
        (struct finding){.name = "statistics",
            .status = status,
            .text = status == CHECK_OK
                ? xasprintf("not offered by %s: %s; that needs %s", where, words, needs)
                : xasprintf("not offered by %s: %s", where, words),
            .remedy = status == CHECK_OK ? NULL : xasprintf("needs %s", needs),
            .details = details});
}

static bool is_first_of_its_kind(const struct check *check, uint32_t metric)
{
    for (uint32_t i = 0; i < metric; i++)
        if (is_any_lacking(check, i) && are_alike(check, i, metric))
            return false;
    return is_any_lacking(check, metric);
}

void check_statistics(struct check *check)
{
    if (!ena_survey_is_any_read(&check->survey))
        return; // which is a failure already
    add_offered(check);
    for (uint32_t i = 0; i < check->catalog.n_metrics; i++)
        if (is_first_of_its_kind(check, i))
            add_missing(check, i);
}

static bool find_value(const struct sample *sample, uint32_t metric, uint64_t *ret_value)
{
    for (uint32_t i = 0; i < sample->n_readings; i++)
        if (sample->readings[i].metric == metric) {
            *ret_value = sample->readings[i].value;
            return true;
        }
    return false;
}

static bool read_table(uint64_t *ret_count, uint64_t *ret_max)
{
    struct collector *collector = conntrack_create("/proc");
    struct tick tick = {.now = clock_now()};
    struct sample sample = {0};
    bool is_there = collector->ops->collect(collector, &tick, &sample) == COLLECT_SAMPLE &&
        find_value(&sample, METRIC_KERNEL_CONNTRACK_COUNT, ret_count) &&
        find_value(&sample, METRIC_KERNEL_CONNTRACK_MAX, ret_max);
    collector->ops->destroy(collector);
    return is_there;
}

// A recording tells nothing of the machine that plays it.
void check_conntrack(struct check *check)
{
    uint64_t count, max;
    if (check_is_replay(check))
        return;
    struct finding finding = {.name = "conntrack", .details = json_object()};
    if (read_table(&count, &max)) {
        finding.text = xasprintf(
            "the kernel's table has %" PRIu64 " of %" PRIu64 " entries", count, max);
        document_set(finding.details, "count", document_number(count));
        document_set(finding.details, "max", document_number(max));
    } else {
        finding.text = xstrdup("the kernel's connection tracking is not loaded, or not to be seen "
                               "in /proc: kernel_conntrack_* are left out");
    }
    report_add(&check->report, finding);
}
