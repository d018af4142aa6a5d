// SPDX-License-Identifier: Apache-2.0
// The two tables, and what each value may look like: what is not of that form is not published.
#include <arpa/inet.h>
#include <string.h>

#include "base/mac.h"
#include "identity/facts.h"

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"

#define WORD_MAX  64   // ours: no type, zone or partition comes near
#define VALUE_MAX 1024 // as many bytes as a dimension may have

// `prefix` and 8 or 17 hexadecimal digits (EC2 User Guide, "Resource IDs").
static bool is_id(const char *text, const char *prefix)
{
    size_t n_prefix = strlen(prefix);
    if (strncmp(text, prefix, n_prefix) != 0)
        return false;
    size_t n = strspn(text + n_prefix, DIGITS "abcdef");
    return (n == 8 || n == 17) && text[n_prefix + n] == '\0';
}

static bool is_instance_id(const char *text)
{
    return is_id(text, "i-");
}

static bool is_image_id(const char *text)
{
    return is_id(text, "ami-");
}

static bool is_subnet_id(const char *text)
{
    return is_id(text, "subnet-");
}

static bool is_vpc_id(const char *text)
{
    return is_id(text, "vpc-");
}

bool fact_is_eni_id(const char *text)
{
    return is_id(text, "eni-");
}

// One id, or several apart by commas.
static bool are_group_ids(const char *text)
{
    scoped_free char *copy = xstrdup(text);
    for (char *at = copy, *word; (word = strsep(&at, ",")) != NULL;)
        if (!is_id(word, "sg-"))
            return false;
    return true;
}

static bool is_word(const char *text)
{
    size_t n = strspn(text, LOWER DIGITS "-.");
    return strspn(text, LOWER) > 0 && n <= WORD_MAX && text[n] == '\0';
}

static bool is_account(const char *text)
{
    return strlen(text) == 12 && strspn(text, DIGITS) == 12;
}

// Of devices and cards: few, never negative, and 0 is written in one way.
static bool is_index(const char *text)
{
    size_t n = strspn(text, DIGITS);
    return n > 0 && n <= 4 && text[n] == '\0' && (*text != '0' || n == 1);
}

static bool is_address(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_mac(const char *text)
{
    uint8_t octets[MAC_OCTETS];
    return mac_parse(text, octets);
}

const struct fact_kind instance_facts[INSTANCE_N_FACTS] = {
    [INSTANCE_ID] = {"InstanceId", NULL, "instanceId", is_instance_id},
    [INSTANCE_TYPE] = {"InstanceType", NULL, "instanceType", is_word},
    [INSTANCE_IMAGE] = {"ImageId", NULL, "imageId", is_image_id},
    [INSTANCE_ZONE] = {"AvailabilityZone", NULL, "availabilityZone", is_word},
    [INSTANCE_ZONE_ID] = {"AvailabilityZoneId", "meta-data/placement/availability-zone-id", NULL,
        is_word},
    [INSTANCE_REGION] = {"Region", NULL, "region", is_word},
    [INSTANCE_ACCOUNT] = {"AccountId", NULL, "accountId", is_account},
    [INSTANCE_PARTITION] = {"Partition", "meta-data/services/partition", NULL, is_word},
    [INSTANCE_ADDRESS] = {"PrivateIpAddress", NULL, "privateIp", is_address},
    [INSTANCE_LIFECYCLE] = {"InstanceLifecycle", "meta-data/instance-life-cycle", NULL, is_word},
    [INSTANCE_PRIMARY_MAC] = {NULL, "meta-data/mac", NULL, is_mac},
};

const struct fact_kind eni_facts[ENI_N_FACTS] = {
    [ENI_DEVICE] = {"DeviceIndex", "device-number", NULL, is_index},
    [ENI_SUBNET] = {"SubnetId", "subnet-id", NULL, is_subnet_id},
    [ENI_VPC] = {"VpcId", "vpc-id", NULL, is_vpc_id},
    [ENI_OWNER] = {"OwnerId", "owner-id", NULL, is_account},
    [ENI_GROUPS] = {"SecurityGroupIds", "security-group-ids", NULL, are_group_ids},
    [ENI_CARD] = {"NetworkCardIndex", "network-card", NULL, is_index},
    [ENI_ID] = {"NetworkInterfaceId", "interface-id", NULL, fact_is_eni_id},
};

// Without the newline at the end, and with commas for those between.
char *fact_read(const struct fact_kind *kind, const struct answer *answer)
{
    const char *text = answer->body;
    size_t n_bytes = answer->n_bytes;
    while (n_bytes > 0 && text[n_bytes - 1] == '\n')
        n_bytes--;
    if (n_bytes == 0 || n_bytes > VALUE_MAX || memchr(text, '\0', n_bytes) != NULL)
        return NULL;
    char *value = strndup(text, n_bytes);
    if (value == NULL)
        abort();
    for (char *at = value; (at = strchr(at, '\n')) != NULL;)
        *at = ',';
    if (kind->is_value(value))
        return value;
    free(value);
    return NULL;
}

bool fact_is_label(const char *label, bool is_of_eni)
{
    const struct fact_kind *kinds = is_of_eni ? eni_facts : instance_facts;
    size_t n = is_of_eni ? ARRAY_SIZE(eni_facts) : ARRAY_SIZE(instance_facts);
    for (size_t i = 0; i < n; i++)
        if (kinds[i].label != NULL && strcmp(kinds[i].label, label) == 0)
            return true;
    return false;
}
