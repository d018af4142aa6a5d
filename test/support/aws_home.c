// SPDX-License-Identifier: Apache-2.0
// The home of support/aws_home.h.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base.h"
#include "support/aws_home.h"
#include "support/unit.h"

// Each unsetenv() moves the rest up.
static void forget_variables(void)
{
    for (char **at = environ; *at != NULL;) {
        scoped_free char *name = xasprintf("%.*s", (int)strcspn(*at, "="), *at);
        if (strncmp(name, "AWS_", 4) == 0)
            unsetenv(name);
        else
            at++;
    }
}

char *aws_home_path(const struct aws_home *home, const char *name)
{
    return xasprintf("%s/.aws/%s", home->folder, name);
}

int aws_home_setup(void **state)
{
    struct aws_home *home = xcalloc(1, sizeof(*home));
    snprintf(home->folder, sizeof(home->folder), "/tmp/enawatch-XXXXXX");
    assert_non_null(mkdtemp(home->folder));
    scoped_free char *folder = aws_home_path(home, "");
    assert_int_equal(mkdir(folder, 0700), 0);
    forget_variables();
    setenv("HOME", home->folder, 1);
    log_catcher_start(&home->log);
    *state = home;
    return 0;
}

int aws_home_teardown(void **state)
{
    struct aws_home *home = *state;
    static const char *const names[] = {"config", "credentials", "other", ""};
    log_catcher_stop(&home->log);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        scoped_free char *path = aws_home_path(home, names[i]);
        if (unlink(path) != 0)
            rmdir(path);
    }
    rmdir(home->folder);
    aws_profiles_finish(&home->profiles);
    free(home);
    return 0;
}

void aws_home_write(const struct aws_home *home, const char *name, const char *text, size_t n_bytes)
{
    scoped_free char *path = aws_home_path(home, name);
    scoped_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n_bytes), n_bytes);
}

void aws_home_read(struct aws_home *home, const char *config)
{
    aws_home_write(home, "config", config, strlen(config));
    aws_profiles_finish(&home->profiles);
    aws_profiles_read(&home->profiles);
}
