// SPDX-License-Identifier: Apache-2.0
// The table of partitions, and what a region is.
#include <string.h>

#include "aws/partition.h"
#include "base.h"

#define LABEL_MAX 63 // of a host name (RFC 1035, 2.3.4)

// The first whose prefix fits; regions of aws have prefixes of their own (us-, eu-, ap-, ...), and
// new ones come.
static const struct aws_partition partitions[] = {
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"},
    {"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"aws", "", "amazonaws.com", "api.aws"},
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t n = strlen(text), n_suffix = strlen(suffix);
    return n >= n_suffix && strcmp(text + n - n_suffix, suffix) == 0;
}

static bool is_label(const char *text)
{
    static const char digits[] = "0123456789";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";
    size_t n = strlen(text);
    if (n == 0 || n > LABEL_MAX || text[0] == '-' || text[n - 1] == '-')
        return false;
    bool has_other = strpbrk(text, others) != NULL;
    for (; has_other && *text != '\0'; text++)
        if (strchr(digits, *text) == NULL && strchr(others, *text) == NULL)
            return false;
    return has_other;
}

bool aws_is_region(const char *text)
{
    return is_label(text) && !ends_with(text, "-global") && !ends_with(text, "-fips") &&
        !starts_with(text, "fips-");
}

const char *aws_region_check(const char *name, const char *text)
{
    (void)name;
    return aws_is_region(text) ? NULL : "letters, digits and hyphens, as in eu-west-1";
}

const struct aws_partition *aws_partition_of(const char *region)
{
    const struct aws_partition *partition = partitions;
    while (!starts_with(region, partition->region_prefix))
        partition++;
    return partition;
}
