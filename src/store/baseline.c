// SPDX-License-Identifier: Apache-2.0
// The lives of a delta table become JSON.
#include "base/mac.h"
#include "store/baseline.h"
#include "store/baseline_words.h"

// Metrics that any life knows, in the order of the catalog.
struct columns {
    const struct catalog *catalog;
    uint32_t n;
    uint32_t metrics[METRIC_MAX];
};

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static void put_number(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new_nocheck(object, name, number(value));
}

static void put_true(json_t *object, const char *name, bool is_true)
{
    if (is_true)
        json_object_set_new_nocheck(object, name, json_true());
}

static bool knows(const struct life *life, uint32_t metric)
{
    return life->baseline.is_known[metric] || life->value_ns[metric] != 0;
}

static struct columns columns_of(const struct delta_table *lives)
{
    struct columns columns = {.catalog = lives->catalog};
    for (uint32_t i = 0; i < lives->catalog->n_metrics; i++) {
        size_t at = 0;
        while (at < lives->n_lives && !knows(lives->lives[at], i))
            at++;
        if (at < lives->n_lives && is_kept(&lives->catalog->metrics[i]))
            columns.metrics[columns.n++] = i;
    }
    return columns;
}

static json_t *names_of(const struct columns *columns)
{
    json_t *names = json_array();
    for (uint32_t i = 0; i < columns->n; i++)
        json_array_append_new(
            names, json_string_nocheck(columns->catalog->metrics[columns->metrics[i]].name));
    return names;
}

static json_t *values_of(const struct columns *columns, const struct values *baseline)
{
    json_t *values = json_array();
    uint32_t n = columns->n;
    while (n > 0 && !baseline->is_known[columns->metrics[n - 1]])
        n--;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t metric = columns->metrics[i];
        json_array_append_new(
            values, baseline->is_known[metric] ? number(baseline->value[metric]) : json_null());
    }
    return values;
}

// Those that are not what they would be anyway.
static void put_times(json_t *object, const struct columns *columns, const struct life *life)
{
    json_t *times = json_object();
    for (uint32_t i = 0; i < columns->n; i++) {
        uint32_t metric = columns->metrics[i];
        uint64_t usual_ns = life->baseline.is_known[metric] ? life->last_ns : 0;
        if (life->value_ns[metric] != usual_ns)
            put_number(times, columns->catalog->metrics[metric].name, life->value_ns[metric]);
    }
    if (json_object_size(times) > 0)
        json_object_set_nocheck(object, "value_ns", times);
    json_decref(times);
}

static void put_shown(json_t *object, const struct columns *columns, const struct life *life)
{
    struct metric_set set = {0};
    for (uint32_t i = 0; i < life->n_shown; i++)
        metric_set_add(&set, life->shown[i]);
    bool is_usual = true;
    json_t *names = json_array();
    for (uint32_t i = 0; i < columns->n; i++) {
        uint32_t metric = columns->metrics[i];
        bool is_shown = metric_set_has(&set, metric);
        is_usual &= is_shown == life->baseline.is_known[metric];
        if (is_shown)
            json_array_append_new(
                names, json_string_nocheck(columns->catalog->metrics[metric].name));
    }
    if (!is_usual)
        json_object_set_nocheck(object, "shown", names);
    json_decref(names);
}

// The new life that suspect samples show: of each metric the last value and the first.
static void put_suspicion(
    json_t *object, const struct columns *columns, const struct life *life, enum metric_group id)
{
    const struct group *group = &life->groups[id];
    if (group->state != GROUP_SUSPECT)
        return;
    put_number(object, "suspect_since_ns", group->suspect_since_ns);
    put_number(object, "suspect_ifindex", (uint64_t)group->suspect_ifindex);
    json_t *values = json_object();
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++) {
        const struct metric *metric = &columns->catalog->metrics[i];
        if (metric->group != id || !life->suspect.is_known[i])
            continue;
        json_t *pair = json_array();
        json_array_append_new(pair, number(life->suspect.value[i]));
        json_array_append_new(pair, number(life->suspect_first[i]));
        json_object_set_new_nocheck(values, metric->name, pair);
    }
    json_object_set_new_nocheck(object, "suspect", values);
}

// Its `dark_ns` is made anew by each sample that needs it.
static json_t *group_of(
    const struct columns *columns, const struct life *life, enum metric_group id)
{
    const struct group *group = &life->groups[id];
    json_t *object = json_object();
    json_object_set_new_nocheck(object, "state", json_string_nocheck(state_words[group->state]));
    if (group->origin.truthful_ns != life->last_ns)
        put_number(object, "truthful_ns", group->origin.truthful_ns);
    if (group->origin.resets != NO_RESETS)
        put_number(object, "resets", group->origin.resets);
    if (group->origin.ifindex != life->ifindex)
        put_number(object, "ifindex", (uint64_t)group->origin.ifindex);
    if (group->dark_since_ns != 0)
        put_number(object, "dark_since_ns", group->dark_since_ns);
    for (size_t i = 0; i < ARRAY_SIZE(flag_words); i++)
        put_true(object, flag_words[i].name,
            *(const bool *)((const char *)group + flag_words[i].offset));
    put_suspicion(object, columns, life, id);
    return object;
}

static bool is_untouched(const struct group *group)
{
    return group->state == GROUP_FIRST && group->dark_since_ns == 0;
}

static json_t *life_of(const struct columns *columns, const struct life *life)
{
    struct life settled = *life;
    life_end_standstill(&settled);
    char mac[MAC_TEXT_MAX];
    mac_format(life->mac.octets, mac);
    json_t *object = json_object();
    json_object_set_new_nocheck(object, "mac", json_string_nocheck(mac));
    put_number(object, "ifindex", (uint64_t)life->ifindex);
    put_number(object, "seen_ns", life->last_ns);
    put_true(object, "dark", life->is_dark);
    json_object_set_new_nocheck(object, "values", values_of(columns, &life->baseline));
    put_times(object, columns, &settled);
    put_shown(object, columns, life);
    for (enum metric_group id = 0; id < N_DEVICE_GROUPS; id++)
        if (!is_untouched(&life->groups[id]))
            json_object_set_new_nocheck(object, group_words[id], group_of(columns, life, id));
    return object;
}

static void put_untold(json_t *object, const struct window *window)
{
    struct reading readings[METRIC_MAX];
    uint32_t n = window_untold(window, readings);
    if (n == 0)
        return;
    json_t *untold = json_object();
    for (uint32_t i = 0; i < n; i++)
        put_number(untold, window->catalog->metrics[readings[i].metric].name, readings[i].value);
    json_object_set_new_nocheck(object, "untold", untold);
}

json_t *baseline_save(const struct delta_table *lives, const struct window *window)
{
    struct columns columns = columns_of(lives);
    json_t *object = json_object(), *saved = json_array();
    put_number(object, "largest_available", window->largest_available);
    put_untold(object, window);
    json_object_set_new_nocheck(object, "metrics", names_of(&columns));
    for (size_t i = 0; i < lives->n_lives; i++)
        json_array_append_new(saved, life_of(&columns, lives->lives[i]));
    json_object_set_new_nocheck(object, "lives", saved);
    return object;
}
