// SPDX-License-Identifier: Apache-2.0
// The manual of the metrics against the catalog: it has each of them, with what it truly is. And
// against AWS's guide for EKS: it has each remedy.
// Kinds in words, and what is due in the line under a name: the page's own DESCRIPTION.
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "encode/encoder.h"
#include "flow/catalog.h"
#include "support/unit.h"

#define MANUAL TEST_DATA "/../../packaging/man/enawatch-metrics.7"

static char *read_manual(void)
{
    static char text[64 * 1024];
    FILE *file = fopen(MANUAL, "r");
    assert_non_null(file);
    size_t n = fread(text, 1, sizeof(text) - 1, file);
    assert_true(feof(file));
    fclose(file);
    text[n] = '\0';
    return text;
}

static const char *kind_in_words(enum metric_kind kind)
{
    static const char *const kinds[] = {[METRIC_COUNTER] = "Counter",
        [METRIC_GAUGE] = "Gauge",
        [METRIC_PERCENT] = "Percentage",
        [METRIC_DURATION] = "Duration",
        [METRIC_MODE] = "Mode"};
    return kinds[kind];
}

static const char *scopes_in_words(unsigned int scopes)
{
    if (scopes == METRIC_SCOPES)
        return "ENI and instance";
    return scopes == METRIC_SCOPE_ENI ? "ENI" : "instance";
}

static struct catalog make_catalog(const char *word)
{
    struct catalog catalog;
    catalog_init(&catalog, &(struct catalog_options){.metrics = {1, (char *[]){(char *)word}}});
    return catalog;
}

// What has to stand in the page about a known metric.
static char *expected_entry(uint32_t i)
{
    struct catalog by_default = make_catalog("default");
    bool is_default = by_default.metrics[i].published != 0;
    struct catalog named = make_catalog(by_default.metrics[i].name);
    const struct metric *metric = &named.metrics[i];
    return xasprintf("\n.It Li %s\n%s, unit %s; %s; %s.\n.Pp\n", metric->name,
        kind_in_words(metric->kind), encoder_unit(metric), scopes_in_words(metric->published),
        is_default ? "by default" : "when named");
}

static void every_metric_has_an_entry_that_says_what_it_is(void **state)
{
    (void)state;
    const char *manual = read_manual();
    for (uint32_t i = 0; i < METRIC_N_KNOWN; i++) {
        scoped_free char *entry = expected_entry(i);
        if (strstr(manual, entry) == NULL)
            fail_msg("not in the manual: %s", entry);
    }
}

static void every_entry_is_a_metric(void **state)
{
    (void)state;
    struct catalog catalog = make_catalog("default");
    char *sections = strstr(read_manual(), ".Sh THE ALLOWANCES");
    assert_non_null(sections);
    uint32_t n_entries = 0;
    for (char *line; (line = strsep(&sections, "\n")) != NULL && strcmp(line, ".Sh ALARMS") != 0;) {
        if (strncmp(line, ".It Li ", 7) != 0)
            continue;
        n_entries++;
        if (catalog_find(&catalog, line + 7, strlen(line + 7)) == METRIC_MAX)
            fail_msg("%s is no metric", line + 7);
    }
    assert_int_equal(n_entries, METRIC_N_KNOWN);
}

// EKS best practices: "Monitoring EKS workloads for network performance issues", and of "Cluster
// services" what scales CoreDNS; EC2 user guide: "Security group connection tracking".
static void every_remedy_of_the_guides_is_there(void **state)
{
    (void)state;
    static const char *const remedies[] = {"anti-affinity", "More replicas of CoreDNS",
        "NodeLocal DNSCache", "force_tcp", "proportional autoscaler", "ndots", "final dot",
        "lameduck", "/ready", "UnknownHostException", "1024 a second", "flow logs",
        "Watch\n.Li conntrack_allowance_available", "TcpEstablishedTimeout", "Untracked flows",
        "network-optimised", "larger", "enable_frag_bypass"};
    const char *manual = read_manual();
    for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
        if (strstr(manual, remedies[i]) == NULL)
            fail_msg("not in the manual: %s", remedies[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_has_an_entry_that_says_what_it_is),
        cmocka_unit_test(every_entry_is_a_metric),
        cmocka_unit_test(every_remedy_of_the_guides_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
