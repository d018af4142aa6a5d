// SPDX-License-Identifier: Apache-2.0
// Dates of RFC 3339. Numbers: date -u -d TEXT +%s of coreutils.
#include "aws/timestamp.h"
#include "base.h"
#include "support/unit.h"

static void dates_are_milliseconds_since_1970(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"1970-01-01T00:00:00Z", 0}, {"2026-11-21T10:00:00Z", 1795255200000},
        {"2026-11-21T10:00:00.5Z", 1795255200500},
        {"2026-11-21T10:00:00.123456789Z", 1795255200123},
        {"2026-11-21T10:00:00+00:00", 1795255200000},
        {"2026-11-21T10:00:00.250+01:30", 1795249800250},
        {"2026-11-21T10:00:00-08:00", 1795284000000}, {"2028-02-29T23:59:59Z", 1835481599000},
        {"9999-12-31T23:59:59Z", 253402300799000}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t ms = -1;
        assert_true(aws_timestamp_parse(rows[i].text, &ms));
        assert_int_equal(ms, rows[i].ms);
    }
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const bad[] = {"", "2026", "2026-11-21", "2026-11-21T10:00:00",
        "2026-11-21 10:00:00Z", "2026-11-21T10:00:00z", "2026-11-21T10:00:00Z ",
        " 2026-11-21T10:00:00Z", "2026-11-31T10:00:00Z", "2027-02-29T10:00:00Z",
        "2026-13-21T10:00:00Z", "2026-00-21T10:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T10:60:00Z", "2026-11-21T10:00:60Z", "2026-11-21T10:00:00.Z",
        "2026-11-21T10:00:00+0000", "2026-11-21T10:00:00+24:00", "2026-11-21T10:00:00+00:60",
        "2026-11-21T10:00:00+00:00Z", "26-11-21T10:00:00Z", "-026-11-21T10:00:00Z",
        "2026-11-2aT10:00:00Z", "20261121T100000Z", "1795255200"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        int64_t ms = -1;
        if (aws_timestamp_parse(bad[i], &ms))
            fail_msg("%s", bad[i]);
        assert_int_equal(ms, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_milliseconds_since_1970),
        cmocka_unit_test(what_is_no_date_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
