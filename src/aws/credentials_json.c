// SPDX-License-Identifier: Apache-2.0
// What it takes is copied; what jansson holds of it is wiped. Fuzzed by
// test/fuzz/credentials_fuzz.c.
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "aws/credentials_json.h"
#include "aws/timestamp.h"

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_given(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return value != NULL && !json_is_null(value);
}

// "Success" of the metadata service; the container endpoint has none.
static bool has_failed(const json_t *object, char *ret_why)
{
    char code[AWS_MESSAGE_MAX];
    const char *text = member(object, "Code");
    if (!is_given(object, "Code") || (text != NULL && strcmp(text, "Success") == 0))
        return false;
    text = text != NULL ? text : "no text";
    aws_clean(text, strlen(text), NULL, code);
    snprintf(ret_why, CREDENTIALS_JSON_WHY_MAX, "has no keys, but the code %s", code);
    return true;
}

static bool take(const json_t *object, struct aws_keys *ret_keys, char *ret_why)
{
    int64_t expires_ms = AWS_NEVER_EXPIRES;
    const char *end = member(object, "Expiration");
    struct sigv4_keys keys = {
        member(object, "AccessKeyId"), member(object, "SecretAccessKey"), member(object, "Token")};
    if (has_failed(object, ret_why))
        return false;
    if (is_given(object, "Expiration") && (end == NULL || !aws_timestamp_parse(end, &expires_ms))) {
        snprintf(ret_why, CREDENTIALS_JSON_WHY_MAX, "has keys with an Expiration that is no time");
        return false;
    }
    if ((is_given(object, "Token") && keys.session_token == NULL) ||
        !aws_keys_set(ret_keys, &keys, expires_ms)) {
        snprintf(ret_why, CREDENTIALS_JSON_WHY_MAX,
            "lacks AccessKeyId or SecretAccessKey, or has in them, or in Token, what no key has");
        return false;
    }
    return true;
}

static bool read_object(const char *body, size_t n_bytes, struct aws_keys *keys, char *ret_why)
{
    json_t *object = json_loadb(body, n_bytes, 0, NULL);
    bool is_good = json_is_object(object) && take(object, keys, ret_why);
    if (!json_is_object(object))
        snprintf(ret_why, CREDENTIALS_JSON_WHY_MAX, "is no object of JSON");
    json_decref(object);
    return is_good;
}

static void wipe_and_free(void *memory)
{
    if (memory != NULL)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

// jansson's memory is its own, its buffers too: while it reads keys, all of it that is freed is
// wiped.
bool credentials_json_read(const char *body, size_t n_bytes, struct aws_keys *ret_keys,
    char ret_why[static CREDENTIALS_JSON_WHY_MAX])
{
    struct aws_keys keys = {0};
    json_malloc_t allocate;
    json_free_t release;
    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(malloc, wipe_and_free);
    bool is_good = read_object(body, n_bytes, &keys, ret_why);
    json_set_alloc_funcs(allocate, release);
    if (is_good)
        *ret_keys = keys;
    return is_good;
}
