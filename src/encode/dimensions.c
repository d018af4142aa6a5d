// SPDX-License-Identifier: Apache-2.0
// Reads the dimension sets of the configuration. Pure; the encoders decide which of the sets have
// all their values.
#include <stdbool.h>
#include <string.h>

#include "base.h"
#include "base/parse.h"
#include "encode/dimensions.h"

static bool has_name(const struct dimension_set *set, const char *name)
{
    for (size_t i = 0; i < set->n_names; i++)
        if (strcmp(set->names[i], name) == 0)
            return true;
    return false;
}

static const char *parse_set(char *text, struct dimension_set *set)
{
    for (char *word; (word = strsep(&text, ",")) != NULL;) {
        const char *name = parse_trim(word);
        if (!label_is_name(name, EMF_MAX_DIMENSION_NAME))
            return "sets apart by ; of names apart by commas, each of 1 to 250 printable ASCII "
                   "characters and not starting with :";
        if (has_name(set, name))
            return "a name at most once in a set";
        if (set->n_names == CLOUDWATCH_MAX_DIMENSIONS)
            return "1 to 30 names in a set";
        set->names[set->n_names++] = xstrdup(name);
    }
    return NULL;
}

// A metric is known by the names and values of its dimensions, whatever their order: the same set
// twice would count everything twice.
static bool is_same(const struct dimension_set *a, const struct dimension_set *b)
{
    if (a->n_names != b->n_names)
        return false;
    for (size_t i = 0; i < a->n_names; i++)
        if (!has_name(b, a->names[i]))
            return false;
    return true;
}

static bool last_is_repeated(const struct dimension_sets *sets)
{
    for (size_t i = 0; i + 1 < sets->n_sets; i++)
        if (is_same(&sets->sets[i], &sets->sets[sets->n_sets - 1]))
            return true;
    return false;
}

static struct dimension_set *append_set(struct dimension_sets *sets)
{
    sets->sets = xreallocarray(sets->sets, sets->n_sets + 1, sizeof(struct dimension_set));
    struct dimension_set *set = &sets->sets[sets->n_sets++];
    set->n_names = 0;
    return set;
}

static const char *parse_sets(char *text, struct dimension_sets *sets)
{
    for (char *set; (set = strsep(&text, ";")) != NULL;) {
        if (sets->n_sets == DIMENSION_SETS_MAX)
            return "1 to 16 sets";
        const char *allowed = parse_set(set, append_set(sets));
        if (allowed != NULL)
            return allowed;
        if (last_is_repeated(sets))
            return "every set once, whatever the order of its names";
    }
    return NULL;
}

const char *dimension_sets_parse(const char *text, struct dimension_sets *ret_sets)
{
    scoped_free char *copy = xstrdup(text);
    struct dimension_sets sets = {0};
    const char *allowed = parse_sets(copy, &sets);
    if (allowed != NULL) {
        dimension_sets_finish(&sets);
        return allowed;
    }
    *ret_sets = sets;
    return NULL;
}

void dimension_sets_finish(struct dimension_sets *sets)
{
    if (sets == NULL)
        return;
    for (size_t i = 0; i < sets->n_sets; i++)
        for (size_t j = 0; j < sets->sets[i].n_names; j++)
            free(sets->sets[i].names[j]);
    free(sets->sets);
    *sets = (struct dimension_sets){0};
}
