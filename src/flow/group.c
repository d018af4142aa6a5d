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
    bool has_past;        // a counter of the baseline was not, be it in the sample or not
    bool is_told;         // total_resets moved, or the ifindex did
    bool is_other_device; // the ifindex did
};

static bool is_jump(uint64_t before, uint64_t after, uint64_t elapsed_ns)
{
    uint64_t seconds = elapsed_ns / NS_PER_S + 1;
    return after > before && (after - before) / PACKETS_PER_SECOND_MAX > seconds;
}

// What has no baseline can have counted since the boot; what counts from zero, since the baseline
// or the zeros that were published after it.
static void look_at_counter(
    const struct hearing *hearing, const struct reading *reading, struct look *look)
{
    const struct life *life = hearing->life;
    bool is_known = life->baseline.is_known[reading->metric];
    uint64_t before = is_known ? life->baseline.value[reading->metric] : 0;
    uint64_t now_ns = hearing->sample->at.boot_ns, shown_ns = life->value_ns[reading->metric];
    uint64_t truthful_ns = look->group->origin.truthful_ns;
    look->is_fallen |= reading->value < before;
    look->is_jump |= is_jump(before, reading->value, now_ns - (is_known ? truthful_ns : 0));
    look->is_impossible |= is_jump(
        0, reading->value, now_ns - (shown_ns > truthful_ns ? shown_ns : truthful_ns));
}

static void look_at(const struct hearing *hearing, const struct reading *reading, struct look *look)
{
    const struct values *baseline = &hearing->life->baseline;
    look->is_present = true;
    look->is_dark &= reading->value == 0;
    look->is_darkened |= baseline->is_known[reading->metric] &&
        baseline->value[reading->metric] != 0;
    if (is_counter(hearing, reading->metric))
        look_at_counter(hearing, reading, look);
    else
        look->has_gauge = true;
}

static bool has_past(const struct hearing *hearing, enum metric_group id)
{
    const struct values *baseline = &hearing->life->baseline;
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++)
        if (is_of(hearing, i, id) && is_counter(hearing, i) && baseline->is_known[i] &&
            baseline->value[i] != 0)
            return true;
    return false;
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
    look.has_past = has_past(hearing, id);
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
    if (look->id == METRIC_GROUP_ALLOWANCE)
        hearing->life->is_dark = look->is_dark;
}

static void tell(const struct hearing *hearing, enum verdict verdict)
{
    hearing->delta->verdicts |= verdict;
}

// The device may have forgotten, or will: total_resets moved. And what confirms a baseline decides
// how a fall is judged.
static void set_origin(const struct hearing *hearing, struct group *group, bool is_confirmed)
{
    const struct origin *before = &group->origin;
    if (before->resets != hearing->resets || before->is_confirmed != is_confirmed)
        note_turning_point(hearing);
    group->origin = (struct origin){
        hearing->sample->at.boot_ns, hearing->resets, hearing->ifindex, is_confirmed};
}

// Zeros may be a lie: they are no first baseline of anything once that of the group was more.
static void set_baseline(const struct hearing *hearing, const struct look *look, bool is_confirmed)
{
    const struct sample *sample = hearing->sample;
    bool is_lesson = !look->is_dark || !look->group->was_lit;
    for (uint32_t i = 0; i < sample->n_readings; i++) {
        uint32_t metric = sample->readings[i].metric;
        if (is_of(hearing, metric, look->id) &&
            (is_lesson || hearing->life->baseline.is_known[metric]))
            remember(hearing, &sample->readings[i]);
    }
    look->group->was_lit |= !look->is_dark;
    set_origin(hearing, look->group, is_confirmed);
    look->group->state = GROUP_TRUTHFUL;
    look->group->is_on_trial = false;
}

// What is not in this sample counts from zero too, or has no baseline any more.
static void end_baseline(const struct hearing *hearing, const struct look *look, bool is_from_zero)
{
    struct values *baseline = &hearing->life->baseline;
    note_turning_point(hearing);
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++) {
        if (!is_of(hearing, i, look->id))
            continue;
        baseline->value[i] = 0;
        baseline->is_known[i] &= is_from_zero;
    }
}

// What the counters did since the new life showed them first: true whatever was before.
static void publish_of_new_life(const struct hearing *hearing, const struct look *look)
{
    for (uint32_t i = 0; i < hearing->sample->n_readings; i++) {
        const struct reading *reading = &hearing->sample->readings[i];
        if (!is_of(hearing, reading->metric, look->id) || !is_counter(hearing, reading->metric))
            continue;
        put(hearing->delta, reading->metric,
            reading->value - hearing->life->suspect_first[reading->metric]);
        note_elapsed(hearing, look->group->suspect_since_ns);
    }
}

// A group that fell counts from zero as a whole, with what had no baseline.
static void publish_counter(
    const struct hearing *hearing, const struct look *look, const struct reading *reading)
{
    const struct life *life = hearing->life;
    uint32_t metric = reading->metric;
    if (!look->is_fallen && !life->baseline.is_known[metric])
        return;
    put(hearing->delta, metric,
        reading->value - (look->is_fallen ? 0 : life->baseline.value[metric]));
    if (life->value_ns[metric] != 0)
        note_elapsed(hearing, life->value_ns[metric]);
}

static void publish_readings(const struct hearing *hearing, const struct look *look)
{
    for (uint32_t i = 0; i < hearing->sample->n_readings; i++) {
        const struct reading *reading = &hearing->sample->readings[i];
        if (!is_of(hearing, reading->metric, look->id))
            continue;
        if (is_counter(hearing, reading->metric))
            publish_counter(hearing, look, reading);
        else if (!is_withheld(reading->metric, look->is_dark))
            put(hearing->delta, reading->metric, reading->value);
    }
}

static void publish(const struct hearing *hearing, const struct look *look, bool is_confirmed)
{
    publish_readings(hearing, look);
    if (look->is_fallen)
        end_baseline(hearing, look, true);
    set_baseline(hearing, look, is_confirmed);
}

// Zeros that may be a lie move nothing but the time that they cover. Garbage before them was one.
static void publish_zeros(const struct hearing *hearing, const struct look *look)
{
    const struct sample *sample = hearing->sample;
    if (look->group->state == GROUP_SUSPECT)
        tell(hearing, VERDICT_LIE);
    look->group->state = GROUP_TRUTHFUL;
    publish_readings(hearing, look);
    for (uint32_t i = 0; i < sample->n_readings; i++)
        if (is_of(hearing, sample->readings[i].metric, look->id))
            hearing->life->value_ns[sample->readings[i].metric] = sample->at.boot_ns;
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

// Zeros at the start of a suspicion show no life.
static bool has_shown_life(const struct hearing *hearing, enum metric_group id)
{
    for (uint32_t i = 0; i < METRIC_N_DEVICE; i++)
        if (is_of(hearing, i, id) && hearing->life->suspect.is_known[i])
            return true;
    return false;
}

static void begin_suspicion(const struct hearing *hearing, const struct look *look)
{
    if (look->group->state != GROUP_SUSPECT || !has_shown_life(hearing, look->id))
        note_turning_point(hearing);
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

// The reset on zeros alone may still be taken back.
static void begin_trial(const struct hearing *hearing, const struct look *look)
{
    tell(hearing, look->group->origin.is_confirmed ? VERDICT_RESET : VERDICT_REBASED);
    look->group->state = GROUP_TRUTHFUL;
    look->group->is_on_trial = true;
    note_turning_point(hearing);
    publish_zeros(hearing, look);
}

static void judge(const struct hearing *hearing, const struct look *look)
{
    look->group->is_doubted = false;
    if (look->is_dark) {
        begin_trial(hearing, look);
    } else if (look->is_jump || look->is_impossible || !look->group->origin.is_confirmed) {
        publish_of_new_life(hearing, look);
        rebase(hearing, look, true);
    } else {
        tell(hearing, VERDICT_RESET);
        publish(hearing, look, true);
    }
}

// Zeros where the gauge beside the counters tells that nobody answered, or that ENA Express is off,
// are doubted as a first baseline of a device.
static void doubt(const struct look *look)
{
    look->group->is_doubted = look->is_dark && look->has_gauge;
    look->group->was_dark_long = false;
}

// Zeros count when they lasted as long as a verdict takes. Else the first baseline is yet to come.
static void end_doubt(const struct look *look)
{
    look->group->is_doubted = false;
    if (!look->group->was_dark_long)
        look->group->state = GROUP_FIRST;
}

// The allowances are what a node is watched for: of zeros not even zeros are published at first.
// With their gauge they are customer metrics, whose command fails as zeros only: others are true.
static enum delta_outcome begin(const struct hearing *hearing, const struct look *look)
{
    bool are_customer_metrics = look->has_gauge && look->id == METRIC_GROUP_ALLOWANCE;
    if (look->is_dark && are_customer_metrics)
        return DELTA_SUSPECT;
    end_baseline(hearing, look, false);
    set_baseline(hearing, look, are_customer_metrics);
    doubt(look);
    return DELTA_BASELINE;
}

// Only what had anything but zeros can turn dark; SRD may be switched off. Zeros end a suspicion
// only where they are the baseline, of the same device.
static bool is_suspicious(const struct look *look)
{
    if (!look->is_dark)
        return look->is_fallen || look->is_jump;
    return look->is_fallen || (look->is_darkened && look->id == METRIC_GROUP_ALLOWANCE) ||
        (look->group->state == GROUP_SUSPECT && (look->has_past || look->is_other_device));
}

// Zeros on trial, and zeros while a counter that was more is not in the sample: true or a lie.
static bool says_nothing(const struct look *look)
{
    return look->is_dark && (look->group->is_on_trial || (look->has_past && !is_suspicious(look)));
}

static void carry_on(const struct hearing *hearing, const struct look *look)
{
    const struct group *group = look->group;
    if (look->is_other_device && !group->is_doubted) {
        rebase(hearing, look, true);
        doubt(look);
        return;
    }
    if (group->state == GROUP_SUSPECT || group->is_on_trial)
        tell(hearing, VERDICT_LIE);
    if (group->is_on_trial)
        note_elapsed(hearing, group->origin.truthful_ns);
    publish(hearing, look, true);
}

// A reset on trial was told when that began. A baseline that was seen only once is not worth a word
// after it: the next one is a first one.
static enum delta_outcome restart(const struct hearing *hearing, const struct look *look)
{
    bool is_on_trial = look->group->is_on_trial;
    if (is_on_trial && !look->group->origin.is_confirmed) {
        tell(hearing, VERDICT_REBASED);
        return begin(hearing, look);
    }
    if (!is_on_trial)
        tell(hearing, VERDICT_RESET);
    publish(hearing, look, true);
    return DELTA_PUBLISH;
}

// Whether the fall needs no verdict: it was told, or the zeros before it have got one.
static bool is_reset(const struct look *look)
{
    return look->is_fallen && !look->is_dark && !look->is_impossible &&
        (look->is_told || look->group->is_on_trial);
}

enum delta_outcome group_hear(const struct hearing *hearing, enum metric_group id)
{
    struct look look = examine(hearing, id);
    look.group->is_shown = look.is_present;
    if (!look.is_present)
        return DELTA_PUBLISH;
    note_dark(hearing, &look);
    if (look.group->is_doubted && !look.is_dark && !look.is_jump)
        end_doubt(&look);
    if (look.group->state == GROUP_FIRST)
        return begin(hearing, &look);
    if (says_nothing(&look)) {
        publish_zeros(hearing, &look);
        return DELTA_PUBLISH;
    }
    if (!is_suspicious(&look)) {
        carry_on(hearing, &look);
        return DELTA_PUBLISH;
    }
    if (is_reset(&look))
        return restart(hearing, &look);
    if (!suspect(hearing, &look))
        return DELTA_SUSPECT;
    judge(hearing, &look);
    return DELTA_PUBLISH;
}
