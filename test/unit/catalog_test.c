// SPDX-License-Identifier: Apache-2.0
// What is known of metrics. Names, order, gauges and groups: ENA driver r2.17.0, facts 1.1, 1.5
// and 1.7; what is published where: design, "Windows, records, and what is published".
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "flow/catalog.h"
#include "support/unit.h"

#define EVERYWHERE (METRIC_SCOPE_ENI | METRIC_SCOPE_INSTANCE)

static const struct metric expected[] = {
    {"bw_in_allowance_exceeded", METRIC_COUNTER, METRIC_GROUP_ALLOWANCE, EVERYWHERE},
    {"bw_out_allowance_exceeded", METRIC_COUNTER, METRIC_GROUP_ALLOWANCE, EVERYWHERE},
    {"pps_allowance_exceeded", METRIC_COUNTER, METRIC_GROUP_ALLOWANCE, EVERYWHERE},
    {"conntrack_allowance_exceeded", METRIC_COUNTER, METRIC_GROUP_ALLOWANCE, EVERYWHERE},
    {"linklocal_allowance_exceeded", METRIC_COUNTER, METRIC_GROUP_ALLOWANCE, EVERYWHERE},
    {"conntrack_allowance_available", METRIC_GAUGE, METRIC_GROUP_ALLOWANCE, METRIC_SCOPE_INSTANCE},
    {"ena_srd_mode", METRIC_MODE, METRIC_GROUP_SRD, 0},
    {"ena_srd_tx_pkts", METRIC_COUNTER, METRIC_GROUP_SRD, EVERYWHERE},
    {"ena_srd_eligible_tx_pkts", METRIC_COUNTER, METRIC_GROUP_SRD, EVERYWHERE},
    {"ena_srd_rx_pkts", METRIC_COUNTER, METRIC_GROUP_SRD, EVERYWHERE},
    {"ena_srd_resource_utilization", METRIC_PERCENT, METRIC_GROUP_SRD, EVERYWHERE},
    {"total_resets", METRIC_COUNTER, METRIC_GROUP_DRIVER, 0},
    {"reset_fail", METRIC_COUNTER, METRIC_GROUP_DRIVER, 0},
    {"wd_expired", METRIC_COUNTER, METRIC_GROUP_DRIVER, 0},
    {"admin_q_pause", METRIC_COUNTER, METRIC_GROUP_DRIVER, 0},
    {"ena_admin_q_aborted_cmd", METRIC_COUNTER, METRIC_GROUP_DRIVER, 0},
    {"ena_admin_q_no_completion", METRIC_COUNTER, METRIC_GROUP_DRIVER, 0},
    {"conntrack_allowance_used_percent", METRIC_PERCENT, METRIC_GROUP_DERIVED,
        METRIC_SCOPE_INSTANCE, 2},
    {"ena_srd_tx_share_percent", METRIC_PERCENT, METRIC_GROUP_DERIVED, EVERYWHERE, 2},
    {"kernel_conntrack_count", METRIC_GAUGE, METRIC_GROUP_HOST, 0},
    {"kernel_conntrack_max", METRIC_GAUGE, METRIC_GROUP_HOST, 0},
    {"kernel_conntrack_used_percent", METRIC_PERCENT, METRIC_GROUP_HOST, METRIC_SCOPE_INSTANCE, 2},
    {"kernel_conntrack_drop", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"kernel_conntrack_early_drop", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"kernel_conntrack_insert_failed", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_read_ms", METRIC_DURATION, METRIC_GROUP_HOST, 0, 2},
    {"self_samples", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_samples_missed", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_ticks_missed", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_ticks_late", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_suspect", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_lies", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_resets", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_rebased", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_records_made", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_records_delivered", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_records_refused", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_records_expired", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_records_unclaimed", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_records_waiting", METRIC_GAUGE, METRIC_GROUP_HOST, 0},
    {"self_documents_refused", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_maybe_doubled", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_reconnects", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_imds_requests", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_imds_failures", METRIC_COUNTER, METRIC_GROUP_HOST, 0},
    {"self_delivery_age_ms", METRIC_DURATION, METRIC_GROUP_HOST, 0},
};

// catalog_init() with these words as publish.metrics; they must outlive the catalog.
static struct catalog catalog_of(const char *const *words, size_t n_words)
{
    struct catalog catalog;
    struct catalog_options options = {.metrics = {n_words, (char **)words}};
    assert_null(catalog_options_check(&options));
    catalog_init(&catalog, &options);
    return catalog;
}

#define CATALOG_OF(...)                                                                            \
    catalog_of((const char *const[]){__VA_ARGS__}, ARRAY_SIZE(((const char *const[]){__VA_ARGS__})))

static const char *check(const char *const *words, size_t n_words)
{
    struct catalog_options options = {.metrics = {n_words, (char **)words}};
    return catalog_options_check(&options);
}

static uint32_t find(const struct catalog *catalog, const char *name)
{
    return catalog_find(catalog, name, strlen(name));
}

static unsigned int published(const struct catalog *catalog, const char *name)
{
    uint32_t i = find(catalog, name);
    assert_int_not_equal(i, METRIC_MAX);
    return catalog->metrics[i].published;
}

static void known_metrics_are_what_the_driver_says(void **state)
{
    (void)state;
    struct catalog catalog = CATALOG_OF("default");
    assert_int_equal(ARRAY_SIZE(expected), METRIC_N_KNOWN);
    assert_int_equal(catalog.n_metrics, METRIC_N_KNOWN);
    for (uint32_t i = 0; i < METRIC_N_KNOWN; i++) {
        assert_string_equal(catalog.metrics[i].name, expected[i].name);
        assert_int_equal(catalog.metrics[i].kind, expected[i].kind);
        assert_int_equal(catalog.metrics[i].group, expected[i].group);
    }
}

static void ids_stand_for_their_names(void **state)
{
    (void)state;
    assert_string_equal(expected[METRIC_BW_IN_ALLOWANCE_EXCEEDED].name, "bw_in_allowance_exceeded");
    assert_string_equal(
        expected[METRIC_BW_OUT_ALLOWANCE_EXCEEDED].name, "bw_out_allowance_exceeded");
    assert_string_equal(expected[METRIC_PPS_ALLOWANCE_EXCEEDED].name, "pps_allowance_exceeded");
    assert_string_equal(
        expected[METRIC_CONNTRACK_ALLOWANCE_EXCEEDED].name, "conntrack_allowance_exceeded");
    assert_string_equal(
        expected[METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED].name, "linklocal_allowance_exceeded");
    assert_int_equal(METRIC_N_EXCEEDED, 5);
    assert_string_equal(
        expected[METRIC_CONNTRACK_ALLOWANCE_AVAILABLE].name, "conntrack_allowance_available");
    assert_string_equal(expected[METRIC_SRD_MODE].name, "ena_srd_mode");
    assert_string_equal(
        expected[METRIC_SRD_RESOURCE_UTILIZATION].name, "ena_srd_resource_utilization");
    assert_string_equal(expected[METRIC_TOTAL_RESETS].name, "total_resets");
    assert_int_equal(METRIC_N_DEVICE, METRIC_TOTAL_RESETS);
    assert_string_equal(expected[METRIC_ADMIN_Q_NO_COMPLETION].name, "ena_admin_q_no_completion");
}

static void default_selection_is_that_of_the_design(void **state)
{
    (void)state;
    struct catalog catalog = CATALOG_OF("default");
    for (uint32_t i = 0; i < METRIC_N_KNOWN; i++)
        if (catalog.metrics[i].published != expected[i].published)
            fail_msg("%s: published %u", expected[i].name, catalog.metrics[i].published);
}

static void what_is_not_selected_is_known_all_the_same(void **state)
{
    (void)state;
    struct catalog catalog = CATALOG_OF("pps_allowance_exceeded");
    assert_int_equal(catalog.n_metrics, METRIC_N_KNOWN);
    for (uint32_t i = 0; i < METRIC_N_KNOWN; i++)
        assert_int_equal(
            catalog.metrics[i].published, i == METRIC_PPS_ALLOWANCE_EXCEEDED ? EVERYWHERE : 0);
}

static void a_known_metric_is_published_where_the_default_has_it(void **state)
{
    (void)state;
    struct catalog catalog = CATALOG_OF("conntrack_allowance_available", "ena_srd_rx_pkts");
    assert_int_equal(published(&catalog, "conntrack_allowance_available"), METRIC_SCOPE_INSTANCE);
    assert_int_equal(published(&catalog, "ena_srd_rx_pkts"), EVERYWHERE);
    assert_int_equal(published(&catalog, "ena_srd_tx_pkts"), 0);
}

static void a_named_counter_that_the_default_leaves_out_is_published_everywhere(void **state)
{
    (void)state;
    struct catalog catalog = CATALOG_OF("default", "total_resets");
    assert_int_equal(catalog.n_metrics, METRIC_N_KNOWN);
    assert_int_equal(published(&catalog, "total_resets"), EVERYWHERE);
    assert_int_equal(published(&catalog, "bw_in_allowance_exceeded"), EVERYWHERE);
    struct catalog other = CATALOG_OF("total_resets", "default");
    assert_int_equal(published(&other, "total_resets"), EVERYWHERE);
}

// Modes do not roll up: there is no mode of an instance.
static void a_named_mode_is_published_of_the_eni_only(void **state)
{
    (void)state;
    struct catalog catalog = CATALOG_OF("ena_srd_mode");
    assert_int_equal(published(&catalog, "ena_srd_mode"), METRIC_SCOPE_ENI);
}

static void unknown_statistics_are_counters_of_the_driver(void **state)
{
    (void)state;
    struct catalog catalog = CATALOG_OF("queue_0_tx_cnt", "default", "tx_timeout");
    assert_int_equal(catalog.n_metrics, METRIC_N_KNOWN + 2);
    assert_int_equal(find(&catalog, "queue_0_tx_cnt"), METRIC_N_KNOWN);
    assert_int_equal(find(&catalog, "tx_timeout"), METRIC_N_KNOWN + 1);
    for (uint32_t i = METRIC_N_KNOWN; i < catalog.n_metrics; i++) {
        assert_int_equal(catalog.metrics[i].kind, METRIC_COUNTER);
        assert_int_equal(catalog.metrics[i].group, METRIC_GROUP_DRIVER);
        assert_int_equal(catalog.metrics[i].published, EVERYWHERE);
    }
}

static void a_name_given_twice_is_one_metric(void **state)
{
    (void)state;
    struct catalog catalog = CATALOG_OF("tx_timeout", "default", "tx_timeout",
        "pps_allowance_exceeded", "default", "conntrack_allowance_available");
    assert_int_equal(catalog.n_metrics, METRIC_N_KNOWN + 1);
    assert_int_equal(published(&catalog, "tx_timeout"), EVERYWHERE);
    assert_int_equal(published(&catalog, "pps_allowance_exceeded"), EVERYWHERE);
    assert_int_equal(published(&catalog, "conntrack_allowance_available"), METRIC_SCOPE_INSTANCE);
}

static void every_metric_is_found_by_its_whole_name(void **state)
{
    (void)state;
    struct catalog catalog = CATALOG_OF("default", "tx_timeout");
    for (uint32_t i = 0; i < METRIC_N_KNOWN; i++)
        assert_int_equal(find(&catalog, expected[i].name), i);
    static const char *const strangers[] = {"", "b", "bw_in_allowance_exceede",
        "bw_in_allowance_exceededs", "BW_IN_ALLOWANCE_EXCEEDED", "default", "tx_timeou"};
    for (size_t i = 0; i < ARRAY_SIZE(strangers); i++)
        assert_int_equal(find(&catalog, strangers[i]), METRIC_MAX);
}

// As ETHTOOL_GSTRINGS gives them: 32 bytes a slot, full slots without a terminator.
static void a_name_in_a_slot_need_not_be_terminated(void **state)
{
    (void)state;
    struct catalog catalog = CATALOG_OF("default");
    char *slot = malloc(strlen("total_resets")); // the address sanitizer guards its end
    memcpy(slot, "total_resets", strlen("total_resets"));
    assert_int_equal(catalog_find(&catalog, slot, strlen("total_resets")), METRIC_TOTAL_RESETS);
    assert_int_equal(catalog_find(&catalog, slot, strlen("total")), METRIC_MAX);
    free(slot);
}

static void names_are_what_ethtool_can_show(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a", "abcdefghijklmnopqrstuvwxyz01234", "queue_127_rx_bytes", "rx-bytes.0", "~"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_null(check(&good[i], 1));
    static const char *const bad[] = {
        "", "abcdefghijklmnopqrstuvwxyz012345", "a b", "a\t", "\x01", "\x7f", "\xc3\xa9", ":a"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        const char *words[] = {"default", bad[i]};
        const char *complaint = check(words, ARRAY_SIZE(words));
        if (complaint == NULL)
            fail_msg("\"%s\" is taken", bad[i]);
        assert_non_null(strstr(complaint, "31"));
        assert_non_null(check(&bad[i], 1));
    }
}

static void no_name_at_all_is_refused(void **state)
{
    (void)state;
    assert_non_null(check(NULL, 0));
}

static void as_many_names_as_there_is_room_for(void **state)
{
    (void)state;
    enum { ROOM = 80 }; // as the complaint says
    char names[ROOM + 1][8];
    const char *words[ROOM + 1];
    for (size_t i = 0; i <= ROOM; i++) {
        snprintf(names[i], sizeof(names[i]), "n%zu", i);
        words[i] = names[i];
    }
    struct catalog catalog = catalog_of(words, ROOM);
    assert_int_equal(catalog.n_metrics, METRIC_N_KNOWN + ROOM);
    assert_string_equal(catalog.metrics[catalog.n_metrics - 1].name, "n79");
    const char *complaint = check(words, ROOM + 1);
    assert_non_null(complaint);
    assert_non_null(strstr(complaint, "80"));
}

static void the_default_of_the_option_is_the_default_selection(void **state)
{
    (void)state;
    assert_string_equal(catalog_option_table.section, "publish");
    assert_int_equal(catalog_option_table.n_rows, 1);
    assert_string_equal(catalog_option_table.rows[0].name, "metrics");
    assert_int_equal(catalog_option_table.rows[0].type, OPTION_LIST);
    assert_string_equal(catalog_option_table.rows[0].fallback, "default");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_metrics_are_what_the_driver_says),
        cmocka_unit_test(ids_stand_for_their_names),
        cmocka_unit_test(default_selection_is_that_of_the_design),
        cmocka_unit_test(what_is_not_selected_is_known_all_the_same),
        cmocka_unit_test(a_known_metric_is_published_where_the_default_has_it),
        cmocka_unit_test(a_named_counter_that_the_default_leaves_out_is_published_everywhere),
        cmocka_unit_test(a_named_mode_is_published_of_the_eni_only),
        cmocka_unit_test(unknown_statistics_are_counters_of_the_driver),
        cmocka_unit_test(a_name_given_twice_is_one_metric),
        cmocka_unit_test(every_metric_is_found_by_its_whole_name),
        cmocka_unit_test(a_name_in_a_slot_need_not_be_terminated),
        cmocka_unit_test(names_are_what_ethtool_can_show),
        cmocka_unit_test(no_name_at_all_is_refused),
        cmocka_unit_test(as_many_names_as_there_is_room_for),
        cmocka_unit_test(the_default_of_the_option_is_the_default_selection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
