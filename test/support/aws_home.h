// SPDX-License-Identifier: Apache-2.0
// A home with AWS's shared files, and an environment without any variable of AWS. A test owns one,
// made by aws_home_setup() of cmocka.
#pragma once

#include "aws/profile.h"
#include "support/log_catcher.h"

struct aws_home {
    char folder[32]; // HOME
    struct aws_profiles profiles;
    struct log_catcher log;
};

int aws_home_setup(void **state);
int aws_home_teardown(void **state);

// ~/.aws/`name`; in place of what was there.
void aws_home_write(
    const struct aws_home *home, const char *name, const char *text, size_t n_bytes);
// For the caller to free.
char *aws_home_path(const struct aws_home *home, const char *name);
// Reads the profiles anew, with this config file and without a credentials file.
void aws_home_read(struct aws_home *home, const char *config);
