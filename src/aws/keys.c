// SPDX-License-Identifier: Apache-2.0
// Texts are looked at before any is copied, and never leave without being wiped.
#include <stdlib.h>
#include <string.h>

#include "aws/keys.h"
#include "base.h"

// A blank at the end is refused, not cut: the service would say no more than that the signature is
// wrong, of keys that look right to who pasted them.
static bool is_usable(const char *text, size_t n_max)
{
    if (text == NULL || *text == '\0' || strlen(text) > n_max)
        return false;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

bool aws_keys_set(struct aws_keys *keys, const struct sigv4_keys *from, int64_t expires_ms)
{
    bool has_token = from->session_token != NULL && *from->session_token != '\0';
    if (!is_usable(from->access_key_id, AWS_KEY_ID_MAX) ||
        strpbrk(from->access_key_id, "/,") != NULL ||
        !is_usable(from->secret_access_key, SIGV4_SECRET_MAX) ||
        (has_token && !is_usable(from->session_token, AWS_TOKEN_MAX)))
        return false;
    struct aws_keys next = {.access_key_id = xstrdup(from->access_key_id),
        .secret_access_key = xstrdup(from->secret_access_key),
        .session_token = has_token ? xstrdup(from->session_token) : NULL,
        .expires_ms = expires_ms};
    aws_keys_finish(keys);
    *keys = next;
    return true;
}

void aws_keys_finish(struct aws_keys *keys)
{
    if (keys == NULL)
        return;
    aws_free_secret(keys->access_key_id);
    aws_free_secret(keys->secret_access_key);
    aws_free_secret(keys->session_token);
    *keys = (struct aws_keys){0};
}

void aws_free_secret(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}
