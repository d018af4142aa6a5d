// SPDX-License-Identifier: Apache-2.0
// Without -c: /etc/enawatch/enawatch.conf, then /etc/enawatch/conf.d/*.conf in name order, both of
// which may be absent. Every test is a child with an empty /etc of its own; where the machine does
// not allow that it is skipped.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit/config_bench.h"

#define DENIED 77

// In the child no failure of cmocka could be seen.
#define MUST(claim)                                                                                \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            fprintf(stderr, "line %d: %s\nsaid: %s\n", __LINE__, #claim, bench->said);             \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static void write_to(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        _exit(DENIED);
}

static void make_folder(const char *path)
{
    if (mkdir(path, 0755) != 0)
        _exit(DENIED);
}

// An empty /etc that nobody else sees.
static void hide_etc(void)
{
    char users[64], groups[64];
    snprintf(users, sizeof(users), "0 %u 1", (unsigned int)geteuid());
    snprintf(groups, sizeof(groups), "0 %u 1", (unsigned int)getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        _exit(DENIED);
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", users);
    write_to("/proc/self/gid_map", groups);
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/etc", "tmpfs", 0, NULL) != 0)
        _exit(DENIED);
}

static void in_a_child(void **state, void (*test)(struct bench *bench))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        hide_etc();
        test(*state);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void read_nothing(struct bench *bench)
{
    MUST(read_path(bench, NULL) == 0);
    make_folder("/etc/enawatch");
    MUST(read_path(bench, NULL) == 0);
    make_folder("/etc/enawatch/conf.d");
    MUST(read_path(bench, NULL) == 0);
    MUST(bench->said[0] == '\0');
    MUST(bench->config.sample.interval_ms == 1000);
}

static void both_may_be_absent(void **state)
{
    in_a_child(state, read_nothing);
}

static void read_in_order(struct bench *bench)
{
    make_folder("/etc/enawatch");
    write_to(CONFIG_FILE, "[sample]\ninterval = 2s\nverdict = 2s\n[run]\ndrain = 2s\n");
    MUST(read_path(bench, NULL) == 0);
    MUST(bench->config.sample.interval_ms == 2000);
    make_folder(CONFIG_FOLDER);
    write_to(CONFIG_FOLDER "/9.conf", "[sample]\ninterval = 9s\n");
    write_to(CONFIG_FOLDER "/10.conf", "[sample]\ninterval = 10s\nverdict = 10s\n");
    write_to(CONFIG_FOLDER "/B.conf", "[publish]\nperiod = 2s\n");
    write_to(CONFIG_FOLDER "/a.conf", "[publish]\nperiod = 3s\n");
    MUST(read_path(bench, NULL) == 0);
    MUST(bench->config.sample.interval_ms == 9000); // by their bytes: 10 comes before 9
    MUST(bench->config.delta.verdict_ms == 10000);
    MUST(bench->config.window.period_ms == 3000);
    MUST(bench->config.run.drain_ms == 2000);
    MUST(bench->said[0] == '\0');
}

static void the_folder_comes_after_the_file_in_the_order_of_names(void **state)
{
    in_a_child(state, read_in_order);
}

static void read_folder_alone(struct bench *bench)
{
    make_folder("/etc/enawatch");
    make_folder(CONFIG_FOLDER);
    write_to(CONFIG_FOLDER "/a.conf", "[sample]\ninterval = 3s\n");
    MUST(read_path(bench, NULL) == 0);
    MUST(bench->config.sample.interval_ms == 3000);
}

static void the_folder_is_read_without_the_file(void **state)
{
    in_a_child(state, read_folder_alone);
}

static void read_among_others(struct bench *bench)
{
    static const char *const others[] = {
        "/.a.conf", "/a.conf~", "/a.conf.rpmsave", "/README", "/aconf", "/a.CONF", "/#a.conf#"};
    make_folder("/etc/enawatch");
    make_folder(CONFIG_FOLDER);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        char path[64];
        snprintf(path, sizeof(path), CONFIG_FOLDER "%s", others[i]);
        write_to(path, "this is no configuration\n");
    }
    MUST(read_path(bench, NULL) == 0);
}

static void only_conf_files_are_read_and_no_hidden_ones(void **state)
{
    in_a_child(state, read_among_others);
}

static void read_bad(struct bench *bench)
{
    make_folder("/etc/enawatch");
    make_folder(CONFIG_FOLDER);
    write_to(CONFIG_FOLDER "/b.conf", "[sample]\n\ninterval = 3\n");
    write_to(CONFIG_FOLDER "/c.conf", "[sample]\ninterval = 4s\n");
    MUST(read_path(bench, NULL) == -EINVAL);
    MUST(strstr(bench->said, "<3>/etc/enawatch/conf.d/b.conf:3: ") == bench->said);
    MUST(bench->config.sample.interval_ms == 1000);
    write_to(CONFIG_FILE, "[smaple]\ninterval = 2s\n");
    MUST(read_path(bench, NULL) == -EINVAL);
    MUST(strstr(bench->said, "<3>/etc/enawatch/enawatch.conf:1: ") == bench->said);
}

static void a_bad_line_is_told_with_its_file_and_ends_the_reading(void **state)
{
    in_a_child(state, read_bad);
}

static void read_named(struct bench *bench)
{
    make_folder("/etc/enawatch");
    make_folder(CONFIG_FOLDER);
    write_to(CONFIG_FILE, "[sample]\ninterval = 2s\n");
    write_to(CONFIG_FOLDER "/a.conf", "[sample]\nverdict = 2s\n");
    write_to("/etc/other", "[run]\ndrain = 7s\n");
    MUST(read_path(bench, "/etc/other") == 0);
    MUST(bench->config.sample.interval_ms == 1000);
    MUST(bench->config.delta.verdict_ms == 10000);
    MUST(bench->config.run.drain_ms == 7000);
}

static void a_named_file_is_read_instead_of_both(void **state)
{
    in_a_child(state, read_named);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_may_be_absent),
        TEST(the_folder_comes_after_the_file_in_the_order_of_names),
        TEST(the_folder_is_read_without_the_file),
        TEST(only_conf_files_are_read_and_no_hidden_ones),
        TEST(a_bad_line_is_told_with_its_file_and_ends_the_reading),
        TEST(a_named_file_is_read_instead_of_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
