// SPDX-License-Identifier: Apache-2.0
// Which key is below which is told by indentation alone, and only what is told for sure is taken.
#include <string.h>
#include <strings.h>

#include "base.h"
#include "identity/node_config_lines.h"

#define KEY_MAX 256 // YAML 1.1 allows a key 1024 characters

// Each is in one place only: name below metadata is another.
static const struct {
    const char *word;
    enum node_key parent;
} keys[KEY_OTHER] = {
    [KEY_API_VERSION] = {"apiVersion", KEY_ROOT},
    [KEY_KIND] = {"kind", KEY_ROOT},
    [KEY_NAME] = {"name", KEY_CLUSTER},
    [KEY_SPEC] = {"spec", KEY_ROOT},
    [KEY_CLUSTER] = {"cluster", KEY_SPEC},
};

static bool is_printable(const char *line)
{
    while (*line >= ' ' && *line <= '~')
        line++;
    return *line == '\0';
}

// To the level to which an entry belongs that starts here; false when there is none.
static bool enter_level(struct node_lines *lines, size_t indent)
{
    if (indent > lines->levels[lines->top].indent) {
        if (!lines->may_nest || lines->top + 1 == ARRAY_SIZE(lines->levels))
            return false;
        lines->levels[++lines->top] = (struct node_level){indent, lines->key};
    }
    while (lines->levels[lines->top].indent > indent)
        lines->top--;
    return lines->levels[lines->top].indent == indent;
}

// Takes `key:` or `"key":` off the line; NULL where there is none.
static const char *take_key(char **line)
{
    bool is_quoted = **line == '"';
    char *key = *line + is_quoted, *end = key + strspn(key, LETTERS_AND_DIGITS "_./-");
    char *colon = end + is_quoted;
    if (end == key || end - key > KEY_MAX || (is_quoted && *end != '"') || colon[0] != ':' ||
        (colon[1] != ' ' && colon[1] != '\0'))
        return NULL;
    *end = '\0';
    *line = colon + 1 + strspn(colon + 1, " ");
    return key;
}

// Whether it is one scalar for sure: nothing after it, no comment, no escape.
static bool is_scalar(const char *text)
{
    size_t n = strlen(text);
    if (*text == '"' || *text == '\'')
        return n > 1 && text[n - 1] == *text &&
            strcspn(text + 1, (char[]){*text, '\\', '\0'}) == n - 2;
    bool is_dash = *text == '-' && (text[1] == ' ' || n == 1);
    return n > 0 && !is_dash && strchr("#&*!|>%@`,?:[]{}<=", *text) == NULL &&
        strstr(text, ": ") == NULL && strstr(text, " #") == NULL &&
        strchr(": ", text[n - 1]) == NULL;
}

static bool take_pair(struct node_lines *lines, const char *word, char *value)
{
    enum node_key parent = lines->levels[lines->top].parent, key = KEY_ROOT + 1;
    while (key < KEY_OTHER && (keys[key].parent != parent || strcmp(word, keys[key].word) != 0))
        key++;
    lines->key = key;
    lines->may_nest = *value == '\0';
    bool is_nothing = lines->may_nest || strcmp(value, "{}") == 0;
    if (key < KEY_OTHER) {
        bool is_first = lines->values[key] == NULL;
        lines->values[key] = value;
        return is_first && (key < KEY_SPEC ? is_scalar(value) : is_nothing);
    }
    lines->is_in_block = strcmp(value, "|") == 0 || strcmp(value, "|-") == 0;
    lines->block_column = 0;
    return lines->is_in_block || is_nothing || is_scalar(value);
}

static bool take_entry(struct node_lines *lines, size_t column, char *text)
{
    bool is_item = text[0] == '-' && text[1] == ' ';
    if (is_item) {
        if (lines->key != KEY_OTHER || !enter_level(lines, 2 * column + 1))
            return false;
        size_t n = 1 + strspn(text + 1, " ");
        text += n;
        column += n;
        lines->may_nest = true;
    }
    const char *key = take_key(&text);
    if (key != NULL)
        return enter_level(lines, 2 * column) && take_pair(lines, key, text);
    lines->may_nest = false;
    return is_item && is_scalar(text);
}

static bool take_line(struct node_lines *lines, char *line)
{
    size_t column = strspn(line, " ");
    char *text = line + column;
    bool is_blank = *text == '\0';
    if (lines->is_in_block && (is_blank || 2 * column > lines->levels[lines->top].indent)) {
        if (lines->block_column == 0 && !is_blank)
            lines->block_column = column;
        // Spaces alone before the first line of the text may move where that starts.
        return is_blank ? column == 0 || lines->block_column > 0 : column >= lines->block_column;
    }
    lines->is_in_block = false;
    if (is_blank || *text == '#')
        return true;
    bool is_start = lines->key == KEY_ROOT && strcmp(line, "---") == 0;
    lines->key = is_start ? KEY_OTHER : lines->key;
    return is_start || take_entry(lines, column, text);
}

void node_lines_take(struct node_lines *lines, char *line)
{
    lines->is_odd = lines->is_odd || !is_printable(line) || !take_line(lines, line);
}

// Takes quotes off a scalar.
static char *unquote(char *value)
{
    if (value == NULL || (*value != '"' && *value != '\''))
        return value;
    value[strlen(value) - 1] = '\0';
    return value + 1;
}

static bool is_value(char *value, const char *word)
{
    return value != NULL && strcmp(unquote(value), word) == 0;
}

// Whether YAML may take it, without quotes, for another thing than a string.
static bool is_other_type(const char *value)
{
    static const char *const words[] = {
        "y", "n", "yes", "no", "on", "off", "true", "false", "null"}; // YAML 1.1
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcasecmp(value, words[i]) == 0)
            return true;
    return *value >= '0' && *value <= '9';
}

const char *node_lines_end(struct node_lines *lines, const char **ret_name)
{
    char *name = lines->values[KEY_NAME];
    if (lines->is_odd)
        return "it has YAML that is not read here";
    // Another version may keep the name elsewhere.
    if (!is_value(lines->values[KEY_API_VERSION], NODE_CONFIG_GROUP "/v1alpha1") ||
        !is_value(lines->values[KEY_KIND], "NodeConfig"))
        return "it has a document that is no NodeConfig of v1alpha1";
    if (name != NULL && is_other_type(name))
        return "it has a cluster name that may be no string";
    *ret_name = unquote(name);
    return NULL;
}
