// SPDX-License-Identifier: Apache-2.0
// What a crash can cost (flow/truth.md), over random schedules of faults. A daemon writes down what
// it published and where it stands at the end of each window and of each tick with a turning point;
// it is killed at any sample, and starts again some ticks later.
//
// Samples since it last wrote are lost with it. What it wrote down in all its lives is then exactly
// what a daemon publishes that never saw those samples, so nothing is doubled; and no less than one
// publishes that was never killed, but for what the device forgot in the meantime.
//
// ENAWATCH_TEST_SCHEDULES=N and ENAWATCH_TEST_SEED: as in truth_law_test.c.
#include <string.h>

#include "support/mortal.h"
#include "support/trial.h"

#define N_SCHEDULES 3000
#define NONE        SIZE_MAX

// What became of a look, beside what the schedule knows of it.
struct fate {
    size_t tick;
    bool is_lost;
    bool is_whole;                         // the daemon lived to the end of that tick
    uint64_t forgotten[HISTORY_N_METRICS]; // counted by the device before its last restart
};

struct bench {
    const struct schedule_class *schedule_class;
    struct schedule schedule;
    struct fate fates[SCHEDULE_MAX_LOOKS];
    struct dice dice;
    uint64_t window, lifetime; // in ticks; in samples, on average
    struct mortal mortal;
    size_t n_written; // looks that it will not lose
    size_t down_until;
    size_t slots[SCHEDULE_MAX_SLOTS];
    struct delta_table steady; // of the daemon that is never killed
    struct sums published;
    struct trial trial; // of the samples that were not lost
    struct eni eni;     // of the sample
    struct sample sample;
    struct delta delta;
    size_t n_crashes, n_lost, n_written_at_once, n_forgotten;
};

static void fail_bench(const struct bench *bench, size_t card, uint32_t metric, const char *what)
{
    fail_msg("%s: class \"%s\", ENAWATCH_TEST_SCHEDULES=1 ENAWATCH_TEST_SEED=%" PRIu64
             ", card %zu, %s: %" PRIu64 ", never killed %" PRIu64,
        what, bench->schedule_class->name, bench->trial.seed, card,
        bench->trial.catalog.metrics[history_to_catalog(metric)].name,
        bench->mortal.written.of[card][metric], bench->published.of[card][metric]);
}

// Of the tick before the look.
static void end_tick(struct bench *bench, size_t i)
{
    size_t tick = bench->fates[i - 1].tick;
    for (size_t k = i; k-- > bench->n_written && bench->fates[k].tick == tick;)
        bench->fates[k].is_whole = true;
    if (!bench->mortal.is_due && tick % bench->window != 0)
        return;
    bench->n_written_at_once += bench->mortal.is_due;
    bench->n_written = i;
    mortal_write(&bench->mortal);
}

static void kill_daemon(struct bench *bench, size_t i)
{
    const struct look *look = &bench->schedule.looks[i];
    mortal_die(&bench->mortal, &look->at);
    for (size_t k = bench->n_written; k < i; k++)
        bench->fates[k].is_lost = true;
    bench->down_until = bench->fates[i].tick + dice_below(&bench->dice, 5);
    bench->n_written = i;
    bench->n_crashes++;
}

// An ENI that went away is a source that ended.
static void note_slots(struct bench *bench)
{
    for (size_t slot = 0; slot < bench->schedule.n_slots; slot++) {
        bench->mortal.is_due |= bench->slots[slot] != bench->schedule.slots[slot];
        bench->slots[slot] = bench->schedule.slots[slot];
    }
}

static bool is_up(const struct bench *bench, size_t i)
{
    return bench->fates[i].tick >= bench->down_until;
}

static void see(struct bench *bench, size_t i)
{
    const struct look *look = &bench->schedule.looks[i];
    const struct card *card = &bench->schedule.cards[look->card];
    struct fate *fate = &bench->fates[i];
    *fate = (struct fate){.tick = bench->schedule.tick};
    for (uint32_t metric = 0; metric < HISTORY_N_METRICS; metric++)
        fate->forgotten[metric] = card->counted[metric] - card->values[metric];
    schedule_fill(&bench->schedule, look, &bench->eni, &bench->sample);
    delta_table_apply(&bench->steady, &bench->sample, &bench->delta);
    sums_add(&bench->published, look->card, &bench->delta);
    bool is_new_tick = i > 0 && fate->tick != bench->fates[i - 1].tick;
    if (is_new_tick && !bench->fates[i - 1].is_lost)
        end_tick(bench, i);
    bool is_in_tail = fate->tick >= bench->schedule.n_ticks;
    if (is_up(bench, i) && !is_in_tail && dice_below(&bench->dice, bench->lifetime) == 0)
        kill_daemon(bench, i);
    fate->is_lost = !is_up(bench, i);
    if (!fate->is_lost)
        mortal_see(&bench->mortal, look, &bench->sample, &bench->delta);
    if (!fate->is_lost)
        note_slots(bench);
}

static void begin(struct bench *bench, uint64_t seed)
{
    struct delta_options options = {.verdict_ms = SCHEDULE_VERDICT_NS / NS_PER_MS};
    bench->dice.state = ~seed;
    bench->window = 2 + dice_below(&bench->dice, 20);
    bench->lifetime = 10 + dice_below(&bench->dice, 150);
    bench->n_written = bench->down_until = 0;
    memset(&bench->published, 0, sizeof(bench->published));
    mortal_finish(&bench->mortal);
    mortal_init(&bench->mortal, &bench->trial.catalog);
    delta_table_finish(&bench->steady);
    delta_table_init(&bench->steady, &bench->trial.catalog, &options);
    schedule_init(&bench->schedule, bench->schedule_class, seed);
    memcpy(bench->slots, bench->schedule.slots, sizeof(bench->slots));
}

static const struct look *at(const struct bench *bench, size_t i)
{
    return &bench->schedule.looks[i];
}

// The next look at the card behind `i`, or the first for NONE.
static size_t next(const struct bench *bench, size_t card, size_t i)
{
    for (i = i == NONE ? 0 : i + 1; i < bench->schedule.n_looks; i++)
        if (at(bench, i)->card == card)
            return i;
    return NONE;
}

// True in the sample.
static bool shows(const struct bench *bench, size_t i, uint32_t metric)
{
    return look_shows(at(bench, i), metric) &&
        at(bench, i)->telling[history_group(metric)] == TELLS_TRUTH;
}

static bool is_published(const struct bench *bench, size_t i, uint32_t metric)
{
    return !bench->fates[i].is_lost && (bench->trial.answers[i].has >> metric & 1);
}

// A counter that is judged together with this one is lower than it was.
static bool is_fall(const struct bench *bench, size_t from, size_t to, uint32_t metric)
{
    enum metric_group group = history_group(metric);
    for (uint32_t i = history_first(group); i < history_end(group); i++)
        if ((i == metric || group != METRIC_GROUP_DRIVER) && !history_is_level(i) &&
            look_shows(at(bench, from), i) && look_shows(at(bench, to), i) &&
            at(bench, to)->values[i] < at(bench, from)->values[i])
            return true;
    return false;
}

// Looks at one card that were lost, one after the other, and one of its counters.
struct gap {
    size_t card;
    uint32_t metric;
    size_t first;  // of them
    size_t before; // the look before it; NONE: the card was not seen yet
    size_t base;   // what the next increase is from: the last look that was published before; NONE
    size_t fall;   // the last one of which the daemon had written down the restart; NONE
    size_t after;  // the next look that is published and true; NONE
    size_t last;   // of the card
};

static struct gap gap_of(const struct bench *bench, struct gap gap)
{
    gap.base = gap.fall = gap.after = NONE;
    bool is_over = false;
    for (size_t i = next(bench, gap.card, NONE); i != NONE; i = next(bench, gap.card, i)) {
        bool is_lost = bench->fates[i].is_lost, is_shown = shows(bench, i, gap.metric);
        is_over |= i > gap.first && !is_lost;
        gap.last = i;
        if (!is_shown)
            continue;
        bool is_first = gap.base == NONE && !is_lost;
        bool is_told = is_published(bench, i, gap.metric);
        if (i < gap.first && (is_first || is_told))
            gap.base = i;
        if (i >= gap.first && !is_over && bench->fates[i].is_whole && gap.before != NONE &&
            is_fall(bench, gap.before, i, gap.metric))
            gap.fall = i;
        bool is_after = gap.before == NONE ? is_over : is_over && is_told;
        if (is_after && gap.after == NONE)
            gap.after = i;
    }
    return gap;
}

// Whether the device forgot what it had counted, and no sample that was written down tells it.
static bool is_forgotten(const struct bench *bench, const struct gap *gap)
{
    size_t known = !is_published(bench, gap->before, gap->metric) ? gap->base
        : gap->fall != NONE                                       ? gap->fall
                                                                  : gap->before;
    return at(bench, gap->base)->ifindex != at(bench, gap->after)->ifindex ||
        bench->fates[known].forgotten[gap->metric] !=
        bench->fates[gap->after].forgotten[gap->metric];
}

// What may be lost in it: nothing, or all that was counted since it was written down.
static uint64_t may_lose(const struct bench *bench, const struct gap *gap)
{
    size_t from = gap->before == NONE ? gap->first : gap->base;
    size_t to = gap->after == NONE ? gap->last : gap->after;
    uint64_t before = from == NONE ? 0 : at(bench, from)->counted[gap->metric];
    if (gap->before != NONE && gap->base != NONE && gap->after != NONE && !is_forgotten(bench, gap))
        return 0;
    return at(bench, to)->counted[gap->metric] - before;
}

static uint64_t may_lose_in_all(const struct bench *bench, size_t card, uint32_t metric)
{
    uint64_t sum = 0;
    size_t before = NONE;
    bool was_lost = false;
    for (size_t i = next(bench, card, NONE); i != NONE; i = next(bench, card, i)) {
        bool is_lost = bench->fates[i].is_lost;
        if (is_lost && !was_lost) {
            struct gap gap = gap_of(
                bench, (struct gap){.card = card, .metric = metric, .first = i, .before = before});
            sum += may_lose(bench, &gap);
        }
        if (!is_lost)
            before = i;
        was_lost = is_lost;
    }
    return sum;
}

// Where no observer can tell (support/oracle.h) the law says no more than the oracle has said.
static bool can_tell(const struct bench *bench, size_t card, uint32_t metric)
{
    if (bench->trial.first[card] == NULL)
        return true;
    struct bounds sum = oracle_sum(&bench->trial.oracles[card], metric);
    return sum.least == sum.most;
}

static void judge_counter(struct bench *bench, size_t card, uint32_t metric)
{
    uint64_t written = bench->mortal.written.of[card][metric];
    uint64_t published = bench->published.of[card][metric];
    if (written != bench->trial.published[card][metric])
        fail_bench(bench, card, metric, "not what the samples say that are left");
    if (written >= published || !bench->schedule_class->is_spaced || !can_tell(bench, card, metric))
        return;
    bench->n_forgotten++;
    if (published - written > may_lose_in_all(bench, card, metric))
        fail_bench(bench, card, metric, "lost");
}

static void judge(struct bench *bench)
{
    trial_begin(&bench->trial, &bench->schedule, bench->trial.seed);
    for (size_t i = 0; i < bench->schedule.n_looks; i++) {
        bench->n_lost += bench->fates[i].is_lost;
        if (!bench->fates[i].is_lost)
            trial_see(&bench->trial, at(bench, i));
    }
    trial_end(&bench->trial);
    for (size_t card = 0; card < SCHEDULE_MAX_CARDS; card++)
        for (uint32_t i = 0; i < HISTORY_N_METRICS; i++)
            if (!history_is_level(i))
                judge_counter(bench, card, i);
}

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->schedule_class = *state;
    trial_init(&bench->trial);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    trial_finish(&bench->trial);
    mortal_finish(&bench->mortal);
    delta_table_finish(&bench->steady);
    free(bench);
    return 0;
}

static void a_crash_loses_nothing_but_what_the_device_forgot(void **state)
{
    struct bench *bench = *state;
    size_t n_schedules = schedule_n_of_each(N_SCHEDULES, SCHEDULE_N_CLASSES);
    struct dice dice;
    dice_init(&dice);
    bench->trial.seed = dice.state;
    for (size_t i = 0; i < n_schedules; i++) {
        begin(bench, bench->trial.seed);
        for (size_t k = 0; schedule_next(&bench->schedule) != NULL; k++)
            see(bench, k);
        mortal_write(&bench->mortal);
        judge(bench);
        bench->trial.seed = dice_next(&dice);
    }
    print_message("# %s: %zu schedules, %zu crashes, %zu samples lost, %zu times written at once; "
                  "%zu counters of which something was forgotten\n",
        bench->schedule_class->name, n_schedules, bench->n_crashes, bench->n_lost,
        bench->n_written_at_once, bench->n_forgotten);
    assert_true(n_schedules == 1 || bench->n_crashes > n_schedules);
    assert_true(bench->trial.n_lossy <= 1 + bench->trial.n_schedules / 100);
}

int main(void)
{
    struct CMUnitTest tests[SCHEDULE_N_CLASSES];
    for (size_t i = 0; i < SCHEDULE_N_CLASSES; i++)
        tests[i] = (struct CMUnitTest){schedule_classes[i].name,
            a_crash_loses_nothing_but_what_the_device_forgot, set_up, tear_down,
            (void *)&schedule_classes[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
