// SPDX-License-Identifier: Apache-2.0
// One history in the names of each generation of the ENA driver (test/data/ethtool/generations)
// comes to one answer, from the reading of names to closed windows. Expected values are copied from
// the heads of the recordings, where they are summed up by hand; places of names from the drivers.
//
// A reader that knew places instead of names, those of driver-2.17.0, would take in driver-2.10.0
// linklocal_allowance_exceeded for bandwidth in, and in driver-2.8.1 DMA errors of a queue. One
// that asked for places once would lose ena_admin_q_* when a queue goes: in all but driver-2.17.0
// they stand last.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collector/ena.h"
#include "flow/catalog.h"
#include "flow/delta.h"
#include "flow/window.h"
#include "support/replay_player.h"
#include "support/unit.h"

#define START_MS  INT64_C(1795255200000) // 2026-11-21T10:00:00Z
#define LENGTH_MS 90000

// What only some generations have, as bits.
enum offer {
    OFFERS_AVAILABLE = 1,
    OFFERS_SRD = 2,
    OFFERS_RESET_FAIL = 4,
    OFFERS_TOTAL_RESETS = 8,
    OFFERS_METRICS = OFFERS_AVAILABLE | OFFERS_SRD | OFFERS_RESET_FAIL,
    OFFERS_ALL = OFFERS_METRICS | OFFERS_TOTAL_RESETS,
};

struct names_of {
    uint32_t n_names;
    uint32_t bw_in, no_completion; // their places
};

struct generation {
    const char *name; // of the recording
    const char *version;
    unsigned int offers;
    struct names_of first, last; // of ens5
};

static const struct generation generations[] = {
    {"driver-2.2.10", "2.2.10g", 0, {73, 7, 72}, {45, 7, 44}},
    {"driver-2.8.1", "2.8.1g", OFFERS_METRICS, {106, 8, 105}, {65, 8, 64}},
    {"driver-2.10.0", "2.10.0g", OFFERS_ALL, {117, 19, 116}, {76, 19, 75}},
    {"driver-2.13.0", "2.13.0g", OFFERS_ALL, {125, 23, 124}, {82, 23, 81}},
    {"driver-2.17.0", "2.17.0g", OFFERS_ALL, {130, 23, 38}, {136, 23, 38}},
    {"in-kernel-6.1", "6.1.150", 0, {85, 7, 84}, {51, 7, 50}},
    {"in-kernel-6.12", "6.12.48", OFFERS_METRICS, {92, 8, 91}, {58, 8, 57}},
};

enum who { ENS5, ENS6, INSTANCE, N_WHO };

// What the records of a recording say of one metric.
struct found {
    bool is_there;
    uint64_t sum;
    uint64_t sum_of_first_window;
    uint64_t most, least; // of one second; of what is a property, of one window
};

struct findings {
    struct found of[N_WHO][METRIC_N_KNOWN];
    struct metric_set unsupported[N_WHO]; // of the last record
};

static bool offers(const struct generation *generation, uint32_t metric)
{
    unsigned int needed = metric == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE ? OFFERS_AVAILABLE
        : metric == METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT              ? OFFERS_AVAILABLE
        : metric >= METRIC_SRD_MODE && metric < METRIC_N_DEVICE          ? OFFERS_SRD
        : metric == METRIC_SRD_TX_SHARE_PERCENT                          ? OFFERS_SRD
        : metric == METRIC_RESET_FAIL                                    ? OFFERS_RESET_FAIL
        : metric == METRIC_TOTAL_RESETS                                  ? OFFERS_TOTAL_RESETS
                                                                         : 0;
    return (generation->offers & needed) == needed;
}

static struct counters *open_recording(const struct generation *generation)
{
    scoped_free char *path = xasprintf(
        "%s/ethtool/generations/%s.txt", TEST_DATA, generation->name);
    struct replay_options options = {.path = path, .interval_ms = MS_PER_S};
    struct counters *counters = NULL;
    scoped_free char *complaint = NULL;
    if (counters_replay_create(&options, &counters, &complaint) != 0)
        fail_msg("%s", complaint);
    return counters;
}

static void take_value(struct found *found, uint64_t value, uint32_t n_values)
{
    found->sum += value * n_values;
    found->most = !found->is_there || value > found->most ? value : found->most;
    found->least = !found->is_there || value < found->least ? value : found->least;
    found->is_there = true;
}

static void take_record(const struct record *record, struct findings *findings)
{
    enum who who = record->scope == METRIC_SCOPE_INSTANCE ? INSTANCE
        : strcmp(record->eni.ifname, "ens5") == 0         ? ENS5
                                                          : ENS6;
    struct found *of = findings->of[who];
    findings->unsupported[who] = record->unsupported;
    for (uint32_t i = 0; i < record->n_series; i++)
        for (uint32_t k = 0; k < record->series[i].n_runs; k++)
            take_value(&of[record->series[i].metric], record->series[i].runs[k].value,
                record->series[i].runs[k].n_values);
    for (uint32_t i = 0; i < record->n_properties; i++)
        take_value(&of[record->properties[i].metric], record->properties[i].value, 1);
    for (uint32_t i = 0; record->start_ms == START_MS && i < METRIC_N_KNOWN; i++)
        of[i].sum_of_first_window = of[i].sum;
}

static void close_window(struct window *window, struct findings *findings)
{
    struct record *record = window_close(window);
    while (record != NULL) {
        struct record *next = record->next;
        take_record(record, findings);
        free(record);
        record = next;
    }
}

// What stands between a recording and its records.
struct chain {
    struct counters *counters;
    struct collector *collector;
    struct delta_table deltas;
    struct window window;
    struct sample sample; // in hand
    struct delta delta;
};

static void tick(struct chain *chain, struct findings *findings)
{
    struct tick tick;
    chain->counters->ops->clock(chain->counters, &tick.now);
    window_open(&chain->window, &tick.now);
    tick.is_last = window_is_last_tick(&chain->window, &tick.now);
    enum collect r;
    while ((r = chain->collector->ops->collect(chain->collector, &tick, &chain->sample)) !=
        COLLECT_DONE) {
        if (r != COLLECT_SAMPLE)
            continue;
        delta_table_apply(&chain->deltas, &chain->sample, &chain->delta);
        window_add(&chain->window, &chain->delta);
    }
    if (window_end_tick(&chain->window, &tick.now))
        close_window(&chain->window, findings);
}

static void play_generation(const struct generation *generation, struct findings *ret_findings)
{
    static char *metrics[] = {(char *)"default"}, *ena[] = {(char *)"ena"}, *any[] = {(char *)"*"};
    struct catalog_options catalog_options = {{1, metrics}};
    struct ena_options ena_options = {{1, ena}, {1, any}, 5};
    struct delta_options delta_options = {.verdict_ms = 10000};
    struct window_options window_options = {.period_ms = 60000};
    struct catalog catalog;
    catalog_init(&catalog, &catalog_options);
    struct chain chain = {.counters = open_recording(generation)};
    chain.collector = ena_create(&ena_options, MS_PER_S, &catalog, chain.counters);
    delta_table_init(&chain.deltas, &catalog, &delta_options);
    window_init(&chain.window, &catalog, &window_options, MS_PER_S);
    *ret_findings = (struct findings){0};
    do {
        tick(&chain, ret_findings);
    } while (chain.counters->ops->advance(chain.counters) == 0);
    close_window(&chain.window, ret_findings);
    assert_after(chain.counters, START_MS, LENGTH_MS);
    window_finish(&chain.window);
    delta_table_finish(&chain.deltas);
    chain.collector->ops->destroy(chain.collector);
    chain.counters->ops->destroy(chain.counters);
}

static void fail_with(const struct generation *generation, enum who who, enum metric_id metric,
    const struct found *found)
{
    static const char *const texts[] = {"ens5", "ens6", "instance"};
    fail_msg("%s: %s of metric %d: %s, sum %" PRIu64 ", most %" PRIu64 ", least %" PRIu64,
        generation->name, texts[who], metric, found->is_there ? "there" : "absent", found->sum,
        found->most, found->least);
}

#define NO_SUM UINT64_MAX // a level

struct expected {
    enum who who;
    enum metric_id metric;
    uint64_t sum, most, least;
};

static const struct expected table[] = {
    {ENS5, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 105, 40, 0},
    {ENS5, METRIC_BW_OUT_ALLOWANCE_EXCEEDED, 49111, 48211, 0},
    {ENS5, METRIC_PPS_ALLOWANCE_EXCEEDED, 332, 150, 0},
    {ENS5, METRIC_CONNTRACK_ALLOWANCE_EXCEEDED, 1894, 1377, 0},
    {ENS5, METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED, 1515, 1200, 0},
    {ENS5, METRIC_SRD_MODE, NO_SUM, 1, 1},
    {ENS5, METRIC_SRD_TX_PKTS, 13000, 9000, 0},
    {ENS5, METRIC_SRD_ELIGIBLE_TX_PKTS, 13500, 9500, 0},
    {ENS5, METRIC_SRD_RX_PKTS, 9500, 7000, 0},
    {ENS5, METRIC_SRD_RESOURCE_UTILIZATION, NO_SUM, 21, 4},
    {ENS5, METRIC_TOTAL_RESETS, 1, 1, 0},
    {ENS5, METRIC_RESET_FAIL, 0, 0, 0},
    {ENS5, METRIC_WD_EXPIRED, 1, 1, 0},
    {ENS5, METRIC_ADMIN_Q_PAUSE, 0, 0, 0},
    {ENS5, METRIC_ADMIN_Q_ABORTED_CMD, 2, 2, 0},
    {ENS5, METRIC_ADMIN_Q_NO_COMPLETION, 1, 1, 0},
    {ENS5, METRIC_SRD_TX_SHARE_PERCENT, NO_SUM, 9630, 9630}, // 13000 of 13500
    {ENS6, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 20, 20, 0},
    {ENS6, METRIC_BW_OUT_ALLOWANCE_EXCEEDED, 0, 0, 0},
    {ENS6, METRIC_PPS_ALLOWANCE_EXCEEDED, 72, 64, 0},
    {ENS6, METRIC_CONNTRACK_ALLOWANCE_EXCEEDED, 0, 0, 0},
    {ENS6, METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED, 90, 90, 0},
    {ENS6, METRIC_SRD_MODE, NO_SUM, 0, 0},
    {ENS6, METRIC_WD_EXPIRED, 0, 0, 0},
    {ENS6, METRIC_ADMIN_Q_NO_COMPLETION, 0, 0, 0},
    {INSTANCE, METRIC_BW_IN_ALLOWANCE_EXCEEDED, 125, 53, 0},
    {INSTANCE, METRIC_BW_OUT_ALLOWANCE_EXCEEDED, 49111, 48211, 0},
    {INSTANCE, METRIC_PPS_ALLOWANCE_EXCEEDED, 404, 150, 0},
    {INSTANCE, METRIC_CONNTRACK_ALLOWANCE_EXCEEDED, 1894, 1377, 0},
    {INSTANCE, METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED, 1605, 1290, 0},
    {INSTANCE, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, NO_SUM, 135980, 118},
    // Of the 136812 that ens5 had left at first: 118, and the 135980 of ens6 at other times.
    {INSTANCE, METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT, NO_SUM, 9991, 61},
    {INSTANCE, METRIC_SRD_TX_PKTS, 13000, 9000, 0},
    {INSTANCE, METRIC_SRD_ELIGIBLE_TX_PKTS, 13500, 9500, 0},
    {INSTANCE, METRIC_SRD_RX_PKTS, 9500, 7000, 0},
    {INSTANCE, METRIC_SRD_RESOURCE_UTILIZATION, NO_SUM, 21, 4},
    {INSTANCE, METRIC_TOTAL_RESETS, 1, 1, 0},
    {INSTANCE, METRIC_WD_EXPIRED, 1, 1, 0},
    {INSTANCE, METRIC_ADMIN_Q_ABORTED_CMD, 2, 2, 0},
    {INSTANCE, METRIC_ADMIN_Q_NO_COMPLETION, 1, 1, 0},
};

static bool is_right(const struct found *found, const struct expected *row)
{
    return found->is_there && (row->sum == NO_SUM || found->sum == row->sum) &&
        found->most == row->most && found->least == row->least;
}

static void all_generations_come_to_one_table(void **state)
{
    (void)state;
    for (size_t g = 0; g < ARRAY_SIZE(generations); g++) {
        struct findings findings;
        play_generation(&generations[g], &findings);
        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
            const struct found *found = &findings.of[table[i].who][table[i].metric];
            if (offers(&generations[g], table[i].metric) && !is_right(found, &table[i]))
                fail_with(&generations[g], table[i].who, table[i].metric, found);
        }
    }
}

// ENA Express that is off, on ens6, is as good as not there, and its mode does not roll up.
static bool is_wanted(const struct generation *generation, enum who who, enum metric_id metric)
{
    bool is_srd = (metric >= METRIC_SRD_MODE && metric < METRIC_N_DEVICE) ||
        metric == METRIC_SRD_TX_SHARE_PERCENT;
    bool is_of_host = metric > METRIC_SRD_TX_SHARE_PERCENT;
    if (is_of_host || (metric == METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT && who != INSTANCE))
        return false;
    if (is_srd && who != ENS5 && (who == ENS6) != (metric == METRIC_SRD_MODE))
        return false;
    return offers(generation, metric);
}

// Absent: neither a series nor a property.
static void what_a_generation_does_not_offer_is_absent(void **state)
{
    (void)state;
    for (size_t g = 0; g < ARRAY_SIZE(generations); g++) {
        struct findings findings;
        play_generation(&generations[g], &findings);
        for (enum who who = 0; who < N_WHO; who++)
            for (enum metric_id metric = 0; metric < METRIC_N_KNOWN; metric++)
                if (findings.of[who][metric].is_there != is_wanted(&generations[g], who, metric))
                    fail_with(&generations[g], who, metric, &findings.of[who][metric]);
    }
}

// What the default publishes, in the scope of the record.
static bool is_published(enum who who, uint32_t metric)
{
    return metric < METRIC_N_EXCEEDED ||
        (metric == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE && who == INSTANCE) ||
        (metric == METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT && who == INSTANCE) ||
        (metric > METRIC_SRD_MODE && metric <= METRIC_SRD_RESOURCE_UTILIZATION) ||
        metric == METRIC_SRD_TX_SHARE_PERCENT;
}

static void what_a_generation_does_not_offer_is_named(void **state)
{
    (void)state;
    for (size_t g = 0; g < ARRAY_SIZE(generations); g++) {
        struct findings findings;
        play_generation(&generations[g], &findings);
        for (enum who who = 0; who < N_WHO; who++)
            for (uint32_t metric = 0; metric < METRIC_N_KNOWN; metric++)
                assert_int_equal(metric_set_has(&findings.unsupported[who], metric),
                    is_published(who, metric) && !offers(&generations[g], metric));
    }
}

// The one link-local packet that the device had counted since its reset, two seconds before the
// first window ended.
static void reset_waits_for_the_verdict_where_total_resets_is_not_offered(void **state)
{
    (void)state;
    for (size_t g = 0; g < ARRAY_SIZE(generations); g++) {
        struct findings findings;
        play_generation(&generations[g], &findings);
        assert_int_equal(findings.of[ENS5][METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED].sum_of_first_window,
            generations[g].offers & OFFERS_TOTAL_RESETS ? 1511 : 1510);
    }
}

static uint32_t place_of(const struct counters_names *names, const char *name)
{
    uint32_t place = 0;
    while (place < names->n_names && strncmp(names->slots[place], name, COUNTERS_NAME_BYTES) != 0)
        place++;
    return place;
}

static void assert_names(struct counters *counters, const struct names_of *expected)
{
    struct link link = {.ifname = "ens5"};
    struct counters_names names = {0};
    assert_int_equal(counters->ops->names(counters, &link, &names), 0);
    assert_int_equal(names.n_names, expected->n_names);
    assert_int_equal(place_of(&names, "bw_in_allowance_exceeded"), expected->bw_in);
    assert_int_equal(place_of(&names, "ena_admin_q_no_completion"), expected->no_completion);
}

static void names_stand_where_their_driver_puts_them(void **state)
{
    (void)state;
    for (size_t g = 0; g < ARRAY_SIZE(generations); g++) {
        scoped_counters *counters = open_recording(&generations[g]);
        struct link link = {.ifname = "ens5"};
        char driver[DRIVER_TEXT_MAX], version[DRIVER_TEXT_MAX];
        assert_int_equal(counters->ops->driver(counters, &link, driver, version), 0);
        assert_string_equal(driver, "ena");
        assert_string_equal(version, generations[g].version);
        assert_names(counters, &generations[g].first);
        go_on(counters, LENGTH_MS / 1000);
        assert_names(counters, &generations[g].last);
        assert_ended(counters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_generations_come_to_one_table),
        cmocka_unit_test(what_a_generation_does_not_offer_is_absent),
        cmocka_unit_test(what_a_generation_does_not_offer_is_named),
        cmocka_unit_test(reset_waits_for_the_verdict_where_total_resets_is_not_offered),
        cmocka_unit_test(names_stand_where_their_driver_puts_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
