// SPDX-License-Identifier: Apache-2.0
// Codes: what each means, and the places where they stand.
#include <string.h>

#include "aws/error.h"
#include "support/unit.h"

// The lists of botocore (retries/standard.py), of AWS's SDKs for Rust and JavaScript (clock), and
// the errors common to all services. Throttling commonly has status 400: the code decides.
static void each_code_has_its_meaning_whatever_the_status(void **state)
{
    static const struct {
        const char *code;
        enum aws_error kind;
    } rows[] = {{"Throttling", AWS_ERROR_THROTTLED}, {"ThrottlingException", AWS_ERROR_THROTTLED},
        {"ThrottledException", AWS_ERROR_THROTTLED},
        {"RequestThrottledException", AWS_ERROR_THROTTLED},
        {"RequestThrottled", AWS_ERROR_THROTTLED},
        {"TooManyRequestsException", AWS_ERROR_THROTTLED},
        {"ProvisionedThroughputExceededException", AWS_ERROR_THROTTLED},
        {"TransactionInProgressException", AWS_ERROR_THROTTLED},
        {"RequestLimitExceeded", AWS_ERROR_THROTTLED},
        {"BandwidthLimitExceeded", AWS_ERROR_THROTTLED},
        {"LimitExceededException", AWS_ERROR_THROTTLED}, {"SlowDown", AWS_ERROR_THROTTLED},
        {"EC2ThrottledException", AWS_ERROR_THROTTLED},
        {"PriorRequestNotComplete", AWS_ERROR_THROTTLED}, {"RequestTimeout", AWS_ERROR_TRANSIENT},
        {"RequestTimeoutException", AWS_ERROR_TRANSIENT},
        {"IDPCommunicationError", AWS_ERROR_TRANSIENT}, {"InternalFailure", AWS_ERROR_TRANSIENT},
        {"InternalServiceError", AWS_ERROR_TRANSIENT},
        {"InternalServiceFault", AWS_ERROR_TRANSIENT}, {"ServiceUnavailable", AWS_ERROR_TRANSIENT},
        {"ServiceUnavailableException", AWS_ERROR_TRANSIENT}, {"ExpiredToken", AWS_ERROR_EXPIRED},
        {"ExpiredTokenException", AWS_ERROR_EXPIRED}, {"InvalidClientTokenId", AWS_ERROR_EXPIRED},
        {"UnrecognizedClientException", AWS_ERROR_EXPIRED}, {"RequestExpired", AWS_ERROR_CLOCK},
        {"RequestTimeTooSkewed", AWS_ERROR_CLOCK}, {"RequestInTheFuture", AWS_ERROR_CLOCK},
        {"InvalidSignatureException", AWS_ERROR_MAYBE_CLOCK},
        {"SignatureDoesNotMatch", AWS_ERROR_MAYBE_CLOCK}, {"AuthFailure", AWS_ERROR_MAYBE_CLOCK},
        {"AccessDenied", AWS_ERROR_DENIED}, {"AccessDeniedException", AWS_ERROR_DENIED},
        {"NotAuthorized", AWS_ERROR_DENIED}};
    static const long statuses[] = {200, 301, 400, 403, 404, 429, 500, 503};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (size_t k = 0; k < ARRAY_SIZE(statuses); k++)
            assert_int_equal(aws_error_kind(statuses[k], rows[i].code), rows[i].kind);
}

static void a_code_that_nobody_knows_means_what_its_status_does(void **state)
{
    static const struct {
        long status;
        enum aws_error kind;
    } rows[] = {{500, AWS_ERROR_TRANSIENT}, {502, AWS_ERROR_TRANSIENT}, {503, AWS_ERROR_TRANSIENT},
        {504, AWS_ERROR_TRANSIENT}, {599, AWS_ERROR_TRANSIENT}, {408, AWS_ERROR_TRANSIENT},
        {429, AWS_ERROR_THROTTLED}, {401, AWS_ERROR_DENIED}, {403, AWS_ERROR_DENIED},
        {400, AWS_ERROR_INVALID}, {404, AWS_ERROR_INVALID}, {413, AWS_ERROR_INVALID},
        {301, AWS_ERROR_INVALID}, {307, AWS_ERROR_INVALID}, {101, AWS_ERROR_INVALID}};
    static const char *const codes[] = {"", "InvalidParameterValue", "MissingParameter",
        "InvalidParameterCombination", "throttling", "Throttling2", "AccessDenie"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (size_t k = 0; k < ARRAY_SIZE(codes); k++)
            assert_int_equal(aws_error_kind(rows[i].status, codes[k]), rows[i].kind);
}

struct row {
    const char *type_header, *query_header, *body;
    const char *code, *message;
};

// Without a byte to spare, for the address sanitizer.
static struct aws_error_text read_error(const struct aws_error_answer *from)
{
    struct aws_error_answer answer = *from;
    struct aws_error_text text;
    scoped_free char *body = xcalloc(answer.n_body_bytes, 1);
    if (answer.n_body_bytes > 0)
        memcpy(body, answer.body, answer.n_body_bytes);
    answer.body = body;
    memset(&text, '!', sizeof(text));
    aws_error_read(&answer, &text);
    return text;
}

static void assert_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct aws_error_text text = read_error(&(struct aws_error_answer){.status = 400,
            .type_header = rows[i].type_header,
            .query_header = rows[i].query_header,
            .body = rows[i].body,
            .n_body_bytes = strlen(rows[i].body)});
        assert_string_equal(text.code, rows[i].code);
        assert_string_equal(text.message, rows[i].message);
    }
}

// The forms of the protocol tests of Smithy (AWS JSON 1.0, Operation error serialization).
static void json_errors_are_read(void **state)
{
    static const struct row rows[] = {{NULL, NULL, "{\"__type\":\"FooError\"}", "FooError", ""},
        {NULL, NULL, "{\"__type\":\"aws.protocoltests.json10#FooError\"}", "FooError", ""},
        {NULL, NULL,
            "{\"__type\":\"FooError:http://internal.amazon.com/coral/com.amazon.coral.validate/\"}",
            "FooError", ""},
        {NULL, NULL,
            "{\"__type\":\"aws.protocoltests.json10#FooError:"
            "http://internal.amazon.com/coral/com.amazon.coral#validate/\"}",
            "FooError", ""},
        {NULL, NULL, "{\"code\":\"FooError\",\"message\":\"No.\"}", "FooError", "No."},
        {NULL, NULL, "{\"code\":\"B\",\"__type\":\"A\"}", "A", ""},
        {NULL, NULL, "{\"__type\":7,\"code\":\"B\"}", "B", ""},
        {NULL, NULL, "{\"__type\":\"\",\"code\":\"B\"}", "B", ""},
        {NULL, NULL, "{\"__type\":\"A\",\"Message\":\"Y\"}", "A", "Y"},
        {NULL, NULL, "{\"__type\":\"A\",\"Message\":\"Y\",\"message\":\"X\"}", "A", "X"},
        {NULL, NULL, "{\"errorMessage\":\"Z\"}", "", "Z"},
        {NULL, NULL, " \r\n\t{\"__type\":\"A\",\"message\":\"a\\nb\\u0007c\"}", "A", "a b c"},
        {NULL, NULL, "{\"__type\":\"A\",\"message\":null}", "A", ""},
        {NULL, NULL, "{\"x\":{\"__type\":\"A\",\"message\":\"M\"}}", "", ""},
        {NULL, NULL, "{}", "", ""}, {NULL, NULL, "{\"__type\":\"A\"", "", ""},
        {NULL, NULL, "{\"__type\":\"A\"} x", "", ""}, {NULL, NULL, "{", "", ""},
        {NULL, NULL, "{\"__type\":\"A\\u0000B\"}", "", ""}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows));
}

static void xml_errors_are_read(void **state)
{
    static const struct row rows[] = {
        {NULL, NULL,
            "<ErrorResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\"><Error>"
            "<Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
            "<RequestId>b25f48e8-84fd-11e6-80d9-574e0c4664cb</RequestId></ErrorResponse>",
            "Throttling", "Rate exceeded"},
        // What moto says to a JSON request with a key that it does not know.
        {NULL, NULL,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse>\n  <Errors>\n    <Error>\n"
            "      <Code>InvalidClientTokenId</Code>\n      <Message>The security token included "
            "in the request is invalid.</Message>\n    </Error>\n  </Errors>\n</ErrorResponse>",
            "InvalidClientTokenId", "The security token included in the request is invalid."},
        {NULL, NULL, "\n<Error><Code>A</Code><Message>&lt;b&gt;\n c</Message></Error>", "A",
            "<b> c"},
        {NULL, NULL, "<Error><Code>A</Code></Error>", "A", ""},
        {NULL, NULL, "<Error><Message>M</Message></Error>", "", "M"},
        {NULL, NULL, "<Error><Code>A B</Code></Error>", "", ""},
        {NULL, NULL, "<Error><Code/><Message/></Error>", "", ""}, {NULL, NULL, "<", "", ""},
        {NULL, NULL, "<UnknownOperationException/>\n", "", ""}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows));
}

// Of an elastic load balancer, of CloudFront, and of an envoy proxy.
static void what_answers_in_its_place_is_heard_too(void **state)
{
    static const struct row rows[] = {
        {NULL, NULL,
            "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>"
            "\r\n<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n"
            "</html>\r\n",
            "", "503 Service Temporarily Unavailable"},
        {NULL, NULL,
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\" "
            "\"http://www.w3.org/TR/html4/loose.dtd\">\n<HTML><HEAD><META "
            "HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=iso-8859-1\">\n<TITLE>ERROR: "
            "The request could not be satisfied</TITLE>\n</HEAD><BODY>",
            "", "ERROR: The request could not be satisfied"},
        {NULL, NULL, "upstream connect error or disconnect/reset before headers", "",
            "upstream connect error or disconnect/reset before headers"},
        {NULL, NULL, "Bad\n\x1b[31mGateway", "", "Bad [31mGateway"}, {NULL, NULL, "", "", ""},
        {NULL, NULL, " \n", "", ""}, {NULL, NULL, "[\"__type\"]", "", "[\"__type\"]"}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows));
}

static void headers_come_before_the_body(void **state)
{
    static const struct row rows[] = {{"FooError", NULL, "{\"__type\":\"B\"}", "FooError", ""},
        {"FooError:http://internal.amazon.com/coral/com.amazon.coral.validate/", NULL, "",
            "FooError", ""},
        {"aws.protocoltests.restjson#FooError:http://internal.amazon.com/coral/validate/", NULL, "",
            "FooError", ""},
        {"ThrottlingException:", NULL, "", "ThrottlingException", ""},
        {NULL, "InvalidParameterValue;Sender", "{\"__type\":\"InvalidParameterValueException\"}",
            "InvalidParameterValue", ""},
        {"InvalidParameterValueException", "InvalidParameterValue;Sender", "",
            "InvalidParameterValue", ""},
        {NULL, "AWS.Some.Code;Receiver", "", "AWS.Some.Code", ""}, {NULL, "Alone", "", "Alone", ""},
        {"B", ";Sender", "", "B", ""}, {"", "", "{\"code\":\"B\"}", "B", ""},
        {"A", NULL, "{\"message\":\"M\"}", "A", "M"}, {"A", NULL, "<Code>B</Code>", "A", ""},
        {"A", NULL, "<Message>M</Message>", "A", "M"}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows));
}

static void what_no_code_looks_like_is_none(void **state)
{
    static const struct row rows[] = {{"Rate exceeded", NULL, "", "", ""},
        {" Throttling", NULL, "", "", ""}, {"a#", NULL, "", "", ""}, {"#", NULL, "", "", ""},
        {":", NULL, "", "", ""}, {"a\nb", NULL, "", "", ""}, {"\x1b[31m", NULL, "", "", ""},
        {"caf\xc3\xa9", NULL, "", "", ""}, {"<Code>", NULL, "", "", ""}};
    (void)state;
    assert_rows(rows, ARRAY_SIZE(rows));
}

static void a_code_that_is_too_long_is_none_rather_than_another(void **state)
{
    (void)state;
    for (size_t n = 120; n < 140; n++) {
        char code[160] = {0};
        memset(code, 'A', n);
        struct aws_error_text text = read_error(
            &(struct aws_error_answer){.status = 400, .type_header = code});
        assert_int_equal(strlen(text.code), n <= 127 ? n : 0);
    }
}

static void a_redirect_says_where_to(void **state)
{
    static const long statuses[] = {301, 302, 303, 307, 308};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        struct aws_error_text text = read_error(&(struct aws_error_answer){.status = statuses[i],
            .location = "https://login.example/\x1b?a b",
            .body = "<title>Moved</title>",
            .n_body_bytes = strlen("<title>Moved</title>")});
        assert_string_equal(text.code, "");
        assert_string_equal(text.message,
            "redirects to https://login.example/ ?a b, which is not "
            "followed: correct the endpoint");
    }
    struct aws_error_text text = read_error(&(struct aws_error_answer){.status = 300});
    assert_string_equal(
        text.message, "redirects to another place, which is not followed: correct the endpoint");
    text = read_error(&(struct aws_error_answer){.status = 400, .location = "x"});
    assert_string_equal(text.message, "");
}

// The message of a signature error repeats the canonical request, the session token among it.
static void no_message_holds_the_keys(void **state)
{
    static const struct sigv4_keys keys = {"ASIAQWERTYUIOPASDFGH",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEJr//////////wEaCXVz+a=="};
    static const char *const bodies[] = {
        "{\"message\":\"x-amz-security-token:IQoJb3JpZ2luX2VjEJr//////////wEaCXVz+a==\\nend\"}",
        ("{\"message\":\"x-amz-security-token:"
         "IQoJb3JpZ2luX2VjEJr\\/\\/\\/\\/\\/\\/\\/\\/\\/\\/wEaCXVz\\u002ba==\\nend\"}"),
        "<Message>x-amz-security-token:IQoJb3JpZ2luX2VjEJr//////////wEaCXVz&#43;a==\nend</Message>",
        "<title>x-amz-security-token:ASIAQWERTYUIOPASDFGH end</title>",
        "x-amz-security-token:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY end"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct aws_error_text text = read_error(&(struct aws_error_answer){
            .status = 403, .body = bodies[i], .n_body_bytes = strlen(bodies[i]), .keys = &keys});
        assert_string_equal(text.message, "x-amz-security-token:[redacted] end");
    }
    struct aws_error_text text = read_error(&(struct aws_error_answer){.status = 302,
        .location = "https://a/?X-Amz-Credential=ASIAQWERTYUIOPASDFGH",
        .keys = &keys});
    assert_null(strstr(text.message, "QWERTYUIOPA"));
}

static void a_body_may_hold_nuls(void **state)
{
    static const char plain[] = "a\0b", json[] = "{\"__type\":\"A\0B\"}", blank[] = "\0\0";
    (void)state;
    struct aws_error_text text = read_error(
        &(struct aws_error_answer){.body = plain, .n_body_bytes = sizeof(plain) - 1});
    assert_string_equal(text.message, "a b");
    text = read_error(&(struct aws_error_answer){.body = json, .n_body_bytes = sizeof(json) - 1});
    assert_string_equal(text.code, "");
    text = read_error(&(struct aws_error_answer){.body = blank, .n_body_bytes = sizeof(blank) - 1});
    assert_string_equal(text.message, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_its_meaning_whatever_the_status),
        cmocka_unit_test(a_code_that_nobody_knows_means_what_its_status_does),
        cmocka_unit_test(json_errors_are_read),
        cmocka_unit_test(xml_errors_are_read),
        cmocka_unit_test(what_answers_in_its_place_is_heard_too),
        cmocka_unit_test(headers_come_before_the_body),
        cmocka_unit_test(what_no_code_looks_like_is_none),
        cmocka_unit_test(a_code_that_is_too_long_is_none_rather_than_another),
        cmocka_unit_test(a_redirect_says_where_to),
        cmocka_unit_test(no_message_holds_the_keys),
        cmocka_unit_test(a_body_may_hold_nuls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
