// SPDX-License-Identifier: Apache-2.0
// ENIs as their collector reads them, from a replay: what it says of what a driver does not offer,
// and how often it reads a device that answers slowly. Which driver brought which statistic: its
// release notes of 2.2.10, 2.8.0 and 2.8.1.
#include <stdio.h>
#include <string.h>

#include "collector/ena.h"
#include "flow/catalog.h"
#include "sources.h"
#include "support/listener.h"
#include "support/replay_player.h"
#include "support/unit.h"

#define ENS5 "interface ens5 driver=ena version=2.2.10g\nNIC statistics:\n"
#define ENS6 "interface ens6 driver=ena version=2.9.1g\nNIC statistics:\n"

#define NO_LINKLOCAL                                                                               \
    "bw_in_allowance_exceeded: 0\nbw_out_allowance_exceeded: 0\npps_allowance_exceeded: 0\n"       \
    "conntrack_allowance_exceeded: 0\n"
#define EXCEEDED  NO_LINKLOCAL "linklocal_allowance_exceeded: 0\n"
#define AVAILABLE "conntrack_allowance_available: 100\n"
#define EXPRESS                                                                                    \
    "ena_srd_mode: 0\nena_srd_tx_pkts: 0\nena_srd_eligible_tx_pkts: 0\nena_srd_rx_pkts: 0\n"       \
    "ena_srd_resource_utilization: 0\n"

struct bench {
    struct catalog catalog;
    struct ena_options options;
    struct counters *counters;
    struct collector *collector;
    struct listener listener;
    struct sample sample;
    bool is_last;            // of its window, each tick
    int n_samples, n_missed; // of the last tick
    struct metric_set offered[2];
};

static int set_up(void **state)
{
    static char *drivers[] = {(char *)"ena"}, *interfaces[] = {(char *)"*"};
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->options = (struct ena_options){
        .drivers = {1, drivers}, .interfaces = {1, interfaces}, .budget_percent = 5};
    listener_init(&bench->listener);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    bench->collector->ops->destroy(bench->collector);
    bench->counters->ops->destroy(bench->counters);
    listener_finish(&bench->listener);
    free(bench);
    return 0;
}

// `named`: a metric beside those of the default, or NULL.
static void start(struct bench *bench, const char *named, const char *ens5, const char *ens6)
{
    const char *words[] = {"default", named};
    struct catalog_options options = {{named != NULL ? 2 : 1, (char **)words}};
    catalog_init(&bench->catalog, &options);
    bench->counters = play_two(ens5, ens6);
    bench->collector = ena_create(&bench->options, 1000, &bench->catalog, bench->counters);
}

static void tick(struct bench *bench)
{
    struct tick tick = {.is_last = bench->is_last};
    enum collect r;
    bench->counters->ops->clock(bench->counters, &tick.now);
    bench->n_samples = bench->n_missed = 0;
    listener_start(&bench->listener);
    while ((r = bench->collector->ops->collect(bench->collector, &tick, &bench->sample)) !=
        COLLECT_DONE) {
        if (r == COLLECT_SAMPLE && bench->n_samples < 2)
            bench->offered[bench->n_samples] = bench->sample.eni->offered;
        bench->n_samples += r == COLLECT_SAMPLE;
        bench->n_missed += r == COLLECT_NOTHING;
    }
    listener_stop(&bench->listener);
}

// Lines about what is not offered.
static size_t n_missing(const struct bench *bench)
{
    return listener_count(&bench->listener, "does not offer");
}

static void what_is_not_offered_is_told_in_a_line_for_each_need(void **state)
{
    struct bench *bench = *state;
    start(bench, NULL, ENS5 EXCEEDED, NULL);
    tick(bench);
    assert_int_equal(bench->n_samples, 1);
    assert_int_equal(n_missing(bench), 2);
    assert_int_equal(
        listener_count(&bench->listener,
            "<6>ena: ens5: driver ena 2.2.10g does not offer conntrack_allowance_available, "
            "conntrack_allowance_used_percent: unsupported, not zero; that needs ENA driver 2.8.1 "
            "or Linux 6.12, and an instance "
            "type that tells it\n"),
        1);
    assert_int_equal(listener_count(&bench->listener,
                         "<6>ena: ens5: driver ena 2.2.10g does not offer ena_srd_tx_pkts, "
                         "ena_srd_eligible_tx_pkts, ena_srd_rx_pkts, ena_srd_resource_utilization, "
                         "ena_srd_tx_share_percent: unsupported, not zero; that needs ENA driver "
                         "2.8.0 or Linux 6.12, and an instance "
                         "type with ENA Express\n"),
        1);
}

static void where_all_is_offered_nothing_is_told(void **state)
{
    struct bench *bench = *state;
    start(bench, NULL, ENS5 EXCEEDED AVAILABLE EXPRESS, NULL);
    tick(bench);
    assert_int_equal(bench->n_samples, 1);
    assert_int_equal(listener_count(&bench->listener, "\n"), 1); // that it is an ENI
}

static void what_was_told_of_one_eni_is_not_told_of_the_next(void **state)
{
    struct bench *bench = *state;
    start(bench, NULL, ENS5 EXCEEDED, ENS6 EXCEEDED);
    bench->is_last = true; // the names are looked at again
    for (int i = 0; i < 3; i++)
        tick(bench);
    assert_int_equal(bench->n_samples, 2);
    assert_int_equal(n_missing(bench), 2);
    assert_int_equal(listener_count(&bench->listener, "ens6: driver"), 0);
}

static void of_the_next_eni_only_what_is_new_is_told(void **state)
{
    struct bench *bench = *state;
    start(bench, NULL, ENS5 EXCEEDED AVAILABLE, ENS6 NO_LINKLOCAL);
    tick(bench);
    assert_int_equal(n_missing(bench), 3);
    assert_int_equal(listener_count(&bench->listener, "does not offer ena_srd_tx_pkts, "), 1);
    assert_int_equal(listener_count(&bench->listener,
                         "ens6: driver ena 2.9.1g does not offer linklocal_allowance_exceeded: "
                         "unsupported, not zero; that needs ENA driver 2.2.10 or Linux 5.10, and "
                         "a Nitro instance\n"),
        1);
    assert_int_equal(listener_count(&bench->listener,
                         "ens6: driver ena 2.9.1g does not offer conntrack_allowance_available, "),
        1);
}

// As with ethtool -L, which changes how many queues there are.
static void other_names_tell_nothing_twice(void **state)
{
    struct bench *bench = *state;
    start(bench, NULL,
        ENS5 EXCEEDED "queue_0_tx_cnt: 0\n"
                      "time +1s\nNIC statistics:\nqueue_0_tx_cnt: 0\nqueue_1_tx_cnt: 0\n" EXCEEDED,
        NULL);
    tick(bench);
    go_on(bench->counters, 1);
    tick(bench);
    assert_int_equal(bench->n_samples, 1);
    assert_int_equal(n_missing(bench), 2);
}

static void what_a_driver_ceases_to_offer_is_told_then(void **state)
{
    struct bench *bench = *state;
    start(bench, NULL,
        ENS5 EXCEEDED AVAILABLE EXPRESS "time +1s\nNIC statistics:\n" EXCEEDED EXPRESS, NULL);
    tick(bench);
    assert_int_equal(n_missing(bench), 0);
    go_on(bench->counters, 1);
    tick(bench);
    assert_int_equal(n_missing(bench), 1);
    assert_int_equal(
        listener_count(&bench->listener, "does not offer conntrack_allowance_available, "), 1);
}

static void a_statistic_that_the_user_named_needs_a_driver_that_has_it(void **state)
{
    struct bench *bench = *state;
    start(bench, "tx_timeuot", ENS5 EXCEEDED AVAILABLE EXPRESS "tx_timeout: 0\n", NULL);
    tick(bench);
    assert_int_equal(n_missing(bench), 1);
    assert_int_equal(listener_count(&bench->listener,
                         "does not offer tx_timeuot: unsupported, not zero; that needs a driver "
                         "that has a statistic of this name\n"),
        1);
}

// Nor is it read from an ENI that has a statistic of such a name.
static void what_is_the_hosts_is_never_missed(void **state)
{
    struct bench *bench = *state;
    start(bench, "self_samples",
        ENS5 EXCEEDED AVAILABLE EXPRESS "self_samples: 5\nkernel_conntrack_drop: 6\n", NULL);
    tick(bench);
    assert_int_equal(n_missing(bench), 0);
    assert_int_equal(bench->sample.n_readings, 5 + 1 + 5);
    for (uint32_t i = 0; i < bench->sample.n_readings; i++)
        assert_true(bench->sample.readings[i].metric < METRIC_N_DEVICE);
}

static void an_eni_without_allowances_is_a_warning_and_no_more(void **state)
{
    struct bench *bench = *state;
    start(bench, NULL, ENS5 "tx_timeout: 0\n", NULL);
    tick(bench);
    assert_int_equal(n_missing(bench), 0);
    assert_int_equal(listener_count(&bench->listener, "\n"), 2);
    assert_int_equal(
        listener_count(&bench->listener,
            "<4>ena: ens5: driver ena 2.2.10g offers no allowance statistics: unsupported, not "
            "zero; that needs ENA driver 2.2.10 or Linux 5.10, and a Nitro instance\n"),
        1);
}

static void a_sample_says_what_its_eni_offers(void **state)
{
    struct bench *bench = *state;
    start(bench, "tx_timeout", ENS5 EXCEEDED "tx_timeout: 0\nself_samples: 0\nother: 0\n",
        ENS6 AVAILABLE "total_resets: 0\nena_srd_mode: 0\n" NO_LINKLOCAL);
    tick(bench);
    assert_int_equal(bench->n_samples, 2);
    for (uint32_t i = 0; i < METRIC_MAX; i++) {
        bool is_exceeded = i < METRIC_N_EXCEEDED;
        assert_int_equal(metric_set_has(&bench->offered[0], i), is_exceeded || i == METRIC_N_KNOWN);
        assert_int_equal(metric_set_has(&bench->offered[1], i),
            (is_exceeded && i != METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED) ||
                i == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE || i == METRIC_SRD_MODE ||
                i == METRIC_TOTAL_RESETS || i == METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT);
    }
}

static void an_eni_that_is_renamed_offers_what_it_did(void **state)
{
    struct bench *bench = *state;
    start(bench, NULL,
        "interface ens5 mac=02:00:00:00:00:01\nNIC statistics:\n" EXCEEDED AVAILABLE EXPRESS
        "time +1s\ninterface net0 mac=02:00:00:00:00:01\n",
        NULL);
    tick(bench);
    struct metric_set offered = bench->offered[0];
    go_on(bench->counters, 1);
    tick(bench);
    assert_string_equal(bench->sample.eni->ifname, "net0");
    assert_memory_equal(&bench->offered[0], &offered, sizeof(offered));
    assert_true(metric_set_has(&offered, METRIC_SRD_RX_PKTS));
    assert_int_equal(n_missing(bench), 0);
}

// A machine on which a read of ens5 takes long: the replay's, with another clock.
static struct machine {
    const struct counters_ops *replay;
    struct counters_ops slow;
    struct now now;
    uint64_t read_ns; // of ens5
    unsigned int n_reads;
} machine;

static void slow_clock(const struct counters *counters, struct now *ret_now)
{
    (void)counters;
    *ret_now = machine.now;
}

static int slow_values(
    struct counters *counters, const char *ifname, uint32_t n_expected, const uint64_t **ret_values)
{
    machine.now.boot_ns += strcmp(ifname, "ens5") == 0 ? machine.read_ns : NS_PER_MS;
    machine.n_reads += strcmp(ifname, "ens5") == 0;
    return machine.replay->values(counters, ifname, n_expected, ret_values);
}

static void start_slow(struct bench *bench)
{
    start(bench, NULL, ENS5 EXCEEDED AVAILABLE EXPRESS, ENS6 EXCEEDED AVAILABLE EXPRESS);
    machine = (struct machine){.replay = bench->counters->ops,
        .slow = *bench->counters->ops,
        .now = {.boot_ns = 1000 * NS_PER_S, .wall_ms = 1700000000000}};
    machine.slow.clock = slow_clock;
    machine.slow.values = slow_values;
    bench->counters->ops = &machine.slow;
}

// Ticks on full seconds in which ens5 takes so long; returns how often it was read.
static unsigned int slow_ticks(struct bench *bench, int n_ticks, uint64_t read_ns)
{
    machine.read_ns = read_ns;
    machine.n_reads = 0;
    for (int i = 0; i < n_ticks; i++) {
        machine.now.boot_ns += NS_PER_S - machine.now.boot_ns % NS_PER_S;
        tick(bench);
        assert_int_equal(bench->n_samples + bench->n_missed, 2);
        assert_true(bench->n_samples >= 1); // the other one is not held back
    }
    return machine.n_reads;
}

static void a_sample_says_how_long_its_read_took(void **state)
{
    struct bench *bench = *state;
    start_slow(bench);
    slow_ticks(bench, 1, 7 * NS_PER_MS);
    assert_string_equal(bench->sample.eni->ifname, "ens6");
    assert_int_equal(bench->sample.read_ns, NS_PER_MS);
    assert_int_equal(bench->sample.at.boot_ns, 1001 * NS_PER_S + 8 * NS_PER_MS);
}

// 125 ms are two and a half times the 5 % of a second that a read may take.
static void an_eni_that_answers_slowly_is_read_less_often_until_it_recovers(void **state)
{
    struct bench *bench = *state;
    start_slow(bench);
    assert_int_equal(slow_ticks(bench, 30, 49 * NS_PER_MS), 30);
    slow_ticks(bench, 200, 125 * NS_PER_MS);
    assert_int_equal(slow_ticks(bench, 30, 125 * NS_PER_MS), 10);
    assert_int_equal(
        listener_count(&bench->listener, "than sample.budget allows: this interface is read less "),
        1);
    assert_int_equal(listener_count(&bench->listener, "<4>ena: ens5: a read takes "), 1);
    slow_ticks(bench, 80, NS_PER_MS);
    assert_int_equal(slow_ticks(bench, 30, NS_PER_MS), 30);
    assert_int_equal(listener_count(&bench->listener, "<6>ena: ens5: a read takes "), 1);
    assert_int_equal(
        listener_count(&bench->listener, " ms on average: read in every tick again\n"), 1);
    assert_int_equal(listener_count(&bench->listener, "ens6: a read"), 0);
}

static void the_budget_is_a_share_of_the_interval(void **state)
{
    struct bench *bench = *state;
    bench->options.budget_percent = 50;
    start_slow(bench);
    assert_int_equal(slow_ticks(bench, 100, 499 * NS_PER_MS), 100);
    slow_ticks(bench, 60, 700 * NS_PER_MS);
    assert_int_equal(slow_ticks(bench, 30, 700 * NS_PER_MS), 15);
}

static void an_eni_that_hangs_is_read_in_every_tenth_tick(void **state)
{
    struct bench *bench = *state;
    start_slow(bench);
    slow_ticks(bench, 20, 3 * NS_PER_S);
    assert_int_equal(slow_ticks(bench, 100, 3 * NS_PER_S), 10);
}

static void of_what_needs_the_same_only_what_is_new_is_told(void **state)
{
    struct bench *bench = *state;
    start(bench, NULL, ENS5 NO_LINKLOCAL AVAILABLE EXPRESS,
        ENS6 "bw_in_allowance_exceeded: 0\n" AVAILABLE EXPRESS);
    tick(bench);
    assert_int_equal(n_missing(bench), 2);
    assert_int_equal(listener_count(&bench->listener, "linklocal_allowance_exceeded"), 1);
}

static void an_eni_without_allowances_is_told_once(void **state)
{
    struct bench *bench = *state;
    start(bench, NULL,
        ENS5 "queue_0_tx_cnt: 0\ntime +1s\nNIC statistics:\nqueue_0_tx_cnt: 0\nqueue_1_tx_cnt: 0\n",
        NULL);
    tick(bench);
    go_on(bench->counters, 1);
    tick(bench);
    assert_int_equal(listener_count(&bench->listener, "offers no allowance statistics"), 1);
}

static void many_missing_names_leave_room_for_what_they_need(void **state)
{
    struct bench *bench = *state;
    static char names[40][32];
    const char *words[40];
    for (int i = 0; i < 40; i++) {
        snprintf(names[i], sizeof(names[i]), "queue_%02d_tx_some_long_statistic", i);
        words[i] = names[i];
    }
    struct catalog_options options = {{40, (char **)words}};
    catalog_init(&bench->catalog, &options);
    bench->counters = play(ENS5 EXCEEDED);
    bench->collector = ena_create(&bench->options, 1000, &bench->catalog, bench->counters);
    tick(bench);
    assert_int_equal(n_missing(bench), listener_count(&bench->listener, "that needs a driver"));
}

// Of two collectors; the other one reads the same device, and looks at it no more.
static void enis_that_ended_are_counted_over_all_collectors(void **state)
{
    struct bench *bench = *state;
    static const uint64_t expected[] = {0, 1, 1, 3};
    start(bench, NULL, ENS5 EXCEEDED "time +1s\ngone\ntime +1s\ninterface ens5\ntime +1s\ngone\n",
        ENS6 EXCEEDED "time +3s\ngone\n");
    struct sources sources = {0};
    sources_add(&sources, bench->collector);
    sources_add(&sources, ena_create(&bench->options, 1000, &bench->catalog, bench->counters));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        tick(bench);
        assert_int_equal(sources_n_gone(&sources), expected[i]);
        assert_int_equal(bench->collector->n_gone, expected[i]);
        go_on(bench->counters, i + 1 < ARRAY_SIZE(expected));
    }
    sources.collectors[1]->n_gone = 40;
    assert_int_equal(sources_n_gone(&sources), 43);
    sources.collectors[1]->ops->destroy(sources.collectors[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_offered_is_told_in_a_line_for_each_need),
        TEST(where_all_is_offered_nothing_is_told),
        TEST(what_was_told_of_one_eni_is_not_told_of_the_next),
        TEST(of_the_next_eni_only_what_is_new_is_told),
        TEST(other_names_tell_nothing_twice),
        TEST(what_a_driver_ceases_to_offer_is_told_then),
        TEST(a_statistic_that_the_user_named_needs_a_driver_that_has_it),
        TEST(what_is_the_hosts_is_never_missed),
        TEST(an_eni_without_allowances_is_a_warning_and_no_more),
        TEST(a_sample_says_what_its_eni_offers),
        TEST(an_eni_that_is_renamed_offers_what_it_did),
        TEST(a_sample_says_how_long_its_read_took),
        TEST(an_eni_that_answers_slowly_is_read_less_often_until_it_recovers),
        TEST(the_budget_is_a_share_of_the_interval),
        TEST(an_eni_that_hangs_is_read_in_every_tenth_tick),
        TEST(of_what_needs_the_same_only_what_is_new_is_told),
        TEST(an_eni_without_allowances_is_told_once),
        TEST(many_missing_names_leave_room_for_what_they_need),
        TEST(enis_that_ended_are_counted_over_all_collectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
