// SPDX-License-Identifier: Apache-2.0
// Parses the lines of replay files. Pure: no file, no state between two lines but the place in the
// text. Functions that return `const char *` give NULL or a complaint. Fuzzed by replay_fuzz.c.
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/mac.h"
#include "base/parse.h"
#include "os/replay_text.h"

#define MAX_ERRNO 4095 // as in the kernel's linux/err.h

static const char allowed_lines[] =
    "a line is time, interface, NIC statistics:, name: value, ERROR: errno, gone, or # comment";
static const char allowed_times[] =
    "a time is written 2026-11-21T10:00:00Z, 1795255200.250, +1s, or +1s * 30";
static const char allowed_steps[] = "a step of time is longer than 0 and shorter than 230 years";
static const char allowed_repeats[] = "a step is repeated 1 to 1000000 times";
static const char allowed_parts[] =
    "an interface has a name and mac=, ifindex=, driver=, version= without blanks";
static const char allowed_ifnames[] =
    "the name of an interface has 1 to 15 printable bytes without blanks and slashes";
static const char allowed_macs[] = "a mac is written 02:00:00:00:00:01";
static const char allowed_ifindexes[] = "an ifindex is 1 to 100000000";
static const char allowed_driver_texts[] = "driver and version have at most 31 printable bytes";
static const char allowed_errors[] = "an errno is 1 to 4095";
static const char allowed_names[] =
    "the name of a statistic has 1 to 32 printable bytes; other bytes are written \\xNN";
static const char allowed_values[] =
    "a value is a number up to 18446744073709551615, with a + before it to add it";

void replay_texts_add(struct replay_texts *texts, const char *name, char *bytes, size_t n_bytes)
{
    texts->texts = xreallocarray(texts->texts, texts->n_texts + 1, sizeof(*texts->texts));
    texts->texts[texts->n_texts++] = (struct replay_text){
        .name = xstrdup(name), .bytes = bytes, .n_bytes = n_bytes};
}

void replay_texts_finish(struct replay_texts *texts)
{
    for (size_t i = 0; i < texts->n_texts; i++) {
        free(texts->texts[i].name);
        free(texts->texts[i].bytes);
    }
    free(texts->texts);
    *texts = (struct replay_texts){0};
}

// Cuts the first word off; NULL when there is none.
static char *next_word(char **rest)
{
    char *word = NULL;
    do
        word = strsep(rest, " \t");
    while (word != NULL && *word == '\0');
    return word;
}

// Exactly `n_digits` digits; what follows them, or NULL.
static const char *take_digits(const char *at, int n_digits, int *ret_number)
{
    int number = 0;
    for (int i = 0; i < n_digits; i++, at++) {
        if (!isdigit((unsigned char)*at))
            return NULL;
        number = number * 10 + (*at - '0');
    }
    *ret_number = number;
    return at;
}

// Up to nine digits after the point, as many as there are nanoseconds; what follows, or NULL.
static const char *take_fraction(const char *at, uint64_t *ret_ns)
{
    uint64_t ns = 0, weight_ns = NS_PER_S;
    const char *start = at;
    for (; isdigit((unsigned char)*at) && weight_ns > 1; at++) {
        weight_ns /= 10;
        ns += (uint64_t)(*at - '0') * weight_ns;
    }
    *ret_ns = ns;
    return at > start ? at : NULL;
}

// Year, month, day, hour, minute, second. False for a day that the calendar does not have.
static bool date_to_ns(const int fields[static 6], uint64_t *ret_ns)
{
    struct tm date = {.tm_year = fields[0] - 1900,
        .tm_mon = fields[1] - 1,
        .tm_mday = fields[2],
        .tm_hour = fields[3],
        .tm_min = fields[4],
        .tm_sec = fields[5]};
    if (fields[0] < 1970 || fields[0] > 2199 || fields[3] > 23 || fields[4] > 59 || fields[5] > 59)
        return false;
    time_t seconds = timegm(&date);
    // A day that is not in the month came out in another month.
    if (date.tm_mon != fields[1] - 1)
        return false;
    *ret_ns = (uint64_t)seconds * NS_PER_S;
    return true;
}

static bool parse_date(const char *text, uint64_t *ret_ns)
{
    static const char after[] = {'-', '-', 'T', ':', ':'};
    int fields[6];
    uint64_t ns, fraction_ns = 0;
    const char *at = text;
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        at = take_digits(at, i == 0 ? 4 : 2, &fields[i]);
        if (at == NULL || (i < ARRAY_SIZE(after) && *at++ != after[i]))
            return false;
    }
    if (*at == '.')
        at = take_fraction(at + 1, &fraction_ns);
    if (at == NULL || strcmp(at, "Z") != 0 || !date_to_ns(fields, &ns))
        return false;
    *ret_ns = ns + fraction_ns;
    return true;
}

static bool parse_unix_seconds(char *text, uint64_t *ret_ns)
{
    uint64_t seconds, fraction_ns = 0;
    char *fraction = strchr(text, '.');
    if (fraction != NULL) {
        *fraction = '\0';
        const char *rest = take_fraction(fraction + 1, &fraction_ns);
        if (rest == NULL || *rest != '\0')
            return false;
    }
    if (!parse_u64(text, &seconds) || seconds > REPLAY_LATEST_NS / NS_PER_S)
        return false;
    *ret_ns = seconds * NS_PER_S + fraction_ns;
    return true;
}

static const char *parse_step(
    const char *duration, const char *star, const char *repeats, struct replay_time *time)
{
    uint64_t ms, n_steps = 1;
    if (!parse_duration_ms(duration, &ms))
        return allowed_times;
    if (ms == 0 || ms > REPLAY_LATEST_NS / NS_PER_MS)
        return allowed_steps;
    if (star != NULL && (strcmp(star, "*") != 0 || repeats == NULL))
        return allowed_times;
    if (star != NULL && (!parse_u64(repeats, &n_steps) || n_steps == 0))
        return allowed_repeats;
    if (n_steps > REPLAY_MAX_REPEATS)
        return allowed_repeats;
    *time = (struct replay_time){
        .is_step = true, .ns = ms * NS_PER_MS, .n_steps = (uint32_t)n_steps};
    return NULL;
}

static const char *parse_time(char *text, struct replay_time *time)
{
    char *when = next_word(&text), *star = next_word(&text), *repeats = next_word(&text);
    if (when == NULL || next_word(&text) != NULL)
        return allowed_times;
    if (*when == '+')
        return parse_step(when + 1, star, repeats, time);
    time->n_steps = 1;
    if (star != NULL || (!parse_date(when, &time->ns) && !parse_unix_seconds(when, &time->ns)))
        return allowed_times;
    return NULL;
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

bool replay_is_ifname(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length < IF_NAMESIZE && is_printable(text) && strpbrk(text, " /") == NULL;
}

static const char *parse_driver_text(
    const char *text, bool *ret_is_given, char ret_text[static DRIVER_TEXT_MAX])
{
    if (strlen(text) >= DRIVER_TEXT_MAX || !is_printable(text))
        return allowed_driver_texts;
    memcpy(ret_text, text, strlen(text) + 1);
    *ret_is_given = true;
    return NULL;
}

static const char *parse_ifindex(const char *text, int *ret_ifindex)
{
    uint64_t ifindex;
    if (!parse_u64(text, &ifindex) || ifindex == 0 || ifindex > REPLAY_MAX_IFINDEX)
        return allowed_ifindexes;
    *ret_ifindex = (int)ifindex;
    return NULL;
}

static const char *parse_mac(const char *text, struct replay_interface *interface)
{
    interface->has_mac = mac_parse(text, interface->mac.octets);
    return interface->has_mac ? NULL : allowed_macs;
}

static const char *parse_part(char *value, struct replay_interface *interface)
{
    const char *key = strsep(&value, "=");
    if (value == NULL)
        return allowed_parts;
    if (strcmp(key, "mac") == 0)
        return parse_mac(value, interface);
    if (strcmp(key, "ifindex") == 0)
        return parse_ifindex(value, &interface->ifindex);
    if (strcmp(key, "driver") == 0)
        return parse_driver_text(value, &interface->has_driver, interface->driver);
    if (strcmp(key, "version") == 0)
        return parse_driver_text(value, &interface->has_version, interface->version);
    return allowed_parts;
}

static const char *parse_interface(char *text, struct replay_interface *interface)
{
    const char *complaint = NULL, *ifname = next_word(&text);
    if (ifname == NULL || !replay_is_ifname(ifname))
        return allowed_ifnames;
    memcpy(interface->ifname, ifname, strlen(ifname) + 1);
    for (char *part; complaint == NULL && (part = next_word(&text)) != NULL;)
        complaint = parse_part(part, interface);
    return complaint;
}

static const char *parse_error(const char *text, int *ret_error)
{
    uint64_t error;
    if (!parse_u64(text, &error) || error == 0 || error > MAX_ERRNO)
        return allowed_errors;
    *ret_error = (int)error;
    return NULL;
}

static int hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = memchr(digits, tolower((unsigned char)digit), sizeof(digits) - 1);
    return found == NULL ? -1 : (int)(found - digits);
}

// One byte of a name, and on to the next; -1 for what must be written otherwise.
static int take_name_byte(const char **at)
{
    if (**at != '\\') {
        char byte = *(*at)++;
        return byte < ' ' || byte > '~' ? -1 : byte;
    }
    int high = (*at)[1] == 'x' ? hex_digit((*at)[2]) : -1;
    int low = high < 0 ? -1 : hex_digit((*at)[3]);
    if (low < 0)
        return -1;
    *at += 4;
    return high * 16 + low;
}

// All 32 bytes may be used: like the kernel's, a full slot has no terminator.
static const char *parse_name(const char *text, char ret_slot[static COUNTERS_NAME_BYTES])
{
    if (*text == '\0')
        return allowed_names;
    for (size_t n = 0; *text != '\0'; n++) {
        int byte = take_name_byte(&text);
        if (byte < 0 || n == COUNTERS_NAME_BYTES)
            return allowed_names;
        ret_slot[n] = (char)byte;
    }
    return NULL;
}

static const char *parse_value(const char *name, const char *number, struct replay_value *value)
{
    const char *complaint = parse_name(name, value->name);
    if (complaint != NULL)
        return complaint;
    value->is_increase = *number == '+';
    return parse_u64(number + value->is_increase, &value->value) ? NULL : allowed_values;
}

// The last colon parts them: a name may have colons, a number cannot.
static const char *parse_pair(char *text, struct replay_statement *statement)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL)
        return allowed_lines;
    *colon = '\0';
    const char *name = parse_trim(text), *number = parse_trim(colon + 1);
    bool is_error = strcmp(name, "ERROR") == 0;
    statement->kind = is_error ? REPLAY_ERROR : REPLAY_VALUE;
    return is_error ? parse_error(number, &statement->error)
                    : parse_value(name, number, &statement->value);
}

// What follows a word that starts the line; NULL when another does.
static char *after_word(char *text, const char *word)
{
    size_t length = strlen(word);
    bool is_it = strncmp(text, word, length) == 0 &&
        (text[length] == '\0' || isblank((unsigned char)text[length]));
    return is_it ? text + length : NULL;
}

static const char *parse_statement(char *text, struct replay_statement *statement)
{
    char *rest;
    if ((rest = after_word(text, "time")) != NULL) {
        statement->kind = REPLAY_TIME;
        return parse_time(rest, &statement->time);
    }
    if ((rest = after_word(text, "interface")) != NULL) {
        statement->kind = REPLAY_INTERFACE;
        return parse_interface(rest, &statement->interface);
    }
    bool is_list = strcmp(text, "NIC statistics:") == 0;
    if (!is_list && strcmp(text, "gone") != 0)
        return parse_pair(text, statement);
    statement->kind = is_list ? REPLAY_LIST : REPLAY_GONE;
    return NULL;
}

// The end of the text counts as a line, so that a complaint about it has a place.
static const char *next_line(struct replay_reader *reader, size_t *ret_n_bytes)
{
    size_t n_left = reader->text->n_bytes - reader->offset;
    reader->line++;
    if (n_left == 0)
        return NULL;
    const char *start = reader->text->bytes + reader->offset;
    const char *newline = memchr(start, '\n', n_left);
    *ret_n_bytes = newline != NULL ? (size_t)(newline - start) : n_left;
    reader->offset += *ret_n_bytes + (newline != NULL);
    return start;
}

const char *replay_read(struct replay_reader *reader, struct replay_statement *ret_statement)
{
    struct replay_statement statement = {.kind = REPLAY_END};
    const char *complaint = NULL, *start;
    size_t n_bytes;
    while (statement.kind == REPLAY_END && complaint == NULL &&
        (start = next_line(reader, &n_bytes)) != NULL) {
        char line[REPLAY_LINE_MAX];
        if (n_bytes >= sizeof(line))
            return "a line has at most 4095 bytes";
        if (memchr(start, '\0', n_bytes) != NULL)
            return "the file is text, without NUL bytes";
        memcpy(line, start, n_bytes);
        line[n_bytes] = '\0';
        char *text = parse_trim(line);
        if (*text != '\0' && *text != '#')
            complaint = parse_statement(text, &statement);
    }
    if (complaint == NULL)
        *ret_statement = statement;
    return complaint;
}
