// SPDX-License-Identifier: Apache-2.0
// The doors, the JSON of both, and what a name is. The lines of YAML and the parts of MIME have
// files of their own. Fuzzed by user_data_fuzz.c.
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "identity/node_config_text.h"

static const char too_large[] = "it is larger than 1 MiB";
static const char not_json[] = "it is not JSON";
static const char wrong_json[] = "spec.cluster.name is not where it should be";
const char node_config_is_other[] = "it has a document that is no NodeConfig of v1alpha1";
static const char not_a_name[] = "it has what is no name of an EKS cluster";

bool text_next_line(struct text *rest, struct line *ret_line)
{
    if (rest->n_bytes == 0)
        return false;
    const char *newline = memchr(rest->at, '\n', rest->n_bytes);
    size_t length = newline == NULL ? rest->n_bytes : (size_t)(newline - rest->at);
    bool has_cr = newline != NULL && length > 0 && newline[-1] == '\r';
    size_t n_end = (newline != NULL) + (size_t)has_cr;
    *ret_line = (struct line){{rest->at, length - has_cr}, n_end};
    *rest = text_skip(*rest, length - has_cr + n_end);
    return true;
}

struct text text_skip(struct text text, size_t n_bytes)
{
    size_t n = n_bytes < text.n_bytes ? n_bytes : text.n_bytes;
    return (struct text){text.at + n, text.n_bytes - n};
}

bool text_is(struct text text, const char *word)
{
    return text.n_bytes == strlen(word) && text_starts_with(text, word);
}

bool text_is_in_any_case(struct text text, const char *word)
{
    return text.n_bytes == strlen(word) && strncasecmp(text.at, word, text.n_bytes) == 0;
}

bool text_starts_with(struct text text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.n_bytes >= length && memcmp(text.at, prefix, length) == 0;
}

void finding_doubt(struct finding *finding, const char *doubt)
{
    if (finding->doubt == NULL)
        finding->doubt = doubt;
}

// isalnum, but in every locale the same.
static bool is_letter_or_digit(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
        (byte >= 'a' && byte <= 'z');
}

static bool is_cluster_name(struct text name)
{
    if (name.n_bytes == 0 || name.n_bytes > CLUSTER_NAME_MAX || !is_letter_or_digit(*name.at))
        return false;
    for (size_t i = 0; i < name.n_bytes; i++)
        if (!is_letter_or_digit(name.at[i]) && name.at[i] != '-' && name.at[i] != '_')
            return false;
    return true;
}

bool node_config_is_name(const char *text)
{
    return is_cluster_name((struct text){text, strlen(text)});
}

void finding_take_name(struct finding *finding, struct text name)
{
    if (!is_cluster_name(name))
        finding_doubt(finding, not_a_name);
    else if (finding->name[0] != '\0' && !text_is(name, finding->name))
        finding_doubt(finding, "it has several NodeConfigs with different names");
    else
        memcpy(finding->name, name.at, name.n_bytes);
}

static int conclude(const struct finding *finding, char ret_name[static CLUSTER_NAME_MAX + 1],
    const char **ret_reason)
{
    if (finding->doubt != NULL) {
        *ret_reason = finding->doubt;
        return NODE_CONFIG_DOUBTFUL;
    }
    if (finding->name[0] == '\0')
        return NODE_CONFIG_NONE;
    memcpy(ret_name, finding->name, sizeof(finding->name));
    return 0;
}

// An absent or null member is not there for nodeadm (Go) either. False for one of another type.
static bool get_object(const json_t *object, const char *key, const json_t **ret_member)
{
    const json_t *member = json_object_get(object, key);
    *ret_member = json_is_null(member) ? NULL : member;
    return *ret_member == NULL || json_is_object(member);
}

static void take_spec(const json_t *root, struct finding *finding)
{
    const json_t *spec, *cluster;
    if (!json_is_object(root) || !get_object(root, "spec", &spec) ||
        !get_object(spec, "cluster", &cluster)) {
        finding_doubt(finding, wrong_json);
        return;
    }
    const json_t *name = json_object_get(cluster, "name");
    if (json_is_string(name))
        finding_take_name(
            finding, (struct text){json_string_value(name), json_string_length(name)});
    else if (name != NULL && !json_is_null(name))
        finding_doubt(finding, wrong_json);
}

static bool has_string(const json_t *object, const char *key, const char *value)
{
    const char *own = json_string_value(json_object_get(object, key));
    return own != NULL && strcmp(own, value) == 0;
}

static void take_json(struct text text, bool has_kind, struct finding *finding)
{
    json_t *root = json_loadb(text.at, text.n_bytes, JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL)
        finding_doubt(finding, not_json);
    else if (has_kind &&
        !(has_string(root, "kind", NODE_CONFIG_KIND) &&
            has_string(root, "apiVersion", NODE_CONFIG_API_VERSION)))
        finding_doubt(finding, node_config_is_other);
    else
        take_spec(root, finding);
    json_decref(root);
}

int node_config_from_nodeadm(const char *text, size_t n_bytes,
    char ret_name[static CLUSTER_NAME_MAX + 1], const char **ret_reason)
{
    struct finding finding = {0};
    if (n_bytes > NODE_CONFIG_MAX_BYTES)
        finding_doubt(&finding, too_large);
    else
        take_json((struct text){text, n_bytes}, false, &finding);
    return conclude(&finding, ret_name, ret_reason);
}

// False for bytes that YAML does not allow, and for what it takes for the end of a line where we do
// not: a lone CR, NEL, LS, PS (YAML 1.1, 4.2).
static bool is_plain_text(struct text text)
{
    json_t *as_utf8 = json_stringn(text.at, text.n_bytes); // NULL for what is no UTF-8
    bool is_plain = as_utf8 != NULL;
    json_decref(as_utf8);
    for (struct text at = text; is_plain && at.n_bytes > 0; at = text_skip(at, 1)) {
        unsigned char byte = (unsigned char)*at.at;
        if (byte == '\r')
            is_plain = text_starts_with(at, "\r\n");
        else if (byte == 0xc2) // U+0080 to U+009f
            is_plain = (unsigned char)at.at[1] >= 0xa0;
        else if (byte == 0xe2)
            is_plain = !text_starts_with(at, "\u2028") && !text_starts_with(at, "\u2029");
        else if (byte == 0xef)
            is_plain = !text_starts_with(at, "\ufeff") && !text_starts_with(at, "\xef\xbf\xbe") &&
                !text_starts_with(at, "\xef\xbf\xbf");
        else
            is_plain = byte == '\t' || byte == '\n' || (byte >= ' ' && byte != 0x7f);
    }
    return is_plain;
}

static struct text skip_blanks(struct text text)
{
    while (text.n_bytes > 0 && strchr(" \t\r\n", *text.at) != NULL)
        text = text_skip(text, 1);
    return text;
}

void node_config_take_document(struct text text, struct finding *finding)
{
    if (!is_plain_text(text))
        finding_doubt(finding, "it has bytes that are no plain text");
    else if (text_starts_with(skip_blanks(text), "{"))
        take_json(text, true, finding);
    else
        node_config_take_lines(text, finding);
}

static bool mentions_group(struct text text)
{
    static const char group[] = NODE_CONFIG_GROUP;
    for (; text.n_bytes >= strlen(group); text = text_skip(text, 1))
        if (strncasecmp(text.at, group, strlen(group)) == 0)
            return true;
    return false;
}

// nodeadm decodes user data of which every byte is base64; a single word is not meant to be that.
static bool is_base64(struct text text)
{
    size_t n_digits = 0, n_pads = 0;
    for (; text.n_bytes > 0; text = text_skip(text, 1)) {
        char byte = *text.at;
        n_pads += byte == '=';
        n_digits += is_letter_or_digit(byte) || byte == '+' || byte == '/' || byte == '=';
        if (strchr("+/=\r\n", byte) == NULL && !is_letter_or_digit(byte))
            return false;
    }
    return n_digits >= 32 && n_digits % 4 == 0 && n_pads <= 2;
}

// What is in doubt about the whole of it; NULL when it can be looked into.
static const char *doubt_whole(struct text text)
{
    if (text_starts_with(text, "\x1f\x8b"))
        return "it is compressed";
    if (memchr(text.at, '\0', text.n_bytes) != NULL)
        return "it is binary";
    return is_base64(text) ? "it is base64" : NULL;
}

// A script may write NodeConfigs, or have them in comments: they need not be this node's.
static bool is_for_cloud_init(struct text text)
{
    return text_starts_with(text, "#!") || text_starts_with(text, "#cloud-");
}

static void take_user_data(struct text text, struct finding *finding)
{
    const char *doubt = doubt_whole(text);
    if (doubt != NULL) {
        finding_doubt(finding, doubt);
        return;
    }
    if (!node_config_take_multipart(text, finding))
        node_config_take_document(text, finding);
    // What is strange but has nothing to do with nodeadm is nobody's doubt.
    if (finding->doubt != NULL && !mentions_group(text))
        *finding = (struct finding){0};
}

int node_config_from_user_data(const char *text, size_t n_bytes,
    char ret_name[static CLUSTER_NAME_MAX + 1], const char **ret_reason)
{
    struct text all = {text, n_bytes};
    struct finding finding = {0};
    if (n_bytes > NODE_CONFIG_MAX_BYTES)
        finding_doubt(&finding, too_large);
    else if (n_bytes > 0 && !is_for_cloud_init(all))
        take_user_data(all, &finding);
    return conclude(&finding, ret_name, ret_reason);
}
