// SPDX-License-Identifier: Apache-2.0
// The rules of truth; the table of states is in delta.h. A life is what is remembered of one MAC.
#include <string.h>

#include "base.h"
#include "flow/delta.h"

// More packets in a second than any NIC handles: 200 Gbit/s in frames of 64 bytes are 0.3 billion.
#define PACKETS_PER_SECOND_MAX UINT64_C(1000000000)

// Every value of one metric, with whether it was there.
struct values {
    uint64_t value[METRIC_MAX];
    bool is_known[METRIC_MAX];
};

enum life_state { LIFE_FIRST, LIFE_TRUTHFUL, LIFE_SUSPECT };

#define N_DEVICE_GROUPS METRIC_GROUP_DRIVER

// The baseline of a group that was given up on zeros alone.
struct aside {
    bool is_on_trial;
    bool was_confirmed;
    int ifindex;
    uint64_t truthful_ns;
};

// The new life that suspect samples show, as far as they agree with one another.
struct suspicion {
    uint64_t since_ns;
    struct values values; // as they were last, of groups that answered
};

struct life {
    struct mac mac;
    int ifindex;
    enum life_state state;
    bool is_confirmed;    // a second sample agreed with the baseline
    bool is_dark;         // the baseline's allowance group reads all zero
    uint64_t seen_ns;     // any sample, for forgetting
    uint64_t truthful_ns; // the sample that made the baseline
    struct values baseline;
    struct aside aside[N_DEVICE_GROUPS];
    uint64_t aside_value[METRIC_N_DEVICE]; // of the groups on trial
    struct suspicion suspicion;
};

// What one sample looks like beside the baseline.
struct evidence {
    bool fell[N_DEVICE_GROUPS]; // a counter of this group decreased
    bool is_fallen;             // in any group
    bool is_jump;               // more than a NIC can do in the time
    bool dark[N_DEVICE_GROUPS]; // the group is there and reads all zero
    bool lit[N_DEVICE_GROUPS];  // the group reads something besides zeros
    bool is_awake;              // available or SRD is not zero: the device answers
    bool is_reset_told;         // total_resets moved, or the ifindex did
    bool is_other_device;       // the ifindex did
};

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

static struct life *life_of(struct delta_table *table, const struct sample *sample)
{
    struct life *life = find_life(table, &sample->eni->mac);
    if (life != NULL)
        return life;
    life = xcalloc(1, sizeof(*life));
    life->mac = sample->eni->mac;
    life->ifindex = sample->eni->ifindex;
    size_t place = place_for_life(table);
    table->lives[place] = life;
    return life;
}

static bool is_counter(const struct catalog *catalog, uint32_t metric)
{
    return catalog->metrics[metric].kind == METRIC_COUNTER;
}

static bool is_jump(uint64_t before, uint64_t after, uint64_t elapsed_ns)
{
    uint64_t seconds = elapsed_ns / NS_PER_S + 1;
    return after > before && (after - before) / PACKETS_PER_SECOND_MAX > seconds;
}

static void weigh_device_reading(const struct delta_table *table, const struct life *life,
    const struct reading *reading, uint64_t elapsed_ns, struct evidence *evidence)
{
    uint32_t i = reading->metric;
    enum metric_group group = table->catalog->metrics[i].group;
    if (reading->value != 0) {
        evidence->dark[group] = false;
        evidence->lit[group] = true;
    }
    if (reading->value != 0 && (group == METRIC_GROUP_SRD || !is_counter(table->catalog, i)))
        evidence->is_awake = true;
    if (!life->baseline.is_known[i] || !is_counter(table->catalog, i))
        return;
    if (reading->value < life->baseline.value[i])
        evidence->is_fallen = evidence->fell[group] = true;
    if (is_jump(life->baseline.value[i], reading->value, elapsed_ns))
        evidence->is_jump = true;
}

// Whether the baseline's allowance group had anything but zeros: only then can it turn dark.
static bool had_light(const struct life *life)
{
    for (uint32_t i = 0; i <= METRIC_CONNTRACK_ALLOWANCE_AVAILABLE; i++)
        if (life->baseline.is_known[i] && life->baseline.value[i] != 0)
            return true;
    return false;
}

static bool has_reading(const struct sample *sample, uint32_t first, uint32_t last)
{
    for (uint32_t i = 0; i < sample->n_readings; i++)
        if (sample->readings[i].metric >= first && sample->readings[i].metric <= last)
            return true;
    return false;
}

static struct evidence weigh(
    const struct delta_table *table, const struct life *life, const struct sample *sample)
{
    struct evidence evidence = {.dark = {[METRIC_GROUP_ALLOWANCE] = has_reading(
                                             sample, 0, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE),
                                    [METRIC_GROUP_SRD] = has_reading(
                                        sample, METRIC_SRD_MODE, METRIC_SRD_RESOURCE_UTILIZATION)},
        .is_other_device = sample->eni->ifindex != life->ifindex,
        .is_reset_told = sample->eni->ifindex != life->ifindex};
    uint64_t elapsed_ns = sample->at.boot_ns - life->truthful_ns;
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        const struct reading *reading = &sample->readings[i];
        if (reading->metric < METRIC_N_DEVICE)
            weigh_device_reading(table, life, reading, elapsed_ns, &evidence);
        else if (reading->metric == METRIC_TOTAL_RESETS && life->baseline.is_known[reading->metric])
            evidence.is_reset_told |= reading->value != life->baseline.value[reading->metric];
    }
    return evidence;
}

static void set_baseline(
    struct life *life, const struct sample *sample, const struct evidence *evidence)
{
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        const struct reading *reading = &sample->readings[i];
        life->baseline.value[reading->metric] = reading->value;
        life->baseline.is_known[reading->metric] = true;
    }
    life->is_dark = evidence->dark[METRIC_GROUP_ALLOWANCE];
    life->ifindex = sample->eni->ifindex;
    life->truthful_ns = sample->at.boot_ns;
    life->state = LIFE_TRUTHFUL;
}

// Where the increase of a counter is counted from; false when it cannot be told.
static bool origin_of(const struct life *life, const struct metric *metric,
    const struct reading *reading, const struct evidence *evidence, uint64_t *ret_origin)
{
    uint64_t before = life->baseline.value[reading->metric];
    bool restarted = metric->group == METRIC_GROUP_DRIVER ? reading->value < before
                                                          : evidence->fell[metric->group];
    if (!life->baseline.is_known[reading->metric] || (evidence->is_other_device && !restarted))
        return false;
    *ret_origin = restarted ? 0 : before;
    return true;
}

static bool is_withheld(const struct reading *reading, bool is_dark)
{
    return is_dark && reading->metric == METRIC_CONNTRACK_ALLOWANCE_AVAILABLE;
}

static enum delta_outcome publish(const struct delta_table *table, struct life *life,
    const struct sample *sample, const struct evidence *evidence, struct delta *ret_delta)
{
    ret_delta->elapsed_ns = sample->at.boot_ns - life->truthful_ns;
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        const struct reading *reading = &sample->readings[i];
        const struct metric *metric = &table->catalog->metrics[reading->metric];
        uint64_t origin = 0;
        if (metric->kind == METRIC_COUNTER
                ? origin_of(life, metric, reading, evidence, &origin)
                : !is_withheld(reading, evidence->dark[METRIC_GROUP_ALLOWANCE]))
            ret_delta->readings[ret_delta->n_readings++] = (struct reading){
                reading->metric, reading->value - origin};
    }
    set_baseline(life, sample, evidence);
    return DELTA_PUBLISH;
}

static enum delta_outcome rebase(struct life *life, const struct sample *sample,
    const struct evidence *evidence, struct delta *ret_delta)
{
    ret_delta->verdict = VERDICT_REBASED;
    set_baseline(life, sample, evidence);
    life->is_confirmed = false;
    return DELTA_PUBLISH;
}

// A counter of the device whose group answers: what suspicions are made of.
static bool is_telling(
    const struct delta_table *table, const struct reading *reading, const struct evidence *evidence)
{
    return reading->metric < METRIC_N_DEVICE && is_counter(table->catalog, reading->metric) &&
        !evidence->dark[table->catalog->metrics[reading->metric].group];
}

static bool agrees_with_suspicion(const struct delta_table *table, const struct life *life,
    const struct sample *sample, const struct evidence *evidence)
{
    const struct suspicion *suspicion = &life->suspicion;
    uint64_t elapsed_ns = sample->at.boot_ns - suspicion->since_ns;
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        const struct reading *reading = &sample->readings[i];
        if (!is_telling(table, reading, evidence) || !suspicion->values.is_known[reading->metric])
            continue;
        uint64_t before = suspicion->values.value[reading->metric];
        if (reading->value < before || is_jump(before, reading->value, elapsed_ns))
            return false;
    }
    return true;
}

// Takes the sample into the suspicion; true when it is old enough for a verdict.
static bool suspect(const struct delta_table *table, struct life *life, const struct sample *sample,
    const struct evidence *evidence)
{
    struct suspicion *suspicion = &life->suspicion;
    if (life->state != LIFE_SUSPECT || !agrees_with_suspicion(table, life, sample, evidence))
        *suspicion = (struct suspicion){.since_ns = sample->at.boot_ns};
    life->state = LIFE_SUSPECT;
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        const struct reading *reading = &sample->readings[i];
        if (!is_telling(table, reading, evidence))
            continue;
        suspicion->values.value[reading->metric] = reading->value;
        suspicion->values.is_known[reading->metric] = true;
    }
    return sample->at.boot_ns - suspicion->since_ns >= table->verdict_ns;
}

// Gives up the baseline of a group on zeros, for now.
static void keep_aside(const struct delta_table *table, struct life *life, enum metric_group group)
{
    struct aside *aside = &life->aside[group];
    *aside = (struct aside){true, life->is_confirmed, life->ifindex, life->truthful_ns};
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++)
        if (table->catalog->metrics[i].group == group)
            life->aside_value[i] = life->baseline.value[i];
}

static enum delta_outcome judge(const struct delta_table *table, struct life *life,
    const struct sample *sample, const struct evidence *evidence, struct delta *ret_delta)
{
    if (evidence->dark[METRIC_GROUP_ALLOWANCE] && had_light(life))
        keep_aside(table, life, METRIC_GROUP_ALLOWANCE);
    if (evidence->dark[METRIC_GROUP_SRD] && evidence->fell[METRIC_GROUP_SRD])
        keep_aside(table, life, METRIC_GROUP_SRD);
    if (evidence->is_jump || !life->is_confirmed)
        return rebase(life, sample, evidence, ret_delta);
    ret_delta->verdict = VERDICT_RESET;
    return publish(table, life, sample, evidence, ret_delta);
}

// Whether no counter of the group is below the baseline kept aside.
static bool is_back(const struct delta_table *table, const struct life *life,
    const struct sample *sample, enum metric_group group)
{
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        const struct reading *reading = &sample->readings[i];
        if (reading->metric < METRIC_N_DEVICE && is_counter(table->catalog, reading->metric) &&
            table->catalog->metrics[reading->metric].group == group &&
            reading->value < life->aside_value[reading->metric])
            return false;
    }
    return true;
}

// Ends the trial of a group that reads more than zeros. True when the baseline kept aside is taken
// back: the counters are where they were. They are forgotten, to begin anew, when they are another
// device's, or when that baseline was seen only once; else the reset stands.
static bool end_trial(const struct delta_table *table, struct life *life,
    const struct sample *sample, enum metric_group group)
{
    struct aside *aside = &life->aside[group];
    bool is_same_device = aside->ifindex == sample->eni->ifindex;
    bool is_above = is_back(table, life, sample, group);
    bool is_forgotten = is_above ? !is_same_device : !aside->was_confirmed;
    aside->is_on_trial = false;
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++) {
        if (table->catalog->metrics[i].group != group)
            continue;
        if (is_forgotten)
            life->baseline.is_known[i] = false;
        else if (is_above)
            life->baseline.value[i] = life->aside_value[i];
    }
    if (is_forgotten || !is_above)
        return false;
    life->truthful_ns = aside->truthful_ns;
    return true;
}

static bool end_trials(const struct delta_table *table, struct life *life,
    const struct sample *sample, const struct evidence *evidence)
{
    bool was_lie = false;
    for (int group = 0; group < N_DEVICE_GROUPS; group++)
        if (life->aside[group].is_on_trial && evidence->lit[group])
            was_lie |= end_trial(table, life, sample, group);
    return was_lie;
}

// Zeros of the SRD group may be no answer at all, or ENA Express that was never on: they are on
// trial from the start, with nothing kept aside that could be taken back.
static void doubt_srd(struct life *life)
{
    life->aside[METRIC_GROUP_SRD] = (struct aside){.is_on_trial = true};
    for (uint32_t i = METRIC_SRD_MODE; i < METRIC_N_DEVICE; i++)
        life->aside_value[i] = UINT64_MAX;
}

static void withhold(struct delta *delta)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < delta->n_readings; i++)
        if (!is_withheld(&delta->readings[i], true))
            delta->readings[n++] = delta->readings[i];
    delta->n_readings = n;
}

// Most samples of most ENIs: every value is the baseline's, so nothing about the life can change.
// True, and the delta is made; else nothing is decided. One look at each value: this is what a tick
// costs.
static bool publish_unchanged(const struct delta_table *table, struct life *life,
    const struct sample *sample, struct delta *ret_delta)
{
    const struct metric *metrics = table->catalog->metrics;
    const struct values *baseline = &life->baseline;
    if (life->state != LIFE_TRUTHFUL || life->ifindex != sample->eni->ifindex)
        return false;
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        struct reading reading = sample->readings[i];
        if (reading.value != baseline->value[reading.metric] || !baseline->is_known[reading.metric])
            return false;
        if (metrics[reading.metric].kind == METRIC_COUNTER)
            reading.value = 0;
        ret_delta->readings[i] = reading;
    }
    ret_delta->n_readings = sample->n_readings;
    if (life->is_dark)
        withhold(ret_delta);
    ret_delta->elapsed_ns = sample->at.boot_ns - life->truthful_ns;
    life->truthful_ns = sample->at.boot_ns;
    life->is_confirmed = true;
    return true;
}

static enum delta_outcome begin(
    struct life *life, const struct sample *sample, const struct evidence *evidence)
{
    bool has_gauge = has_reading(
        sample, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE);
    if (evidence->dark[METRIC_GROUP_ALLOWANCE] && has_gauge)
        return DELTA_SUSPECT;
    if (evidence->dark[METRIC_GROUP_SRD])
        doubt_srd(life);
    set_baseline(life, sample, evidence);
    return DELTA_BASELINE;
}

static enum delta_outcome carry_on(const struct delta_table *table, struct life *life,
    const struct sample *sample, const struct evidence *evidence, struct delta *ret_delta)
{
    if (evidence->is_other_device)
        return rebase(life, sample, evidence, ret_delta);
    if (life->state == LIFE_SUSPECT)
        ret_delta->verdict = VERDICT_LIE;
    life->is_confirmed = true;
    return publish(table, life, sample, evidence, ret_delta);
}

// A group that fell to all zero did not answer: no reset to believe in.
static bool is_fallen_dark(const struct evidence *evidence)
{
    for (int group = 0; group < N_DEVICE_GROUPS; group++)
        if (evidence->fell[group] && evidence->dark[group])
            return true;
    return false;
}

static bool is_suspicious(const struct life *life, const struct evidence *evidence)
{
    return evidence->is_fallen || (evidence->is_jump && !evidence->is_other_device) ||
        (evidence->dark[METRIC_GROUP_ALLOWANCE] && had_light(life));
}

enum delta_outcome delta_table_apply(
    struct delta_table *table, const struct sample *sample, struct delta *ret_delta)
{
    struct life *life = life_of(table, sample);
    life->seen_ns = sample->at.boot_ns;
    ret_delta->eni = sample->eni;
    ret_delta->at = sample->at;
    ret_delta->elapsed_ns = 0;
    ret_delta->n_readings = 0;
    ret_delta->verdict = VERDICT_NONE;

    if (publish_unchanged(table, life, sample, ret_delta))
        return DELTA_PUBLISH;
    struct evidence evidence = weigh(table, life, sample);
    if (life->state == LIFE_FIRST)
        return begin(life, sample, &evidence);
    if (end_trials(table, life, sample, &evidence))
        ret_delta->verdict = VERDICT_LIE;
    evidence = weigh(table, life, sample);
    if (!is_suspicious(life, &evidence))
        return carry_on(table, life, sample, &evidence, ret_delta);
    if (evidence.is_fallen && evidence.is_reset_told && evidence.is_awake &&
        !is_fallen_dark(&evidence) && !evidence.is_jump) {
        ret_delta->verdict = VERDICT_RESET;
        life->is_confirmed = false;
        return publish(table, life, sample, &evidence, ret_delta);
    }
    if (!suspect(table, life, sample, &evidence))
        return DELTA_SUSPECT;
    return judge(table, life, sample, &evidence, ret_delta);
}
