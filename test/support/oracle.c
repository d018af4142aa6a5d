// SPDX-License-Identifier: Apache-2.0
// All groups of a card together, as support/oracle.h says, and the counters in the driver's memory:
// these are always true, each by itself.
#include <string.h>

#include "support/oracle.h"

void oracle_init(struct oracle *oracle)
{
    memset(oracle->driver, 0, sizeof(oracle->driver));
    oracle->last = NULL;
    for (enum metric_group group = 0; group < METRIC_GROUP_DRIVER; group++)
        trail_init(&oracle->trails[group], group);
}

// Under another ifindex the driver was loaded anew when one of its counters fell, and then all
// count from zero.
static bool is_loaded_anew(const struct oracle *oracle, const struct look *look)
{
    for (uint32_t i = METRIC_N_DEVICE; i < HISTORY_N_METRICS; i++) {
        const struct driver_counter *counter = &oracle->driver[i];
        if (look_shows(look, i) && counter->is_known && counter->ifindex != look->ifindex &&
            look->values[i] < counter->base)
            return true;
    }
    return false;
}

static struct bounds driver_step(
    const struct oracle *oracle, uint32_t metric, const struct look *look, bool is_anew)
{
    const struct driver_counter *counter = &oracle->driver[metric];
    uint64_t now = look->values[metric];
    // Counter unseen: it may be new, or have restarted with the others.
    if (!counter->is_known)
        return (struct bounds){0, look->lives[METRIC_GROUP_DRIVER] > 0 ? now : 0};
    if (now < counter->base)
        return (struct bounds){now, now};
    if (counter->ifindex == look->ifindex)
        return (struct bounds){now - counter->base, now - counter->base};
    if (oracle->last->ifindex == look->ifindex)
        return (struct bounds){0, now};
    bool has_restarted = look->lives[METRIC_GROUP_DRIVER] !=
        oracle->last->lives[METRIC_GROUP_DRIVER];
    return is_anew ? (struct bounds){has_restarted ? now : 0, now} : (struct bounds){0, 0};
}

static void see_driver(struct oracle *oracle, const struct look *look)
{
    bool is_anew = is_loaded_anew(oracle, look);
    for (uint32_t i = METRIC_N_DEVICE; i < HISTORY_N_METRICS; i++) {
        struct driver_counter *counter = &oracle->driver[i];
        if (!look_shows(look, i))
            continue;
        struct bounds added = driver_step(oracle, i, look, is_anew);
        counter->sum.least += added.least;
        counter->sum.most += added.most;
        counter->base = look->values[i];
        counter->ifindex = look->ifindex;
        counter->is_known = true;
    }
}

void oracle_see(struct oracle *oracle, const struct look *look)
{
    see_driver(oracle, look);
    oracle->last = look;
    for (enum metric_group group = 0; group < METRIC_GROUP_DRIVER; group++)
        trail_see(&oracle->trails[group], look);
}

struct bounds oracle_sum(const struct oracle *oracle, uint32_t metric)
{
    enum metric_group group = history_group(metric);
    if (group == METRIC_GROUP_DRIVER)
        return oracle->driver[metric].sum;
    return trail_sum(&oracle->trails[group], metric - oracle->trails[group].first_counter);
}

bool oracle_is_settled(const struct oracle *oracle, enum metric_group group)
{
    return group == METRIC_GROUP_DRIVER || trail_is_settled(&oracle->trails[group], oracle->last);
}

bool oracle_was_settled(const struct oracle *oracle, enum metric_group group)
{
    return oracle_is_settled(oracle, group) &&
        (group == METRIC_GROUP_DRIVER || oracle->trails[group].was_settled);
}

bool oracle_trusts_level(const struct oracle *oracle, uint32_t metric)
{
    return trail_trusts_levels(&oracle->trails[history_group(metric)], oracle->last);
}
