// SPDX-License-Identifier: Apache-2.0
// Another configuration, while records wait.
#include "base.h"
#include "flow/catalog.h"
#include "support/journal_fixture.h"
#include "support/unit.h"

static void another_catalog_finds_the_same_metrics_by_name(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    static char *words[] = {(char *)"rx_drops", (char *)"default"};
    struct catalog other;
    catalog_init(&other, &(struct catalog_options){.metrics = {2, words}});
    journal_fixture_open(fixture, "boot-a", "start-1");
    struct record *record = journal_fixture_record(fixture, 1);
    struct series *series = (struct series *)record->series;
    series[0].metric = METRIC_N_KNOWN + 1; // rx_drops
    record->n_series = 1;
    journal_append(journal, record, NULL);
    journal_append(journal, journal_fixture_record(fixture, 2), NULL);
    journal->queue.last->is_in_flight = true;
    const struct record *in_flight = journal->queue.last;
    journal_change(journal, &other, JOURNAL_FIXTURE_MAX_BYTES);
    assert_ptr_equal(journal->queue.first, record); // who knows it knows it still
    assert_ptr_equal(journal->queue.last, in_flight);
    assert_int_equal(record->series[0].metric, METRIC_N_KNOWN);
    assert_int_equal(log_catcher_lines(&fixture->log), 0);
}

static void values_of_metrics_that_are_gone_are_left_out_and_that_is_said(void **state)
{
    struct journal_fixture *fixture = *state;
    static char *words[] = {(char *)"default"};
    struct catalog other;
    catalog_init(&other, &(struct catalog_options){.metrics = {1, words}});
    journal_fixture_open_memory(fixture);
    struct record *record = journal_fixture_record(fixture, 1);
    ((struct series *)record->series)[0].metric = METRIC_N_KNOWN + 1;
    record->n_series = 1;
    journal_append(&fixture->journal, record, NULL);
    journal_change(&fixture->journal, &other, JOURNAL_FIXTURE_MAX_BYTES);
    assert_int_equal(record->n_series, 0);
    assert_int_equal(log_catcher_count(&fixture->log, "1 series of records"), 1);
    assert_int_equal(log_catcher_lines(&fixture->log), 1);
}

static void a_smaller_bound_holds_at_once(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    for (uint64_t i = 0; journal->queue.n_bytes < 400000; i++)
        journal_append(
            journal, journal_fixture_records(fixture, 1 + i * 50, 50), journal_fixture_object(i));
    uint64_t n_before = journal->queue.n_records;
    journal_change(journal, &fixture->catalog, 200000);
    journal_fixture_check_counts(fixture);
    assert_true(journal->queue.n_bytes <= 150000 && journal->queue.n_stored_bytes <= 150000);
    assert_int_equal(fixture->health.n_records_expired, n_before - journal->queue.n_records);
    size_t n_bytes;
    free(journal_fixture_read(fixture, "journal", &n_bytes));
    assert_true(n_bytes <= 200000);
    assert_int_equal(log_catcher_count(&fixture->log, "journal.max_bytes"), 1);
    uint64_t n_after = journal->queue.n_records;
    journal_close(journal);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(journal->queue.n_records, n_after);
}

static void a_file_that_is_too_large_now_is_written_anew_at_once(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    size_t n_bytes;
    journal_fixture_open(fixture, "boot-a", "start-1");
    journal_append(journal, journal_fixture_records(fixture, 1, 400), journal_fixture_object(1));
    while (journal->queue.first != NULL)
        journal_settle(journal, journal->queue.first, SETTLED_DELIVERED);
    journal_flush(journal);
    free(journal_fixture_read(fixture, "journal", &n_bytes));
    assert_true(n_bytes > 100000);
    journal_change(journal, &fixture->catalog, 100000);
    free(journal_fixture_read(fixture, "journal", &n_bytes));
    assert_true(n_bytes < 1000);
    journal_close(journal);
    journal_fixture_open(fixture, "boot-a", "start-2");
    assert_int_equal(fixture->health.n_records_delivered, 400);
}

// As it comes with a restart.
static void a_smaller_bound_holds_for_what_is_found(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal *journal = &fixture->journal;
    journal_fixture_open(fixture, "boot-a", "start-1");
    struct journal_setting setting = journal->setting;
    for (uint64_t i = 0; journal->queue.n_bytes < 400000; i++)
        journal_append(
            journal, journal_fixture_records(fixture, 1 + i * 50, 50), journal_fixture_object(i));
    uint64_t n_before = journal->queue.n_records;
    journal_close(journal);
    setting.max_bytes = 200000;
    setting.name = "start-2";
    journal_fixture_open_with(fixture, &setting);
    size_t n_bytes;
    free(journal_fixture_read(fixture, "journal", &n_bytes));
    assert_true(n_bytes <= 200000);
    assert_true(journal->queue.n_stored_bytes <= 150000 && journal->queue.n_records > 50);
    assert_int_equal(fixture->health.n_records_expired, n_before - journal->queue.n_records);
    assert_int_equal(log_catcher_count(&fixture->log, "cannot be written"), 0);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, journal_fixture_setup, journal_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_catalog_finds_the_same_metrics_by_name),
        TEST(values_of_metrics_that_are_gone_are_left_out_and_that_is_said),
        TEST(a_smaller_bound_holds_at_once),
        TEST(a_file_that_is_too_large_now_is_written_anew_at_once),
        TEST(a_smaller_bound_holds_for_what_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
