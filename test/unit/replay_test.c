// SPDX-License-Identifier: Apache-2.0
// What texts come to when they are played: moments and values. Single lines are tested in
// replay_text_test.c, links in replay_links_test.c, files in replay_files_test.c.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/replay_player.h"
#include "support/unit.h"

#define START_2026_MS INT64_C(1767225600000) // date -u -d 2026-01-01T00:00:00Z +%s
#define START_DAY_MS  INT64_C(1795255200000) // date -u -d 2026-11-21T10:00:00Z +%s

static void list_gives_names_and_values_in_its_order(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "NIC statistics:\n     pps: 7\n\n# said later\n     bw_in: 12");
    assert_heard(counters, "list +2 ens5 00:01 end ");
    assert_seen(counters, "ens5", "pps=7 bw_in=12 ");
    assert_seen(counters, "ens6", "names -19 values -19 ");
    assert_int_equal(counters->ops->descriptor(counters), -1);
    counters->ops->destroy(NULL);
    assert_ended(counters);
    assert_seen(counters, "ens5", "pps=7 bw_in=12 ");
}

static void names_are_padded_with_nul(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "NIC statistics:\nqueue_0_tx_pending_timedout_pkts: 1\na\\xff: 2");
    static const char slots[2][COUNTERS_NAME_BYTES] = {
        {"queue_0_tx_pending_timedout_pkts"}, {"a\xff"}};
    struct link link = {.ifname = "ens5"};
    struct counters_names names;
    assert_int_equal(counters->ops->names(counters, &link, &names), 0);
    assert_int_equal(names.n_names, 2);
    assert_memory_equal(names.slots, slots, sizeof(slots));
}

static void text_without_time_starts_with_the_year_2026(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\ntime +250ms\na: 2");
    assert_after(counters, START_2026_MS, 0);
    go_on(counters, 1);
    assert_after(counters, START_2026_MS, 250);
    assert_ended(counters);
    assert_after(counters, START_2026_MS, 250);
}

static void first_time_is_the_start_when_only_interfaces_come_before(void **state)
{
    (void)state;
    scoped_counters *counters = play("interface eth0\ninterface eth1\ntime 2026-11-21T10:00:00Z\n"
                                     "NIC statistics:\na: 1\ntime 1795255201.5\na: 2");
    assert_after(counters, START_DAY_MS, 0);
    assert_heard(counters, "list +2 eth0 00:01 +3 eth1 00:02 end ");
    assert_seen(counters, "eth1", "a=1 ");
    go_on(counters, 1);
    assert_after(counters, START_DAY_MS, 1500);
    assert_ended(counters);
}

static void time_after_a_list_is_another_moment(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\ntime 2026-11-21T10:00:00Z\na: 2");
    assert_after(counters, START_2026_MS, 0);
    go_on(counters, 1);
    assert_after(counters, START_2026_MS, START_DAY_MS - START_2026_MS);
    assert_ended(counters);
}

static void step_before_anything_makes_an_empty_moment(void **state)
{
    (void)state;
    scoped_counters *counters = play("time +1s\nNIC statistics:\na: 1");
    assert_after(counters, START_2026_MS, 0);
    assert_heard(counters, "list end ");
    go_on(counters, 1);
    assert_heard(counters, "+2 ens5 00:01 ");
    assert_ended(counters);
}

static void what_is_not_mentioned_stays(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\nb: 10\nc: 100\n"
                                     "time +1s\na: +5\nb: 3\ntime +1s\na: +5\n");
    go_on(counters, 1);
    assert_seen(counters, "ens5", "a=6 b=3 c=100 ");
    go_on(counters, 1);
    assert_seen(counters, "ens5", "a=11 b=3 c=100 ");
    assert_heard(counters, "list +2 ens5 00:01 end ");
}

static void repeated_step_is_as_many_moments(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\ntime +1s * 3\na: 2\ntime +1s\na: 3");
    for (int after_s = 1; after_s <= 4; after_s++) {
        static const char *const expected[] = {"a=1 ", "a=1 ", "a=2 ", "a=3 "};
        go_on(counters, 1);
        assert_after(counters, START_2026_MS, after_s * 1000);
        assert_seen(counters, "ens5", expected[after_s - 1]);
    }
    assert_ended(counters);
}

static void million_moments_are_no_more_work_than_one_to_check(void **state)
{
    (void)state;
    enum { N_LINES = 2000 };
    scoped_free char *text = xcalloc(N_LINES + 1, 32);
    strncat(text, "NIC statistics:\na: 1\n", 32);
    for (size_t i = 0, n = strlen(text); i < N_LINES; i++, n += strlen(text + n))
        snprintf(text + n, 32, "time +1ms * 1000000\n");
    scoped_counters *counters = play(text);
    go_on(counters, 3);
    assert_after(counters, START_2026_MS, 3);
}

static void second_list_is_one_interval_later(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\nNIC statistics:\na: 2\nb: 7\n"
                                     "NIC statistics:\na: 5");
    assert_seen(counters, "ens5", "a=1 ");
    go_on(counters, 1);
    assert_after(counters, START_2026_MS, REPLAY_PLAYER_INTERVAL_MS);
    assert_seen(counters, "ens5", "a=2 b=7 ");
    go_on(counters, 1);
    assert_after(counters, START_2026_MS, 2 * REPLAY_PLAYER_INTERVAL_MS);
    assert_seen(counters, "ens5", "a=5 ");
    assert_ended(counters);
}

static void lists_of_two_interfaces_share_a_moment(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "NIC statistics:\na: 1\ninterface ens6\nNIC statistics:\nb: 1\n"
        "interface ens5\nNIC statistics:\na: 2\ninterface ens6\nNIC statistics:\nb: 2");
    assert_heard(counters, "list +2 ens5 00:01 +3 ens6 00:02 end ");
    assert_seen(counters, "ens5", "a=1 ");
    assert_seen(counters, "ens6", "b=1 ");
    go_on(counters, 1);
    assert_heard(counters, "");
    assert_after(counters, START_2026_MS, REPLAY_PLAYER_INTERVAL_MS);
    assert_seen(counters, "ens5", "a=2 ");
    assert_seen(counters, "ens6", "b=2 ");
    assert_ended(counters);
}

static void interface_line_ends_a_list(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\ninterface ens5\na: +1");
    assert_seen(counters, "ens5", "a=2 ");
}

static void name_of_32_bytes_can_be_changed(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\nqueue_0_tx_pending_timedout_pkts: 1\n"
                                     "queue_0_tx_pending_timedout_pkt: 1\ntime +1s\n"
                                     "queue_0_tx_pending_timedout_pkts: +1");
    go_on(counters, 1);
    assert_seen(
        counters, "ens5", "queue_0_tx_pending_timedout_pkts=2 queue_0_tx_pending_timedout_pkt=1 ");
}

static void list_after_a_time_line_needs_no_interval(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "NIC statistics:\na: 1\ntime +5s\nNIC statistics:\na: 2\ntime +5s\nNIC statistics:");
    go_on(counters, 1);
    assert_after(counters, START_2026_MS, 5000);
    assert_seen(counters, "ens5", "a=2 ");
    go_on(counters, 1);
    assert_seen(counters, "ens5", "names -95 ");
    assert_ended(counters);
}

static void error_lasts_one_moment(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "NIC statistics:\na: 1\ntime +1s\nERROR: 5\na: +1\ntime +1s * 2\na: +1");
    go_on(counters, 1);
    assert_seen(counters, "ens5", "values -5 ");
    go_on(counters, 1);
    assert_seen(counters, "ens5", "a=2 ");
    assert_heard(counters, "list +2 ens5 00:01 end ");
}

static void error_ends_a_list(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\nERROR: 19\na: +1\ntime +1s");
    assert_seen(counters, "ens5", "values -19 ");
    go_on(counters, 1);
    assert_seen(counters, "ens5", "a=2 ");
}

static void other_count_than_expected_is_a_change(void **state)
{
    (void)state;
    scoped_counters *counters = play("NIC statistics:\na: 1\nb: 2\ninterface bare");
    const uint64_t *values = NULL;
    assert_int_equal(counters->ops->values(counters, "ens5", 1, &values), COUNTERS_CHANGED);
    assert_int_equal(counters->ops->values(counters, "ens5", 3, &values), COUNTERS_CHANGED);
    assert_int_equal(counters->ops->values(counters, "bare", 1, &values), COUNTERS_CHANGED);
    assert_null(values);
    assert_seen(counters, "bare", "names -95 ");
}

static void values_reach_the_last_of_64_bits(void **state)
{
    (void)state;
    scoped_counters *counters = play(
        "NIC statistics:\na: 18446744073709551614\ntime +1s\na: +1\ntime +1s\na: 0");
    go_on(counters, 1);
    assert_seen(counters, "ens5", "a=18446744073709551615 ");
    go_on(counters, 1);
    assert_seen(counters, "ens5", "a=0 ");
}

static void texts_are_merged_by_time(void **state)
{
    (void)state;
    scoped_counters *counters = play_two(
        "time 2026-11-21T10:00:00Z\nNIC statistics:\na: 1\ntime +2s * 2\na: 2",
        "time 2026-11-21T10:00:01Z\nNIC statistics:\nb: 1\ntime +500ms\nb: 2\ntime +3s\nb: 3");
    static const char *const ens5[] = {"a=1 ", "a=1 ", "a=1 ", "a=1 ", "a=2 ", "a=2 "};
    static const char *const ens6[] = {
        "names -19 values -19 ", "b=1 ", "b=2 ", "b=2 ", "b=2 ", "b=3 "};
    static const char *const heard[] = {
        "list +2 ens5 00:01 end ", "+3 ens6 00:02 ", "", "", "", ""};
    static const int64_t after_ms[] = {0, 1000, 1500, 2000, 4000, 4500};
    for (size_t i = 0; i < ARRAY_SIZE(after_ms); i++) {
        go_on(counters, i > 0);
        assert_after(counters, START_DAY_MS, after_ms[i]);
        assert_seen(counters, "ens5", ens5[i]);
        assert_seen(counters, "ens6", ens6[i]);
        assert_heard(counters, heard[i]);
    }
    assert_ended(counters);
}

static void texts_at_one_time_speak_in_the_order_of_their_names(void **state)
{
    (void)state;
    scoped_counters *counters = play_two(
        "interface a\nNIC statistics:\na: 1\ntime +1s\na: 5", "interface a\ntime +1s\na: +1");
    go_on(counters, 1);
    assert_seen(counters, "a", "a=6 ");
}

static void texts_without_time_are_played_side_by_side(void **state)
{
    (void)state;
    scoped_counters *counters = play_two("NIC statistics:\na: 1\nNIC statistics:\na: 2",
        "NIC statistics:\nb: 1\nNIC statistics:\nb: 2");
    assert_heard(counters, "list +2 ens5 00:01 +3 ens6 00:02 end ");
    go_on(counters, 1);
    assert_seen(counters, "ens5", "a=2 ");
    assert_seen(counters, "ens6", "b=2 ");
    assert_ended(counters);
}

static void error_ends_with_its_moment_whoever_has_the_next(void **state)
{
    (void)state;
    scoped_counters *counters = play_two("NIC statistics:\na: 1\nERROR: 19\ntime +2s\na: 2",
        "NIC statistics:\nb: 1\ntime +1s\nb: 2");
    assert_seen(counters, "ens5", "values -19 ");
    go_on(counters, 1);
    assert_seen(counters, "ens5", "a=1 ");
}

static void complaints_name_the_line(void **state)
{
    (void)state;
    assert_complaint("NIC statistics:\na: 1\n\nb: x\n", "ens5.txt:4: a value is");
    assert_complaint("time 2026-11-21T10:00:00Z\nhello\n", "ens5.txt:2: a line is");
    assert_complaint("NIC statistics:\na: 1\ntime +1s * 1000000\na: y", "ens5.txt:4: a value is");
    assert_complaint("NIC statistics:\na: 1\ntime 1\n", "ens5.txt:3: times increase");
    assert_complaint("time 5\nNIC statistics:\na: 1\ntime 5\n", "ens5.txt:4: times increase");
    assert_complaint(
        "interface a\nNIC statistics:\na: 1\ntime 7258118399\ntime +1s\n", "ens5.txt:5: times end");
    assert_complaint(
        "time 7258118398.5\nNIC statistics:\nNIC statistics:\n", "ens5.txt:3: times end");
    assert_complaint(
        "NIC statistics:\na: 1\ntime +1s\nb: 1\n", "ens5.txt:4: a name outside a list");
    assert_complaint("a: +1\n", "ens5.txt:1: a name outside a list");
    assert_complaint("NIC statistics:\na: +1\n", "ens5.txt:2: a list has plain numbers");
    assert_complaint(
        "NIC statistics:\na: 18446744073709551615\ntime +1s\na: +1\n", "ens5.txt:4: a value ends");
    assert_complaint("interface a\ngone\nERROR: 19\n", "ens5.txt:3: an interface that is gone");
    assert_complaint(
        "interface a\ngone\nNIC statistics:\n", "ens5.txt:3: an interface that is gone");
    assert_complaint("interface a\ngone\ngone\n", "ens5.txt:3: an interface that is gone");
    assert_complaint(
        "NIC statistics:\na: 1\ntime +1s * 3\ntime 1767225602\n", "ens5.txt:4: times increase");
    assert_complaint("interface a\ninterface b ifindex=2\n", "ens5.txt:2: two interfaces");
    assert_complaint("interface a\ninterface b\ninterface b mac=02:00:00:00:00:01\n",
        "ens5.txt:3: two interfaces cannot have one name");
}

static void text_that_records_nothing_is_refused(void **state)
{
    (void)state;
    assert_complaint("", "ens5.txt:1: nothing is recorded");
    assert_complaint("# all of it is comment\n", "ens5.txt:2: nothing is recorded");
    assert_complaint(
        "time 2026-11-21T10:00:00Z\ntime +1s * 60\n", "ens5.txt:3: nothing is recorded");
}

static void text_whose_name_names_no_interface_must_name_it(void **state)
{
    (void)state;
    const char *const texts[] = {"captured/ens 5.txt", "NIC statistics:\na: 1", NULL};
    struct counters *counters;
    scoped_free char *complaint = NULL;
    assert_int_equal(replay_player_create(texts, &counters, &complaint), -EINVAL);
    assert_string_equal(complaint,
        "captured/ens 5.txt:1: a line `interface NAME` comes first, or the file is "
        "named "
        "after the interface");
}

static char *repeat(const char *head, const char *format, int n_lines)
{
    size_t n_bytes = strlen(head) + (size_t)n_lines * 32 + 1, n = strlen(head);
    char *text = xcalloc(n_bytes, 1);
    memcpy(text, head, n);
    for (int i = 0; i < n_lines; i++)
        n += (size_t)snprintf(text + n, 32, "%s%d%s", format, i, *format == 'i' ? "\n" : ": 1\n");
    return text;
}

static void interface_has_16384_statistics_at_most(void **state)
{
    (void)state;
    scoped_free char *most = repeat("NIC statistics:\n", "a", COUNTERS_MAX_STATISTICS);
    scoped_free char *more = repeat("NIC statistics:\n", "a", COUNTERS_MAX_STATISTICS + 1);
    scoped_counters *counters = play(most);
    const uint64_t *values;
    assert_int_equal(counters->ops->values(counters, "ens5", 16384, &values), 0);
    assert_complaint(more, "ens5.txt:16386: an interface has at most 16384");
}

static void there_are_256_interfaces_at_most(void **state)
{
    (void)state;
    scoped_free char *most = repeat("", "interface a", 256);
    scoped_free char *more = repeat("", "interface a", 257);
    scoped_counters *counters = play(most);
    struct link_event event = {0};
    for (int i = 0; i < 257; i++)
        assert_int_equal(counters->ops->next_event(counters, &event), 0);
    static const struct mac last = {{2, 0, 0, 0, 1, 0}};
    assert_string_equal(event.link.ifname, "a255");
    assert_int_equal(event.link.ifindex, 257);
    assert_memory_equal(&event.link.mac, &last, sizeof(last));
    assert_complaint(more, "ens5.txt:257: there are at most 256 interfaces");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_gives_names_and_values_in_its_order),
        cmocka_unit_test(names_are_padded_with_nul),
        cmocka_unit_test(text_without_time_starts_with_the_year_2026),
        cmocka_unit_test(first_time_is_the_start_when_only_interfaces_come_before),
        cmocka_unit_test(time_after_a_list_is_another_moment),
        cmocka_unit_test(step_before_anything_makes_an_empty_moment),
        cmocka_unit_test(what_is_not_mentioned_stays),
        cmocka_unit_test(repeated_step_is_as_many_moments),
        cmocka_unit_test(million_moments_are_no_more_work_than_one_to_check),
        cmocka_unit_test(second_list_is_one_interval_later),
        cmocka_unit_test(lists_of_two_interfaces_share_a_moment),
        cmocka_unit_test(interface_line_ends_a_list),
        cmocka_unit_test(name_of_32_bytes_can_be_changed),
        cmocka_unit_test(list_after_a_time_line_needs_no_interval),
        cmocka_unit_test(error_lasts_one_moment),
        cmocka_unit_test(error_ends_a_list),
        cmocka_unit_test(other_count_than_expected_is_a_change),
        cmocka_unit_test(values_reach_the_last_of_64_bits),
        cmocka_unit_test(texts_are_merged_by_time),
        cmocka_unit_test(texts_at_one_time_speak_in_the_order_of_their_names),
        cmocka_unit_test(texts_without_time_are_played_side_by_side),
        cmocka_unit_test(error_ends_with_its_moment_whoever_has_the_next),
        cmocka_unit_test(complaints_name_the_line),
        cmocka_unit_test(text_that_records_nothing_is_refused),
        cmocka_unit_test(text_whose_name_names_no_interface_must_name_it),
        cmocka_unit_test(interface_has_16384_statistics_at_most),
        cmocka_unit_test(there_are_256_interfaces_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
