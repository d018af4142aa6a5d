// SPDX-License-Identifier: Apache-2.0
// AWS's shared files, from where they are to what is asked of them. What their lines mean:
// profile_lines_test.c.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/profile.h"
#include "base.h"
#include "support/aws_home.h"
#include "support/unit.h"

static void write_text(const struct aws_home *home, const char *name, const char *text)
{
    aws_home_write(home, name, text, strlen(text));
}

static void read_again(struct aws_home *home)
{
    aws_profiles_finish(&home->profiles);
    aws_profiles_read(&home->profiles);
}

static void assert_setting(
    const struct aws_home *home, const char *profile, const char *key, const char *expected)
{
    const char *value = aws_profile_get(&home->profiles, profile, key);
    assert_string_equal(value != NULL ? value : "(none)", expected);
}

static void both_files_are_read_and_credentials_win(void **state)
{
    struct aws_home *home = *state;
    write_text(
        home, "config", "[profile a]\nregion = eu-west-1\naws_session_token = old\nx = config\n");
    write_text(home, "credentials", "[a]\naws_access_key_id = AKIA\nX = credentials\n[b]\n");
    read_again(home);
    assert_setting(home, "a", "region", "eu-west-1");
    assert_setting(home, "a", "aws_access_key_id", "AKIA");
    assert_setting(home, "a", "x", "credentials");
    assert_setting(home, "b", "x", "(none)");
    assert_true(aws_profile_exists(&home->profiles, "a"));
    assert_true(aws_profile_exists(&home->profiles, "b"));
    assert_false(aws_profile_exists(&home->profiles, "c"));
    assert_int_equal(log_catcher_lines(&home->log), 0);
}

static void one_file_can_be_asked_alone(void **state)
{
    struct aws_home *home = *state;
    write_text(home, "config", "[profile a]\naws_session_token = old\nx = config\n");
    write_text(home, "credentials", "[a]\naws_access_key_id = AKIA\nx = credentials\n");
    read_again(home);
    const struct aws_profiles *profiles = &home->profiles;
    assert_null(aws_profile_get_from(profiles, AWS_FILE_CREDENTIALS, "a", "aws_session_token"));
    assert_string_equal(aws_profile_get_from(profiles, AWS_FILE_CONFIG, "a", "x"), "config");
    assert_string_equal(
        aws_profile_get_from(profiles, AWS_FILE_CREDENTIALS, "a", "x"), "credentials");
    assert_null(aws_profile_get_from(profiles, AWS_FILE_CONFIG, "a", "aws_access_key_id"));
}

static void the_last_of_equal_settings_holds(void **state)
{
    struct aws_home *home = *state;
    aws_home_read(home,
        "[default]\nregion = a\nRegion = b\ns3 =\n  x = 1\n  y = 2\n  X = 3\n[profile p]\n"
        "[default]\nregion = c\noutput = d\n");
    assert_setting(home, NULL, "region", "c");
    assert_setting(home, NULL, "output", "d");
    assert_setting(home, NULL, "s3.x", "3");
    assert_setting(home, NULL, "s3.y", "2");
    assert_setting(home, "p", "region", "(none)");
}

static void a_setting_that_comes_again_takes_away_what_stood_below_it(void **state)
{
    struct aws_home *home = *state;
    aws_home_read(home, "[default]\ns3 =\n  x = 1\n  y = 2\ns33 = 1\ns3 =\n  y = 3\n");
    assert_setting(home, NULL, "s3.x", "(none)");
    assert_setting(home, NULL, "s3.y", "3");
    aws_home_read(home, "[default]\ns3 =\n  x = 1\n[profile p]\ns3 = 2\n[default]\ns33 = 3\n");
    assert_setting(home, NULL, "s3.x", "1");
}

static void services_are_apart_from_profiles(void **state)
{
    struct aws_home *home = *state;
    write_text(home, "config",
        "[services x]\nsts =\n  endpoint_url = http://a\n[profile x]\nregion = b\n[services y]\n");
    write_text(home, "credentials", "[services x]\nsts =\n  endpoint_url = http://evil\n");
    read_again(home);
    const struct aws_profiles *profiles = &home->profiles;
    assert_string_equal(aws_services_get(profiles, "x", "sts.endpoint_url"), "http://a");
    assert_null(aws_services_get(profiles, "x", "region"));
    assert_null(aws_services_get(profiles, "default", "sts.endpoint_url"));
    assert_string_equal(aws_services_get(profiles, "y", ""), "");
    assert_null(aws_services_get(profiles, "z", ""));
    assert_setting(home, "x", "sts.endpoint_url", "(none)");
    assert_setting(home, "x", "region", "b");
}

static void the_environment_names_the_profile_in_use(void **state)
{
    struct aws_home *home = *state;
    const char config[] =
        "[default]\nregion = a\n[profile p]\nregion = b\n[profile q]\nregion = c\n";
    aws_home_read(home, config);
    assert_string_equal(home->profiles.name, "default");
    assert_setting(home, NULL, "region", "a");
    setenv("AWS_DEFAULT_PROFILE", "q", 1);
    aws_home_read(home, config);
    assert_setting(home, NULL, "region", "c");
    setenv("AWS_PROFILE", "p", 1);
    aws_home_read(home, config);
    assert_string_equal(home->profiles.name, "p");
    assert_setting(home, NULL, "region", "b");
    assert_setting(home, "default", "region", "a");
    setenv("AWS_PROFILE", "", 1);
    aws_home_read(home, config);
    assert_setting(home, NULL, "region", "c");
    assert_int_equal(log_catcher_lines(&home->log), 0);
}

static void a_profile_that_is_nowhere_is_said(void **state)
{
    struct aws_home *home = *state;
    setenv("AWS_PROFILE", "prod", 1);
    aws_home_read(home, "[default]\nregion = a\n");
    assert_int_equal(log_catcher_count(&home->log, "AWS_PROFILE names is in neither"), 1);
    assert_setting(home, NULL, "region", "(none)");
    write_text(home, "credentials", "[prod]\n");
    read_again(home);
    assert_int_equal(log_catcher_lines(&home->log), 1);
}

static void no_files_are_no_trouble(void **state)
{
    struct aws_home *home = *state;
    read_again(home);
    assert_int_equal(home->profiles.n_entries, 0);
    assert_false(aws_profile_exists(&home->profiles, NULL));
    write_text(home, "other", "");
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    scoped_free char *below_a_file = aws_home_path(home, "other/config");
    setenv("AWS_SHARED_CREDENTIALS_FILE", below_a_file, 1);
    read_again(home);
    assert_int_equal(home->profiles.n_entries, 0);
    assert_int_equal(log_catcher_lines(&home->log), 0);
}

static void without_a_home_there_are_no_files(void **state)
{
    struct aws_home *home = *state;
    static const char *const homes[] = {"", ".", NULL};
    write_text(home, "config", "[default]\nregion = a\n");
    write_text(home, "credentials", "[default]\nx = a\n");
    assert_int_equal(chdir(home->folder), 0); // where a HOME of "" or "." would find them
    for (size_t i = 0; i < ARRAY_SIZE(homes); i++) {
        if (homes[i] != NULL)
            setenv("HOME", homes[i], 1);
        else
            unsetenv("HOME");
        setenv("AWS_CONFIG_FILE", "~/.aws/config", 1);
        read_again(home);
        assert_int_equal(home->profiles.n_entries, 0);
    }
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(log_catcher_lines(&home->log), 0);
}

static void files_may_be_elsewhere(void **state)
{
    struct aws_home *home = *state;
    write_text(home, "config", "[default]\nregion = wrong\n");
    write_text(home, "other", "[default]\nregion = right\n");
    scoped_free char *path = aws_home_path(home, "other");
    setenv("AWS_CONFIG_FILE", path, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/other", 1);
    read_again(home);
    assert_int_equal(home->profiles.n_entries, 4);
    assert_setting(home, NULL, "region", "right");
    assert_string_equal(
        aws_profile_get_from(&home->profiles, AWS_FILE_CONFIG, NULL, "region"), "right");
    unsetenv("HOME");
    read_again(home);
    assert_int_equal(home->profiles.n_entries, 2);
    setenv("AWS_CONFIG_FILE", "", 1); // is not set
    setenv("HOME", home->folder, 1);
    read_again(home);
    assert_string_equal(
        aws_profile_get_from(&home->profiles, AWS_FILE_CONFIG, NULL, "region"), "wrong");
}

static void bad_lines_are_said_once_for_a_file_and_without_their_text(void **state)
{
    struct aws_home *home = *state;
    write_text(home, "config", "[default]\nregion = a\nwJalrXUtnFEMI\n");
    write_text(home, "credentials", "AKIASECRET\n[default]\nAKIASECRET\nx = 1\n[AKIASECRET\n");
    read_again(home);
    assert_int_equal(log_catcher_lines(&home->log), 2);
    assert_int_equal(log_catcher_count(&home->log, "/.aws/config:3: left out: a line is"), 1);
    assert_int_equal(
        log_catcher_count(&home->log, "/.aws/credentials:1: left out, and 2 more lines"), 1);
    assert_int_equal(log_catcher_count(&home->log, "AKIASECRET"), 0);
    assert_int_equal(log_catcher_count(&home->log, "wJalrXUtnFEMI"), 0);
    assert_setting(home, NULL, "region", "a");
    assert_setting(home, NULL, "x", "1");
}

static void a_file_has_one_mebibyte_at_most(void **state)
{
    struct aws_home *home = *state;
    static const char start[] = "[default]\nregion = a\n";
    scoped_free char *text = malloc(AWS_PROFILE_FILE_MAX + 1);
    memset(text, '\n', AWS_PROFILE_FILE_MAX + 1);
    memcpy(text, start, strlen(start));
    aws_home_write(home, "config", text, 1048576);
    read_again(home);
    assert_setting(home, NULL, "region", "a");
    assert_int_equal(log_catcher_lines(&home->log), 0);
    aws_home_write(home, "config", text, 1048577);
    read_again(home);
    assert_int_equal(home->profiles.n_entries, 0);
    assert_int_equal(log_catcher_count(&home->log, ".aws/config cannot be read: it has more"), 1);
}

static void what_is_no_regular_file_is_said_and_not_waited_for(void **state)
{
    struct aws_home *home = *state;
    scoped_free char *fifo = aws_home_path(home, "other");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    setenv("AWS_CONFIG_FILE", fifo, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", home->folder, 1);
    read_again(home);
    assert_int_equal(log_catcher_count(&home->log, "cannot be read: it is not a regular file"), 2);
    setenv("AWS_CONFIG_FILE", "/dev/zero", 1);
    read_again(home);
    assert_int_equal(log_catcher_count(&home->log, "/dev/zero cannot be read"), 1);
}

// A link to itself is an errno that root gets too.
static void a_file_that_cannot_be_opened_is_said(void **state)
{
    struct aws_home *home = *state;
    scoped_free char *path = aws_home_path(home, "config");
    assert_int_equal(symlink(path, path), 0);
    write_text(home, "credentials", "[default]\nx = 1\n");
    read_again(home);
    assert_int_equal(log_catcher_count(&home->log, ".aws/config cannot be read: Too many"), 1);
    assert_int_equal(log_catcher_lines(&home->log), 1);
    assert_setting(home, NULL, "x", "1");
}

// Permissions are none for root: as nobody, then.
static void read_as_nobody(struct aws_home *home, mode_t folder_mode, mode_t file_mode)
{
    static const uid_t nobody = 65534;
    scoped_free char *folder = aws_home_path(home, ""), *file = aws_home_path(home, "config");
    bool is_root = geteuid() == 0;
    chmod(file, file_mode);
    chmod(folder, folder_mode);
    if (is_root) {
        assert_int_equal(chown(home->folder, nobody, (gid_t)-1), 0);
        assert_int_equal(chown(folder, nobody, (gid_t)-1), 0);
        assert_int_equal(seteuid(nobody), 0);
    }
    read_again(home);
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    chmod(folder, 0700);
    chmod(file, 0600);
}

static void a_file_that_must_not_be_read_is_said_but_not_a_home_that_is_closed(void **state)
{
    struct aws_home *home = *state;
    write_text(home, "config", "[default]\nregion = a\n");
    scoped_free char *path = aws_home_path(home, "config");
    read_as_nobody(home, 0, 0600);
    assert_int_equal(home->profiles.n_entries, 0);
    assert_int_equal(log_catcher_lines(&home->log), 0);
    read_as_nobody(home, 0700, 0);
    assert_int_equal(log_catcher_count(&home->log, ".aws/config cannot be read: Permission"), 1);
    setenv("AWS_CONFIG_FILE", path, 1);
    read_as_nobody(home, 0, 0600);
    assert_int_equal(log_catcher_count(&home->log, ".aws/config cannot be read: Permission"), 2);
    assert_int_equal(home->profiles.n_entries, 0);
}

static void finishing_takes_null_and_nothing(void **state)
{
    struct aws_home *home = *state;
    struct aws_profiles nothing = {0};
    assert_null(aws_profile_get(&nothing, NULL, "region"));
    aws_profiles_finish(NULL);
    aws_profiles_finish(&nothing);
    aws_home_read(home, "[default]\n");
    aws_profiles_finish(&home->profiles);
    assert_null(home->profiles.entries);
    assert_int_equal(home->profiles.n_entries, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, aws_home_setup, aws_home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_files_are_read_and_credentials_win),
        TEST(one_file_can_be_asked_alone),
        TEST(the_last_of_equal_settings_holds),
        TEST(a_setting_that_comes_again_takes_away_what_stood_below_it),
        TEST(services_are_apart_from_profiles),
        TEST(the_environment_names_the_profile_in_use),
        TEST(a_profile_that_is_nowhere_is_said),
        TEST(no_files_are_no_trouble),
        TEST(without_a_home_there_are_no_files),
        TEST(files_may_be_elsewhere),
        TEST(bad_lines_are_said_once_for_a_file_and_without_their_text),
        TEST(a_file_has_one_mebibyte_at_most),
        TEST(what_is_no_regular_file_is_said_and_not_waited_for),
        TEST(a_file_that_cannot_be_opened_is_said),
        TEST(a_file_that_must_not_be_read_is_said_but_not_a_home_that_is_closed),
        TEST(finishing_takes_null_and_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
