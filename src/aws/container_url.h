// SPDX-License-Identifier: Apache-2.0
// Where the container endpoint is, and whether it may be there: what it is sent is a token, and
// what it answers are keys. Pure but for the environment.
#pragma once

#include <stdbool.h>

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, on the agent of ECS, or
// AWS_CONTAINER_CREDENTIALS_FULL_URI: https, or http to this machine, to the agent of ECS or to
// that of EKS Pod Identity. The caller's. NULL: neither is set, or `ret_why`, the caller's too.
char *container_url(char **ret_why);
// For the log: without the path, which of ECS is as good as a password. The caller's.
char *container_url_name(const char *url);
