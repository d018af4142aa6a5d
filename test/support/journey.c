// SPDX-License-Identifier: Apache-2.0
// What happens between one tick and the next, and in the middle of a call.
#include <stdio.h>
#include <string.h>

#include "support/journey_part.h"

// Of the second between two ticks: wake-ups of the sink, and then the end of the daemon or of its
// configuration.
#define WAKE_MS 200
#define END_MS  (4 * WAKE_MS)
// In which a destination that takes everything has taken everything.
#define ENOUGH_WAKES 100000

static uint64_t below(struct journey *journey, uint64_t n)
{
    return dice_below(&journey->dice, n);
}

static bool has(const struct journey *journey, unsigned int hazard)
{
    return (journey->journey_class->hazards & hazard) != 0;
}

// Once in n times, on average. Nothing ends the last boot but its end.
static bool befalls(struct journey *journey, enum hazard hazard, uint64_t n)
{
    unsigned int lasts = journey->is_near_end ? HAZARD_CRASH | HAZARD_RESTART | HAZARD_REBOOT : 0;
    if (journey->n_boots == JOURNEY_MAX_BOOTS)
        lasts |= HAZARD_POWER | HAZARD_REBOOT;
    return has(journey, hazard & ~lasts) && below(journey, n) == 0;
}

// --- The configuration ---

void journey_configure(struct journey *journey)
{
    static const uint64_t periods_ms[] = {5000, 10000, 10000, 20000, 60000};
    static const size_t item_bytes[] = {2300, 2600, 4000, 200000};
    static const size_t batch_items[] = {1, 5, 20, 1000};
    struct machine_config *config = &journey->config;
    size_t n_item_bytes = item_bytes[below(journey, ARRAY_SIZE(item_bytes))];
    *config = (struct machine_config){.has_other_names = below(journey, 2),
        .quiet_enis = below(journey, 3) == 0 ? QUIET_ENIS_OMIT : QUIET_ENIS_SEND,
        .sample_ms = 1000,
        .period_ms = periods_ms[below(journey, ARRAY_SIZE(periods_ms))],
        .verdict_ms = SCHEDULE_VERDICT_NS / NS_PER_MS,
        .max_bytes = befalls(journey, HAZARD_ROOM, 2) ? 128 << 10 : 64 << 20,
        .form = below(journey, 3) == 0 ? SINK_FORM_DATUM : SINK_FORM_EMF,
        .limits = {.item_bytes = n_item_bytes,
            .batch_bytes = n_item_bytes * (1 + below(journey, 20)),
            .batch_items = batch_items[below(journey, ARRAY_SIZE(batch_items))],
            .span_ms = below(journey, 3) == 0 ? UINT64_C(86400000) : 0}};
}

static void note_quiet(struct journey *journey)
{
    journey->boots[journey->n_boots - 1].are_all_sent &= journey->config.quiet_enis ==
        QUIET_ENIS_SEND;
}

// --- Calls, and crashes within them ---

static struct image choose(struct journey *journey, const struct image *from)
{
    struct image after, chosen;
    disk_read(&journey->machine.disk, &after);
    if (!image_begins_with(&after, from)) {
        // It was written anew: before that, or after.
        chosen = below(journey, 2) ? *from : after;
        chosen.bytes = memcpy(xcalloc(chosen.n_bytes + 1, 1), chosen.bytes, chosen.n_bytes);
        image_finish(&after);
        return chosen;
    }
    after.n_bytes = from->n_bytes + below(journey, after.n_bytes - from->n_bytes + 1);
    return after;
}

// What was not waited for is cut off, or zeros are there.
static void lose_tail(struct journey *journey, struct image *image)
{
    size_t n_synced = image_synced_bytes(image);
    size_t n_left = n_synced + below(journey, image->n_bytes - n_synced + 1);
    if (below(journey, 3) == 0)
        memset(image->bytes + n_left, 0, image->n_bytes - n_left);
    else
        image->n_bytes = n_left;
}

static void crash(struct journey *journey, struct image *image, bool is_in_call)
{
    struct machine *machine = &journey->machine;
    bool is_power_cut = befalls(journey, HAZARD_POWER, 3);
    if (is_power_cut)
        lose_tail(journey, image);
    machine_crash(machine, &(struct crash){image, is_in_call, is_power_cut});
    image_finish(image);
    journey->is_in_tick = false;
    journey->is_over = is_power_cut;
    journey->counts.n_crashes++;
    journey->counts.n_crashes_in_calls += is_in_call;
    journey->counts.n_power_cuts += is_power_cut;
    // What befalls a card next waits until the daemon has seen it well for a while.
    for (size_t i = 0; i < journey->schedule.n_cards; i++) {
        journey->schedule.courses[i].is_calm = false;
        journey->schedule.courses[i].truth_from_ns = 0;
    }
}

static void crash_between_calls(struct journey *journey)
{
    struct image image;
    disk_read(&journey->machine.disk, &image);
    crash(journey, &image, false);
}

static void begin_call(struct journey *journey)
{
    journey->is_doomed = befalls(journey, HAZARD_CRASH, 100);
    journey->machine.destination.wants_image = journey->is_doomed;
    if (journey->is_doomed)
        disk_read(&journey->machine.disk, &journey->before);
}

// True: the process lives.
static bool end_call(struct journey *journey)
{
    const struct destination *destination = &journey->machine.destination;
    if (!journey->is_doomed)
        return true;
    struct image image = choose(
        journey, destination->has_answered ? &destination->at_answer : &journey->before);
    image_finish(&journey->before);
    crash(journey, &image, true);
    return false;
}

// --- Ticks ---

static void start(struct journey *journey, const struct now *now)
{
    machine_start(&journey->machine, &journey->config, now);
    memcpy(journey->slots, journey->schedule.slots, sizeof(journey->slots));
    note_quiet(journey);
}

static void note_gone(struct journey *journey)
{
    if (memcmp(journey->slots, journey->schedule.slots,
            journey->schedule.n_slots * sizeof(size_t)) != 0)
        machine_note_gone(&journey->machine);
    memcpy(journey->slots, journey->schedule.slots, sizeof(journey->slots));
}

void journey_begin_tick(struct journey *journey, const struct now *now)
{
    if (!journey->machine.is_running)
        start(journey, now);
    note_gone(journey);
    journey->tick_now = *now;
    begin_call(journey);
    journey->is_last = machine_begin_tick(&journey->machine, now);
    journey->is_in_tick = end_call(journey);
}

static void fill(struct journey *journey, const struct look *look)
{
    struct sample *sample = &journey->sample;
    schedule_fill(&journey->schedule, look, &journey->eni, sample);
    journey->eni.mac.octets[4] = (uint8_t)journey->machine.books.machine;
    memset(&journey->eni.offered, 0xff, sizeof(journey->eni.offered));
    const struct catalog *catalog = &journey->machine.setup->catalog;
    for (uint32_t i = 0; i < sample->n_readings; i++)
        if (sample->readings[i].metric == METRIC_N_KNOWN)
            sample->readings[i].metric = catalog_find(
                catalog, "queue_0_tx_cnt", strlen("queue_0_tx_cnt"));
}

void journey_add(struct journey *journey, const struct look *look)
{
    if (!journey->is_in_tick)
        return;
    fill(journey, look);
    machine_add(&journey->machine, &journey->sample);
    journey->looks[journey->machine.n_samples - 1] = look;
    if (befalls(journey, HAZARD_CRASH, 1000))
        crash_between_calls(journey);
}

static void stop(struct journey *journey)
{
    bool is_over = journey->ending == ENDING_FOR_GOOD;
    machine_stop(&journey->machine, &journey->tick_now, is_over ? ENOUGH_WAKES : below(journey, 4));
    journey->is_over = journey->ending == ENDING_REBOOT;
    journey->counts.n_restarts += journey->ending == ENDING_RESTART;
    if (below(journey, 2))
        journey_configure(journey);
}

void journey_end_tick(struct journey *journey)
{
    bool is_final = journey->ending != ENDING_NOT;
    if (!journey->is_in_tick)
        return;
    journey->is_in_tick = false;
    begin_call(journey);
    machine_end_tick(&journey->machine,
        &(struct tick){journey->tick_now, journey->is_last || is_final, is_final});
    if (end_call(journey) && is_final)
        stop(journey);
    journey->ending = ENDING_NOT;
}

// --- Between ticks ---

static void change_mood(struct journey *journey)
{
    struct destination *destination = &journey->machine.destination;
    if (!befalls(journey, HAZARD_DESTINATION, 4))
        return;
    destination->mood = below(journey, 2) ? MOOD_TAKES : (enum mood)below(journey, N_MOODS);
    destination->busy_ns = below(journey, 5 * NS_PER_S);
}

static struct now later(const struct journey *journey, uint64_t ms)
{
    struct now now = journey->schedule.now;
    return (struct now){now.boot_ns + ms * NS_PER_MS, now.wall_ms + (int64_t)ms};
}

static void ship(struct journey *journey, uint64_t after_ms)
{
    struct now now = later(journey, after_ms);
    begin_call(journey);
    machine_ship(&journey->machine, &now);
    end_call(journey);
}

static int64_t random_step_ms(struct journey *journey)
{
    static const int64_t most_ms[] = {3000, 90000, 7200000, 259200000};
    int64_t most = most_ms[below(journey, ARRAY_SIZE(most_ms))];
    int64_t step_ms = (int64_t)below(journey, 2 * (uint64_t)most) - most;
    int64_t error_ms = journey->clock_error_ms + step_ms;
    return error_ms > -500000000 && error_ms < 500000000 ? step_ms : 0;
}

// The sink is waited for, but not for ever.
static void reload(struct journey *journey)
{
    struct machine *machine = &journey->machine;
    struct delivery *delivery = &machine->setup->pipeline.delivery;
    struct now now = later(journey, END_MS);
    journey->counts.n_reloads++;
    delivery_hold(delivery, true);
    for (int i = 0; i < 3 && machine->is_running && delivery->is_in_flight; i++)
        ship(journey, END_MS);
    if (!machine->is_running)
        return;
    journey_configure(journey);
    note_quiet(journey);
    begin_call(journey);
    machine_change(machine, &journey->config, &now);
    end_call(journey);
}

// A suspend, in which nothing is counted.
static void sleep_for(struct journey *journey, uint64_t seconds)
{
    struct schedule *schedule = &journey->schedule;
    schedule->now.boot_ns += seconds * NS_PER_S;
    for (size_t i = 0; i < schedule->n_cards; i++)
        schedule->courses[i].counted_at_ns += seconds * NS_PER_S;
    journey->counts.n_steps++;
}

static void step_clock(struct journey *journey, int64_t ms)
{
    journey->schedule.wall_step_ms += ms;
    journey->clock_error_ms += ms;
    journey->counts.n_steps++;
}

// A suspend moves both clocks; a pause that the hypervisor makes may move each by another time.
static void move_clocks(struct journey *journey)
{
    struct schedule *schedule = &journey->schedule;
    if (befalls(journey, HAZARD_CLOCK, 30))
        step_clock(journey, random_step_ms(journey));
    if (befalls(journey, HAZARD_CLOCK, 80)) {
        bool is_long = below(journey, 20) == 0;
        // What is as old as that expires at once: the open window is closed before.
        if (is_long && journey->machine.is_running)
            reload(journey);
        sleep_for(journey, below(journey, is_long ? 20 * 86400 : 7200));
    }
    if (befalls(journey, HAZARD_CLOCK, 80)) {
        sleep_for(journey, below(journey, 600));
        step_clock(journey, (int64_t)below(journey, 600000));
    }
    schedule->now.wall_ms = (int64_t)(schedule->now.boot_ns / NS_PER_MS) + schedule->wall_step_ms;
}

void journey_pass(struct journey *journey)
{
    change_mood(journey);
    size_t n_wakes = below(journey, 4);
    for (size_t i = 0; i < n_wakes && journey->machine.is_running; i++)
        ship(journey, i * WAKE_MS);
    if (journey->machine.is_running && befalls(journey, HAZARD_CRASH, 30))
        crash_between_calls(journey);
    if (journey->machine.is_running && befalls(journey, HAZARD_RELOAD, 30))
        reload(journey);
    move_clocks(journey);
    if (befalls(journey, HAZARD_RESTART, 30))
        journey->ending = ENDING_RESTART;
    if (befalls(journey, HAZARD_REBOOT, 50))
        journey->ending = ENDING_REBOOT;
}
