// SPDX-License-Identifier: Apache-2.0
// What a document says of who and where it is from, and what a record waits for.
#include <jansson.h>

#include "encode/emf.h"
#include "support/emf_fixture.h"
#include "support/unit.h"

#define ANY_SIZE ((size_t)1 << 20)

static const json_t *encode(struct encoder_fixture *fixture)
{
    uint64_t value = 1;
    if (fixture->builder.record.n_series == 0)
        record_builder_add_values(&fixture->builder, METRIC_BW_IN_ALLOWANCE_EXCEEDED, &value, 1);
    return emf_fixture_encode(fixture, ANY_SIZE);
}

static void add(struct encoder_fixture *fixture, struct label label)
{
    label.is_dimension = true;
    labels_add(&fixture->labels, label);
}

// CloudWatch User Guide, "Embedding entity information in EMF": root members ResourceType and
// Identifier.
static void the_instance_is_the_entity(void **state)
{
    struct encoder_fixture *fixture = *state;
    add(fixture, (struct label){.name = "InstanceId", .value = "i-0123456789abcdef0"});
    const json_t *document = encode(fixture);
    assert_string_equal(emf_fixture_text(document, "ResourceType"), "AWS::EC2::Instance");
    assert_string_equal(emf_fixture_text(document, "Identifier"), "i-0123456789abcdef0");
    assert_null(json_object_get(document, "unidentified"));
}

static void a_host_name_is_no_entity(void **state)
{
    struct encoder_fixture *fixture = *state;
    add(fixture, (struct label){.name = "InstanceId", .value = "ip-10-0-0-1", .is_stand_in = true});
    const json_t *document = encode(fixture);
    assert_null(json_object_get(document, "ResourceType"));
    assert_null(json_object_get(document, "Identifier"));
}

// Resource names: EC2 User Guide, "EC2 instance hostnames and domains".
static void a_host_name_that_begins_with_the_id_is_no_entity(void **state)
{
    struct encoder_fixture *fixture = *state;
    add(fixture,
        (struct label){.name = "InstanceId",
            .value = "i-0123456789abcdef0.us-west-2.compute.internal",
            .is_stand_in = true});
    assert_null(json_object_get(encode(fixture), "Identifier"));
}

static void without_an_instance_id_there_is_no_entity(void **state)
{
    struct encoder_fixture *fixture = *state;
    add(fixture, (struct label){.name = "InstanceId", .is_pending = true});
    add(fixture, (struct label){.name = "ClusterName", .value = "blue"});
    assert_null(json_object_get(encode(fixture), "Identifier"));
}

static void what_stands_in_is_named(void **state)
{
    struct encoder_fixture *fixture = *state;
    add(fixture, (struct label){.name = "InstanceId", .value = "host", .is_stand_in = true});
    add(fixture, (struct label){.name = "ClusterName", .value = "blue"});
    add(fixture,
        (struct label){.name = "NetworkInterfaceId", .value = "02:00", .is_stand_in = true});
    scoped_free char *names = json_dumps(
        json_object_get(encode(fixture), "unidentified"), JSON_COMPACT);
    assert_string_equal(names, "[\"InstanceId\",\"NetworkInterfaceId\"]");
}

static bool is_pending(struct encoder_fixture *fixture)
{
    encoder_fixture_begin(fixture, &emf_encoder);
    struct encoding encoding = encoder_fixture_encoding(fixture);
    return encoder_is_pending(&encoding);
}

static void a_record_waits_for_dimensions_of_its_own_sets_only(void **state)
{
    struct encoder_fixture *fixture = *state;
    add(fixture, (struct label){.name = "InstanceId", .value = "i-1"});
    add(fixture, (struct label){.name = "NetworkInterfaceId", .value = "02", .is_pending = true});
    add(fixture, (struct label){.name = "VpcId", .is_pending = true});
    assert_false(is_pending(fixture));
    fixture->builder.record.scope = METRIC_SCOPE_ENI;
    assert_true(is_pending(fixture));
    fixture->labels.labels[1].is_pending = false;
    assert_false(is_pending(fixture));
}

static void every_set_counts(void **state)
{
    struct encoder_fixture *fixture = *state;
    add(fixture, (struct label){.name = "InstanceId", .value = "i-1"});
    add(fixture, (struct label){.name = "ClusterName", .is_pending = true});
    assert_true(is_pending(fixture)); // InstanceId; ClusterName
    fixture->labels.labels[1].is_pending = false;
    assert_false(is_pending(fixture));
}

static void names_of_the_entity_are_reserved(void **state)
{
    (void)state;
    assert_true(emf_is_reserved("ResourceType"));
    assert_true(emf_is_reserved("Identifier"));
    assert_true(emf_is_reserved("unidentified"));
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, encoder_fixture_setup, encoder_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_instance_is_the_entity),
        TEST(a_host_name_is_no_entity),
        TEST(a_host_name_that_begins_with_the_id_is_no_entity),
        TEST(without_an_instance_id_there_is_no_entity),
        TEST(what_stands_in_is_named),
        TEST(a_record_waits_for_dimensions_of_its_own_sets_only),
        TEST(every_set_counts),
        TEST(names_of_the_entity_are_reserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
