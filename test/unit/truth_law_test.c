// SPDX-License-Identifier: Apache-2.0
// The law of truth (rule 8) of flow/delta.c over random schedules of faults: what was published of
// each counter is what an observer could know, to the last count (support/oracle.h).
//
// ENAWATCH_TEST_SCHEDULES=N: so many in all. A failure names the class and the schedule's own seed:
// ENAWATCH_TEST_SCHEDULES=1 ENAWATCH_TEST_SEED=that seed plays it alone, once in each class.
#include "support/trial.h"

#define N_SCHEDULES 10000

struct bench {
    const struct schedule_class *schedule_class;
    struct schedule schedule;
    struct trial trial;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->schedule_class = *state;
    trial_init(&bench->trial);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    trial_finish(&bench->trial);
    free(bench);
    return 0;
}

static void run_schedule(struct bench *bench, uint64_t seed)
{
    const struct look *look;
    schedule_init(&bench->schedule, bench->schedule_class, seed);
    trial_begin(&bench->trial, &bench->schedule, seed);
    while ((look = schedule_next(&bench->schedule)) != NULL)
        trial_see(&bench->trial, look);
    trial_end(&bench->trial);
}

static void what_is_published_is_what_an_observer_could_know(void **state)
{
    struct bench *bench = *state;
    struct trial *trial = &bench->trial;
    size_t n_schedules = schedule_n_of_each(N_SCHEDULES, SCHEDULE_N_CLASSES);
    struct dice dice;
    dice_init(&dice);
    uint64_t seed = dice.state;
    // Replayed alone: say what is lost.
    trial->is_strict = bench->schedule_class->is_spaced || n_schedules == 1;
    for (size_t i = 0; i < n_schedules; i++) {
        run_schedule(bench, seed);
        seed = dice_next(&dice);
    }
    print_message("# %s: %zu schedules, %zu with an interval; %zu sums, %zu with an interval\n",
        bench->schedule_class->name, trial->n_schedules, trial->n_wide_schedules, trial->n_sums,
        trial->n_wide);
    if (bench->schedule_class->is_spaced)
        assert_int_equal(trial->n_wide, 0);
    // Faults on top of each other may cost a count (flow/truth.md), seldom.
    print_message("# %zu of them lost a count, the last one with seed %" PRIu64 "\n",
        trial->n_lossy, trial->lossy_seed);
    assert_true(trial->n_lossy <= 1 + trial->n_schedules / 100);
}

int main(void)
{
    struct CMUnitTest tests[SCHEDULE_N_CLASSES];
    for (size_t i = 0; i < SCHEDULE_N_CLASSES; i++)
        tests[i] = (struct CMUnitTest){schedule_classes[i].name,
            what_is_published_is_what_an_observer_could_know, set_up, tear_down,
            (void *)&schedule_classes[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
