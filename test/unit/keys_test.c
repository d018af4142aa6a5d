// SPDX-License-Identifier: Apache-2.0
// Which keys can be signed with. The first pair are the examples of AWS's documentation.
#include <stdlib.h>
#include <string.h>

#include "aws/keys.h"
#include "base.h"
#include "support/unit.h"

static const struct sigv4_keys good = {
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AQoDYXdzEJr=="};

static char *long_text(size_t length)
{
    char *text = xcalloc(length + 1, 1);
    memset(text, 'x', length);
    return text;
}

static void keys_are_copied(void **state)
{
    (void)state;
    struct aws_keys keys = {0};
    char id[] = "AKIAIOSFODNN7EXAMPLE", secret[] = "secret", token[] = "token";
    assert_true(aws_keys_set(&keys, &(struct sigv4_keys){id, secret, token}, 1700000000123));
    memset(id, '-', strlen(id));
    memset(secret, '-', strlen(secret));
    memset(token, '-', strlen(token));
    assert_string_equal(keys.access_key_id, "AKIAIOSFODNN7EXAMPLE");
    assert_string_equal(keys.secret_access_key, "secret");
    assert_string_equal(keys.session_token, "token");
    assert_int_equal(keys.expires_ms, 1700000000123);
    aws_keys_finish(&keys);
    assert_null(keys.access_key_id);
    assert_null(keys.session_token);
}

static void new_keys_take_the_place_of_old_ones(void **state)
{
    (void)state;
    struct aws_keys keys = {0};
    assert_true(aws_keys_set(&keys, &good, 1));
    struct sigv4_keys own = {keys.access_key_id, keys.secret_access_key, NULL};
    assert_true(aws_keys_set(&keys, &own, AWS_NEVER_EXPIRES));
    assert_string_equal(keys.access_key_id, good.access_key_id);
    assert_string_equal(keys.secret_access_key, good.secret_access_key);
    assert_null(keys.session_token);
    assert_true(keys.expires_ms == INT64_MAX);
    aws_keys_finish(&keys);
}

static void no_token_and_an_empty_one_are_the_same(void **state)
{
    (void)state;
    struct aws_keys keys = {0};
    assert_true(aws_keys_set(&keys, &(struct sigv4_keys){"id", "secret", NULL}, 1));
    assert_null(keys.session_token);
    assert_true(aws_keys_set(&keys, &(struct sigv4_keys){"id", "secret", ""}, 1));
    assert_null(keys.session_token);
    aws_keys_finish(&keys);
}

// What HTTP forbids in a header or a signature could not survive, in each of the three.
static void what_no_header_may_have_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {" a", "a ", "a b", "a\t", "\na", "a\n", "a\r\nb: c", "a\x01",
        "\x7f", "a\x80", "\xc3\xbc", "\xff", " "};
    struct aws_keys keys = {0};
    assert_true(aws_keys_set(&keys, &good, 7));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_false(aws_keys_set(&keys, &(struct sigv4_keys){bad[i], "b", "c"}, 8));
        assert_false(aws_keys_set(&keys, &(struct sigv4_keys){"a", bad[i], "c"}, 8));
        assert_false(aws_keys_set(&keys, &(struct sigv4_keys){"a", "b", bad[i]}, 8));
    }
    assert_string_equal(keys.access_key_id, good.access_key_id);
    assert_string_equal(keys.secret_access_key, good.secret_access_key);
    assert_string_equal(keys.session_token, good.session_token);
    assert_int_equal(keys.expires_ms, 7);
    aws_keys_finish(&keys);
}

static void an_id_and_a_secret_must_be_there(void **state)
{
    (void)state;
    struct aws_keys keys = {0};
    assert_false(aws_keys_set(&keys, &(struct sigv4_keys){NULL, "b", NULL}, 1));
    assert_false(aws_keys_set(&keys, &(struct sigv4_keys){"a", NULL, NULL}, 1));
    assert_false(aws_keys_set(&keys, &(struct sigv4_keys){"", "b", NULL}, 1));
    assert_false(aws_keys_set(&keys, &(struct sigv4_keys){"a", "", NULL}, 1));
    assert_null(keys.access_key_id);
}

static void every_printable_character_passes(void **state)
{
    (void)state;
    char all[95] = "";
    for (int c = '!'; c <= '~'; c++)
        all[c - '!'] = (char)c;
    struct aws_keys keys = {0};
    assert_true(aws_keys_set(&keys, &(struct sigv4_keys){"a", all, all}, 1));
    assert_string_equal(keys.secret_access_key, all);
    assert_string_equal(keys.session_token, all);
    // They part the credential and the header that an id stands in.
    assert_false(aws_keys_set(&keys, &(struct sigv4_keys){"a/b", "b", NULL}, 1));
    assert_false(aws_keys_set(&keys, &(struct sigv4_keys){"a,b", "b", NULL}, 1));
    memcpy(strchr(all, '/'), "x", 1);
    memcpy(strchr(all, ','), "x", 1);
    assert_true(aws_keys_set(&keys, &(struct sigv4_keys){all, "b", NULL}, 1));
    aws_keys_finish(&keys);
}

static void each_has_its_greatest_length(void **state)
{
    (void)state;
    struct aws_keys keys = {0};
    scoped_free char *id = long_text(128), *longer_id = long_text(129);
    scoped_free char *secret = long_text(256), *longer_secret = long_text(257);
    scoped_free char *token = long_text(65536), *longer_token = long_text(65537);
    assert_true(aws_keys_set(&keys, &(struct sigv4_keys){id, secret, token}, 1));
    assert_int_equal(strlen(keys.session_token), 65536);
    assert_false(aws_keys_set(&keys, &(struct sigv4_keys){longer_id, secret, token}, 1));
    assert_false(aws_keys_set(&keys, &(struct sigv4_keys){id, longer_secret, token}, 1));
    assert_false(aws_keys_set(&keys, &(struct sigv4_keys){id, secret, longer_token}, 1));
    aws_keys_finish(&keys);
}

static void finishing_takes_null_and_nothing(void **state)
{
    (void)state;
    struct aws_keys keys = {0};
    aws_keys_finish(NULL);
    aws_keys_finish(&keys);
    aws_keys_finish(&keys);
    aws_free_secret(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(new_keys_take_the_place_of_old_ones),
        cmocka_unit_test(no_token_and_an_empty_one_are_the_same),
        cmocka_unit_test(what_no_header_may_have_is_refused),
        cmocka_unit_test(an_id_and_a_secret_must_be_there),
        cmocka_unit_test(every_printable_character_passes),
        cmocka_unit_test(each_has_its_greatest_length),
        cmocka_unit_test(finishing_takes_null_and_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
