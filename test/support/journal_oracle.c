// SPDX-License-Identifier: Apache-2.0
// The calls, and what each does to plain arrays by the words of store/journal.h and journal.md.
#include <string.h>

#include "base.h"
#include "store/journal_write.h"
#include "support/journal_oracle.h"
#include "support/unit.h"

#define RECORDS_PER_LINE 32 // of a rewritten file, by journal.md

const char *oracle_boot(size_t boot)
{
    static const char *const ids[ORACLE_BOOTS] = {"boot-a", "boot-b", "boot-c"};
    return ids[boot];
}

static struct oracle_state *last(struct oracle *oracle)
{
    return &oracle->lines[oracle->n_lines - 1];
}

// One more line, which begins as the one before.
static struct oracle_state *add_line(struct oracle *oracle)
{
    assert_true(oracle->n_lines < ORACLE_LINES);
    struct oracle_state *state = &oracle->lines[oracle->n_lines];
    if (oracle->n_lines > 0)
        *state = oracle->lines[oracle->n_lines - 1];
    else
        *state = (struct oracle_state){.n_waiting = 0};
    oracle->n_lines++;
    return state;
}

static void wait_for(struct oracle_state *state, const struct oracle_record *record)
{
    assert_true(state->n_waiting < ORACLE_RECORDS);
    state->waiting[state->n_waiting++] = *record;
}

static void close_open(struct oracle_state *state)
{
    for (size_t i = 0; i < state->n_open; i++)
        wait_for(state, &state->open[i]);
    state->n_open = 0;
    state->is_open = false;
}

static size_t find(const struct oracle_state *state, const struct oracle_record *record)
{
    size_t i = 0;
    while (
        state->waiting[i].start != record->start || state->waiting[i].sequence != record->sequence)
        assert_true(++i < state->n_waiting);
    return i;
}

static void apply(struct oracle_state *state, const struct oracle_note *note)
{
    size_t i = find(state, &note->record);
    state->waiting[i] = note->record;
    if (note->is_taken)
        return;
    state->n_settled[note->settled]++;
    memmove(&state->waiting[i], &state->waiting[i + 1],
        (--state->n_waiting - i) * sizeof(state->waiting[i]));
}

static void apply_notes(struct oracle *oracle, struct oracle_state *state)
{
    for (size_t i = 0; i < oracle->n_notes; i++)
        apply(state, &oracle->notes[i]);
    oracle->n_notes = 0;
}

static void flush(struct oracle *oracle)
{
    if (oracle->n_notes > 0)
        apply_notes(oracle, add_line(oracle));
}

// --- Calls ---

static size_t this_boot(const struct oracle *oracle)
{
    return oracle->boots[oracle->n_starts - 1];
}

static struct oracle_record next_record(struct oracle *oracle, uint64_t sequence)
{
    return (struct oracle_record){
        .start = oracle->n_starts - 1, .sequence = sequence, .number = oracle->next_number++};
}

static void append(struct oracle *oracle)
{
    struct journal_fixture *fixture = oracle->fixture;
    size_t n = dice_below(oracle->dice, 4);
    struct record *records = journal_fixture_records(fixture, oracle->next_number, n);
    struct oracle_state *state = add_line(oracle);
    state->n_open = 0;
    state->is_open = false;
    for (size_t i = 0; i < n; i++) {
        struct oracle_record record = next_record(oracle, ++oracle->last_sequence);
        wait_for(state, &record);
    }
    state->baseline = oracle->next_number;
    state->baseline_boot = this_boot(oracle);
    journal_append(&fixture->journal, records, journal_fixture_object(oracle->next_number));
    flush(oracle);
}

static void checkpoint(struct oracle *oracle)
{
    struct journal_fixture *fixture = oracle->fixture;
    size_t n = dice_below(oracle->dice, 3);
    struct record *records = journal_fixture_records(fixture, oracle->next_number, n);
    struct oracle_state *state = add_line(oracle);
    state->is_open = true;
    state->n_open = n;
    for (size_t i = 0; i < n; i++)
        state->open[i] = next_record(oracle, oracle->last_sequence + 1 + i);
    state->baseline = oracle->next_number;
    state->baseline_boot = this_boot(oracle);
    journal_checkpoint(&fixture->journal, records, journal_fixture_object(oracle->next_number));
}

// One of those that wait, in memory; NULL: none does.
static struct record *pick(struct oracle *oracle, struct oracle_note *ret_note)
{
    const struct queue *queue = &oracle->fixture->journal.queue;
    if (queue->n_records == 0)
        return NULL;
    struct record *record = queue->first;
    for (uint64_t i = dice_below(oracle->dice, queue->n_records); i > 0; i--)
        record = record->next;
    struct oracle_record wanted = {.sequence = record->sequence};
    while (strcmp(oracle->names[wanted.start], record->start->name) != 0)
        assert_true(++wanted.start < oracle->n_starts);
    ret_note->record = last(oracle)->waiting[find(last(oracle), &wanted)];
    ret_note->record.n_taken = record->n_parts_taken;
    ret_note->record.is_refused = record->is_refused;
    return record;
}

static void settle(struct oracle *oracle)
{
    struct oracle_note *note = &oracle->notes[oracle->n_notes];
    struct record *record = pick(oracle, note);
    if (record == NULL)
        return;
    note->is_taken = false;
    note->settled = (enum settled)dice_below(oracle->dice, N_SETTLED);
    oracle->n_notes++;
    journal_settle(&oracle->fixture->journal, record, note->settled);
}

static struct parts plan_of(uint32_t n_taken)
{
    return (struct parts){3, 40 + n_taken, 4, UINT32_C(0x80000001), UINT32_C(0xfedcba98)};
}

static void take(struct oracle *oracle)
{
    struct oracle_note *note = &oracle->notes[oracle->n_notes];
    struct record *record = pick(oracle, note);
    if (record == NULL)
        return;
    note->is_taken = true;
    note->record.n_taken = record->n_parts_taken = 1 + (uint32_t)dice_below(oracle->dice, 3);
    note->record.is_refused = record->is_refused = dice_below(oracle->dice, 2) == 0;
    record->parts = plan_of(record->n_parts_taken);
    oracle->n_notes++;
    journal_note_taken(&oracle->fixture->journal, record);
}

static void note_who(struct oracle *oracle)
{
    uint64_t number = 1 + dice_below(oracle->dice, 4);
    uint64_t *known = &last(oracle)->who[this_boot(oracle)];
    if (*known != number)
        add_line(oracle)->who[this_boot(oracle)] = number;
    journal_note_who(&oracle->fixture->journal, journal_fixture_object(number));
}

static void write_notes(struct oracle *oracle)
{
    flush(oracle);
    journal_flush(&oracle->fixture->journal);
}

// --- Another file ---

static bool is_wanted_start(
    const struct oracle *oracle, const struct oracle_state *state, size_t start)
{
    for (size_t i = 0; i < state->n_waiting; i++)
        if (state->waiting[i].start == start)
            return true;
    return start == oracle->n_starts - 1;
}

static void add_starts(struct oracle *oracle, const struct oracle_state *whole)
{
    bool has_boot[ORACLE_BOOTS] = {false};
    for (size_t i = 0; i < oracle->n_starts; i++) {
        if (!is_wanted_start(oracle, whole, i))
            continue;
        has_boot[oracle->boots[i]] = true;
        add_line(oracle);
    }
    for (size_t i = 0; i < ORACLE_BOOTS; i++)
        if (has_boot[i] && whole->who[i] != 0)
            add_line(oracle)->who[i] = whole->who[i];
}

static void add_waiting(struct oracle *oracle, const struct oracle_state *whole)
{
    for (size_t i = 0; i < whole->n_waiting;) {
        struct oracle_state *state = add_line(oracle);
        size_t start = whole->waiting[i].start;
        for (size_t n = 0;
             n < RECORDS_PER_LINE && i < whole->n_waiting && whole->waiting[i].start == start; n++)
            wait_for(state, &whole->waiting[i++]);
    }
}

static void rewrite(struct oracle *oracle)
{
    struct oracle_state whole = *last(oracle);
    apply_notes(oracle, &whole);
    oracle->n_lines = 0;
    add_line(oracle); // the header
    add_starts(oracle, &whole);
    memcpy(add_line(oracle)->n_settled, whole.n_settled, sizeof(whole.n_settled));
    add_waiting(oracle, &whole);
    if (whole.baseline != 0 && whole.baseline_boot == this_boot(oracle)) {
        struct oracle_state *state = add_line(oracle);
        state->baseline = whole.baseline;
        state->baseline_boot = whole.baseline_boot;
        state->is_open = whole.is_open;
        state->n_open = whole.n_open;
        memcpy(state->open, whole.open, sizeof(whole.open));
    }
    journal_rewrite(&oracle->fixture->journal);
}

// --- Starts ---

static void add_start(struct oracle *oracle, size_t boot)
{
    size_t i = oracle->n_starts++;
    assert_true(i < ORACLE_STARTS);
    snprintf(oracle->names[i], sizeof(oracle->names[i]), "start-%zu", i + 1);
    oracle->boots[i] = boot;
    oracle->last_sequence = 0;
}

static void open_journal(struct oracle *oracle)
{
    journal_fixture_open(
        oracle->fixture, oracle_boot(this_boot(oracle)), oracle->names[oracle->n_starts - 1]);
}

void oracle_begin(struct oracle *oracle, struct journal_fixture *fixture, struct dice *dice)
{
    *oracle = (struct oracle){.fixture = fixture, .dice = dice, .next_number = 1};
    add_start(oracle, 0);
    open_journal(oracle);
    for (int i = 0; i < 3; i++)
        add_line(oracle); // header, start, totals
}

// What a process leaves that is killed: the file, without what it would have written at its end.
static void kill_journal(struct oracle *oracle)
{
    size_t n_bytes;
    scoped_free char *bytes = journal_fixture_read(oracle->fixture, "journal", &n_bytes);
    journal_close(&oracle->fixture->journal);
    journal_fixture_write(oracle->fixture, "journal", bytes, n_bytes);
    oracle->n_notes = 0;
}

static void restart(struct oracle *oracle)
{
    if (oracle->n_starts == ORACLE_STARTS)
        return;
    if (dice_below(oracle->dice, 2) == 0)
        oracle_end(oracle);
    else
        kill_journal(oracle);
    size_t boot = this_boot(oracle);
    boot += dice_below(oracle->dice, 2) == 0 && boot + 1 < ORACLE_BOOTS;
    add_start(oracle, boot);
    close_open(add_line(oracle));
    open_journal(oracle);
}

static size_t count_lines(const struct journal_fixture *fixture)
{
    size_t n_bytes, n_lines = 0;
    scoped_free char *bytes = journal_fixture_read(fixture, "journal", &n_bytes);
    for (size_t i = 0; i < n_bytes; i++)
        n_lines += bytes[i] == '\n';
    return n_lines;
}

bool oracle_step(struct oracle *oracle)
{
    static void (*const calls[])(struct oracle *) = {append, append, append, checkpoint, checkpoint,
        settle, settle, settle, take, write_notes, note_who, restart};
    bool is_rewriting = dice_below(oracle->dice, 16) == 0;
    if (is_rewriting)
        rewrite(oracle);
    else
        calls[dice_below(oracle->dice, ARRAY_SIZE(calls))](oracle);
    journal_fixture_check_counts(oracle->fixture);
    assert_int_equal(count_lines(oracle->fixture), oracle->n_lines);
    return is_rewriting;
}

void oracle_end(struct oracle *oracle)
{
    flush(oracle);
    journal_close(&oracle->fixture->journal);
}

// --- Looking ---

static void check_record(const struct oracle *oracle, const struct record *record,
    const struct oracle_record *wanted, size_t boot)
{
    assert_non_null(record);
    size_t its_boot = oracle->boots[wanted->start];
    scoped_free struct record *made = journal_fixture_record(oracle->fixture, wanted->number);
    struct parts parts = wanted->n_taken > 0 ? plan_of(wanted->n_taken) : (struct parts){0};
    assert_string_equal(record->start->name, oracle->names[wanted->start]);
    assert_string_equal(record->start->boot_id, oracle_boot(its_boot));
    assert_int_equal(record->start->is_this_boot, its_boot == boot);
    assert_int_equal(record->sequence, wanted->sequence);
    assert_true(journal_fixture_is_same(record, made));
    assert_int_equal(record->n_parts_taken, wanted->n_taken);
    assert_memory_equal(&record->parts, &parts, sizeof(parts));
    assert_int_equal(record->is_refused, wanted->is_refused);
    assert_false(record->is_in_flight);
}

static void check_who(const struct oracle_state *state, const struct start *start)
{
    for (size_t i = 0; i < ORACLE_BOOTS; i++)
        if (strcmp(oracle_boot(i), start->boot_id) == 0)
            assert_int_equal(journal_fixture_number(journal_who(start)), state->who[i]);
}

void oracle_check(const struct oracle *oracle, size_t n_lines, size_t boot)
{
    const struct journal *journal = &oracle->fixture->journal;
    const struct health *health = &oracle->fixture->health;
    struct oracle_state state = {.n_waiting = 0};
    if (n_lines > 0)
        state = oracle->lines[n_lines - 1];
    close_open(&state);
    const struct record *record = journal->queue.first;
    for (size_t i = 0; i < state.n_waiting; i++, record = record->next) {
        check_record(oracle, record, &state.waiting[i], boot);
        check_who(&state, record->start);
    }
    assert_null(record);
    assert_int_equal(health->n_records_delivered, state.n_settled[SETTLED_DELIVERED]);
    assert_int_equal(health->n_records_refused, state.n_settled[SETTLED_REFUSED]);
    assert_int_equal(health->n_records_expired, state.n_settled[SETTLED_EXPIRED]);
    assert_int_equal(health->n_records_unclaimed, state.n_settled[SETTLED_UNCLAIMED]);
    assert_int_equal(journal_fixture_number(journal_baseline(journal)),
        state.baseline_boot == boot ? state.baseline : 0);
    check_who(&state, journal->start);
}

bool oracle_knows(const struct oracle *oracle, const struct record *record, bool is_start_lost)
{
    uint64_t number = (uint64_t)(record->start_ms - INT64_C(1795255200000)) / 60000;
    if (number == 0 || number >= oracle->next_number)
        return false;
    scoped_free struct record *made = journal_fixture_record(oracle->fixture, number);
    if (!journal_fixture_is_same(record, made))
        return false;
    for (size_t i = 0; i < oracle->n_starts; i++)
        if (strcmp(record->start->name, oracle->names[i]) == 0)
            return strcmp(record->start->boot_id, oracle_boot(oracle->boots[i])) == 0;
    return is_start_lost && strncmp(record->start->name, "lost-", 5) == 0;
}
