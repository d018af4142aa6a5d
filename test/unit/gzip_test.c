// SPDX-License-Identifier: Apache-2.0
// What is made smaller is the same again when zlib undoes it. (Python undoes it in test/interop.)
#include <string.h>
#include <zlib.h>

#include "base.h"
#include "base/gzip.h"
#include "base/random.h"
#include "support/unit.h"

#define LARGE ((size_t)1 << 20)

// Asserts that it is one member of gzip, whole, of these bytes.
static void assert_undone(const void *smaller, size_t n_smaller, const void *bytes, size_t n_bytes)
{
    unsigned char *again = xcalloc(n_bytes + 1, 1);
    z_stream stream = {.next_in = (z_const Bytef *)smaller,
        .avail_in = (uInt)n_smaller,
        .next_out = again,
        .avail_out = (uInt)n_bytes + 1};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, n_bytes);
    assert_int_equal(stream.avail_in, 0);
    assert_memory_equal(again, bytes, n_bytes);
    inflateEnd(&stream);
    free(again);
}

static size_t round_trip(const void *bytes, size_t n_bytes)
{
    size_t n_smaller = 0;
    scoped_free unsigned char *smaller = gzip_bytes(bytes, n_bytes, &n_smaller);
    // RFC 1952, 2.3.1: the two bytes that identify it, and deflate.
    assert_memory_equal(smaller, "\x1f\x8b\x08", 3);
    assert_undone(smaller, n_smaller, bytes, n_bytes);
    return n_smaller;
}

static void a_text_comes_back(void **state)
{
    (void)state;
    round_trip("{\"Namespace\":\"EnaWatch\"}", 24);
    round_trip("", 0);
}

static void what_repeats_becomes_small(void **state)
{
    (void)state;
    char *zeros = xcalloc(LARGE, 1);
    assert_in_range(round_trip(zeros, LARGE), 1, 2000); // deflate: at best 1,030 to 1
    free(zeros);
}

static void what_cannot_become_smaller_fits_all_the_same(void **state)
{
    (void)state;
    uint64_t random = 1;
    uint64_t *noise = xcalloc(LARGE / sizeof(*noise), sizeof(*noise));
    for (size_t i = 0; i < LARGE / sizeof(*noise); i++)
        noise[i] = next_random(&random);
    assert_true(round_trip(noise, LARGE) > LARGE);
    free(noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_comes_back),
        cmocka_unit_test(what_repeats_becomes_small),
        cmocka_unit_test(what_cannot_become_smaller_fits_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
