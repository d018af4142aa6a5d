// SPDX-License-Identifier: Apache-2.0
// Every answer of a table is held against what support/oracle.h allows.
#include <string.h>

#include "flow/catalog.h"
#include "support/trial.h"

void trial_init(struct trial *trial)
{
    static char *words[] = {(char *)"default", (char *)"queue_0_tx_cnt"};
    struct catalog_options options = {.metrics = {ARRAY_SIZE(words), words}};
    memset(trial, 0, sizeof(*trial));
    catalog_init(&trial->catalog, &options);
}

void trial_begin(struct trial *trial, const struct schedule *schedule, uint64_t seed)
{
    struct delta_options options = {.verdict_ms = SCHEDULE_VERDICT_NS / NS_PER_MS};
    trial->schedule = schedule;
    trial->seed = seed;
    memset(trial->answers, 0, sizeof(trial->answers));
    memset(trial->first, 0, sizeof(trial->first));
    memset(trial->times, 0, sizeof(trial->times));
    memset(trial->published, 0, sizeof(trial->published));
    delta_table_finish(&trial->table);
    delta_table_init(&trial->table, &trial->catalog, &options);
}

void trial_finish(struct trial *trial)
{
    delta_table_finish(&trial->table);
}

static const char *const tellings[] = {"-", "", "stale", "zeros", "garbage"};

static void list_metric(const struct trial *trial, const struct look *look, uint32_t metric)
{
    const struct answer *answer = &trial->answers[look - trial->schedule->looks];
    if (!look_shows(look, metric))
        print_message(" %12s", "-");
    else
        print_message(" %12" PRIu64, look->values[metric]);
    if (answer->has >> metric & 1)
        print_message("+%-7" PRIu64, answer->values[metric]);
    else
        print_message("%-8s", "");
}

// The samples of the card, with the group of the metric; behind each value what was published.
static void list_looks(const struct trial *trial, size_t card, uint32_t metric)
{
    enum metric_group group = history_group(metric);
    for (size_t i = 0; i < trial->schedule->n_looks; i++) {
        const struct look *look = &trial->schedule->looks[i];
        if (look->card != card || !trial->answers[i].is_given)
            continue;
        print_message("# %8.3f if%d life %u %-7s",
            (double)(look->at.boot_ns - trial->first[card]->at.boot_ns) / NS_PER_S, look->ifindex,
            look->lives[group], tellings[look->telling[group]]);
        if (look_shows(look, METRIC_TOTAL_RESETS))
            print_message(" resets %" PRIu64, look->values[METRIC_TOTAL_RESETS]);
        for (uint32_t other = 0; other < HISTORY_N_METRICS; other++)
            if (history_group(other) == group && trial->schedule->cards[card].layout >> other & 1)
                list_metric(trial, look, other);
        print_message(" (%.3f s)\n", (double)trial->answers[i].elapsed_ns / NS_PER_S);
    }
}

static void fail_trial(struct trial *trial, size_t card, uint32_t metric, const char *what)
{
    struct bounds sum = {0, 0};
    if (!history_is_level(metric))
        sum = oracle_sum(&trial->oracles[card], metric);
    list_looks(trial, card, metric);
    fail_msg("%s: class \"%s\", ENAWATCH_TEST_SCHEDULES=1 ENAWATCH_TEST_SEED=%" PRIu64
             ", card %zu, %s: published %" PRIu64 ", expected %" PRIu64 " to %" PRIu64,
        what, trial->schedule->schedule_class->name, trial->seed, card,
        trial->catalog.metrics[history_to_catalog(metric)].name, trial->published[card][metric],
        sum.least, sum.most);
}

static void apply(struct trial *trial, const struct look *look)
{
    schedule_fill(trial->schedule, look, &trial->eni, &trial->sample);
    delta_table_apply(&trial->table, &trial->sample, &trial->delta);
}

static struct answer *take_answer(struct trial *trial, const struct look *look)
{
    struct answer *answer = &trial->answers[look - trial->schedule->looks];
    *answer = (struct answer){.is_given = true, .elapsed_ns = trial->delta.elapsed_ns};
    for (uint32_t i = 0; i < trial->delta.n_readings; i++) {
        const struct reading *reading = &trial->delta.readings[i];
        uint32_t metric = history_from_catalog(reading->metric);
        assert_int_equal(history_to_catalog(metric), reading->metric);
        assert_false(answer->has >> metric & 1);
        answer->has |= UINT32_C(1) << metric;
        answer->values[metric] = reading->value;
        if (!history_is_level(metric))
            trial->published[look->card][metric] += reading->value;
    }
    return answer;
}

static bool is_wide(const struct trial *trial, const struct look *look, uint32_t metric)
{
    struct bounds sum = oracle_sum(&trial->oracles[look->card], metric);
    return sum.least != sum.most;
}

// The time of a delta is the longest that one of its increases covers: at most back to where the
// counter was last published, zeros apart, which may turn out to be no truth, or was seen first. At
// least it is the time since the last sample that was the first, true or published.
static void judge_time(struct trial *trial, const struct look *look, const struct answer *answer)
{
    uint64_t most_ns = 0, now_ns = look->at.boot_ns;
    for (uint32_t i = 0; i < HISTORY_N_METRICS; i++) {
        struct times *times = &trial->times[look->card][i];
        enum telling telling = look->telling[history_group(i)];
        bool has = answer->has >> i & 1;
        bool is_true = telling == TELLS_TRUTH || telling == TELLS_STALE;
        if (!look_shows(look, i) || history_is_level(i))
            continue;
        if (times->far_ns == 0)
            times->far_ns = times->near_ns = now_ns;
        if (has && answer->values[i] > 0 && is_true &&
            answer->elapsed_ns < now_ns - times->near_ns && !is_wide(trial, look, i))
            fail_trial(trial, look->card, i, "an increase covers more time");
        if (has && now_ns - times->far_ns > most_ns)
            most_ns = now_ns - times->far_ns;
        if (has && !look_is_mute(look, history_group(i)))
            times->far_ns = now_ns;
        if (has || is_true)
            times->near_ns = now_ns;
    }
    if (answer->has != 0 && answer->elapsed_ns > most_ns)
        fail_trial(trial, look->card, 0, "time is covered twice");
}

static void judge_level(
    struct trial *trial, const struct look *look, uint32_t metric, const struct answer *answer)
{
    const struct oracle *oracle = &trial->oracles[look->card];
    enum metric_group group = history_group(metric);
    bool has = answer->has >> metric & 1;
    if (has && answer->values[metric] != look->values[metric])
        fail_trial(trial, look->card, metric, "another level than the sample's");
    if (has && !oracle_trusts_level(oracle, metric))
        fail_trial(trial, look->card, metric, "a level of a failed read");
    if (!has && oracle_was_settled(oracle, group) && look_shows(look, metric) &&
        !look_is_mute(look, group))
        fail_trial(trial, look->card, metric, "a level is held back");
}

static void judge_counter(struct trial *trial, const struct look *look, uint32_t metric)
{
    const struct oracle *oracle = &trial->oracles[look->card];
    struct bounds sum = oracle_sum(oracle, metric);
    uint64_t published = trial->published[look->card][metric];
    const struct look *first = trial->first[look->card];
    bool is_exact = sum.least == sum.most && first->telling[history_group(metric)] != TELLS_STALE;
    uint64_t counted = look->counted[metric] - first->counted[metric];
    if (published > sum.most || (is_exact && published > counted))
        fail_trial(trial, look->card, metric, "invented");
    if (published >= sum.least || !look_shows(look, metric) ||
        !oracle_is_settled(oracle, history_group(metric)))
        return;
    if (trial->is_strict)
        fail_trial(trial, look->card, metric, "lost");
    trial->n_lossy += trial->lossy_seed != trial->seed;
    trial->lossy_seed = trial->seed;
}

static void judge(struct trial *trial, const struct look *look, const struct answer *answer)
{
    if ((answer->has & ~look->shows) != 0)
        fail_trial(trial, look->card, 0, "published what was not in the sample");
    judge_time(trial, look, answer);
    for (uint32_t i = 0; i < HISTORY_N_METRICS; i++)
        if (history_is_level(i))
            judge_level(trial, look, i, answer);
        else
            judge_counter(trial, look, i);
}

// All of the card was true for so long that it is settled, and published; and nothing but the
// counters has changed.
static bool is_quiet(const struct trial *trial, const struct look *before, const struct look *look)
{
    const struct oracle *oracle = &trial->oracles[look->card];
    const struct answer *answer = &trial->answers[before - trial->schedule->looks];
    for (uint32_t i = METRIC_N_DEVICE; i < HISTORY_N_METRICS; i++)
        if (look->values[i] < before->values[i])
            return false;
    for (uint32_t i = 0; i < HISTORY_N_METRICS; i++)
        if (!history_is_level(i) && look_shows(before, i) && !(answer->has >> i & 1))
            return false;
    return oracle_was_settled(oracle, METRIC_GROUP_ALLOWANCE) &&
        oracle_was_settled(oracle, METRIC_GROUP_SRD) && before->ifindex == look->ifindex &&
        before->shows == look->shows &&
        before->values[METRIC_TOTAL_RESETS] == look->values[METRIC_TOTAL_RESETS];
}

// The first look of all at a counter, but for zeros that may be no answer.
static bool is_beginning(const struct look *look)
{
    for (uint32_t i = 0; i < HISTORY_N_METRICS; i++)
        if (!history_is_level(i) && look_shows(look, i) &&
            (history_group(i) == METRIC_GROUP_DRIVER || !look_is_mute(look, history_group(i))))
            return true;
    return false;
}

// And one that shows what was published of a counter to be of a life that is over.
static bool is_turn(const struct trial *trial, const struct look *before, const struct look *look)
{
    if (before == NULL)
        return is_beginning(look);
    const struct answer *answer = &trial->answers[before - trial->schedule->looks];
    for (uint32_t i = 0; i < HISTORY_N_METRICS; i++)
        if (!history_is_level(i) && (answer->has >> i & 1) && look_shows(look, i) &&
            (look->values[i] < before->values[i] ||
                (look->values[i] > 0 && look->ifindex != before->ifindex)))
            return true;
    return false;
}

static void judge_turning_point(
    struct trial *trial, const struct look *before, const struct look *look)
{
    if (!trial->delta.is_turning_point && is_turn(trial, before, look))
        fail_trial(trial, look->card, 0, "a turning point is passed over");
    if (trial->delta.is_turning_point && before != NULL && is_quiet(trial, before, look))
        fail_trial(trial, look->card, 0, "a turning point where nothing happens");
}

void trial_see(struct trial *trial, const struct look *look)
{
    if (trial->first[look->card] == NULL) {
        oracle_init(&trial->oracles[look->card]);
        trial->first[look->card] = look;
    }
    const struct look *before = trial->oracles[look->card].last;
    apply(trial, look);
    oracle_see(&trial->oracles[look->card], look);
    judge(trial, look, take_answer(trial, look));
    judge_turning_point(trial, before, look);
}

// In the tail all verdicts have fallen.
void trial_end(struct trial *trial)
{
    size_t n_wide = trial->n_wide;
    for (size_t slot = 0; slot < trial->schedule->n_slots; slot++) {
        size_t card = trial->schedule->slots[slot];
        for (uint32_t i = 0; i < HISTORY_N_METRICS; i++) {
            if (history_is_level(i) || !look_shows(trial->oracles[card].last, i))
                continue;
            if (!oracle_is_settled(&trial->oracles[card], history_group(i)))
                fail_trial(trial, card, i, "the tail is too short");
            struct bounds sum = oracle_sum(&trial->oracles[card], i);
            trial->n_sums++;
            trial->n_wide += sum.least != sum.most;
        }
    }
    trial->n_schedules++;
    trial->n_wide_schedules += trial->n_wide != n_wide;
    delta_table_finish(&trial->table);
}
