// SPDX-License-Identifier: Apache-2.0
// Any bytes are what the metadata service, a container endpoint or STS answers, or the end of keys.
// Keys that are taken are ones that can be signed with, and stand in the answer; what is said of an
// answer that is refused can be printed; a time that is one is written the same again.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aws/credentials_json.h"
#include "aws/sts.h"
#include "aws/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(bool claim)
{
    if (!claim)
        abort();
}

static void check_text(const char *text)
{
    check(text != NULL && *text != '\0');
    for (; *text != '\0'; text++)
        check(*text > ' ' && *text <= '~');
}

// Without an escape or an entity in it, it stands there as it is.
static void check_origin(const char *text, const char *body, size_t n_bytes)
{
    if (memchr(body, '\\', n_bytes) == NULL && memchr(body, '&', n_bytes) == NULL)
        check(memmem(body, n_bytes, text, strlen(text)) != NULL);
}

static void check_keys(struct aws_keys *keys, const char *body, size_t n_bytes)
{
    check_text(keys->access_key_id);
    check_text(keys->secret_access_key);
    check_origin(keys->access_key_id, body, n_bytes);
    check_origin(keys->secret_access_key, body, n_bytes);
    if (keys->session_token != NULL) {
        check_text(keys->session_token);
        check_origin(keys->session_token, body, n_bytes);
    }
    aws_keys_finish(keys);
}

static void check_json(const char *body, size_t n_bytes)
{
    struct aws_keys keys = {0};
    char why[CREDENTIALS_JSON_WHY_MAX] = "";
    if (credentials_json_read(body, n_bytes, &keys, why)) {
        check(why[0] == '\0');
        check_keys(&keys, body, n_bytes);
        return;
    }
    check(keys.access_key_id == NULL && why[0] != '\0');
    for (const char *at = why; *at != '\0'; at++)
        check(*at >= ' ' && *at <= '~');
}

static void check_sts(const char *body, size_t n_bytes)
{
    struct aws_keys keys = {0};
    if (!sts_read_keys(body, n_bytes, &keys)) {
        check(keys.access_key_id == NULL);
        return;
    }
    check(keys.session_token != NULL && keys.expires_ms != AWS_NEVER_EXPIRES);
    check_keys(&keys, body, n_bytes);
}

static void check_time(const char *text)
{
    int64_t ms;
    char again[64];
    struct tm utc;
    size_t n = strlen(text);
    if (!aws_timestamp_parse(text, &ms) || text[n - 1] != 'Z')
        return;
    gmtime_r(&(time_t){ms / 1000 - (ms % 1000 < 0)}, &utc);
    snprintf(again, sizeof(again), "%04d-%02d-%02dT%02d:%02d:%02d", utc.tm_year + 1900,
        utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
    check(strncmp(text, again, strlen(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    // Without a byte to spare, for the address sanitizer.
    scoped_free char *body = xcalloc(n_bytes, 1);
    scoped_free char *text = xcalloc(n_bytes + 1, 1);
    memcpy(body, bytes, n_bytes);
    memcpy(text, bytes, n_bytes);
    check_json(body, n_bytes);
    check_sts(body, n_bytes);
    if (*text != '\0')
        check_time(text);
    return 0;
}
