// SPDX-License-Identifier: Apache-2.0
// For what a derived key serves, and what is left of secrets in memory. Signatures of AWS's suite
// and of Python's hmac; the derived keys are those of AWS's own example of the derivation.
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "aws/sigv4_key.h"
#include "sigv4_bench.h"
#include "support/memory_search.h"

#define MIDNIGHT_S INT64_C(1440979200) // after the example's day
#define EXAMPLE    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
#define LAST       "f1e56d41656220792b3e2fff083515f2c4b7550ef6f82dfbfb6179174236566e"
#define ROTATED    "3fc704ba5f93d12a4e78235cbd23d1708622a7bd0b0d4632ad96aeed55176faa"
#define TOMORROW   "fa3fba94187bf15a4fd1e2522dc0dc411d682bdd6ad70439810e6a51e24715a3"
#define IRELAND    "c2247dd8625f9b1ca6e790cef12e752a4a4707fb14ecedede65539e6fd15f772"
#define LOGS       "ec1c2382de0c0b4ee93275b36f067275283e026102c8ac2727cffa8c742e2aa9"

static void assert_signature(struct bench *bench, const char *signature)
{
    sign(bench);
    assert_string_equal(bench->sigv4.signature, signature);
}

// A key that is used again shows it in the signature.
static void spoil_key(struct bench *bench)
{
    bench->sigv4.derived->key[0] ^= 1;
}

static void a_key_serves_until_the_day_is_over(void **state)
{
    struct bench *bench = *state;
    assert_signature(bench, EXAMPLE);
    bench->time_s = MIDNIGHT_S - 1;
    assert_signature(bench, LAST);
    spoil_key(bench);
    sign(bench);
    assert_string_not_equal(bench->sigv4.signature, LAST);
    bench->time_s = MIDNIGHT_S;
    assert_signature(bench, TOMORROW);
    bench->time_s = EXAMPLE_S;
    assert_signature(bench, EXAMPLE);
}

static void other_requests_and_tokens_are_signed_with_the_same_key(void **state)
{
    struct bench *bench = *state;
    sign(bench);
    struct sigv4_derived before = *bench->sigv4.derived;
    bench->request.path = "/other";
    bench->keys.session_token = "token";
    sign(bench);
    assert_memory_equal(bench->sigv4.derived, &before, sizeof(before));
}

static void a_changed_secret_never_signs_with_the_old_key(void **state)
{
    struct bench *bench = *state;
    assert_signature(bench, EXAMPLE);
    bench->keys.secret_access_key = "rotated";
    assert_signature(bench, ROTATED);
    bench->keys.secret_access_key = EXAMPLE_SECRET;
    assert_signature(bench, EXAMPLE);
}

static void each_part_of_the_credential_has_its_key(void **state)
{
    struct bench *bench = *state;
    assert_signature(bench, EXAMPLE);
    bench->scope.region = "eu-west-1";
    assert_signature(bench, IRELAND);
    bench->scope.region = "us-east-1";
    bench->scope.service = "logs";
    assert_signature(bench, LOGS);
    bench->scope.service = "service";
    assert_signature(bench, EXAMPLE);
    spoil_key(bench);
    bench->keys.access_key_id = "ASIAOTHER";
    assert_signature(bench, EXAMPLE);
}

static void a_key_is_not_in_core_dumps(void **state)
{
    struct bench *bench = *state;
    static int elsewhere;
    sign(bench);
    assert_true(memory_is_undumped(bench->sigv4.derived));
    assert_false(memory_is_undumped(&elsewhere));
}

// AWS's example: 2012-02-15, us-east-1, iam. Day, region, service, the key.
static const uint8_t steps[][SIGV4_DIGEST_BYTES] = {
    {0x96, 0x9f, 0xbb, 0x94, 0xfe, 0xb5, 0x42, 0xb7, 0x1e, 0xde, 0x6f, 0x87, 0xfe, 0x4d, 0x5f, 0xa2,
        0x9c, 0x78, 0x93, 0x42, 0xb0, 0xf4, 0x07, 0x47, 0x46, 0x70, 0xf0, 0xc2, 0x48, 0x9e, 0x0a,
        0x0d},
    {0x69, 0xda, 0xa0, 0x20, 0x9c, 0xd9, 0xc5, 0xff, 0x5c, 0x8c, 0xed, 0x46, 0x4a, 0x69, 0x6f, 0xd4,
        0x25, 0x2e, 0x98, 0x14, 0x30, 0xb1, 0x0e, 0x3d, 0x3f, 0xd8, 0xe2, 0xf1, 0x97, 0xd7, 0xa7,
        0x0c},
    {0xf7, 0x2c, 0xfd, 0x46, 0xf2, 0x6b, 0xc4, 0x64, 0x3f, 0x06, 0xa1, 0x1e, 0xab, 0xb6, 0xc0, 0xba,
        0x18, 0x78, 0x0c, 0x19, 0xa8, 0xda, 0x0c, 0x31, 0xac, 0xe6, 0x71, 0x26, 0x5e, 0x3c, 0x87,
        0xfa},
    {0xf4, 0x78, 0x0e, 0x2d, 0x9f, 0x65, 0xfa, 0x89, 0x5f, 0x9c, 0x67, 0xb3, 0x2c, 0xe1, 0xba, 0xf0,
        0xb0, 0xd8, 0xa4, 0x35, 0x05, 0xa0, 0x00, 0xa1, 0xa9, 0xe0, 0x90, 0xd4, 0x14, 0xdb, 0x40,
        0x4d},
};

static void sign_the_example_of_2012(struct bench *bench)
{
    bench->time_s = 1329307200; // 2012-02-15T12:00:00Z
    bench->scope.service = "iam";
    sign(bench);
}

static size_t count_text(const char *text)
{
    return memory_count(text, strlen(text));
}

static void only_the_derived_key_stays_in_memory(void **state)
{
    struct bench *bench = *state;
    sign_the_example_of_2012(bench);
    assert_memory_equal(bench->sigv4.derived->key, steps[3], SIGV4_DIGEST_BYTES);
    assert_int_equal(count_text(EXAMPLE_SECRET), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(memory_count(steps[i], SIGV4_DIGEST_BYTES), 0);
    assert_int_equal(memory_count(steps[3], SIGV4_DIGEST_BYTES), 1);
}

// Long enough that no step of the chain writes over all of it.
static void no_piece_of_a_secret_stays_in_memory(void **state)
{
    (void)state;
    static const char secret[] = "piece-01-of-many;piece-02-of-many;piece-03-of-many;"
                                 "piece-04-of-many;piece-05-of-many;piece-06-of-many;"
                                 "piece-07-of-many;piece-08-of-many;piece-09-of-many;";
    struct sigv4_derived *derived = NULL;
    assert_int_equal(sigv4_derive(&derived, secret, "AKID/20150830/us-east-1/s/aws4_request"), 0);
    assert_int_equal(count_text("-of-many;piece-"), 0);
    sigv4_derived_destroy(derived);
}

static void nothing_stays_once_it_is_finished(void **state)
{
    struct bench *bench = *state;
    sign_the_example_of_2012(bench);
    sigv4_finish(&bench->sigv4);
    assert_int_equal(memory_count(steps[3], SIGV4_DIGEST_BYTES), 0);
    assert_null(bench->sigv4.derived);
}

static void a_session_token_is_gone_with_its_request(void **state)
{
    struct bench *bench = *state;
    static const char first[] = "the-first-session-token-of-some",
                      second[] = "the-second-one-of-it";
    bench->keys.session_token = first;
    sign(bench);
    assert_int_equal(count_text(first), 1);
    bench->keys.session_token = second;
    sign(bench);
    assert_int_equal(count_text(first), 0);
    assert_int_equal(count_text(second), 1);
    sigv4_finish(&bench->sigv4);
    assert_int_equal(count_text(second), 0);
}

static void what_is_left_in_memory_is_found(void **state)
{
    (void)state;
    static const char left[] = "left behind on the heap";
    char *copy = xstrdup(left);
    assert_int_equal(count_text(left), 1);
    OPENSSL_cleanse(copy, strlen(copy));
    free(copy);
    assert_int_equal(count_text(left), 0);
}

static void a_library_that_fails_changes_nothing(void **state)
{
    struct bench *bench = *state;
    char hex[SIGV4_HEX_MAX] = "untouched";
    sign(bench);
    struct sigv4 before = bench->sigv4;
    // There is no such provider, so there are no algorithms.
    assert_int_equal(EVP_set_default_properties(NULL, "provider=none"), 1);
    bench->keys.secret_access_key = "rotated";
    int signing = try_to_sign(bench), hashing = sigv4_hash("", 0, hex);
    unsigned long error = ERR_peek_error();
    assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
    assert_int_equal(signing, -EIO);
    assert_int_equal(hashing, -EIO);
    assert_int_equal(error, 0);
    assert_string_equal(hex, "untouched");
    assert_memory_equal(&bench->sigv4, &before, sizeof(before));
    assert_signature(bench, ROTATED);
}

static void a_library_that_fails_derives_nothing(void **state)
{
    (void)state;
    struct sigv4_derived *derived = NULL;
    assert_int_equal(EVP_set_default_properties(NULL, "provider=none"), 1);
    int r = sigv4_derive(&derived, EXAMPLE_SECRET, "AKID/20150830/us-east-1/s/aws4_request");
    unsigned long error = ERR_peek_error();
    assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
    assert_int_equal(r, -EIO);
    assert_int_equal(error, 0);
    assert_null(derived);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(a_key_serves_until_the_day_is_over),
        WITH_BENCH(other_requests_and_tokens_are_signed_with_the_same_key),
        WITH_BENCH(a_changed_secret_never_signs_with_the_old_key),
        WITH_BENCH(each_part_of_the_credential_has_its_key),
        WITH_BENCH(a_key_is_not_in_core_dumps),
        WITH_BENCH(only_the_derived_key_stays_in_memory),
        cmocka_unit_test(no_piece_of_a_secret_stays_in_memory),
        WITH_BENCH(nothing_stays_once_it_is_finished),
        WITH_BENCH(a_session_token_is_gone_with_its_request),
        WITH_BENCH(a_library_that_fails_changes_nothing),
        cmocka_unit_test(a_library_that_fails_derives_nothing),
        cmocka_unit_test(what_is_left_in_memory_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
