// SPDX-License-Identifier: Apache-2.0
// The questions about the instance and what becomes of the answers. The document is the example of
// the EC2 User Guide ("Instance identity documents"), shortened.
#include <string.h>

#include "identity/instance.h"
#include "support/log_catcher.h"
#include "support/unit.h"

#define DOCUMENT_PATH "dynamic/instance-identity/document"

static const char document[] =
    "{\n  \"devpayProductCodes\" : null,\n  \"marketplaceProductCodes\" : "
    "[ \"1abc2defghijklm3nopqrs4tu\" ],\n"
    "  \"availabilityZone\" : \"us-west-2b\",\n  \"privateIp\" : \"10.158.112.84\",\n"
    "  \"version\" : \"2017-09-30\",\n  \"instanceId\" : \"i-1234567890abcdef0\",\n"
    "  \"billingProducts\" : null,\n  \"instanceType\" : \"t2.micro\",\n"
    "  \"accountId\" : \"123456789012\",\n  \"imageId\" : \"ami-5fb8c835\",\n"
    "  \"pendingTime\" : \"2016-11-19T16:32:11Z\",\n  \"architecture\" : \"x86_64\",\n"
    "  \"kernelId\" : null,\n  \"ramdiskId\" : null,\n  \"region\" : \"us-west-2\"\n}";

struct bench {
    struct instance instance;
    struct now now;
    struct log_catcher log;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->now.boot_ns = 1000 * NS_PER_S;
    instance_init(&bench->instance,
        &(struct question_span){bench->now.boot_ns, bench->now.boot_ns + 300 * NS_PER_S});
    log_catcher_start(&bench->log);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    log_catcher_stop(&bench->log);
    instance_finish(&bench->instance);
    free(bench);
    return 0;
}

static struct question *question_of(struct bench *bench, const char *path)
{
    for (size_t i = 0; i < INSTANCE_MAX_QUESTIONS; i++) {
        struct question *question = &bench->instance.questions[i];
        const char *own = instance_path(&bench->instance, question);
        if (own != NULL && strcmp(own, path) == 0)
            return question;
    }
    fail_msg("nobody asks for %s", path);
    return NULL;
}

static bool take_bytes(struct bench *bench, const char *path, const char *body, size_t n_bytes)
{
    struct answer answer = {body, n_bytes};
    return instance_take(&bench->instance, question_of(bench, path), &bench->now, &answer);
}

static bool take(struct bench *bench, const char *path, const char *body)
{
    return take_bytes(bench, path, body, body != NULL ? strlen(body) : 0);
}

static void assert_fact(const struct bench *bench, enum instance_fact fact, const char *value)
{
    assert_non_null(bench->instance.facts[fact]);
    assert_string_equal(bench->instance.facts[fact], value);
}

static void every_key_is_asked_for_once_the_document_last(void **state)
{
    static const char *const paths[] = {"meta-data/placement/availability-zone-id",
        "meta-data/services/partition", "meta-data/instance-life-cycle", "meta-data/mac",
        DOCUMENT_PATH};
    static const char *const answers[] = {"usw2-az2", "aws", "spot", "02:29:96:8f:6a:2d", document};
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct question *question = instance_next(&bench->instance);
        assert_non_null(question);
        assert_string_equal(instance_path(&bench->instance, question), paths[i]);
        assert_true(take(bench, paths[i], answers[i]));
    }
    assert_null(instance_next(&bench->instance));
    assert_int_equal(log_catcher_lines(&bench->log), 0);
}

static void the_document_has_the_rest(void **state)
{
    struct bench *bench = *state;
    assert_true(take(bench, DOCUMENT_PATH, document));
    assert_fact(bench, INSTANCE_ID, "i-1234567890abcdef0");
    assert_fact(bench, INSTANCE_TYPE, "t2.micro");
    assert_fact(bench, INSTANCE_ZONE, "us-west-2b");
    assert_fact(bench, INSTANCE_REGION, "us-west-2");
    assert_fact(bench, INSTANCE_ACCOUNT, "123456789012");
    assert_fact(bench, INSTANCE_IMAGE, "ami-5fb8c835");
    assert_fact(bench, INSTANCE_ADDRESS, "10.158.112.84");
    assert_null(bench->instance.facts[INSTANCE_ZONE_ID]);
    assert_int_equal(log_catcher_lines(&bench->log), 0);
}

static void what_is_no_document_is_refused_whole(void **state)
{
    static const char *const bad[] = {"", "{", "[]", "null", "\"i-1234567890abcdef0\"", "{}",
        "{\"instanceId\": 5}", "{\"instanceId\": null, \"region\": \"us-west-2\"}",
        "{\"instanceId\": \"i-1\", \"region\": \"us-west-2\"}",
        "{\"instanceId\": \"i-1234567890abcdef0\", \"region\": \"us-west-2\"",
        "{\"instanceId\": \"i-1234567890abcdef0\", \"region\": \"\xff\"}",
        "{\"instanceId\": \"i-12345678\\u0000\", \"region\": \"us-west-2\"}",
        "{\"instanceId\": \"i-1234567890abcdef0\"} x", "<html>403</html>"};
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (take(bench, DOCUMENT_PATH, bad[i]))
            fail_msg("taken: %s", bad[i]);
        for (size_t k = 0; k < INSTANCE_N_FACTS; k++)
            assert_null(bench->instance.facts[k]);
    }
    assert_false(take_bytes(bench, DOCUMENT_PATH, "{\"instanceId\": \"i-12345678\"\0}", 30));
    assert_int_equal(question_of(bench, DOCUMENT_PATH)->due_ns, 1002 * NS_PER_S);
}

static void a_member_of_the_wrong_kind_is_left_out_and_said(void **state)
{
    struct bench *bench = *state;
    assert_true(take(bench, DOCUMENT_PATH,
        "{\"instanceId\": \"i-1234567890abcdef0\", \"accountId\": -123456789012, "
        "\"region\": [\"us-west-2\"], \"imageId\": \"ami\", \"instanceType\": \"t2.micro\", "
        "\"availabilityZone\": null}"));
    assert_fact(bench, INSTANCE_TYPE, "t2.micro");
    static const enum instance_fact unknown[] = {
        INSTANCE_ACCOUNT, INSTANCE_REGION, INSTANCE_IMAGE, INSTANCE_ZONE, INSTANCE_ADDRESS};
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
        assert_null(bench->instance.facts[unknown[i]]);
    assert_int_equal(log_catcher_count(&bench->log, "accountId is not what it should be"), 1);
    assert_int_equal(log_catcher_count(&bench->log, "region is not what it should be"), 1);
    assert_int_equal(log_catcher_count(&bench->log, "imageId is not what it should be"), 1);
    assert_int_equal(log_catcher_lines(&bench->log), 3);
    assert_int_equal(bench->instance.n_refused, 3);
}

static void a_key_that_is_not_there_is_asked_for_again(void **state)
{
    struct bench *bench = *state;
    assert_false(take(bench, "meta-data/instance-life-cycle", NULL));
    assert_int_equal(question_of(bench, "meta-data/instance-life-cycle")->due_ns, 1002 * NS_PER_S);
    bench->now.boot_ns += 2 * NS_PER_S;
    assert_true(take(bench, "meta-data/instance-life-cycle", "spot"));
    assert_fact(bench, INSTANCE_LIFECYCLE, "spot");
}

static void the_primary_eni_is_that_of_the_instance(void **state)
{
    struct bench *bench = *state;
    assert_false(instance_is_primary(&bench->instance, "02:29:96:8f:6a:2d"));
    assert_true(take(bench, "meta-data/mac", "02:29:96:8F:6A:2d\n"));
    assert_true(instance_is_primary(&bench->instance, "02:29:96:8f:6a:2d"));
    assert_false(instance_is_primary(&bench->instance, "02:29:96:8f:6a:2e"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_key_is_asked_for_once_the_document_last),
        TEST(the_document_has_the_rest),
        TEST(what_is_no_document_is_refused_whole),
        TEST(a_member_of_the_wrong_kind_is_left_out_and_said),
        TEST(a_key_that_is_not_there_is_asked_for_again),
        TEST(the_primary_eni_is_that_of_the_instance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
