// SPDX-License-Identifier: Apache-2.0
// A signature, stage after stage: canonical request, string to sign, signature.
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

#include "aws/sigv4.h"
#include "aws/sigv4_canonical.h"
#include "aws/sigv4_key.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define LAST_S    INT64_C(253402300799) // of the year 9999

// A part between slashes, or between commas in the header.
static bool is_part(const char *text)
{
    return sigv4_is_plain(text) && strpbrk(text, "/,") == NULL;
}

static bool are_usable(const struct sigv4_keys *keys, const struct sigv4_scope *scope)
{
    return is_part(keys->access_key_id) && is_part(scope->region) && is_part(scope->service) &&
        sigv4_is_plain(keys->secret_access_key) &&
        strlen(keys->secret_access_key) <= SIGV4_SECRET_MAX &&
        (keys->session_token == NULL || sigv4_is_plain(keys->session_token));
}

static void format_time(int64_t time_s, char ret_text[static SIGV4_TIME_MAX])
{
    struct tm utc;
    gmtime_r(&(time_t){time_s}, &utc);
    strftime(ret_text, SIGV4_TIME_MAX, "%Y%m%dT%H%M%SZ", &utc);
}

int sigv4_hash(const void *bytes, size_t n_bytes, char ret_hex[static SIGV4_HEX_MAX])
{
    uint8_t digest[SIGV4_DIGEST_BYTES];
    if (EVP_Q_digest(NULL, "SHA256", NULL, bytes, n_bytes, digest, NULL) != 1) {
        ERR_clear_error(); // who uses TLS would take it for an error of its own
        return -EIO;
    }
    sigv4_hex(digest, ret_hex);
    return 0;
}

// The scope is the credential without its first part.
static int make_string_to_sign(struct sigv4 *sigv4, const char *scope)
{
    char hash[SIGV4_HEX_MAX];
    int r = sigv4_hash(sigv4->canonical_request, strlen(sigv4->canonical_request), hash);
    if (r == 0)
        sigv4->string_to_sign = xasprintf(ALGORITHM "\n%s\n%s\n%s", sigv4->time, scope, hash);
    return r;
}

static int make_authorization(struct sigv4 *sigv4, const char *secret, const char *credential)
{
    int r = sigv4_derive(&sigv4->derived, secret, credential);
    if (r == 0)
        r = sigv4_mac(sigv4->derived, sigv4->string_to_sign, sigv4->signature);
    if (r == 0)
        sigv4->authorization = xasprintf(ALGORITHM " Credential=%s, SignedHeaders=%s, Signature=%s",
            credential, sigv4->signed_headers, sigv4->signature);
    return r;
}

static void free_texts(struct sigv4 *sigv4)
{
    if (sigv4->canonical_request != NULL)
        OPENSSL_cleanse(sigv4->canonical_request, strlen(sigv4->canonical_request));
    free(sigv4->canonical_request);
    free(sigv4->signed_headers);
    free(sigv4->string_to_sign);
    free(sigv4->authorization);
}

int sigv4_sign(struct sigv4 *sigv4, const struct sigv4_request *request,
    const struct sigv4_keys *keys, const struct sigv4_scope *scope, int64_t time_s)
{
    if (!sigv4_request_is_signable(request) || !are_usable(keys, scope) || time_s < 0 ||
        time_s > LAST_S)
        return -EINVAL;
    struct sigv4 next = {.derived = sigv4->derived};
    format_time(time_s, next.time);
    scoped_free char *credential = xasprintf("%s/%.8s/%s/%s/aws4_request", keys->access_key_id,
        next.time, scope->region, scope->service);
    int r = sigv4_canonicalize(&next, request, keys->session_token);
    if (r == 0)
        r = make_string_to_sign(&next, credential + strlen(keys->access_key_id) + 1);
    if (r == 0)
        r = make_authorization(&next, keys->secret_access_key, credential);
    sigv4->derived = next.derived;
    free_texts(r == 0 ? sigv4 : &next);
    if (r == 0)
        *sigv4 = next;
    return r;
}

void sigv4_finish(struct sigv4 *sigv4)
{
    if (sigv4 == NULL)
        return;
    free_texts(sigv4);
    sigv4_derived_destroy(sigv4->derived);
    *sigv4 = (struct sigv4){0};
}
