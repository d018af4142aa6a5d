// SPDX-License-Identifier: Apache-2.0
// Any bytes are what a service, or what stands in its place, answers: three lines are headers
// (type, query error, location), the rest is the body. A code is one word, a message one line that
// can be printed and that holds nothing of the keys (a byte 0x01 of the input stands for the
// token), the text of an element stands in the document, and a date that is one is written the same
// again.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aws/error.h"
#include "aws/skew.h"
#include "aws/xml.h"

#define TOKEN "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQD+Qf7o0x=="
#define PIECE ((size_t)12) // the least that is left out

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static const struct sigv4_keys keys = {
    "ASIAQWERTYUIOPASDFGH", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", TOKEN};

static void check(bool claim)
{
    if (!claim)
        abort();
}

static void check_code(const char *code)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t n = strnlen(code, AWS_CODE_MAX);
    check(n < AWS_CODE_MAX && strspn(code, allowed) == n);
}

static void check_has_nothing_of(const char *message, const char *secret)
{
    for (size_t i = 0; i + PIECE <= strlen(secret); i++)
        check(memmem(message, strlen(message), secret + i, PIECE) == NULL);
}

static void check_message(const char *message)
{
    size_t n = strnlen(message, AWS_MESSAGE_MAX);
    check(n < AWS_MESSAGE_MAX);
    check(n == 0 || message[0] != ' ');
    check(strstr(message, "  ") == NULL);
    for (size_t i = 0; i < n; i++)
        check(message[i] >= ' ' && message[i] <= '~');
    check_has_nothing_of(message, keys.access_key_id);
    check_has_nothing_of(message, keys.secret_access_key);
    check_has_nothing_of(message, keys.session_token);
}

static void check_error(const struct aws_error_answer *answer)
{
    struct aws_error_text text, again;
    aws_error_read(answer, &text);
    aws_error_read(answer, &again);
    check(memcmp(&text, &again, sizeof(text)) == 0);
    check_code(text.code);
    check_message(text.message);
    check(aws_error_kind(answer->status, text.code) <= AWS_ERROR_INVALID);
    check(answer->status / 100 != 3 || text.message[0] != '\0');
}

static void check_element(const char *xml, size_t n_bytes, const char *name)
{
    scoped_free char *text = xml_text(xml, n_bytes, name);
    if (text == NULL)
        return;
    size_t n = strlen(text);
    check(n > 0 && n <= n_bytes);
    check(memmem(xml, n_bytes, name, strlen(name)) != NULL);
    // Without a reference in it, it stands there as it is.
    if (memchr(xml, '&', n_bytes) == NULL)
        check(memmem(xml, n_bytes, text, n) != NULL && strchr(text, '<') == NULL);
}

static void check_date(const char *text)
{
    int64_t s;
    char again[64];
    struct tm utc;
    if (!aws_date_parse(text, &s))
        return;
    gmtime_r(&(time_t){s}, &utc);
    check(strftime(again, sizeof(again), "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0);
    // strftime writes a year before 1000 without its zeros.
    check(utc.tm_year < 1000 - 1900 || strcmp(text, again) == 0);
}

// The input, with the token where it says so.
static char *expand(const uint8_t *bytes, size_t n_bytes, size_t *ret_n_bytes)
{
    char *text = xcalloc(n_bytes * strlen(TOKEN) + 1, 1), *at = text;
    for (size_t i = 0; i < n_bytes; i++)
        if (bytes[i] == 1)
            at = mempcpy(at, TOKEN, strlen(TOKEN));
        else
            *at++ = (char)bytes[i];
    *ret_n_bytes = (size_t)(at - text);
    return text;
}

// A header; NULL where the line is empty.
static char *take_line(const char **at, const char *end)
{
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    size_t n = (size_t)((newline != NULL ? newline : end) - *at);
    char *line = n > 0 ? xasprintf("%.*s", (int)n, *at) : NULL;
    *at += newline != NULL ? n + 1 : n;
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static const long statuses[] = {400, 403, 500, 302, 429, 200};
    if (n_bytes == 0)
        return 0;
    size_t n_text;
    scoped_free char *text = expand(bytes + 1, n_bytes - 1, &n_text);
    const char *at = text, *end = text + n_text;
    scoped_free char *type = take_line(&at, end);
    scoped_free char *query = take_line(&at, end);
    scoped_free char *location = take_line(&at, end);
    size_t n_body = (size_t)(end - at);
    // Without a byte to spare, for the address sanitizer.
    scoped_free char *body = xcalloc(n_body, 1);
    memcpy(body, at, n_body);
    check_error(&(struct aws_error_answer){.status = statuses[bytes[0] % ARRAY_SIZE(statuses)],
        .type_header = type,
        .query_header = query,
        .location = location,
        .body = body,
        .n_body_bytes = n_body,
        .keys = &keys});
    check_element(body, n_body, "Code");
    check_element(body, n_body, "SessionToken");
    if (type != NULL)
        check_date(type);
    return 0;
}
