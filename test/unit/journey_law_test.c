// SPDX-License-Identifier: Apache-2.0
// Nothing lost, nothing twice: the whole way from samples to the destination, with the journal on
// disk, over random schedules of what befalls interfaces, clocks, destination, daemon and machine.
// What holds at every step and at the end: support/books.h, support/journey.h.
//
// ENAWATCH_TEST_SCHEDULES=N: so many in all. A failure names the class and the schedule's own seed:
// ENAWATCH_TEST_SCHEDULES=1 ENAWATCH_TEST_SEED=that seed plays it alone, once in each class.
#include <string.h>

#include "log.h"
#include "support/journey.h"

#define N_SCHEDULES 600

#define AT_REST     HAZARD_DESTINATION
#define PROCESS     (AT_REST | HAZARD_CRASH | HAZARD_RESTART | HAZARD_RELOAD)
#define ALL_HAZARDS (2 * (unsigned int)HAZARD_IMAGE - 1)

static const struct journey_class classes[] = {
    {"destination", {"increments", PLIGHT_KEPT, true}, AT_REST},
    {"clocks", {"increments", PLIGHT_KEPT, true}, AT_REST | HAZARD_CLOCK},
    {"restarts and reloads", {"increments", PLIGHT_KEPT | PLIGHT_HIDDEN, true},
        AT_REST | HAZARD_RESTART | HAZARD_RELOAD | HAZARD_CLOCK},
    {"crashes", {"increments", PLIGHT_KEPT, true}, PROCESS},
    {"crashes and clocks", {"increments", PLIGHT_KEPT, true}, PROCESS | HAZARD_CLOCK},
    {"reboots and power cuts", {"increments", PLIGHT_KEPT, true},
        PROCESS | HAZARD_REBOOT | HAZARD_POWER | HAZARD_CLOCK},
    {"interfaces that change", {"all", 255, true}, PROCESS | HAZARD_CLOCK | HAZARD_REBOOT},
    {"everything", {"all", 255, true}, ALL_HAZARDS},
};

static void print_counts(
    const struct journey_class *journey_class, size_t n_schedules, const struct journey_counts *n)
{
    print_message("# %s: %zu schedules, %" PRIu64 " records, %" PRIu64
                  " items: lost 0, doubled %" PRIu64 " (%" PRIu64
                  " parts unknown after a crash), %" PRIu64 " cut anew\n",
        journey_class->name, n_schedules, n->n_records, n->n_items, n->n_doubled, n->n_in_doubt,
        n->n_resent);
    print_message("# %zu crashes, %zu of them in a call, %" PRIu64
                  " records were not made; %zu power "
                  "cuts, %zu reboots, %zu restarts, %zu reloads, %zu steps, %zu images\n",
        n->n_crashes, n->n_crashes_in_calls, n->n_cut_short, n->n_power_cuts, n->n_reboots,
        n->n_restarts, n->n_reloads, n->n_steps, n->n_images);
    print_message("# delivered %" PRIu64 ", refused %" PRIu64 ", expired %" PRIu64
                  ", unclaimed %" PRIu64 "; %zu sums, %zu of them with an interval\n",
        n->n_of[FATE_DELIVERED], n->n_of[FATE_REFUSED], n->n_of[FATE_EXPIRED],
        n->n_of[FATE_UNCLAIMED], n->n_sums, n->n_wide);
}

static void nothing_is_lost_and_nothing_comes_twice(void **state)
{
    const struct journey_class *journey_class = *state;
    struct journey *journey = xcalloc(1, sizeof(*journey));
    size_t n_schedules = schedule_n_of_each(N_SCHEDULES, ARRAY_SIZE(classes));
    struct dice dice;
    dice_init(&dice);
    uint64_t seed = dice.state;
    journey->is_alone = n_schedules == 1;
    for (size_t i = 0; i < n_schedules; i++) {
        journey_run(journey, journey_class, seed);
        seed = dice_next(&dice);
    }
    print_counts(journey_class, n_schedules, &journey->counts);
    free(journey);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(classes)];
    log_set_level(0); // not a word
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
        tests[i] = (struct CMUnitTest){classes[i].name, nothing_is_lost_and_nothing_comes_twice,
            NULL, NULL, (void *)&classes[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
