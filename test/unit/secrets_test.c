// SPDX-License-Identifier: Apache-2.0
// No copy of a secret is left in memory, freed memory included, once its owner has finished.
#include <string.h>

#include "aws/keys.h"
#include "aws/profile.h"
#include "base.h"
#include "support/aws_home.h"
#include "support/memory_search.h"
#include "support/unit.h"

// The end is what is looked for: whoever frees memory writes to its start.
#define END    "and-what-must-not-be-left-behind"
#define SECRET "the-start-that-may-be-lost-in-it" END

// The address sanitizer would fill what is freed with bytes of its own.
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "max_free_fill_size=0";
}

static size_t copies(void)
{
    return memory_count(END, strlen(END));
}

static void write_text(const struct aws_home *home, const char *text)
{
    aws_home_write(home, "credentials", text, strlen(text));
}

static void secrets_of_profiles_are_wiped(void **state)
{
    static const char *const texts[] = {"[default]\naws_secret_access_key = " SECRET "\n",
        "[default]\na = 1\n  " SECRET "\n  more\n", "[default]\na =\n  b = " SECRET "\n",
        "[default]\n" SECRET " = 1\n"};
    struct aws_home *home = *state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        write_text(home, texts[i]);
        aws_profiles_read(&home->profiles);
        assert_int_equal(copies(), 1);
        aws_profiles_finish(&home->profiles);
        assert_int_equal(copies(), 0);
    }
    assert_int_equal(log_catcher_lines(&home->log), 0);
}

static void secrets_that_were_left_out_are_wiped(void **state)
{
    static const char *const texts[] = {"[default]\n" SECRET "\n",
        "[default] aws_secret_access_key = " SECRET "\n", "aws_secret_access_key = " SECRET "\n",
        "[default]\na =\n  " SECRET "\n", "[default\na = " SECRET "\n"};
    struct aws_home *home = *state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        write_text(home, texts[i]);
        aws_profiles_read(&home->profiles);
        assert_int_equal(log_catcher_lines(&home->log), i + 1);
        assert_int_equal(copies(), 0);
        aws_profiles_finish(&home->profiles);
    }
}

static void a_file_that_is_too_long_is_wiped(void **state)
{
    struct aws_home *home = *state;
    scoped_free char *path = aws_home_path(home, "credentials");
    write_text(home, "[default]\na = " SECRET "\n");
    assert_int_equal(truncate(path, (off_t)AWS_PROFILE_FILE_MAX + 1), 0);
    aws_profiles_read(&home->profiles);
    assert_int_equal(log_catcher_count(&home->log, "more than 1 MiB"), 1);
    assert_int_equal(copies(), 0);
}

static void keys_are_wiped_when_they_are_replaced_and_freed(void **state)
{
    (void)state;
    struct aws_keys keys = {0};
    assert_true(aws_keys_set(&keys, &(struct sigv4_keys){SECRET, SECRET, SECRET}, 1));
    assert_int_equal(copies(), 3);
    assert_true(aws_keys_set(&keys, &(struct sigv4_keys){keys.access_key_id, "new", "new"}, 1));
    assert_int_equal(copies(), 1);
    aws_keys_finish(&keys);
    assert_int_equal(copies(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, aws_home_setup, aws_home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(secrets_of_profiles_are_wiped),
        TEST(secrets_that_were_left_out_are_wiped),
        TEST(a_file_that_is_too_long_is_wiped),
        TEST(keys_are_wiped_when_they_are_replaced_and_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
