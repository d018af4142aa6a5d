// SPDX-License-Identifier: Apache-2.0
// What nodeadm leaves (JSON), and the NodeConfigs in user data: alone, or in MIME as EKS,
// Karpenter, eksctl and Terraform write it. Fuzzed by user_data_fuzz.c.
#include <jansson.h>
#include <string.h>

#include "identity/node_config.h"
#include "identity/node_config_lines.h"

// A name counts while there is no doubt. All zero: nothing yet.
struct finding {
    char name[CLUSTER_NAME_MAX + 1];
    const char *doubt; // the first
};

struct text {
    char *rest;          // NULL: no line is left
    bool has_cr, had_cr; // this line ends with CR LF, the one before did
};

bool node_config_is_name(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= CLUSTER_NAME_MAX && *text != '-' && *text != '_' &&
        strspn(text, LETTERS_AND_DIGITS "-_") == n;
}

// Two different names are a doubt: with nodeadm the last would win.
static void finding_take(struct finding *finding, const char *name, const char *doubt)
{
    if (finding->doubt != NULL || (name == NULL && doubt == NULL))
        return;
    if (doubt != NULL)
        finding->doubt = doubt;
    else if (!node_config_is_name(name))
        finding->doubt = "it has what is no name of an EKS cluster";
    else if (finding->name[0] != '\0' && strcmp(finding->name, name) != 0)
        finding->doubt = "it has several NodeConfigs with different names";
    else
        memcpy(finding->name, name, strlen(name));
}

static int conclude(const struct finding *finding, char ret_name[static CLUSTER_NAME_MAX + 1],
    const char **ret_reason)
{
    if (finding->doubt != NULL)
        *ret_reason = finding->doubt;
    else if (finding->name[0] != '\0')
        memcpy(ret_name, finding->name, sizeof(finding->name));
    else
        return NODE_CONFIG_NONE;
    return finding->doubt != NULL ? NODE_CONFIG_DOUBTFUL : 0;
}

int node_config_from_nodeadm(const char *text, size_t n_bytes,
    char ret_name[static CLUSTER_NAME_MAX + 1], const char **ret_reason)
{
    struct finding finding = {0};
    const char *name = NULL, *doubt = NULL;
    json_t *root = json_loadb(text, n_bytes, JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL)
        doubt = "it is not JSON";
    else if (json_unpack(root, "{s?{s?{s?s}}}", "spec", "cluster", "name", &name) != 0)
        doubt = "spec.cluster.name is not where it should be";
    finding_take(&finding, name, doubt);
    json_decref(root);
    return conclude(&finding, ret_name, ret_reason);
}

static char *next_line(struct text *text)
{
    char *line = strsep(&text->rest, "\n");
    size_t n = line != NULL ? strlen(line) : 0;
    text->had_cr = text->has_cr;
    text->has_cr = n > 0 && line[n - 1] == '\r';
    if (text->has_cr)
        line[n - 1] = '\0';
    return line;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

// Reads lines up to one that starts with the delimiter, and returns it; NULL at the end of all.
static const char *read_part(
    struct finding *finding, struct text *text, bool is_node_config, const char *delimiter)
{
    struct node_lines lines = {0};
    const char *name = NULL;
    char *line;
    while ((line = next_line(text)) != NULL && (delimiter == NULL || !starts_with(line, delimiter)))
        if (is_node_config)
            node_lines_take(&lines, line);
    if (is_node_config) {
        const char *doubt = node_lines_end(&lines, &name);
        finding_take(finding, name, doubt);
    }
    return line;
}

// Up to and with the empty line. Returns the Content-Type; NULL where there is none, and for any
// header that needs more care than these: one that goes on over two lines, or tells an encoding.
static char *read_headers(struct text *text)
{
    char *line, *type = NULL;
    while ((line = next_line(text)) != NULL && *line != '\0') {
        if (type == NULL && starts_with(line, "Content-Type: "))
            type = line + strlen("Content-Type: ");
        else if (!starts_with(line, "MIME-Version: 1.0") &&
            !starts_with(line, "Mime-Version: 1.0") &&
            !starts_with(line, "Content-Transfer-Encoding: 7bit") &&
            !starts_with(line, "Content-Disposition: "))
            return NULL;
    }
    return type;
}

// Of multipart/mixed; boundary="B": --B, written over the quote and what is before it.
static const char *take_delimiter(char *type)
{
    static const char prefix[] = "multipart/mixed; boundary=";
    if (type == NULL || !starts_with(type, prefix))
        return NULL;
    bool is_quoted = type[strlen(prefix)] == '"';
    char *boundary = type + strlen(prefix) + is_quoted;
    size_t n = strspn(boundary, LETTERS_AND_DIGITS "+-._/:=");
    if (n == 0 || strcmp(boundary + n, is_quoted ? "\"" : "") != 0)
        return NULL;
    boundary[n] = '\0';
    return memcpy(boundary - 2, "--", 2);
}

// nodeadm's reader (Go, mime/multipart) goes by the line end of the first delimiter: with CR LF it
// sees none after or before a lone LF, where others do. What follows the last is nobody's.
static bool take_multipart(struct finding *finding, struct text *text)
{
    const char *delimiter = take_delimiter(read_headers(text));
    const char *line = delimiter != NULL ? read_part(finding, text, false, delimiter) : NULL;
    bool has_cr = text->has_cr;
    while (line != NULL && line[strlen(delimiter)] == '\0') {
        const char *type = read_headers(text);
        bool is_node_config = type != NULL && strcmp(type, "application/" NODE_CONFIG_GROUP) == 0;
        if (type == NULL || (!is_node_config && !starts_with(type, "text/")))
            return false;
        line = read_part(finding, text, is_node_config, delimiter);
        if ((has_cr && !text->had_cr) || (text->has_cr != has_cr && text->rest != NULL))
            return false;
    }
    return line != NULL && strcmp(line + strlen(delimiter), "--") == 0;
}

int node_config_from_user_data(const char *text, size_t n_bytes,
    char ret_name[static CLUSTER_NAME_MAX + 1], const char **ret_reason)
{
    scoped_free char *copy = xcalloc(1, n_bytes + 1);
    memcpy(copy, text, n_bytes);
    struct text lines = {.rest = copy};
    struct finding finding = {0};
    if (starts_with(copy, "\x1f\x8b") || strlen(copy) != n_bytes)
        finding.doubt = "it is compressed or binary";
    else if (n_bytes >= 32 && strspn(copy, LETTERS_AND_DIGITS "+/=\r\n") == n_bytes)
        finding.doubt = "it is base64";
    // A script may write NodeConfigs, or have them in comments: they need not be this node's.
    else if (starts_with(copy, "#!") || starts_with(copy, "#cloud-") ||
        strstr(copy, NODE_CONFIG_GROUP) == NULL)
        return NODE_CONFIG_NONE;
    else if (!starts_with(copy, "MIME-Version:") && !starts_with(copy, "Content-Type:"))
        read_part(&finding, &lines, true, NULL);
    else if (!take_multipart(&finding, &lines))
        finding.doubt = "it has MIME that is not read here";
    return conclude(&finding, ret_name, ret_reason);
}
