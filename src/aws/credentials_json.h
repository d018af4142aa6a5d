// SPDX-License-Identifier: Apache-2.0
// The answer with keys of the metadata service and of the container endpoint (EC2 User Guide,
// "Retrieve security credentials from instance metadata"; ECS Developer Guide, "Task IAM role"):
// Code, AccessKeyId, SecretAccessKey, Token, Expiration. Pure.
#pragma once

#include <stddef.h>

#include "aws/clean.h"
#include "aws/keys.h"

#define CREDENTIALS_JSON_WHY_MAX (AWS_MESSAGE_MAX + 64)

// False: `ret_why` says in words what the answer is instead, cleaned, without a key in it.
// An answer without a Code is one, and keys without an Expiration do not expire; keys whose end is
// past are keys.
bool credentials_json_read(const char *body, size_t n_bytes, struct aws_keys *ret_keys,
    char ret_why[static CREDENTIALS_JSON_WHY_MAX]);
