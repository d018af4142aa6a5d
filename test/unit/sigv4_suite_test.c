// SPDX-License-Identifier: Apache-2.0
// AWS's signing test suite (awslabs/aws-c-auth, tests/aws-signing-test-suite/v4), which is not part
// of this project: meson's option sigv4_suite says where it is. Of each case the header way of
// signing, every stage and the signed request; query-* files, signatures in a URL, are nothing that
// enawatch does.
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sigv4_bench.h"

#define N_CASES  38 // as published; fewer would mean that not all were found
#define FILE_MAX 8192

struct suite_case {
    const char *folder;
    char text[FILE_MAX]; // request.txt, cut up in place
    char head[FILE_MAX]; // the same as it was, up to the empty line
    const char *body;
    json_t *context;
    char hash[SIGV4_HEX_MAX];
};

static size_t read_file(const char *folder, const char *name, char ret_text[static FILE_MAX])
{
    scoped_free char *path = xasprintf("%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail_msg("%s is missing", path);
    size_t n = fread(ret_text, 1, FILE_MAX - 1, file);
    assert_true(feof(file));
    fclose(file);
    ret_text[n] = '\0';
    return n;
}

static void assert_file(const struct suite_case *suite_case, const char *name, const char *text)
{
    char expected[FILE_MAX];
    read_file(suite_case->folder, name, expected);
    assert_string_equal(text, expected);
}

// GET /path?query HTTP/1.1
static void take_request_line(char *line, struct sigv4_request *request)
{
    char *path = strchr(line, ' ') + 1, *end = strrchr(line, ' ');
    assert_string_equal(end, " HTTP/1.1");
    path[-1] = *end = '\0';
    request->method = line;
    request->path = path;
    char *query = strchr(path, '?');
    if (query != NULL) {
        *query = '\0';
        request->query = query + 1;
    }
}

// A line that begins with a blank goes on with the one before (RFC 9112, 5.2).
static void unfold(char *headers)
{
    for (char *at = headers; at[0] != '\0' && strncmp(at, "\n\n", 2) != 0; at++)
        if (at[0] == '\n' && at[1] == ' ')
            at[0] = ' ';
}

static void take_headers(struct bench *bench, struct suite_case *suite_case, char *headers)
{
    char *line = headers;
    unfold(headers);
    while (*line != '\n' && *line != '\0') {
        char *colon = strchr(line, ':'), *end = strchr(line, '\n');
        assert_true(colon != NULL && end != NULL && colon < end);
        *colon = *end = '\0';
        bench->headers[bench->request.n_headers++] = (struct sigv4_header){line, colon + 1};
        line = end + 1;
    }
    suite_case->body = *line == '\n' ? line + 1 : line;
}

static const char *string_of(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_true(const struct suite_case *suite_case, const char *name)
{
    return json_is_true(json_object_get(suite_case->context, name));
}

static int64_t seconds_of(const char *text)
{
    struct tm utc = {0};
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc));
    return timegm(&utc);
}

static void take_context(struct bench *bench, struct suite_case *suite_case)
{
    char text[FILE_MAX];
    read_file(suite_case->folder, "context.json", text);
    json_t *context = json_loads(text, 0, NULL), *keys = json_object_get(context, "credentials");
    assert_non_null(context);
    suite_case->context = context;
    bench->keys = (struct sigv4_keys){string_of(keys, "access_key_id"),
        string_of(keys, "secret_access_key"),
        is_true(suite_case, "omit_session_token") ? NULL : string_of(keys, "token")};
    bench->scope = (struct sigv4_scope){
        string_of(context, "region"), string_of(context, "service")};
    bench->time_s = seconds_of(string_of(context, "timestamp"));
    bench->request.is_path_kept = !is_true(suite_case, "normalize");
}

static void take_request(struct bench *bench, struct suite_case *suite_case)
{
    struct sigv4_request *request = &bench->request;
    read_file(suite_case->folder, "request.txt", suite_case->text);
    const char *end = strstr(suite_case->text, "\n\n");
    size_t n_head = end != NULL ? (size_t)(end - suite_case->text) + 1 : strlen(suite_case->text);
    memcpy(suite_case->head, suite_case->text, n_head);
    char *headers = strchr(suite_case->text, '\n') + 1;
    headers[-1] = '\0';
    request->n_headers = 0;
    take_request_line(suite_case->text, request);
    take_headers(bench, suite_case, headers);
    request->body = suite_case->body;
    request->n_body_bytes = strlen(suite_case->body);
    if (!is_true(suite_case, "sign_body"))
        return;
    assert_int_equal(sigv4_hash(request->body, request->n_body_bytes, suite_case->hash), 0);
    bench->headers[request->n_headers++] = (struct sigv4_header){
        "x-amz-content-sha256", suite_case->hash};
}

// A token that is not signed is sent all the same.
static void assert_headrequest(const struct bench *bench, const struct suite_case *suite_case)
{
    const char *token = string_of(json_object_get(suite_case->context, "credentials"), "token");
    bool has_hash = suite_case->hash[0] != '\0';
    scoped_free char *text = xasprintf("%s%s%s%sX-Amz-Date:%s\n%s%s%sAuthorization:%s\n\n%s",
        suite_case->head, token != NULL ? "X-Amz-Security-Token:" : "", token != NULL ? token : "",
        token != NULL ? "\n" : "", bench->sigv4.time, has_hash ? "x-amz-content-sha256:" : "",
        suite_case->hash, has_hash ? "\n" : "", bench->sigv4.authorization, suite_case->body);
    assert_file(suite_case, "header-signed-request.txt", text);
}

static void every_stage_is_as_published(void **state)
{
    struct suite_case suite_case = {.folder = *state};
    void *memory;
    set_up(&memory);
    struct bench *bench = memory;
    take_context(bench, &suite_case);
    take_request(bench, &suite_case);
    sign(bench);
    assert_file(&suite_case, "header-canonical-request.txt", bench->sigv4.canonical_request);
    assert_file(&suite_case, "header-string-to-sign.txt", bench->sigv4.string_to_sign);
    assert_file(&suite_case, "header-signature.txt", bench->sigv4.signature);
    assert_headrequest(bench, &suite_case);
    json_decref(suite_case.context);
    tear_down(&memory);
}

int main(void)
{
    glob_t found;
    if (glob(SIGV4_SUITE "/*/context.json", 0, NULL, &found) != 0 || found.gl_pathc < N_CASES) {
        printf("Bail out! %s does not have the %d cases of the suite\n", SIGV4_SUITE, N_CASES);
        return 1;
    }
    struct CMUnitTest *tests = xcalloc(found.gl_pathc, sizeof(*tests));
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *folder = found.gl_pathv[i];
        *strrchr(folder, '/') = '\0';
        tests[i] = (struct CMUnitTest){
            strrchr(folder, '/') + 1, every_stage_is_as_published, NULL, NULL, folder};
    }
    int n_failed = _cmocka_run_group_tests("sigv4_suite", tests, found.gl_pathc, NULL, NULL);
    free(tests);
    globfree(&found);
    return n_failed;
}
