// SPDX-License-Identifier: Apache-2.0
// Any bytes are a journal's file: opened, used, closed, and opened again. Each line of the input is
// an entry, to which its checksum is put here; one that begins with '=' is a line as it is. So a
// seed is a real file without its first nine columns.
//
// No record comes out that the rest of the program could stumble over, none twice, every one is
// accounted for, and what one start has read the next one reads again.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "flow/catalog.h"
#include "flow/record_block.h"
#include "log.h"
#include "store/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
int LLVMFuzzerInitialize(int *n_words, char ***words);

#define MAX_BYTES (UINT64_C(1) << 20)
#define MAX_KNOWN 256 // records that are looked at once more

static char directory[64];
static char path[80];
static struct catalog catalog;

static void check(bool claim)
{
    if (!claim)
        abort();
}

static void clean(void)
{
    static const char *const names[] = {"journal", "journal.new", "lock", "unclaimed"};
    char name[96];
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(name, sizeof(name), "%s/%s", directory, names[i]);
        unlink(name);
    }
    for (int i = 1; i <= 9; i++) {
        snprintf(name, sizeof(name), "%s/journal.set-aside.%d", directory, i);
        unlink(name);
    }
}

static void remove_directory(void)
{
    clean();
    rmdir(directory);
}

int LLVMFuzzerInitialize(int *n_words, char ***words)
{
    static char *named[] = {(char *)"default", (char *)"tx_timeout"};
    (void)n_words;
    (void)words;
    log_set_level((enum log_level)0); // silent
    catalog_init(&catalog, &(struct catalog_options){.metrics = {2, named}});
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(directory, sizeof(directory), "%s/enawatch-fuzz-XXXXXX", root);
    check(mkdtemp(directory) != NULL);
    snprintf(path, sizeof(path), "%s/journal", directory);
    atexit(remove_directory);
    return 0;
}

// --- The file ---

static void write_line(struct line *file, const char *text, size_t n_bytes)
{
    struct line line = {0};
    if (n_bytes > 0 && *text == '=') {
        line_add_bytes(file, text + 1, n_bytes - 1);
        line_add_bytes(file, "\n", 1);
        return;
    }
    line_begin(&line);
    line_add_bytes(&line, text, n_bytes);
    line_end(&line);
    line_add_bytes(file, line.text, line.n_bytes);
    line_finish(&line);
}

// What has no end is the torn tail.
static void write_file(const char *text, size_t n_bytes)
{
    struct line file = {0};
    const char *newline;
    while (n_bytes > 0 && (newline = memchr(text, '\n', n_bytes)) != NULL) {
        write_line(&file, text, (size_t)(newline - text));
        n_bytes -= (size_t)(newline - text) + 1;
        text = newline + 1;
    }
    line_add_bytes(&file, text, n_bytes);
    clean();
    scoped_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(fd >= 0 && write(fd, file.text, file.n_bytes) == (ssize_t)file.n_bytes);
    line_finish(&file);
}

// --- What is read ---

static void check_series(const struct record *record)
{
    for (uint32_t i = 0; i < record->n_series; i++) {
        const struct series *series = &record->series[i];
        uint64_t n_values = 0;
        check(series->metric < catalog.n_metrics && series->n_runs > 0);
        check(i == 0 || series[-1].metric < series->metric);
        for (uint32_t j = 0; j < series->n_runs; j++) {
            check(series->runs[j].n_values > 0);
            n_values += series->runs[j].n_values;
        }
        check(n_values == series->n_values);
    }
    for (uint32_t i = 0; i < record->n_properties; i++) {
        check(record->properties[i].metric < catalog.n_metrics);
        check(i == 0 || record->properties[i - 1].metric < record->properties[i].metric);
    }
}

static void check_record(const struct record *record)
{
    const struct eni *eni = &record->eni;
    check(record->start != NULL && record->start->name != NULL);
    check(record->scope == METRIC_SCOPE_ENI || record->scope == METRIC_SCOPE_INSTANCE);
    check(record->sequence > 0 && record->period_ms > 0 && !record->is_in_flight);
    check(memchr(eni->ifname, '\0', sizeof(eni->ifname)) != NULL);
    check(memchr(eni->driver, '\0', sizeof(eni->driver)) != NULL);
    check(memchr(eni->driver_version, '\0', sizeof(eni->driver_version)) != NULL);
    check(record->parts.n_parts == 0 ? record->n_parts_taken == 0
                                     : record->n_parts_taken < record->parts.n_parts &&
                record->parts.metrics_per_part > 0 && record->parts.values_per_part > 0);
    check_series(record);
}

static void check_journal(const struct journal *journal)
{
    const struct health *health = journal->setting.health;
    size_t n_records = 0;
    uint64_t n_bytes = 0;
    for (const struct record *record = journal->queue.first; record != NULL;
         record = record->next) {
        check_record(record);
        // Of one start they stand in the order of their numbers, and so none is there twice.
        check(record->next == NULL || record->next->start != record->start ||
            record->next->sequence > record->sequence);
        n_records++;
        n_bytes += record->bytes;
    }
    check(n_records == journal->queue.n_records && n_bytes == journal->queue.n_bytes);
    check(n_bytes <= MAX_BYTES / 4 * 3 && journal->file.n_bytes <= MAX_BYTES);
    check(health->n_records_waiting == n_records);
    check(health->n_records_made ==
        health->n_records_delivered + health->n_records_refused + health->n_records_expired +
            health->n_records_unclaimed + health->n_records_waiting);
}

static void open_journal(struct journal *journal, struct health *health, const char *name)
{
    pid_t holder;
    *health = (struct health){0};
    check(journal_open(journal,
              &(struct journal_setting){.max_bytes = MAX_BYTES,
                  .catalog = &catalog,
                  .directory = directory,
                  .boot_id = "boot-a",
                  .name = name,
                  .health = health},
              &holder) == 0);
    check_journal(journal);
}

// --- And used ---

static struct record *make_record(void)
{
    struct record_block block = record_block_create(&(struct record_size){1, 0, 1});
    *block.runs = (struct run){48211, 60};
    *block.series = (struct series){METRIC_PPS_ALLOWANCE_EXCEEDED, 60, 1, block.runs};
    block.record->scope = METRIC_SCOPE_INSTANCE;
    block.record->period_ms = 60000;
    block.record->n_series = 1;
    return block.record;
}

static void use(struct journal *journal)
{
    journal_checkpoint(journal, make_record(), json_object());
    for (int i = 0; i < 3 && journal->queue.first != NULL; i++)
        journal_settle(journal, i == 1 ? journal->queue.last : journal->queue.first,
            i == 2 ? SETTLED_UNCLAIMED : SETTLED_DELIVERED);
    if (journal->queue.first != NULL && journal->queue.first->parts.n_parts > 0)
        journal_note_taken(journal, journal->queue.first);
    journal_flush(journal);
    journal_note_who(journal, json_object());
    journal_append(journal, make_record(), json_object());
    check_journal(journal);
}

struct known {
    struct health health;
    size_t n_records;
    uint64_t sequences[MAX_KNOWN];
};

static void learn(const struct journal *journal, struct known *known)
{
    known->health = *journal->setting.health;
    known->n_records = 0;
    const struct record *record = journal->queue.first;
    for (; record != NULL && known->n_records < MAX_KNOWN; record = record->next)
        known->sequences[known->n_records++] = record->sequence;
}

static void check_same(const struct journal *journal, const struct known *known)
{
    const struct record *record = journal->queue.first;
    check(memcmp(&known->health, journal->setting.health, sizeof(known->health)) == 0);
    for (size_t i = 0; i < known->n_records; i++, record = record->next)
        check(record != NULL && record->sequence == known->sequences[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct journal journal;
    struct health health;
    struct known known;
    write_file((const char *)bytes, n_bytes);
    open_journal(&journal, &health, "start-x");
    learn(&journal, &known);
    journal_close(&journal);
    open_journal(&journal, &health, "start-y");
    check_same(&journal, &known);
    use(&journal);
    learn(&journal, &known);
    journal_close(&journal);
    open_journal(&journal, &health, "start-z");
    check_same(&journal, &known);
    journal_change(&journal, &catalog, MAX_BYTES);
    journal_close(&journal);
    return 0;
}
