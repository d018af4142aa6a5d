// SPDX-License-Identifier: Apache-2.0
// Dates, and what they say of our clock.
#include <stdlib.h>
#include <time.h>

#include "aws/skew.h"
#include "base.h"
#include "support/unit.h"

#define NEW_YEAR_MS INT64_C(1767225600000) // 2026-01-01T00:00:00Z
#define MINUTE_MS   INT64_C(60000)

// By `date -u -d ... +%s`.
static void a_date_is_seconds_since_1970(void **state)
{
    static const struct {
        const char *text;
        int64_t s;
    } rows[] = {{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777}, // RFC 9110
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0}, {"Thu, 01 Jan 2026 00:00:01 GMT", 1767225601},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t s = -1;
        assert_true(aws_date_parse(rows[i].text, &s));
        assert_int_equal(s, rows[i].s);
    }
}

static void every_month_and_day_has_its_name(void **state)
{
    static const struct {
        const char *text;
        int64_t s;
    } rows[] = {{"Fri, 02 Jan 2026 12:00:00 GMT", 1767355200},
        {"Sun, 01 Feb 2026 12:00:00 GMT", 1769947200},
        {"Mon, 02 Mar 2026 12:00:00 GMT", 1772452800},
        {"Wed, 01 Apr 2026 12:00:00 GMT", 1775044800},
        {"Sat, 02 May 2026 12:00:00 GMT", 1777723200},
        {"Tue, 02 Jun 2026 12:00:00 GMT", 1780401600},
        {"Thu, 02 Jul 2026 12:00:00 GMT", 1782993600},
        {"Sun, 02 Aug 2026 12:00:00 GMT", 1785672000},
        {"Wed, 02 Sep 2026 12:00:00 GMT", 1788350400},
        {"Fri, 02 Oct 2026 12:00:00 GMT", 1790942400},
        {"Mon, 02 Nov 2026 12:00:00 GMT", 1793620800},
        {"Wed, 02 Dec 2026 12:00:00 GMT", 1796212800}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t s = -1;
        assert_true(aws_date_parse(rows[i].text, &s));
        assert_int_equal(s, rows[i].s);
    }
}

static void the_time_zone_does_not_matter(void **state)
{
    int64_t s = -1;
    (void)state;
    setenv("TZ", "America/New_York", 1);
    tzset();
    assert_true(aws_date_parse("Sun, 06 Nov 1994 08:49:37 GMT", &s));
    assert_int_equal(s, 784111777);
    unsetenv("TZ");
    tzset();
}

static void what_is_no_date_is_none(void **state)
{
    static const char *const texts[] = {"", "0", "Sun", "Sun, 06 Nov 1994 08:49:37 GM",
        "Sun, 06 Nov 1994 08:49:37 GMT ", " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z",
        "sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT", "Mon, 06 Foo 1994 08:49:37 GMT",
        "Foo, 06 Nov 1994 08:49:37 GMT", "un,, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 ov  1994 08:49:37 GMT", "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun,  6 Nov 1994 08:49:37 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT", "Thu, 31 Nov 1994 08:49:37 GMT",
        "Thu, 30 Feb 2023 00:00:00 GMT", "Wed, 29 Feb 2023 00:00:00 GMT",
        "Wed, 00 Jan 2026 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Mon, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08-49-37 GMT", "Sun, 06 Nov 199x 08:49:37 GMT",
        "Sun, 06 Nov 1994  8:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT; x"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        int64_t s = -1;
        if (aws_date_parse(texts[i], &s))
            fail_msg("%s", texts[i]);
        assert_int_equal(s, -1);
    }
}

// One answer: the wall clock at both ends, and what the answer says.
struct row {
    int64_t before_ms;          // the skew learned earlier
    int64_t sent_s, received_s; // after the new year
    const char *date, *age;
    int64_t skew_ms;
    bool was_off;
};

static struct aws_skew learn(const struct row *row)
{
    struct aws_skew skew = {.ms = row->before_ms, .was_off = true};
    struct now received = {.boot_ns = (uint64_t)(5000 + row->received_s) * NS_PER_S,
        .wall_ms = NEW_YEAR_MS + row->received_s * 1000};
    aws_skew_learn(&skew, &received,
        &(struct aws_skew_answer){.date = row->date,
            .age = row->age,
            .sent_ns = (uint64_t)(5000 + row->sent_s) * NS_PER_S,
            .signed_ms = NEW_YEAR_MS + row->sent_s * 1000 + row->before_ms});
    return skew;
}

static void assert_learned(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct aws_skew skew = learn(&rows[i]);
        assert_int_equal(skew.ms, rows[i].skew_ms);
        assert_int_equal(skew.was_off, rows[i].was_off);
    }
}

// Times and expected values of the test cases that AWS's SDKs share (aws-runtime,
// clock-skew-test-cases.json).
static void the_cases_of_the_sdks_are_learned_alike(void **state)
{
    static const struct row rows[] = {{0, 0, 2, "Thu, 01 Jan 2026 00:00:01 GMT", NULL, 0, false},
        {0, 0, 2, "Thu, 01 Jan 2026 00:05:01 GMT", NULL, 300000, true},
        {300000, 2, 4, "Thu, 01 Jan 2026 00:05:03 GMT", NULL, 300000, false},
        {300000, 60, 62, "Thu, 01 Jan 2026 00:06:01 GMT", NULL, 300000, false},
        {0, 0, 960, "Thu, 01 Jan 2026 00:10:00 GMT", NULL, 0, false},
        {0, 1020, 1022, "Thu, 01 Jan 2026 00:22:01 GMT", NULL, 300000, true},
        {0, 0, 2, "Thu, 01 Jan 2026 00:02:01 GMT", NULL, 120000, false},
        {0, 0, 2, NULL, NULL, 0, false},
        {0, 60660, 60662, "Thu, 01 Jan 2026 12:03:01 GMT", "17280", 0, false},
        {0, 60670, 60672, "Thu, 01 Jan 2026 16:56:11 GMT", NULL, 300000, true}};
    (void)state;
    assert_learned(rows, ARRAY_SIZE(rows));
}

static void a_clock_that_is_ahead_has_a_negative_skew(void **state)
{
    static const struct row rows[] = {
        {0, 7200, 7200, "Thu, 01 Jan 2026 00:00:00 GMT", NULL, -7200000, true},
        {-7200000, 7200, 7200, "Thu, 01 Jan 2026 00:00:00 GMT", NULL, -7200000, false}};
    (void)state;
    assert_learned(rows, ARRAY_SIZE(rows));
}

// Our clock was set right: the skew of before has the time off that was right with it.
static void a_skew_that_is_stale_is_unlearned(void **state)
{
    static const struct row row = {300000, 0, 2, "Thu, 01 Jan 2026 00:00:01 GMT", NULL, 0, true};
    (void)state;
    assert_learned(&row, 1);
}

static void four_minutes_are_not_off_and_a_second_more_is(void **state)
{
    static const struct row rows[] = {
        {0, 0, 0, "Thu, 01 Jan 2026 00:04:00 GMT", NULL, 240000, false},
        {0, 0, 0, "Thu, 01 Jan 2026 00:04:01 GMT", NULL, 241000, true},
        {0, 240, 240, "Thu, 01 Jan 2026 00:00:00 GMT", NULL, -240000, false},
        {0, 241, 241, "Thu, 01 Jan 2026 00:00:00 GMT", NULL, -241000, true}};
    (void)state;
    assert_learned(rows, ARRAY_SIZE(rows));
}

static void fifteen_minutes_on_the_way_are_not_too_long_and_a_second_more_is(void **state)
{
    static const struct row rows[] = {{7, 0, 900, "Thu, 01 Jan 2026 00:07:30 GMT", NULL, 0, false},
        {7, 0, 901, "Thu, 01 Jan 2026 00:07:30 GMT", NULL, 7, false}};
    (void)state;
    assert_learned(rows, ARRAY_SIZE(rows));
}

static void what_teaches_nothing_leaves_the_skew(void **state)
{
    static const struct row rows[] = {{5000, 0, 2, NULL, NULL, 5000, false},
        {5000, 0, 2, "yesterday", NULL, 5000, false},
        {5000, 0, 2, "Thu, 01 Jan 2026 00:05:01 GMT", "0", 5000, false},
        {5000, 0, 2, "Thu, 01 Jan 2026 00:05:01 GMT", "", 5000, false}};
    (void)state;
    assert_learned(rows, ARRAY_SIZE(rows));
}

// Signing ends with the year 9999: a skew up to there could never be unlearned.
static void a_clock_from_another_age_is_not_believed(void **state)
{
    static const struct row rows[] = {{0, 0, 0, "Thu, 01 Jan 1970 00:00:00 GMT", NULL, 0, false},
        {0, 0, 0, "Tue, 31 Dec 2019 23:59:59 GMT", NULL, 0, false},
        {0, 0, 0, "Wed, 01 Jan 2020 00:00:00 GMT", NULL, INT64_C(1577836800000) - NEW_YEAR_MS,
            true},
        {0, 0, 0, "Tue, 31 Dec 2999 23:59:59 GMT", NULL, INT64_C(32503679999000) - NEW_YEAR_MS,
            true},
        {0, 0, 0, "Wed, 01 Jan 3000 00:00:00 GMT", NULL, 0, false},
        {0, 0, 0, "Fri, 31 Dec 9999 23:59:59 GMT", NULL, 0, false}};
    (void)state;
    assert_learned(rows, ARRAY_SIZE(rows));
}

// The wall clock was set by an hour while the answer was on its way.
static void a_clock_that_steps_on_the_way_is_measured_where_it_is_now(void **state)
{
    struct aws_skew skew = {0};
    struct now received = {
        .boot_ns = 5002 * NS_PER_S, .wall_ms = NEW_YEAR_MS + 2000 + 60 * MINUTE_MS};
    (void)state;
    aws_skew_learn(&skew, &received,
        &(struct aws_skew_answer){.date = "Thu, 01 Jan 2026 01:00:01 GMT",
            .sent_ns = 5000 * NS_PER_S,
            .signed_ms = NEW_YEAR_MS});
    assert_int_equal(skew.ms, 0);
    assert_true(skew.was_off);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_is_seconds_since_1970),
        cmocka_unit_test(every_month_and_day_has_its_name),
        cmocka_unit_test(the_time_zone_does_not_matter),
        cmocka_unit_test(what_is_no_date_is_none),
        cmocka_unit_test(the_cases_of_the_sdks_are_learned_alike),
        cmocka_unit_test(a_clock_that_is_ahead_has_a_negative_skew),
        cmocka_unit_test(a_skew_that_is_stale_is_unlearned),
        cmocka_unit_test(four_minutes_are_not_off_and_a_second_more_is),
        cmocka_unit_test(fifteen_minutes_on_the_way_are_not_too_long_and_a_second_more_is),
        cmocka_unit_test(what_teaches_nothing_leaves_the_skew),
        cmocka_unit_test(a_clock_from_another_age_is_not_believed),
        cmocka_unit_test(a_clock_that_steps_on_the_way_is_measured_where_it_is_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
