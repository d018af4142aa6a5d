// SPDX-License-Identifier: Apache-2.0
// A client of an AWS service: what it sends, and what becomes of an answer. When it tries again:
// aws_client_retry_test.c; with which keys and what time: aws_client_keys_test.c.
#include "unit/aws_client_bench.h"

// The signature: botocore 1.43.11, SigV4Auth over the same headers, keys and time.
static void a_request_is_signed_as_botocore_signs_it(void **state)
{
    struct bench *bench = *state;
    script_one(bench, DONE);
    assert_int_equal(ask(bench), AWS_DONE);
    assert_int_equal(bench->http.n_requests, 1);
    const struct scripted_request *request = sent(bench, 0);
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->url, BENCH_ENDPOINT "/");
    assert_int_equal(request->n_body_bytes, sizeof(BENCH_BODY) - 1);
    assert_memory_equal(request->body, BENCH_BODY, sizeof(BENCH_BODY) - 1);
    assert_string_equal(request->headers,
        "Host: monitoring.us-east-1.amazonaws.com\n"
        "Content-Type: application/x-amz-json-1.0\n"
        "X-Amz-Target: GraniteServiceVersion20100801.PutMetricData\n"
        "Content-Encoding: gzip\n"
        "amz-sdk-request: attempt=1; max=3\n"
        "X-Amz-Content-Sha256: a6a7a25ee32735e5717b1999669002fa0573e4783a3f8e5ed1066515b7e6e394\n"
        "X-Amz-Date: 20261121T100000Z\n"
        "X-Amz-Security-Token: TOKEN/with+signs==\n"
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=AKIDEXAMPLE/20261121/us-east-1/monitoring/aws4_request, "
        "SignedHeaders=amz-sdk-request;content-encoding;content-type;host;x-amz-content-sha256;"
        "x-amz-date;x-amz-security-token;x-amz-target, "
        "Signature=f5edc25ea8c6989f3842b7b7941420a1775ce0b703acfe9cbd7fe62c1f15a340\n");
}

// Likewise.
static void an_endpoint_may_have_a_port_and_a_path(void **state)
{
    static const struct sigv4_keys keys = {"AKIDEXAMPLE", BENCH_SECRET, NULL};
    static const struct aws_request request = {
        .content_type = "application/x-www-form-urlencoded; charset=utf-8",
        .body = "Action=PutMetricData",
        .n_body_bytes = strlen("Action=PutMetricData")};
    struct bench *bench = *state;
    bench->setting.endpoint = "http://localhost:5000/moto/monitoring";
    bench->setting.region = "eu-central-1";
    bench->source.keys = &keys;
    bench_start(bench);
    script_one(bench, DONE);
    aws_client_send(bench->client, &bench->now, &request);
    assert_int_equal(settle(bench), AWS_DONE);
    assert_string_equal(sent(bench, 0)->url, "http://localhost:5000/moto/monitoring");
    assert_string_equal(sent(bench, 0)->headers,
        "Host: localhost:5000\n"
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n"
        "amz-sdk-request: attempt=1; max=3\n"
        "X-Amz-Content-Sha256: 86fbf25ea21e8f2c43a1134e4389ad01200011e183aaca6ba2fff0c965f6fcc9\n"
        "X-Amz-Date: 20261121T100000Z\n"
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=AKIDEXAMPLE/20261121/eu-central-1/monitoring/aws4_request, "
        "SignedHeaders=amz-sdk-request;content-type;host;x-amz-content-sha256;x-amz-date, "
        "Signature=586492ac6adb0a7e052d4eb4292b86e729ca526ff290ad7bd5426be0efb1c530\n");
}

static void host_has_no_port_that_the_scheme_has_by_itself(void **state)
{
    static const struct {
        const char *endpoint, *url, *host;
    } rows[] = {{"https://a.test", "https://a.test/", "a.test"},
        {"https://a.test:443", "https://a.test:443/", "a.test"},
        {"http://a.test:80", "http://a.test:80/", "a.test"},
        {"https://a.test:80", "https://a.test:80/", "a.test:80"},
        {"http://a.test:443/b", "http://a.test:443/b", "a.test:443"},
        {"https://a.test:8443", "https://a.test:8443/", "a.test:8443"},
        {"https://a.test:443/b/c", "https://a.test:443/b/c", "a.test"},
        {"http://[::1]:5000", "http://[::1]:5000/", "[::1]:5000"},
        {"http://[fd00::80]", "http://[fd00::80]/", "[fd00::80]"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        bench->setting.endpoint = rows[i].endpoint;
        bench_start(bench);
        script_one(bench, DONE);
        assert_int_equal(ask(bench), AWS_DONE);
        assert_string_equal(sent(bench, 0)->url, rows[i].url);
        assert_header(sent(bench, 0), "Host", rows[i].host);
        bench_tear_down((void **)&bench);
    }
}

static void without_a_source_of_keys_nothing_is_signed(void **state)
{
    static const struct aws_request request = {.content_type = "text/plain"};
    struct bench *bench = *state;
    bench->setting.keys = NULL;
    bench_start(bench);
    script_one(bench, DONE);
    aws_client_send(bench->client, &bench->now, &request);
    assert_int_equal(settle(bench), AWS_DONE);
    assert_string_equal(sent(bench, 0)->headers,
        "Host: monitoring.us-east-1.amazonaws.com\nContent-Type: text/plain\n"
        "amz-sdk-request: attempt=1; max=3\n");
}

static void a_request_has_bounds(void **state)
{
    struct bench *bench = *state;
    ask(bench);
    assert_int_equal(sent(bench, 0)->connect_ms, 3000);
    assert_int_equal(sent(bench, 0)->total_ms, 10000);
    assert_int_equal(sent(bench, 0)->max_body_bytes, 262144);
    assert_false(sent(bench, 0)->is_direct);
}

static void an_answer_is_handed_on_until_the_next_send(void **state)
{
    struct bench *bench = *state;
    script_one(bench,
        &(struct scripted_answer){
            .outcome = HTTP_ANSWERED, .status = 204, .body = "a\0b", .n_body_bytes = 3});
    assert_int_equal(ask(bench), AWS_DONE);
    assert_int_equal(bench->answer.status, 204);
    pass(bench, 60000);
    assert_int_equal(work(bench), AWS_BUSY);
    aws_client_cancel(bench->client);
    assert_int_equal(bench->answer.n_body_bytes, 3);
    assert_memory_equal(bench->answer.body, "a\0b", 4); // the address sanitizer sees what was freed
    assert_string_equal(bench->answer.code, "");
    assert_string_equal(bench->answer.message, "");
    assert_int_equal(bench->answer.n_attempts, 1);
    assert_false(bench->answer.may_have_arrived);
    send(bench);
    assert_int_equal(bench->http.n_live, 0);
}

static void an_error_comes_with_its_words(void **state)
{
    static const char body[] = "{\"__type\":\"InvalidParameterValueException\","
                               "\"message\":\"The value NaN\\nis invalid.\"}";
    struct bench *bench = *state;
    script_one(
        bench, &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 400, .body = body});
    assert_int_equal(ask(bench), AWS_REFUSED);
    assert_int_equal(bench->answer.status, 400);
    assert_string_equal(bench->answer.code, "InvalidParameterValueException");
    assert_string_equal(bench->answer.message, "The value NaN is invalid.");
    assert_string_equal(bench->answer.body, body);
    assert_int_equal(bench->answer.n_attempts, 1);
}

// Each kind of code, and codes of CloudWatch and Logs that are on no list. Keys are never fresh.
static void each_error_has_its_outcome(void **state)
{
    static const struct {
        long status;
        const char *type;
        enum aws_outcome outcome;
        unsigned int n_attempts;
    } rows[] = {{400, "ThrottlingException", AWS_FAILED, 3}, {400, "Throttling", AWS_FAILED, 3},
        {503, "SlowDown", AWS_FAILED, 3}, {429, "", AWS_FAILED, 3},
        {400, "RequestTimeout", AWS_FAILED, 3}, {500, "InternalServiceError", AWS_FAILED, 3},
        {503, "ServiceUnavailableException", AWS_FAILED, 3}, {500, "", AWS_FAILED, 3},
        {502, "", AWS_FAILED, 3}, {503, "", AWS_FAILED, 3}, {504, "", AWS_FAILED, 3},
        {400, "ExpiredTokenException", AWS_EXPIRED, 1}, {403, "ExpiredToken", AWS_EXPIRED, 1},
        {400, "UnrecognizedClientException", AWS_EXPIRED, 1},
        {403, "InvalidClientTokenId", AWS_EXPIRED, 1},
        {403, "InvalidSignatureException", AWS_EXPIRED, 1},
        {403, "SignatureDoesNotMatch", AWS_EXPIRED, 1}, {401, "AuthFailure", AWS_EXPIRED, 1},
        {400, "RequestExpired", AWS_FAILED, 1}, {403, "RequestTimeTooSkewed", AWS_FAILED, 1},
        {400, "RequestInTheFuture", AWS_FAILED, 1}, {400, "AccessDeniedException", AWS_DENIED, 1},
        {403, "AccessDenied", AWS_DENIED, 1}, {403, "", AWS_DENIED, 1}, {401, "", AWS_DENIED, 1},
        {400, "InvalidParameterValue", AWS_REFUSED, 1}, {400, "MissingParameter", AWS_REFUSED, 1},
        {400, "InvalidParameterCombination", AWS_REFUSED, 1},
        {400, "ResourceNotFoundException", AWS_REFUSED, 1}, {413, "", AWS_REFUSED, 1},
        {404, "", AWS_REFUSED, 1}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        scoped_free char *headers = xasprintf("X-Amzn-ErrorType: %s:http://x/\n", rows[i].type);
        struct scripted_answer answer = fault(rows[i].status, headers);
        script_one(bench, &answer);
        assert_int_equal(ask(bench), rows[i].outcome);
        assert_int_equal(bench->http.n_requests, rows[i].n_attempts);
        assert_int_equal(bench->answer.n_attempts, rows[i].n_attempts);
        assert_int_equal(bench->answer.status, rows[i].status);
        assert_string_equal(bench->answer.code, rows[i].type);
        bench_tear_down((void **)&bench);
    }
}

static void an_end_without_an_answer_is_not_for_good(void **state)
{
    static const struct {
        enum http_outcome outcome;
        unsigned int n_attempts;
    } rows[] = {{HTTP_UNRESOLVED, 3}, {HTTP_UNREACHABLE, 3}, {HTTP_NO_CONTACT, 3},
        {HTTP_UNTRUSTED, 3}, {HTTP_SILENT, 3}, {HTTP_BROKEN, 3}, {HTTP_TOO_LARGE, 1}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench *bench;
        bench_set_up((void **)&bench);
        script_one(bench, &(struct scripted_answer){.outcome = rows[i].outcome});
        assert_int_equal(ask(bench), AWS_FAILED);
        assert_int_equal(bench->http.n_requests, rows[i].n_attempts);
        assert_int_equal(bench->answer.status, 0);
        assert_null(bench->answer.body);
        assert_int_equal(bench->answer.n_body_bytes, 0);
        assert_string_equal(bench->answer.code, "");
        assert_string_equal(bench->answer.message, "as the script says");
        bench_tear_down((void **)&bench);
    }
}

static void a_redirect_is_not_followed(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer answer = fault(302, "location: https://portal.test/login\n");
    script_one(bench, &answer);
    assert_int_equal(ask(bench), AWS_REFUSED);
    assert_int_equal(bench->http.n_requests, 1);
    assert_int_equal(bench->answer.status, 302);
    assert_string_equal(bench->answer.code, "");
    assert_string_equal(bench->answer.message,
        "redirects to https://portal.test/login, which is "
        "not followed: correct the endpoint");
}

static void the_headers_of_an_answer_say_the_code(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer answer = fault(400,
        "x-amzn-ErrorType: InvalidParameterValueException\n"
        "X-AMZN-Query-Error: InvalidParameterValue;Sender\n");
    script_one(bench, &answer);
    assert_int_equal(ask(bench), AWS_REFUSED);
    assert_string_equal(bench->answer.code, "InvalidParameterValue");
}

static void what_it_says_holds_no_keys(void **state)
{
    struct bench *bench = *state;
    script_one(bench,
        &(struct scripted_answer){.outcome = HTTP_ANSWERED,
            .status = 400,
            .body = "{\"message\":\"x-amz-security-token:" BENCH_TOKEN " end\"}"});
    assert_int_equal(ask(bench), AWS_REFUSED);
    assert_string_equal(bench->answer.message, "x-amz-security-token:[redacted] end");
}

// The keys with which it was sent, not those of now.
static void nor_the_keys_of_before(void **state)
{
    struct bench *bench = *state;
    bench->http.is_held = true;
    script_one(bench,
        &(struct scripted_answer){.outcome = HTTP_ANSWERED, .status = 400, .body = BENCH_TOKEN});
    send(bench);
    assert_int_equal(work(bench), AWS_BUSY);
    bench->source.keys = &bench_fresh_keys;
    bench->http.is_held = false;
    assert_int_equal(settle(bench), AWS_REFUSED);
    assert_string_equal(bench->answer.message, "[redacted]");
}

static void what_cannot_be_signed_is_refused(void **state)
{
    struct bench *bench = *state;
    bench->setting.region = "us east";
    bench_start(bench);
    assert_int_equal(ask(bench), AWS_REFUSED);
    assert_int_equal(bench->http.n_requests, 0);
    assert_int_equal(bench->answer.status, 0);
    assert_null(bench->answer.body);
    assert_non_null(strstr(bench->answer.message, "cannot be signed"));
}

static void it_is_busy_until_the_answer_is_there(void **state)
{
    struct bench *bench = *state;
    script_one(bench, DONE);
    bench->http.is_held = true;
    send(bench);
    assert_int_equal(aws_client_due_ns(bench->client), bench->now.boot_ns);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(work(bench), AWS_BUSY);
        assert_int_equal(aws_client_due_ns(bench->client), UINT64_MAX);
    }
    assert_int_equal(bench->http.n_requests, 1);
    bench->http.is_held = false;
    assert_int_equal(work(bench), AWS_DONE);
    assert_int_equal(work(bench), AWS_BUSY);
    assert_int_equal(bench->http.n_requests, 1);
    assert_int_equal(aws_client_due_ns(bench->client), UINT64_MAX);
}

static void a_request_may_be_cancelled(void **state)
{
    struct bench *bench = *state;
    script_one(bench, DONE);
    bench->http.is_held = true;
    send(bench);
    work(bench);
    assert_int_equal(bench->http.n_live, 1);
    aws_client_cancel(bench->client);
    assert_int_equal(bench->http.n_live, 0);
    assert_int_equal(settle(bench), AWS_BUSY);
    assert_int_equal(aws_client_due_ns(bench->client), UINT64_MAX);
    assert_int_equal(bench->http.n_requests, 1);
    bench->http.is_held = false;
    assert_int_equal(ask(bench), AWS_DONE);
    aws_client_cancel(bench->client);
    aws_client_cancel(bench->client);
}

static void a_new_request_ends_the_one_under_way(void **state)
{
    struct bench *bench = *state;
    struct scripted_answer throttled = fault(400, "x-amzn-errortype: Throttling\n");
    script(bench, (struct scripted_answer[]){throttled, *DONE}, 2);
    send(bench);
    work(bench);
    work(bench); // rests
    assert_int_equal(ask(bench), AWS_DONE);
    assert_int_equal(bench->answer.n_attempts, 1);
    bench->http.is_held = true;
    send(bench);
    work(bench);
    send(bench);
    assert_int_equal(bench->http.n_live, 0);
    work(bench);
    bench->http.is_held = false;
}

static void it_may_be_destroyed_in_the_middle(void **state)
{
    struct bench *bench = *state;
    bench->http.is_held = true;
    send(bench);
    work(bench);
    aws_client_destroy(bench->client);
    assert_int_equal(bench->http.n_live, 0);
    bench->client = NULL;
    aws_client_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_signed_as_botocore_signs_it),
        TEST(an_endpoint_may_have_a_port_and_a_path),
        TEST(host_has_no_port_that_the_scheme_has_by_itself),
        TEST(without_a_source_of_keys_nothing_is_signed),
        TEST(a_request_has_bounds),
        TEST(an_answer_is_handed_on_until_the_next_send),
        TEST(an_error_comes_with_its_words),
        TEST(each_error_has_its_outcome),
        TEST(an_end_without_an_answer_is_not_for_good),
        TEST(a_redirect_is_not_followed),
        TEST(the_headers_of_an_answer_say_the_code),
        TEST(what_it_says_holds_no_keys),
        TEST(nor_the_keys_of_before),
        TEST(what_cannot_be_signed_is_refused),
        TEST(it_is_busy_until_the_answer_is_there),
        TEST(a_request_may_be_cancelled),
        TEST(a_new_request_ends_the_one_under_way),
        TEST(it_may_be_destroyed_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
