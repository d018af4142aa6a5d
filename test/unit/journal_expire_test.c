// SPDX-License-Identifier: Apache-2.0
// Records that nobody would take any more, by clocks that may be wrong.
#include "base.h"
#include "support/journal_fixture.h"
#include "support/unit.h"

#define HOUR_MS (INT64_C(3600) * 1000)

static struct now at_hours(int64_t hours_since_boot, int64_t hours_of_wall)
{
    return (struct now){.boot_ns = (uint64_t)hours_since_boot * 3600 * NS_PER_S,
        .wall_ms = INT64_C(1795255200000) + hours_of_wall * HOUR_MS};
}

// A window that began at this time, on a clock that was right.
static void append_window(struct journal_fixture *fixture, uint64_t number, const struct now *now)
{
    struct record *record = journal_fixture_record(fixture, number);
    record->start_ms = now->wall_ms;
    record->clock_offset_ms = now_offset_ms(now);
    journal_append(&fixture->journal, record, NULL);
}

#define LIFE_HOURS (14 * 24 - 1)

static void a_record_expires_when_it_is_older_than_is_taken(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    struct now now = at_hours(1, 0);
    journal_fixture_open(fixture, "boot-a", "start-1");
    append_window(fixture, 1, &now);
    now = at_hours(2, 1);
    append_window(fixture, 2, &now);
    now = at_hours(1 + LIFE_HOURS, LIFE_HOURS);
    journal_expire(journal, &now);
    assert_int_equal(journal->queue.n_records, 2);
    now = at_hours(2 + LIFE_HOURS, LIFE_HOURS + 1);
    journal_expire(journal, &now);
    assert_int_equal(journal->queue.n_records, 1);
    assert_int_equal(journal->queue.first->sequence, 2);
    assert_int_equal(fixture->health.n_records_expired, 1);
    journal_fixture_check_counts(fixture);
    assert_int_equal(log_catcher_count(&fixture->log, "14 days"), 1);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(fixture->health.n_records_expired, 1);
    assert_int_equal(journal->queue.n_records, 1);
    now = at_hours(2 * LIFE_HOURS, 2 * LIFE_HOURS);
    journal_expire(journal, &now); // what is said counts from this start on
    assert_int_equal(log_catcher_count(&fixture->log, "empty again; 1 records have expired"), 1);
    assert_int_equal(fixture->health.n_records_expired, 2);
}

static void what_is_in_flight_does_not_expire(void **state)
{
    struct journal_fixture *fixture = *state;
    struct now now = at_hours(1, 0);
    journal_fixture_open_memory(fixture);
    append_window(fixture, 1, &now);
    fixture->journal.queue.first->is_in_flight = true;
    now = at_hours(1000, 1000);
    journal_expire(&fixture->journal, &now);
    assert_int_equal(fixture->journal.queue.n_records, 1);
    fixture->journal.queue.first->is_in_flight = false;
    journal_expire(&fixture->journal, &now);
    assert_int_equal(fixture->journal.queue.n_records, 0);
}

// The wall clock was a year behind, or is a year ahead: the boot clock knows better.
static void a_step_of_the_wall_clock_makes_no_record_of_this_boot_older(void **state)
{
    struct journal_fixture *fixture = *state;
    static const int64_t steps[] = {-365 * 24, 365 * 24};
    struct now now = at_hours(1, 0);
    journal_fixture_open_memory(fixture);
    append_window(fixture, 1, &now);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        now = at_hours(2, steps[i]);
        journal_expire(&fixture->journal, &now);
        assert_int_equal(fixture->journal.queue.n_records, 1);
    }
    now = at_hours(2 + LIFE_HOURS, -365 * 24);
    journal_expire(&fixture->journal, &now);
    assert_int_equal(fixture->journal.queue.n_records, 0);
}

static void records_of_another_boot_wait_for_the_clock_to_be_set(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    struct now now = at_hours(1, 0);
    journal_fixture_open(fixture, "boot-a", "start-1");
    append_window(fixture, 1, &now);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-b", "start-2");
    now = at_hours(0, 365 * 24);
    now.boot_ns = JOURNAL_CLOCK_DOUBT_NS - 1;
    journal_expire(journal, &now);
    assert_int_equal(journal->queue.n_records, 1);
    now.boot_ns = JOURNAL_CLOCK_DOUBT_NS;
    journal_expire(journal, &now);
    assert_int_equal(journal->queue.n_records, 0);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, journal_fixture_setup, journal_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_expires_when_it_is_older_than_is_taken),
        TEST(what_is_in_flight_does_not_expire),
        TEST(a_step_of_the_wall_clock_makes_no_record_of_this_boot_older),
        TEST(records_of_another_boot_wait_for_the_clock_to_be_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
