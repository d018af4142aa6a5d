// SPDX-License-Identifier: Apache-2.0
// The cluster name out of a NodeConfig in YAML, by lines: which key is below which is told by
// indentation alone. It knows the block style that people and generators write; any line it does
// not know for sure makes the whole a doubt, so that nothing is matched inside of something else.
#include <string.h>

#include "identity/node_config_text.h"
#include "identity/node_config_value.h"

#define MAX_DEPTH 32

static const char odd_line[] = "it has YAML that is not read here";
static const char twice[] = "it has a key twice";
static const char too_deep[] = "it is nested too deeply";

enum role { ROLE_ROOT, ROLE_SPEC, ROLE_CLUSTER, ROLE_OTHER };
enum shape { SHAPE_MAP, SHAPE_LIST };

// The keys that matter. Each is in one place only: name below metadata is another.
enum key {
    KEY_API_VERSION,
    KEY_KIND,
    KEY_NAME,
    N_SCALARS,
    KEY_SPEC = N_SCALARS,
    KEY_CLUSTER,
    N_KEYS
};

static const struct {
    const char *key;
    enum role below;
    enum role role; // of what is nested below it
} keys[N_KEYS] = {
    [KEY_API_VERSION] = {"apiVersion", ROLE_ROOT, ROLE_OTHER},
    [KEY_KIND] = {"kind", ROLE_ROOT, ROLE_OTHER},
    [KEY_NAME] = {"name", ROLE_CLUSTER, ROLE_OTHER},
    [KEY_SPEC] = {"spec", ROLE_ROOT, ROLE_SPEC},
    [KEY_CLUSTER] = {"cluster", ROLE_SPEC, ROLE_CLUSTER},
};

struct level {
    size_t indent;
    enum shape shape;
    enum role role;
};

struct matcher {
    struct finding *finding;
    size_t n_documents;
    // Of this document:
    struct level levels[MAX_DEPTH];
    size_t n_levels;
    bool may_nest; // the last entry has nothing on its line
    enum role nested_role;
    bool has_key[N_KEYS];
    struct text scalars[N_SCALARS];
    // A block scalar, whose lines say nothing:
    bool is_in_block;
    size_t block_parent; // the indentation it must exceed
    size_t block_indent; // of its first line; 0 before that
    size_t block_blanks; // of the longest blank line before that
};

static void doubt(struct matcher *matcher, const char *why)
{
    finding_doubt(matcher->finding, why);
}

static bool push_level(struct matcher *matcher, size_t indent, enum shape shape)
{
    enum role role = matcher->n_levels == 0 ? ROLE_ROOT : matcher->nested_role;
    if (matcher->n_levels == MAX_DEPTH)
        doubt(matcher, too_deep);
    else if (shape == SHAPE_LIST && role != ROLE_OTHER)
        doubt(matcher, odd_line);
    else
        matcher->levels[matcher->n_levels++] = (struct level){indent, shape, role};
    return matcher->finding->doubt == NULL;
}

// To the level to which an entry belongs that starts at this column. Entries of a list may stand
// as far left as the key they belong to.
static bool enter_level(struct matcher *matcher, size_t indent, enum shape shape)
{
    if (matcher->n_levels == 0)
        return push_level(matcher, indent, shape);
    const struct level *top = &matcher->levels[matcher->n_levels - 1];
    if (matcher->may_nest &&
        (indent > top->indent ||
            (indent == top->indent && shape == SHAPE_LIST && top->shape == SHAPE_MAP)))
        return push_level(matcher, indent, shape);
    while (matcher->n_levels > 1 &&
        (top->indent > indent ||
            (top->indent == indent && top->shape == SHAPE_LIST && shape == SHAPE_MAP)))
        top = &matcher->levels[--matcher->n_levels - 1];
    if (top->indent != indent || top->shape != shape)
        doubt(matcher, odd_line);
    return matcher->finding->doubt == NULL;
}

static void open_value(struct matcher *matcher, const struct value *value, enum role role)
{
    matcher->may_nest = value->kind == VALUE_NONE;
    matcher->nested_role = role;
    matcher->is_in_block = value->kind == VALUE_BLOCK;
    matcher->block_parent = matcher->levels[matcher->n_levels - 1].indent;
    matcher->block_indent = matcher->block_blanks = 0;
}

// N_KEYS for none of ours.
static enum key key_of(const struct matcher *matcher, struct text text)
{
    enum role role = matcher->levels[matcher->n_levels - 1].role;
    enum key key = 0;
    while (key < N_KEYS && (keys[key].below != role || !text_is(text, keys[key].key)))
        key++;
    return key;
}

static void take_key(struct matcher *matcher, enum key key, const struct value *value)
{
    if (matcher->has_key[key])
        doubt(matcher, twice);
    matcher->has_key[key] = true;
    if (key >= N_SCALARS) {
        if (value->kind != VALUE_NONE && value->kind != VALUE_EMPTY_MAP)
            doubt(matcher, odd_line);
    } else if (value_is_string(value)) {
        matcher->scalars[key] = value->text;
    } else {
        doubt(matcher, key == KEY_NAME ? "it has a cluster name that may be no string" : odd_line);
    }
}

static void take_pair(struct matcher *matcher, struct text text, struct text rest)
{
    struct value value;
    enum key key = key_of(matcher, text);
    if (!value_parse(rest, &value)) {
        doubt(matcher, odd_line);
        return;
    }
    open_value(matcher, &value, key < N_KEYS ? keys[key].role : ROLE_OTHER);
    if (key < N_KEYS)
        take_key(matcher, key, &value);
}

// Steps over one `- `; false where there is none, or in doubt.
static bool take_dash(struct matcher *matcher, struct text *text, size_t *indent)
{
    static const struct value none = {VALUE_NONE};
    if ((!text_is(*text, "-") && !text_starts_with(*text, "- ")) ||
        !enter_level(matcher, *indent, SHAPE_LIST))
        return false;
    open_value(matcher, &none, ROLE_OTHER);
    do {
        *text = text_skip(*text, 1);
        ++*indent;
    } while (text_starts_with(*text, " "));
    return true;
}

static void take_entry(struct matcher *matcher, size_t indent, struct text text)
{
    struct value value;
    struct text key;
    bool is_in_list = false;
    while (take_dash(matcher, &text, &indent))
        is_in_list = true;
    if (matcher->finding->doubt != NULL)
        return;
    if (value_take_key(&text, &key)) {
        if (enter_level(matcher, indent, SHAPE_MAP))
            take_pair(matcher, key, text);
    } else if (is_in_list && value_parse(text, &value)) {
        open_value(matcher, &value, ROLE_OTHER);
    } else {
        doubt(matcher, odd_line);
    }
}

// Whether the line belongs to a block scalar. A tab where indentation is still told, and a first
// line that is indented less than a blank one before it, are refused by YAML.
static bool take_block_line(struct matcher *matcher, struct text line, size_t indent)
{
    bool is_blank = indent == line.n_bytes;
    if (is_blank) {
        if (indent > matcher->block_blanks && matcher->block_indent == 0)
            matcher->block_blanks = indent;
        return true;
    }
    if (indent <= matcher->block_parent)
        return matcher->is_in_block = false;
    if (matcher->block_indent == 0) {
        if (line.at[indent] == '\t' || matcher->block_blanks > indent)
            doubt(matcher, odd_line);
        matcher->block_indent = indent;
    }
    if (indent < matcher->block_indent)
        doubt(matcher, odd_line);
    return true;
}

// nodeadm reads the first document of a text only. Those after it are read here to have a doubt if
// they differ.
static void end_document(struct matcher *matcher)
{
    struct finding *finding = matcher->finding;
    if (matcher->n_levels == 0 && matcher->n_documents > 1)
        return;
    if (!text_is(matcher->scalars[KEY_KIND], NODE_CONFIG_KIND) ||
        !text_is(matcher->scalars[KEY_API_VERSION], NODE_CONFIG_API_VERSION))
        finding_doubt(finding, node_config_is_other);
    if (!matcher->has_key[KEY_NAME])
        return;
    if (matcher->n_documents > 1 && finding->name[0] == '\0')
        finding_doubt(finding, "it has a name only in a later document");
    finding_take_name(finding, matcher->scalars[KEY_NAME]);
}

static void start_document(struct matcher *matcher)
{
    *matcher = (struct matcher){
        .finding = matcher->finding, .n_documents = matcher->n_documents + 1};
}

// `---`, with nothing but a comment after it.
static bool is_start(struct text text)
{
    struct value value;
    return text_is(text, "---") ||
        (text_starts_with(text, "--- ") && value_parse(text_skip(text, 3), &value) &&
            value.kind == VALUE_NONE);
}

static void take_line(struct matcher *matcher, struct text line)
{
    size_t indent = 0;
    while (indent < line.n_bytes && line.at[indent] == ' ')
        indent++;
    if (matcher->is_in_block && take_block_line(matcher, line, indent))
        return;
    struct text text = text_skip(line, indent);
    while (text.n_bytes > 0 && text.at[text.n_bytes - 1] == ' ')
        text.n_bytes--;
    if (text.n_bytes == 0 || *text.at == '#')
        return;
    bool has_start = indent == 0 && is_start(text);
    if (has_start && matcher->n_documents > 0)
        end_document(matcher);
    if (has_start || matcher->n_documents == 0)
        start_document(matcher);
    if (memchr(text.at, '\t', text.n_bytes) != NULL)
        doubt(matcher, odd_line);
    else if (!has_start)
        take_entry(matcher, indent, text);
}

void node_config_take_lines(struct text text, struct finding *finding)
{
    struct matcher matcher = {.finding = finding};
    struct line line;
    while (finding->doubt == NULL && text_next_line(&text, &line))
        take_line(&matcher, line.text);
    if (finding->doubt == NULL)
        end_document(&matcher);
}
