// SPDX-License-Identifier: Apache-2.0
// From samples to records in the journal. Nothing flows backwards.
#include "log.h"
#include "pipeline.h"
#include "store/baseline.h"

void pipeline_init(struct pipeline *pipeline, const struct pipeline_setting *setting)
{
    *pipeline = (struct pipeline){
        .journal = setting->journal,
        .identity = setting->identity,
        .health = setting->journal->setting.health,
    };
    delta_table_init(&pipeline->deltas, setting->catalog, setting->delta);
    window_init(&pipeline->window, setting->catalog, setting->window, setting->sample_ms);
    delivery_init(&pipeline->delivery,
        &(struct delivery_setting){.encoder = setting->encoder,
            .catalog = setting->catalog,
            .journal = setting->journal,
            .identity = setting->identity,
            .sink = setting->sink,
            .is_live = setting->is_live});
}

void pipeline_resume(struct pipeline *pipeline, const json_t *baseline, const struct now *now)
{
    baseline_load(baseline, now, &pipeline->deltas, &pipeline->window);
}

void pipeline_finish(struct pipeline *pipeline)
{
    delivery_finish(&pipeline->delivery);
    window_finish(&pipeline->window);
    delta_table_finish(&pipeline->deltas);
}

bool pipeline_begin_tick(struct pipeline *pipeline, const struct now *now)
{
    delivery_note_clock(&pipeline->delivery, now_offset_ms(now));
    if (window_is_stale(&pipeline->window, now))
        pipeline_close_window(pipeline, now);
    window_open(&pipeline->window, now);
    return window_is_last_tick(&pipeline->window, now);
}

static const struct verdict_text {
    enum verdict verdict;
    const char *text;
} verdict_texts[] = {
    {VERDICT_LIE, "counters fell and came back: the reads in between failed, nothing is lost"},
    {VERDICT_RESET, "counters were reset: what they count since then is published"},
    {VERDICT_REBASED,
        "another device, or values that no device can have counted: a new baseline, "
        "nothing is published"},
};

// Each kind once in a window: how many there were is in its record.
static void say_verdicts(struct pipeline *pipeline, const struct delta *delta)
{
    unsigned int news = delta->verdicts & ~pipeline->told_verdicts;
    for (size_t i = 0; news != 0 && i < ARRAY_SIZE(verdict_texts); i++)
        if (news & verdict_texts[i].verdict)
            log_info("delta: %s: %s", delta->eni->ifname, verdict_texts[i].text);
    pipeline->told_verdicts |= news;
}

rarely static void note_verdicts(struct pipeline *pipeline, const struct delta *delta)
{
    struct health *health = pipeline->health;
    health->n_suspect += delta->held != 0;
    health->n_lies += (delta->verdicts & VERDICT_LIE) != 0;
    health->n_resets += (delta->verdicts & VERDICT_RESET) != 0;
    health->n_rebased += (delta->verdicts & VERDICT_REBASED) != 0;
    say_verdicts(pipeline, delta);
}

void pipeline_add(struct pipeline *pipeline, const struct sample *sample)
{
    struct delta *delta = &pipeline->delta;
    if (sample->eni != NULL)
        identity_see(pipeline->identity, sample->eni, &sample->at);
    delta_table_apply(&pipeline->deltas, sample, delta);
    if ((delta->verdicts | delta->held) != 0)
        note_verdicts(pipeline, delta);
    pipeline->needs_checkpoint |= delta->is_turning_point;
    if (delta->n_readings > 0)
        window_add(&pipeline->window, delta);
}

// A read that took long is told though it gave nothing, of the instance: the ENI was not read.
void pipeline_note_miss(struct pipeline *pipeline, uint64_t read_ns)
{
    pipeline->health->n_samples_missed++;
    struct delta *delta = &pipeline->delta;
    delta->eni = NULL;
    delta->n_readings = 1;
    delta->readings[0] = (struct reading){METRIC_SELF_READ_MS, delta_read_time(read_ns)};
    if (read_ns > 0)
        window_add(&pipeline->window, delta);
}

void pipeline_note_gone(struct pipeline *pipeline)
{
    pipeline->needs_checkpoint = true;
}

// What the journal keeps beside records: where the counters stand, and who we are.
static json_t *baseline_of(struct pipeline *pipeline)
{
    if (!journal_is_kept(pipeline->journal))
        return NULL;
    journal_note_who(pipeline->journal, identity_tell(pipeline->identity));
    return baseline_save(&pipeline->deltas, &pipeline->window);
}

static void take_checkpoint(struct pipeline *pipeline, const struct now *now)
{
    pipeline->needs_checkpoint = false;
    if (!journal_is_kept(pipeline->journal))
        return;
    pipeline->checkpoint_due_ns = now->boot_ns + CHECKPOINT_PACE_NS;
    journal_checkpoint(
        pipeline->journal, window_snapshot(&pipeline->window), baseline_of(pipeline));
}

void pipeline_end_tick(struct pipeline *pipeline, const struct now *now)
{
    if (window_end_tick(&pipeline->window, now))
        pipeline_close_window(pipeline, now);
    else if (pipeline->needs_checkpoint && now->boot_ns >= pipeline->checkpoint_due_ns)
        take_checkpoint(pipeline, now);
}

void pipeline_close_window(struct pipeline *pipeline, const struct now *now)
{
    struct record *first = window_close(&pipeline->window);
    pipeline->n_windows += first != NULL;
    pipeline->told_verdicts = 0;
    pipeline->needs_checkpoint = false;
    delivery_note_window(&pipeline->delivery, pipeline->journal->last_sequence + 1);
    journal_append(pipeline->journal, first, baseline_of(pipeline));
    journal_expire(pipeline->journal, now);
}
