// SPDX-License-Identifier: Apache-2.0
// What each fact may look like. Good values are those of AWS's documentation.
#include <string.h>

#include "identity/facts.h"
#include "support/unit.h"

static char *read_bytes(const struct fact_kind *kind, const char *body, size_t n_bytes)
{
    struct answer answer = {body, n_bytes};
    return fact_read(kind, &answer);
}

static void assert_reads(const struct fact_kind *kind, const char *body, const char *expected)
{
    scoped_free char *value = read_bytes(kind, body, strlen(body));
    if (value == NULL)
        fail_msg("refused: %s", body);
    assert_string_equal(value, expected);
}

static void assert_refuses(const struct fact_kind *kind, const char *body)
{
    scoped_free char *value = read_bytes(kind, body, strlen(body));
    if (value != NULL)
        fail_msg("taken: %s", body);
}

static void good_values_are_taken(void **state)
{
    (void)state;
    static const struct {
        enum instance_fact fact;
        const char *value;
    } of_instance[] = {{INSTANCE_ID, "i-1234567890abcdef0"}, {INSTANCE_ID, "i-12345678"},
        {INSTANCE_TYPE, "m5.large"}, {INSTANCE_TYPE, "u-6tb1.112xlarge"},
        {INSTANCE_TYPE, "mac2-m2.metal"}, {INSTANCE_IMAGE, "ami-0b69ea66ff7391e80"},
        {INSTANCE_ZONE, "us-east-1a"}, {INSTANCE_ZONE, "us-west-2-lax-1a"},
        {INSTANCE_ZONE_ID, "use1-az1"}, {INSTANCE_ZONE_ID, "usw2-lax1-az1"},
        {INSTANCE_REGION, "us-gov-west-1"}, {INSTANCE_ACCOUNT, "012345678901"},
        {INSTANCE_PARTITION, "aws"}, {INSTANCE_PARTITION, "aws-iso-b"},
        {INSTANCE_ADDRESS, "10.0.0.174"}, {INSTANCE_ADDRESS, "2001:db8::1"},
        {INSTANCE_LIFECYCLE, "on-demand"}, {INSTANCE_LIFECYCLE, "capacity-block"},
        {INSTANCE_PRIMARY_MAC, "02:29:96:8f:6a:2d"}};
    static const struct {
        enum eni_fact fact;
        const char *value;
    } of_eni[] = {{ENI_ID, "eni-1234567890abcdef0"}, {ENI_ID, "eni-abcdef01"}, {ENI_DEVICE, "0"},
        {ENI_DEVICE, "14"}, {ENI_CARD, "31"}, {ENI_SUBNET, "subnet-0123456789abcdef0"},
        {ENI_VPC, "vpc-1a2b3c4d"}, {ENI_OWNER, "012345678901"},
        {ENI_GROUPS, "sg-903004f8,sg-1a2b3c4d"}};
    for (size_t i = 0; i < ARRAY_SIZE(of_instance); i++)
        assert_reads(
            &instance_facts[of_instance[i].fact], of_instance[i].value, of_instance[i].value);
    for (size_t i = 0; i < ARRAY_SIZE(of_eni); i++)
        assert_reads(&eni_facts[of_eni[i].fact], of_eni[i].value, of_eni[i].value);
}

static void ids_that_do_not_look_like_one_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"eni-", "eni-1234567", "eni-123456789",
        "eni-1234567890abcdef", "eni-1234567890abcdef01", "eni-ABCDEF01", "eni-1234567g",
        "ENI-12345678", "i-12345678", "eni-12345678 ", " eni-12345678", "eni-12345678,eni-12345678",
        "12345678", "eni--12345678", "eni-12345678\n\nx", "null", "0"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_refuses(&eni_facts[ENI_ID], bad[i]);
        assert_false(fact_is_eni_id(bad[i]));
    }
    assert_refuses(&instance_facts[INSTANCE_ID], "eni-12345678");
    assert_refuses(&instance_facts[INSTANCE_IMAGE], "i-12345678");
    assert_refuses(&eni_facts[ENI_SUBNET], "vpc-12345678");
    assert_refuses(&eni_facts[ENI_VPC], "subnet-12345678");
}

static void numbers_are_few_digits(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "-1", "+1", " 1", "1.0", "0x1", "10000", "99999999999999999999", "one", "1,2", "1\n2"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_refuses(&eni_facts[ENI_DEVICE], bad[i]);
        assert_refuses(&eni_facts[ENI_CARD], bad[i]);
    }
    assert_refuses(&eni_facts[ENI_OWNER], "-12345678901");
    assert_refuses(&eni_facts[ENI_OWNER], "12345678901");
    assert_refuses(&eni_facts[ENI_OWNER], "1234567890123");
}

// Only so can "0" be the one text of the number that is not believed at once.
static void a_number_is_written_in_one_way(void **state)
{
    (void)state;
    assert_refuses(&eni_facts[ENI_DEVICE], "00");
    assert_refuses(&eni_facts[ENI_DEVICE], "01");
}

static void words_are_of_lower_case_and_short(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "M5.large", "m5 large", "m5_large", "m5/large",
        "\xc3\xa9", "m5.large\r", "<html>",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_refuses(&instance_facts[INSTANCE_TYPE], bad[i]);
    assert_refuses(&instance_facts[INSTANCE_ADDRESS], "10.0.0.256");
    assert_refuses(&instance_facts[INSTANCE_ADDRESS], "ip-10-0-0-1");
    assert_refuses(&instance_facts[INSTANCE_PRIMARY_MAC], "02:29:96:8f:6a");
}

static void the_newline_at_the_end_is_no_part_of_it(void **state)
{
    (void)state;
    assert_reads(&eni_facts[ENI_DEVICE], "1\n", "1");
    assert_refuses(&eni_facts[ENI_DEVICE], "\n1");
    assert_refuses(&eni_facts[ENI_DEVICE], "\n");
}

static void lines_become_words_apart_by_commas(void **state)
{
    (void)state;
    assert_reads(&eni_facts[ENI_GROUPS], "sg-12345678\nsg-12345679\n", "sg-12345678,sg-12345679");
    assert_refuses(&eni_facts[ENI_GROUPS], "sg-12345678\n\nsg-12345679");
    assert_refuses(&eni_facts[ENI_GROUPS], "sg-12345678\nmine");
    assert_refuses(&eni_facts[ENI_GROUPS], "sg-12345678\r\nsg-12345679");
}

static void nothing_behind_a_nul_and_nothing_endless_is_taken(void **state)
{
    (void)state;
    assert_null(read_bytes(&eni_facts[ENI_DEVICE], "1\0", 2));
    assert_null(read_bytes(&eni_facts[ENI_ID], "eni-12345678\0x", 14));
    assert_null(read_bytes(&eni_facts[ENI_ID], "", 0));
    char groups[(11 + 1) * 100 + 1] = {0};
    for (size_t i = 0; i < 100; i++)
        memcpy(groups + 12 * i, "sg-12345678\n", 12);
    assert_null(read_bytes(&eni_facts[ENI_GROUPS], groups, 12 * 86)); // 1,031 without the last end
    scoped_free char *longest = read_bytes(&eni_facts[ENI_GROUPS], groups, 12 * 85);
    assert_int_equal(strlen(longest), 12 * 85 - 1);
}

static void labels_are_those_of_the_ec2_api(void **state)
{
    (void)state;
    static const char *const of_instance[] = {"InstanceId", "InstanceType", "ImageId",
        "AvailabilityZone", "AvailabilityZoneId", "Region", "AccountId", "Partition",
        "PrivateIpAddress", "InstanceLifecycle"};
    static const char *const of_eni[] = {"NetworkInterfaceId", "DeviceIndex", "NetworkCardIndex",
        "SubnetId", "VpcId", "OwnerId", "SecurityGroupIds"};
    for (size_t i = 0; i < ARRAY_SIZE(of_instance); i++) {
        assert_true(fact_is_label(of_instance[i], false));
        assert_false(fact_is_label(of_instance[i], true));
    }
    for (size_t i = 0; i < ARRAY_SIZE(of_eni); i++) {
        assert_true(fact_is_label(of_eni[i], true));
        assert_false(fact_is_label(of_eni[i], false));
    }
    assert_false(fact_is_label("Mac", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_values_are_taken),
        cmocka_unit_test(ids_that_do_not_look_like_one_are_refused),
        cmocka_unit_test(numbers_are_few_digits),
        cmocka_unit_test(a_number_is_written_in_one_way),
        cmocka_unit_test(words_are_of_lower_case_and_short),
        cmocka_unit_test(the_newline_at_the_end_is_no_part_of_it),
        cmocka_unit_test(lines_become_words_apart_by_commas),
        cmocka_unit_test(nothing_behind_a_nul_and_nothing_endless_is_taken),
        cmocka_unit_test(labels_are_those_of_the_ec2_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
