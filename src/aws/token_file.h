// SPDX-License-Identifier: Apache-2.0
// A token that somebody else keeps fresh in a file: the kubelet, the agent of EKS Pod Identity.
// Read anew each time that it is needed.
#pragma once

#include <stdbool.h>

#include "base.h"

// Of AssumeRoleWithWebIdentity (STS, API reference); bytes.
#define TOKEN_FILE_MAX ((size_t)20000)

// The whole of the file; to be freed with aws_free_secret(). NULL: `ret_why`, the caller's: the
// file, and what is wrong with it. Never a byte of its content.
char *token_file_read(const char *path, char **ret_why);
// Whether a header may hold it: printable ASCII.
bool token_is_header(const char *text);
