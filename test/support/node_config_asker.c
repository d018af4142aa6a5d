// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "support/node_config_asker.h"
#include "support/unit.h"

struct answer ask_bytes(from_text *from, const char *text, size_t n_bytes)
{
    struct answer answer = {0};
    const char *reason = NULL;
    char name[CLUSTER_NAME_MAX + 1];
    memset(name, '?', sizeof(name));
    char *exact = malloc(n_bytes > 0 ? n_bytes : 1);
    memcpy(exact, text, n_bytes);
    answer.r = from(exact, n_bytes, name, &reason);
    // A reason that pointed into the text would be read after this.
    free(exact);
    assert_int_equal(reason != NULL, answer.r == NODE_CONFIG_DOUBTFUL);
    assert_int_equal(name[0] != '?', answer.r == 0);
    if (answer.r == 0)
        memcpy(answer.name, name, strnlen(name, sizeof(name) - 1));
    if (reason != NULL)
        snprintf(answer.reason, sizeof(answer.reason), "%s", reason);
    return answer;
}

static char *with_crlf(const char *text)
{
    char *result = xcalloc(2 * strlen(text) + 1, 1), *at = result;
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            *at++ = '\r';
        *at++ = *text;
    }
    return result;
}

struct answer ask(const char *text)
{
    struct answer answer = ask_bytes(node_config_from_user_data, text, strlen(text));
    scoped_free char *crlf = with_crlf(text);
    struct answer other = ask_bytes(node_config_from_user_data, crlf, strlen(crlf));
    if (memcmp(&answer, &other, sizeof(answer)) != 0)
        fail_msg("with CR LF it is %d %s: %s", other.r, other.name, text);
    return answer;
}

void assert_name(const char *text, const char *name)
{
    struct answer answer = ask(text);
    if (answer.r != 0 || strcmp(answer.name, name) != 0)
        fail_msg("%d \"%s\" (%s), not %s: %s", answer.r, answer.name, answer.reason, name, text);
}

void assert_blue(const char *text)
{
    assert_name(text, "blue");
}

void assert_none(const char *text)
{
    struct answer answer = ask(text);
    if (answer.r != NODE_CONFIG_NONE)
        fail_msg("%d \"%s\" (%s), not none: %s", answer.r, answer.name, answer.reason, text);
}

void assert_doubt(const char *text)
{
    struct answer answer = ask(text);
    if (answer.r != NODE_CONFIG_DOUBTFUL)
        fail_msg("%d \"%s\", not doubtful: %s", answer.r, answer.name, text);
}

void assert_doubt_of(const char *format, const char *word)
{
    const char *at = strstr(format, "%s");
    scoped_free char *text = xasprintf("%.*s%s%s", (int)(at - format), format, word, at + 2);
    assert_doubt(text);
}

void assert_reason(const char *text, const char *reason)
{
    struct answer answer = ask(text);
    assert_int_equal(answer.r, NODE_CONFIG_DOUBTFUL);
    assert_string_equal(answer.reason, reason);
}

struct answer ask_as_it_is(const char *text)
{
    return ask_bytes(node_config_from_user_data, text, strlen(text));
}
