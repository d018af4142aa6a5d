// SPDX-License-Identifier: Apache-2.0
// What each sample says of one group of the device, for support/oracle.h: samples that say
// something become nodes, and the zeros and the garbage between them are remembered.
#include <string.h>

#include "support/passage.h"

// Larger than any device counts in the longest time of a schedule.
#define IMPOSSIBLE (UINT64_C(1) << 44)

void trail_init(struct trail *trail, enum metric_group group)
{
    bool is_srd = group == METRIC_GROUP_SRD;
    memset(trail, 0, offsetof(struct trail, nodes));
    trail->group = group;
    trail->first_counter = is_srd ? METRIC_SRD_TX_PKTS : 0;
    trail->n_counters = is_srd ? METRIC_SRD_RESOURCE_UTILIZATION - METRIC_SRD_TX_PKTS
                               : METRIC_N_EXCEEDED;
}

static uint64_t lasted_ns(const struct stretch *stretch)
{
    return stretch->first == NULL ? 0 : stretch->last->at.boot_ns - stretch->first->at.boot_ns;
}

static void extend(struct stretch *stretch, const struct look *look, bool is_same)
{
    if (stretch->first == NULL || !is_same)
        *stretch = (struct stretch){.first = look};
    stretch->last = look;
}

// Zeros where zeros were before say nothing, and are no silence.
static bool is_silence(const struct trail *trail, const struct look *look)
{
    const struct look *before = trail->last_node == NULL ? NULL : trail->last_node->look;
    for (uint32_t i = history_first(trail->group); i < history_end(trail->group); i++)
        if (before != NULL && look_shows(look, i) && look_shows(before, i) &&
            before->values[i] != 0)
            return true;
    return before == NULL;
}

static void see_silence(struct trail *trail, const struct look *look)
{
    struct stretch *silence = &trail->silence;
    if (silence->first == NULL)
        trail->silent_from_ns = look->at.boot_ns;
    bool is_reattached = silence->first != NULL && silence->last->ifindex != look->ifindex;
    extend(silence, look, !is_reattached && trail->garbage.first == NULL);
    silence->has_truth = silence->has_truth || look->telling[trail->group] == TELLS_TRUTH;
    if (lasted_ns(silence) > trail->silent_ns)
        trail->silent_ns = lasted_ns(silence);
    if (trail->last_node != NULL)
        return;
    trail->zeros_at_first = look;
    trail->zeros_shown = is_reattached ? look->shows : trail->zeros_shown | look->shows;
    trail->is_zero_known = (trail->is_zero_known && !is_reattached) ||
        (lasted_ns(silence) > SCHEDULE_VERDICT_NS && silence->has_truth);
}

static bool has_past(const struct trail *trail)
{
    return trail->last_node != NULL || trail->zeros_at_first != NULL;
}

static bool is_likely(const struct trail *trail, const struct look *look)
{
    for (uint32_t i = 0; i < trail->n_counters; i++)
        if (look_shows(look, trail->first_counter + i) &&
            look->values[trail->first_counter + i] >= IMPOSSIBLE)
            return false;
    return true;
}

static bool is_repeated(const struct trail *trail, const struct look *look)
{
    const struct look *last = trail->garbage.last;
    for (uint32_t i = 0; last != NULL && i < trail->n_counters; i++)
        if (last->values[trail->first_counter + i] != look->values[trail->first_counter + i])
            return false;
    return true;
}

// Zeros at first, and nobody knows whether they were true.
static bool is_vague(const struct trail *trail)
{
    return trail->zeros_at_first != NULL && !trail->is_zero_known;
}

static void forget_lies(struct trail *trail, const struct node *node)
{
    trail->last_node = node;
    trail->is_after_garbage = false;
    trail->silence = (struct stretch){0};
    trail->silent_ns = 0;
}

// A life that is the first in sight has no other to be told from.
static void follow_life(const struct trail *trail, struct node *node)
{
    const struct node *before = trail->last_node;
    bool is_known = trail->is_zero_known || (trail->zeros_at_first == NULL && !trail->has_garbage);
    bool is_first = before == NULL && is_known;
    node->since_ns = node->look->at.boot_ns;
    node->life_ns = is_first ? 0 : node->since_ns;
    node->some = node->all = node->look->shows;
    bool was_judged = before != NULL &&
        before->look->at.boot_ns - before->life_ns >= SCHEDULE_VERDICT_NS;
    for (uint32_t i = 0; before != NULL && i < trail->n_counters; i++)
        node->before[i] = was_judged ? before->footings[i].sum.least : before->before[i];
    if (before == NULL || node->is_garbage || passage_is_other_life(trail, before, node))
        return;
    memcpy(node->before, before->before, sizeof(node->before));
    node->since_ns = before->since_ns;
    node->life_ns = before->life_ns;
    node->some |= before->some;
    node->all &= before->all;
}

static void add_node(struct trail *trail, const struct look *look)
{
    struct node *node = &trail->nodes[trail->n_nodes];
    bool is_garbage = look->telling[trail->group] == TELLS_GARBAGE;
    *node = (struct node){
        .look = look,
        .resets = look->values[METRIC_TOTAL_RESETS],
        .has_resets = look_shows(look, METRIC_TOTAL_RESETS),
        .is_garbage = is_garbage,
        .is_likely = is_likely(trail, look),
        .is_lasting = is_garbage && lasted_ns(&trail->garbage) >= SCHEDULE_VERDICT_NS,
        .is_after_garbage = trail->is_after_garbage,
        .is_silence = trail->silence.first != NULL,
        .silent_ns = trail->silent_ns,
    };
    follow_life(trail, node);
    passage_reach(trail, node);
    trail->n_nodes++;
    for (uint32_t i = 0; i < trail->n_counters; i++)
        if (node->footings[i].sum.most > trail->most[i])
            trail->most[i] = node->footings[i].sum.most;
    if (!node->is_garbage)
        forget_lies(trail, node);
}

// Garbage at first, likely garbage, lasting lie: an observer may have taken it for the truth.
static void see_garbage(struct trail *trail, const struct look *look)
{
    extend(&trail->garbage, look, is_repeated(trail, look));
    trail->has_garbage = trail->is_after_garbage = true;
    if (!has_past(trail) || is_likely(trail, look) ||
        lasted_ns(&trail->garbage) >= SCHEDULE_VERDICT_NS)
        add_node(trail, look);
}

// Only what was there all the time is settled: a counter that comes back, or anything after zeros,
// is news.
static bool is_continued(
    const struct trail *trail, const struct look *before, const struct look *look)
{
    return before->ifindex == look->ifindex &&
        before->lives[trail->group] == look->lives[trail->group] &&
        (look->shows & ~before->shows) == 0 &&
        (!look_is_mute(before, trail->group) || look_is_mute(look, trail->group));
}

static void follow_truth(struct trail *trail, const struct look *look)
{
    struct stretch *truth = &trail->truth;
    enum telling telling = look->telling[trail->group];
    if (telling == TELLS_TRUTH || telling == TELLS_STALE)
        extend(truth, look, truth->first != NULL && is_continued(trail, truth->last, look));
    else
        *truth = (struct stretch){0};
}

void trail_see(struct trail *trail, const struct look *look)
{
    trail->was_settled = lasted_ns(&trail->truth) > SCHEDULE_VERDICT_NS;
    if (look->telling[trail->group] == TELLS_NOTHING)
        return;
    follow_truth(trail, look);
    if (look_is_mute(look, trail->group)) {
        if (is_silence(trail, look))
            see_silence(trail, look);
        trail->garbage = (struct stretch){0};
    } else if (look->telling[trail->group] == TELLS_GARBAGE) {
        see_garbage(trail, look);
    } else {
        add_node(trail, look);
        trail->garbage = (struct stretch){0};
    }
}

struct bounds trail_sum(const struct trail *trail, uint32_t counter)
{
    return (struct bounds){passage_least(trail, counter), trail->most[counter]};
}

bool trail_is_settled(const struct trail *trail, const struct look *last)
{
    enum telling telling = last->telling[trail->group];
    return (telling == TELLS_TRUTH || telling == TELLS_STALE) &&
        lasted_ns(&trail->truth) > SCHEDULE_VERDICT_NS;
}

// No counter that is shown was more than zero.
static bool was_idle(const struct trail *trail, const struct look *look)
{
    const struct look *before = trail->last_node == NULL ? NULL : trail->last_node->look;
    for (uint32_t i = history_first(trail->group); i < history_end(trail->group); i++)
        if (before != NULL && !history_is_level(i) && look_shows(look, i) &&
            look_shows(before, i) && before->values[i] != 0)
            return false;
    return true;
}

// Zeros of a failed read are never a gauge. The levels of SRD are zero while it is off, too: it may
// have been idle and switched off, and after the verdict it was.
bool trail_trusts_levels(const struct trail *trail, const struct look *last)
{
    switch (last->telling[trail->group]) {
    case TELLS_TRUTH:
    case TELLS_STALE:
        return true;
    case TELLS_GARBAGE:
        return !has_past(trail) || is_likely(trail, last) ||
            lasted_ns(&trail->garbage) >= SCHEDULE_VERDICT_NS;
    case TELLS_ZEROS:
        return trail->group == METRIC_GROUP_SRD &&
            (was_idle(trail, last) || is_vague(trail) ||
                last->at.boot_ns - trail->silent_from_ns >= SCHEDULE_VERDICT_NS);
    default:
        return false;
    }
}
