// SPDX-License-Identifier: Apache-2.0
// A group of statistics that the device gives by one command, before its judge: truthful, suspect,
// reset, on trial. The table of states is in truth.md.
#include "base.h"
#include "flow/life.h"

// More packets in a second than any NIC handles: 200 Gbit/s in frames of 64 bytes are 0.3 billion.
#define PACKETS_PER_SECOND_MAX UINT64_C(1000000000)

// What the sample shows of one group beside its baseline.
struct look {
    enum metric_group id;
    struct group *group;
    bool is_present;
    bool is_dark;         // all zero
    bool has_gauge;       // zeros tell that nobody answered
    bool is_fallen;       // a counter decreased
    bool is_jump;         // more than a NIC can do in the time
    bool is_impossible;   // the same, counted from zero
    bool is_darkened;     // a counter or gauge of the baseline was not zero
    bool is_told;         // total_resets moved, or the ifindex did
    bool is_other_device; // the ifindex did
};

static bool is_jump(uint64_t before, uint64_t after, uint64_t elapsed_ns)
{
    uint64_t seconds = elapsed_ns / NS_PER_S + 1;
    return after > before && (after - before) / PACKETS_PER_SECOND_MAX > seconds;
}

static void look_at(const struct hearing *hearing, const struct reading *reading, struct look *look)
{
    const struct values *baseline = &hearing->life->baseline;
    uint64_t before = baseline->value[reading->metric];
    uint64_t elapsed_ns = hearing->sample->at.boot_ns - look->group->origin.truthful_ns;
    look->is_present = true;
    look->is_dark &= reading->value == 0;
    look->is_darkened |= baseline->is_known[reading->metric] && before != 0;
    if (!is_counter(hearing, reading->metric)) {
        look->has_gauge = true;
        return;
    }
    look->is_impossible |= is_jump(0, reading->value, elapsed_ns);
    if (!baseline->is_known[reading->metric])
        return;
    look->is_fallen |= reading->value < before;
    look->is_jump |= is_jump(before, reading->value, elapsed_ns);
}

static struct look examine(const struct hearing *hearing, enum metric_group id)
{
    struct look look = {.id = id, .group = &hearing->life->groups[id], .is_dark = true};
    const struct origin *origin = &look.group->origin;
    look.is_other_device = hearing->ifindex != origin->ifindex;
    look.is_told = look.is_other_device ||
        (hearing->resets != NO_RESETS && origin->resets != NO_RESETS &&
            hearing->resets != origin->resets);
    for (uint32_t i = 0; i < hearing->sample->n_readings; i++)
        if (is_of(hearing, hearing->sample->readings[i].metric, id))
            look_at(hearing, &hearing->sample->readings[i], &look);
    look.is_dark &= look.is_present;
    return look;
}

static void note_dark(const struct hearing *hearing, const struct look *look)
{
    struct group *group = look->group;
    uint64_t now_ns = hearing->sample->at.boot_ns;
    if (look->is_dark && group->dark_since_ns == 0)
        group->dark_since_ns = now_ns;
    group->dark_ns = group->dark_since_ns != 0 ? now_ns - group->dark_since_ns : 0;
    group->was_dark_long |= hearing->did_answer && group->dark_ns >= hearing->table->verdict_ns;
    if (!look->is_dark)
        group->dark_since_ns = 0;
}

static void tell(const struct hearing *hearing, enum verdict verdict)
{
    hearing->delta->verdicts |= verdict;
}

static void set_baseline(const struct hearing *hearing, const struct look *look, bool is_confirmed)
{
    const struct sample *sample = hearing->sample;
    for (uint32_t i = 0; i < sample->n_readings; i++)
        if (is_of(hearing, sample->readings[i].metric, look->id))
            remember(hearing, &sample->readings[i]);
    look->group->origin = (struct origin){
        sample->at.boot_ns, hearing->resets, hearing->ifindex, is_confirmed};
    look->group->state = GROUP_TRUTHFUL;
    if (look->id == METRIC_GROUP_ALLOWANCE)
        hearing->life->is_dark = look->is_dark;
}

// What is not in this sample counts from zero too, or has no baseline any more.
static void end_baseline(const struct hearing *hearing, const struct look *look, bool is_from_zero)
{
    struct values *baseline = &hearing->life->baseline;
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++) {
        if (!is_of(hearing, i, look->id))
            continue;
        baseline->value[i] = 0;
        baseline->is_known[i] &= is_from_zero;
    }
}

// What a counter did since the new life showed it first: true whatever was before.
static void put_of_new_life(
    const struct hearing *hearing, const struct look *look, const struct reading *reading)
{
    const struct life *life = hearing->life;
    // Zeros after it, or a newer life, are below what it showed.
    if (!life->suspect.is_known[reading->metric] ||
        reading->value < life->suspect_first[reading->metric])
        return;
    put(hearing->delta, reading->metric, reading->value - life->suspect_first[reading->metric]);
    note_elapsed(hearing, look->group->suspect_since_ns);
}

static void publish_of_new_life(const struct hearing *hearing, const struct look *look)
{
    for (uint32_t i = 0; i < hearing->sample->n_readings; i++) {
        const struct reading *reading = &hearing->sample->readings[i];
        if (is_of(hearing, reading->metric, look->id) && is_counter(hearing, reading->metric))
            put_of_new_life(hearing, look, reading);
    }
}

static void publish_counter(
    const struct hearing *hearing, const struct look *look, const struct reading *reading)
{
    const struct life *life = hearing->life;
    uint32_t metric = reading->metric;
    if (life->baseline.is_known[metric]) {
        put(hearing->delta, metric,
            reading->value - (look->is_fallen ? 0 : life->baseline.value[metric]));
        note_elapsed(hearing, life->value_ns[metric]);
    } else if (look->is_fallen && look->group->state == GROUP_SUSPECT) {
        put_of_new_life(hearing, look, reading);
    }
}

// A group that fell counts from zero as a whole.
static void publish(const struct hearing *hearing, const struct look *look, bool is_confirmed)
{
    const struct sample *sample = hearing->sample;
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        const struct reading *reading = &sample->readings[i];
        if (!is_of(hearing, reading->metric, look->id))
            continue;
        if (is_counter(hearing, reading->metric))
            publish_counter(hearing, look, reading);
        else if (!is_withheld(reading->metric, look->is_dark))
            put(hearing->delta, reading->metric, reading->value);
    }
    if (look->is_fallen)
        end_baseline(hearing, look, true);
    set_baseline(hearing, look, is_confirmed);
}

static void rebase(const struct hearing *hearing, const struct look *look, bool is_confirmed)
{
    tell(hearing, VERDICT_REBASED);
    end_baseline(hearing, look, false);
    set_baseline(hearing, look, is_confirmed);
}

// Whether the suspicion has shown this new life already: zeros before it have not.
static bool agrees_with_suspicion(const struct hearing *hearing, const struct look *look)
{
    bool was_shown = false;
    const struct values *suspect = &hearing->life->suspect;
    uint64_t elapsed_ns = hearing->sample->at.boot_ns - look->group->suspect_since_ns;
    if (look->group->suspect_ifindex != hearing->ifindex)
        return false;
    for (uint32_t i = 0; i < hearing->sample->n_readings; i++) {
        const struct reading *reading = &hearing->sample->readings[i];
        if (!is_of(hearing, reading->metric, look->id) || !is_counter(hearing, reading->metric) ||
            !suspect->is_known[reading->metric])
            continue;
        uint64_t before = suspect->value[reading->metric];
        if (reading->value < before || is_jump(before, reading->value, elapsed_ns))
            return false;
        was_shown = true;
    }
    return was_shown;
}

static void begin_suspicion(const struct hearing *hearing, const struct look *look)
{
    look->group->state = GROUP_SUSPECT;
    look->group->suspect_since_ns = hearing->sample->at.boot_ns;
    look->group->suspect_ifindex = hearing->ifindex;
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++)
        if (is_of(hearing, i, look->id))
            hearing->life->suspect.is_known[i] = false;
}

static void note_suspect(struct life *life, const struct reading *reading)
{
    uint32_t metric = reading->metric;
    if (!life->suspect.is_known[metric])
        life->suspect_first[metric] = reading->value;
    life->suspect.value[metric] = reading->value;
    life->suspect.is_known[metric] = true;
}

// Takes the sample into the suspicion; true when that is old enough for a verdict, on zeros or on a
// new life.
static bool suspect(const struct hearing *hearing, const struct look *look)
{
    const struct sample *sample = hearing->sample;
    if (look->group->state != GROUP_SUSPECT ||
        (!look->is_dark && !agrees_with_suspicion(hearing, look)))
        begin_suspicion(hearing, look);
    for (uint32_t i = 0; !look->is_dark && i < sample->n_readings; i++)
        if (is_of(hearing, sample->readings[i].metric, look->id))
            note_suspect(hearing->life, &sample->readings[i]);
    uint64_t age_ns = look->is_dark ? look->group->dark_ns
                                    : sample->at.boot_ns - look->group->suspect_since_ns;
    return age_ns >= hearing->table->verdict_ns;
}

// Gives up the baseline of a group on zeros, for now.
static void keep_aside(const struct hearing *hearing, const struct look *look)
{
    look->group->is_on_trial = true;
    look->group->has_aside = true;
    look->group->aside = look->group->origin;
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++)
        if (is_of(hearing, i, look->id))
            hearing->life->aside[i] = hearing->life->baseline.value[i];
}

static void judge(const struct hearing *hearing, const struct look *look)
{
    bool was_confirmed = look->group->origin.is_confirmed;
    look->group->is_on_trial = false;
    if (look->is_dark)
        keep_aside(hearing, look);
    if (look->is_dark && !was_confirmed) {
        rebase(hearing, look, false);
    } else if (look->is_jump || look->is_impossible || !was_confirmed) {
        publish_of_new_life(hearing, look);
        rebase(hearing, look, true);
    } else {
        tell(hearing, VERDICT_RESET);
        publish(hearing, look, true);
    }
}

// Whether there is a baseline kept aside, and no counter of the group is below it.
static bool is_back(const struct hearing *hearing, const struct look *look)
{
    if (!look->group->has_aside)
        return false;
    for (uint32_t i = 0; i < hearing->sample->n_readings; i++) {
        const struct reading *reading = &hearing->sample->readings[i];
        if (is_of(hearing, reading->metric, look->id) && is_counter(hearing, reading->metric) &&
            reading->value < hearing->life->aside[reading->metric])
            return false;
    }
    return true;
}

// Whether the sample can end a trial: not with zeros, and not with a jump, which no device counts
// from zero in the time. But a jump may be the way back to the baseline kept aside.
static bool is_telling(const struct hearing *hearing, const struct look *look)
{
    return !look->is_dark && (!look->is_jump || is_back(hearing, look));
}

static void take_back(const struct hearing *hearing, const struct look *look)
{
    look->group->origin = look->group->aside;
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++) {
        if (!is_of(hearing, i, look->id))
            continue;
        hearing->life->baseline.value[i] = hearing->life->aside[i];
        hearing->life->value_ns[i] = look->group->aside.truthful_ns;
    }
}

// The next baseline is a first one.
static void forget(const struct hearing *hearing, const struct look *look)
{
    look->group->state = GROUP_FIRST;
    end_baseline(hearing, look, false);
}

// A group on trial reads more than zeros. At or above the baseline kept aside it was a lie, and
// that is taken back, also to find that this is another device; below it the reset stands and the
// counters count from zero, unless that baseline was seen only once and is not worth a word. Zeros
// with nothing aside count when they lasted as long as a verdict takes.
static void end_trial(const struct hearing *hearing, const struct look *look)
{
    struct group *group = look->group;
    group->is_on_trial = false;
    if (is_back(hearing, look)) {
        take_back(hearing, look);
        if (group->aside.ifindex == hearing->ifindex)
            tell(hearing, VERDICT_LIE);
    } else if (!group->has_aside) {
        if (!group->was_dark_long)
            forget(hearing, look);
    } else if (!group->aside.is_confirmed) {
        tell(hearing, VERDICT_REBASED);
        forget(hearing, look);
    } else {
        group->origin.ifindex = hearing->ifindex;
    }
}

// Zeros where the gauge beside the counters tells that nobody answered, or that ENA Express is off,
// are no first baseline of a device: on trial from the start, with nothing aside.
static void doubt(const struct look *look)
{
    look->group->is_on_trial = look->is_dark && look->has_gauge;
    look->group->has_aside = false;
    look->group->was_dark_long = false;
}

// The allowances are what a node is watched for: of zeros not even zeros are published at first.
// With their gauge they are customer metrics, whose command fails as zeros only: others are true.
static enum delta_outcome begin(const struct hearing *hearing, const struct look *look)
{
    bool are_customer_metrics = look->has_gauge && look->id == METRIC_GROUP_ALLOWANCE;
    if (look->is_dark && are_customer_metrics)
        return DELTA_SUSPECT;
    set_baseline(hearing, look, are_customer_metrics);
    doubt(look);
    return DELTA_BASELINE;
}

// Only what had anything but zeros can turn dark; SRD may be switched off.
static bool is_suspicious(const struct look *look)
{
    return look->is_fallen || look->is_jump ||
        (look->is_dark && look->is_darkened && look->id == METRIC_GROUP_ALLOWANCE);
}

// Zeros of another device, where zeros are on trial already, change nothing about what was kept
// aside.
static void carry_on(const struct hearing *hearing, const struct look *look)
{
    if (look->is_other_device && !look->group->is_on_trial) {
        rebase(hearing, look, true);
        doubt(look);
        return;
    }
    if (look->group->state == GROUP_SUSPECT)
        tell(hearing, VERDICT_LIE);
    publish(hearing, look, true);
}

enum delta_outcome group_hear(const struct hearing *hearing, enum metric_group id)
{
    struct look look = examine(hearing, id);
    look.group->is_shown = look.is_present;
    if (!look.is_present)
        return DELTA_PUBLISH;
    note_dark(hearing, &look);
    if (look.group->is_on_trial && is_telling(hearing, &look)) {
        end_trial(hearing, &look);
        look = examine(hearing, id);
    }
    if (look.group->state == GROUP_FIRST)
        return begin(hearing, &look);
    if (!is_suspicious(&look)) {
        carry_on(hearing, &look);
        return DELTA_PUBLISH;
    }
    if (look.is_fallen && look.is_told && !look.is_dark && !look.is_jump && !look.is_impossible) {
        tell(hearing, VERDICT_RESET);
        publish(hearing, &look, true);
        return DELTA_PUBLISH;
    }
    if (!suspect(hearing, &look))
        return DELTA_SUSPECT;
    judge(hearing, &look);
    return DELTA_PUBLISH;
}
