// SPDX-License-Identifier: Apache-2.0
// What goes into a question to STS, and what comes out of its answer. Pure. Fuzzed by
// test/fuzz/credentials_fuzz.c.
#include <string.h>

#include "aws/sts.h"
#include "aws/timestamp.h"
#include "aws/xml.h"
#include "base/parse.h"

// Bounds: STS, API reference, AssumeRole.
#define ARN_MIN         20
#define ARN_MAX         2048
#define NAME_MIN        2
#define NAME_MAX        64
#define EXTERNAL_ID_MAX 1224
#define DURATION_MIN_S  900
#define DURATION_MAX_S  43200

#define WORD_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static bool has_only(const char *text, const char *letters, size_t n_min, size_t n_max)
{
    size_t n = strlen(text);
    return n >= n_min && n <= n_max && strspn(text, letters) == n;
}

const char *sts_check_role(const char *arn)
{
    if (strncmp(arn, "arn:", 4) == 0 && strstr(arn, ":role/") != NULL &&
        has_only(arn, WORD_LETTERS "+=,.@-/:!\"#$%&'()*;<>?[\\]^`{|}~", ARN_MIN, ARN_MAX))
        return NULL;
    return "the ARN of a role, such as arn:aws:iam::123456789012:role/NAME";
}

const char *sts_check_session_name(const char *name)
{
    if (has_only(name, WORD_LETTERS "+=,.@-", NAME_MIN, NAME_MAX))
        return NULL;
    return "2 to 64 letters, digits and _+=,.@-";
}

const char *sts_check_external_id(const char *id)
{
    if (has_only(id, WORD_LETTERS "+=,.@:/-", NAME_MIN, EXTERNAL_ID_MAX))
        return NULL;
    return "2 to 1224 letters, digits and _+=,.@:/-";
}

const char *sts_check_duration(const char *digits)
{
    uint64_t s;
    if (parse_u64(digits, &s) && s >= DURATION_MIN_S && s <= DURATION_MAX_S)
        return NULL;
    return "900 to 43200, in seconds";
}

// The elements of one Credentials; the name of each is in no other part of the answers.
bool sts_read_keys(const char *xml, size_t n_bytes, struct aws_keys *ret_keys)
{
    char *id = xml_text(xml, n_bytes, "AccessKeyId");
    char *secret = xml_text(xml, n_bytes, "SecretAccessKey");
    char *token = xml_text(xml, n_bytes, "SessionToken");
    scoped_free char *end = xml_text(xml, n_bytes, "Expiration");
    struct aws_keys keys = {0};
    int64_t expires_ms;
    bool is_good = token != NULL && end != NULL && aws_timestamp_parse(end, &expires_ms) &&
        aws_keys_set(&keys, &(struct sigv4_keys){id, secret, token}, expires_ms);
    aws_free_secret(id);
    aws_free_secret(secret);
    aws_free_secret(token);
    if (is_good)
        *ret_keys = keys;
    return is_good;
}
