// SPDX-License-Identifier: Apache-2.0
// Looks at all ENIs, one after the other. What moved is what the delta table says, so that a read
// that failed does not show as a fall and a jump; levels are compared with the last one believed.
#include <string.h>

#include "command/watch.h"
#include "exit_status.h"

int watch_start(struct watch *watch, const struct config *config, uint64_t interval_ms)
{
    *watch = (struct watch){.config = config};
    catalog_init(&watch->catalog, &config->catalog);
    delta_table_init(&watch->table, &watch->catalog, &config->delta);
    int status = config_open_counters(config, &watch->counters);
    if (status != EXIT_STATUS_DONE)
        return status;
    watch->collector = ena_create(&config->ena, interval_ms, &watch->catalog, watch->counters);
    return EXIT_STATUS_DONE;
}

void watch_finish(struct watch *watch)
{
    for (size_t i = 0; i < watch->n_enis; i++)
        free(watch->enis[i]);
    free(watch->enis);
    delta_table_finish(&watch->table);
    if (watch->collector != NULL)
        watch->collector->ops->destroy(watch->collector);
    if (watch->counters != NULL)
        watch->counters->ops->destroy(watch->counters);
}

static struct watched *find(const struct watch *watch, const struct mac *mac)
{
    for (size_t i = 0; i < watch->n_enis; i++)
        if (memcmp(&watch->enis[i]->eni.mac, mac, sizeof(*mac)) == 0)
            return watch->enis[i];
    return NULL;
}

static struct watched *add(struct watch *watch)
{
    watch->enis = xreallocarray(watch->enis, watch->n_enis + 1, sizeof(struct watched *));
    struct watched *eni = xcalloc(1, sizeof(*eni));
    eni->is_new = true;
    watch->enis[watch->n_enis++] = eni;
    return eni;
}

static void take_identity(struct watched *eni, const struct eni *now)
{
    bool is_renamed = !eni->is_new && strcmp(eni->eni.ifname, now->ifname) != 0;
    if (is_renamed)
        memcpy(eni->old_ifname, eni->eni.ifname, sizeof(eni->old_ifname));
    eni->eni = *now;
    eni->is_read = true;
}

static void take_level(const struct watched *eni, struct statistic *statistic)
{
    statistic->has_moved = statistic->has_level && !eni->is_new;
    statistic->change = (int64_t)(statistic->value - statistic->level);
    statistic->level = statistic->value;
    statistic->has_level = true;
}

// Beside counters that all read zero, as after a failed read, a 0 that is left tells nothing: it is
// not published either (flow/truth.md).
static bool is_dark(const struct sample *sample)
{
    for (uint32_t i = 0; i < sample->n_readings; i++)
        if (sample->readings[i].metric <= METRIC_CONNTRACK_ALLOWANCE_AVAILABLE &&
            sample->readings[i].value != 0)
            return false;
    return true;
}

static void take_values(const struct watch *watch, struct watched *eni)
{
    const struct sample *sample = &watch->sample;
    bool are_zeros = is_dark(sample);
    for (uint32_t i = 0; i < watch->catalog.n_metrics; i++)
        eni->statistics[i].is_present = eni->statistics[i].has_moved = false;
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        uint32_t id = sample->readings[i].metric;
        const struct metric *metric = &watch->catalog.metrics[id];
        struct statistic *statistic = &eni->statistics[id];
        statistic->is_present = true;
        statistic->value = sample->readings[i].value;
        statistic->is_suspect = (watch->delta.held >> metric->group & 1) != 0 ||
            (id == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE && are_zeros);
        if (metric->kind != METRIC_COUNTER && !statistic->is_suspect)
            take_level(eni, statistic);
    }
}

// Over the time that the increase covers, which is longer than that between two looks when the ENI
// could not be read or the group was held.
static void take_increase(struct watched *eni, struct statistic *statistic, uint64_t covered_ns)
{
    double seconds = (double)covered_ns / (double)NS_PER_S;
    statistic->has_moved = true;
    statistic->per_second = covered_ns > 0 ? (double)statistic->increase / seconds : 0;
    if (covered_ns > eni->covered_ns)
        eni->covered_ns = covered_ns;
}

// What a new ENI counted before is not known.
static void take_increases(const struct watch *watch, struct watched *eni)
{
    const struct delta *delta = &watch->delta;
    for (uint32_t i = 0; !eni->is_new && i < delta->n_readings; i++) {
        uint32_t id = delta->readings[i].metric;
        const struct metric *metric = &watch->catalog.metrics[id];
        if (metric->kind != METRIC_COUNTER || metric->group == METRIC_GROUP_HOST)
            continue;
        eni->statistics[id].increase = delta->readings[i].value;
        take_increase(eni, &eni->statistics[id], delta->at.boot_ns - eni->told_ns[metric->group]);
    }
    for (unsigned int group = 0; group < METRIC_GROUP_HOST; group++)
        if ((delta->held >> group & 1) == 0)
            eni->told_ns[group] = delta->at.boot_ns;
}

static void take_sample(struct watch *watch)
{
    const struct sample *sample = &watch->sample;
    struct watched *eni = find(watch, &sample->eni->mac);
    if (eni == NULL)
        eni = add(watch);
    delta_table_apply(&watch->table, sample, &watch->delta);
    take_identity(eni, sample->eni);
    eni->verdicts = watch->delta.verdicts;
    eni->covered_ns = 0;
    take_values(watch, eni);
    take_increases(watch, eni);
}

static void begin_look(struct watch *watch, const struct now *now)
{
    watch->elapsed_ns = watch->at.boot_ns != 0 ? now->boot_ns - watch->at.boot_ns : 0;
    watch->at = *now;
    watch->is_any_unread = false;
    size_t n_left = 0;
    for (size_t i = 0; i < watch->n_enis; i++) {
        struct watched *eni = watch->enis[i];
        if (eni->is_gone) {
            free(eni);
            continue;
        }
        eni->is_read = eni->is_new = false;
        eni->old_ifname[0] = '\0';
        watch->enis[n_left++] = eni;
    }
    watch->n_enis = n_left;
}

// The collector does not tell which interface gave nothing: while any did, an ENI that is missing
// may be that one.
static void end_look(struct watch *watch)
{
    for (size_t i = 0; i < watch->n_enis; i++)
        watch->enis[i]->is_gone = !watch->enis[i]->is_read && !watch->is_any_unread;
}

// Whether it is time for what the daemon does once a window.
static bool is_window_over(struct watch *watch)
{
    uint64_t period_ns = watch->config->window.period_ms * NS_PER_MS;
    bool is_over = watch->elapsed_ns != 0 && watch->at.boot_ns - watch->window_ns >= period_ns;
    if (is_over || watch->elapsed_ns == 0)
        watch->window_ns = watch->at.boot_ns;
    return is_over;
}

void watch_look(struct watch *watch, const struct now *now)
{
    struct collector *collector = watch->collector;
    enum collect r;
    begin_look(watch, now);
    struct tick tick = {*now, is_window_over(watch)};
    while ((r = collector->ops->collect(collector, &tick, &watch->sample)) != COLLECT_DONE) {
        if (r == COLLECT_SAMPLE)
            take_sample(watch);
        else
            watch->is_any_unread = true;
    }
    end_look(watch);
}

size_t watch_n_read(const struct watch *watch)
{
    size_t n_read = 0;
    for (size_t i = 0; i < watch->n_enis; i++)
        n_read += watch->enis[i]->is_read;
    return n_read;
}

bool statistic_is_moved(const struct statistic *statistic)
{
    return statistic->has_moved && (statistic->increase != 0 || statistic->change != 0);
}

bool watched_is_quiet(const struct watched *eni)
{
    bool is_quiet = eni->is_read && !eni->is_new && eni->verdicts == 0;
    for (uint32_t i = 0; is_quiet && i < METRIC_MAX; i++) {
        const struct statistic *statistic = &eni->statistics[i];
        bool is_moved = i != METRIC_CONNTRACK_ALLOWANCE_AVAILABLE && statistic_is_moved(statistic);
        is_quiet = !statistic->is_present || (!statistic->is_suspect && !is_moved);
    }
    return is_quiet;
}

bool watched_lacks(const struct watch *watch, const struct watched *eni, uint32_t metric)
{
    return catalog_lacks(&watch->catalog, &eni->eni.offered, METRIC_SCOPES, metric);
}
