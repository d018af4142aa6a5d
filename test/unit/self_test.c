// SPDX-License-Identifier: Apache-2.0
// Our own health on its way through delta and window, as the pipeline takes it: what a record says
// is what was counted.
#include <string.h>

#include "base.h"
#include "collector/self.h"
#include "flow/catalog.h"
#include "flow/delta.h"
#include "flow/window.h"
#include "support/unit.h"

#define START_MS INT64_C(1699999200000) // 2023-11-14 22:00:00 UTC
#define AGE      METRIC_SELF_DELIVERY_AGE_MS

struct bench {
    struct catalog catalog;
    struct window_options window_options;
    struct delta_table deltas;
    struct window window;
    struct health health, told;
    struct collector *collector;
    struct now now;
    struct sample sample;
    struct delta delta;
    struct record *record; // of the window that was closed last
};

static int set_up(void **state)
{
    static char *words[] = {(char *)"default", (char *)"self_samples"};
    struct bench *bench = xcalloc(1, sizeof(*bench));
    struct catalog_options options = {{ARRAY_SIZE(words), words}};
    catalog_init(&bench->catalog, &options);
    bench->window_options.period_ms = 10 * MS_PER_S;
    delta_table_init(&bench->deltas, &bench->catalog, &(struct delta_options){10 * MS_PER_S});
    window_init(&bench->window, &bench->catalog, &bench->window_options, MS_PER_S);
    bench->collector = self_create(&bench->health, &bench->told);
    bench->now = (struct now){.boot_ns = 5000 * NS_PER_S, .wall_ms = START_MS};
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    bench->collector->ops->destroy(bench->collector);
    free(bench->record);
    window_finish(&bench->window);
    delta_table_finish(&bench->deltas);
    free(bench);
    return 0;
}

static void apply(struct bench *bench)
{
    delta_table_apply(&bench->deltas, &bench->sample, &bench->delta);
    if (bench->delta.n_readings > 0)
        window_add(&bench->window, &bench->delta);
}

static void close_window(struct bench *bench)
{
    free(bench->record);
    bench->record = window_close(&bench->window);
}

static int make_tick(struct bench *bench, bool is_stopped)
{
    int n_samples = 0;
    enum collect r;
    bench->now.boot_ns += NS_PER_S;
    bench->now.wall_ms += MS_PER_S;
    window_open(&bench->window, &bench->now);
    struct tick tick = {bench->now, is_stopped || window_is_last_tick(&bench->window, &bench->now)};
    memset(&bench->sample, 0xaa, sizeof(bench->sample)); // what the last sample was is gone
    while ((r = bench->collector->ops->collect(bench->collector, &tick, &bench->sample)) ==
        COLLECT_SAMPLE) {
        assert_in_range(++n_samples, 1, 2);
        assert_null(bench->sample.eni);
        assert_int_equal(bench->sample.read_ns, 0);
        assert_int_equal(bench->sample.at.boot_ns, bench->now.boot_ns);
        apply(bench);
    }
    assert_int_equal(r, COLLECT_DONE);
    if (window_end_tick(&bench->window, &bench->now) || is_stopped)
        close_window(bench);
    return n_samples;
}

// A tick a second after the last one, every tenth of them the last of its window; how many samples
// it gave.
static int tick(struct bench *bench)
{
    return make_tick(bench, false);
}

// The last tick of a daemon that was asked to stop.
static int stop(struct bench *bench)
{
    return make_tick(bench, true);
}

static void assert_samples(const struct bench *bench, const uint64_t *values, size_t n)
{
    assert_non_null(bench->record);
    assert_int_equal(bench->record->n_series, 1);
    const struct series *series = &bench->record->series[0];
    assert_int_equal(series->metric, METRIC_SELF_SAMPLES);
    assert_int_equal(series->n_values, n);
    size_t at = 0;
    for (uint32_t i = 0; i < series->n_runs; i++)
        for (uint32_t k = 0; k < series->runs[i].n_values; k++)
            assert_int_equal(series->runs[i].value, values[at++]);
}

#define ASSERT_SAMPLES(bench, ...)                                                                 \
    assert_samples(                                                                                \
        bench, (const uint64_t[]){__VA_ARGS__}, ARRAY_SIZE(((const uint64_t[]){__VA_ARGS__})))

static const struct reading *property_of(const struct bench *bench, uint32_t metric)
{
    for (uint32_t i = 0; i < bench->record->n_properties; i++)
        if (bench->record->properties[i].metric == metric)
            return &bench->record->properties[i];
    return NULL;
}

static void assert_property(const struct bench *bench, uint32_t metric, uint64_t value)
{
    const struct reading *property = property_of(bench, metric);
    if (property == NULL)
        fail_msg("metric %u is no property", metric);
    assert_int_equal(property->value, value);
}

static void what_the_first_window_counts_is_not_lost(void **state)
{
    struct bench *bench = *state;
    bench->health.n_ticks_late = 1;
    for (int i = 0; i < 20; i++) {
        bench->health.n_samples += i < 10 ? 4 : 3; // the ENIs are read before
        tick(bench);
        if (i == 9) {
            ASSERT_SAMPLES(bench, 40);
            assert_property(bench, METRIC_SELF_TICKS_LATE, 1);
        }
    }
    ASSERT_SAMPLES(bench, 30);
    assert_property(bench, METRIC_SELF_TICKS_LATE, 0);
}

// The kernel's connection tracking is of the instance too, and comes first.
static void it_is_not_lost_either_behind_another_sample_of_the_instance(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 10; i++) {
        bench->sample = (struct sample){
            .at = {.boot_ns = bench->now.boot_ns + NS_PER_S},
            .n_readings = 1,
            .readings = {{METRIC_KERNEL_CONNTRACK_DROP, 1000}},
        };
        apply(bench);
        bench->health.n_samples += 4;
        tick(bench);
    }
    ASSERT_SAMPLES(bench, 40);
}

static void a_daemon_that_is_stopped_at_once_tells_of_its_one_tick(void **state)
{
    struct bench *bench = *state;
    bench->health.n_samples = 4;
    assert_int_equal(stop(bench), 2); // zeros, then what was counted since
    ASSERT_SAMPLES(bench, 4);
}

static void a_daemon_that_is_stopped_tells_of_its_last_window(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 14; i++) {
        bench->health.n_samples += 4;
        bench->health.n_lies++;
        tick(bench);
    }
    bench->health.n_samples += 2;
    stop(bench);
    ASSERT_SAMPLES(bench, 18);
    assert_property(bench, METRIC_SELF_LIES, 4);
}

// Another configuration begins with a table and a window of its own.
static void change(struct bench *bench)
{
    bench->collector->ops->destroy(bench->collector);
    delta_table_finish(&bench->deltas);
    delta_table_init(&bench->deltas, &bench->catalog, &(struct delta_options){10 * MS_PER_S});
    close_window(bench);
    bench->collector = self_create(&bench->health, &bench->told);
}

static void the_next_collector_goes_on_where_the_last_sample_was(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 13; i++) {
        bench->health.n_samples += 4;
        bench->health.n_ticks_missed++;
        tick(bench);
    }
    bench->health.n_maybe_doubled = 5; // behind the last tick
    bench->health.n_records_made = 2;
    bench->health.n_records_waiting = 2;
    change(bench);
    change(bench); // at once: none of the one in between was asked
    bench->health.n_samples += 4;
    bench->health.n_records_made++;
    stop(bench);
    ASSERT_SAMPLES(bench, 16);
    assert_property(bench, METRIC_SELF_TICKS_MISSED, 3);
    assert_property(bench, METRIC_SELF_MAYBE_DOUBLED, 5);
    // Where those of records were the journal's baseline knows.
    assert_property(bench, METRIC_SELF_RECORDS_MADE, 1);
    assert_property(bench, METRIC_SELF_RECORDS_WAITING, 2);
}

static void a_daemon_to_which_nothing_happens_says_so(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 10; i++)
        tick(bench);
    ASSERT_SAMPLES(bench, 0);
    for (uint32_t i = METRIC_SELF_SAMPLES_MISSED; i <= METRIC_SELF_IMDS_FAILURES; i++)
        assert_property(bench, i, 0);
    assert_null(property_of(bench, AGE)); // nothing was ever delivered
}

static void the_first_tick_and_the_last_of_each_window_have_a_sample(void **state)
{
    struct bench *bench = *state;
    for (int i = 1; i <= 40; i++)
        assert_int_equal(tick(bench), i == 1 || i % 10 == 0);
}

static void each_count_has_a_metric_of_its_own(void **state)
{
    struct bench *bench = *state;
    const struct {
        uint64_t *count;
        uint32_t metric;
    } counts[] = {{&bench->health.n_samples_missed, METRIC_SELF_SAMPLES_MISSED},
        {&bench->health.n_ticks_missed, METRIC_SELF_TICKS_MISSED},
        {&bench->health.n_ticks_late, METRIC_SELF_TICKS_LATE},
        {&bench->health.n_suspect, METRIC_SELF_SUSPECT}, {&bench->health.n_lies, METRIC_SELF_LIES},
        {&bench->health.n_resets, METRIC_SELF_RESETS},
        {&bench->health.n_rebased, METRIC_SELF_REBASED},
        {&bench->health.n_records_made, METRIC_SELF_RECORDS_MADE},
        {&bench->health.n_records_delivered, METRIC_SELF_RECORDS_DELIVERED},
        {&bench->health.n_records_refused, METRIC_SELF_RECORDS_REFUSED},
        {&bench->health.n_records_expired, METRIC_SELF_RECORDS_EXPIRED},
        {&bench->health.n_documents_refused, METRIC_SELF_DOCUMENTS_REFUSED},
        {&bench->health.n_maybe_doubled, METRIC_SELF_MAYBE_DOUBLED},
        {&bench->health.n_reconnects, METRIC_SELF_RECONNECTS},
        {&bench->health.n_imds_requests, METRIC_SELF_IMDS_REQUESTS},
        {&bench->health.n_imds_failures, METRIC_SELF_IMDS_FAILURES}};
    tick(bench);
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        *counts[i].count += 100 + i;
    stop(bench);
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        assert_property(bench, counts[i].metric, 100 + i);
}

static void the_age_of_the_last_delivery_is_told_from_the_first_one_on(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 10; i++)
        tick(bench);
    assert_null(property_of(bench, AGE));
    bench->health.delivered_ns = bench->now.boot_ns + 250 * NS_PER_MS;
    for (int i = 0; i < 10; i++)
        tick(bench);
    assert_property(bench, AGE, 9750); // when the window ended
    for (int i = 0; i < 10; i++)
        tick(bench);
    assert_property(bench, AGE, 19750);
}

// The sink is looked at in the middle of a tick too.
static void a_delivery_after_the_tick_began_has_no_age(void **state)
{
    struct bench *bench = *state;
    tick(bench);
    bench->health.delivered_ns = bench->now.boot_ns + NS_PER_S + 1;
    stop(bench);
    assert_property(bench, AGE, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_first_window_counts_is_not_lost),
        TEST(it_is_not_lost_either_behind_another_sample_of_the_instance),
        TEST(a_daemon_that_is_stopped_at_once_tells_of_its_one_tick),
        TEST(a_daemon_that_is_stopped_tells_of_its_last_window),
        TEST(the_next_collector_goes_on_where_the_last_sample_was),
        TEST(a_daemon_to_which_nothing_happens_says_so),
        TEST(the_first_tick_and_the_last_of_each_window_have_a_sample),
        TEST(each_count_has_a_metric_of_its_own),
        TEST(the_age_of_the_last_delivery_is_told_from_the_first_one_on),
        TEST(a_delivery_after_the_tick_began_has_no_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
