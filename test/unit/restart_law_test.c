// SPDX-License-Identifier: Apache-2.0
// A restart changes nothing: over random schedules of faults, a delta table that is saved and
// loaded at random samples says of every sample what the one says that goes on.
//
// ENAWATCH_TEST_SCHEDULES=N and ENAWATCH_TEST_SEED: as in truth_law_test.c.
#include "flow/catalog.h"
#include "support/reload.h"
#include "support/schedule.h"

#define N_SCHEDULES 20000

struct trial {
    const struct schedule_class *schedule_class;
    struct catalog catalog;
    struct delta_table steady, restarted;
    struct schedule schedule;
    struct eni eni; // of the sample
    struct sample sample;
    struct delta expected, delta;
    uint64_t seed;
    uint64_t restart_in; // so many samples, on average
    bool is_restarted;
    size_t n_samples, n_restarts; // that were compared; in all
};

static void fail_trial(const struct trial *trial, const char *what)
{
    fail_msg("%s differs: class \"%s\", ENAWATCH_TEST_SCHEDULES=1 ENAWATCH_TEST_SEED=%" PRIu64
             ", look %zu",
        what, trial->schedule_class->name, trial->seed, trial->schedule.n_looks);
}

static void compare_readings(const struct trial *trial)
{
    const struct delta *expected = &trial->expected, *delta = &trial->delta;
    if (delta->n_readings != expected->n_readings)
        fail_trial(trial, "what is published");
    for (uint32_t i = 0; i < expected->n_readings; i++) {
        if (delta->readings[i].metric != expected->readings[i].metric)
            fail_trial(trial, "what is published");
        if (delta->readings[i].value != expected->readings[i].value)
            fail_trial(trial, trial->catalog.metrics[expected->readings[i].metric].name);
    }
}

// Until the first restart there is one table. The dice are none of the schedule's: it goes on as it
// would without restarts.
static void perhaps_restart(struct trial *trial, const struct look *look)
{
    struct dice dice = {trial->seed ^ look->at.boot_ns};
    if (dice_below(&dice, trial->restart_in) > 0)
        return;
    scoped_free char *text = reload_save(trial->is_restarted ? &trial->restarted : &trial->steady);
    reload_load(&trial->restarted, text, &look->at);
    trial->is_restarted = true;
    trial->n_restarts++;
}

static void see(struct trial *trial, const struct look *look)
{
    schedule_fill(&trial->schedule, look, &trial->eni, &trial->sample);
    perhaps_restart(trial, look);
    enum delta_outcome expected = delta_table_apply(
        &trial->steady, &trial->sample, &trial->expected);
    if (!trial->is_restarted)
        return;
    if (delta_table_apply(&trial->restarted, &trial->sample, &trial->delta) != expected)
        fail_trial(trial, "the outcome");
    compare_readings(trial);
    if (trial->delta.elapsed_ns != trial->expected.elapsed_ns)
        fail_trial(trial, "the time that is covered");
    if (trial->delta.verdicts != trial->expected.verdicts)
        fail_trial(trial, "a verdict");
    if (trial->delta.held != trial->expected.held)
        fail_trial(trial, "what is held");
    if (trial->delta.is_turning_point != trial->expected.is_turning_point)
        fail_trial(trial, "a turning point");
    trial->n_samples++;
}

// Some more than half of those that it will have.
static uint64_t n_looks(const struct schedule *schedule)
{
    return schedule->n_slots * (schedule->n_ticks + SCHEDULE_N_TAIL_TICKS) * 2 / 3;
}

static void run_schedule(struct trial *trial, uint64_t seed)
{
    struct delta_options options = {.verdict_ms = SCHEDULE_VERDICT_NS / NS_PER_MS};
    const struct look *look;
    trial->seed = seed;
    delta_table_init(&trial->steady, &trial->catalog, &options);
    delta_table_init(&trial->restarted, &trial->catalog, &options);
    schedule_init(&trial->schedule, trial->schedule_class, seed);
    trial->restart_in = seed % 500 == 0 ? 1 : seed % 50 == 0 ? 10 : n_looks(&trial->schedule);
    trial->is_restarted = false;
    while ((look = schedule_next(&trial->schedule)) != NULL)
        see(trial, look);
    delta_table_finish(&trial->steady);
    delta_table_finish(&trial->restarted);
}

static int set_up(void **state)
{
    static char *words[] = {(char *)"default", (char *)"queue_0_tx_cnt"};
    struct catalog_options options = {.metrics = {ARRAY_SIZE(words), words}};
    struct trial *trial = xcalloc(1, sizeof(*trial));
    trial->schedule_class = *state;
    catalog_init(&trial->catalog, &options);
    *state = trial;
    return 0;
}

static int tear_down(void **state)
{
    struct trial *trial = *state;
    delta_table_finish(&trial->steady);
    delta_table_finish(&trial->restarted);
    free(trial);
    return 0;
}

static void every_sample_is_judged_as_if_there_had_been_no_restart(void **state)
{
    struct trial *trial = *state;
    size_t n_schedules = schedule_n_of_each(N_SCHEDULES, SCHEDULE_N_CLASSES);
    struct dice dice;
    dice_init(&dice);
    uint64_t seed = dice.state;
    for (size_t i = 0; i < n_schedules; i++) {
        run_schedule(trial, seed);
        seed = dice_next(&dice);
    }
    print_message("# %s: %zu schedules, %zu samples, %zu restarts\n", trial->schedule_class->name,
        n_schedules, trial->n_samples, trial->n_restarts);
    assert_true(n_schedules == 1 || trial->n_restarts > n_schedules);
}

int main(void)
{
    struct CMUnitTest tests[SCHEDULE_N_CLASSES];
    for (size_t i = 0; i < SCHEDULE_N_CLASSES; i++)
        tests[i] = (struct CMUnitTest){schedule_classes[i].name,
            every_sample_is_judged_as_if_there_had_been_no_restart, set_up, tear_down,
            (void *)&schedule_classes[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
