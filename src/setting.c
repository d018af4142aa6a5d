// SPDX-License-Identifier: Apache-2.0
// Values by type. Numbers are bounded here, choices matched here; what only the component can know
// is asked of the row's check.
#include <inttypes.h>
#include <string.h>

#include "base.h"
#include "base/parse.h"
#include "setting.h"

static void *field_of(const struct option *option, const void *options)
{
    return (char *)options + option->offset;
}

static char *format_duration(uint64_t ms)
{
    if (ms % MS_PER_S != 0 || ms == 0)
        return xasprintf("%" PRIu64 "ms", ms);
    return xasprintf("%" PRIu64 "s", ms / MS_PER_S);
}

static char *format_bytes(uint64_t bytes)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB"};
    size_t unit = 0;
    while (unit + 1 < ARRAY_SIZE(units) && bytes > 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    return xasprintf("%" PRIu64 "%s", bytes, units[unit]);
}

static char *format_number(enum option_type type, uint64_t value)
{
    if (type == OPTION_DURATION)
        return format_duration(value);
    return type == OPTION_BYTES ? format_bytes(value) : xasprintf("%" PRIu64, value);
}

// As short as it can be and still come back as the same number.
static char *format_real(double value)
{
    char *text = NULL;
    double back = -1;
    for (int digits = 6; back != value && digits <= 17; digits++) {
        free(text);
        text = xasprintf("%.*g", digits, value);
        back = strtod(text, NULL);
    }
    return text;
}

static char *join(char *const *words, size_t n_words, const char *between)
{
    char *text = xstrdup("");
    for (size_t i = 0; i < n_words; i++) {
        char *longer = xasprintf("%s%s%s", text, i > 0 ? between : "", words[i]);
        free(text);
        text = longer;
    }
    return text;
}

static char *range_of_choices(const struct option *option)
{
    size_t n_choices = 0;
    while (option->choices[n_choices] != NULL)
        n_choices++;
    return join((char *const *)option->choices, n_choices, " | ");
}

static const char *shape_of(enum option_type type)
{
    switch (type) {
    case OPTION_DURATION:
        return "a duration such as 500ms, 1s, 5m";
    case OPTION_BYTES:
        return "a size such as 512KiB, 64MiB";
    case OPTION_REAL:
        return "a number such as 0, 1, 0.5";
    default:
        return "a whole number";
    }
}

char *setting_range(const struct option *option)
{
    if (option->type == OPTION_CHOICE)
        return range_of_choices(option);
    if (option->type == OPTION_STRING || option->type == OPTION_LIST || option->type == OPTION_MAP)
        return NULL;
    if (option->max == 0)
        return xstrdup(shape_of(option->type));
    scoped_free char *min = format_number(option->type, option->min);
    scoped_free char *max = format_number(option->type, option->max);
    return xasprintf("%s to %s", min, max);
}

static char *parse_number(const struct option *option, void *field, const char *text)
{
    uint64_t number = 0;
    bool is_number = option->type == OPTION_DURATION ? parse_duration_ms(text, &number)
        : option->type == OPTION_BYTES               ? parse_bytes(text, &number)
                                                     : parse_u64(text, &number);
    if (!is_number)
        return xstrdup(shape_of(option->type));
    if (option->max > 0 && (number < option->min || number > option->max))
        return setting_range(option);
    memcpy(field, &number, sizeof(number));
    return NULL;
}

static char *parse_real_number(const struct option *option, void *field, const char *text)
{
    double number;
    if (!parse_real(text, &number))
        return xstrdup(shape_of(option->type));
    if (option->max > 0 && (number < (double)option->min || number > (double)option->max))
        return setting_range(option);
    memcpy(field, &number, sizeof(number));
    return NULL;
}

static char *parse_choice(const struct option *option, void *field, const char *text)
{
    for (int i = 0; option->choices[i] != NULL; i++)
        if (strcmp(option->choices[i], text) == 0) {
            memcpy(field, &i, sizeof(i));
            return NULL;
        }
    return range_of_choices(option);
}

static void free_list(struct option_list *list)
{
    for (size_t i = 0; i < list->n_words; i++)
        free(list->words[i]);
    free(list->words);
    *list = (struct option_list){0};
}

static char *parse_list(const struct option *option, void *field, const char *text)
{
    struct option_list list = {0};
    scoped_free char *copy = xstrdup(text);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        word = parse_trim(word);
        if (*word == '\0')
            continue;
        list.words = xreallocarray(list.words, list.n_words + 1, sizeof(*list.words));
        list.words[list.n_words++] = xstrdup(word);
    }
    if (list.n_words == 0 && option->fallback != NULL)
        return xstrdup("at least one word, several apart by commas");
    free_list(field);
    memcpy(field, &list, sizeof(list));
    return NULL;
}

static char *parse_pair(void *field, const char *name, const char *text)
{
    struct option_map *map = field;
    for (size_t i = 0; i < map->n_pairs; i++)
        if (strcmp(map->pairs[i].name, name) == 0) {
            free(map->pairs[i].value);
            map->pairs[i].value = xstrdup(text);
            return NULL;
        }
    map->pairs = xreallocarray(map->pairs, map->n_pairs + 1, sizeof(*map->pairs));
    map->pairs[map->n_pairs++] = (struct option_pair){xstrdup(name), xstrdup(text)};
    return NULL;
}

static char *parse_string(void *field, const char *text)
{
    char **string = field;
    free(*string);
    *string = *text != '\0' ? xstrdup(text) : NULL;
    return NULL;
}

char *setting_parse(const struct option *option, void *options, const char *name, const char *value)
{
    const char *complaint = NULL;
    bool may_be_empty = option->type == OPTION_STRING && option->fallback == NULL;
    if (option->check != NULL && (*value != '\0' || !may_be_empty))
        complaint = option->check(name, value);
    if (complaint != NULL)
        return xstrdup(complaint);
    void *field = field_of(option, options);
    switch (option->type) {
    case OPTION_STRING:
        return parse_string(field, value);
    case OPTION_LIST:
        return parse_list(option, field, value);
    case OPTION_CHOICE:
        return parse_choice(option, field, value);
    case OPTION_MAP:
        return parse_pair(field, name, value);
    case OPTION_REAL:
        return parse_real_number(option, field, value);
    default:
        return parse_number(option, field, value);
    }
}

char *setting_format(const struct option *option, const void *options)
{
    const void *field = field_of(option, options);
    const struct option_list *list = field;
    const char *text = NULL;
    switch (option->type) {
    case OPTION_STRING:
        text = *(char *const *)field;
        return xstrdup(text != NULL ? text : "");
    case OPTION_LIST:
        return join(list->words, list->n_words, ", ");
    case OPTION_CHOICE:
        return xstrdup(option->choices[*(const int *)field]);
    case OPTION_REAL:
        return format_real(*(const double *)field);
    default:
        return format_number(option->type, *(const uint64_t *)field);
    }
}

static void free_map(struct option_map *map)
{
    for (size_t i = 0; i < map->n_pairs; i++) {
        free(map->pairs[i].name);
        free(map->pairs[i].value);
    }
    free(map->pairs);
}

void setting_free(const struct option *option, void *options)
{
    void *field = field_of(option, options);
    if (option->type == OPTION_STRING)
        free(*(char **)field);
    else if (option->type == OPTION_LIST)
        free_list(field);
    else if (option->type == OPTION_MAP)
        free_map(field);
}
