// SPDX-License-Identifier: Apache-2.0
// Any texts are a request and its keys, apart by NUL: what is signed has a canonical request of the
// right form, in which nothing depends on the order of parameters and of headers, and the same
// signature again; what is refused leaves nothing behind.
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "aws/sigv4.h"

#define TIME_S INT64_C(1440938160)

struct question {
    struct sigv4_request request;
    struct sigv4_keys keys;
    struct sigv4_scope scope;
    struct sigv4_header headers[SIGV4_MAX_HEADERS + 2];
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(bool claim)
{
    if (!claim)
        abort();
}

// Takes the next text off; "" when there is none.
static const char *take_text(const char **at, const char *end)
{
    const char *text = *at < end ? *at : "";
    if (*at < end)
        *at += strlen(text) + 1;
    return text;
}

// `bytes` end with a NUL.
static void take_question(const char *at, size_t n_bytes, struct question *ret_question)
{
    const char *const end = at + n_bytes;
    struct question question = {.request.method = take_text(&at, end)};
    question.request.path = take_text(&at, end);
    question.request.query = take_text(&at, end);
    question.keys.access_key_id = take_text(&at, end);
    question.keys.secret_access_key = take_text(&at, end);
    question.scope = (struct sigv4_scope){take_text(&at, end), "service"};
    question.request.body = take_text(&at, end);
    question.request.n_body_bytes = strlen(question.request.body);
    question.request.is_path_kept = question.request.n_body_bytes % 2 == 1;
    const char *token = take_text(&at, end);
    question.keys.session_token = *token != '\0' ? token : NULL;
    *ret_question = question;
    size_t n = 0;
    ret_question->headers[n++] = (struct sigv4_header){"Host", take_text(&at, end)};
    while (at < end && n <= SIGV4_MAX_HEADERS) {
        const char *name = take_text(&at, end);
        ret_question->headers[n++] = (struct sigv4_header){name, take_text(&at, end)};
    }
    ret_question->request.n_headers = n;
    ret_question->request.headers = ret_question->headers;
}

static int sign(struct sigv4 *sigv4, const struct question *question)
{
    return sigv4_sign(sigv4, &question->request, &question->keys, &question->scope, TIME_S);
}

// Takes a part off up to `stop`, which is cut out; NULL when nothing is left.
static char *take_part(char **rest, char stop)
{
    return strsep(rest, (const char[]){stop, '\0'});
}

static void check_encoded(const char *text, const char *also)
{
    for (; *text != '\0'; text++) {
        bool is_plain = strchr("-._~", *text) != NULL || strchr(also, *text) != NULL ||
            (*text >= '0' && *text <= '9') || ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z');
        if (is_plain)
            continue;
        check(*text == '%' && strspn(text + 1, "0123456789ABCDEF") >= 2);
        text += 2;
    }
}

static void check_path(const char *path, bool is_kept)
{
    check(*path == '/');
    check_encoded(path, "/");
    if (is_kept)
        return;
    check(strstr(path, "//") == NULL);
    for (const char *at = path; at != NULL; at = strchr(at + 1, '/')) {
        size_t n = strcspn(at + 1, "/");
        check(strncmp(at, "/.", n + 1) != 0 || n != 1);
        check(strncmp(at, "/..", n + 1) != 0 || n != 2);
    }
}

static void check_query(char *query)
{
    const char *name_before = NULL, *value_before = "";
    if (*query == '\0')
        return;
    for (char *value; (value = take_part(&query, '&')) != NULL; value_before = value) {
        const char *name = take_part(&value, '=');
        check(name != NULL && value != NULL);
        check_encoded(name, "");
        check_encoded(value, "");
        int order = name_before != NULL ? strcmp(name_before, name) : -1;
        check(order < 0 || (order == 0 && strcmp(value_before, value) <= 0));
        name_before = name;
    }
}

// One line each, in the order of `names`, and no line more.
static void check_headers(char **rest, char *names)
{
    const char *before = "";
    for (char *name; (name = take_part(&names, ';')) != NULL; before = name) {
        char *value = take_part(rest, '\n');
        check(value != NULL && strcmp(take_part(&value, ':'), name) == 0);
        check(value != NULL && *value != ' ' && strstr(value, "  ") == NULL);
        check(strcmp(before, name) < 0 && strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
    }
    check(*take_part(rest, '\n') == '\0');
}

static void check_form(const struct sigv4 *sigv4, const struct question *question)
{
    scoped_free char *text = xstrdup(sigv4->canonical_request);
    scoped_free char *names = xstrdup(sigv4->signed_headers);
    char *rest = text;
    check(strcmp(take_part(&rest, '\n'), question->request.method) == 0);
    check_path(take_part(&rest, '\n'), question->request.is_path_kept);
    check_query(take_part(&rest, '\n'));
    check_headers(&rest, names);
    check(strcmp(take_part(&rest, '\n'), sigv4->signed_headers) == 0);
    check(rest != NULL && strchr(rest, '\n') == NULL);
    check(strspn(sigv4->signature, "0123456789abcdef") == SIGV4_HEX_MAX - 1);
    check(strstr(sigv4->authorization, sigv4->signature) != NULL);
    check(strstr(sigv4->authorization, sigv4->signed_headers) != NULL);
}

static void check_same(const struct question *question, const struct sigv4 *expected)
{
    struct sigv4 sigv4 = {0};
    check(sign(&sigv4, question) == 0);
    check(strcmp(sigv4.authorization, expected->authorization) == 0);
    check(strcmp(sigv4.canonical_request, expected->canonical_request) == 0);
    sigv4_finish(&sigv4);
}

static bool has_name_twice(const struct question *question)
{
    for (size_t i = 0; i < question->request.n_headers; i++)
        for (size_t k = 0; k < i; k++)
            if (strcasecmp(question->headers[i].name, question->headers[k].name) == 0)
                return true;
    return false;
}

// Parameters from behind, and headers too where the order of one name's values does not count.
static void check_reversed(const struct question *question, const struct sigv4 *expected)
{
    struct question reversed = *question;
    scoped_free char *copy = xstrdup(question->request.query);
    scoped_free char *query = xstrdup("");
    for (char *rest = copy, *part; (part = take_part(&rest, '&')) != NULL;) {
        char *longer = xasprintf("%s%s%s", part, part == copy ? "" : "&", query);
        free(query);
        query = longer;
    }
    reversed.request.query = query;
    reversed.request.headers = reversed.headers;
    size_t n = question->request.n_headers;
    for (size_t i = 0; i < n && !has_name_twice(question); i++)
        reversed.headers[i] = question->headers[n - 1 - i];
    check_same(&reversed, expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static struct sigv4 kept; // as the daemon's, over all requests
    struct question question;
    struct sigv4 sigv4 = {0};
    scoped_free char *text = xcalloc(n_bytes + 1, 1);
    if (n_bytes > 0)
        memcpy(text, bytes, n_bytes);
    take_question(text, n_bytes + 1, &question);
    int r = sign(&sigv4, &question);
    check(r == 0 || r == -EINVAL);
    check(sign(&kept, &question) == r);
    if (r == 0) {
        check(strcmp(kept.authorization, sigv4.authorization) == 0);
        check_form(&sigv4, &question);
        check_reversed(&question, &sigv4);
    } else {
        check(sigv4.derived == NULL && sigv4.canonical_request == NULL);
    }
    sigv4_finish(&sigv4);
    return 0;
}
