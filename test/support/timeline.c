// SPDX-License-Identifier: Apache-2.0
// The loop of daemon.c with the clock in hand: on to the earliest moment that anything waits for.
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "support/timeline.h"

#define START_MS INT64_C(1795255200000) // a full hour
#define LATE_NS  (2 * NS_PER_MS)        // a wake-up is late by up to so much

void timeline_init(
    struct timeline *timeline, enum sink_form form, const struct batch_limits *limits)
{
    *timeline = (struct timeline){.config = {.sample_ms = 1000,
                                      .period_ms = 60000,
                                      .verdict_ms = 10000,
                                      .max_bytes = 64 << 20,
                                      .form = form,
                                      .limits = *limits},
        .now = {1000 * NS_PER_S, START_MS + 250}};
    dice_init(&timeline->dice);
    for (size_t i = 0; i < TIMELINE_N_ENIS; i++) {
        struct eni *eni = &timeline->enis[i];
        *eni = (struct eni){.mac = {{2, 0, 0, 0, 0, (uint8_t)i}}, .ifindex = 2 + (int)i};
        snprintf(eni->ifname, sizeof(eni->ifname), "ens%zu", 5 + i);
        memset(&eni->offered, 0xff, sizeof(eni->offered));
        for (size_t j = 0; j < METRIC_N_EXCEEDED; j++)
            timeline->values[i][j] = 1 + dice_below(&timeline->dice, 1000000);
    }
    machine_init(&timeline->machine, true);
    timeline->machine.books.title = "timeline";
    timeline->machine.books.is_brief = true;
    timeline->machine.destination.dice = &timeline->dice;
}

void timeline_finish(struct timeline *timeline)
{
    machine_finish(&timeline->machine);
}

static void pass(struct timeline *timeline, uint64_t ns)
{
    uint64_t boot_ms = timeline->now.boot_ns / NS_PER_MS;
    timeline->now.boot_ns += ns;
    timeline->now.wall_ms += (int64_t)(timeline->now.boot_ns / NS_PER_MS - boot_ms);
}

// A throttled second in three, of a size that is seldom the same.
static void count(struct timeline *timeline, size_t eni)
{
    for (size_t i = 0; eni < TIMELINE_N_LOUD && i < METRIC_N_EXCEEDED; i++) {
        uint64_t n = dice_below(&timeline->dice, 3) == 0 ? dice_below(&timeline->dice, 5000) : 0;
        timeline->values[eni][i] += n;
        timeline->counted[eni][i] += n;
    }
}

static void sample(struct timeline *timeline, size_t eni)
{
    struct sample *sample = &timeline->sample;
    *sample = (struct sample){.eni = &timeline->enis[eni], .at = timeline->now};
    for (uint32_t i = 0; i < METRIC_N_EXCEEDED; i++)
        sample_put(sample, i, timeline->values[eni][i]);
    sample_put(
        sample, METRIC_CONNTRACK_ALLOWANCE_AVAILABLE, 100000 + dice_below(&timeline->dice, 1000));
    sample_put(sample, METRIC_TOTAL_RESETS, 1);
    machine_add(&timeline->machine, sample);
}

static void tick(struct timeline *timeline)
{
    struct machine *machine = &timeline->machine;
    bool is_first = machine->n_samples == 0;
    bool is_last = machine_begin_tick(machine, &timeline->now);
    for (size_t i = 0; i < TIMELINE_N_ENIS; i++) {
        if (!is_first)
            count(timeline, i);
        sample(timeline, i);
    }
    machine_end_tick(machine, &(struct tick){timeline->now, is_last, false});
    timeline->n_ticks++;
}

// How long the newest window waits while older ones do, too.
static void watch_newest(struct timeline *timeline)
{
    const struct journal *journal = &timeline->machine.journal;
    const struct delivery *delivery = &timeline->machine.setup->pipeline.delivery;
    const struct record *last = journal->queue.last;
    bool does_wait = last != NULL && last->start == journal->start &&
        last->sequence >= delivery->fresh_from;
    if (does_wait && timeline->fresh_since_ns == 0)
        timeline->fresh_since_ns = timeline->now.boot_ns;
    uint64_t since_ns = timeline->fresh_since_ns;
    if (since_ns != 0 && timeline->now.boot_ns - since_ns > timeline->longest_wait_ns)
        timeline->longest_wait_ns = timeline->now.boot_ns - since_ns;
    if (!does_wait)
        timeline->fresh_since_ns = 0;
}

static void wake(struct timeline *timeline)
{
    if (ticker_is_due(&timeline->ticker, &timeline->now))
        tick(timeline);
    watch_newest(timeline);
    machine_ship(&timeline->machine, &timeline->now);
    watch_newest(timeline);
}

static bool is_drained(const struct timeline *timeline)
{
    return delivery_is_drained(&timeline->machine.setup->pipeline.delivery);
}

static void run(struct timeline *timeline, uint64_t until_ns, bool is_for_drain)
{
    while (!(is_for_drain && is_drained(timeline))) {
        uint64_t due_ns = machine_ship_due_ns(&timeline->machine);
        if (timeline->ticker.due_boot_ns < due_ns)
            due_ns = timeline->ticker.due_boot_ns;
        if (due_ns >= until_ns)
            break;
        uint64_t now_ns = timeline->now.boot_ns;
        pass(timeline,
            (due_ns > now_ns ? due_ns - now_ns : 0) + dice_below(&timeline->dice, LATE_NS));
        wake(timeline);
    }
    if (!is_for_drain && until_ns > timeline->now.boot_ns)
        pass(timeline, until_ns - timeline->now.boot_ns);
}

void timeline_run(struct timeline *timeline, uint64_t until_ns)
{
    run(timeline, until_ns, false);
}

void timeline_run_until_drained(struct timeline *timeline, uint64_t until_ns)
{
    run(timeline, until_ns, true);
}

void timeline_start(struct timeline *timeline)
{
    pass(timeline, NS_PER_S / 2);
    ticker_init(&timeline->ticker, timeline->config.sample_ms);
    timeline->fresh_since_ns = 0;
    machine_start(&timeline->machine, &timeline->config, &timeline->now);
    wake(timeline);
}

void timeline_stop(struct timeline *timeline)
{
    pass(timeline, NS_PER_S / 2);
    tick(timeline);
    machine_stop(&timeline->machine, &timeline->now, 20);
}

void timeline_reboot(struct timeline *timeline)
{
    memset(timeline->values, 0, sizeof(timeline->values));
    timeline->now.wall_ms += 30000;
    timeline->now.boot_ns = 20 * NS_PER_S;
    machine_boot(&timeline->machine, false);
}

void timeline_check_sums(const struct timeline *timeline)
{
    const struct books *books = &timeline->machine.books;
    struct tally tally, all = {0}, instance;
    for (size_t i = 0; i < TIMELINE_N_ENIS; i++) {
        books_add_up(books, books->boot, &timeline->enis[i].mac, &tally);
        for (size_t j = 0; j < METRIC_N_EXCEEDED; j++) {
            assert_int_equal(tally.sums[j], timeline->counted[i][j]);
            all.sums[j] += tally.sums[j];
        }
    }
    books_add_up(books, books->boot, NULL, &instance);
    assert_memory_equal(instance.sums, all.sums, METRIC_N_EXCEEDED * sizeof(uint64_t));
}

#if defined(__SANITIZE_ADDRESS__)
size_t __sanitizer_get_current_allocated_bytes(void); // gcc has no header for it

bool memory_is_exact(void)
{
    return true;
}

uint64_t memory_heap_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes();
}
#else
bool memory_is_exact(void)
{
    return false;
}

uint64_t memory_heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}
#endif

uint64_t memory_private_bytes(void)
{
    char line[256];
    uint64_t n_kib, n_sum = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "Private_Clean: %" SCNu64, &n_kib) == 1 ||
            sscanf(line, "Private_Dirty: %" SCNu64, &n_kib) == 1)
            n_sum += n_kib * 1024;
    fclose(file);
    return n_sum;
}
