// SPDX-License-Identifier: Apache-2.0
// Braces and commas around what jansson writes: a record's bytes are counted, and no tree of all
// that waits is ever built.
#include <inttypes.h>
#include <string.h>

#include "encode/document.h"
#include "store/entry.h"
#include "store/record_json.h"

void entry_header(struct line *line, bool is_sound)
{
    line_begin(line);
    line_add(line, "{\"journal\":%d,\"by\":\"enawatch " ENAWATCH_VERSION "\",\"baseline\":\"%s\"}",
        JOURNAL_VERSION, is_sound ? "sound" : "stale");
    line_end(line);
}

static void add_object(struct line *line, json_t *object)
{
    line_begin(line);
    line_add_json(line, object);
    line_end(line);
    json_decref(object);
}

void entry_start(struct line *line, const struct ledger_start *start)
{
    json_t *object = json_object();
    document_set(object, "start", json_integer((json_int_t)start->number));
    document_set(object, "name", document_text(start->start.name, SIZE_MAX));
    document_set(object, "boot", document_text(start->boot->id, SIZE_MAX));
    add_object(line, object);
}

void entry_who(struct line *line, const struct ledger_boot *boot)
{
    json_t *object = json_object();
    document_set(object, "who", json_incref(boot->who));
    document_set(object, "boot", document_text(boot->id, SIZE_MAX));
    add_object(line, object);
}

void entry_totals(struct line *line, const struct health *counts)
{
    struct health health = *counts;
    json_t *object = json_object(), *totals = json_object();
    for (int i = 0; i < N_SETTLED; i++)
        document_set(totals, settled_name((enum settled)i),
            json_integer((json_int_t)*settled_count(&health, (enum settled)i)));
    document_set(object, "totals", totals);
    add_object(line, object);
}

void entry_begin(struct line *line, const char *kind, const struct ledger_start *start)
{
    line_begin(line);
    line_add(line, "{\"%s\":{\"start\":%" PRIu64 ",\"records\":[", kind, start->number);
}

static void add_comma(struct line *line)
{
    if (line->n_bytes > 0 && line->text[line->n_bytes - 1] != '[')
        line_add_bytes(line, ",", 1);
}

size_t entry_add(struct line *line, const struct record *record, const struct catalog *catalog)
{
    size_t n_before = line->n_bytes;
    json_auto_t *json = record_to_json(record, catalog);
    add_comma(line);
    line_add_json(line, json);
    return line->n_bytes - n_before;
}

void entry_end(struct line *line, const json_t *baseline)
{
    line_add_bytes(line, "]", 1);
    if (baseline != NULL) {
        line_add(line, ",\"baseline\":");
        line_add_json(line, baseline);
    }
    line_add(line, "}}");
    line_end(line);
}

void entry_note_settled(struct line *notes, const struct record *record, enum settled settled)
{
    add_comma(notes);
    line_add(notes, "[%" PRIu64 ",%" PRIu64 ",\"%s\"]", ledger_start_of(record->start)->number,
        record->sequence, settled_name(settled));
}

void entry_note_taken(struct line *notes, const struct record *record)
{
    json_auto_t *json = json_object();
    document_set(json, "start", json_integer((json_int_t)ledger_start_of(record->start)->number));
    document_set(json, "sequence", json_integer((json_int_t)record->sequence));
    document_set(json, "parts", parts_to_json(record));
    document_set(json, "is_refused", json_boolean(record->is_refused));
    add_comma(notes);
    line_add_json(notes, json);
}

static void add_notes(struct line *line, const char *member, const struct line *notes)
{
    if (notes->n_bytes == 0)
        return;
    line_add(line, "\"%s\":[", member);
    line_add_bytes(line, notes->text, notes->n_bytes);
    line_add_bytes(line, "]", 1);
}

void entry_notes(struct line *line, const struct line *settled, const struct line *taken)
{
    line_begin(line);
    line_add_bytes(line, "{", 1);
    add_notes(line, "settled", settled);
    if (settled->n_bytes > 0 && taken->n_bytes > 0)
        line_add_bytes(line, ",", 1);
    add_notes(line, "taken", taken);
    line_add_bytes(line, "}", 1);
    line_end(line);
}
