// SPDX-License-Identifier: Apache-2.0
// From one sample that says something to the next, for support/trail.h: all ways in which an
// observer may have gone, and the least and the most that each publishes.
#include "support/passage.h"

static bool shows(const struct trail *trail, const struct node *node, uint32_t counter)
{
    return look_shows(node->look, trail->first_counter + counter);
}

static uint64_t value(const struct trail *trail, const struct node *node, uint32_t counter)
{
    return node->look->values[trail->first_counter + counter];
}

// A counter that both show is lower: a restart, or one of the two is a lie.
static bool fell(const struct trail *trail, const struct node *from, const struct node *to)
{
    for (uint32_t i = 0; i < trail->n_counters; i++)
        if (shows(trail, from, i) && shows(trail, to, i) &&
            value(trail, to, i) < value(trail, from, i))
            return true;
    return false;
}

// The same of a counter that was last seen before `from`.
static bool fell_unseen(const struct trail *trail, const struct node *from, const struct node *to)
{
    for (uint32_t i = 0; i < trail->n_counters; i++)
        if (!shows(trail, from, i) && from->footings[i].is_known && shows(trail, to, i) &&
            value(trail, to, i) < from->footings[i].base.most)
            return true;
    return false;
}

static bool is_reattached(const struct node *from, const struct node *to)
{
    return from->look->ifindex != to->look->ifindex;
}

bool passage_is_other_life(
    const struct trail *trail, const struct node *from, const struct node *to)
{
    return fell(trail, from, to) || fell_unseen(trail, from, to) || is_reattached(from, to) ||
        to->is_after_garbage || to->is_silence;
}

static bool is_told(const struct node *from, const struct node *to)
{
    return is_reattached(from, to) ||
        (from->has_resets && to->has_resets && from->resets != to->resets);
}

// Hidden restart, lasting lie: zeros were shown in between, so a failed read or a restart, and
// nothing is below the old values. The old values may have been passed in the new life.
static bool may_hide_restart(
    const struct trail *trail, const struct node *from, const struct node *to)
{
    bool has_restarted = from->look->lives[trail->group] != to->look->lives[trail->group];
    for (const struct node *node = from + 1; node <= to; node++)
        if (node->is_silence && (has_restarted || node->silent_ns >= SCHEDULE_VERDICT_NS))
            return true;
    return false;
}

// From one node to another, and what an observer sees on the way.
struct stride {
    const struct trail *trail;
    const struct node *from, *to;
    bool has_fallen, has_fallen_unseen, is_reattached, may_hide_restart;
    bool is_unjudged; // the verdict on the life of `to` had not fallen at `from`
};

static struct stride stride_from(
    const struct trail *trail, const struct node *from, const struct node *to)
{
    return (struct stride){
        .trail = trail,
        .from = from,
        .to = to,
        .has_fallen = fell(trail, from, to),
        .has_fallen_unseen = fell_unseen(trail, from, to),
        .is_reattached = is_reattached(from, to),
        .may_hide_restart = may_hide_restart(trail, from, to),
        .is_unjudged = from->life_ns != to->life_ns ||
            from->look->at.boot_ns - from->life_ns < SCHEDULE_VERDICT_NS,
    };
}

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

// Counter unseen: one that came or went before the verdict on a life may not be in the sample in
// which that falls.
static bool came_or_went(const struct stride *stride, uint32_t counter)
{
    uint32_t some_not_all = stride->to->some & ~stride->to->all;
    return stride->is_unjudged &&
        (some_not_all >> (stride->trail->first_counter + counter) & 1) != 0;
}

// What a counter adds when nothing that both show fell.
static struct bounds increase_of(const struct stride *stride, uint32_t counter)
{
    const struct footing *footing = &stride->from->footings[counter];
    uint64_t now = value(stride->trail, stride->to, counter);
    struct bounds increase = {minus(now, footing->base.most), minus(now, footing->base.least)};
    bool is_certain = !shows(stride->trail, stride->from, counter) && now < footing->base.least;
    if (footing->is_elsewhere)
        return (struct bounds){0, now < footing->base.most ? now : increase.most};
    if (stride->has_fallen_unseen)
        return (struct bounds){is_certain ? now : increase.least, now};
    if (stride->is_reattached)
        increase = (struct bounds){0, 0};
    if (stride->may_hide_restart)
        increase.most = now;
    return increase;
}

static struct bounds added_by(const struct stride *stride, uint32_t counter)
{
    const struct trail *trail = stride->trail;
    uint64_t now = value(trail, stride->to, counter);
    // Counter unseen: nobody knows when it restarted, and whether the others did at the same time.
    bool has_past = stride->to->look->lives[trail->group] > 0 || trail->has_garbage ||
        trail->zeros_at_first != NULL;
    if (!stride->from->footings[counter].is_known)
        return (struct bounds){0, has_past ? now : 0};
    struct bounds added = stride->has_fallen ? (struct bounds){now, now}
                                             : increase_of(stride, counter);
    // From garbage everything is the end of a lie, too.
    if (stride->from->is_garbage || stride->to->is_lasting || came_or_went(stride, counter))
        added.least = 0;
    return stride->to->is_likely ? added : (struct bounds){0, 0};
}

static void merge(struct bounds *bounds, struct bounds other)
{
    bounds->least = other.least < bounds->least ? other.least : bounds->least;
    bounds->most = other.most > bounds->most ? other.most : bounds->most;
}

static void merge_sum(const struct stride *stride, struct node *to, uint32_t counter)
{
    struct bounds sum = stride->from->footings[counter].sum;
    if (shows(stride->trail, to, counter)) {
        struct bounds added = added_by(stride, counter);
        sum = (struct bounds){sum.least + added.least, sum.most + added.most};
    } else if (came_or_went(stride, counter) && to->before[counter] < sum.least) {
        sum.least = to->before[counter];
    }
    merge(&to->footings[counter].sum, sum);
}

static void merge_base(const struct stride *stride, struct node *to, uint32_t counter)
{
    const struct footing *before = &stride->from->footings[counter];
    struct footing *footing = &to->footings[counter];
    uint64_t now = value(stride->trail, to, counter);
    bool is_vague = came_or_went(stride, counter);
    if (shows(stride->trail, to, counter)) {
        *footing = (struct footing){footing->sum, {now, now}, .is_known = true};
        return;
    }
    struct bounds base = before->base;
    if (stride->has_fallen)
        base = (struct bounds){0, stride->from->is_garbage ? base.most : 0};
    else if (stride->has_fallen_unseen || stride->may_hide_restart || is_vague)
        base.least = 0;
    merge(&footing->base, base);
    footing->is_known = footing->is_known || before->is_known;
    footing->is_elsewhere = footing->is_elsewhere || before->is_elsewhere || is_vague ||
        (stride->is_reattached && !stride->has_fallen);
}

static void go(const struct trail *trail, const struct node *from, struct node *to)
{
    struct stride stride = stride_from(trail, from, to);
    for (uint32_t i = 0; i < trail->n_counters; i++) {
        merge_sum(&stride, to, i);
        merge_base(&stride, to, i);
    }
}

// Nothing before it: the first sight emits nothing. Zeros at first: true, then what follows is an
// increase, or lies, then it is not; once they have lasted they are true. Under another ifindex
// they say nothing. Garbage at first: it looks like a life that ended.
static void set_out(const struct trail *trail, struct node *to)
{
    const struct look *zeros = trail->zeros_at_first;
    bool has_zeros = zeros != NULL && zeros->ifindex == to->look->ifindex;
    bool is_vague = has_zeros || (trail->has_garbage && !trail->is_zero_known);
    for (uint32_t i = 0; i < trail->n_counters; i++) {
        bool was_zero = has_zeros && (trail->zeros_shown >> (trail->first_counter + i) & 1) != 0;
        bool is_certain = trail->is_zero_known && was_zero;
        uint64_t now = shows(trail, to, i) ? value(trail, to, i) : 0;
        struct footing *footing = &to->footings[i];
        merge(&footing->sum, (struct bounds){is_certain ? now : 0, is_vague ? now : 0});
        merge(&footing->base, (struct bounds){now, now});
        footing->is_known = footing->is_known || is_certain || shows(trail, to, i);
    }
}

// Lone sample: a baseline that one sample made, and the next contradicts it untold.
static bool is_lone(const struct trail *trail, const struct node *before, const struct node *node,
    const struct node *to)
{
    bool is_fresh = before == NULL ? !trail->is_zero_known
                                   : is_reattached(before, node) && !fell(trail, before, node);
    return is_fresh && fell(trail, node, to) && !is_told(node, to);
}

// The true nodes between two, collected backwards.
struct passed {
    size_t n;
    const struct node *first, *second, *last;
    const struct node *life_end; // of the life that `first` is in
};

// False when a life lasted for the verdict: then nobody takes it for a lie.
static bool pass_over(const struct trail *trail, struct passed *passed, const struct node *node)
{
    if (node->look->at.boot_ns - node->since_ns > SCHEDULE_VERDICT_NS)
        return false;
    const struct node *next = passed->first;
    if (next == NULL || passage_is_other_life(trail, node, next))
        passed->life_end = node;
    passed->second = next;
    passed->first = node;
    passed->last = passed->n++ == 0 ? node : passed->last;
    return passed->life_end->look->at.boot_ns - node->look->at.boot_ns <= SCHEDULE_VERDICT_NS;
}

// Brief lives: all that was passed over is below where the observer stood, and nobody told of it.
// Where garbage was taken for the truth, nothing fits.
static bool is_doubtful(
    const struct trail *trail, const struct node *from, const struct passed *passed)
{
    if (from->is_garbage)
        return true;
    for (const struct node *node = passed->first; node <= passed->last; node++)
        if (!node->is_garbage &&
            ((!fell(trail, from, node) && !fell_unseen(trail, from, node)) || is_told(from, node)))
            return false;
    return true;
}

// It was a lie when the old values are back, and nobody knows what it was when yet others come.
static bool can_pass_over(const struct trail *trail, const struct node *from,
    const struct passed *passed, const struct node *to)
{
    if (passed->n == 0)
        return true;
    bool is_contradicted = passage_is_other_life(trail, passed->last, to);
    if (from != NULL && is_doubtful(trail, from, passed) &&
        (!fell(trail, from, to) || is_contradicted))
        return true;
    // Zeros at first, and then more than a device could have counted since, but for a long gap.
    if (from == NULL && trail->zeros_at_first != NULL && !trail->is_zero_known)
        return true;
    if (passed->n == 1)
        return is_lone(trail, from, passed->first, to);
    return from == NULL && is_lone(trail, NULL, passed->first, passed->second) && is_contradicted &&
        !is_told(passed->last, to);
}

void passage_reach(const struct trail *trail, struct node *to)
{
    struct passed passed = {0};
    for (uint32_t i = 0; i < trail->n_counters; i++)
        to->footings[i] = (struct footing){.sum = {UINT64_MAX, 0}, .base = {UINT64_MAX, 0}};
    for (size_t i = trail->n_nodes; i-- > 0;) {
        const struct node *from = &trail->nodes[i];
        if (can_pass_over(trail, from, &passed, to))
            go(trail, from, to);
        if (!from->is_garbage && !pass_over(trail, &passed, from))
            return;
    }
    if (can_pass_over(trail, NULL, &passed, to))
        set_out(trail, to);
}

uint64_t passage_least(const struct trail *trail, uint32_t counter)
{
    uint64_t least = UINT64_MAX;
    struct passed passed = {0};
    for (size_t i = trail->n_nodes; i-- > 0;) {
        const struct node *node = &trail->nodes[i];
        uint64_t sum = node->footings[counter].sum.least;
        if (node->is_garbage && passed.n == 0)
            continue;
        if (sum < least && (passed.n == 0 || is_doubtful(trail, node, &passed)))
            least = sum;
        if (!node->is_garbage && (trail->silence.first == NULL || !pass_over(trail, &passed, node)))
            return least;
    }
    bool has_start = passed.n > 0 && (trail->has_garbage || trail->zeros_at_first != NULL);
    return trail->last_node == NULL || has_start ? 0 : least;
}
