// SPDX-License-Identifier: Apache-2.0
// Requests and their signatures: AWS's published ones (IAM User Guide; aws-c-auth's test suite),
// others from Python's hmac over a canonical request written by hand; and what cannot be signed.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sigv4_bench.h"

#define SIGNED_IN "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"

static void the_example_of_the_documentation_is_signed_as_it_says(void **state)
{
    struct bench *bench = *state;
    bench->headers[0].value = "iam.amazonaws.com";
    bench->headers[1] = (struct sigv4_header){
        "Content-Type", "application/x-www-form-urlencoded; charset=utf-8"};
    bench->request.n_headers = 2;
    bench->request.query = "Action=ListUsers&Version=2010-05-08";
    bench->scope.service = "iam";
    sign(bench);
    assert_string_equal(bench->sigv4.time, "20150830T123600Z");
    assert_string_equal(bench->sigv4.canonical_request,
        "GET\n/\nAction=ListUsers&Version=2010-05-08\n"
        "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
        "host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
        "content-type;host;x-amz-date\n" NOTHING_HASH);
    assert_string_equal(bench->sigv4.string_to_sign,
        "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
    assert_string_equal(
        bench->sigv4.signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    assert_string_equal(bench->sigv4.authorization,
        SIGNED_IN "iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="
                  "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

static void the_plainest_request_of_the_suite_is_signed_as_it_says(void **state)
{
    struct bench *bench = *state;
    sign(bench);
    assert_string_equal(bench->sigv4.canonical_request,
        "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
        "host;x-amz-date\n" NOTHING_HASH);
    assert_string_equal(strrchr(bench->sigv4.string_to_sign, '\n') + 1,
        "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
    assert_string_equal(bench->sigv4.authorization,
        SIGNED_IN "service/aws4_request, SignedHeaders=host;x-amz-date, Signature="
                  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

static void a_session_token_is_signed_as_a_header(void **state)
{
    struct bench *bench = *state;
    bench->keys.session_token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    sign(bench);
    assert_string_equal(bench->sigv4.signed_headers, "host;x-amz-date;x-amz-security-token");
    assert_string_equal(
        bench->sigv4.signature, "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8");
}

// Line `number`, from 0, of the canonical request is this.
static void assert_line(struct bench *bench, unsigned int number, const char *expected)
{
    sign(bench);
    const char *at = bench->sigv4.canonical_request;
    for (unsigned int i = 0; i < number; i++)
        at = strchr(at, '\n') + 1;
    scoped_free char *line = strndup(at, strcspn(at, "\n"));
    assert_string_equal(line, expected);
}

static void a_path_is_normal_and_encoded(void **state)
{
    struct bench *bench = *state;
    static const char *const paths[][2] = {{"", "/"}, {"/", "/"}, {"//", "/"}, {"/./", "/"},
        {"/a/..", "/"}, {"/a/../", "/"}, {"/../a", "/a"}, {"/a/b/../../../..", "/"},
        {"/a/b/..", "/a"}, {"/a/.", "/a"}, {"/a//b/", "/a/b/"}, {"/a//", "/a/"},
        {"/.../..a/b..", "/.../..a/b.."}, {"/a b", "/a%20b"}, {"/a%20b", "/a%2520b"},
        {"/\xe1\x88\xb4", "/%E1%88%B4"},
        {"/-._~:@!$&'()*+,;=",
            "/-._~%3A%40%21%24%26%27%28%29%2A"
            "%2B%2C%3B%3D"}};
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        bench->request.path = paths[i][0];
        assert_line(bench, 1, paths[i][1]);
    }
}

static void a_path_that_is_kept_is_only_encoded(void **state)
{
    struct bench *bench = *state;
    static const char *const paths[][2] = {{"", "/"}, {"/", "/"}, {"//", "//"}, {"/./a", "/./a"},
        {"//a/../b//", "//a/../b//"}, {"/..", "/.."}, {"/a b/", "/a%20b/"}};
    bench->request.is_path_kept = true;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        bench->request.path = paths[i][0];
        assert_line(bench, 1, paths[i][1]);
    }
}

static void a_query_is_sorted_by_what_is_encoded(void **state)
{
    struct bench *bench = *state;
    static const char *const queries[][2] = {{NULL, ""}, {"", ""}, {"a", "a="},
        {"b=2&a=1", "a=1&b=2"}, {"a=2&a=1&a=", "a=&a=1&a=2"}, {"a-b=1&a=2", "a=2&a-b=1"},
        {"a=1&A=2", "A=2&a=1"}, {"a=b=c", "a=b%3Dc"}, {"a+b=c d", "a%2Bb=c%20d"},
        {"%7e=%41%e1%88%b4", "~=A%E1%88%B4"}, {"a=%&b=%4&c=%4g", "a=%25&b=%254&c=%254g"},
        {"a&\xe1\x88\xb4", "%E1%88%B4=&a="}, {"%ff=1&%0a=2&%00=3", "%00=3&%0A=2&%FF=1"},
        {"a=/&a=-&a=*", "a=%2A&a=%2F&a=-"}, {"b&&a=1&=c", "=&=c&a=1&b="}};
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
        bench->request.query = queries[i][0];
        assert_line(bench, 2, queries[i][1]);
    }
}

static void headers_are_lower_case_trimmed_sorted_and_joined(void **state)
{
    struct bench *bench = *state;
    static const struct sigv4_header headers[] = {{"zz", ""}, {"My-Header", "  c   d "},
        {"x-amz-dat", "1"}, {"HOST", "a:1"}, {"my-header", "\"a   b\""}, {"X-Amz-Datex", "2"},
        {"my_header", "e"}, {"MY-HEADER", "\xe1\x88\xb4"}};
    bench->request.headers = headers;
    bench->request.n_headers = ARRAY_SIZE(headers);
    sign(bench);
    assert_string_equal(bench->sigv4.canonical_request,
        "GET\n/\n\nhost:a:1\nmy-header:c d,\"a b\",\xe1\x88\xb4\nmy_header:e\nx-amz-dat:1\n"
        "x-amz-date:20150830T123600Z\nx-amz-datex:2\nzz:\n\n"
        "host;my-header;my_header;x-amz-dat;x-amz-date;x-amz-datex;zz\n" NOTHING_HASH);
}

static void headers_that_proxies_change_are_not_signed(void **state)
{
    struct bench *bench = *state;
    static const char *const names[] = {"Connection", "expect", "Keep-Alive", "Proxy-Authenticate",
        "proxy-authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
        "X-Amzn-Trace-Id"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        bench->headers[1 + i] = (struct sigv4_header){names[i], "x"};
    bench->request.n_headers = 1 + ARRAY_SIZE(names);
    sign(bench);
    assert_string_equal(bench->sigv4.signed_headers, "host;x-amz-date");
}

static void a_body_is_signed_by_its_hash(void **state)
{
    struct bench *bench = *state;
    bench->request.method = "POST";
    bench->request.body = "abc";
    bench->request.n_body_bytes = 3;
    // FIPS 180-2, B.1.
    assert_line(bench, 7, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void a_hash_that_the_caller_gives_is_signed_as_a_header_too(void **state)
{
    struct bench *bench = *state;
    bench->headers[1] = (struct sigv4_header){"x-amz-content-SHA256", " UNSIGNED-PAYLOAD "};
    bench->request.n_headers = 2;
    bench->request.body = "abc";
    bench->request.n_body_bytes = 3;
    sign(bench);
    assert_non_null(strstr(bench->sigv4.canonical_request,
        "\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20150830T123600Z\n\n"
        "host;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD"));
}

static void a_hash_is_sha256_in_lower_case(void **state)
{
    (void)state;
    char hex[SIGV4_HEX_MAX];
    assert_int_equal(sigv4_hash("abc", 3, hex), 0);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(sigv4_hash(NULL, 0, hex), 0);
    assert_string_equal(hex, NOTHING_HASH);
}

static void times_are_utc(void **state)
{
    struct bench *bench = *state;
    static const struct {
        int64_t time_s;
        const char *time, *signature;
    } times[] = {
        {0, "19700101T000000Z", "5ca3641b81069cc58341dd611c16f0eab4482f1a36d691335cd8a4aeb250e78f"},
        {1709208000, "20240229T120000Z",
            "c888b318968630710ae5b2d89503e99af38bdca51c33579f3610f2e902b58b9a"},
        {253402300799, "99991231T235959Z",
            "9fcea1157b1bf34cbe9324d1b5c242daedc200399aa8d101c8f6de0f67fe2a95"}};
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        bench->time_s = times[i].time_s;
        sign(bench);
        assert_string_equal(bench->sigv4.time, times[i].time);
        assert_string_equal(bench->sigv4.signature, times[i].signature);
    }
}

static void the_longest_and_most_are_signed(void **state)
{
    struct bench *bench = *state;
    char secret[SIGV4_SECRET_MAX + 1], query[2 * SIGV4_MAX_PARAMETERS];
    memset(secret, 's', SIGV4_SECRET_MAX);
    secret[SIGV4_SECRET_MAX] = '\0';
    bench->keys.secret_access_key = secret;
    sign(bench);
    assert_string_equal(
        bench->sigv4.signature, "5f55ff9164b416bb61550ab645865d09c8f57716cb3ecc5ed775da38d05b5bea");
    for (size_t i = 0; i < SIGV4_MAX_PARAMETERS; i++)
        memcpy(query + 2 * i, "a&", 2);
    query[2 * SIGV4_MAX_PARAMETERS - 1] = '\0';
    bench->request.query = query;
    for (size_t i = 1; i < SIGV4_MAX_HEADERS; i++)
        bench->headers[i] = (struct sigv4_header){"a", "b"};
    bench->request.n_headers = SIGV4_MAX_HEADERS;
    sign(bench);
    assert_int_equal(strlen(strstr(bench->sigv4.canonical_request, "\na:")),
        strlen("\na:") + 2 * (SIGV4_MAX_HEADERS - 1) - 1 +
            strlen("\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
                   "a;host;x-amz-date\n" NOTHING_HASH));
}

// For the address sanitizer: each text is the longest part of its request, and all of it encoded.
static void long_texts_have_room(void **state)
{
    struct bench *bench = *state;
    static char text[4001];
    memset(text, ' ', sizeof(text) - 1);
    text[0] = '/';
    bench->request.path = text;
    sign(bench);
    assert_int_equal(strcspn(bench->sigv4.canonical_request + strlen("GET\n/"), "\n"), 3 * 3999);
    bench->request.path = "/";
    bench->request.query = text;
    sign(bench);
    assert_int_equal(
        strcspn(bench->sigv4.canonical_request + strlen("GET\n/\n"), "\n"), 3 * 4000 + 1);
    bench->request.query = NULL;
    memset(text, 'a', sizeof(text) - 1);
    bench->headers[1] = (struct sigv4_header){"X-Amz-Content-Sha256", text};
    bench->headers[2] = (struct sigv4_header){text, text};
    bench->request.n_headers = 3;
    bench->request.method = bench->keys.session_token = text;
    sign(bench);
    assert_int_equal(strlen(bench->sigv4.canonical_request),
        7 * 4000 +
            strlen("\n/\n\n:\nhost:example.amazonaws.com\nx-amz-content-sha256:\n"
                   "x-amz-date:20150830T123600Z\nx-amz-security-token:\n\n"
                   ";host;x-amz-content-sha256;x-amz-date;x-amz-security-token\n"));
}

// And the state is as it was.
static void assert_refused(struct bench *bench, const char *what)
{
    struct sigv4 before = bench->sigv4;
    if (try_to_sign(bench) != -EINVAL)
        fail_msg("%s is signed", what);
    assert_memory_equal(&bench->sigv4, &before, sizeof(before));
    assert_string_equal(
        bench->sigv4.signature, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    assert_non_null(strstr(bench->sigv4.authorization, bench->sigv4.signature));
}

static void assert_field_refused(struct bench *bench, const char **field, const char *const *values)
{
    const char *good = *field;
    for (; *values != NULL; values++) {
        *field = *values;
        assert_refused(bench, *values);
    }
    *field = good;
}

static void what_could_pass_for_something_else_is_refused(void **state)
{
    struct bench *bench = *state;
    static const char *const methods[] = {"", "GE T", "GET\n/", "G\xc3\x89T", "GET/", NULL};
    static const char *const paths[] = {"a", "*", "/\n", "/a\rb", "/\t", "/\x7f", "/\x01", NULL};
    static const char *const queries[] = {"a=1\n", "a\r", "\tb", "\x1f", "\x7f", NULL};
    static const char *const names[] = {"", "A B", "A:", "A\n", "A\r", "\xc3\x89", "A\t", "A\x7f",
        "x-amz-date", "X-AMZ-SECURITY-TOKEN", "authorization", NULL};
    static const char *const values[] = {"a\nb", "a\r\n b", "a\tb", "\x01", "\x7f", "a\x1f", NULL};
    bench->headers[1] = (struct sigv4_header){"A", "b"};
    sign(bench);
    assert_field_refused(bench, &bench->request.method, methods);
    assert_field_refused(bench, &bench->request.path, paths);
    assert_field_refused(bench, &bench->request.query, queries);
    bench->request.n_headers = 2;
    assert_field_refused(bench, &bench->headers[1].name, names);
    assert_field_refused(bench, &bench->headers[1].value, values);
    assert_field_refused(bench, &bench->headers[0].name, (const char *const[]){"Hos", NULL});
}

static void keys_that_were_read_badly_are_refused(void **state)
{
    struct bench *bench = *state;
    static const char *const texts[] = {
        "", "a\n", "a\r", " a", "a b", "a\t", "a\x7f", "\xc3\xa9", "a\x01", NULL};
    static const char *const parts[] = {"a/b", "/", "a,b", NULL};
    sign(bench);
    assert_field_refused(bench, &bench->keys.access_key_id, texts);
    assert_field_refused(bench, &bench->keys.secret_access_key, texts);
    assert_field_refused(bench, &bench->keys.session_token, texts);
    assert_field_refused(bench, &bench->scope.region, texts);
    assert_field_refused(bench, &bench->scope.service, texts);
    assert_field_refused(bench, &bench->keys.access_key_id, parts);
    assert_field_refused(bench, &bench->scope.region, parts);
    assert_field_refused(bench, &bench->scope.service, parts);
}

static void too_long_and_too_many_are_refused(void **state)
{
    struct bench *bench = *state;
    char secret[SIGV4_SECRET_MAX + 2], query[SIGV4_MAX_PARAMETERS + 1];
    sign(bench);
    memset(secret, 's', SIGV4_SECRET_MAX + 1);
    secret[SIGV4_SECRET_MAX + 1] = '\0';
    memset(query, '&', SIGV4_MAX_PARAMETERS);
    query[SIGV4_MAX_PARAMETERS] = '\0';
    assert_field_refused(
        bench, &bench->keys.secret_access_key, (const char *const[]){secret, NULL});
    assert_field_refused(bench, &bench->request.query, (const char *const[]){query, NULL});
    for (size_t i = 1; i <= SIGV4_MAX_HEADERS; i++)
        bench->headers[i] = (struct sigv4_header){"a", "b"};
    bench->request.n_headers = SIGV4_MAX_HEADERS + 1;
    assert_refused(bench, "one header more");
    bench->request.n_headers = 1;
    for (int i = 0; i < 3; i++) {
        bench->time_s = (const int64_t[]){-1, 253402300800, INT64_MAX}[i];
        assert_refused(bench, "a time without four digits of a year");
    }
}

static void nothing_can_be_finished(void **state)
{
    (void)state;
    struct sigv4 sigv4 = {0};
    sigv4_finish(NULL);
    sigv4_finish(&sigv4);
    assert_null(sigv4.derived);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(the_example_of_the_documentation_is_signed_as_it_says),
        WITH_BENCH(the_plainest_request_of_the_suite_is_signed_as_it_says),
        WITH_BENCH(a_session_token_is_signed_as_a_header),
        WITH_BENCH(a_path_is_normal_and_encoded),
        WITH_BENCH(a_path_that_is_kept_is_only_encoded),
        WITH_BENCH(a_query_is_sorted_by_what_is_encoded),
        WITH_BENCH(headers_are_lower_case_trimmed_sorted_and_joined),
        WITH_BENCH(headers_that_proxies_change_are_not_signed),
        WITH_BENCH(a_body_is_signed_by_its_hash),
        WITH_BENCH(a_hash_that_the_caller_gives_is_signed_as_a_header_too),
        cmocka_unit_test(a_hash_is_sha256_in_lower_case),
        WITH_BENCH(times_are_utc),
        WITH_BENCH(the_longest_and_most_are_signed),
        WITH_BENCH(long_texts_have_room),
        WITH_BENCH(what_could_pass_for_something_else_is_refused),
        WITH_BENCH(keys_that_were_read_badly_are_refused),
        WITH_BENCH(too_long_and_too_many_are_refused),
        cmocka_unit_test(nothing_can_be_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
