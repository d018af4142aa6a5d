// SPDX-License-Identifier: Apache-2.0
// Time, cards in their slots, and the order in which samples are taken. What befalls the cards is
// in plight.c.
#include <string.h>

#include "support/plight.h"
#include "support/schedule.h"

const struct schedule_class schedule_classes[SCHEDULE_N_CLASSES] = {
    {"increments", PLIGHT_HIDDEN, true},
    {"lies", PLIGHT_LIE | PLIGHT_HIDDEN, true},
    {"told resets", PLIGHT_TOLD | PLIGHT_KEPT, true},
    {"untold resets", PLIGHT_UNTOLD | PLIGHT_KEPT, true},
    {"other ifindex or card", PLIGHT_ATTACH | PLIGHT_OTHER, true},
    {"resets while reads fail", PLIGHT_STORM, true},
    {"all, one by one", 255, true},
    {"anything", 255, false},
};

size_t schedule_n_of_each(size_t n_schedules, size_t n_classes)
{
    const char *wanted = getenv("ENAWATCH_TEST_SCHEDULES");
    size_t n = wanted != NULL ? strtoull(wanted, NULL, 0) : n_schedules;
    return (n + n_classes - 1) / n_classes;
}

static bool is_in_tail(const struct schedule *schedule)
{
    return schedule->tick >= schedule->n_ticks;
}

// Mostly the interval with a little jitter; late ticks, gaps as a suspend makes them; the wall
// clock steps both ways.
static void move_time(struct schedule *schedule)
{
    struct dice *dice = &schedule->dice;
    uint64_t passed_ms = 1000 + dice_below(dice, 20);
    if (!is_in_tail(schedule) && dice_below(dice, 20) == 0)
        passed_ms += dice_below(dice, 2500);
    if (!is_in_tail(schedule) && dice_below(dice, 80) == 0)
        passed_ms += 5000 + dice_below(dice, 300000);
    if (dice_below(dice, 60) == 0)
        schedule->wall_step_ms += (int64_t)dice_below(dice, 1200000) - 600000;
    schedule->now.boot_ns += passed_ms * NS_PER_MS;
    schedule->now.wall_ms = (int64_t)(schedule->now.boot_ns / NS_PER_MS) + schedule->wall_step_ms;
}

void schedule_init(
    struct schedule *schedule, const struct schedule_class *schedule_class, uint64_t seed)
{
    memset(schedule, 0, offsetof(struct schedule, looks));
    schedule->schedule_class = schedule_class;
    schedule->dice.state = seed;
    schedule->next_ifindex = 2;
    schedule->now.boot_ns = (1 + dice_below(&schedule->dice, 1000000)) * NS_PER_S;
    schedule->wall_step_ms = INT64_C(1700000000000);
    schedule->n_slots = 1 + dice_below(&schedule->dice, SCHEDULE_MAX_SLOTS);
    // Short ones more often: most that can happen happens early, and a failure is shorter to read.
    uint64_t most = 1 + dice_below(&schedule->dice, SCHEDULE_MAX_TICKS - 30 + 1);
    schedule->n_ticks = 30 + dice_below(&schedule->dice, most);
    schedule->is_still_in_tail = dice_below(&schedule->dice, 2);
    for (size_t slot = 0; slot < schedule->n_slots; slot++)
        plight_insert_new(schedule, slot);
}

static bool is_missed(struct schedule *schedule, struct course *course)
{
    if (is_in_tail(schedule))
        return false;
    if (course->missed_left == 0 && dice_below(&schedule->dice, 20) == 0)
        course->missed_left = 1 + dice_below(&schedule->dice, 3);
    if (course->missed_left == 0)
        return false;
    course->missed_left--;
    return true;
}

// What happens to a card happens somewhere between two ticks.
static void live(struct schedule *schedule, size_t slot)
{
    if (is_in_tail(schedule))
        plight_end(schedule, schedule->slots[slot]);
    plight_count(schedule, schedule->slots[slot]);
    if (!is_in_tail(schedule))
        plight_befall(schedule, slot);
    plight_count(schedule, schedule->slots[slot]);
}

static const struct look *take(struct schedule *schedule, size_t card)
{
    struct look *look = &schedule->looks[schedule->n_looks++];
    look->card = card;
    look->at = schedule->now;
    card_show(&schedule->cards[card], &schedule->dice, look);
    plight_seen(schedule, look);
    return look;
}

void schedule_fill(const struct schedule *schedule, const struct look *look, struct eni *ret_eni,
    struct sample *ret_sample)
{
    *ret_eni = schedule->cards[look->card].eni;
    ret_eni->ifindex = look->ifindex;
    ret_sample->eni = ret_eni;
    ret_sample->at = look->at;
    ret_sample->read_ns = 0;
    ret_sample->n_readings = 0;
    for (uint32_t i = 0; i < HISTORY_N_METRICS; i++)
        if (look_shows(look, i))
            sample_put(ret_sample, history_to_catalog(i), look->values[i]);
}

const struct look *schedule_next(struct schedule *schedule)
{
    for (;;) {
        if (schedule->slot == schedule->n_slots) {
            schedule->slot = 0;
            if (++schedule->tick == schedule->n_ticks + SCHEDULE_N_TAIL_TICKS)
                return NULL;
            move_time(schedule);
        }
        schedule->now.boot_ns += NS_PER_MS;
        live(schedule, schedule->slot);
        size_t card = schedule->slots[schedule->slot++];
        if (!is_missed(schedule, &schedule->courses[card]))
            return take(schedule, card);
    }
}
