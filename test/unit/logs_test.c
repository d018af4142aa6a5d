// SPDX-License-Identifier: Apache-2.0
// What answers of CloudWatch Logs mean for the items of a batch, and what is asked next. HTTP is in
// memory; requests over TLS, and what arrives: test/interop/logs_test.py.
#include <stdio.h>
#include <string.h>

#include "aws/profile.h"
#include "support/scripted_http.h"
#include "support/sink_fixture.h"
#include "support/unit.h"

#define N_ITEMS 4

extern const struct sink_ops sink_logs;

struct bench {
    struct sink_fixture *fixture;
    struct scripted_http http;
    struct aws_profiles profiles;
};

static const struct scripted_answer fine = {.outcome = HTTP_ANSWERED, .status = 200, .body = "{}"};
static const struct scripted_answer absent = {.outcome = HTTP_ANSWERED,
    .status = 400,
    .body = "{\"__type\":\"ResourceNotFoundException\",\"message\":\"not there\"}"};
static const struct scripted_answer exists = {.outcome = HTTP_ANSWERED,
    .status = 400,
    .body = "{\"__type\":\"ResourceAlreadyExistsException\",\"message\":\"there\"}"};
static const struct scripted_answer invalid = {.outcome = HTTP_ANSWERED,
    .status = 400,
    .body = "{\"__type\":\"InvalidParameterException\",\"message\":\"some event\"}"};
static const struct scripted_answer denied = {.outcome = HTTP_ANSWERED,
    .status = 400,
    .body = "{\"__type\":\"AccessDeniedException\",\"message\":\"not authorized\"}"};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    sink_fixture_setup((void **)&bench->fixture);
    scripted_http_init(&bench->http);
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_REGION", "eu-west-1", 1);
    bench->fixture->setting.http = &bench->http.base;
    bench->fixture->setting.profiles = &bench->profiles;
    bench->fixture->place.instance_id = "i-1";
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    sink_fixture_teardown((void **)&bench->fixture);
    scripted_http_finish(&bench->http);
    free(bench);
    return 0;
}

// Answers one after the other, the last of them for good.
static void script(struct bench *bench, const struct scripted_answer *const *answers, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        struct scripted_answer answer = *answers[i];
        answer.n_times = i < n - 1;
        scripted_http_answer(&bench->http, "POST", NULL, &answer);
    }
}

#define script_all(bench, ...)                                                                     \
    script(bench, (const struct scripted_answer *const[]){__VA_ARGS__},                            \
        ARRAY_SIZE(((const struct scripted_answer *const[]){__VA_ARGS__})))

// Items 0 to 3 of which each is as many seconds after the first as `seconds` says.
static enum ship deliver(struct bench *bench, const int *seconds)
{
    struct sink_fixture *fixture = bench->fixture;
    struct batch_limits limits;
    if (fixture->sink == NULL)
        sink_fixture_create(fixture, &sink_logs, NULL);
    sink_fixture_until_ready(fixture);
    fixture->sink->ops->limits(fixture->sink, &limits);
    batch_reset(&fixture->batch, &limits);
    for (int i = 0; i < N_ITEMS; i++) {
        char item[16];
        snprintf(item, sizeof(item), "item %d", i);
        assert_int_equal(batch_add(&fixture->batch, item, strlen(item),
                             fixture->now.wall_ms + 1000 * seconds[i]),
            0);
    }
    sink_fixture_submit(fixture);
    return sink_fixture_until_answer(fixture);
}

static const int in_order[N_ITEMS] = {0, 1, 2, 3};

static void assert_refused(const struct bench *bench, const char *expected)
{
    const unsigned char *is_refused = bench->fixture->answer.is_refused;
    for (size_t i = 0; expected[i] != '\0'; i++)
        assert_int_equal(is_refused != NULL && is_refused[i] != 0, expected[i] == 'x');
}

// The operations that were asked for, a word each.
static void assert_asked(const struct bench *bench, const char *expected)
{
    scoped_free char *found = xstrdup("");
    for (size_t i = 0; i < bench->http.n_requests; i++) {
        const char *target = strstr(bench->http.requests[i].headers, "Logs_20140328.");
        assert_non_null(target);
        target += strlen("Logs_20140328.");
        char *longer = xasprintf(
            "%s%s%.*s", found, i > 0 ? " " : "", (int)strcspn(target, "\n"), target);
        free(found);
        found = longer;
    }
    assert_string_equal(found, expected);
}

static bool has_item(const struct scripted_request *request, int i)
{
    char item[16];
    snprintf(item, sizeof(item), "item %d", i);
    return strstr(request->body, item) != NULL;
}

// The items of a request, as digits.
static void assert_items(const struct bench *bench, size_t request, const char *expected)
{
    char found[N_ITEMS + 1] = "";
    assert_true(request < bench->http.n_requests);
    for (int i = 0; i < N_ITEMS; i++)
        if (has_item(&bench->http.requests[request], i))
            found[strlen(found)] = (char)('0' + i);
    assert_string_equal(found, expected);
}

static void a_batch_is_one_request(void **state)
{
    struct bench *bench = *state;
    script_all(bench, &fine);
    assert_int_equal(deliver(bench, in_order), SHIP_TAKEN);
    assert_asked(bench, "PutLogEvents");
    assert_items(bench, 0, "0123");
    assert_refused(bench, "....");
    assert_int_equal(bench->fixture->sink->n_maybe_doubled, 0);
}

// Sent as 2 3 1 0: the first of these is too old, the last one too new.
static void what_is_left_out_is_refused_where_it_stands_in_the_batch(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer answer = fine;
    answer.body = "{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":1,"
                  "\"tooNewLogEventStartIndex\":3}}";
    script_all(bench, &answer);
    assert_int_equal(deliver(bench, (const int[]){9, 3, 0, 1}), SHIP_TAKEN);
    assert_refused(bench, "x.x.");
    assert_int_equal(
        sink_fixture_logged(bench->fixture, "2 of 4 documents are refused for good"), 1);
    assert_int_equal(sink_fixture_logged(bench->fixture,
                         "1 older than 14 days, 0 older than what the log group keeps, 1 more"),
        1);
}

static void what_is_missing_is_created_stream_first(void **state)
{
    struct bench *bench = *state;
    script_all(bench, &absent, &fine, &fine);
    assert_int_equal(deliver(bench, in_order), SHIP_TAKEN);
    assert_asked(bench, "PutLogEvents CreateLogStream PutLogEvents");
    assert_string_equal(bench->http.requests[1].body,
        "{\"logGroupName\":\"/enawatch/metrics\",\"logStreamName\":\"i-1\"}");
}

static void a_group_is_created_where_there_is_none(void **state)
{
    struct bench *bench = *state;
    script_all(bench, &absent, &absent, &fine, &fine, &fine);
    assert_int_equal(deliver(bench, in_order), SHIP_TAKEN);
    assert_asked(bench, "PutLogEvents CreateLogStream CreateLogGroup CreateLogStream PutLogEvents");
    assert_string_equal(bench->http.requests[2].body, "{\"logGroupName\":\"/enawatch/metrics\"}");
}

static void what_somebody_else_has_created_meanwhile_is_fine(void **state)
{
    struct bench *bench = *state;
    script_all(bench, &absent, &absent, &exists, &exists, &fine);
    assert_int_equal(deliver(bench, in_order), SHIP_TAKEN);
    assert_asked(bench, "PutLogEvents CreateLogStream CreateLogGroup CreateLogStream PutLogEvents");
}

static void what_is_missing_still_comes_later(void **state)
{
    struct bench *bench = *state;
    script_all(bench, &absent, &fine, &absent);
    assert_int_equal(deliver(bench, in_order), SHIP_LATER);
    assert_asked(bench, "PutLogEvents CreateLogStream PutLogEvents");
    assert_int_equal(bench->fixture->answer.n_taken, 0);
    script_all(bench, &absent, &absent, &fine, &absent);
    assert_int_equal(deliver(bench, in_order), SHIP_LATER);
    assert_int_equal(bench->http.n_requests, 3 + 4);
}

static void a_document_that_is_refused_is_found(void **state)
{
    struct bench *bench = *state;
    // 0123 no, 01 yes, 23 no, 2 no, 3 yes
    script_all(bench, &invalid, &fine, &invalid, &invalid, &fine);
    assert_int_equal(deliver(bench, in_order), SHIP_TAKEN);
    assert_refused(bench, "..x.");
    const char *items[] = {"0123", "01", "23", "2", "3"};
    assert_int_equal(bench->http.n_requests, ARRAY_SIZE(items));
    for (size_t i = 0; i < ARRAY_SIZE(items); i++)
        assert_items(bench, i, items[i]);
    assert_int_equal(sink_fixture_logged(bench->fixture, "1 of 4 documents are refused"), 1);
    assert_int_equal(sink_fixture_logged(bench->fixture, "some event"), 1);
}

// Whatever the order of times, settled are always the first of the batch.
static void what_was_settled_before_a_failure_does_not_come_again(void **state)
{
    struct bench *bench = *state;
    script_all(bench, &invalid, &invalid, &invalid, &fine, &denied);
    assert_int_equal(deliver(bench, (const int[]){3, 2, 1, 0}), SHIP_LATER);
    assert_items(bench, 3, "1");
    assert_items(bench, 4, "23");
    assert_int_equal(bench->fixture->answer.n_taken, 2);
    assert_refused(bench, "x.");
}

static void too_large_for_what_is_between_is_halved_and_never_refused(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer large = {.outcome = HTTP_ANSWERED, .status = 413, .body = "<html>"};
    script_all(bench, &large, &fine, &large, &large);
    assert_int_equal(deliver(bench, in_order), SHIP_LATER);
    assert_items(bench, 3, "2");
    assert_int_equal(bench->fixture->answer.n_taken, 2);
    assert_refused(bench, "..");
}

static void accepted_already_is_taken_and_another_token_is_not(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer accepted = invalid, token = invalid;
    accepted.body = "{\"__type\":\"DataAlreadyAcceptedException\"}";
    token.body = "{\"__type\":\"InvalidSequenceTokenException\"}";
    script_all(bench, &accepted, &token);
    assert_int_equal(deliver(bench, in_order), SHIP_TAKEN);
    assert_refused(bench, "....");
    assert_int_equal(deliver(bench, in_order), SHIP_LATER);
    assert_int_equal(bench->fixture->answer.n_taken, 0);
}

static void rests_grow_and_are_cut_short_at_the_end(void **state)
{
    struct bench *bench = *state;
    struct sink_fixture *fixture = bench->fixture;
    script_all(bench, &denied);
    uint64_t waited_ns = 0;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(deliver(bench, in_order), SHIP_LATER);
        assert_false(fixture->sink->ops->is_ready(fixture->sink));
        uint64_t until_ns = sink_fixture_wait(fixture).until_ns;
        assert_true(until_ns > fixture->now.boot_ns);
        waited_ns = until_ns - fixture->now.boot_ns;
        fixture->now.boot_ns = until_ns;
    }
    assert_in_range(waited_ns, 4 * NS_PER_S, 8 * NS_PER_S); // 1, 2, 4, 8, each from its half on
    assert_int_equal(sink_fixture_logged(fixture, "needs the IAM action logs:PutLogEvents"), 1);
    assert_int_equal(deliver(bench, in_order), SHIP_LATER);
    fixture->sink->ops->hurry(fixture->sink);
    sink_fixture_work(fixture);
    assert_true(fixture->sink->ops->is_ready(fixture->sink));
}

static void each_action_that_is_denied_is_told_once(void **state)
{
    struct bench *bench = *state;
    struct sink_fixture *fixture = bench->fixture;
    script_all(bench, &absent, &denied, &denied, &absent, &denied, &denied);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(deliver(bench, in_order), SHIP_LATER);
        fixture->now.boot_ns = sink_fixture_wait(fixture).until_ns;
    }
    assert_int_equal(sink_fixture_logged(fixture, "needs the IAM action logs:CreateLogStream"), 1);
    assert_int_equal(sink_fixture_logged(fixture, "needs the IAM action logs:PutLogEvents"), 1);
    assert_int_equal(sink_fixture_logged(fixture, "packaging/iam/logs.json"), 2);
}

// A minute at least, from its half on.
static void what_somebody_has_to_mend_is_asked_for_seldom(void **state)
{
    struct bench *bench = *state;
    struct sink_fixture *fixture = bench->fixture;
    script_all(bench, &absent, &absent, &invalid);
    assert_int_equal(deliver(bench, in_order), SHIP_LATER);
    assert_refused(bench, "");
    uint64_t until_ns = sink_fixture_wait(fixture).until_ns;
    assert_in_range(
        until_ns - fixture->now.boot_ns, 30 * NS_PER_S - 100 * NS_PER_MS, 60 * NS_PER_S);
    assert_int_equal(
        sink_fixture_logged(fixture, "some event, in answer to logs:CreateLogGroup"), 1);
}

static void what_may_have_arrived_is_counted(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer silent = {.outcome = HTTP_SILENT};
    script_all(bench, &silent, &fine);
    assert_int_equal(deliver(bench, in_order), SHIP_TAKEN);
    assert_int_equal(bench->fixture->sink->n_maybe_doubled, N_ITEMS);
    struct scripted_answer unreachable = {.outcome = HTTP_UNREACHABLE};
    script_all(bench, &unreachable, &fine);
    assert_int_equal(deliver(bench, in_order), SHIP_TAKEN);
    assert_int_equal(bench->fixture->sink->n_maybe_doubled, N_ITEMS);
}

static void connections_after_the_first_are_counted(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer fresh = fine;
    fresh.is_fresh_connection = true;
    script_all(bench, &fresh, &fine, &fresh);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(deliver(bench, in_order), SHIP_TAKEN);
        assert_int_equal(bench->fixture->sink->n_reconnects, i == 2);
    }
}

static void the_stream_is_who_we_are_when_that_is_known(void **state)
{
    struct bench *bench = *state;
    script_all(bench, &fine);
    bench->fixture->place.instance_id = NULL;
    deliver(bench, in_order);
    assert_null(strstr(scripted_http_last(&bench->http)->body, "\"logStreamName\":\"i-1\""));
    bench->fixture->place.instance_id = "i:1*\xc3\xbc";
    deliver(bench, in_order);
    assert_non_null(strstr(scripted_http_last(&bench->http)->body, "\"logStreamName\":\"i_1___\""));
}

// At the very start of a period.
static void start_with_turns(struct sink_fixture *fixture)
{
    uint64_t spread_ms = 30000;
    const struct option *row = &sink_logs.table.rows[3];
    sink_fixture_create(fixture, &sink_logs, NULL);
    fixture->sink->ops->destroy(fixture->sink);
    memcpy(fixture->options + row->offset, &spread_ms, sizeof(spread_ms));
    assert_int_equal(sink_logs.create(&fixture->setting, &fixture->sink), 0);
    fixture->now.wall_ms -= fixture->now.wall_ms % 60000;
    for (int i = 0; i < 3; i++) // the region, the keys, and nothing
        sink_fixture_work(fixture);
}

// What comes later in the same period has had its turn.
static void a_batch_waits_for_its_turn_once_in_a_period(void **state)
{
    struct bench *bench = *state;
    struct sink_fixture *fixture = bench->fixture;
    script_all(bench, &fine);
    start_with_turns(fixture);
    assert_false(sink_logs.is_ready(fixture->sink));
    uint64_t until_ns = sink_fixture_wait(fixture).until_ns;
    assert_in_range(until_ns, fixture->now.boot_ns + 1, fixture->now.boot_ns + 30 * NS_PER_S);
    sink_fixture_pass(fixture, (until_ns - fixture->now.boot_ns) / NS_PER_MS);
    sink_fixture_work(fixture);
    sink_fixture_fill(fixture, 0, N_ITEMS, 100);
    bench->http.is_held = true;
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            i > 0 ? sink_fixture_work(fixture) : sink_fixture_submit(fixture), SHIP_BUSY);
    assert_int_equal(bench->http.n_requests, 1);
    assert_int_equal(sink_fixture_wait(fixture).until_ns, 0); // the answer wakes us
    bench->http.is_held = false;
    assert_int_equal(sink_fixture_until_answer(fixture), SHIP_TAKEN);
    sink_fixture_fill(fixture, 0, N_ITEMS, 100);
    sink_fixture_submit(fixture);
    assert_int_equal(sink_fixture_until_answer(fixture), SHIP_TAKEN);
    assert_int_equal(bench->http.n_requests, 2);
}

static void throttling_is_told_as_such(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer away = {.outcome = HTTP_ANSWERED, .status = 503, .body = ""};
    struct scripted_answer throttled = {.outcome = HTTP_ANSWERED,
        .status = 400,
        .body = "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}"};
    script_all(bench, &away);
    assert_int_equal(deliver(bench, in_order), SHIP_LATER);
    bench->fixture->now.boot_ns = sink_fixture_wait(bench->fixture).until_ns;
    script_all(bench, &throttled);
    assert_int_equal(deliver(bench, in_order), SHIP_LATER);
    assert_int_equal(sink_fixture_logged(bench->fixture, "raise publish.period or logs.spread"), 1);
    assert_int_equal(sink_fixture_logged(bench->fixture, "<4>logs: cannot deliver to"), 2);
}

#define test_of(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_of(a_batch_is_one_request),
        test_of(what_is_left_out_is_refused_where_it_stands_in_the_batch),
        test_of(what_is_missing_is_created_stream_first),
        test_of(a_group_is_created_where_there_is_none),
        test_of(what_somebody_else_has_created_meanwhile_is_fine),
        test_of(what_is_missing_still_comes_later),
        test_of(a_document_that_is_refused_is_found),
        test_of(what_was_settled_before_a_failure_does_not_come_again),
        test_of(too_large_for_what_is_between_is_halved_and_never_refused),
        test_of(accepted_already_is_taken_and_another_token_is_not),
        test_of(rests_grow_and_are_cut_short_at_the_end),
        test_of(each_action_that_is_denied_is_told_once),
        test_of(what_somebody_has_to_mend_is_asked_for_seldom),
        test_of(what_may_have_arrived_is_counted),
        test_of(connections_after_the_first_are_counted),
        test_of(the_stream_is_who_we_are_when_that_is_known),
        test_of(a_batch_waits_for_its_turn_once_in_a_period),
        test_of(throttling_is_told_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
