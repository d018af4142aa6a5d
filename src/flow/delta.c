// SPDX-License-Identifier: Apache-2.0
// The rules of truth; the table of states is in truth.md. A life is what is remembered of one MAC.
// Each of the groups that the device gives by a command of its own is judged by itself, in group.c;
// the driver's own counters need no judge.
#include <string.h>

#include "base.h"
#include "flow/delta.h"
#include "flow/life.h"

static const struct option rows[] = {
    {.name = "verdict",
        .type = OPTION_DURATION,
        .offset = offsetof(struct delta_options, verdict_ms),
        .fallback = "10s",
        .min = 1000,
        .max = 3600000,
        .help = "How long counters that fell may take to come back before they count as reset."},
};

const struct option_table delta_option_table = {
    "sample", rows, ARRAY_SIZE(rows), sizeof(struct delta_options)};

void delta_table_init(
    struct delta_table *table, const struct catalog *catalog, const struct delta_options *options)
{
    *table = (struct delta_table){
        .catalog = catalog, .verdict_ns = options->verdict_ms * NS_PER_MS};
    for (uint32_t i = 0; i < catalog->n_metrics; i++)
        table->is_counter[i] = catalog->metrics[i].kind == METRIC_COUNTER;
}

void delta_table_finish(struct delta_table *table)
{
    for (size_t i = 0; i < table->n_lives; i++)
        free(table->lives[i]);
    free(table->lives);
    *table = (struct delta_table){0};
}

static size_t place_for_life(struct delta_table *table)
{
    if (table->n_lives < DELTA_MAX_LIVES) {
        table->lives = xreallocarray(table->lives, table->n_lives + 1, sizeof(struct life *));
        return table->n_lives++;
    }
    size_t oldest = 0;
    for (size_t i = 1; i < table->n_lives; i++)
        if (table->lives[i]->seen_ns < table->lives[oldest]->seen_ns)
            oldest = i;
    free(table->lives[oldest]);
    return oldest;
}

// What is not of an ENI has a life too. No device has the broadcast address.
static const struct eni instance = {.mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}};

static const struct eni *subject_of(const struct sample *sample)
{
    return sample->eni != NULL ? sample->eni : &instance;
}

static struct life *find_life(struct delta_table *table, const struct mac *mac)
{
    for (size_t i = 0; i < table->n_lives; i++) {
        if (table->next >= table->n_lives)
            table->next = 0;
        struct life *life = table->lives[table->next++];
        if (memcmp(&life->mac, mac, sizeof(*mac)) == 0)
            return life;
    }
    return NULL;
}

static struct life *add_life(struct delta_table *table, const struct mac *mac)
{
    struct life *life = xcalloc(1, sizeof(*life));
    life->mac = *mac;
    size_t place = place_for_life(table);
    table->lives[place] = life;
    return life;
}

static struct life *life_of(struct delta_table *table, const struct mac *mac)
{
    struct life *life = find_life(table, mac);
    return life != NULL ? life : add_life(table, mac);
}

struct life *delta_table_restore(struct delta_table *table, const struct mac *mac)
{
    if (table->n_lives == DELTA_MAX_LIVES || find_life(table, mac) != NULL)
        return NULL;
    return add_life(table, mac);
}

static uint64_t resets_of(const struct sample *sample)
{
    for (uint32_t i = 0; i < sample->n_readings; i++)
        if (sample->readings[i].metric == METRIC_TOTAL_RESETS)
            return sample->readings[i].value;
    return NO_RESETS;
}

static bool is_of_device(const struct hearing *hearing, uint32_t metric)
{
    return hearing->table->catalog->metrics[metric].group < N_DEVICE_GROUPS;
}

// Another device under the same MAC, and its counters began anew.
static bool has_restarted(const struct hearing *hearing)
{
    const struct values *baseline = &hearing->life->baseline;
    if (hearing->ifindex == hearing->life->ifindex)
        return false;
    for (uint32_t i = 0; i < hearing->sample->n_readings; i++) {
        const struct reading *reading = &hearing->sample->readings[i];
        if (!is_of_device(hearing, reading->metric) && is_counter(hearing, reading->metric) &&
            reading->value < baseline->value[reading->metric])
            return true;
    }
    return false;
}

// What is of no ENI falls only over a restart of ours: 32-bit counters of the kernel that we had
// extended, or of another network namespace. Nobody knows what it counted.
static void hear_driver_counter(
    const struct hearing *hearing, const struct reading *reading, bool is_restarted)
{
    const struct life *life = hearing->life;
    uint32_t metric = reading->metric;
    uint64_t before = life->baseline.value[metric];
    bool is_from_zero = is_restarted || reading->value < before;
    bool is_other_device = hearing->ifindex != life->ifindex;
    bool is_lost = is_from_zero ? is_of(hearing, metric, METRIC_GROUP_HOST) : is_other_device;
    if (!life->baseline.is_known[metric])
        return;
    if (is_from_zero || is_other_device)
        note_turning_point(hearing);
    if (is_lost)
        return;
    put(hearing->delta, metric, reading->value - (is_from_zero ? 0 : before));
    note_elapsed(hearing, life->value_ns[metric]);
}

static void hear_driver(const struct hearing *hearing)
{
    const struct sample *sample = hearing->sample;
    bool is_first = hearing->life->last_ns == 0, is_restarted = has_restarted(hearing);
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        const struct reading *reading = &sample->readings[i];
        if (is_of_device(hearing, reading->metric))
            continue;
        if (!is_first && is_counter(hearing, reading->metric))
            hear_driver_counter(hearing, reading, is_restarted);
        else if (!is_first)
            put(hearing->delta, reading->metric, reading->value);
        remember(hearing, reading);
    }
    hearing->life->ifindex = hearing->ifindex;
}

static void withhold(struct delta *delta)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < delta->n_readings; i++)
        if (!is_withheld(delta->readings[i].metric, true))
            delta->readings[n++] = delta->readings[i];
    delta->n_readings = n;
}

static bool is_settled(const struct life *life, int ifindex)
{
    for (int id = 0; id < N_DEVICE_GROUPS; id++) {
        const struct group *group = &life->groups[id];
        if (group->state == GROUP_SUSPECT || group->is_on_trial ||
            (group->state == GROUP_FIRST && group->is_shown) ||
            (group->state == GROUP_TRUTHFUL && group->origin.ifindex != ifindex))
            return false;
    }
    return life->ifindex == ifindex && life->last_ns != 0;
}

static void confirm(const struct hearing *hearing)
{
    uint64_t now_ns = hearing->sample->at.boot_ns;
    note_elapsed(hearing, hearing->life->last_ns);
    hearing->life->still_ns = now_ns;
    for (int id = 0; id < N_DEVICE_GROUPS; id++) {
        struct group *group = &hearing->life->groups[id];
        if (group->state != GROUP_TRUTHFUL || !group->is_shown)
            continue;
        if (!group->origin.is_confirmed)
            note_turning_point(hearing);
        group->origin.truthful_ns = now_ns;
        group->origin.is_confirmed = true;
    }
}

// Most samples of most ENIs: the same metrics as before, and each value the baseline's, so nothing
// about the life can change. True, and the delta is made; else nothing is decided. One look at each
// value: this is what a tick costs.
static bool publish_unchanged(const struct hearing *hearing)
{
    const bool *is_counter = hearing->table->is_counter;
    const struct values *baseline = &hearing->life->baseline;
    const struct sample *sample = hearing->sample;
    struct delta *delta = hearing->delta;
    if (sample->n_readings != hearing->life->n_shown ||
        !is_settled(hearing->life, hearing->ifindex))
        return false;
    const struct reading *end = sample->readings + sample->n_readings;
    struct reading *told = delta->readings;
    const uint8_t *shown = hearing->life->shown;
    for (const struct reading *reading = sample->readings; reading < end; reading++, told++) {
        uint32_t metric = reading->metric;
        if (reading->value != baseline->value[metric] || *shown++ != metric)
            return false;
        told->metric = metric;
        told->value = is_counter[metric] ? 0 : reading->value;
    }
    delta->n_readings = sample->n_readings;
    if (hearing->life->is_dark)
        withhold(delta);
    confirm(hearing);
    return true;
}

// What stood still was seen in each of these samples.
void life_end_standstill(struct life *life)
{
    for (uint32_t i = 0; life->still_ns != 0 && i < life->n_shown; i++)
        life->value_ns[life->shown[i]] = life->still_ns;
    life->still_ns = 0;
}

static void note_shown(struct life *life, const struct sample *sample)
{
    for (uint32_t i = 0; i < sample->n_readings; i++)
        life->shown[i] = (uint8_t)sample->readings[i].metric;
    life->n_shown = sample->n_readings;
}

// What concerns the whole sample: held if any group is, a baseline if any group begins with it.
static enum delta_outcome hear(const struct hearing *hearing)
{
    enum delta_outcome outcome = DELTA_PUBLISH;
    life_end_standstill(hearing->life);
    int n_groups = hearing->sample->eni != NULL ? N_DEVICE_GROUPS : 0;
    for (int id = 0; id < n_groups; id++) {
        enum delta_outcome r = group_hear(hearing, id);
        if (r == DELTA_SUSPECT)
            hearing->delta->held |= 1u << id;
        if (r > outcome)
            outcome = r;
    }
    bool is_new = hearing->life->last_ns == 0;
    hear_driver(hearing);
    note_shown(hearing->life, hearing->sample);
    return is_new && outcome == DELTA_PUBLISH ? DELTA_BASELINE : outcome;
}

enum delta_outcome delta_table_apply(
    struct delta_table *table, const struct sample *sample, struct delta *ret_delta)
{
    const struct eni *subject = subject_of(sample);
    struct hearing hearing = {.table = table,
        .life = life_of(table, &subject->mac),
        .sample = sample,
        .delta = ret_delta,
        .ifindex = subject->ifindex,
        .resets = NO_RESETS};
    hearing.life->seen_ns = sample->at.boot_ns;
    const struct group *allowances = &hearing.life->groups[METRIC_GROUP_ALLOWANCE];
    hearing.did_answer = allowances->state == GROUP_TRUTHFUL && !allowances->is_on_trial;
    ret_delta->eni = sample->eni;
    ret_delta->at = sample->at;
    ret_delta->elapsed_ns = 0;
    ret_delta->n_readings = 0;
    ret_delta->verdicts = 0;
    ret_delta->held = 0;
    ret_delta->is_turning_point = false;
    enum delta_outcome outcome = DELTA_PUBLISH;
    if (!publish_unchanged(&hearing)) {
        hearing.resets = resets_of(sample);
        outcome = hear(&hearing);
    }
    hearing.life->last_ns = sample->at.boot_ns;
    if (sample->read_ns > 0)
        put(ret_delta, METRIC_SELF_READ_MS, delta_read_time(sample->read_ns));
    return outcome;
}
