// SPDX-License-Identifier: Apache-2.0
// What a line of a replay file may say, one statement at a time. Times were computed with date(1).
#include <stdbool.h>
#include <string.h>

#include "os/replay_text.h"
#include "support/unit.h"

static struct replay_reader reader_of(struct replay_text *text, const char *bytes)
{
    *text = (struct replay_text){.bytes = (char *)bytes, .n_bytes = strlen(bytes)};
    return (struct replay_reader){.text = text};
}

static struct replay_statement read_one(const char *line)
{
    struct replay_text text;
    struct replay_reader reader = reader_of(&text, line);
    struct replay_statement statement;
    const char *complaint = replay_read(&reader, &statement);
    if (complaint != NULL)
        fail_msg("\"%s\": %s", line, complaint);
    return statement;
}

static void assert_refused(const char *line, const char *expected)
{
    struct replay_text text;
    struct replay_reader reader = reader_of(&text, line);
    struct replay_statement statement;
    const char *complaint = replay_read(&reader, &statement);
    if (complaint == NULL)
        fail_msg("\"%s\" was accepted", line);
    else if (strstr(complaint, expected) == NULL)
        fail_msg("\"%s\": %s", line, complaint);
}

static void assert_time(const char *line, uint64_t expected_ns)
{
    struct replay_statement statement = read_one(line);
    assert_int_equal(statement.kind, REPLAY_TIME);
    assert_false(statement.time.is_step);
    assert_int_equal(statement.time.ns, expected_ns);
}

static void time_is_a_date_in_utc(void **state)
{
    (void)state;
    assert_time("time 1970-01-01T00:00:00Z", 0);
    assert_time("time 2026-11-21T10:00:00Z", UINT64_C(1795255200000000000));
    assert_time("time 2024-02-29T23:59:59Z", UINT64_C(1709251199000000000));
    assert_time("time 2199-12-31T23:59:59Z", UINT64_C(7258118399000000000));
}

static void time_is_unix_seconds(void **state)
{
    (void)state;
    assert_time("time 1795255200", UINT64_C(1795255200000000000));
    assert_time("\ttime\t1795255200.250 \r\n", UINT64_C(1795255200250000000));
}

static void fraction_of_a_second_has_one_to_nine_digits(void **state)
{
    (void)state;
    assert_time("time 2026-11-21T10:00:00.5Z", UINT64_C(1795255200500000000));
    assert_time("time 2026-11-21T10:00:00.000000001Z", UINT64_C(1795255200000000001));
    assert_time("time 0.123456789", 123456789);
    assert_refused("time 0.1234567890", "a time is written");
    assert_refused("time 0.", "a time is written");
    assert_refused("time 2026-11-21T10:00:00.Z", "a time is written");
}

static void time_that_no_clock_shows_is_refused(void **state)
{
    (void)state;
    static const char *const times[] = {"time", "time now", "time 10:00:00",
        "time 2026-11-21 10:00:00", "time 2026-11-21T10:00:00", "time 2026-11-21T10:00:00+01:00",
        "time 2026-11-21T10:00Z", "time 2026-1-21T10:00:00Z", "time 2026-11-21T10:00:00ZZ",
        "time 2026-00-21T10:00:00Z", "time 2026-13-21T10:00:00Z", "time 2026-11-31T10:00:00Z",
        "time 2026-02-29T10:00:00Z", "time 2026-01-99T10:00:00Z", "time 2026-11-00T10:00:00Z",
        "time 2026-11-21T24:00:00Z", "time 2026-11-21T10:60:00Z", "time 2026-11-21T10:00:60Z",
        "time 1969-12-31T23:59:59Z", "time 2200-01-01T00:00:00Z", "time 7258118400", "time -1",
        "time .5", "time 18446744073709551616", "time 1795255200 * 2", "time 1795255200 2"};
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        assert_refused(times[i], "a time is written");
}

static void assert_step(const char *line, uint64_t expected_ns, uint32_t expected_steps)
{
    struct replay_statement statement = read_one(line);
    assert_int_equal(statement.kind, REPLAY_TIME);
    assert_true(statement.time.is_step);
    assert_int_equal(statement.time.ns, expected_ns);
    assert_int_equal(statement.time.n_steps, expected_steps);
}

static void step_is_a_duration_and_may_be_repeated(void **state)
{
    (void)state;
    assert_step("time +1s", NS_PER_S, 1);
    assert_step("time +250ms", 250 * NS_PER_MS, 1);
    assert_step("time +1s * 30", NS_PER_S, 30);
    assert_step("time +1m  *  1000000", 60 * NS_PER_S, 1000000);
}

static void step_has_a_length_and_an_end(void **state)
{
    (void)state;
    assert_refused("time +0s", "longer than 0");
    assert_refused("time +18446744073709551615ms", "230 years");
    assert_refused("time +1", "a time is written");
    assert_refused("time +1s 30", "a time is written");
    assert_refused("time +1s *", "a time is written");
    assert_refused("time +1s x 30", "a time is written");
    assert_refused("time +1s*30", "a time is written");
    assert_refused("time +1s * 30 *", "a time is written");
    assert_refused("time +1s * 0", "1 to 1000000 times");
    assert_refused("time +1s * 1000001", "1 to 1000000 times");
    assert_refused("time +1s * 4294967297", "1 to 1000000 times");
    assert_refused("time +1s * many", "1 to 1000000 times");
}

static void interface_has_parts_in_any_order(void **state)
{
    (void)state;
    static const struct mac mac = {{0x0a, 0, 0, 0, 0, 0xff}};
    struct replay_statement statement = read_one(
        "interface ens5 version=2.17.0g  driver=ena ifindex=7\tmac=0A:00:00:00:00:FF");
    const struct replay_interface *interface = &statement.interface;
    assert_int_equal(statement.kind, REPLAY_INTERFACE);
    assert_string_equal(interface->ifname, "ens5");
    assert_int_equal(interface->ifindex, 7);
    assert_true(interface->has_mac && interface->has_driver && interface->has_version);
    assert_memory_equal(&interface->mac, &mac, sizeof(mac));
    assert_string_equal(interface->driver, "ena");
    assert_string_equal(interface->version, "2.17.0g");
}

static void parts_that_are_not_given_are_marked(void **state)
{
    (void)state;
    struct replay_statement statement = read_one("interface fifteen_letters");
    assert_string_equal(statement.interface.ifname, "fifteen_letters");
    assert_int_equal(statement.interface.ifindex, 0);
    assert_false(statement.interface.has_mac);
    assert_false(statement.interface.has_driver);
    assert_false(statement.interface.has_version);
}

static void empty_driver_is_given(void **state)
{
    (void)state;
    struct replay_statement statement = read_one("interface lo driver=");
    assert_true(statement.interface.has_driver);
    assert_string_equal(statement.interface.driver, "");
}

static void part_of_an_interface_that_the_kernel_could_not_have_is_refused(void **state)
{
    (void)state;
    assert_refused("interface", "the name of an interface");
    assert_refused("interface sixteen__letters", "the name of an interface");
    assert_refused("interface a/b", "the name of an interface");
    assert_refused("interface \xc3\xa9ns5", "the name of an interface");
    assert_refused("interface ens5 up", "an interface has");
    assert_refused("interface ens5 mtu=9001", "an interface has");
    assert_refused("interface ens5 mac=02:00:00:00:00", "a mac is written");
    assert_refused("interface ens5 ifindex=0", "an ifindex is");
    assert_refused("interface ens5 ifindex=100000001", "an ifindex is");
    assert_refused("interface ens5 ifindex=-2", "an ifindex is");
    assert_refused("interface ens5 driver=12345678901234567890123456789012", "at most 31");
    assert_refused("interface ens5 version=\x01", "at most 31");
    read_one("interface ens5 driver=1234567890123456789012345678901 ifindex=100000000");
}

static void assert_value(const char *line, const char *name, bool is_increase, uint64_t expected)
{
    struct replay_statement statement = read_one(line);
    char slot[COUNTERS_NAME_BYTES] = {0};
    memcpy(slot, name, strnlen(name, sizeof(slot)));
    assert_int_equal(statement.kind, REPLAY_VALUE);
    assert_memory_equal(statement.value.name, slot, sizeof(slot));
    assert_int_equal(statement.value.is_increase, is_increase);
    assert_int_equal(statement.value.value, expected);
}

static void value_is_all_of_64_bits(void **state)
{
    (void)state;
    assert_value("     bw_in_allowance_exceeded: 12", "bw_in_allowance_exceeded", false, 12);
    assert_value("a: +5", "a", true, 5);
    assert_value("a : 18446744073709551615", "a", false, UINT64_MAX);
    assert_value("a:+0", "a", true, 0);
    static const char *const others[] = {
        "a:", "a: +", "a: -1", "a: 0x10", "a: 1.5", "a: 18446744073709551616", "a: 1 2", "a: ++1"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_refused(others[i], "a value is a number");
}

static void name_fills_its_slot_to_the_last_byte(void **state)
{
    (void)state;
    assert_value(
        "queue_0_tx_pending_timedout_pkts: 1", "queue_0_tx_pending_timedout_pkts", false, 1);
    assert_refused("queue_0_tx_pending_timedout_pktss: 1", "1 to 32 printable bytes");
    assert_refused(": 1", "1 to 32 printable bytes");
}

static void name_may_have_colons_blanks_and_words_of_the_grammar(void **state)
{
    (void)state;
    assert_value("rx: bad: 3", "rx: bad", false, 3);
    assert_value("two words: 3", "two words", false, 3);
    assert_value("interface_up: 1", "interface_up", false, 1);
    assert_value("timeouts: 1", "timeouts", false, 1);
    assert_value("gone: 1", "gone", false, 1);
    assert_value("\\x45RROR: 1", "ERROR", false, 1);
}

static void byte_that_text_does_not_have_is_written_in_hex(void **state)
{
    (void)state;
    assert_value("a\\xffb\\x0a\\x5C: 1",
        "a\xff"
        "b\n\\",
        false, 1);
    assert_value("\\x20: 1", " ", false, 1);
    static const char *const others[] = {
        "a\\: 1", "\\n: 1", "\\x: 1", "\\x4: 1", "\\xg0: 1", "\\x0g: 1", "\xc3\xa9: 1", "a\x7f: 1"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_refused(others[i], "other bytes are written \\xNN");
}

static void error_is_an_errno(void **state)
{
    (void)state;
    struct replay_statement statement = read_one("ERROR: 19");
    assert_int_equal(statement.kind, REPLAY_ERROR);
    assert_int_equal(statement.error, 19);
    assert_int_equal(read_one("ERROR: 4095").error, 4095);
    assert_refused("ERROR: 0", "an errno is 1 to 4095");
    assert_refused("ERROR: 4096", "an errno is 1 to 4095");
    assert_refused("ERROR: ENODEV", "an errno is 1 to 4095");
}

static void other_lines_are_refused(void **state)
{
    (void)state;
    assert_int_equal(read_one("NIC statistics:").kind, REPLAY_LIST);
    assert_int_equal(read_one("  gone  ").kind, REPLAY_GONE);
    assert_refused("gone ens5", "a line is");
    assert_refused("Gone", "a line is");
    assert_refused("no stats available", "a line is");
    assert_refused("nic statistics:", "a value is");
    assert_refused("NIC  statistics:", "a value is");
}

static void what_says_nothing_is_passed_over_and_counted(void **state)
{
    (void)state;
    struct replay_text text;
    struct replay_reader reader = reader_of(
        &text, "\n# gone\n \t\r\n   # gone\ngone\n\nNIC statistics:");
    struct replay_statement statement;
    assert_null(replay_read(&reader, &statement));
    assert_int_equal(statement.kind, REPLAY_GONE);
    assert_int_equal(reader.line, 5);
    assert_null(replay_read(&reader, &statement));
    assert_int_equal(statement.kind, REPLAY_LIST);
    assert_int_equal(reader.line, 7);
    assert_null(replay_read(&reader, &statement));
    assert_int_equal(statement.kind, REPLAY_END);
}

static void line_has_at_most_4095_bytes(void **state)
{
    (void)state;
    char line[4097];
    memset(line, ' ', sizeof(line));
    memcpy(line, "gone", 4);
    line[4095] = '\0';
    assert_int_equal(read_one(line).kind, REPLAY_GONE);
    line[4095] = ' ';
    line[4096] = '\0';
    assert_refused(line, "at most 4095 bytes");
}

static void nul_byte_is_refused(void **state)
{
    (void)state;
    char bytes[] = "gone\0\n";
    struct replay_text text = {.bytes = bytes, .n_bytes = sizeof(bytes) - 1};
    struct replay_reader reader = {.text = &text};
    struct replay_statement statement;
    assert_string_equal(replay_read(&reader, &statement), "the file is text, without NUL bytes");
}

static void text_needs_no_terminator(void **state)
{
    (void)state;
    char *bytes = xcalloc(4, 1);
    memcpy(bytes, "gone", 4);
    struct replay_texts texts = {0};
    replay_texts_add(&texts, "memory", bytes, 4);
    struct replay_reader reader = {.text = &texts.texts[0]};
    struct replay_statement statement;
    assert_null(replay_read(&reader, &statement));
    assert_int_equal(statement.kind, REPLAY_GONE);
    replay_texts_finish(&texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_a_date_in_utc),
        cmocka_unit_test(time_is_unix_seconds),
        cmocka_unit_test(fraction_of_a_second_has_one_to_nine_digits),
        cmocka_unit_test(time_that_no_clock_shows_is_refused),
        cmocka_unit_test(step_is_a_duration_and_may_be_repeated),
        cmocka_unit_test(step_has_a_length_and_an_end),
        cmocka_unit_test(interface_has_parts_in_any_order),
        cmocka_unit_test(parts_that_are_not_given_are_marked),
        cmocka_unit_test(empty_driver_is_given),
        cmocka_unit_test(part_of_an_interface_that_the_kernel_could_not_have_is_refused),
        cmocka_unit_test(value_is_all_of_64_bits),
        cmocka_unit_test(name_fills_its_slot_to_the_last_byte),
        cmocka_unit_test(name_may_have_colons_blanks_and_words_of_the_grammar),
        cmocka_unit_test(byte_that_text_does_not_have_is_written_in_hex),
        cmocka_unit_test(error_is_an_errno),
        cmocka_unit_test(other_lines_are_refused),
        cmocka_unit_test(what_says_nothing_is_passed_over_and_counted),
        cmocka_unit_test(line_has_at_most_4095_bytes),
        cmocka_unit_test(nul_byte_is_refused),
        cmocka_unit_test(text_needs_no_terminator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
