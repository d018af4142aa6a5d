// SPDX-License-Identifier: Apache-2.0
// What befalls the cards of support/schedule.h.
#include <stdio.h>
#include <string.h>

#include "support/plight.h"

// After a plight in a spaced class: the verdict and a little more.
#define CALM_NS (SCHEDULE_VERDICT_NS + 2 * NS_PER_S)
// Reads fail no longer than this in a spaced class, for a failure that lasts is the truth.
#define FAILURE_NS (SCHEDULE_VERDICT_NS - 3 * NS_PER_S)

static uint32_t bit(uint32_t metric)
{
    return UINT32_C(1) << metric;
}

static uint32_t bits(enum metric_group group)
{
    return bit(history_end(group)) - bit(history_first(group));
}

static bool is_spaced(const struct schedule *schedule)
{
    return schedule->schedule_class->is_spaced;
}

static void await_calm(struct schedule *schedule, size_t card, bool is_told)
{
    struct course *course = &schedule->courses[card];
    course->is_calm = false;
    course->truth_from_ns = 0;
    course->is_told = is_told;
}

void plight_insert_new(struct schedule *schedule, size_t slot)
{
    size_t i = schedule->n_cards++;
    struct card *card = &schedule->cards[i];
    card_init(card, &schedule->dice);
    card->eni.mac = (struct mac){{2, 0, 0, 0, 0, (uint8_t)i}};
    card->eni.ifindex = schedule->next_ifindex++;
    snprintf(card->eni.ifname, sizeof(card->eni.ifname), "ens%zu", 5 + slot);
    schedule->courses[i] = (struct course){.counted_at_ns = schedule->now.boot_ns};
    await_calm(schedule, i, false);
    schedule->slots[slot] = i;
}

// A part before what befalls the card, a part after it, the rest before the next tick.
// In a spaced class a group that shows nothing but zeros begins to count only when an observer has
// seen that the zeros last, and in the tail not at all.
void plight_count(struct schedule *schedule, size_t i)
{
    struct card *card = &schedule->cards[i];
    struct course *course = &schedule->courses[i];
    bool is_in_tail = schedule->tick >= schedule->n_ticks;
    bool is_held = is_spaced(schedule) && !course->is_calm;
    card->still = is_held ? course->low : 0;
    for (enum metric_group group = 0; group < METRIC_GROUP_DRIVER; group++)
        if ((is_held || is_in_tail) && card_is_untouched(card, group))
            card->still |= bits(group);
    uint64_t elapsed_ns = (schedule->now.boot_ns - course->counted_at_ns) / 2;
    course->counted_at_ns += elapsed_ns;
    if (!is_in_tail || !schedule->is_still_in_tail)
        card_count(card, &schedule->dice, elapsed_ns);
}

// As last seen.
static uint32_t largest(const struct card *card, enum metric_group group)
{
    uint32_t found = METRIC_N_DEVICE;
    for (uint32_t i = history_first(group); i < history_end(group); i++)
        if (!history_is_level(i) && (found == METRIC_N_DEVICE || card->held[i] > card->held[found]))
            found = i;
    return found;
}

// The counters of the group restart. In a spaced class the largest stays at zero for a while, and
// another one moves, so that the group is below its old values and not all zero.
static void restart(struct schedule *schedule, size_t i, enum metric_group group)
{
    struct card *card = &schedule->cards[i];
    uint32_t low = largest(card, group);
    card_restart(card, group);
    if (!is_spaced(schedule) || card->held[low] == 0)
        return;
    uint32_t other = low == METRIC_SRD_RX_PKTS       ? METRIC_SRD_TX_PKTS
        : low == METRIC_LINKLOCAL_ALLOWANCE_EXCEEDED ? METRIC_BW_IN_ALLOWANCE_EXCEEDED
                                                     : low + 1;
    card->values[other]++;
    card->counted[other]++;
    schedule->courses[i].low |= bit(low);
}

static void restart_device(struct schedule *schedule, size_t i)
{
    static const unsigned int choices[] = {1 << METRIC_GROUP_ALLOWANCE,
        1 << METRIC_GROUP_ALLOWANCE | 1 << METRIC_GROUP_SRD, 1 << METRIC_GROUP_SRD};
    unsigned int groups = choices[dice_below(&schedule->dice, ARRAY_SIZE(choices))];
    for (enum metric_group group = 0; group < METRIC_GROUP_DRIVER; group++)
        if (groups >> group & 1)
            restart(schedule, i, group);
}

// Drivers before 2.16.0 lose statistics of their own over a reset, but not total_resets.
static void restart_queues(struct schedule *schedule, size_t i)
{
    for (uint32_t metric = METRIC_ADMIN_Q_PAUSE; metric < HISTORY_N_METRICS; metric++)
        if (dice_below(&schedule->dice, 3) == 0)
            schedule->cards[i].values[metric] = 0;
}

static void tell(struct card *card)
{
    card->values[METRIC_TOTAL_RESETS]++;
    card->counted[METRIC_TOTAL_RESETS]++;
}

static void reset(struct schedule *schedule, size_t i, bool is_told)
{
    // A stale sample would tell of it before the counters fall.
    bool can_tell = schedule->cards[i].layout & bit(METRIC_TOTAL_RESETS) &&
        schedule->cards[i].telling != TELLS_STALE;
    restart_device(schedule, i);
    restart_queues(schedule, i);
    if (is_told)
        tell(&schedule->cards[i]);
    else if (dice_below(&schedule->dice, 2) == 0)
        schedule->courses[i].telling_left = 1 + dice_below(&schedule->dice, 12);
    await_calm(schedule, i, is_told && can_tell);
}

static void fail_reads(struct schedule *schedule, size_t i, enum metric_group group)
{
    struct dice *dice = &schedule->dice;
    struct card *card = &schedule->cards[i];
    bool is_long = !is_spaced(schedule) && dice_below(dice, 8) == 0;
    card->failures[group] = (struct failure){
        .telling = card->telling,
        .n_left = 1 + dice_below(dice, is_long ? 20 : 4),
        .since_ns = schedule->now.boot_ns,
        .is_stuck = dice_below(dice, 2),
        .is_plausible = !is_spaced(schedule) && dice_below(dice, 4) == 0,
    };
    uint32_t trace = METRIC_ADMIN_Q_PAUSE + (uint32_t)dice_below(dice, 4);
    if (trace <= METRIC_ADMIN_Q_NO_COMPLETION) {
        card->values[trace]++;
        card->counted[trace]++;
    }
}

// The groups are read by a command each: one or both fail.
static void lie(struct schedule *schedule, size_t i)
{
    uint64_t which = dice_below(&schedule->dice, 3);
    if (which != METRIC_GROUP_SRD)
        fail_reads(schedule, i, METRIC_GROUP_ALLOWANCE);
    if (which != METRIC_GROUP_ALLOWANCE)
        fail_reads(schedule, i, METRIC_GROUP_SRD);
}

// A counter that comes back with more than can be counted in the meantime is a jump of its group:
// only small ones go.
static bool can_hide(const struct card *card, uint32_t metric)
{
    return card->values[metric] < 1000000000;
}

static void hide(struct schedule *schedule, size_t i)
{
    struct dice *dice = &schedule->dice;
    struct card *card = &schedule->cards[i];
    uint32_t chosen = (uint32_t)dice_below(dice, HISTORY_N_METRICS);
    bool is_whole = dice_below(dice, 2);
    card->hidden = is_whole      ? bits(history_group(chosen))
        : can_hide(card, chosen) ? bit(chosen)
                                 : 0;
    schedule->courses[i].hidden_left = 1 + dice_below(dice, 15);
}

// The same card under another ifindex: re-attached, or its driver loaded again.
static void attach(struct schedule *schedule, size_t i)
{
    struct dice *dice = &schedule->dice;
    struct card *card = &schedule->cards[i];
    card->eni.ifindex = schedule->next_ifindex++;
    if (dice_below(dice, 2) == 0)
        restart_device(schedule, i);
    if (dice_below(dice, 3) > 0) {
        card_restart(card, METRIC_GROUP_DRIVER);
        memset(card->has_held, 0, sizeof(card->has_held));
    }
    await_calm(schedule, i, true);
}

static bool is_in_a_slot(const struct schedule *schedule, size_t card)
{
    for (size_t slot = 0; slot < schedule->n_slots; slot++)
        if (schedule->slots[slot] == card)
            return true;
    return false;
}

// Another card under the same name; a new one may even get the same ifindex.
static void exchange(struct schedule *schedule, size_t slot)
{
    struct dice *dice = &schedule->dice;
    int ifindex = schedule->cards[schedule->slots[slot]].eni.ifindex;
    size_t i = dice_below(dice, schedule->n_cards);
    if (!is_in_a_slot(schedule, i)) {
        schedule->slots[slot] = i;
        attach(schedule, i);
    } else if (schedule->n_cards < SCHEDULE_MAX_CARDS) {
        plight_insert_new(schedule, slot);
        if (dice_below(dice, 2) == 0)
            schedule->cards[schedule->slots[slot]].eni.ifindex = ifindex;
    }
}

// Reads fail, and within the failure or at its edge comes the reset that is the reason.
static void storm(struct schedule *schedule, size_t i)
{
    lie(schedule, i);
    schedule->courses[i].storm_left = 1 + dice_below(&schedule->dice, 4);
}

static void begin(struct schedule *schedule, size_t slot, enum plight plight)
{
    size_t i = schedule->slots[slot];
    schedule->courses[i].low = 0;
    await_calm(schedule, i, false);
    if (plight == PLIGHT_HIDDEN)
        hide(schedule, i);
    else if (plight == PLIGHT_LIE)
        lie(schedule, i);
    else if (plight == PLIGHT_TOLD || plight == PLIGHT_UNTOLD)
        reset(schedule, i, plight == PLIGHT_TOLD);
    else if (plight == PLIGHT_KEPT)
        tell(&schedule->cards[i]);
    else if (plight == PLIGHT_ATTACH)
        attach(schedule, i);
    else if (plight == PLIGHT_OTHER)
        exchange(schedule, slot);
    else if (plight == PLIGHT_STORM)
        storm(schedule, i);
}

static enum plight random_plight(struct schedule *schedule)
{
    for (;;) {
        enum plight plight = 1u << dice_below(&schedule->dice, 8);
        if (schedule->schedule_class->plights & plight)
            return plight;
    }
}

static void end_long_failures(struct schedule *schedule, struct card *card)
{
    for (enum metric_group group = 0; group < METRIC_GROUP_DRIVER; group++)
        if (schedule->now.boot_ns - card->failures[group].since_ns > FAILURE_NS)
            card->failures[group].n_left = 0;
}

void plight_befall(struct schedule *schedule, size_t slot)
{
    size_t i = schedule->slots[slot];
    struct course *course = &schedule->courses[i];
    if (is_spaced(schedule))
        end_long_failures(schedule, &schedule->cards[i]);
    if (course->telling_left > 0 && --course->telling_left == 0)
        tell(&schedule->cards[i]);
    if (course->storm_left > 0 && --course->storm_left == 0)
        reset(schedule, i, true);
    if (course->hidden_left > 0 && --course->hidden_left == 0)
        schedule->cards[i].hidden = 0;
    bool is_due = is_spaced(schedule) ? course->is_calm && dice_below(&schedule->dice, 3) == 0
                                      : dice_below(&schedule->dice, 8) == 0;
    if (is_due)
        begin(schedule, slot, random_plight(schedule));
}

static bool is_wholly_truthful(const struct schedule *schedule, const struct look *look)
{
    const struct course *course = &schedule->courses[look->card];
    for (enum metric_group group = 0; group < HISTORY_N_GROUPS; group++)
        if (look->telling[group] != TELLS_TRUTH && look->telling[group] != TELLS_NOTHING)
            return false;
    return course->hidden_left == 0 && course->telling_left == 0 && course->storm_left == 0;
}

void plight_seen(struct schedule *schedule, const struct look *look)
{
    struct course *course = &schedule->courses[look->card];
    if (course->is_calm || !is_wholly_truthful(schedule, look))
        return;
    if (course->truth_from_ns == 0)
        course->truth_from_ns = look->at.boot_ns;
    if (course->is_told)
        course->low = 0;
    course->is_calm = look->at.boot_ns - course->truth_from_ns > CALM_NS;
}

void plight_end(struct schedule *schedule, size_t i)
{
    struct course *course = &schedule->courses[i];
    if (course->telling_left > 0)
        tell(&schedule->cards[i]);
    course->telling_left = course->hidden_left = course->storm_left = 0;
    schedule->cards[i].hidden = 0;
    memset(schedule->cards[i].failures, 0, sizeof(schedule->cards[i].failures));
}
