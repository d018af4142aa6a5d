// SPDX-License-Identifier: Apache-2.0
// Whose keys a role is assumed with: source_profile or credential_source of its profile (AWS SDKs
// and Tools Reference Guide, "Assume role credential provider"). For credentials_role.c only.
#pragma once

#include "aws/provider.h"

#define ROLE_MAX_DEPTH 5 // roles that build on each other; ours

// Whether the profile has a role, and not one for a web identity.
bool role_is_in_profile(const struct aws_profiles *profiles, const char *profile);
// NULL and the source, the caller's; or what is wrong with it, the caller's too.
char *role_find_source(const struct provider_context *context, struct provider **ret_source);
