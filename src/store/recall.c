// SPDX-License-Identifier: Apache-2.0
// Each kind of entry does what was done when it was written. What cannot be so makes its line a bad
// one.
#include <string.h>

#include "encode/document.h"
#include "store/entry.h"
#include "store/line.h"
#include "store/recall.h"
#include "store/record_json.h"
#include "store/settled.h"

// Of a start whose entry is lost: the boot id of no machine.
#define LOST_BOOT "lost"

// Of starts, records, and how many: so far from the end that more can be added.
#define NUMBER_MAX (INT64_C(1) << 53)

static bool get_number(const json_t *value, uint64_t *ret_number)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > NUMBER_MAX)
        return false;
    *ret_number = (uint64_t)json_integer_value(value);
    return true;
}

// --- Records come and go ---

static void note_place(struct ledger_start *start, struct record *record)
{
    if (start->n_places == start->places_capacity) {
        start->places_capacity = start->places_capacity * 2 + 16;
        start->places = xreallocarray(
            start->places, start->places_capacity, sizeof(*start->places));
    }
    start->places[start->n_places++] = (struct ledger_place){record->sequence, record};
}

// One that was there before is no news.
static void add_record(struct recall *recall, struct ledger_start *start, struct record *record)
{
    if (record->sequence <= start->last_sequence) {
        free(record);
        return;
    }
    record->start = &start->start;
    start->last_sequence = record->sequence;
    note_place(start, record);
    ledger_hold(start);
    queue_append(recall->queue, record);
    recall->counts.n_records_made++;
}

// NULL: it is not known, or settled.
static struct ledger_place *find_place(const struct ledger_start *start, uint64_t sequence)
{
    size_t first = 0, end = start->n_places;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (start->places[middle].sequence < sequence)
            first = middle + 1;
        else
            end = middle;
    }
    bool is_found = first < start->n_places && start->places[first].sequence == sequence &&
        start->places[first].record != NULL;
    return is_found ? &start->places[first] : NULL;
}

static void free_records(struct record **records, size_t n_records)
{
    for (size_t i = 0; i < n_records; i++)
        free(records[i]);
}

// The records of an entry: all of them are good, or none counts.
static bool add_records(struct recall *recall, struct ledger_start *start, const json_t *json)
{
    size_t n = json_array_size(json);
    scoped_free struct record **records = xcalloc(n, sizeof(struct record *));
    if (!json_is_array(json))
        return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(json, i);
        records[i] = record_from_json(one, recall->catalog, &recall->n_left_out);
        if (records[i] == NULL) {
            free_records(records, i);
            return false;
        }
        records[i]->stored_bytes = (uint32_t)(document_bytes(one) + (i > 0)); // and a comma
    }
    for (size_t i = 0; i < n; i++)
        add_record(recall, start, records[i]);
    return true;
}

// --- The open window ---

static void drop_open(struct recall *recall)
{
    json_decref(recall->open);
    recall->open = NULL;
    recall->open_start = NULL;
}

static void drop_baseline(struct recall *recall)
{
    json_decref(recall->baseline);
    recall->baseline = NULL;
}

static void note_bad_line(struct recall *recall)
{
    recall->n_bad_lines++;
    // It may have been the entry of a window, and its records may have been delivered: to count
    // from a baseline before it would count them again.
    drop_baseline(recall);
}

// Its start ended before the window did: what it had is a window.
static void close_open(struct recall *recall)
{
    if (recall->open == NULL)
        return;
    if (!add_records(recall, recall->open_start, json_object_get(recall->open, "records")))
        note_bad_line(recall);
    drop_open(recall);
}

// --- Entries ---

// A start whose own entry is lost has a name that no other has, and nobody knows where it was.
static struct ledger_start *meet_start(struct recall *recall, const json_t *entry)
{
    uint64_t number;
    if (!get_number(json_object_get(entry, "start"), &number) || number == 0)
        return NULL;
    struct ledger_start *start = ledger_find(recall->ledger, number);
    if (start != NULL)
        return start;
    scoped_free char *name = xasprintf("lost-%" JSON_INTEGER_FORMAT ".%s",
        json_integer_value(json_object_get(entry, "start")), recall->name);
    return ledger_add(recall->ledger, number, name, LOST_BOOT);
}

static void take_baseline(
    struct recall *recall, const struct ledger_start *start, const json_t *entry)
{
    drop_baseline(recall);
    if (start->start.is_this_boot)
        recall->baseline = json_incref(json_object_get(entry, "baseline"));
}

static bool take_start(struct recall *recall, const json_t *line)
{
    uint64_t number;
    const char *name = json_string_value(json_object_get(line, "name"));
    const char *boot_id = json_string_value(json_object_get(line, "boot"));
    if (!get_number(json_object_get(line, "start"), &number) || number == 0 || name == NULL ||
        boot_id == NULL)
        return false;
    close_open(recall);
    return ledger_add(recall->ledger, number, name, boot_id) != NULL;
}

static bool take_who(struct recall *recall, const json_t *line)
{
    json_t *who = json_object_get(line, "who");
    const char *boot_id = json_string_value(json_object_get(line, "boot"));
    if (!json_is_object(who) || boot_id == NULL)
        return false;
    (void)ledger_note_who(recall->ledger, boot_id, json_incref(who));
    return true;
}

// The start of a window, open or closed, which is in the place of what its start had open; what
// another start had open was closed by its end. NULL: it has none.
static struct ledger_start *begin_window(struct recall *recall, const json_t *entry)
{
    struct ledger_start *start = meet_start(recall, entry);
    if (start == NULL)
        return NULL;
    if (start == recall->open_start)
        drop_open(recall);
    close_open(recall);
    return start;
}

static bool take_window(struct recall *recall, const json_t *line)
{
    const json_t *entry = json_object_get(line, "window");
    struct ledger_start *start = begin_window(recall, entry);
    if (start == NULL)
        return false;
    if (!add_records(recall, start, json_object_get(entry, "records")))
        return false;
    take_baseline(recall, start, entry);
    return true;
}

static bool take_open(struct recall *recall, const json_t *line)
{
    json_t *entry = json_object_get(line, "open");
    struct ledger_start *start = begin_window(recall, entry);
    if (start == NULL)
        return false;
    recall->open = json_incref(entry);
    recall->open_start = start;
    take_baseline(recall, start, entry);
    return true;
}

static bool take_waiting(struct recall *recall, const json_t *line)
{
    const json_t *entry = json_object_get(line, "waiting");
    struct ledger_start *start = meet_start(recall, entry);
    return start != NULL && add_records(recall, start, json_object_get(entry, "records"));
}

static bool take_totals(struct recall *recall, const json_t *line)
{
    const json_t *totals = json_object_get(line, "totals");
    uint64_t n[N_SETTLED];
    for (int i = 0; i < N_SETTLED; i++)
        if (!get_number(json_object_get(totals, settled_name((enum settled)i)), &n[i]))
            return false;
    for (int i = 0; i < N_SETTLED; i++) {
        *settled_count(&recall->counts, (enum settled)i) += n[i];
        recall->counts.n_records_made += n[i];
    }
    return true;
}

// NULL: nothing waits under this name. What is told of a record of the open window was told after
// that was closed: by an entry that is lost.
static struct ledger_place *find_record(
    struct recall *recall, const json_t *number, const json_t *sequence)
{
    uint64_t start_number, wanted;
    if (!get_number(number, &start_number) || !get_number(sequence, &wanted))
        return NULL;
    struct ledger_start *start = ledger_find(recall->ledger, start_number);
    if (start == NULL)
        return NULL;
    if (start == recall->open_start && wanted > start->last_sequence)
        close_open(recall);
    return find_place(start, wanted);
}

static bool is_settled(const json_t *entry, enum settled *ret_settled)
{
    return json_is_integer(json_array_get(entry, 0)) && json_is_integer(json_array_get(entry, 1)) &&
        settled_parse(json_string_value(json_array_get(entry, 2)), ret_settled);
}

static void settle(struct recall *recall, const json_t *entry, enum settled settled)
{
    struct ledger_place *place = find_record(
        recall, json_array_get(entry, 0), json_array_get(entry, 1));
    if (place == NULL)
        return;
    ledger_start_of(place->record->start)->n_records--;
    queue_remove(recall->queue, place->record);
    place->record = NULL;
    *settled_count(&recall->counts, settled) += 1;
}

static bool take_settled(struct recall *recall, const json_t *line)
{
    const json_t *entries = json_object_get(line, "settled");
    bool is_good = json_is_array(entries);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        enum settled settled;
        if (is_settled(json_array_get(entries, i), &settled))
            settle(recall, json_array_get(entries, i), settled);
        else
            is_good = false;
    }
    return is_good;
}

static bool note_taken(struct recall *recall, const json_t *entry)
{
    struct ledger_place *place = find_record(
        recall, json_object_get(entry, "start"), json_object_get(entry, "sequence"));
    if (place == NULL)
        return true;
    if (!parts_from_json(json_object_get(entry, "parts"), place->record))
        return false;
    place->record->is_refused = json_is_true(json_object_get(entry, "is_refused"));
    return true;
}

static bool take_taken(struct recall *recall, const json_t *line)
{
    const json_t *entries = json_object_get(line, "taken");
    bool is_good = json_is_array(entries);
    for (size_t i = 0; i < json_array_size(entries); i++)
        is_good &= note_taken(recall, json_array_get(entries, i));
    return is_good;
}

// --- Lines ---

static const struct kind {
    const char *member; // that a line of this kind has
    bool (*take)(struct recall *recall, const json_t *line);
} kinds[] = {
    {"start", take_start},
    {"who", take_who},
    {"totals", take_totals},
    {"waiting", take_waiting},
    {"window", take_window},
    {"open", take_open},
    {"settled", take_settled},
    {"taken", take_taken},
};

static void take_line(struct recall *recall, const json_t *line)
{
    size_t n_kinds = 0;
    bool is_good = true;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (json_object_get(line, kinds[i].member) != NULL) {
            n_kinds++;
            is_good &= kinds[i].take(recall, line);
        }
    if (!is_good || n_kinds == 0)
        note_bad_line(recall);
}

static void take_first_line(struct recall *recall, json_t *line)
{
    const json_t *version = json_object_get(line, "journal");
    const char *baseline = json_string_value(json_object_get(line, "baseline"));
    recall->is_foreign = version != NULL && json_integer_value(version) != JOURNAL_VERSION;
    if (recall->is_foreign)
        return;
    if (version == NULL || baseline == NULL) {
        take_line(recall, line);
        return;
    }
    recall->header = json_incref(line);
    recall->is_stale = strcmp(baseline, "sound") != 0;
}

// LINE_END, LINE_TORN or negative errno.
static int read_lines(struct recall *recall, struct line_reader *reader)
{
    for (bool is_first = true;; is_first = false) {
        json_auto_t *line = NULL;
        int r = line_read(reader, &line);
        if (r != 0 && r != LINE_BAD)
            return r;
        recall->n_header_bytes = is_first ? reader->offset : recall->n_header_bytes;
        if (r == LINE_BAD)
            note_bad_line(recall);
        else if (is_first)
            take_first_line(recall, line);
        else
            take_line(recall, line);
        if (recall->is_foreign)
            return LINE_END;
        recall->n_good_bytes = reader->offset;
    }
}

// What was checkpointed before the file fell behind may be a window that was delivered since.
static void finish_lines(struct recall *recall)
{
    if (recall->is_stale)
        drop_open(recall);
    close_open(recall);
    if (recall->is_stale || recall->header == NULL)
        drop_baseline(recall);
    recall->counts.n_records_waiting = recall->queue->n_records;
}

int recall_file(struct recall *recall, int fd)
{
    struct line_reader reader = {.fd = fd};
    int r = read_lines(recall, &reader);
    line_reader_finish(&reader);
    if (r < 0)
        return r;
    if (recall->is_foreign)
        return RECALL_FOREIGN;
    recall->is_torn = r == LINE_TORN;
    finish_lines(recall);
    bool is_empty = !recall->is_torn && recall->n_good_bytes == 0;
    bool is_damaged = recall->n_bad_lines > 0 || (recall->header == NULL && !is_empty);
    return is_damaged ? RECALL_DAMAGED : 0;
}

void recall_finish(struct recall *recall)
{
    drop_open(recall);
    drop_baseline(recall);
    json_decref(recall->header);
    recall->header = NULL;
}
