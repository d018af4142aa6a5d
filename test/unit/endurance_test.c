// SPDX-License-Identifier: Apache-2.0
// Months in simulated time, with outages of the destination, restarts, crashes and reboots: memory,
// the journal's file and open descriptors stay as they were, and every count arrives.
//
// ENAWATCH_TEST_TICKS=N: so many ticks of a second; a million takes minutes.
#include <dirent.h>

#include "support/timeline.h"

#define N_TICKS 20000
#define KIB     UINT64_C(1024)

// What there may be more on the heap at the end than after a tenth of the time: within one start
// buffers stay as large as they were needed once, and a heap that is not counted to the byte has
// caches of its own.
#define START_BOUND_BYTES   (256 * KIB)
#define RESTART_BOUND_BYTES (memory_is_exact() ? 16 * KIB : 256 * KIB)
// The file is rewritten when a mebibyte more of it is dead than counts. Ten minutes without a
// destination take 300 KiB.
#define FILE_BOUND_BYTES (2048 * KIB)

struct mark {
    uint64_t heap_bytes, file_bytes, private_bytes;
    size_t n_descriptors;
};

static size_t n_descriptors(void)
{
    size_t n = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        n++;
    closedir(folder);
    return n;
}

static void drain(struct timeline *timeline)
{
    timeline->machine.destination.mood = MOOD_TAKES;
    timeline_run_until_drained(timeline, timeline->now.boot_ns + 3600 * NS_PER_S);
    assert_true(delivery_is_drained(&timeline->machine.setup->pipeline.delivery));
}

static struct mark measure(struct timeline *timeline)
{
    return (struct mark){
        .heap_bytes = memory_heap_bytes() - books_bytes(&timeline->machine.books),
        .file_bytes = timeline->machine.max_file_bytes,
        .private_bytes = memory_private_bytes(),
        .n_descriptors = n_descriptors(),
    };
}

static void crash(struct timeline *timeline)
{
    struct image image;
    disk_read(&timeline->machine.disk, &image);
    machine_crash(&timeline->machine, &(struct crash){.image = &image});
    image_finish(&image);
}

static void send_for_a_while(struct timeline *timeline, enum mood mood, uint64_t n_seconds)
{
    timeline->machine.destination.mood = mood;
    timeline->machine.destination.busy_ns = dice_below(&timeline->dice, 3 * NS_PER_S);
    timeline_run(timeline, timeline->now.boot_ns + n_seconds * NS_PER_S);
}

static void restart(struct timeline *timeline)
{
    uint64_t how = dice_below(&timeline->dice, 4);
    if (how == 0)
        crash(timeline);
    else
        timeline_stop(timeline);
    if (how == 1)
        timeline_reboot(timeline);
    timeline_start(timeline);
}

static void live(struct timeline *timeline, bool has_restarts)
{
    static const enum mood moods[] = {MOOD_TAKES, MOOD_TAKES, MOOD_TAKES, MOOD_BUSY, MOOD_AWAY};
    struct dice *dice = &timeline->dice;
    send_for_a_while(timeline, moods[dice_below(dice, ARRAY_SIZE(moods))], dice_below(dice, 600));
    if (has_restarts && dice_below(dice, 8) == 0)
        restart(timeline);
}

static struct mark live_until(struct timeline *timeline, uint64_t n_ticks, bool has_restarts)
{
    while (timeline->n_ticks < n_ticks - n_ticks / 10)
        live(timeline, has_restarts);
    timeline->machine.max_file_bytes = 0;
    while (timeline->n_ticks < n_ticks)
        live(timeline, has_restarts);
    send_for_a_while(timeline, MOOD_TAKES, 10);
    drain(timeline);
    if (has_restarts) {
        timeline_stop(timeline);
        timeline_start(timeline);
        send_for_a_while(timeline, MOOD_TAKES, 60);
        drain(timeline);
    }
    struct mark mark = measure(timeline);
    print_message("# %" PRIu64 " ticks, %u starts, %u boots: heap %" PRIu64
                  " KiB, private memory %" PRIu64 " KiB, file at most %" PRIu64
                  " KiB, %zu descriptors\n",
        timeline->n_ticks, timeline->machine.n_starts, timeline->machine.books.boot,
        mark.heap_bytes / KIB, mark.private_bytes / KIB, mark.file_bytes / KIB, mark.n_descriptors);
    return mark;
}

static void end(struct timeline *timeline)
{
    const struct books *books = &timeline->machine.books;
    timeline_stop(timeline);
    print_message("# %" PRIu64 " records\n", books->n_made);
    assert_int_equal(books->n_of[FATE_DELIVERED], books->n_made);
    assert_int_equal(books->n_doubled, 0);
    timeline_check_sums(timeline);
    timeline_finish(timeline);
}

static void nothing_grows(bool has_restarts)
{
    struct timeline timeline;
    const char *wanted = getenv("ENAWATCH_TEST_TICKS");
    uint64_t n_ticks = wanted != NULL ? strtoull(wanted, NULL, 0) : N_TICKS;
    timeline_init(&timeline, SINK_FORM_EMF, &(struct batch_limits){200 << 10, 200 << 10, 10000});
    timeline.config.period_ms = 10000;
    timeline_start(&timeline);
    send_for_a_while(&timeline, MOOD_AWAY, 600); // buffers get as large as they ever need to be
    struct mark first = live_until(&timeline, n_ticks / 10, has_restarts);
    (void)live_until(&timeline, n_ticks / 2, has_restarts);
    struct mark last = live_until(&timeline, n_ticks, has_restarts);
    uint64_t bound_bytes = has_restarts ? RESTART_BOUND_BYTES : START_BOUND_BYTES;
    assert_in_range(last.heap_bytes, 1, first.heap_bytes + bound_bytes);
    assert_in_range(first.file_bytes, 1, FILE_BOUND_BYTES);
    assert_in_range(last.file_bytes, 1, FILE_BOUND_BYTES);
    assert_int_equal(last.n_descriptors, first.n_descriptors);
    end(&timeline);
}

static void nothing_grows_within_a_start(void **state)
{
    (void)state;
    nothing_grows(false);
}

static void nothing_grows_over_many_starts(void **state)
{
    (void)state;
    nothing_grows(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_grows_within_a_start),
        cmocka_unit_test(nothing_grows_over_many_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
