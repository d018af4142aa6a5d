// SPDX-License-Identifier: Apache-2.0
// The files that AWS's own programs share (AWS SDKs and Tools Reference Guide, "Shared config and
// credentials files"): ~/.aws/config and ~/.aws/credentials, or where AWS_CONFIG_FILE and
// AWS_SHARED_CREDENTIALS_FILE say. Whoever reads them owns what was read; secrets in it are wiped
// when it is freed.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base.h"

struct aws_profile_entry {
    char *profile; // "default", "NAME"; of [services NAME] "services NAME"
    char *key;     // of an indented line below a key: "cloudwatch.endpoint_url"
    char *value;
    bool is_of_credentials; // file: its keys win over those of the config file
};

struct aws_profiles {
    char *name; // of the profile in use: AWS_PROFILE, or "default"
    size_t n_entries;
    struct aws_profile_entry *entries;
};

// Reads both files; one that is absent is empty. A line that is none is left out and said, with
// file and line and never its text; a file that cannot be read is said.
void aws_profiles_read(struct aws_profiles *profiles);
void aws_profiles_finish(struct aws_profiles *profiles);

// Both NULL where it is not set. Borrowed.
const char *aws_profile_get(
    const struct aws_profiles *profiles, const char *profile, const char *key);
bool aws_profile_exists(const struct aws_profiles *profiles, const char *profile);
