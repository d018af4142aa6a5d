// SPDX-License-Identifier: Apache-2.0
// The derived key: a chain of HMACs, remembered as long as nothing that goes into it changes. The
// secret itself is not kept, only a mark of it that cannot be turned back.
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/mman.h>

#include "aws/sigv4_key.h"

#define PREFIX      "AWS4" // goes before the secret
#define PREFIX_SIZE (sizeof(PREFIX) - 1)

struct bytes {
    const void *at;
    size_t n;
};

// `ret_digest` may be the key.
static int hmac(struct bytes key, struct bytes text, uint8_t ret_digest[static SIGV4_DIGEST_BYTES])
{
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key.at, key.n, text.at, text.n, ret_digest,
            SIGV4_DIGEST_BYTES, NULL) != NULL)
        return 0;
    ERR_clear_error(); // who uses TLS would take it for an error of its own
    return -EIO;
}

// `key` begins with the prefix and the secret, `n_key` bytes, and ends with the derived key: an
// HMAC for each part of the credential but the first.
static int chain(uint8_t *key, size_t n_key, const char *credential)
{
    for (const char *at = strchr(credential, '/'); at != NULL; at = strchr(at, '/')) {
        at++;
        struct bytes part = {at, strcspn(at, "/")};
        int r = hmac((struct bytes){key, n_key}, part, key);
        if (r < 0)
            return r;
        n_key = SIGV4_DIGEST_BYTES;
    }
    return 0;
}

static int derive_key(struct sigv4_derived *derived, const char *secret, const char *credential)
{
    uint8_t key[PREFIX_SIZE + SIGV4_SECRET_MAX];
    size_t n_secret = strlen(secret);
    mempcpy(mempcpy(key, PREFIX, PREFIX_SIZE), secret, n_secret);
    int r = chain(key, PREFIX_SIZE + n_secret, credential);
    if (r == 0)
        memcpy(derived->key, key, SIGV4_DIGEST_BYTES);
    OPENSSL_cleanse(key, sizeof(key));
    return r;
}

// NULL when there is no memory.
static struct sigv4_derived *create(void)
{
    void *page = mmap(NULL, sizeof(struct sigv4_derived), PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    madvise(page, sizeof(struct sigv4_derived), MADV_DONTDUMP); // it signs without, too
    return page;
}

int sigv4_derive(struct sigv4_derived **derived, const char *secret, const char *credential)
{
    uint8_t mark[SIGV4_DIGEST_BYTES];
    int r = hmac((struct bytes){secret, strlen(secret)},
        (struct bytes){credential, strlen(credential)}, mark);
    if (r < 0)
        return r;
    if (*derived == NULL && (*derived = create()) == NULL)
        return -ENOMEM;
    if (CRYPTO_memcmp(mark, (*derived)->mark, sizeof(mark)) == 0)
        return 0;
    r = derive_key(*derived, secret, credential);
    if (r == 0)
        memcpy((*derived)->mark, mark, sizeof(mark));
    return r;
}

int sigv4_mac(
    const struct sigv4_derived *derived, const char *text, char ret_hex[static SIGV4_HEX_MAX])
{
    uint8_t digest[SIGV4_DIGEST_BYTES];
    int r = hmac((struct bytes){derived->key, sizeof(derived->key)},
        (struct bytes){text, strlen(text)}, digest);
    if (r == 0)
        sigv4_hex(digest, ret_hex);
    return r;
}

void sigv4_derived_destroy(struct sigv4_derived *derived)
{
    if (derived == NULL)
        return;
    OPENSSL_cleanse(derived, sizeof(*derived));
    munmap(derived, sizeof(*derived));
}

void sigv4_hex(const uint8_t digest[static SIGV4_DIGEST_BYTES], char ret_hex[static SIGV4_HEX_MAX])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SIGV4_DIGEST_BYTES; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[SIGV4_HEX_MAX - 1] = '\0';
}
