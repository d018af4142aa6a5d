// SPDX-License-Identifier: Apache-2.0
// One source after the other. The file may come late: where nobody knew the name it is looked at
// again, as it costs nothing.
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "identity/cluster.h"
#include "log.h"

#define TAGS_PATH      "meta-data/tags/instance/"
#define USER_DATA_PATH "user-data"
#define FILE_MAX       ((size_t)1 << 20) // nodeadm's has a few KiB

const char *const cluster_source_words[CLUSTER_N_SOURCES] = {"nodeadm", "tags", "user-data"};

static bool is_wanted(const char *word, enum cluster_source source, bool has_imds)
{
    return strcmp(word, cluster_source_words[source]) == 0 &&
        (has_imds || source == CLUSTER_FROM_NODEADM);
}

void cluster_init(struct cluster *cluster, const struct identity_options *options,
    const struct question_span *span, bool has_imds)
{
    *cluster = (struct cluster){.options = options, .span = *span};
    for (size_t i = 0; options->cluster == NULL && i < options->cluster_from.n_words; i++)
        for (enum cluster_source source = 0; source < CLUSTER_N_SOURCES; source++)
            if (is_wanted(options->cluster_from.words[i], source, has_imds))
                cluster->sources[cluster->n_sources++] = source;
}

bool cluster_is_open(const struct cluster *cluster)
{
    return cluster->name[0] == '\0' && cluster->at < cluster->n_sources;
}

void cluster_recall(struct cluster *cluster, const char *name)
{
    if (!cluster_is_open(cluster) || !node_config_is_name(name))
        return;
    memcpy(cluster->name, name, strlen(name) + 1);
    cluster->origin = "what was noted earlier in this boot";
}

static void next_source(struct cluster *cluster, const struct now *now)
{
    cluster->at++;
    cluster->question = (struct question){.due_ns = now->boot_ns};
    if (cluster->at == cluster->n_sources)
        question_repeat(&cluster->question, &cluster->span, now);
}

static void say_doubt(struct cluster *cluster, const char *where, const char *doubt)
{
    if (cluster->told_doubt == doubt)
        return;
    log_warning("identity: %s: %s: no cluster name from it; set identity.cluster", where, doubt);
    cluster->told_doubt = doubt;
}

static bool has_file(const struct cluster *cluster)
{
    for (size_t i = 0; i < cluster->n_sources; i++)
        if (cluster->sources[i] == CLUSTER_FROM_NODEADM)
            return true;
    return false;
}

static bool is_file_next(const struct cluster *cluster)
{
    if (cluster->name[0] != '\0' || !has_file(cluster))
        return false;
    return cluster->at == cluster->n_sources ||
        cluster->sources[cluster->at] == CLUSTER_FROM_NODEADM;
}

uint64_t cluster_look_ns(const struct cluster *cluster)
{
    return is_file_next(cluster) ? cluster->question.due_ns : QUESTION_NEVER;
}

// 0 and the text, or negative errno. Reads no more than it may: what is longer is cut, and is no
// JSON then.
static int read_file(const char *path, char **ret_text, size_t *ret_n_bytes)
{
    scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    char *text = xcalloc(1, FILE_MAX);
    size_t n_bytes = 0;
    ssize_t n = 1;
    while (n > 0 && n_bytes < FILE_MAX)
        if ((n = read(fd, text + n_bytes, FILE_MAX - n_bytes)) > 0)
            n_bytes += (size_t)n;
    if (n < 0) {
        free(text);
        return -errno;
    }
    *ret_text = text;
    *ret_n_bytes = n_bytes;
    return 0;
}

static bool take_file(struct cluster *cluster)
{
    const char *path = cluster->options->nodeadm_file, *doubt = NULL;
    scoped_free char *text = NULL;
    size_t n_bytes = 0;
    int r = read_file(path, &text, &n_bytes);
    if (r == -ENOENT || r == -ENOTDIR)
        return false;
    if (r < 0) {
        say_doubt(cluster, path, strerror(-r));
        return false;
    }
    r = node_config_from_nodeadm(text, n_bytes, cluster->name, &doubt);
    if (r == NODE_CONFIG_DOUBTFUL)
        say_doubt(cluster, path, doubt);
    return r == 0;
}

bool cluster_look(struct cluster *cluster, const struct now *now)
{
    if (now->boot_ns < cluster_look_ns(cluster))
        return false;
    if (take_file(cluster)) {
        cluster->origin = cluster->options->nodeadm_file;
        return true;
    }
    if (cluster->at < cluster->n_sources) {
        next_source(cluster, now);
        return true;
    }
    question_repeat(&cluster->question, &cluster->span, now);
    return false;
}

struct question *cluster_next(struct cluster *cluster)
{
    return cluster_is_open(cluster) && !is_file_next(cluster) ? &cluster->question : NULL;
}

char *cluster_path(const struct cluster *cluster)
{
    if (cluster->sources[cluster->at] == CLUSTER_FROM_USER_DATA)
        return xstrdup(USER_DATA_PATH);
    return xasprintf(TAGS_PATH "%s", cluster->tag != NULL ? cluster->tag : "");
}

static bool has_line(const struct answer *answer, const char *line)
{
    size_t n = strlen(line);
    for (const char *at = answer->body, *end = at + answer->n_bytes; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline != NULL ? newline : end) - at);
        if (length == n && memcmp(at, line, n) == 0)
            return true;
        at += length + 1;
    }
    return false;
}

// The list of tags: which of ours is there.
static const char *find_tag(const struct cluster *cluster, const struct answer *answer)
{
    const struct option_list *tags = &cluster->options->cluster_tags;
    for (size_t i = 0; i < tags->n_words; i++)
        if (has_line(answer, tags->words[i]))
            return tags->words[i];
    return NULL;
}

// Returns whether the source has no more to say.
static bool take_tags(struct cluster *cluster, const struct answer *answer, bool *ret_is_good)
{
    if (cluster->tag == NULL) {
        cluster->tag = answer->body != NULL ? find_tag(cluster, answer) : NULL;
        *ret_is_good = true;
        return cluster->tag == NULL;
    }
    scoped_free char *name = answer->body != NULL
        ? xasprintf("%.*s", (int)answer->n_bytes, answer->body)
        : NULL;
    *ret_is_good = name != NULL && strlen(name) == answer->n_bytes && node_config_is_name(name);
    if (*ret_is_good)
        memcpy(cluster->name, name, answer->n_bytes + 1);
    return true;
}

static void take_user_data(struct cluster *cluster, const struct answer *answer)
{
    const char *doubt = NULL;
    int r = answer->body == NULL
        ? NODE_CONFIG_NONE
        : node_config_from_user_data(answer->body, answer->n_bytes, cluster->name, &doubt);
    if (r == NODE_CONFIG_DOUBTFUL)
        say_doubt(cluster, "user data", doubt);
}

bool cluster_take(struct cluster *cluster, const struct now *now, const struct answer *answer)
{
    bool is_good = true, is_heard = true;
    bool is_tags = cluster->sources[cluster->at] == CLUSTER_FROM_TAGS;
    if (is_tags)
        is_heard = take_tags(cluster, answer, &is_good);
    else
        take_user_data(cluster, answer);
    if (cluster->name[0] != '\0')
        cluster->origin = is_tags ? "the tags of the instance" : "the user data of the instance";
    else if (is_heard)
        next_source(cluster, now);
    return is_good;
}
