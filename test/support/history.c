// SPDX-License-Identifier: Apache-2.0
// The device of support/history.h: it counts, restarts, and answers reads truly or not.
#include <string.h>

#include "base.h"
#include "support/history.h"

static uint32_t bit(uint32_t metric)
{
    return UINT32_C(1) << metric;
}

bool look_is_mute(const struct look *look, enum metric_group group)
{
    bool shows_any = false;
    for (uint32_t i = history_first(group); i < history_end(group); i++) {
        if (!look_shows(look, i))
            continue;
        if (look->values[i] != 0)
            return false;
        shows_any = true;
    }
    return shows_any;
}

// Without customer metrics there is no gauge, old drivers have no total_resets.
static uint32_t random_layout(struct dice *dice)
{
    uint32_t layout = 0;
    bool has_gauge = dice_below(dice, 2), has_srd = dice_below(dice, 3) == 0;
    bool has_resets = dice_below(dice, 3) > 0, has_admin_queue = dice_below(dice, 2);
    for (uint32_t i = 0; i < HISTORY_N_METRICS; i++) {
        bool has = history_group(i) != METRIC_GROUP_SRD || has_srd;
        if (i == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE)
            has = has_gauge;
        if (i == METRIC_TOTAL_RESETS)
            has = has_resets;
        if (i >= METRIC_ADMIN_Q_PAUSE && i <= METRIC_ADMIN_Q_NO_COMPLETION)
            has = has_admin_queue;
        layout |= has ? bit(i) : 0;
    }
    return layout;
}

static uint64_t random_past(struct dice *dice)
{
    static const uint64_t limits[] = {1, 1, 10, 10000, 1000000000, 1000000000000};
    return dice_below(dice, limits[dice_below(dice, ARRAY_SIZE(limits))]);
}

static uint64_t random_rate(struct dice *dice)
{
    static const uint64_t rates[] = {0, 0, 3, 1000, 1000000};
    return rates[dice_below(dice, ARRAY_SIZE(rates))];
}

void card_init(struct card *card, struct dice *dice)
{
    static const enum telling failures[] = {TELLS_STALE, TELLS_GARBAGE, TELLS_ZEROS};
    memset(card, 0, sizeof(*card));
    card->layout = random_layout(dice);
    card->telling = failures[dice_below(dice, ARRAY_SIZE(failures))];
    bool was_throttled = dice_below(dice, 4) > 0, is_throttled = dice_below(dice, 4) > 0;
    bool had_srd_on = dice_below(dice, 4) > 0, has_srd_on = dice_below(dice, 4) > 0;
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++) {
        bool is_srd = history_group(i) == METRIC_GROUP_SRD;
        card->values[i] = (is_srd ? had_srd_on : was_throttled) ? random_past(dice) : 0;
        card->rates[i] = (is_srd ? has_srd_on : is_throttled) ? random_rate(dice) : 0;
    }
    for (uint32_t i = METRIC_N_DEVICE; i < HISTORY_N_METRICS; i++)
        card->values[i] = dice_below(dice, 5);
    card->values[METRIC_SRD_MODE] = had_srd_on ? METRIC_SRD_MODE_ON : 0;
    card->rates[METRIC_N_ENI] = 1000000;
}

bool card_is_untouched(const struct card *card, enum metric_group group)
{
    for (uint32_t i = history_first(group); i < history_end(group); i++)
        if (!history_is_level(i) && card->values[i] != 0)
            return false;
    return true;
}

// The gauge is at times truly 0: then connections were refused, which a counter shows, where it is
// not hidden. ENA Express may be switched on.
static void set_levels(struct card *card, struct dice *dice)
{
    bool is_exhausted = card->values[METRIC_CONNTRACK_ALLOWANCE_EXCEEDED] > 0 &&
        card->hidden == 0 && dice_below(dice, 50) == 0;
    card->values[METRIC_CONNTRACK_ALLOWANCE_AVAILABLE] = is_exhausted
        ? 0
        : 1 + dice_below(dice, 100000);
    if (!card_is_untouched(card, METRIC_GROUP_SRD))
        card->values[METRIC_SRD_MODE] = METRIC_SRD_MODE_ON;
    bool has_srd_on = card->values[METRIC_SRD_MODE] & METRIC_SRD_MODE_ON;
    card->values[METRIC_SRD_RESOURCE_UTILIZATION] = has_srd_on ? dice_below(dice, 101) : 0;
}

void card_count(struct card *card, struct dice *dice, uint64_t elapsed_ns)
{
    for (uint32_t i = 0; i < HISTORY_N_METRICS; i++) {
        if (history_is_level(i) || card->rates[i] == 0 || (card->still & bit(i)) != 0 ||
            dice_below(dice, 4) > 0)
            continue;
        uint64_t most = card->rates[i] * (elapsed_ns / NS_PER_MS) / MS_PER_S;
        uint64_t n = 1 + dice_below(dice, most + 1);
        card->values[i] += n;
        card->counted[i] += n;
    }
    set_levels(card, dice);
}

void card_restart(struct card *card, enum metric_group group)
{
    for (uint32_t i = history_first(group); i < history_end(group); i++)
        if (!history_is_level(i))
            card->values[i] = 0;
    card->lives[group]++;
}

// What was on the kernel's stack: pointers, rests of counters, zeros. One word at least is larger
// than any counter gets, unless it is plausible garbage.
static uint64_t junk_word(const struct card *card, struct dice *dice, uint32_t metric, bool is_huge)
{
    uint64_t shape = dice_below(dice, 4);
    return is_huge   ? dice_next(dice) | UINT64_C(1) << 48
        : shape == 0 ? card->values[metric] + dice_below(dice, 100)
        : shape == 1 ? dice_below(dice, 1000)
        : shape == 2 ? random_past(dice)
                     : 0;
}

static void make_junk(struct card *card, struct dice *dice, enum metric_group group)
{
    bool is_plausible = card->failures[group].is_plausible;
    bool is_srd = group == METRIC_GROUP_SRD;
    uint32_t huge = is_srd ? METRIC_SRD_TX_PKTS + (uint32_t)dice_below(dice, 3)
                           : (uint32_t)dice_below(dice, METRIC_N_EXCEEDED);
    for (uint32_t i = history_first(group); i < history_end(group); i++)
        card->junk[i] = junk_word(
            card, dice, i, !is_plausible && (i == huge || dice_below(dice, 2) == 0));
}

static enum telling read_group(struct card *card, struct dice *dice, enum metric_group group)
{
    struct failure *failure = &card->failures[group];
    bool is_customer = group == METRIC_GROUP_ALLOWANCE &&
        card->layout & bit(METRIC_CONNTRACK_ALLOWANCE_AVAILABLE);
    if (failure->n_left == 0)
        return TELLS_TRUTH;
    failure->n_left--;
    // Customer metrics have no other way to fail, and the copy of a driver is zeros at first.
    if (is_customer || (failure->telling == TELLS_STALE && !card->has_held[group]))
        return TELLS_ZEROS;
    if (failure->telling == TELLS_GARBAGE && (failure->n_reads++ == 0 || !failure->is_stuck))
        make_junk(card, dice, group);
    return failure->telling;
}

static void hold(struct card *card, enum metric_group group)
{
    for (uint32_t i = history_first(group); i < history_end(group); i++)
        card->held[i] = card->values[i];
    card->held_lives[group] = card->lives[group];
    card->has_held[group] = true;
}

static void show_group(
    struct card *card, enum metric_group group, enum telling telling, struct look *look)
{
    bool shows_any = false;
    for (uint32_t i = history_first(group); i < history_end(group); i++) {
        look->values[i] = telling == TELLS_ZEROS ? 0
            : telling == TELLS_GARBAGE           ? card->junk[i]
                                                 : card->held[i];
        shows_any = shows_any || look_shows(look, i);
    }
    look->telling[group] = shows_any ? telling : TELLS_NOTHING;
    look->lives[group] = telling == TELLS_STALE ? card->held_lives[group] : card->lives[group];
}

void card_show(struct card *card, struct dice *dice, struct look *ret_look)
{
    ret_look->ifindex = card->eni.ifindex;
    ret_look->shows = card->layout & ~card->hidden;
    memcpy(ret_look->counted, card->counted, sizeof(ret_look->counted));
    for (enum metric_group group = 0; group < HISTORY_N_GROUPS; group++) {
        enum telling telling = read_group(card, dice, group);
        if (telling == TELLS_TRUTH)
            hold(card, group);
        show_group(card, group, telling, ret_look);
    }
}
