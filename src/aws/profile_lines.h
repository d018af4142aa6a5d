// SPDX-License-Identifier: Apache-2.0
// A part of profile.c: the lines of one file become entries. As botocore reads them: a line that is
// indented more than the setting above it goes on with it; below a setting without a value such
// lines are settings of their own. But a line that is none is left out, and with it what is
// indented below it, where botocore refuses the whole file; and of the sections that nobody here
// asks for ([sso-session NAME], [preview]) nothing is kept. Pure. Fuzzed by
// test/fuzz/profile_fuzz.c.
#pragma once

#include "aws/profile.h"

#define AWS_PROFILE_LINES_MAX ((size_t)4096) // ours; bytes of a value that has several lines

// Of one file.
struct profile_trouble {
    unsigned int n_bad; // lines that were left out
    unsigned int line;  // the first of them, from 1
    const char *complaint;
};

// Adds to the entries. `text` need not be terminated.
void profile_lines_take(struct aws_profiles *profiles, enum aws_profile_file file, const char *text,
    size_t n_bytes, struct profile_trouble *ret_trouble);
void profile_entry_finish(struct aws_profile_entry *entry);
