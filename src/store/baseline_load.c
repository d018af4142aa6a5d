// SPDX-License-Identifier: Apache-2.0
// JSON becomes the lives of a delta table. It may have been damaged, or made by hand.
#include <limits.h>

#include "base/mac.h"
#include "flow/catalog.h"
#include "store/baseline.h"
#include "store/baseline_words.h"

// Where a life is read into.
struct loading {
    const struct catalog *catalog;
    uint32_t columns[METRIC_MAX]; // METRIC_MAX: not of this catalog
    size_t n_columns;
    struct life life;
    bool is_sound; // so far
};

// METRIC_MAX for a name that is not known, or not to be kept.
static uint32_t metric_of(const struct catalog *catalog, const char *name)
{
    uint32_t metric = name != NULL ? catalog_find(catalog, name, strlen(name)) : METRIC_MAX;
    return metric < METRIC_MAX && is_kept(&catalog->metrics[metric]) ? metric : METRIC_MAX;
}

// A place that names what another has named is none.
static void read_columns(struct loading *loading, const json_t *names)
{
    struct metric_set named = {0};
    for (size_t i = 0; i < json_array_size(names) && i < METRIC_MAX; i++) {
        uint32_t metric = metric_of(loading->catalog, json_string_value(json_array_get(names, i)));
        if (metric < METRIC_MAX && metric_set_has(&named, metric))
            metric = METRIC_MAX;
        else if (metric < METRIC_MAX)
            metric_set_add(&named, metric);
        loading->columns[loading->n_columns++] = metric;
    }
}

static uint64_t bits_of(const json_t *value)
{
    return (uint64_t)json_integer_value(value);
}

static void need(struct loading *loading, bool is_sound)
{
    loading->is_sound &= is_sound;
}

// What is absent is `fallback`.
static uint64_t read_number(
    struct loading *loading, const json_t *object, const char *name, uint64_t fallback)
{
    const json_t *value = json_object_get(object, name);
    need(loading, value == NULL || json_is_integer(value));
    return value != NULL ? bits_of(value) : fallback;
}

// Of this life: not after its last sample.
static uint64_t read_time(
    struct loading *loading, const json_t *object, const char *name, uint64_t fallback)
{
    uint64_t time_ns = read_number(loading, object, name, fallback);
    need(loading, time_ns <= loading->life.last_ns);
    return time_ns;
}

static int read_ifindex(
    struct loading *loading, const json_t *object, const char *name, int fallback)
{
    uint64_t ifindex = read_number(loading, object, name, (uint64_t)fallback);
    need(loading, ifindex <= INT_MAX);
    return ifindex <= INT_MAX ? (int)ifindex : 0;
}

static bool read_flag(struct loading *loading, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    need(loading, value == NULL || json_is_boolean(value));
    return json_is_true(value);
}

static void read_values(struct loading *loading, const json_t *values, const json_t *times)
{
    struct life *life = &loading->life;
    need(loading, json_is_array(values) && (times == NULL || json_is_object(times)));
    for (size_t i = 0; i < loading->n_columns; i++) {
        uint32_t metric = loading->columns[i];
        if (metric == METRIC_MAX)
            continue;
        const json_t *value = json_array_get(values, i);
        bool is_known = json_is_integer(value);
        const char *name = loading->catalog->metrics[metric].name;
        uint64_t value_ns = read_time(loading, times, name, is_known ? life->last_ns : 0);
        life->baseline.value[metric] = is_known ? bits_of(value) : 0;
        life->baseline.is_known[metric] = is_known;
        life->value_ns[metric] = value_ns;
    }
}

// In the order of the catalog, as they are in a sample.
static void read_shown(struct loading *loading, const json_t *names)
{
    struct life *life = &loading->life;
    struct metric_set set = {0};
    need(loading, names == NULL || json_is_array(names));
    for (size_t i = 0; i < json_array_size(names); i++) {
        uint32_t metric = metric_of(loading->catalog, json_string_value(json_array_get(names, i)));
        if (metric < METRIC_MAX)
            metric_set_add(&set, metric);
    }
    for (uint32_t i = 0; i < loading->catalog->n_metrics; i++)
        if (names != NULL ? metric_set_has(&set, i) : life->baseline.is_known[i])
            life->shown[life->n_shown++] = (uint8_t)i;
}

static enum group_state read_state(struct loading *loading, const json_t *word)
{
    const char *text = json_string_value(word);
    for (enum group_state state = 0; text != NULL && state < ARRAY_SIZE(state_words); state++)
        if (strcmp(text, state_words[state]) == 0)
            return state;
    need(loading, false);
    return GROUP_FIRST;
}

static void read_suspicion(struct loading *loading, const json_t *object, enum metric_group id)
{
    struct life *life = &loading->life;
    struct group *group = &life->groups[id];
    if (group->state != GROUP_SUSPECT)
        return;
    group->suspect_since_ns = read_time(loading, object, "suspect_since_ns", UINT64_MAX);
    group->suspect_ifindex = read_ifindex(loading, object, "suspect_ifindex", -1);
    const json_t *values = json_object_get(object, "suspect");
    need(loading, json_is_object(values));
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++) {
        const json_t *pair = json_object_get(values, loading->catalog->metrics[i].name);
        if (loading->catalog->metrics[i].group != id || pair == NULL)
            continue;
        const json_t *last = json_array_get(pair, 0), *first = json_array_get(pair, 1);
        need(loading, json_is_integer(last) && json_is_integer(first));
        life->suspect.value[i] = bits_of(last);
        life->suspect.is_known[i] = true;
        life->suspect_first[i] = bits_of(first);
    }
}

static void read_group(struct loading *loading, const json_t *object, enum metric_group id)
{
    struct life *life = &loading->life;
    struct group *group = &life->groups[id];
    need(loading, json_is_object(object));
    group->state = read_state(loading, json_object_get(object, "state"));
    group->origin.truthful_ns = read_time(loading, object, "truthful_ns", life->last_ns);
    group->origin.resets = read_number(loading, object, "resets", NO_RESETS);
    group->origin.ifindex = read_ifindex(loading, object, "ifindex", life->ifindex);
    group->dark_since_ns = read_time(loading, object, "dark_since_ns", 0);
    for (size_t i = 0; i < ARRAY_SIZE(flag_words); i++)
        *(bool *)((char *)group + flag_words[i].offset) = read_flag(
            loading, object, flag_words[i].name);
    read_suspicion(loading, object, id);
}

static void read_life(struct loading *loading, const json_t *object, const struct now *now)
{
    struct life *life = &loading->life;
    const char *mac = json_string_value(json_object_get(object, "mac"));
    *life = (struct life){0};
    loading->is_sound = mac != NULL && mac_parse(mac, life->mac.octets);
    life->ifindex = read_ifindex(loading, object, "ifindex", -1);
    life->last_ns = life->seen_ns = read_number(loading, object, "seen_ns", 0);
    need(loading, life->last_ns != 0 && life->last_ns <= now->boot_ns);
    life->is_dark = read_flag(loading, object, "dark");
    read_values(loading, json_object_get(object, "values"), json_object_get(object, "value_ns"));
    read_shown(loading, json_object_get(object, "shown"));
    for (enum metric_group id = 0; id < N_DEVICE_GROUPS; id++) {
        const json_t *group = json_object_get(object, group_words[id]);
        if (group != NULL)
            read_group(loading, group, id);
    }
}

static void read_untold(struct window *window, json_t *untold)
{
    const char *name;
    json_t *value;
    json_object_foreach(untold, name, value)
    {
        uint32_t metric = catalog_find(window->catalog, name, strlen(name));
        if (metric < METRIC_MAX && json_is_integer(value))
            window_recall_untold(window, &(struct reading){metric, bits_of(value)});
    }
}

void baseline_load(
    const json_t *baseline, const struct now *now, struct delta_table *lives, struct window *window)
{
    const json_t *largest = json_object_get(baseline, "largest_available");
    const json_t *saved = json_object_get(baseline, "lives");
    struct loading loading = {.catalog = lives->catalog};
    read_columns(&loading, json_object_get(baseline, "metrics"));
    for (size_t i = 0; i < json_array_size(saved); i++) {
        read_life(&loading, json_array_get(saved, i), now);
        struct life *life = NULL;
        if (loading.is_sound)
            life = delta_table_restore(lives, &loading.life.mac);
        if (life != NULL)
            *life = loading.life;
    }
    window->largest_available = json_is_integer(largest) ? bits_of(largest) : 0;
    read_untold(window, json_object_get(baseline, "untold"));
}
