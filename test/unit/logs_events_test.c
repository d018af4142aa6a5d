// SPDX-License-Identifier: Apache-2.0
// The body of PutLogEvents as jansson reads it, and which events an answer leaves out. Limits:
// PutLogEvents, API reference.
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "sink/logs_events.h"
#include "support/unit.h"

#define WHEN INT64_C(1795255200000)

struct bench {
    struct batch batch;
    struct logs_events events;
    json_t *root; // of the body that was made last
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    struct batch_limits limits;
    logs_events_limits(&limits);
    batch_reset(&bench->batch, &limits);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    json_decref(bench->root);
    logs_events_finish(&bench->events);
    batch_finish(&bench->batch);
    free(bench);
    return 0;
}

static void add(struct bench *bench, const char *item, int64_t timestamp_ms)
{
    assert_int_equal(batch_add(&bench->batch, item, strlen(item), timestamp_ms), 0);
}

static void make(struct bench *bench, size_t begin, size_t end)
{
    json_error_t error;
    logs_events_make(
        &bench->events, &(struct logs_span){&bench->batch, begin, end, "/enawatch/metrics", "i-1"});
    json_decref(bench->root);
    bench->root = json_loadb(bench->events.body, bench->events.n_body_bytes, 0, &error);
    if (bench->root == NULL)
        fail_msg("%s at %d", error.text, error.position);
}

static const json_t *event(const struct bench *bench, size_t i)
{
    return json_array_get(json_object_get(bench->root, "logEvents"), i);
}

static void assert_event(
    const struct bench *bench, size_t i, const char *message, int64_t timestamp_ms)
{
    const json_t *found = event(bench, i);
    assert_string_equal(json_string_value(json_object_get(found, "message")), message);
    assert_int_equal(json_integer_value(json_object_get(found, "timestamp")), timestamp_ms);
    assert_int_equal(json_object_size(found), 2);
}

static void the_body_names_group_and_stream_and_has_each_item(void **state)
{
    struct bench *bench = *state;
    add(bench, "{\"a\":1}", WHEN);
    add(bench, "{}", WHEN + 1);
    make(bench, 0, 2);
    assert_string_equal(
        json_string_value(json_object_get(bench->root, "logGroupName")), "/enawatch/metrics");
    assert_string_equal(json_string_value(json_object_get(bench->root, "logStreamName")), "i-1");
    assert_int_equal(json_object_size(bench->root), 3);
    assert_int_equal(json_array_size(json_object_get(bench->root, "logEvents")), 2);
    assert_event(bench, 0, "{\"a\":1}", WHEN);
    assert_event(bench, 1, "{}", WHEN + 1);
}

static void what_json_has_to_escape_comes_through(void **state)
{
    struct bench *bench = *state;
    const char *messages[] = {"\"", "\\", "\\\\\"\"", "{\"a\":\"\\\"\\u0001\"}", "\x01\x1f\t\r",
        "\xc3\xbc \xf0\x9f\x98\x80", "a\x7f", ""};
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
        add(bench, messages[i], WHEN);
    make(bench, 0, ARRAY_SIZE(messages));
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
        assert_event(bench, i, messages[i], WHEN);
}

static void events_are_in_the_order_of_their_times(void **state)
{
    struct bench *bench = *state;
    add(bench, "third", WHEN + 2);
    add(bench, "first", WHEN);
    add(bench, "second", WHEN + 1);
    make(bench, 0, 3);
    assert_event(bench, 0, "first", WHEN);
    assert_event(bench, 1, "second", WHEN + 1);
    assert_event(bench, 2, "third", WHEN + 2);
    size_t expected[] = {1, 2, 0};
    assert_memory_equal(bench->events.order, expected, sizeof(expected));
}

static void events_of_one_time_stay_as_they_are(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < 200; i++) {
        char item[8];
        snprintf(item, sizeof(item), "%zu", i);
        add(bench, item, WHEN + (i < 100));
    }
    make(bench, 0, 200);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(bench->events.order[i], (i + 100) % 200);
}

static void a_part_has_its_items_only(void **state)
{
    struct bench *bench = *state;
    add(bench, "a", WHEN + 3);
    add(bench, "b", WHEN + 2);
    add(bench, "c", WHEN + 1);
    add(bench, "d", WHEN);
    make(bench, 0, 4);
    make(bench, 1, 3);
    assert_int_equal(bench->events.n_events, 2);
    assert_event(bench, 0, "c", WHEN + 1);
    assert_event(bench, 1, "b", WHEN + 2);
    assert_null(event(bench, 2));
}

// 1,048,576 bytes are those of the messages and 26 for each, newlines are not sent: 8,192 of 102.
static void a_batch_is_as_large_as_the_service_takes_to_the_byte(void **state)
{
    struct bench *bench = *state;
    char text[103];
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < 8191; i++)
        assert_int_equal(batch_add(&bench->batch, text, 102, WHEN), 0);
    assert_int_equal(batch_add(&bench->batch, text, 103, WHEN), BATCH_FULL);
    assert_int_equal(batch_add(&bench->batch, text, 102, WHEN), 0);
    assert_int_equal(batch_add(&bench->batch, text, 0, WHEN), BATCH_FULL);
}

static void a_batch_has_ten_thousand_events_at_most(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < 10000; i++)
        add(bench, "x", WHEN);
    assert_int_equal(batch_add(&bench->batch, "x", 1, WHEN), BATCH_FULL);
}

static void a_batch_spans_a_day_at_most(void **state)
{
    struct bench *bench = *state;
    add(bench, "x", WHEN);
    add(bench, "x", WHEN + 86400000);
    assert_int_equal(batch_add(&bench->batch, "x", 1, WHEN + 86400001), BATCH_FULL);
    assert_int_equal(batch_add(&bench->batch, "x", 1, WHEN - 1), BATCH_FULL);
}

static void an_event_has_a_megabyte_at_most_with_what_the_service_adds(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(batch_longest_item(&bench->batch.limits), 1000000 - 26);
}

static void answers_say_which_events_are_left_out(void **state)
{
    static const struct {
        const char *body;
        size_t first, end, n_expired;
    } cases[] = {
        {"{\"nextSequenceToken\":\"0\"}", 0, 5, 0},
        {"{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":2}}", 2, 5, 0},
        {"{\"rejectedLogEventsInfo\":{\"expiredLogEventEndIndex\":3}}", 3, 5, 3},
        {"{\"rejectedLogEventsInfo\":{\"tooNewLogEventStartIndex\":4}}", 0, 4, 0},
        {"{\"rejectedLogEventsInfo\":{\"tooNewLogEventStartIndex\":0}}", 0, 0, 0},
        {"{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":1,\"expiredLogEventEndIndex\":3,"
         "\"tooNewLogEventStartIndex\":4}}",
            3, 4, 2},
        {"{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":3,\"expiredLogEventEndIndex\":1}}",
            3, 5, 0},
        // What cannot be.
        {"{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":99}}", 5, 5, 0},
        {"{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":4,\"tooNewLogEventStartIndex\":2}"
         "}",
            4, 4, 0},
        {"{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":-1,"
         "\"tooNewLogEventStartIndex\":-1}}",
            0, 5, 0},
        {"{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":\"2\"}}", 0, 5, 0},
        {"{\"rejectedLogEventsInfo\":7}", 0, 5, 0},
        {"[]", 0, 5, 0},
        {"{\"rejectedLog", 0, 5, 0},
        {"", 0, 5, 0},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < 5; i++)
        add(bench, "x", WHEN);
    make(bench, 0, 5);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct logs_rejection found;
        print_message("# %s\n", cases[i].body);
        logs_events_read_answer(&bench->events, cases[i].body, strlen(cases[i].body), &found);
        assert_int_equal(found.first, cases[i].first);
        assert_int_equal(found.end, cases[i].end);
        assert_int_equal(found.n_expired, cases[i].n_expired);
    }
}

static void an_answer_without_a_body_leaves_nothing_out(void **state)
{
    struct bench *bench = *state;
    struct logs_rejection found;
    add(bench, "x", WHEN);
    make(bench, 0, 1);
    logs_events_read_answer(&bench->events, NULL, 0, &found);
    assert_int_equal(found.first, 0);
    assert_int_equal(found.end, 1);
}

#define test_of(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_of(the_body_names_group_and_stream_and_has_each_item),
        test_of(what_json_has_to_escape_comes_through),
        test_of(events_are_in_the_order_of_their_times),
        test_of(events_of_one_time_stay_as_they_are),
        test_of(a_part_has_its_items_only),
        test_of(a_batch_is_as_large_as_the_service_takes_to_the_byte),
        test_of(a_batch_has_ten_thousand_events_at_most),
        test_of(a_batch_spans_a_day_at_most),
        test_of(an_event_has_a_megabyte_at_most_with_what_the_service_adds),
        test_of(answers_say_which_events_are_left_out),
        test_of(an_answer_without_a_body_leaves_nothing_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
