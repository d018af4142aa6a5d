// SPDX-License-Identifier: Apache-2.0
// The files that AWS's own programs share (AWS SDKs and Tools Reference Guide, "Shared config and
// credentials files"): ~/.aws/config and ~/.aws/credentials, or where AWS_CONFIG_FILE and
// AWS_SHARED_CREDENTIALS_FILE say. Read as the AWS CLI does, so that a value keeps a '#' in it;
// what a line of them may be: profile_lines.h. Whoever reads them owns what was read; it is wiped
// when it is freed.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define AWS_PROFILE_FILE_MAX ((size_t)1 << 20) // ours; bytes, a longer file is not read

enum aws_profile_file { AWS_FILE_CONFIG, AWS_FILE_CREDENTIALS };

// In the order of the files. A section itself is an entry too, with an empty key.
struct aws_profile_entry {
    char *section; // NAME of a profile or of [services NAME]
    char *key;     // in lower case; of an indented line below a key "cloudwatch.endpoint_url"
    char *value;   // further indented lines follow after a newline
    enum aws_profile_file file;
    bool is_of_services;
};

struct aws_profiles {
    char *name; // of the profile in use: AWS_PROFILE, AWS_DEFAULT_PROFILE, or "default"
    size_t n_entries;
    struct aws_profile_entry *entries;
    unsigned int *told; // what the log knows of: environment.h. NULL: nobody remembers
};

// Reads both files; one that is absent is empty. What is wrong is said, a line for each file: with
// the number of the first line that was left out, and never its text. All zero where nothing was
// read serves as well.
void aws_profiles_read(struct aws_profiles *profiles);
void aws_profiles_finish(struct aws_profiles *profiles);

// Here and below, `profile` NULL is the one in use, and what is returned is borrowed; NULL: it is
// not set. What stands in the credentials file wins.
const char *aws_profile_get(
    const struct aws_profiles *profiles, const char *profile, const char *key);
// Of one file: a key id, its secret and its token belong together, and must not be put together
// from both.
const char *aws_profile_get_from(const struct aws_profiles *profiles, enum aws_profile_file file,
    const char *profile, const char *key);
bool aws_profile_exists(const struct aws_profiles *profiles, const char *profile);

// Of [services NAME], which only the config file has. An empty key: "" where there is such a
// section.
const char *aws_services_get(
    const struct aws_profiles *profiles, const char *services, const char *key);
