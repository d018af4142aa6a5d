// SPDX-License-Identifier: Apache-2.0
// The kernel's connection tracking as samples of the instance, from a folder in the place of /proc.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/conntrack.h"
#include "log.h"
#include "support/listener.h"
#include "support/unit.h"

#define COUNT "sys/net/netfilter/nf_conntrack_count"
#define MAX   "sys/net/netfilter/nf_conntrack_max"
#define STAT  "net/stat/nf_conntrack"

#define TABLE_READINGS    3 // count, max, percent
#define COUNTERS_READINGS 3 // drop, early_drop, insert_failed

struct bench {
    char proc[32];
    struct collector *collector;
    struct now now;
    struct sample sample;
    struct listener listener;
};

static const char *const folders[] = {"sys", "sys/net", "sys/net/netfilter", "net", "net/stat"};
static const char *const files[] = {COUNT, MAX, STAT};

static char *path_of(const struct bench *bench, const char *name)
{
    return xasprintf("%s/%s", bench->proc, name);
}

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    snprintf(bench->proc, sizeof(bench->proc), "/tmp/enawatch-XXXXXX");
    assert_non_null(mkdtemp(bench->proc));
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        scoped_free char *path = path_of(bench, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    bench->now = (struct now){.boot_ns = 1000 * NS_PER_S, .wall_ms = 1700000000000};
    listener_init(&bench->listener);
    log_set_level(LOG_LEVEL_DEBUG);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    if (bench->collector != NULL)
        bench->collector->ops->destroy(bench->collector);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        scoped_free char *path = path_of(bench, files[i]);
        unlink(path);
    }
    for (size_t i = ARRAY_SIZE(folders); i > 0; i--) {
        scoped_free char *path = path_of(bench, folders[i - 1]);
        rmdir(path);
    }
    rmdir(bench->proc);
    listener_finish(&bench->listener);
    log_set_level(LOG_LEVEL_INFO);
    free(bench);
    return 0;
}

static void write_file(const struct bench *bench, const char *name, const char *text)
{
    scoped_free char *path = path_of(bench, name);
    scoped_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void write_table(const struct bench *bench, const char *count, const char *max)
{
    write_file(bench, COUNT, count);
    write_file(bench, MAX, max);
}

static void create(struct bench *bench)
{
    listener_start(&bench->listener);
    bench->collector = conntrack_create(bench->proc);
    listener_stop(&bench->listener);
}

static enum collect collect(struct bench *bench, bool is_last)
{
    struct tick tick = {bench->now, is_last};
    listener_start(&bench->listener);
    enum collect r = bench->collector->ops->collect(bench->collector, &tick, &bench->sample);
    listener_stop(&bench->listener);
    return r;
}

static uint32_t make_tick(struct bench *bench, bool is_last)
{
    bench->now.boot_ns += NS_PER_S;
    bench->now.wall_ms += MS_PER_S;
    memset(&bench->sample, 0xaa, sizeof(bench->sample)); // what the last sample was is gone
    if (collect(bench, is_last) == COLLECT_DONE)
        return 0;
    assert_int_equal(bench->sample.at.boot_ns, bench->now.boot_ns);
    assert_null(bench->sample.eni);
    assert_int_equal(bench->sample.read_ns, 0);
    uint32_t n_readings = bench->sample.n_readings;
    assert_int_equal(collect(bench, is_last), COLLECT_DONE);
    return n_readings;
}

// A tick, or the last one of a window; how many readings its one sample has, 0 without.
static uint32_t tick(struct bench *bench)
{
    return make_tick(bench, false);
}

static uint32_t last_tick(struct bench *bench)
{
    return make_tick(bench, true);
}

static const struct reading *reading_of(const struct bench *bench, uint32_t metric)
{
    const struct reading *found = NULL;
    for (uint32_t i = 0; i < bench->sample.n_readings; i++)
        if (bench->sample.readings[i].metric == metric) {
            assert_null(found);
            found = &bench->sample.readings[i];
        }
    return found;
}

static void assert_reading(const struct bench *bench, uint32_t metric, uint64_t value)
{
    const struct reading *reading = reading_of(bench, metric);
    if (reading == NULL)
        fail_msg("metric %u is not in the sample", metric);
    assert_int_equal(reading->value, value);
}

// The open file turns into one that cannot be read, as those of a module that is unloaded: a folder
// takes the place of its descriptor.
static void vanish(const struct bench *bench, const char *name)
{
    scoped_free char *path = path_of(bench, name);
    char link[32], target[128] = "";
    int fd = 2;
    while (strcmp(target, path) != 0) {
        assert_in_range(++fd, 3, 1000);
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
    }
    scoped_fd int folder = open("/", O_RDONLY | O_CLOEXEC);
    assert_int_equal(dup2(folder, fd), fd);
    assert_int_equal(unlink(path), 0);
}

static void a_whole_kernel_gives_one_sample_of_the_instance(void **state)
{
    struct bench *bench = *state;
    write_table(bench, "40000\n", "262144\n");
    write_file(bench, STAT,
        "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop "
        "early_drop icmp_error  expect_new expect_create expect_delete search_restart\n"
        "00009c40  00000000 00000000 00000000 00000005 00000006 00000000 00000000 00000000 "
        "00000001 0000000a 00000100 00000000  00000000 00000000 00000000 00000000\n"
        "00009c40  00000000 00000000 00000000 00000005 00000006 00000000 00000000 00000000 "
        "00000002 0000000b 00000200 00000000  00000000 00000000 00000000 00000000\n");
    create(bench);
    assert_int_equal(tick(bench), TABLE_READINGS + COUNTERS_READINGS);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_COUNT, 40000);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_MAX, 262144);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_USED_PERCENT, 1526); // 15.258789 %
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_DROP, 21);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_EARLY_DROP, 768);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_INSERT_FAILED, 3);
    assert_string_equal(bench->listener.said, "");
}

static void the_table_is_read_in_every_tick(void **state)
{
    struct bench *bench = *state;
    write_table(bench, "10\n", "100\n");
    create(bench);
    assert_int_equal(tick(bench), TABLE_READINGS);
    write_table(bench, "11\n", "200\n");
    assert_int_equal(tick(bench), TABLE_READINGS);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_COUNT, 11);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_MAX, 200);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_USED_PERCENT, 550);
    write_table(bench, "9\n", "200\n");
    assert_int_equal(last_tick(bench), TABLE_READINGS);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_COUNT, 9);
}

// Their sums are wanted once a window; where they begin is wanted at once.
static void the_counters_are_read_at_first_and_at_the_end_of_each_window(void **state)
{
    struct bench *bench = *state;
    write_table(bench, "10\n", "100\n");
    write_file(bench, STAT, "drop early_drop insert_failed\nfffffffe 0 7\n");
    create(bench);
    assert_int_equal(tick(bench), TABLE_READINGS + COUNTERS_READINGS);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_DROP, 0xfffffffe);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tick(bench), TABLE_READINGS);
    write_file(bench, STAT, "drop early_drop insert_failed\n00000001 0 7\n");
    assert_int_equal(last_tick(bench), TABLE_READINGS + COUNTERS_READINGS);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_DROP, UINT64_C(0x100000001)); // it wrapped
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_INSERT_FAILED, 7);
    assert_int_equal(tick(bench), TABLE_READINGS);
    assert_int_equal(last_tick(bench), TABLE_READINGS + COUNTERS_READINGS);
}

static void the_share_is_in_hundredths_of_a_percent(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *count, *max;
        uint64_t hundredths;
    } cases[] = {{"0\n", "262144\n", 0}, {"262144\n", "262144\n", 10000}, {"1\n", "3\n", 3333},
        {"2\n", "3\n", 6667}, {"1\n", "262144\n", 0}, {"14\n", "262144\n", 1}, // 0.0053 %
        {"13\n", "262144\n", 0},                                               // 0.00496 %
        {"1\n", "32\n", 313},                                                  // 3.125 %
        {"300\n", "200\n", 15000}, // the limit was lowered
        {"2147483647\n", "2147483647\n", 10000}};
    write_table(bench, "", "");
    create(bench);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        write_table(bench, cases[i].count, cases[i].max);
        assert_int_equal(tick(bench), TABLE_READINGS);
        assert_reading(bench, METRIC_KERNEL_CONNTRACK_USED_PERCENT, cases[i].hundredths);
    }
}

static void a_limit_of_zero_is_none_and_no_share_of_it_can_be_told(void **state)
{
    struct bench *bench = *state;
    write_table(bench, "40000\n", "0\n");
    create(bench);
    assert_int_equal(tick(bench), 2);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_COUNT, 40000);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_MAX, 0);
    assert_null(reading_of(bench, METRIC_KERNEL_CONNTRACK_USED_PERCENT));
}

static void a_module_that_is_not_there_is_nothing_to_talk_about(void **state)
{
    struct bench *bench = *state;
    create(bench);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tick(bench), 0);
        assert_int_equal(last_tick(bench), 0);
    }
    assert_string_equal(bench->listener.said, "");
}

static void a_module_that_is_loaded_later_is_found_in_the_next_window(void **state)
{
    struct bench *bench = *state;
    create(bench);
    assert_int_equal(tick(bench), 0);
    write_table(bench, "1\n", "2\n");
    write_file(bench, STAT, "drop early_drop insert_failed\n1 2 3\n");
    assert_int_equal(tick(bench), 0); // not looked for in every tick
    assert_int_equal(last_tick(bench), 0);
    assert_int_equal(tick(bench), TABLE_READINGS);
    assert_int_equal(last_tick(bench), TABLE_READINGS + COUNTERS_READINGS);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_EARLY_DROP, 2);
    assert_string_equal(bench->listener.said, "");
}

static void a_module_that_is_unloaded_goes_in_silence_and_comes_back(void **state)
{
    struct bench *bench = *state;
    write_table(bench, "1\n", "2\n");
    write_file(bench, STAT, "drop early_drop insert_failed\n10 20 30\n");
    create(bench);
    assert_int_equal(last_tick(bench), TABLE_READINGS + COUNTERS_READINGS);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        vanish(bench, files[i]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tick(bench), 0);
        assert_int_equal(last_tick(bench), 0);
    }
    write_table(bench, "7\n", "70\n");
    write_file(bench, STAT, "drop early_drop insert_failed\n1 0 0\n");
    for (int i = 0; i < 2; i++) { // windows, at most
        last_tick(bench);
        tick(bench);
    }
    assert_int_equal(last_tick(bench), TABLE_READINGS + COUNTERS_READINGS);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_COUNT, 7);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_USED_PERCENT, 1000);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_DROP, 0x10 + 1); // since we look
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_INSERT_FAILED, 0x30);
    assert_string_equal(bench->listener.said, "");
}

static void each_file_that_is_missing_is_missed_alone(void **state)
{
    struct bench *bench = *state;
    write_table(bench, "1\n", "2\n");
    write_file(bench, STAT, "drop early_drop insert_failed\n1 2 3\n");
    create(bench);
    vanish(bench, STAT);
    assert_int_equal(last_tick(bench), TABLE_READINGS);
    write_file(bench, STAT, "drop early_drop insert_failed\n1 2 3\n");
    last_tick(bench);
    vanish(bench, MAX);
    assert_int_equal(last_tick(bench), COUNTERS_READINGS); // a count alone says little
    write_file(bench, MAX, "2\n");
    last_tick(bench);
    assert_int_equal(tick(bench), TABLE_READINGS);
    vanish(bench, COUNT);
    assert_int_equal(last_tick(bench), COUNTERS_READINGS);
    assert_string_equal(bench->listener.said, "");
}

static void a_file_that_may_not_be_read_is_a_matter_for_the_debug_log(void **state)
{
    struct bench *bench = *state;
    scoped_free char *path = path_of(bench, STAT);
    assert_int_equal(symlink(path, path), 0); // ELOOP, for root too
    create(bench);
    assert_int_equal(tick(bench), 0);
    assert_int_equal(listener_count(&bench->listener, "\n"), 1);
    assert_int_equal(listener_count(&bench->listener, "<7>conntrack: "), 1);
    assert_int_equal(listener_count(&bench->listener, path), 1);
    assert_int_equal(listener_count(&bench->listener, "Too many levels of symbolic links"), 1);
}

static void odd_numbers_are_said_once_and_not_published(void **state)
{
    struct bench *bench = *state;
    static const char *const odd[] = {
        "", "\n", "x\n", "-1\n", "1 2\n", "0x10\n", "18446744073709551616\n"};
    write_table(bench, "1\n", "2\n");
    create(bench);
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        write_table(bench, odd[i], "2\n");
        assert_int_equal(tick(bench), 0);
        write_table(bench, "1\n", odd[i]);
        assert_int_equal(tick(bench), 0);
    }
    assert_int_equal(listener_count(&bench->listener, "\n"), 1);
    assert_int_equal(listener_count(&bench->listener, "<4>conntrack: nf_conntrack_count"), 1);
    write_table(bench, "1\n", "2\n"); // and when it is none again
    assert_int_equal(tick(bench), TABLE_READINGS);
    assert_int_equal(listener_count(&bench->listener, "\n"), 1);
}

static void odd_counters_are_said_once_and_not_published(void **state)
{
    struct bench *bench = *state;
    write_table(bench, "1\n", "2\n");
    write_file(bench, STAT, "drop early_drop insert_failed\n1 2 3\n");
    create(bench);
    assert_int_equal(last_tick(bench), TABLE_READINGS + COUNTERS_READINGS);
    for (int i = 0; i < 3; i++) {
        write_file(bench, STAT, "drop early_drop\n100 200\n");
        assert_int_equal(last_tick(bench), TABLE_READINGS);
    }
    assert_int_equal(listener_count(&bench->listener, "\n"), 1);
    assert_int_equal(
        listener_count(&bench->listener, "<4>conntrack: /proc/net/stat/nf_conntrack"), 1);
    write_file(bench, STAT, "drop early_drop insert_failed\n2 2 3\n");
    assert_int_equal(last_tick(bench), TABLE_READINGS + COUNTERS_READINGS);
    assert_reading(bench, METRIC_KERNEL_CONNTRACK_DROP, 2);
}

// Whatever it is: without the module there is no sample, with it one.
static void the_kernel_that_runs_the_tests_is_understood(void **state)
{
    struct bench *bench = *state;
    listener_start(&bench->listener);
    bench->collector = conntrack_create("/proc");
    listener_stop(&bench->listener);
    bool has_table = access("/proc/" COUNT, R_OK) == 0 && access("/proc/" MAX, R_OK) == 0;
    bool has_counters = access("/proc/" STAT, R_OK) == 0;
    uint32_t n_readings = tick(bench);
    if (has_table)
        assert_non_null(reading_of(bench, METRIC_KERNEL_CONNTRACK_COUNT));
    if (has_counters)
        assert_non_null(reading_of(bench, METRIC_KERNEL_CONNTRACK_DROP));
    assert_int_equal(n_readings > 0, has_table || has_counters);
    assert_int_equal(listener_count(&bench->listener, "<4>"), 0);
}

static void a_module_that_is_loaded_again_is_found_in_the_next_window(void **state)
{
    struct bench *bench = *state;
    write_table(bench, "1\n", "2\n");
    create(bench);
    assert_int_equal(tick(bench), TABLE_READINGS);
    vanish(bench, COUNT);
    vanish(bench, MAX);
    assert_int_equal(tick(bench), 0);
    write_table(bench, "7\n", "70\n");
    last_tick(bench);
    assert_int_equal(tick(bench), TABLE_READINGS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_kernel_gives_one_sample_of_the_instance),
        TEST(the_table_is_read_in_every_tick),
        TEST(the_counters_are_read_at_first_and_at_the_end_of_each_window),
        TEST(the_share_is_in_hundredths_of_a_percent),
        TEST(a_limit_of_zero_is_none_and_no_share_of_it_can_be_told),
        TEST(a_module_that_is_not_there_is_nothing_to_talk_about),
        TEST(a_module_that_is_loaded_later_is_found_in_the_next_window),
        TEST(a_module_that_is_unloaded_goes_in_silence_and_comes_back),
        TEST(each_file_that_is_missing_is_missed_alone),
        TEST(a_file_that_may_not_be_read_is_a_matter_for_the_debug_log),
        TEST(odd_numbers_are_said_once_and_not_published),
        TEST(odd_counters_are_said_once_and_not_published),
        TEST(the_kernel_that_runs_the_tests_is_understood),
        TEST(a_module_that_is_loaded_again_is_found_in_the_next_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
