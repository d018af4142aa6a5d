// SPDX-License-Identifier: Apache-2.0
// Snapshots of an open window: the records that closing it would give, and no trace of them in the
// records that it gives in the end. Two windows get the same deltas, and only one is looked at.
#include "unit/dice.h"
#include "unit/window_bench.h"

#define N_TICKS 6000

struct twins {
    struct bench *looked_at, *alone;
    struct dice dice;
    size_t n_compared;
};

static void assert_same_series(const struct series *a, const struct series *b)
{
    assert_int_equal(a->metric, b->metric);
    assert_int_equal(a->n_values, b->n_values);
    assert_int_equal(a->n_runs, b->n_runs);
    for (uint32_t i = 0; i < a->n_runs; i++) {
        assert_int_equal(a->runs[i].value, b->runs[i].value);
        assert_int_equal(a->runs[i].n_values, b->runs[i].n_values);
    }
}

static void assert_same_record(const struct record *a, const struct record *b)
{
    assert_int_equal(a->scope, b->scope);
    assert_memory_equal(&a->eni.mac, &b->eni.mac, sizeof(a->eni.mac));
    assert_int_equal(a->eni.ifindex, b->eni.ifindex);
    assert_int_equal(a->start_ms, b->start_ms);
    assert_int_equal(a->clock_offset_ms, b->clock_offset_ms);
    assert_int_equal(a->period_ms, b->period_ms);
    assert_int_equal(a->sample_ms, b->sample_ms);
    assert_int_equal(a->gap_ms, b->gap_ms);
    assert_int_equal(a->n_enis, b->n_enis);
    assert_int_equal(a->bytes, b->bytes);
    assert_memory_equal(&a->unsupported, &b->unsupported, sizeof(a->unsupported));
    assert_int_equal(a->n_series, b->n_series);
    for (uint32_t i = 0; i < a->n_series; i++)
        assert_same_series(&a->series[i], &b->series[i]);
    assert_int_equal(a->n_properties, b->n_properties);
    for (uint32_t i = 0; i < a->n_properties; i++) {
        assert_int_equal(a->properties[i].metric, b->properties[i].metric);
        assert_int_equal(a->properties[i].value, b->properties[i].value);
    }
}

static void assert_same_records(const struct record *a, const struct record *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next)
        assert_same_record(a, b);
    assert_null(a);
    assert_null(b);
}

static void free_records(struct record *record)
{
    while (record != NULL) {
        struct record *next = record->next;
        free(record);
        record = next;
    }
}

static void settle(struct twins *twins)
{
    assert_int_equal(twins->looked_at->n_closed, twins->alone->n_closed);
    assert_same_records(twins->looked_at->records, twins->alone->records);
    twins->n_compared += twins->alone->n_closed;
    forget_records(twins->looked_at);
    forget_records(twins->alone);
}

static void add_random(struct twins *twins, int eni)
{
    struct reading readings[METRIC_MAX];
    size_t n = 0;
    for (uint32_t i = 0; i < twins->alone->catalog.n_metrics; i++) {
        bool is_derived = twins->alone->catalog.metrics[i].group == METRIC_GROUP_DERIVED;
        if (is_derived || dice_below(&twins->dice, 10) == 0)
            continue;
        uint64_t value = dice_below(&twins->dice, 3) > 0 ? 0 : dice_below(&twins->dice, 1000);
        readings[n++] = (struct reading){i, i == METRIC_SRD_MODE ? METRIC_SRD_MODE_ON : value};
    }
    uint64_t elapsed_ms = 1000 + dice_below(&twins->dice, 2000);
    twins->looked_at->elapsed_ms = twins->alone->elapsed_ms = elapsed_ms;
    add(twins->looked_at, eni, readings, n);
    add(twins->alone, eni, readings, n);
}

// Closes both at times, at once behind a look.
static void look(struct twins *twins)
{
    struct record *records = window_snapshot(&twins->looked_at->window);
    for (const struct record *record = records; record != NULL; record = record->next)
        assert_well_formed(record);
    if (dice_below(&twins->dice, 8) == 0) {
        close_window(twins->looked_at);
        close_window(twins->alone);
        assert_same_records(records, twins->alone->records);
        settle(twins);
    }
    free_records(records);
}

static void tick_both(struct twins *twins, int64_t ms)
{
    int n_enis = 1 + (int)dice_below(&twins->dice, N_ENIS);
    begin(twins->looked_at, ms);
    begin(twins->alone, ms);
    settle(twins);
    for (int eni = 0; eni < n_enis; eni++)
        if (dice_below(&twins->dice, 10) > 0)
            add_random(twins, eni);
    if (dice_below(&twins->dice, 10) == 0)
        look(twins);
    end(twins->looked_at);
    end(twins->alone);
    settle(twins);
    if (dice_below(&twins->dice, 4) == 0)
        look(twins);
}

// Random metrics are published in random scopes; at times none of the instance, whose sums then go
// on from window to window.
static struct bench *create(struct twins *twins, uint64_t seed, enum quiet_enis quiet_enis)
{
    struct bench *bench = bench_create(&(struct bench_settings){
        .metrics = {"default", "tx_timeout"}, .period_ms = 20000, .quiet_enis = quiet_enis});
    unsigned int scopes = seed % 3 == 0 ? METRIC_SCOPE_ENI : METRIC_SCOPES;
    twins->dice.state = seed;
    for (uint32_t i = 0; i < bench->catalog.n_metrics; i++)
        bench->catalog.metrics[i].published = (unsigned int)dice_below(&twins->dice, 4) & scopes &
            (bench->catalog.metrics[i].kind == METRIC_MODE ? METRIC_SCOPE_ENI : METRIC_SCOPES);
    for (int i = 0; i < N_ENIS; i++)
        metric_set_add(&bench->enis[i].offered, (uint32_t)i);
    return bench;
}

static void run(uint64_t seed)
{
    struct twins twins = {0};
    enum quiet_enis quiet_enis = seed % 2 ? QUIET_ENIS_OMIT : QUIET_ENIS_SEND;
    int64_t ms = 0;
    twins.looked_at = create(&twins, seed, quiet_enis);
    twins.alone = create(&twins, seed, quiet_enis);
    for (int i = 0; i < N_TICKS / 12; i++) {
        ms += 1000 + (dice_below(&twins.dice, 30) == 0 ? 15000 : 0);
        tick_both(&twins, ms);
    }
    assert_true(twins.n_compared > 10);
    bench_tear_down((void **)&twins.looked_at);
    bench_tear_down((void **)&twins.alone);
}

static void a_look_shows_what_closing_gives_and_leaves_no_trace(void **state)
{
    (void)state;
    struct dice dice;
    dice_init(&dice);
    for (int i = 0; i < 12; i++)
        run(dice_next(&dice));
}

static void a_window_that_is_not_open_has_nothing_to_show(void **state)
{
    struct bench *bench = BENCH(.period_ms = 20000);
    assert_null(window_snapshot(&bench->window));
    tick(bench, 1000, 3);
    struct record *records = window_snapshot(&bench->window);
    assert_non_null(records);
    free_records(records);
    close_window(bench);
    assert_null(window_snapshot(&bench->window));
}

// By hand: 30 of 40 eligible packets in the ticks so far; then 10 of 60 more.
static void a_share_is_of_the_window_so_far_each_time(void **state)
{
    struct bench *bench = BENCH(.quiet_enis = QUIET_ENIS_SEND);
    static const struct {
        uint64_t eligible, sent, share;
    } ticks[] = {{40, 30, 7500}, {60, 10, 4000}};
    for (size_t i = 0; i < ARRAY_SIZE(ticks); i++) {
        begin(bench, 1000 * (int64_t)(i + 1));
        ADD(bench, 0, {METRIC_SRD_MODE, METRIC_SRD_MODE_ON}, {METRIC_SRD_TX_PKTS, ticks[i].sent},
            {METRIC_SRD_ELIGIBLE_TX_PKTS, ticks[i].eligible});
        end(bench);
        for (int look = 0; look < 3; look++) {
            struct record *records = window_snapshot(&bench->window);
            ASSERT_VALUES(records, METRIC_SRD_TX_SHARE_PERCENT, ticks[i].share);
            ASSERT_VALUES(records->next, METRIC_SRD_TX_SHARE_PERCENT, ticks[i].share);
            free_records(records);
        }
    }
}

static void begin_with_sums(struct bench *bench, int64_t ms)
{
    begin(bench, ms);
    ADD(bench, OF_INSTANCE, {METRIC_SELF_RECORDS_MADE, 3}, {METRIC_KERNEL_CONNTRACK_DROP, 0},
        {METRIC_KERNEL_CONNTRACK_COUNT, 7});
    end(bench);
}

static void assert_untold(const struct window *window, uint64_t n_made)
{
    struct reading readings[METRIC_MAX];
    assert_int_equal(window_untold(window, readings), 1);
    assert_int_equal(readings[0].metric, METRIC_SELF_RECORDS_MADE);
    assert_int_equal(readings[0].value, n_made);
}

static void sums_that_no_record_tells_go_on(void **state)
{
    struct bench *bench = BENCH(.period_ms = 20000);
    struct reading readings[METRIC_MAX];
    assert_int_equal(window_untold(&bench->window, readings), 0);
    begin_with_sums(bench, 1000);
    assert_untold(&bench->window, 3);
    close_window(bench);
    assert_int_equal(n_records(bench), 0);
    assert_untold(&bench->window, 3);
    begin_with_sums(bench, 21000);
    assert_untold(&bench->window, 6);
    tick(bench, 22000, 5);
    assert_int_equal(window_untold(&bench->window, readings), 0);
    close_window(bench);
    assert_property(instance_of(bench), METRIC_SELF_RECORDS_MADE, 6);
    assert_int_equal(window_untold(&bench->window, readings), 0);
}

static void sums_of_somebody_else_are_added(void **state)
{
    struct bench *bench = BENCH(.period_ms = 20000);
    window_recall_untold(&bench->window, &(struct reading){METRIC_SELF_RECORDS_MADE, 4});
    window_recall_untold(&bench->window, &(struct reading){METRIC_KERNEL_CONNTRACK_COUNT, 9});
    assert_untold(&bench->window, 4);
    begin_with_sums(bench, 1000);
    tick(bench, 2000, 5);
    close_window(bench);
    assert_property(instance_of(bench), METRIC_SELF_RECORDS_MADE, 7);
    assert_property(instance_of(bench), METRIC_KERNEL_CONNTRACK_COUNT, 7);
}

#define TEST(name) cmocka_unit_test_teardown(name, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_look_shows_what_closing_gives_and_leaves_no_trace),
        TEST(a_window_that_is_not_open_has_nothing_to_show),
        TEST(a_share_is_of_the_window_so_far_each_time),
        TEST(sums_that_no_record_tells_go_on),
        TEST(sums_of_somebody_else_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
