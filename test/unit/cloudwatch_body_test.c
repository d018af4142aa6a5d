// SPDX-License-Identifier: Apache-2.0
// Bodies against texts written by hand, and their limits against those of PutMetricData.
#include <string.h>

#include "base.h"
#include "sink/cloudwatch_body.h"
#include "support/unit.h"

struct fixture {
    struct cloudwatch_frame frame;
    struct cloudwatch_body body;
    struct batch batch;
};

static int setup(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    cloudwatch_frame_init(&fixture->frame, "EnaWatch", false);
    struct batch_limits limits;
    cloudwatch_frame_limits(&fixture->frame, &limits);
    batch_reset(&fixture->batch, &limits);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    cloudwatch_body_finish(&fixture->body);
    cloudwatch_frame_finish(&fixture->frame);
    batch_finish(&fixture->batch);
    free(fixture);
    return 0;
}

static void add(struct fixture *fixture, const char *item)
{
    assert_int_equal(batch_add(&fixture->batch, item, strlen(item), 0), 0);
}

static void make(struct fixture *fixture, size_t first, size_t end)
{
    struct cloudwatch_span span = {&fixture->batch, first, end};
    cloudwatch_body_make(&fixture->body, &fixture->frame, &span);
}

static void assert_body(struct fixture *fixture, size_t first, size_t end, const char *expected)
{
    make(fixture, first, end);
    assert_int_equal(fixture->body.n_bytes, strlen(expected));
    assert_memory_equal(fixture->body.bytes, expected, strlen(expected));
}

static void items_stand_in_the_frame_apart_by_commas(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "{\"a\":1}");
    add(fixture, "{\"bb\":2}");
    add(fixture, "{}");
    assert_body(
        fixture, 0, 3, "{\"Namespace\":\"EnaWatch\",\"MetricData\":[{\"a\":1},{\"bb\":2},{}]}");
    assert_body(fixture, 0, 1, "{\"Namespace\":\"EnaWatch\",\"MetricData\":[{\"a\":1}]}");
    assert_body(fixture, 1, 3, "{\"Namespace\":\"EnaWatch\",\"MetricData\":[{\"bb\":2},{}]}");
    assert_body(fixture, 2, 3, "{\"Namespace\":\"EnaWatch\",\"MetricData\":[{}]}");
}

static void the_namespace_is_text_of_json(void **state)
{
    struct fixture *fixture = *state;
    cloudwatch_frame_finish(&fixture->frame);
    cloudwatch_frame_init(&fixture->frame, "a\"b\\c", false);
    add(fixture, "{}");
    assert_body(fixture, 0, 1, "{\"Namespace\":\"a\\\"b\\\\c\",\"MetricData\":[{}]}");
}

static void a_body_is_compressed_where_it_is_wanted(void **state)
{
    struct fixture *fixture = *state;
    fixture->frame.is_gzip = true;
    add(fixture, "{}");
    make(fixture, 0, 1);
    assert_memory_equal(fixture->body.bytes, "\x1f\x8b", 2);
}

// "The maximum size of a request is 1 MB", and 1,000 datums.
static void a_full_batch_is_at_the_limits(void **state)
{
    struct fixture *fixture = *state;
    char *item = xcalloc(2001, 1);
    memset(item, 'x', 2000);
    while (batch_add(&fixture->batch, item, strlen(item), 0) == 0)
        ;
    for (size_t n = 2000; n > 0; n--)
        if (batch_add(&fixture->batch, item, n, 0) == 0)
            break;
    make(fixture, 0, fixture->batch.n_items);
    assert_in_range(fixture->body.n_bytes, 999999, 1000000);
    free(item);
    batch_reset(&fixture->batch, &(struct batch_limits){0});
    struct batch_limits limits;
    cloudwatch_frame_limits(&fixture->frame, &limits);
    assert_int_equal(limits.batch_items, 1000);
}

static void assert_name(struct fixture *fixture, const char *item, const char *expected)
{
    add(fixture, item);
    scoped_free char *name = cloudwatch_name_item(&fixture->batch, fixture->batch.n_items - 1);
    assert_string_equal(name, expected);
}

static void a_datum_is_named_by_its_metric_and_dimensions(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "{\"MetricName\":\"another\"}");
    assert_name(fixture,
        "{\"MetricName\":\"m\",\"Dimensions\":[{\"Name\":\"A\",\"Value\":\"1\"},"
        "{\"Name\":\"B\",\"Value\":\"2\"}],\"Values\":[1]}",
        "m {A=1, B=2}");
    assert_name(fixture, "{\"MetricName\":\"m\",\"Dimensions\":[]}", "m {}");
    assert_name(fixture, "{\"Dimensions\":[{\"Name\":\"A\"}]}", "? {A=?}");
    assert_name(fixture, "no JSON", "? {}");
}

static void a_name_can_be_printed(void **state)
{
    struct fixture *fixture = *state;
    add(fixture,
        "{\"MetricName\":\"m\",\"Dimensions\":[{\"Name\":\"A\",\"Value\":\"\\u001b[2J\\n\"}]}");
    scoped_free char *name = cloudwatch_name_item(&fixture->batch, 0);
    for (const char *at = name; *at != '\0'; at++)
        assert_in_range(*at, ' ', '~');
    assert_true(strncmp(name, "m {A=", 5) == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(items_stand_in_the_frame_apart_by_commas),
        TEST(the_namespace_is_text_of_json),
        TEST(a_body_is_compressed_where_it_is_wanted),
        TEST(a_full_batch_is_at_the_limits),
        TEST(a_datum_is_named_by_its_metric_and_dimensions),
        TEST(a_name_can_be_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
