// SPDX-License-Identifier: Apache-2.0
// One boot after the other, and the law at the end.
#include <stdio.h>
#include <string.h>

#include "support/journey_part.h"

// The last ones of a boot, in which nothing happens to the daemon.
#define END_TICKS 4

static uint64_t below(struct journey *journey, uint64_t n)
{
    return dice_below(&journey->dice, n);
}

// --- A boot ---

// The boot clock is small, and the wall clock goes on where it was, with its error or another.
static void set_clocks(struct journey *journey, int64_t wall_ms)
{
    struct schedule *schedule = &journey->schedule;
    uint64_t boot_ns = (5 + below(journey, 1000)) * NS_PER_S;
    for (size_t i = 0; i < schedule->n_cards; i++)
        schedule->courses[i].counted_at_ns = boot_ns;
    schedule->now.boot_ns = boot_ns;
    schedule->wall_step_ms = wall_ms - (int64_t)(boot_ns / NS_PER_MS);
    schedule->now.wall_ms = wall_ms;
}

static void begin_boot(struct journey *journey)
{
    int64_t wall_ms = journey->n_boots == 0 ? INT64_C(1795255200000)
                                            : journey->schedule.now.wall_ms + 20000;
    bool is_image = journey->n_boots > 0 && (journey->journey_class->hazards & HAZARD_IMAGE) != 0 &&
        below(journey, 2);
    if (journey->n_boots > 0)
        machine_boot(&journey->machine, is_image);
    journey->counts.n_images += is_image;
    journey->counts.n_reboots += journey->n_boots > 0;
    schedule_init(&journey->schedule, &journey->journey_class->schedule, dice_next(&journey->dice));
    journey->schedule.n_ticks = 8 + below(journey, 16);
    set_clocks(journey, wall_ms);
    journey->ending = ENDING_NOT;
    journey->is_near_end = journey->is_over = journey->is_in_tick = false;
    journey->boots[journey->n_boots++] = (struct boot){
        .number = journey->machine.books.boot, .are_all_sent = true};
}

// Where nothing lies there are no verdicts to wait for.
static size_t n_ticks(const struct journey *journey)
{
    unsigned int plights = journey->journey_class->schedule.plights;
    bool has_verdicts = (plights & ~(unsigned int)(PLIGHT_KEPT | PLIGHT_HIDDEN)) != 0;
    return journey->schedule.n_ticks + (has_verdicts ? SCHEDULE_N_TAIL_TICKS : END_TICKS);
}

static bool is_all_seen(const struct journey *journey)
{
    const struct schedule *schedule = &journey->schedule;
    return schedule->tick + 1 == n_ticks(journey) && schedule->slot == schedule->n_slots;
}

static void see(struct journey *journey, const struct look *look)
{
    journey->is_near_end = journey->schedule.tick + END_TICKS >= n_ticks(journey);
    if (is_all_seen(journey)) {
        journey->ending = ENDING_FOR_GOOD;
        journey->machine.destination.mood = MOOD_TAKES;
    }
    journey_add(journey, look);
}

static void live(struct journey *journey)
{
    struct schedule *schedule = &journey->schedule;
    size_t tick = schedule->tick;
    const struct look *look;
    while (!journey->is_over && !is_all_seen(journey)) {
        look = schedule_next(schedule);
        if (tick != schedule->tick)
            journey_end_tick(journey);
        if (journey->is_over)
            return;
        if (tick != schedule->tick || !journey->machine.is_running)
            journey_begin_tick(journey, &look->at);
        tick = schedule->tick;
        see(journey, look);
        if (schedule->slot < schedule->n_slots)
            continue;
        journey_end_tick(journey);
        if (!journey->is_over && journey->ending == ENDING_NOT)
            journey_pass(journey);
    }
}

// Counts of the last window, where it had no record: another boot cannot tell them.
static void note_untold(struct journey *journey, struct boot *boot)
{
    const struct catalog *catalog = &journey->machine.setup->catalog;
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(journey->machine.point.baseline, "untold"), name, value)
    {
        uint32_t place = book_place(catalog, catalog_find(catalog, name, strlen(name)));
        if (place != BOOK_NOTHING)
            boot->untold.sums[place] = (uint64_t)json_integer_value(value);
    }
}

// What an observer knows who saw the samples that count.
static void look_back(struct journey *journey)
{
    struct boot *boot = &journey->boots[journey->n_boots - 1];
    boot->n_cards = journey->schedule.n_cards;
    for (size_t i = 0; i < boot->n_cards; i++) {
        boot->macs[i] = journey->schedule.cards[i].eni.mac;
        boot->macs[i].octets[4] = (uint8_t)journey->machine.books.machine;
        oracle_init(&journey->oracles[i]);
    }
    for (size_t i = 0; i < journey->machine.n_samples; i++)
        oracle_see(&journey->oracles[journey->looks[i]->card], journey->looks[i]);
    for (size_t i = 0; i < boot->n_cards; i++)
        for (uint32_t j = 0; j < HISTORY_N_METRICS; j++) {
            const struct oracle *oracle = &journey->oracles[i];
            if (history_is_level(j) || oracle->last == NULL)
                continue;
            boot->sums[i][j] = oracle_sum(oracle, j);
            if (!oracle_is_settled(oracle, history_group(j)) || !look_shows(oracle->last, j))
                boot->sums[i][j].least = 0;
        }
    note_untold(journey, boot);
    for (size_t i = 0; i < BOOK_N_SELF; i++)
        boot->self[i] = journey->machine.self.sums[BOOK_SELF + i] -
            journey->machine.self_at_boot.sums[BOOK_SELF + i];
}

// --- The law ---

static void judge(struct journey *journey, const struct boot *boot, const char *whose,
    uint32_t metric, const struct tally *tally, struct bounds bounds)
{
    uint64_t published = tally->sums[metric];
    journey->counts.n_sums++;
    journey->counts.n_wide += bounds.least != bounds.most;
    books_demand(&journey->machine.books, published >= bounds.least && published <= bounds.most,
        "boot %u, %s, %s: published %" PRIu64 ", expected %" PRIu64 " to %" PRIu64, boot->number,
        whose, journey->machine.setup->catalog.metrics[history_to_catalog(metric)].name, published,
        bounds.least, bounds.most);
}

static void judge_boot(struct journey *journey, const struct boot *boot)
{
    const struct books *books = &journey->machine.books;
    struct bounds all[HISTORY_N_METRICS] = {0};
    struct tally tally;
    for (size_t i = 0; i < boot->n_cards; i++) {
        scoped_free char *whose = xasprintf("card %zu", i);
        books_add_up(books, boot->number, &boot->macs[i], &tally);
        for (uint32_t j = 0; j < HISTORY_N_METRICS; j++) {
            if (history_is_level(j))
                continue;
            if (j < METRIC_N_EXCEEDED || boot->are_all_sent)
                judge(journey, boot, whose, j, &tally, boot->sums[i][j]);
            all[j].least += boot->sums[i][j].least;
            all[j].most += boot->sums[i][j].most;
        }
    }
    books_add_up(books, boot->number, NULL, &tally);
    for (size_t i = 0; i < BOOK_N_COUNTS; i++)
        tally.sums[i] += boot->untold.sums[i];
    for (uint32_t j = 0; j < HISTORY_N_METRICS; j++)
        if (!history_is_level(j))
            judge(journey, boot, "the instance", j, &tally, all[j]);
    for (size_t i = 0; i < BOOK_N_SELF; i++)
        books_demand(books, tally.sums[BOOK_SELF + i] == boot->self[i],
            "boot %u, self count %zu: published %" PRIu64 ", expected %" PRIu64, boot->number, i,
            tally.sums[BOOK_SELF + i], boot->self[i]);
}

static void count(struct journey *journey)
{
    struct journey_counts *counts = &journey->counts;
    const struct books *books = &journey->machine.books;
    counts->n_records += books->n_made;
    counts->n_items += books->n_items;
    counts->n_doubled += books->n_doubled;
    counts->n_resent += books->n_resent;
    counts->n_in_doubt += books->n_in_doubt;
    counts->n_cut_short += books->n_cut_short;
    for (int i = 0; i < N_FATES; i++)
        counts->n_of[i] += books->n_of[i];
}

// --- The journey ---

void journey_run(struct journey *journey, const struct journey_class *journey_class, uint64_t seed)
{
    struct machine *machine = &journey->machine;
    journey->journey_class = journey_class;
    journey->seed = seed;
    journey->dice.state = seed;
    journey->n_boots = 0;
    journey->clock_error_ms = 0;
    snprintf(journey->title, sizeof(journey->title),
        "class \"%s\", ENAWATCH_TEST_SCHEDULES=1 ENAWATCH_TEST_SEED=%" PRIu64, journey_class->name,
        seed);
    machine_init(machine, true);
    machine->books.title = journey->title;
    machine->books.is_told = journey->is_alone;
    machine->destination.dice = &journey->dice;
    journey_configure(journey);
    bool is_last;
    do {
        begin_boot(journey);
        live(journey);
        is_last = !journey->is_over;
        look_back(journey);
    } while (!is_last);
    books_demand(&machine->books, machine->books.n_of[FATE_WAITING] == 0,
        "%" PRIu64 " records are never taken", machine->books.n_of[FATE_WAITING]);
    for (size_t i = 0; i < journey->n_boots; i++)
        judge_boot(journey, &journey->boots[i]);
    count(journey);
    machine_finish(machine);
}
