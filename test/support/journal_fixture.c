// SPDX-License-Identifier: Apache-2.0
// The folder is in memory where the machine has such: tests of every byte open very many files.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base.h"
#include "flow/catalog.h"
#include "flow/record_block.h"
#include "support/journal_fixture.h"
#include "support/unit.h"
#include "unit/dice.h"

static const char *root(void)
{
    const char *given = getenv("TMPDIR");
    if (given != NULL && *given != '\0')
        return given;
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

int journal_fixture_setup(void **state)
{
    static char *words[] = {(char *)"default", (char *)"tx_timeout", (char *)"rx_drops"};
    struct journal_fixture *fixture = xcalloc(1, sizeof(*fixture));
    catalog_init(&fixture->catalog, &(struct catalog_options){.metrics = {3, words}});
    snprintf(fixture->folder, sizeof(fixture->folder), "%s/enawatch-journal-XXXXXX", root());
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->directory, sizeof(fixture->directory), "%s/state", fixture->folder);
    log_catcher_start(&fixture->log);
    *state = fixture;
    return 0;
}

void journal_fixture_clear(const struct journal_fixture *fixture)
{
    DIR *directory = opendir(fixture->directory);
    if (directory == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        scoped_free char *path = journal_fixture_path(fixture, entry->d_name);
        if (unlink(path) != 0)
            rmdir(path);
    }
    closedir(directory);
}

int journal_fixture_teardown(void **state)
{
    struct journal_fixture *fixture = *state;
    journal_close(&fixture->journal);
    log_catcher_stop(&fixture->log);
    journal_fixture_clear(fixture);
    rmdir(fixture->directory);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

void journal_fixture_open_with(
    struct journal_fixture *fixture, const struct journal_setting *setting)
{
    pid_t holder;
    fixture->health = (struct health){.n_samples = 7};
    assert_int_equal(journal_open(&fixture->journal, setting, &holder), 0);
    assert_int_equal(fixture->health.n_samples, 7);
    journal_fixture_check_counts(fixture);
}

static struct journal_setting setting_of(struct journal_fixture *fixture)
{
    return (struct journal_setting){.max_bytes = JOURNAL_FIXTURE_MAX_BYTES,
        .catalog = &fixture->catalog,
        .health = &fixture->health,
        .boot_id = "boot-a",
        .name = "start-1"};
}

void journal_fixture_open(struct journal_fixture *fixture, const char *boot_id, const char *name)
{
    struct journal_setting setting = setting_of(fixture);
    setting.directory = fixture->directory;
    setting.boot_id = boot_id;
    setting.name = name;
    journal_fixture_open_with(fixture, &setting);
}

void journal_fixture_open_memory(struct journal_fixture *fixture)
{
    struct journal_setting setting = setting_of(fixture);
    journal_fixture_open_with(fixture, &setting);
}

char *journal_fixture_path(const struct journal_fixture *fixture, const char *name)
{
    return xasprintf("%s/%s", fixture->directory, name);
}

bool journal_fixture_has(const struct journal_fixture *fixture, const char *name)
{
    scoped_free char *path = journal_fixture_path(fixture, name);
    struct stat status;
    return lstat(path, &status) == 0;
}

char *journal_fixture_read(
    const struct journal_fixture *fixture, const char *name, size_t *ret_n_bytes)
{
    scoped_free char *path = journal_fixture_path(fixture, name);
    struct stat status;
    scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    char *bytes = xcalloc((size_t)status.st_size + 1, 1);
    assert_int_equal(read(fd, bytes, (size_t)status.st_size), status.st_size);
    *ret_n_bytes = (size_t)status.st_size;
    return bytes;
}

void journal_fixture_write(
    const struct journal_fixture *fixture, const char *name, const char *bytes, size_t n_bytes)
{
    (void)mkdir(fixture->directory, 0700);
    scoped_free char *path = journal_fixture_path(fixture, name);
    scoped_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n_bytes), n_bytes);
}

// --- Records ---

#define SERIES_MAX 3
#define RUNS_MAX   4

// Small numbers, and at times those at the ends.
static uint64_t value_of(struct dice *dice)
{
    static const uint64_t ends[] = {0, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1, 48211};
    return dice_below(dice, 3) == 0 ? ends[dice_below(dice, ARRAY_SIZE(ends))]
                                    : dice_below(dice, 1000);
}

static void fill_eni(const struct journal_fixture *fixture, struct dice *dice, struct eni *eni)
{
    *eni = (struct eni){.ifindex = 2 + (int)dice_below(dice, 9), .driver = "ena"};
    eni->mac = (struct mac){{2, 0, 0, 0, 0, (uint8_t)dice_below(dice, 256)}};
    snprintf(eni->ifname, sizeof(eni->ifname), "ens%u", (unsigned int)dice_below(dice, 20));
    snprintf(eni->driver_version, sizeof(eni->driver_version), "2.%u.\"g\\",
        (unsigned int)dice_below(dice, 20));
    for (uint32_t i = 0; i < fixture->catalog.n_metrics; i++)
        if (dice_below(dice, 16) == 0)
            metric_set_add(&eni->offered, i);
}

static uint32_t pick_metric(const struct journal_fixture *fixture, struct dice *dice, uint32_t from)
{
    return from + (uint32_t)dice_below(dice, (fixture->catalog.n_metrics - from) / 2);
}

static void fill_arrays(
    const struct journal_fixture *fixture, struct dice *dice, const struct record_block *block)
{
    const struct record *record = block->record;
    struct run *run = block->runs;
    uint32_t metric = 0;
    for (uint32_t i = 0; i < record->n_series; i++, metric++) {
        metric = pick_metric(fixture, dice, metric);
        block->series[i] = (struct series){.metric = metric, .n_runs = RUNS_MAX, .runs = run};
        for (uint32_t j = 0; j < RUNS_MAX; j++, run++) {
            *run = (struct run){value_of(dice), 1 + (uint32_t)dice_below(dice, 20)};
            block->series[i].n_values += run->n_values;
        }
    }
    for (uint32_t i = 0; i < record->n_properties; i++, metric++) {
        metric = pick_metric(fixture, dice, metric);
        block->properties[i] = (struct reading){metric, value_of(dice)};
    }
}

struct record *journal_fixture_record(const struct journal_fixture *fixture, uint64_t number)
{
    struct dice dice = {number};
    uint32_t n_series = 1 + (uint32_t)dice_below(&dice, SERIES_MAX);
    uint32_t n_properties = (uint32_t)dice_below(&dice, 3);
    struct record_block block = record_block_create(
        &(struct record_size){n_series, n_properties, (size_t)n_series * RUNS_MAX});
    struct record *record = block.record;
    record->n_series = n_series;
    record->n_properties = n_properties;
    record->scope = dice_below(&dice, 2) == 0 ? METRIC_SCOPE_ENI : METRIC_SCOPE_INSTANCE;
    if (record->scope == METRIC_SCOPE_ENI)
        fill_eni(fixture, &dice, &record->eni);
    else
        record->n_enis = (uint32_t)dice_below(&dice, 5);
    record->start_ms = INT64_C(1795255200000) + (int64_t)number * 60000;
    record->clock_offset_ms = INT64_C(1795000000000) - (int64_t)dice_below(&dice, 1000);
    record->period_ms = 60000;
    record->sample_ms = 1000;
    record->gap_ms = dice_below(&dice, 2) * 2500;
    metric_set_add(&record->unsupported, (uint32_t)dice_below(&dice, METRIC_N_KNOWN));
    fill_arrays(fixture, &dice, &block);
    return record;
}

struct record *journal_fixture_records(
    const struct journal_fixture *fixture, uint64_t first, size_t n)
{
    struct record *records = NULL, **end = &records;
    for (size_t i = 0; i < n; i++) {
        *end = journal_fixture_record(fixture, first + i);
        end = &(*end)->next;
    }
    return records;
}

static bool has_same_series(const struct series *a, const struct series *b)
{
    if (a->metric != b->metric || a->n_values != b->n_values || a->n_runs != b->n_runs)
        return false;
    for (uint32_t i = 0; i < a->n_runs; i++)
        if (a->runs[i].value != b->runs[i].value || a->runs[i].n_values != b->runs[i].n_values)
            return false;
    return true;
}

static bool has_same_values(const struct record *a, const struct record *b)
{
    if (a->n_series != b->n_series || a->n_properties != b->n_properties)
        return false;
    for (uint32_t i = 0; i < a->n_series; i++)
        if (!has_same_series(&a->series[i], &b->series[i]))
            return false;
    for (uint32_t i = 0; i < a->n_properties; i++)
        if (a->properties[i].metric != b->properties[i].metric ||
            a->properties[i].value != b->properties[i].value)
            return false;
    return true;
}

static bool is_same_set(const struct metric_set *a, const struct metric_set *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static bool is_same_eni(const struct eni *a, const struct eni *b)
{
    return memcmp(&a->mac, &b->mac, sizeof(a->mac)) == 0 && a->ifindex == b->ifindex &&
        strcmp(a->ifname, b->ifname) == 0 && strcmp(a->driver, b->driver) == 0 &&
        strcmp(a->driver_version, b->driver_version) == 0 && is_same_set(&a->offered, &b->offered);
}

bool journal_fixture_is_same(const struct record *a, const struct record *b)
{
    return a->scope == b->scope && is_same_eni(&a->eni, &b->eni) && a->start_ms == b->start_ms &&
        a->clock_offset_ms == b->clock_offset_ms && a->period_ms == b->period_ms &&
        a->sample_ms == b->sample_ms && a->gap_ms == b->gap_ms && a->n_enis == b->n_enis &&
        a->bytes == b->bytes && is_same_set(&a->unsupported, &b->unsupported) &&
        has_same_values(a, b);
}

// --- The rest ---

json_t *journal_fixture_object(uint64_t number)
{
    return json_pack("{s:I,s:[i,i]}", "number", (json_int_t)number, "some", 1, 2);
}

uint64_t journal_fixture_number(const json_t *object)
{
    return (uint64_t)json_integer_value(json_object_get(object, "number"));
}

void journal_fixture_check_counts(const struct journal_fixture *fixture)
{
    const struct health *health = &fixture->health;
    const struct queue *queue = &fixture->journal.queue;
    uint64_t n_bytes = 0, n_stored_bytes = 0;
    size_t n_records = 0;
    const struct record *last = NULL;
    for (const struct record *record = queue->first; record != NULL; record = record->next) {
        assert_ptr_equal(record->prev, last);
        n_bytes += record->bytes;
        n_stored_bytes += record->stored_bytes;
        n_records++;
        last = record;
    }
    assert_ptr_equal(queue->last, last);
    assert_int_equal(queue->n_records, n_records);
    assert_int_equal(queue->n_bytes, n_bytes);
    assert_int_equal(queue->n_stored_bytes, n_stored_bytes);
    assert_int_equal(health->n_records_waiting, n_records);
    assert_int_equal(health->n_records_made,
        health->n_records_delivered + health->n_records_refused + health->n_records_expired +
            health->n_records_unclaimed + health->n_records_waiting);
}
