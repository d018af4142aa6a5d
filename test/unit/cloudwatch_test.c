// SPDX-License-Identifier: Apache-2.0
// The cloudwatch sink as the pipeline drives it, on HTTP in memory: what it sends when, and what it
// answers.
#include <string.h>

#include "aws/profile.h"
#include "sink/cloudwatch_options.h"
#include "support/scripted_http.h"
#include "support/sink_fixture.h"
#include "support/unit.h"

#define URL "https://monitoring.eu-west-3.amazonaws.com/"

extern const struct sink_ops sink_cloudwatch;

struct bench {
    struct sink_fixture *fixture;
    struct scripted_http http;
    struct aws_profiles profiles; // of no file
    struct cloudwatch_options options;
};

static int setup(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    void *fixture = NULL;
    if (sink_fixture_setup(&fixture) != 0)
        return -1;
    bench->fixture = fixture;
    scripted_http_init(&bench->http);
    static char region[] = "eu-west-3";
    bench->options = (struct cloudwatch_options){
        .aws.region = region, .compression = COMPRESSION_NONE};
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    void *fixture = bench->fixture;
    sink_fixture_teardown(&fixture);
    scripted_http_finish(&bench->http);
    free(bench);
    return 0;
}

// At the very start of a period.
static void start(struct bench *bench, uint64_t spread_ms)
{
    struct sink_setting *setting = &bench->fixture->setting;
    bench->options.aws.spread_ms = spread_ms;
    setting->options = &bench->options;
    setting->http = &bench->http.base;
    setting->profiles = &bench->profiles;
    bench->fixture->now.wall_ms -= bench->fixture->now.wall_ms % (int64_t)setting->period_ms;
    assert_int_equal(sink_cloudwatch.create(setting, &bench->fixture->sink), 0);
    for (int i = 0; i < 3; i++) // the region, the keys, and nothing
        sink_fixture_work(bench->fixture);
}

static void fill(struct bench *bench, const char *const *items, size_t n)
{
    struct batch_limits limits;
    sink_cloudwatch.limits(bench->fixture->sink, &limits);
    batch_reset(&bench->fixture->batch, &limits);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(batch_add(&bench->fixture->batch, items[i], strlen(items[i]), 0), 0);
}

static const char *const four[] = {"{\"MetricName\":\"a\"}", "{\"MetricName\":\"b\"}",
    "{\"MetricName\":\"c\"}", "{\"MetricName\":\"d\"}"};

static void answer(struct bench *bench, size_t n_times, const struct scripted_answer *answer)
{
    struct scripted_answer copy = *answer;
    copy.n_times = n_times;
    scripted_http_answer(&bench->http, "POST", NULL, &copy);
}

static void answer_error(struct bench *bench, size_t n_times, long status, const char *code)
{
    scoped_free char *body = xasprintf("{\"__type\":\"x#%s\",\"message\":\"said\"}", code);
    answer(bench, n_times,
        &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = status, .body = body});
}

static void answer_done(struct bench *bench)
{
    answer(
        bench, 0, &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 200, .body = "{}"});
}

// To the answer, over the rests between attempts.
static enum ship until_answer(struct bench *bench)
{
    struct sink_fixture *fixture = bench->fixture;
    for (int i = 0; i < 3000 && fixture->answer.ship == SHIP_BUSY; i++) {
        sink_fixture_pass(fixture, 10);
        sink_fixture_work(fixture);
    }
    return fixture->answer.ship;
}

// As soon as it is ready.
static enum ship ship(struct bench *bench)
{
    for (int i = 0; i < 100 && !sink_cloudwatch.is_ready(bench->fixture->sink); i++) {
        uint64_t until_ns = sink_fixture_wait(bench->fixture).until_ns;
        uint64_t left_ns = until_ns - bench->fixture->now.boot_ns;
        sink_fixture_pass(bench->fixture, until_ns != 0 ? left_ns / NS_PER_MS + 1 : 0);
        sink_fixture_work(bench->fixture);
    }
    fill(bench, four, ARRAY_SIZE(four));
    sink_fixture_submit(bench->fixture);
    return until_answer(bench);
}

static void assert_refused(struct bench *bench, const char *flags)
{
    const unsigned char *is_refused = bench->fixture->answer.is_refused;
    for (size_t i = 0; flags[i] != '\0'; i++)
        assert_int_equal(is_refused != NULL && is_refused[i] != 0, flags[i] - '0');
}

static void a_batch_is_one_request_to_put_metric_data(void **state)
{
    struct bench *bench = *state;
    start(bench, 0);
    answer_done(bench);
    assert_int_equal(ship(bench), SHIP_TAKEN);
    assert_refused(bench, "0000");
    assert_int_equal(bench->http.n_requests, 1);
    const struct scripted_request *request = scripted_http_last(&bench->http);
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->url, URL);
    assert_non_null(
        strstr(request->headers, "X-Amz-Target: GraniteServiceVersion20100801.PutMetricData\n"));
    assert_non_null(strstr(request->headers, "Content-Type: application/x-amz-json-1.0\n"));
    assert_null(strcasestr(request->headers, "Content-Encoding"));
    assert_string_equal(request->body,
        "{\"Namespace\":\"EnaWatch\",\"MetricData\":[{\"MetricName\":\"a\"},{\"MetricName\":\"b\"},"
        "{\"MetricName\":\"c\"},{\"MetricName\":\"d\"}]}");
    assert_int_equal(sink_fixture_logged(bench->fixture, "cloudwatch: delivering to https"), 1);
    assert_int_equal(ship(bench), SHIP_TAKEN);
    assert_int_equal(sink_fixture_logged(bench->fixture, "cloudwatch: delivering to https"), 1);
}

static void compressed_it_says_so(void **state)
{
    struct bench *bench = *state;
    bench->options.compression = COMPRESSION_GZIP;
    start(bench, 0);
    answer_done(bench);
    assert_int_equal(ship(bench), SHIP_TAKEN);
    const struct scripted_request *request = scripted_http_last(&bench->http);
    assert_non_null(strstr(request->headers, "Content-Encoding: gzip\n"));
    assert_memory_equal(request->body, "\x1f\x8b", 2);
}

// Refused as a whole, as its half, and alone; then what is left goes on. Whoever is bad.
static void the_one_that_is_bad_is_refused_alone(void **state)
{
    struct bench *bench = *state;
    start(bench, 0);
    answer_done(bench);
    answer_error(bench, 3, 400, "InvalidParameterValue");
    assert_int_equal(ship(bench), SHIP_TAKEN);
    assert_refused(bench, "1000");
    assert_int_equal(bench->http.n_requests, 5); // abcd, ab, a, b, cd
    assert_string_equal(scripted_http_last(&bench->http)->body,
        "{\"Namespace\":\"EnaWatch\",\"MetricData\":[{\"MetricName\":\"c\"},{\"MetricName\":\"d\"}]"
        "}");
    assert_int_equal(sink_fixture_logged(bench->fixture,
                         "<3>cloudwatch: a datum of a {} is refused for good, and dropped: "
                         "InvalidParameterValue: said"),
        1);
    assert_int_equal(sink_fixture_logged(bench->fixture, "cannot deliver"), 0);
    assert_int_equal(ship(bench), SHIP_TAKEN);
    assert_refused(bench, "0000");
}

static void a_failure_between_the_halves_keeps_what_was_taken(void **state)
{
    struct bench *bench = *state;
    start(bench, 0);
    answer_error(bench, 0, 503, "ServiceUnavailable");
    answer(
        bench, 1, &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 200, .body = "{}"});
    answer_error(bench, 1, 400, "MissingParameter");
    assert_int_equal(ship(bench), SHIP_LATER); // abcd refused, ab taken, cd failed
    assert_int_equal(bench->fixture->answer.n_taken, 2);
    assert_refused(bench, "00");
    assert_false(sink_cloudwatch.is_ready(bench->fixture->sink));
}

static void what_is_too_large_is_halved_but_never_dropped(void **state)
{
    struct bench *bench = *state;
    start(bench, 0);
    answer_done(bench);
    answer_error(bench, 1, 413, "RequestEntityTooLarge");
    assert_int_equal(ship(bench), SHIP_TAKEN);
    assert_refused(bench, "0000");
    assert_int_equal(bench->http.n_requests, 3);
    answer_error(bench, 0, 413, "RequestEntityTooLarge");
    assert_int_equal(ship(bench), SHIP_LATER);
    assert_int_equal(bench->fixture->answer.n_taken, 0);
}

struct no {
    long status;
    const char *code;
    uint64_t least_ms, most_ms; // of the rest after it
    const char *said;
};

static void what_does_not_blame_the_data_keeps_them_and_rests(void **state)
{
    struct bench *bench = *state;
    static const struct no cases[] = {
        {500, "InternalFailure", 500, 1000, "InternalFailure: said; data wait"},
        {400, "ThrottlingException", 500, 1000, "raise publish.period"},
        {400, "AccessDeniedException", 500, 1000, "packaging/iam/cloudwatch.json"},
        {400, "UnrecognizedClientException", 500, 1000, "the keys are not taken"},
        {404, "UnknownOperationException", 30000, 60000, "see to cloudwatch.endpoint"},
        {403, "", 30000, 60000, "that is no answer of CloudWatch"},
        {400, "", 30000, 60000, "that is no answer of CloudWatch"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        start(bench, 0);
        answer_error(bench, 0, cases[i].status, cases[i].code);
        assert_int_equal(ship(bench), SHIP_LATER);
        assert_int_equal(bench->fixture->answer.n_taken, 0);
        assert_false(sink_cloudwatch.is_ready(bench->fixture->sink));
        struct sink_wait wait = sink_fixture_wait(bench->fixture);
        assert_in_range((wait.until_ns - bench->fixture->now.boot_ns) / NS_PER_MS,
            cases[i].least_ms, cases[i].most_ms);
        assert_int_equal(sink_fixture_logged(bench->fixture, cases[i].said), i == 6 ? 2 : 1);
        sink_fixture_pass(bench->fixture, cases[i].most_ms);
        sink_fixture_work(bench->fixture);
        assert_true(sink_cloudwatch.is_ready(bench->fixture->sink));
        sink_cloudwatch.destroy(bench->fixture->sink);
        bench->fixture->sink = NULL;
    }
}

static void an_outage_is_said_once_and_its_end_with_how_long_it_was(void **state)
{
    struct bench *bench = *state;
    start(bench, 0);
    answer_error(bench, 0, 503, "ServiceUnavailable");
    for (int i = 0; i < 4; i++)
        assert_int_equal(ship(bench), SHIP_LATER);
    assert_int_equal(sink_fixture_logged(bench->fixture, "<4>cloudwatch: cannot deliver to"), 1);
    answer_error(bench, 0, 400, "AccessDenied");
    assert_int_equal(ship(bench), SHIP_LATER);
    assert_int_equal(sink_fixture_logged(bench->fixture, "<4>cloudwatch: cannot deliver to"), 2);
    answer_done(bench);
    assert_int_equal(ship(bench), SHIP_TAKEN);
    assert_int_equal(sink_fixture_logged(bench->fixture, "nothing of what waited is lost"), 1);
    assert_true(sink_cloudwatch.is_ready(bench->fixture->sink));
}

static void what_may_have_arrived_and_comes_again_is_counted(void **state)
{
    struct bench *bench = *state;
    start(bench, 0);
    answer_done(bench);
    answer_error(bench, 1, 500, "InternalFailure");
    assert_int_equal(ship(bench), SHIP_TAKEN);
    assert_int_equal(bench->fixture->sink->n_maybe_doubled, 4);
    answer_error(bench, 1, 503, "ServiceUnavailable");
    assert_int_equal(ship(bench), SHIP_TAKEN);
    assert_int_equal(bench->fixture->sink->n_maybe_doubled, 4);
    answer(bench, 0, &(struct scripted_answer){.outcome = HTTP_BROKEN});
    assert_int_equal(ship(bench), SHIP_LATER);
    assert_int_equal(bench->fixture->sink->n_maybe_doubled, 8);
}

static void connections_after_the_first_are_counted(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer done = {.outcome = HTTP_ANSWERED, .status = 200, .body = "{}"};
    start(bench, 0);
    static const bool is_fresh[] = {true, false, true, true};
    static const uint64_t expected[] = {0, 0, 1, 2};
    for (size_t i = 0; i < ARRAY_SIZE(is_fresh); i++) {
        done.is_fresh_connection = is_fresh[i];
        answer(bench, 0, &done);
        assert_int_equal(ship(bench), SHIP_TAKEN);
        assert_int_equal(bench->fixture->sink->n_reconnects, expected[i]);
    }
}

// The place of an id of which the test does not know the turn, but that it has one.
static uint64_t find_turn(struct bench *bench)
{
    bench->fixture->place.instance_id = "i-0123456789abcdef0";
    start(bench, 20000);
    struct sink_wait wait = sink_fixture_wait(bench->fixture);
    uint64_t turn_ns = wait.until_ns - bench->fixture->now.boot_ns;
    assert_in_range(turn_ns, NS_PER_S, 20 * NS_PER_S);
    assert_false(sink_cloudwatch.is_ready(bench->fixture->sink));
    return turn_ns;
}

// Also where the batch came before anybody knew that a period has begun.
static void before_our_turn_nothing_is_sent(void **state)
{
    struct bench *bench = *state;
    uint64_t turn_ms = (find_turn(bench) + NS_PER_MS - 1) / NS_PER_MS;
    answer_done(bench);
    sink_fixture_pass(bench->fixture, 59999);
    sink_fixture_work(bench->fixture);
    sink_fixture_pass(bench->fixture, 1);
    fill(bench, four, ARRAY_SIZE(four));
    assert_int_equal(sink_fixture_submit(bench->fixture), SHIP_BUSY);
    sink_fixture_pass(bench->fixture, turn_ms - 1);
    sink_fixture_work(bench->fixture);
    assert_int_equal(bench->http.n_requests, 0);
    sink_fixture_pass(bench->fixture, 1);
    sink_fixture_work(bench->fixture);
    assert_int_equal(bench->http.n_requests, 1);
    assert_int_equal(until_answer(bench), SHIP_TAKEN);
    assert_true(sink_cloudwatch.is_ready(bench->fixture->sink));
}

// As of a sink that has known the id from its start.
static void our_turn_is_that_of_the_instance_id_once_it_is_known(void **state)
{
    struct bench *bench = *state;
    uint64_t turn_ns = find_turn(bench);
    sink_fixture_destroy(bench->fixture);
    bench->fixture->place.instance_id = NULL;
    start(bench, 20000);
    bench->fixture->place.instance_id = "i-0123456789abcdef0";
    sink_fixture_work(bench->fixture);
    uint64_t until_ns = sink_fixture_wait(bench->fixture).until_ns;
    assert_int_equal(until_ns - bench->fixture->now.boot_ns, turn_ns);
}

// The next period begins between the halves, and its turn is not ours yet.
static void a_batch_that_has_begun_goes_on_into_the_next_period(void **state)
{
    struct bench *bench = *state;
    find_turn(bench);
    answer_done(bench);
    answer_error(bench, 1, 400, "InvalidParameterValue");
    sink_fixture_pass(bench->fixture, 59999);
    sink_fixture_work(bench->fixture);
    bench->http.is_held = true;
    fill(bench, four, ARRAY_SIZE(four));
    assert_int_equal(sink_fixture_submit(bench->fixture), SHIP_BUSY);
    assert_int_equal(bench->http.n_requests, 1);
    sink_fixture_pass(bench->fixture, 1);
    sink_fixture_work(bench->fixture);
    assert_int_equal(sink_fixture_wait(bench->fixture).until_ns, 0); // the answer wakes us
    bench->http.is_held = false;
    for (int i = 0; i < 3; i++)
        sink_fixture_work(bench->fixture);
    assert_int_equal(bench->fixture->answer.ship, SHIP_TAKEN);
    assert_int_equal(bench->http.n_requests, 3); // abcd, ab, cd
    assert_false(sink_cloudwatch.is_ready(bench->fixture->sink));
}

// What nobody took is no end of an outage.
static void a_refusal_ends_no_outage(void **state)
{
    struct bench *bench = *state;
    start(bench, 0);
    answer_error(bench, 0, 503, "ServiceUnavailable");
    assert_int_equal(ship(bench), SHIP_LATER);
    answer_error(bench, 0, 400, "InvalidParameterValue");
    assert_int_equal(ship(bench), SHIP_TAKEN);
    assert_refused(bench, "1111");
    assert_int_equal(sink_fixture_logged(bench->fixture, "delivering to https"), 0);
    answer_done(bench);
    assert_int_equal(ship(bench), SHIP_TAKEN);
    assert_int_equal(sink_fixture_logged(bench->fixture, "again after"), 1);
}

// A batch that waits for its turn is sent, and one that rests comes again within a second.
static void in_a_hurry_there_are_no_turns_and_no_rests(void **state)
{
    struct bench *bench = *state;
    find_turn(bench);
    answer_error(bench, 0, 404, "UnknownOperationException");
    sink_cloudwatch.hurry(bench->fixture->sink);
    sink_fixture_work(bench->fixture);
    uint64_t before_ns = bench->fixture->now.boot_ns;
    assert_int_equal(ship(bench), SHIP_LATER);
    assert_in_range(bench->fixture->now.boot_ns - before_ns, 0, NS_PER_S);
    uint64_t until_ns = sink_fixture_wait(bench->fixture).until_ns;
    assert_in_range(until_ns - bench->fixture->now.boot_ns, 1, NS_PER_S);
}

static void without_keys_a_batch_waits_for_them(void **state)
{
    struct bench *bench = *state;
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    start(bench, 0);
    assert_false(sink_cloudwatch.is_ready(bench->fixture->sink));
    struct sink_wait wait = sink_fixture_wait(bench->fixture);
    assert_true(wait.until_ns == 0 || wait.until_ns > bench->fixture->now.boot_ns);
    assert_int_equal(bench->http.n_requests, 0);
}

static void only_the_first_of_many_bad_data_are_named(void **state)
{
    struct bench *bench = *state;
    const char *items[12];
    for (size_t i = 0; i < ARRAY_SIZE(items); i++)
        items[i] = "{\"MetricName\":\"m\"}";
    start(bench, 0);
    answer_error(bench, 0, 400, "InvalidParameterValue");
    fill(bench, items, ARRAY_SIZE(items));
    sink_fixture_submit(bench->fixture);
    assert_int_equal(until_answer(bench), SHIP_TAKEN);
    assert_refused(bench, "111111111111");
    assert_int_equal(sink_fixture_logged(bench->fixture, "a datum of m {} is refused"), 8);
    assert_int_equal(
        sink_fixture_logged(bench->fixture, "<3>cloudwatch: 12 of 12 data are refused for good"),
        1);
}

static void a_sink_that_ends_with_a_batch_under_way_leaves_nothing(void **state)
{
    struct bench *bench = *state;
    start(bench, 0);
    bench->http.is_held = true;
    fill(bench, four, ARRAY_SIZE(four));
    sink_fixture_submit(bench->fixture);
    sink_fixture_work(bench->fixture);
    assert_int_equal(bench->http.n_live, 1);
    sink_cloudwatch.destroy(bench->fixture->sink);
    bench->fixture->sink = NULL;
    assert_int_equal(bench->http.n_live, 0);
    sink_cloudwatch.destroy(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_is_one_request_to_put_metric_data),
        TEST(compressed_it_says_so),
        TEST(the_one_that_is_bad_is_refused_alone),
        TEST(a_failure_between_the_halves_keeps_what_was_taken),
        TEST(what_is_too_large_is_halved_but_never_dropped),
        TEST(what_does_not_blame_the_data_keeps_them_and_rests),
        TEST(an_outage_is_said_once_and_its_end_with_how_long_it_was),
        TEST(what_may_have_arrived_and_comes_again_is_counted),
        TEST(connections_after_the_first_are_counted),
        TEST(before_our_turn_nothing_is_sent),
        TEST(our_turn_is_that_of_the_instance_id_once_it_is_known),
        TEST(a_batch_that_has_begun_goes_on_into_the_next_period),
        TEST(a_refusal_ends_no_outage),
        TEST(in_a_hurry_there_are_no_turns_and_no_rests),
        TEST(without_keys_a_batch_waits_for_them),
        TEST(only_the_first_of_many_bad_data_are_named),
        TEST(a_sink_that_ends_with_a_batch_under_way_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
