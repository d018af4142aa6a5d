// SPDX-License-Identifier: Apache-2.0
// The law, over random schedules: what the records of an ENI hold adds up to what was given, and
// the instance's series is the roll-up of every tick. The model below is an independent and simple
// one: it keeps every value of the open window in arrays.
#include "unit/dice.h"
#include "unit/window_bench.h"

#define N_TICKS    4000
#define MAX_VALUES 256
#define INSTANCE   N_ENIS // its place behind the ENIs

// What one record must hold of one metric.
struct expected {
    size_t n_values;
    uint64_t values[MAX_VALUES];
    bool has_property;
    uint64_t property;
};

struct model {
    struct dice dice;
    struct bench *bench;
    struct expected expected[N_ENIS + 1][METRIC_MAX];
    bool was_read[N_ENIS], is_loud[N_ENIS];
    bool has_roll_up[METRIC_MAX]; // of the running tick
    uint64_t roll_up[METRIC_MAX];
    uint64_t largest_available;
    uint64_t srd_sent[N_ENIS + 1], srd_eligible[N_ENIS + 1]; // in this window
    uint64_t given[N_ENIS][METRIC_MAX];                      // counters, since the start
    uint64_t published[N_ENIS][METRIC_MAX];                  // as metric or as property
    size_t n_windows;
    int64_t at_ms;
};

static const struct metric *metric_of(const struct model *model, uint32_t metric)
{
    return &model->bench->catalog.metrics[metric];
}

static void foresee(struct model *model, int who, uint32_t metric, uint64_t value)
{
    struct expected *expected = &model->expected[who][metric];
    unsigned int scope = who == INSTANCE ? METRIC_SCOPE_INSTANCE : METRIC_SCOPE_ENI;
    if (metric == METRIC_SRD_TX_PKTS)
        model->srd_sent[who] += value;
    if (metric == METRIC_SRD_ELIGIBLE_TX_PKTS)
        model->srd_eligible[who] += value;
    if (metric_of(model, metric)->published & scope) {
        assert_true(expected->n_values < MAX_VALUES);
        expected->values[expected->n_values++] = value;
        return;
    }
    bool is_worst = metric_of(model, metric)->kind == METRIC_DURATION && expected->has_property;
    if (is_worst && expected->property > value)
        return;
    bool is_sum = metric_of(model, metric)->kind == METRIC_COUNTER && expected->has_property;
    expected->property = (is_sum ? expected->property : 0) + value;
    expected->has_property = true;
}

static void foresee_reading(struct model *model, int eni, const struct reading *reading)
{
    uint32_t i = reading->metric;
    uint64_t value = reading->value, before = model->roll_up[i];
    foresee(model, eni, i, value);
    if (metric_of(model, i)->kind == METRIC_COUNTER)
        model->given[eni][i] += value;
    if (i < 5 && value > 0)
        model->is_loud[eni] = true;
    if (metric_of(model, i)->kind == METRIC_MODE)
        return;
    if (!model->has_roll_up[i])
        before = metric_of(model, i)->kind == METRIC_GAUGE ? UINT64_MAX : 0;
    model->has_roll_up[i] = true;
    if (metric_of(model, i)->kind == METRIC_COUNTER)
        model->roll_up[i] = before + value;
    else if (metric_of(model, i)->kind == METRIC_GAUGE)
        model->roll_up[i] = value < before ? value : before;
    else
        model->roll_up[i] = value > before ? value : before;
}

// Hundredths of a percent, rounded.
static uint64_t percent(uint64_t part, uint64_t whole)
{
    return (part * 20000 + whole) / (2 * whole);
}

// Of the connections that were ever left, those that are not left any more.
static void foresee_used(struct model *model)
{
    uint64_t largest = model->largest_available;
    if (model->has_roll_up[METRIC_CONNTRACK_ALLOWANCE_AVAILABLE] && largest > 0)
        foresee(model, INSTANCE, METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT,
            percent(largest - model->roll_up[METRIC_CONNTRACK_ALLOWANCE_AVAILABLE], largest));
}

static void foresee_shares(struct model *model)
{
    for (int who = 0; who <= N_ENIS; who++)
        if (model->srd_eligible[who] > 0)
            foresee(model, who, METRIC_SRD_TX_SHARE_PERCENT,
                percent(model->srd_sent[who], model->srd_eligible[who]));
}

static void foresee_end_of_tick(struct model *model)
{
    foresee_used(model);
    for (uint32_t i = 0; i < METRIC_MAX; i++)
        if (model->has_roll_up[i])
            foresee(model, INSTANCE, i, model->roll_up[i]);
    memset(model->has_roll_up, 0, sizeof(model->has_roll_up));
}

static uint64_t random_value(struct model *model)
{
    uint64_t shape = dice_below(&model->dice, 10);
    return shape < 5 ? 0 : shape < 8 ? dice_below(&model->dice, 3) : dice_below(&model->dice, 1e9);
}

static bool is_derived(uint32_t metric)
{
    return metric == METRIC_CONNTRACK_ALLOWANCE_USED_PERCENT ||
        metric == METRIC_SRD_TX_SHARE_PERCENT;
}

static void add_random(struct model *model, int eni)
{
    struct reading readings[METRIC_MAX];
    uint64_t mode = dice_below(&model->dice, 4);
    bool has_mode = dice_below(&model->dice, 8) > 0;
    size_t n = 0;
    for (uint32_t i = 0; i < model->bench->catalog.n_metrics; i++) {
        if (is_derived(i))
            continue;
        bool is_mode = metric_of(model, i)->kind == METRIC_MODE;
        if (is_mode ? !has_mode : dice_below(&model->dice, 10) == 0)
            continue;
        readings[n] = (struct reading){i, is_mode ? mode : random_value(model)};
        // ENA Express says something only while bit 0 of its mode is set, or has just been.
        bool is_muted = metric_of(model, i)->group == METRIC_GROUP_SRD && !is_mode &&
            !(has_mode && (mode == 1 || mode == 3)) &&
            (readings[n].value == 0 || metric_of(model, i)->kind != METRIC_COUNTER);
        if (!is_muted)
            foresee_reading(model, eni, &readings[n]);
        if (i == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE &&
            readings[n].value > model->largest_available)
            model->largest_available = readings[n].value;
        n++;
    }
    model->was_read[eni] = true;
    add(model->bench, eni, readings, n);
}

static bool has_series(const struct model *model, int who)
{
    for (uint32_t i = 0; i < METRIC_MAX; i++)
        if (model->expected[who][i].n_values > 0)
            return true;
    return false;
}

static void assert_record_is_expected(struct model *model, const struct record *record, int who)
{
    for (uint32_t i = 0; i < METRIC_MAX; i++) {
        const struct expected *expected = &model->expected[who][i];
        const struct reading *property = property_of(record, i);
        if (expected->n_values > 0)
            assert_values(record, i, expected->values, expected->n_values);
        else
            assert_null(series_of(record, i));
        assert_int_equal(property != NULL, expected->has_property);
        if (property != NULL)
            assert_int_equal(property->value, expected->property);
    }
}

static void count_published(struct model *model, const struct record *record, int eni)
{
    for (uint32_t i = 0; i < record->n_series; i++)
        for (uint32_t k = 0; k < record->series[i].n_runs; k++)
            model->published[eni][record->series[i].metric] += record->series[i].runs[k].value *
                record->series[i].runs[k].n_values;
    for (uint32_t i = 0; i < record->n_properties; i++)
        model->published[eni][record->properties[i].metric] += record->properties[i].value;
}

static int eni_of(const struct model *model, const struct record *record)
{
    for (int eni = 0; eni < N_ENIS; eni++)
        if (memcmp(&record->eni.mac, &model->bench->enis[eni].mac, sizeof(struct mac)) == 0)
            return eni;
    fail_msg("a record of nobody");
    return 0;
}

static void assert_window_is_expected(struct model *model)
{
    const struct record *record = model->bench->records;
    bool seen[N_ENIS] = {false};
    uint32_t n_read = 0;
    for (int eni = 0; eni < N_ENIS; eni++)
        n_read += model->was_read[eni];
    assert_int_equal(
        record != NULL && record->scope == METRIC_SCOPE_INSTANCE, has_series(model, INSTANCE));
    if (has_series(model, INSTANCE)) {
        assert_record_is_expected(model, record, INSTANCE);
        assert_int_equal(record->n_enis, n_read);
        record = record->next;
    }
    for (; record != NULL; record = record->next) {
        int eni = eni_of(model, record);
        assert_int_equal(record->scope, METRIC_SCOPE_ENI);
        assert_false(seen[eni]);
        seen[eni] = true;
        assert_record_is_expected(model, record, eni);
        count_published(model, record, eni);
    }
    bool sends_all = model->bench->options.quiet_enis == QUIET_ENIS_SEND;
    for (int eni = 0; eni < N_ENIS; eni++)
        assert_int_equal(seen[eni], has_series(model, eni) && (sends_all || model->is_loud[eni]));
}

// Takes what the bench closed, if it did, and starts the next window of the model.
static void settle(struct model *model)
{
    if (model->bench->n_closed == 0)
        return;
    assert_int_equal(model->bench->n_closed, 1);
    foresee_shares(model);
    assert_window_is_expected(model);
    forget_records(model->bench);
    memset(model->expected, 0, sizeof(model->expected));
    memset(model->was_read, 0, sizeof(model->was_read));
    memset(model->is_loud, 0, sizeof(model->is_loud));
    memset(model->srd_sent, 0, sizeof(model->srd_sent));
    memset(model->srd_eligible, 0, sizeof(model->srd_eligible));
    model->n_windows++;
}

// Mostly the interval and a little jitter; at times a long pause, or a step of the wall clock.
static void move_time(struct model *model)
{
    model->at_ms += 1000 + (int64_t)dice_below(&model->dice, 3);
    if (dice_below(&model->dice, 60) == 0)
        model->at_ms += (int64_t)dice_below(&model->dice, 200000);
    if (dice_below(&model->dice, 100) == 0)
        model->bench->step_ms += (int64_t)dice_below(&model->dice, 600000) - 300000;
}

static void run_schedule(struct model *model, bool is_stopped)
{
    uint64_t n_present = 1 + dice_below(&model->dice, N_ENIS);
    for (int i = 0; i < N_TICKS; i++) {
        move_time(model);
        begin(model->bench, model->at_ms);
        settle(model);
        if (dice_below(&model->dice, 200) == 0)
            n_present = dice_below(&model->dice, N_ENIS + 1);
        for (int eni = 0; eni < (int)n_present; eni++)
            if (dice_below(&model->dice, 20) > 0)
                add_random(model, eni);
        foresee_end_of_tick(model);
        end(model->bench);
        settle(model);
        if (is_stopped && i + 1 == N_TICKS) {
            close_window(model->bench);
            settle(model);
        }
    }
}

// Random metrics are published, in random scopes; a mode never of the instance, as the catalog has
// it.
static struct model *model_create(void **state, enum quiet_enis quiet_enis)
{
    struct bench *bench = BENCH(.metrics = {"default", "tx_timeout", "queue_0_tx_cnt"},
        .period_ms = 30000, .quiet_enis = quiet_enis);
    struct model *model = test_calloc(1, sizeof(*model));
    model->bench = bench;
    dice_init(&model->dice);
    for (uint32_t i = 0; i < bench->catalog.n_metrics; i++)
        bench->catalog.metrics[i].published = (unsigned int)dice_below(&model->dice, 4) &
            (bench->catalog.metrics[i].kind == METRIC_MODE ? METRIC_SCOPE_ENI : 3u);
    // Every ENI and the instance have a metric, so that every window has its records.
    bench->catalog.metrics[METRIC_BW_IN_ALLOWANCE_EXCEEDED].published = 3;
    return model;
}

static void what_is_published_of_an_eni_adds_up_to_what_was_given(void **state)
{
    struct model *model = model_create(state, QUIET_ENIS_SEND);
    run_schedule(model, true);
    assert_true(model->n_windows > 50);
    for (int eni = 0; eni < N_ENIS; eni++)
        for (uint32_t i = 0; i < METRIC_MAX; i++)
            if (metric_of(model, i)->kind == METRIC_COUNTER)
                assert_int_equal(model->published[eni][i], model->given[eni][i]);
    test_free(model);
}

static void what_is_left_out_of_quiet_enis_never_exceeded_anything(void **state)
{
    struct model *model = model_create(state, QUIET_ENIS_OMIT);
    run_schedule(model, true);
    for (int eni = 0; eni < N_ENIS; eni++)
        for (uint32_t i = 0; i < METRIC_N_EXCEEDED; i++)
            assert_int_equal(model->published[eni][i], model->given[eni][i]);
    test_free(model);
}

#define TEST(name) cmocka_unit_test_teardown(name, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_published_of_an_eni_adds_up_to_what_was_given),
        TEST(what_is_left_out_of_quiet_enis_never_exceeded_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
