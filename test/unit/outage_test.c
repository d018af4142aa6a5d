// SPDX-License-Identifier: Apache-2.0
// The destination is away for a day, and comes back: in simulated time, with the journal on disk
// and the limits of the real sinks. Prints what the recovery takes.
#include "sink/cloudwatch_body.h"
#include "sink/logs_events.h"
#include "support/timeline.h"

#define HOUR_NS (3600 * NS_PER_S)
#define MIB     (1024.0 * 1024.0)

// What takes items, and the most time that a day may take to be delivered.
struct target {
    const char *name;
    enum sink_form form;
    void (*limits)(struct batch_limits *ret_limits);
    uint64_t most_ns;
};

// As in sink/agent.c.
static void agent_tcp(struct batch_limits *ret_limits)
{
    *ret_limits = (struct batch_limits){200 << 10, 200 << 10, 10000};
}

static void agent_udp(struct batch_limits *ret_limits)
{
    *ret_limits = (struct batch_limits){65508, 65508, 1};
}

static void cloudwatch(struct batch_limits *ret_limits)
{
    struct cloudwatch_frame frame;
    cloudwatch_frame_init(&frame, "EnaWatch", true);
    cloudwatch_frame_limits(&frame, ret_limits);
    cloudwatch_frame_finish(&frame);
}

static const struct target targets[] = {
    {"agent, TCP", SINK_FORM_EMF, agent_tcp, 120 * NS_PER_S},
    {"agent, UDP", SINK_FORM_EMF, agent_udp, 2 * HOUR_NS},
    {"cloudwatch", SINK_FORM_DATUM, cloudwatch, 120 * NS_PER_S},
    {"logs", SINK_FORM_EMF, logs_events_limits, 120 * NS_PER_S},
};

// The heap without the books, which the daemon does not have.
struct peak {
    uint64_t heap_bytes, private_bytes, queue_bytes;
};

static void grow(uint64_t *most, uint64_t value)
{
    *most = value > *most ? value : *most;
}

static void note_peak(struct peak *peak, const struct machine *machine)
{
    grow(&peak->heap_bytes, memory_heap_bytes() - books_bytes(&machine->books));
    grow(&peak->private_bytes, memory_private_bytes());
    grow(&peak->queue_bytes, machine->journal.queue.n_bytes);
}

static void be_away(struct timeline *timeline, struct peak *peak)
{
    timeline->machine.destination.mood = MOOD_AWAY;
    for (int hour = 0; hour < 24; hour++) {
        timeline_run(timeline, timeline->now.boot_ns + HOUR_NS);
        note_peak(peak, &timeline->machine);
    }
}

static void a_day_of_outage_is_delivered_after_it(void **state)
{
    const struct target *target = *state;
    struct timeline timeline;
    const struct machine *machine = &timeline.machine;
    struct peak before = {0}, peak = {0};
    struct batch_limits limits;
    target->limits(&limits);
    timeline_init(&timeline, target->form, &limits);
    timeline_start(&timeline);
    timeline_run(&timeline, timeline.now.boot_ns + HOUR_NS / 2);
    note_peak(&before, machine);
    be_away(&timeline, &peak);

    size_t n_waiting = machine->journal.queue.n_records;
    uint64_t back_ns = timeline.now.boot_ns, n_batches = machine->destination.n_batches;
    timeline.machine.destination.mood = MOOD_BUSY;
    timeline.machine.destination.busy_ns = 50 * NS_PER_MS;
    timeline.fresh_since_ns = timeline.longest_wait_ns = 0;
    timeline_run_until_drained(&timeline, back_ns + target->most_ns);
    uint64_t drained_ns = timeline.now.boot_ns;
    note_peak(&peak, machine);
    print_message("# %s: %zu records of 24 h delivered in %.1f s by %" PRIu64
                  " batches, the newest window after at most %.2f s\n",
        target->name, n_waiting, (double)(drained_ns - back_ns) / NS_PER_S,
        machine->destination.n_batches - n_batches, (double)timeline.longest_wait_ns / NS_PER_S);
    print_message("# heap %.1f MiB at most, %.1f before; private memory %.1f, %.1f before; "
                  "waiting in memory %.1f; file %.1f at most, %.1f at the end\n",
        (double)peak.heap_bytes / MIB, (double)before.heap_bytes / MIB,
        (double)peak.private_bytes / MIB, (double)before.private_bytes / MIB,
        (double)peak.queue_bytes / MIB, (double)machine->max_file_bytes / MIB,
        (double)disk_journal_bytes(&machine->disk) / MIB);
    timeline.machine.destination.mood = MOOD_TAKES;
    timeline_stop(&timeline);
    assert_int_equal(machine->books.n_of[FATE_WAITING], 0);
    assert_int_equal(machine->books.n_of[FATE_DELIVERED], machine->books.n_made);
    assert_int_equal(machine->books.n_doubled, 0);
    timeline_check_sums(&timeline);
    timeline_finish(&timeline);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(targets)];
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
        tests[i] = (struct CMUnitTest){targets[i].name, a_day_of_outage_is_delivered_after_it, NULL,
            NULL, (void *)&targets[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
