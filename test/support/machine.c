// SPDX-License-Identifier: Apache-2.0
// Start order and its mirror as in engine.c, a tick as in daemon.c, a change as in daemon_change.c.
#include <stdio.h>
#include <string.h>

#include "collector/self.h"
#include "identity/past.h"
#include "store/baseline.h"
#include "support/machine.h"

#define MACHINE_START_NS NS_PER_S // what a start takes at the least

static char *names[] = {(char *)"default", (char *)"queue_0_tx_cnt"};
static char *other_names[] = {
    (char *)"queue_1_tx_cnt", (char *)"default", (char *)"self_samples", (char *)"queue_0_tx_cnt"};

// --- What is on disk ---

static void drop_point(struct machine_point *point)
{
    json_decref(point->baseline);
    *point = (struct machine_point){0};
}

static void keep_point(struct machine_point *point, const struct machine_point *other)
{
    json_incref(other->baseline);
    json_decref(point->baseline);
    *point = *other;
}

static unsigned int *macs_of(struct machine *machine)
{
    return &machine->books.macs[machine->books.boot % BOOK_MAX_BOOTS];
}

static void note_point(struct machine *machine)
{
    json_t *baseline = (json_t *)journal_baseline(&machine->journal);
    if (baseline == machine->point.baseline)
        return;
    keep_point(&machine->point,
        &(struct machine_point){
            baseline, machine->n_samples, *macs_of(machine), machine->self, machine->books.span});
}

static void begin_call(struct machine *machine)
{
    machine->books.n_calls++;
    machine->destination.has_answered = false;
    keep_point(&machine->point_before, &machine->point);
}

static void end_call(struct machine *machine, const struct now *now)
{
    note_point(machine);
    books_follow(&machine->books, &machine->journal, now);
    uint64_t n_bytes = machine->has_disk ? disk_journal_bytes(&machine->disk) : 0;
    books_demand(&machine->books, n_bytes <= machine->setup->config.max_bytes,
        "the journal's file has %" PRIu64 " bytes", n_bytes);
    if (n_bytes > machine->max_file_bytes)
        machine->max_file_bytes = n_bytes;
}

// --- What a configuration makes ---

static void set_options(struct machine_setup *setup, const struct machine_config *config)
{
    struct option_list list = config->has_other_names
        ? (struct option_list){ARRAY_SIZE(other_names), other_names}
        : (struct option_list){ARRAY_SIZE(names), names};
    setup->config = *config;
    setup->delta_options.verdict_ms = config->verdict_ms;
    setup->window_options = (struct window_options){config->period_ms, config->quiet_enis};
    setup->encoder_options = (struct encoder_options){.namespace = (char *)"EnaWatch",
        .log_group = (char *)"/enawatch/metrics",
        .instance_dimensions = (char *)"InstanceId",
        .eni_dimensions = (char *)"InstanceId, NetworkInterfaceId"};
    setup->identity_options = (struct identity_options){
        .wait_ms = 30000, .instance_id = (char *)"i-0123456789abcdef0"};
    catalog_init(&setup->catalog, &(struct catalog_options){.metrics = list});
}

static void open_setup(
    struct machine_setup *setup, const struct machine_config *config, const struct now *now)
{
    *setup = (struct machine_setup){0};
    set_options(setup, config);
    identity_init(&setup->identity,
        &(struct identity_setting){.options = &setup->identity_options, .is_elsewhere = true}, now);
}

static void begin_setup(struct machine *machine, const json_t *baseline, const struct now *now)
{
    struct machine_setup *setup = machine->setup;
    struct destination *destination = &machine->destination;
    destination->form = setup->config.form;
    destination->limits = setup->config.limits;
    destination->delivery = &setup->pipeline.delivery;
    machine->books.max_bytes = setup->config.max_bytes;
    machine->books.n_configs++;
    setup->sink = destination_connect(destination);
    pipeline_init(&setup->pipeline,
        &(struct pipeline_setting){.delta = &setup->delta_options,
            .window = &setup->window_options,
            .encoder = &setup->encoder_options,
            .sample_ms = setup->config.sample_ms,
            .catalog = &setup->catalog,
            .journal = &machine->journal,
            .identity = &setup->identity,
            .sink = setup->sink,
            .is_live = true});
    pipeline_resume(&setup->pipeline, baseline, now);
    identity_recall(&setup->identity, journal_who(machine->journal.start));
    setup->self = self_create(&machine->health, &machine->told);
}

static void finish_setup(struct machine_setup *setup)
{
    setup->sink->ops->destroy(setup->sink);
    pipeline_finish(&setup->pipeline);
    identity_finish(&setup->identity);
    setup->self->ops->destroy(setup->self);
}

// --- The machine ---

void machine_init(struct machine *machine, bool has_disk)
{
    *machine = (struct machine){.has_disk = has_disk};
    if (has_disk)
        disk_init(&machine->disk);
    machine->destination.books = &machine->books;
    machine->destination.disk = has_disk ? &machine->disk : NULL;
    machine_boot(machine, false);
}

static void end_process(struct machine *machine)
{
    if (!machine->is_running)
        return;
    finish_setup(machine->setup);
    journal_close(&machine->journal);
    machine->is_running = false;
}

void machine_finish(struct machine *machine)
{
    end_process(machine);
    drop_point(&machine->point);
    drop_point(&machine->point_before);
    destination_finish(&machine->destination);
    books_finish(&machine->books);
    if (machine->has_disk)
        disk_finish(&machine->disk);
}

void machine_boot(struct machine *machine, bool is_other)
{
    unsigned int boot = ++machine->books.boot;
    machine->books.machine += is_other;
    snprintf(machine->boot_id, sizeof(machine->boot_id), "00000000-0000-4000-8000-%012x", boot);
    machine->n_samples = 0;
    *macs_of(machine) = 0;
    drop_point(&machine->point);
}

static struct tally self_of(const struct health *health)
{
    const uint64_t counts[BOOK_N_SELF] = {health->n_records_made, health->n_records_delivered,
        health->n_records_refused, health->n_records_expired, health->n_records_unclaimed};
    struct tally tally = {0};
    memcpy(&tally.sums[BOOK_SELF], counts, sizeof(counts));
    return tally;
}

static void open_journal(struct machine *machine, const struct now *now)
{
    pid_t holder;
    machine->health = machine->told = (struct health){0};
    snprintf(machine->name, sizeof(machine->name), "%s.%" PRIu64, machine->boot_id,
        now->boot_ns / NS_PER_MS);
    int r = journal_open(&machine->journal,
        &(struct journal_setting){.max_bytes = machine->setup->config.max_bytes,
            .catalog = &machine->setup->catalog,
            .directory = machine->has_disk ? machine->disk.path : NULL,
            .boot_id = machine->boot_id,
            .name = machine->name,
            .health = &machine->health},
        &holder);
    assert_int_equal(r, 0);
    machine->is_running = true;
    books_demand(&machine->books, !machine->has_disk || disk_is_tidy(&machine->disk),
        "there are other files beside the journal");
}

// The daemon begins where the last moment that is on disk left off.
static void check_baseline(const struct machine *machine)
{
    const json_t *baseline = journal_baseline(&machine->journal);
    const json_t *expected = machine->point.baseline;
    bool is_same = baseline == NULL || expected == NULL ? baseline == expected
                                                        : json_equal(baseline, expected);
    books_demand(&machine->books, is_same, "the baseline is another than that on disk");
}

void machine_start(
    struct machine *machine, const struct machine_config *config, const struct now *now)
{
    machine->n_starts++;
    machine->setup = &machine->setups[0];
    open_setup(machine->setup, config, now);
    open_journal(machine, now);
    check_baseline(machine);
    books_reopen(&machine->books, &machine->journal, &machine->doubt);
    machine->doubt = (struct doubt){0};
    if (machine->point.baseline == NULL)
        machine->self_at_boot = machine->self = self_of(&machine->health);
    begin_setup(machine, journal_baseline(&machine->journal), now);
    json_t *before = machine->point.baseline;
    machine->point.baseline = json_incref((json_t *)journal_baseline(&machine->journal));
    json_decref(before);
}

// --- Calls ---

bool machine_begin_tick(struct machine *machine, const struct now *now)
{
    struct pipeline *pipeline = &machine->setup->pipeline;
    bool opens = !pipeline->window.is_open || window_is_stale(&pipeline->window, now);
    begin_call(machine);
    machine->destination.clock_offset_ms = now_offset_ms(now);
    bool is_last = pipeline_begin_tick(pipeline, now);
    end_call(machine, now);
    if (opens)
        machine->books.span.first = *now;
    machine->books.span.last_ns = now->boot_ns;
    return is_last;
}

static void tell_sample(const struct machine *machine, const struct sample *sample)
{
    if (!machine->books.is_told)
        return;
    print_message("# call %" PRIu64 ": sample of card %u, boot %" PRIu64 " ms, wall %" PRId64
                  " ms:",
        machine->books.n_calls, sample->eni->mac.octets[5], sample->at.boot_ns / NS_PER_MS,
        sample->at.wall_ms);
    for (uint32_t i = 0; i < sample->n_readings; i++)
        print_message(" %" PRIu64, sample->readings[i].value);
    print_message("\n");
}

void machine_add(struct machine *machine, const struct sample *sample)
{
    begin_call(machine);
    tell_sample(machine, sample);
    machine->n_samples++;
    *macs_of(machine) |= 1u << sample->eni->mac.octets[5];
    machine->health.n_samples++;
    pipeline_add(&machine->setup->pipeline, sample);
}

void machine_note_gone(struct machine *machine)
{
    pipeline_note_gone(&machine->setup->pipeline);
}

static void note_self(struct machine *machine)
{
    machine->self = (struct tally){0};
    for (uint32_t i = 0; i < machine->sample.n_readings; i++) {
        uint32_t place = book_place(&machine->setup->catalog, machine->sample.readings[i].metric);
        if (place != BOOK_NOTHING)
            machine->self.sums[place] = machine->sample.readings[i].value;
    }
}

void machine_end_tick(struct machine *machine, const struct tick *tick)
{
    struct machine_setup *setup = machine->setup;
    begin_call(machine);
    while (setup->self->ops->collect(setup->self, tick, &machine->sample) == COLLECT_SAMPLE) {
        note_self(machine);
        pipeline_add(&setup->pipeline, &machine->sample);
    }
    pipeline_end_tick(&setup->pipeline, &tick->now);
    end_call(machine, &tick->now);
}

void machine_ship(struct machine *machine, const struct now *now)
{
    begin_call(machine);
    identity_work(&machine->setup->identity, now);
    assert_int_equal(delivery_ship(&machine->setup->pipeline.delivery, now), 0);
    end_call(machine, now);
}

uint64_t machine_ship_due_ns(const struct machine *machine)
{
    struct sink_wait wait = {0};
    const struct sink *sink = machine->setup->sink;
    uint64_t due_ns = delivery_due_ns(&machine->setup->pipeline.delivery);
    sink->ops->wait(sink, &wait);
    return wait.until_ns != 0 && wait.until_ns < due_ns ? wait.until_ns : due_ns;
}

void machine_change(
    struct machine *machine, const struct machine_config *config, const struct now *now)
{
    struct machine_setup *old = machine->setup, *next = &machine->setups[old == machine->setups];
    begin_call(machine);
    open_setup(next, config, now);
    pipeline_close_window(&old->pipeline, now);
    json_t *baseline = baseline_save(&old->pipeline.deltas, &old->pipeline.window);
    journal_note_who(&machine->journal, identity_tell(&old->identity));
    books_follow(&machine->books, &machine->journal, now);
    finish_setup(old);
    journal_change(&machine->journal, &next->catalog, config->max_bytes);
    machine->setup = next;
    begin_setup(machine, baseline, now);
    json_decref(baseline);
    end_call(machine, now);
}

void machine_stop(struct machine *machine, const struct now *now, size_t n_wakes)
{
    struct now wake = *now;
    struct pipeline *pipeline = &machine->setup->pipeline;
    begin_call(machine);
    pipeline_close_window(pipeline, now);
    end_call(machine, now);
    delivery_hurry(&pipeline->delivery);
    for (size_t i = 0; i < n_wakes && !delivery_is_drained(&pipeline->delivery); i++) {
        machine_ship(machine, &wake);
        uint64_t n_ms = machine_ship_due_ns(machine) <= wake.boot_ns ? 1 : MS_PER_S;
        wake.boot_ns += n_ms * NS_PER_MS;
        wake.wall_ms += (int64_t)n_ms;
    }
    end_process(machine);
}

// Whether the last window or checkpoint in the file is the one of this baseline.
static bool is_in_image(const struct image *image, const json_t *baseline)
{
    json_auto_t *last = image_last_baseline(image);
    return last != NULL && json_equal(last, baseline);
}

void machine_crash(struct machine *machine, const struct crash *crash)
{
    bool is_known = machine->point.baseline == NULL ||
        is_in_image(crash->image, machine->point.baseline);
    if (!is_known) {
        books_demand(&machine->books, crash->is_in_call, "a window on disk disappeared");
        keep_point(&machine->point, &machine->point_before);
    }
    machine->n_samples = machine->point.n_samples;
    *macs_of(machine) = machine->point.macs;
    machine->self = machine->point.baseline == NULL ? machine->self_at_boot : machine->point.self;
    machine->doubt = (struct doubt){.is_of_call = crash->is_in_call,
        .is_of_settled = crash->is_power_cut,
        .machine = machine->books.machine,
        .boot = machine->books.boot,
        .span = machine->point.span};
    snprintf(machine->doubt.start, sizeof(machine->doubt.start), "%s", machine->name);
    end_process(machine);
    disk_write(&machine->disk, crash->image);
}
