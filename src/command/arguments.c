// SPDX-License-Identifier: Apache-2.0
// Command-line words. getopt.h has a struct option of its own, which our option.h cannot live
// beside.
#include <stddef.h>
#include <string.h>

#include "command/arguments.h"

const char *arguments_word(const struct arguments *arguments)
{
    return arguments->at < arguments->n_words ? arguments->words[arguments->at] : NULL;
}

static bool is_brief(const char *word, char brief)
{
    return brief != 0 && word[0] == '-' && word[1] == brief;
}

// What follows "--name" in the word; NULL when the word is another.
static const char *after_name(const char *word, const char *name)
{
    size_t length = strlen(name);
    if (word[0] != '-' || word[1] != '-' || strncmp(word + 2, name, length) != 0)
        return NULL;
    const char *rest = word + 2 + length;
    return *rest == '\0' || *rest == '=' ? rest : NULL;
}

bool arguments_flag(struct arguments *arguments, char brief, const char *name)
{
    const char *word = arguments_word(arguments);
    if (word == NULL)
        return false;
    const char *rest = after_name(word, name);
    if ((rest == NULL || *rest != '\0') && !(is_brief(word, brief) && word[2] == '\0'))
        return false;
    arguments->at++;
    return true;
}

static const char *next_word(struct arguments *arguments)
{
    const char *option = arguments_word(arguments);
    arguments->at++;
    const char *value = arguments_word(arguments);
    if (value == NULL)
        arguments->missing = option;
    else
        arguments->at++;
    return value;
}

const char *arguments_value(struct arguments *arguments, char brief, const char *name)
{
    const char *word = arguments_word(arguments);
    if (word == NULL)
        return NULL;
    const char *rest = after_name(word, name);
    if (is_brief(word, brief))
        rest = word + 2;
    else if (rest != NULL && *rest == '=')
        rest++;
    else if (rest == NULL)
        return NULL;
    if (*rest == '\0' && (is_brief(word, brief) || strchr(word, '=') == NULL))
        return next_word(arguments);
    arguments->at++;
    return rest;
}
