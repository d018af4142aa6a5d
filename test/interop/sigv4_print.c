// SPDX-License-Identifier: Apache-2.0
// The signature of each request on standard input, which are JSON objects, with its stages, as
// another such object; {"error": errno} for one that is refused. One state signs them all. For
// sigv4_differential.py.
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "aws/sigv4.h"

struct question {
    struct sigv4_request request;
    struct sigv4_header headers[SIGV4_MAX_HEADERS + 1];
    struct sigv4_keys keys;
    struct sigv4_scope scope;
    json_int_t time_s;
    char hash[SIGV4_HEX_MAX];
};

static void take_headers(struct question *question, json_t *headers)
{
    size_t i;
    json_t *pair;
    json_array_foreach(headers, i, pair)
        question->headers[question->request.n_headers++] = (struct sigv4_header){
        json_string_value(json_array_get(pair, 0)), json_string_value(json_array_get(pair, 1))};
    question->request.headers = question->headers;
}

static int add_hash(struct question *question)
{
    struct sigv4_request *request = &question->request;
    question->headers[request->n_headers++] = (struct sigv4_header){
        "X-Amz-Content-SHA256", question->hash};
    return sigv4_hash(request->body, request->n_body_bytes, question->hash);
}

// Texts are borrowed from `object`.
static int take_question(json_t *object, struct question *ret_question)
{
    struct question *question = ret_question;
    struct sigv4_request *request = &question->request;
    const char *body;
    json_t *headers;
    int is_path_kept, has_hash;
    memset(question, 0, sizeof(*question));
    if (json_unpack(object, "{s:s, s:s, s?s, s:o, s:s%, s:b, s:b}", "method", &request->method,
            "path", &request->path, "query", &request->query, "headers", &headers, "body", &body,
            &request->n_body_bytes, "is_path_kept", &is_path_kept, "has_hash", &has_hash) != 0 ||
        json_unpack(object, "{s:s, s:s, s?s, s:s, s:s, s:I}", "access_key_id",
            &question->keys.access_key_id, "secret", &question->keys.secret_access_key, "token",
            &question->keys.session_token, "region", &question->scope.region, "service",
            &question->scope.service, "time", &question->time_s) != 0)
        return -1;
    request->body = body;
    request->is_path_kept = is_path_kept;
    take_headers(question, headers);
    return has_hash ? add_hash(question) : 0;
}

static json_t *answer(struct sigv4 *sigv4, const struct question *question)
{
    int r = sigv4_sign(
        sigv4, &question->request, &question->keys, &question->scope, question->time_s);
    if (r < 0)
        return json_pack("{s:i}", "error", -r);
    return json_pack("{s:s, s:s, s:s}", "canonical_request", sigv4->canonical_request,
        "string_to_sign", sigv4->string_to_sign, "authorization", sigv4->authorization);
}

int main(void)
{
    struct sigv4 sigv4 = {0};
    struct question question;
    scoped_free char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        json_t *object = json_loads(line, JSON_ALLOW_NUL, NULL);
        if (take_question(object, &question) != 0)
            return 1;
        json_t *said = answer(&sigv4, &question);
        json_dumpf(said, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(said);
        json_decref(object);
    }
    sigv4_finish(&sigv4);
    return 0;
}
