// SPDX-License-Identifier: Apache-2.0
// The lines of one file. Which section a line is in, and whether it goes on with the one above, is
// decided here: parse_ini() knows no indentation, and takes no comment behind a section.
#include <stdlib.h>
#include <string.h>

#include "aws/keys.h"
#include "aws/profile_lines.h"
#include "base.h"
#include "base/parse.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static const char not_a_section[] = "a section is written [name], and only a comment follows it";
static const char not_below[] = "below a setting without a value, a line is key = value";
static const char too_long[] = "a value of several lines has at most 4096 bytes";
static const char homeless[] = "a setting stands below a [section]";

// What a line that is indented more than the one above it belongs to.
enum above {
    ABOVE_NOTHING, // it stands for itself
    ABOVE_VALUE,
    ABOVE_PARENT, // a setting without a value: it is one below it
    ABOVE_DROPPED,
};

struct profile_reader {
    struct aws_profiles *profiles;
    enum aws_profile_file file;
    struct profile_trouble trouble;
    enum above above;
    size_t indent;      // of the line above
    size_t above_index; // of its entry
    char *section;      // owned; NULL: none, or one that is not kept
    bool is_of_services;
    bool has_section;  // there was one, kept or not
    bool has_prefixed; // there was a [profile default]
};

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static size_t indent_of(const struct ini_line *line)
{
    size_t n = 0;
    while (n < line->n_bytes && is_blank(line->text[n]))
        n++;
    return n;
}

static void drop(struct profile_reader *reader, const struct ini_line *line, const char *complaint)
{
    if (reader->trouble.n_bad++ > 0)
        return;
    reader->trouble.line = line->number;
    reader->trouble.complaint = complaint;
}

void profile_entry_finish(struct aws_profile_entry *entry)
{
    aws_free_secret(entry->section);
    aws_free_secret(entry->key);
    aws_free_secret(entry->value);
}

static char *lower_case(char *text)
{
    for (char *at = text; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return text;
}

// `key` is taken over.
static void add(struct profile_reader *reader, char *key, const char *value)
{
    struct aws_profiles *profiles = reader->profiles;
    size_t n = profiles->n_entries;
    bool is_full = (n & (n - 1)) == 0; // at powers of two, which leave room for as many again
    if (is_full)
        profiles->entries = xreallocarray(
            profiles->entries, n > 0 ? 2 * n : 1, sizeof(*profiles->entries));
    profiles->entries[profiles->n_entries++] = (struct aws_profile_entry){
        .section = xstrdup(reader->section),
        .key = lower_case(key),
        .value = xstrdup(value),
        .file = reader->file,
        .is_of_services = reader->is_of_services};
}

// Of a file, which is the first to be read: nothing of another is there yet.
static void forget_default(struct aws_profiles *profiles)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < profiles->n_entries; i++) {
        struct aws_profile_entry *entry = &profiles->entries[i];
        if (!entry->is_of_services && strcmp(entry->section, "default") == 0)
            profile_entry_finish(entry);
        else
            profiles->entries[n_kept++] = *entry;
    }
    profiles->n_entries = n_kept;
}

// One word as a shell reads it, in place (shlex.split of Python, by which botocore takes names out
// of sections). False: it is none, or more than one.
static bool unquote(char *text)
{
    char *to = text, quote = '\0';
    for (const char *at = text; *at != '\0'; at++) {
        if (quote == '\0' && strchr(" \t", *at) != NULL)
            return false;
        if (*at == quote) {
            quote = '\0';
        } else if (quote == '\0' && (*at == '"' || *at == '\'')) {
            quote = *at;
        } else if (*at == '\\' && quote != '\'') {
            bool is_kept = quote == '"' && at[1] != '"' && at[1] != '\\';
            if (is_kept)
                *to++ = '\\';
            if (*++at == '\0')
                return false;
            *to++ = *at;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
    return quote == '\0';
}

// The NAME of "profile NAME", in place; NULL: it is none.
static char *name_behind(char *text, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(text, word, n) != 0 || text[n] == '\0' || strchr(" \t", text[n]) == NULL)
        return NULL;
    char *name = parse_trim(text + n);
    return unquote(name) ? name : NULL;
}

// [profile default] is the one where both are there, in whatever order.
static const char *profile_in_config(struct profile_reader *reader, char *text)
{
    if (strcmp(text, "default") == 0)
        return reader->has_prefixed ? NULL : text;
    const char *name = name_behind(text, "profile");
    if (name == NULL || strcmp(name, "default") != 0 || reader->has_prefixed)
        return name;
    forget_default(reader->profiles);
    reader->has_prefixed = true;
    return name;
}

// `text`: what stands in the brackets.
static void enter(struct profile_reader *reader, char *text)
{
    bool is_config = reader->file == AWS_FILE_CONFIG;
    const char *services = is_config ? name_behind(text, "services") : NULL;
    const char *name = services != NULL ? services
        : is_config                     ? profile_in_config(reader, text)
                                        : text;
    if (name == NULL)
        return;
    reader->section = xstrdup(name);
    reader->is_of_services = services != NULL;
    add(reader, xstrdup(""), "");
}

// After the bracket.
static bool is_comment(const char *text)
{
    while (is_blank(*text))
        text++;
    return *text == '\0' || *text == '#' || *text == ';';
}

static void take_header(struct profile_reader *reader, const struct ini_line *line, char *text)
{
    char *bracket = strchr(text, ']');
    if (bracket == NULL || !is_comment(bracket + 1)) {
        drop(reader, line, not_a_section);
        return;
    }
    *bracket = '\0';
    char *name = parse_trim(strchr(text, '[') + 1);
    if (*name != '\0')
        enter(reader, name);
    else
        drop(reader, line, not_a_section);
}

static bool is_text(const struct ini_line *line)
{
    return line->n_bytes <= PARSE_LINE_MAX && memchr(line->text, '\0', line->n_bytes) == NULL;
}

// Whatever is wrong with it, what stands below is not of the section before.
static void take_section(struct profile_reader *reader, const struct ini_line *line)
{
    free(reader->section);
    reader->section = NULL;
    reader->has_section = true;
    reader->above = ABOVE_NOTHING;
    if (!is_text(line)) {
        drop(reader, line, line->complaint);
        return;
    }
    scoped_free char *copy = xcalloc(line->n_bytes + 1, 1);
    memcpy(copy, line->text, line->n_bytes);
    take_header(reader, line, copy);
    explicit_bzero(copy, line->n_bytes); // somebody may have put it all in one line
}

static void take_setting(struct profile_reader *reader, const struct ini_line *line)
{
    reader->above = ABOVE_DROPPED;
    if (line->kind == INI_BAD) {
        drop(reader, line, line->complaint);
    } else if (!reader->has_section) {
        drop(reader, line, homeless);
    } else if (reader->section != NULL) {
        reader->above = *line->value == '\0' ? ABOVE_PARENT : ABOVE_VALUE;
        reader->above_index = reader->profiles->n_entries;
        add(reader, xstrdup(line->key), line->value);
    }
}

// Without printf(3), which would leave copies behind.
static void append(struct aws_profile_entry *entry, const char *more, size_t n_more)
{
    size_t n = strlen(entry->value);
    char *value = xcalloc(n + n_more + 2, 1);
    memcpy(value, entry->value, n);
    value[n] = '\n';
    memcpy(value + n + 1, more, n_more);
    aws_free_secret(entry->value);
    entry->value = value;
}

static void take_more(
    struct profile_reader *reader, const struct ini_line *line, struct aws_profile_entry *entry)
{
    const char *start = line->text + indent_of(line), *end = line->text + line->n_bytes;
    while (end > start && is_blank(end[-1]))
        end--;
    if (!is_text(line))
        drop(reader, line, line->complaint);
    else if (strlen(entry->value) + 1 + (size_t)(end - start) > AWS_PROFILE_LINES_MAX)
        drop(reader, line, too_long);
    else
        append(entry, start, (size_t)(end - start));
}

static void go_on(struct profile_reader *reader, const struct ini_line *line)
{
    if (reader->above == ABOVE_DROPPED)
        return;
    struct aws_profile_entry *entry = &reader->profiles->entries[reader->above_index];
    if (reader->above == ABOVE_VALUE)
        take_more(reader, line, entry);
    else if (line->kind == INI_PAIR)
        add(reader, xasprintf("%s.%s", entry->key, line->key), line->value);
    else
        drop(reader, line, line->kind == INI_BAD ? line->complaint : not_below);
}

static int take(const struct ini_line *line, void *to)
{
    struct profile_reader *reader = to;
    size_t indent = indent_of(line);
    if (reader->above != ABOVE_NOTHING && indent > reader->indent) {
        go_on(reader, line);
        return 0;
    }
    reader->indent = indent;
    if (indent < line->n_bytes && line->text[indent] == '[')
        take_section(reader, line);
    else
        take_setting(reader, line);
    return 0;
}

void profile_lines_take(struct aws_profiles *profiles, enum aws_profile_file file, const char *text,
    size_t n_bytes, struct profile_trouble *ret_trouble)
{
    struct profile_reader reader = {.profiles = profiles, .file = file};
    size_t n_mark = strlen(BYTE_ORDER_MARK);
    if (n_bytes >= n_mark && memcmp(text, BYTE_ORDER_MARK, n_mark) == 0) {
        text += n_mark;
        n_bytes -= n_mark;
    }
    parse_ini(text, n_bytes, take, &reader);
    free(reader.section);
    *ret_trouble = reader.trouble;
}
