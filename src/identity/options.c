// SPDX-License-Identifier: Apache-2.0
// The rows of the section, their checks, and what follows from them and the environment.
#include <string.h>
#include <strings.h>

#include "aws/imds.h"
#include "base/mac.h"
#include "base/parse.h"
#include "encode/emf.h"
#include "identity/cluster.h"
#include "identity/facts.h"
#include "identity/options.h"

static const char *check_dimension_value(const char *name, const char *value)
{
    (void)name;
    bool has_ink = false;
    for (const char *at = value; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~')
            return "printable ASCII";
        has_ink |= *at != ' ';
    }
    if (!has_ink || strlen(value) > CLOUDWATCH_MAX_DIMENSION_VALUE)
        return "1 to 1024 characters, not all blank";
    return NULL;
}

bool identity_is_own_label(const char *name)
{
    return strcmp(name, "ClusterName") == 0 || fact_is_label(name, false) ||
        fact_is_label(name, true);
}

// What the metadata service would say can be set as a dimension instead; two have keys of their
// own, and what ENIs have is not the same for all of them.
static const char *check_name(const char *name)
{
    if (emf_is_reserved(name) || fact_is_label(name, true) || strcmp(name, "ClusterName") == 0 ||
        strcmp(name, instance_facts[INSTANCE_ID].label) == 0)
        return "a name that enawatch does not use itself";
    return label_is_name(name, EMF_MAX_DIMENSION_NAME) ? NULL
                                                       : "a name of 1 to 250 printable characters";
}

static const char *check_dimension(const char *name, const char *value)
{
    const char *complaint = check_name(name);
    return complaint != NULL ? complaint : check_dimension_value(name, value);
}

static const char *check_property(const char *name, const char *value)
{
    const char *complaint = check_name(name);
    if (complaint == NULL && fact_is_label(name, false))
        complaint = "dimension.NAME for this name";
    if (complaint == NULL && strlen(value) > CLOUDWATCH_MAX_DIMENSION_VALUE)
        complaint = "a value of at most 1024 bytes";
    return complaint;
}

static const char *check_eni(const char *name, const char *value)
{
    uint8_t octets[MAC_OCTETS];
    if (!mac_parse(name, octets))
        return "eni.MAC = ENI id, the MAC as 02:00:00:00:00:01";
    return fact_is_eni_id(value) ? NULL : "an ENI id: eni- and 8 or 17 hexadecimal digits";
}

// http:// or https://, a host, perhaps a port, and no path.
static const char *check_endpoint(const char *name, const char *value)
{
    (void)name;
    const char *host = strncmp(value, "http://", 7) == 0 ? value + 7
        : strncmp(value, "https://", 8) == 0             ? value + 8
                                                         : "";
    size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]");
    bool is_end = host[n] == '\0' || (host[n] == '/' && host[n + 1] == '\0');
    return n > 0 && is_end ? NULL : "http://HOST or http://HOST:PORT, an IPv6 address in brackets";
}

static bool is_source(const char *word)
{
    for (size_t i = 0; i < CLUSTER_N_SOURCES; i++)
        if (strcmp(word, cluster_source_words[i]) == 0)
            return true;
    return strcmp(word, "none") == 0;
}

// Letters, digits and + - = . , _ : @ (EC2 User Guide, "Use instance tags in instance metadata"); a
// comma would part two of them here.
static bool is_tag(const char *word)
{
    size_t n = strspn(
        word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-=._:@");
    return n >= 1 && n <= 128 && word[n] == '\0';
}

static bool are_words(const char *list, bool (*is_word)(const char *))
{
    scoped_free char *copy = xstrdup(list);
    for (char *at = copy, *word; (word = strsep(&at, ",")) != NULL;)
        if (!is_word(parse_trim(word)))
            return false;
    return true;
}

static const char *check_sources(const char *name, const char *value)
{
    (void)name;
    return are_words(value, is_source) ? NULL : "none, or nodeadm, tags, user-data in any order";
}

static const char *check_tags(const char *name, const char *value)
{
    (void)name;
    return are_words(value, is_tag) ? NULL
                                    : "keys of tags that instance metadata can show: letters, "
                                      "digits and + - = . _ : @";
}

static const char *const imds_choices[] = {"auto", "off", NULL};

static const struct option rows[] = {
    {.name = "imds",
        .type = OPTION_CHOICE,
        .offset = offsetof(struct identity_options, imds),
        .fallback = "auto",
        .choices = imds_choices,
        .help = "Whether to ask the instance metadata service; off: not one packet."},
    {.name = "imds_endpoint",
        .type = OPTION_STRING,
        .offset = offsetof(struct identity_options, imds_endpoint),
        .check = check_endpoint,
        .help = "Where the metadata service is; else AWS_EC2_METADATA_SERVICE_ENDPOINT and "
                "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE in the environment say so, else it is "
                "http://169.254.169.254."},
    {.name = "wait",
        .type = OPTION_DURATION,
        .offset = offsetof(struct identity_options, wait_ms),
        .fallback = "5m",
        .min = 0,
        .max = 86400000,
        .help = "How long records wait for dimensions that the metadata service has not told yet; "
                "then they go out with what is known."},
    {.name = "instance_id",
        .type = OPTION_STRING,
        .offset = offsetof(struct identity_options, instance_id),
        .check = check_dimension_value,
        .help = "The dimension InstanceId; where nobody knows it, the host name stands in."},
    {.name = "cluster",
        .type = OPTION_STRING,
        .offset = offsetof(struct identity_options, cluster),
        .check = check_dimension_value,
        .help = "The dimension ClusterName."},
    {.name = "cluster_from",
        .type = OPTION_LIST,
        .offset = offsetof(struct identity_options, cluster_from),
        .fallback = "nodeadm, tags, user-data",
        .check = check_sources,
        .help = "Where to look for the cluster's name when it is not set, in this order; none: "
                "nowhere."},
    {.name = "cluster_tags",
        .type = OPTION_LIST,
        .offset = offsetof(struct identity_options, cluster_tags),
        .fallback = "eks:cluster-name, eks:eks-cluster-name, aws:eks:cluster-name",
        .check = check_tags,
        .help = "Tags of the instance that may hold the cluster's name."},
    {.name = "nodeadm_file",
        .type = OPTION_STRING,
        .offset = offsetof(struct identity_options, nodeadm_file),
        .fallback = "/run/eks/nodeadm/config.json",
        .help = "Where nodeadm leaves the configuration of an EKS node."},
    {.name = "eni",
        .type = OPTION_MAP,
        .offset = offsetof(struct identity_options, enis),
        .check = check_eni,
        .help = "eni.MAC = ID: the NetworkInterfaceId of the ENI with this MAC."},
    {.name = "dimension",
        .type = OPTION_MAP,
        .offset = offsetof(struct identity_options, dimensions),
        .check = check_dimension,
        .help =
            "dimension.NAME = VALUE: a name for use in the dimension sets of [publish], or what "
            "the metadata service would say: InstanceType, ImageId, Region, AvailabilityZone."},
    {.name = "property",
        .type = OPTION_MAP,
        .offset = offsetof(struct identity_options, properties),
        .check = check_property,
        .help = "property.NAME = VALUE: a member of every document, searchable, without cost as a "
                "metric."},
};

const struct option_table identity_option_table = {
    "identity", rows, ARRAY_SIZE(rows), sizeof(struct identity_options)};

static bool has_twins(const struct option_list *list)
{
    for (size_t i = 0; i < list->n_words; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(list->words[i], list->words[j]) == 0)
                return true;
    return false;
}

const char *identity_options_check(const struct identity_options *options)
{
    // The rest of LABELS_MAX is for what enawatch itself knows.
    if (options->dimensions.n_pairs > 27 || options->properties.n_pairs > 32)
        return "at most 27 dimension.NAME and 32 property.NAME";
    if (has_twins(&options->cluster_from))
        return "every source in cluster_from once";
    return NULL;
}

// MACs are written in either case.
const char *identity_option(const struct option_map *map, const char *name, bool is_mac)
{
    for (size_t i = 0; i < map->n_pairs; i++)
        if ((is_mac ? strcasecmp : strcmp)(map->pairs[i].name, name) == 0)
            return map->pairs[i].value;
    return NULL;
}

static bool may_ask(const struct identity_options *options)
{
    return options->imds != IDENTITY_IMDS_OFF;
}

// Without the metadata service there is nodeadm's file alone.
static bool can_find_cluster(const struct identity_options *options)
{
    for (size_t i = 0; i < options->cluster_from.n_words; i++) {
        const char *word = options->cluster_from.words[i];
        bool is_file = strcmp(word, cluster_source_words[CLUSTER_FROM_NODEADM]) == 0;
        if (is_file || (may_ask(options) && strcmp(word, "none") != 0))
            return true;
    }
    return false;
}

bool identity_knows_dimension(
    const struct identity_options *options, const char *name, bool is_of_eni)
{
    if (strcmp(name, "ClusterName") == 0)
        return options->cluster != NULL || can_find_cluster(options);
    if (strcmp(name, instance_facts[INSTANCE_ID].label) == 0)
        return true;
    if (fact_is_label(name, true))
        return is_of_eni && (may_ask(options) || strcmp(name, eni_facts[ENI_ID].label) == 0);
    return identity_option(&options->dimensions, name, false) != NULL ||
        (may_ask(options) && fact_is_label(name, false));
}

static bool is_set(const char *text)
{
    return text != NULL && *text != '\0';
}

static int endpoint_of_mode(const char *mode, char **ret_endpoint, const char **ret_reason)
{
    bool is_ipv6 = mode != NULL && strcasecmp(mode, "IPv6") == 0;
    if (is_set(mode) && !is_ipv6 && strcasecmp(mode, "IPv4") != 0) {
        *ret_reason = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: allowed is IPv4 or IPv6";
        return IDENTITY_BAD_ENVIRONMENT;
    }
    *ret_endpoint = xstrdup(is_ipv6 ? IMDS_ENDPOINT_IPV6 : IMDS_ENDPOINT_IPV4);
    return 0;
}

// Without the slash at the end.
static int endpoint_of(const char *text, char **ret_endpoint)
{
    size_t n = strlen(text);
    *ret_endpoint = xasprintf("%.*s", (int)(text[n - 1] == '/' ? n - 1 : n), text);
    return 0;
}

int identity_endpoint(
    const struct identity_options *options, char **ret_endpoint, const char **ret_reason)
{
    const char *disabled = getenv("AWS_EC2_METADATA_DISABLED");
    if (!may_ask(options) || (disabled != NULL && strcasecmp(disabled, "true") == 0)) {
        *ret_reason = may_ask(options) ? "AWS_EC2_METADATA_DISABLED = true in the environment"
                                       : "identity.imds = off";
        return IDENTITY_NO_IMDS;
    }
    if (options->imds_endpoint != NULL)
        return endpoint_of(options->imds_endpoint, ret_endpoint);
    const char *text = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (!is_set(text))
        return endpoint_of_mode(
            getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), ret_endpoint, ret_reason);
    if (check_endpoint(NULL, text) == NULL)
        return endpoint_of(text, ret_endpoint);
    *ret_reason =
        "AWS_EC2_METADATA_SERVICE_ENDPOINT: allowed is http://HOST or http://HOST:PORT, an "
        "IPv6 address in brackets";
    return IDENTITY_BAD_ENVIRONMENT;
}
