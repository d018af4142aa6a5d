// SPDX-License-Identifier: Apache-2.0
// What is set in the environment, or else in the profile, for all of AWS's programs alike (AWS SDKs
// and Tools Reference Guide, "Settings reference"). A value that is none is said, once, and passed
// over. Texts are borrowed, from the environment or the profiles.
#pragma once

#include <stdbool.h>

#include "aws/profile.h"

enum aws_switch { AWS_USE_FIPS, AWS_USE_DUAL_STACK, AWS_IGNORE_ENDPOINTS, AWS_N_SWITCHES };

// An empty variable is not set.
const char *aws_variable(const char *name);

// AWS_USE_FIPS_ENDPOINT, use_fips_endpoint of the profile, and so on: true or false in any case.
bool aws_switch_is_on(const struct aws_profiles *profiles, enum aws_switch which);
// AWS_REGION, AWS_DEFAULT_REGION, the profile. NULL: ask where we are.
const char *aws_region_of(const struct aws_profiles *profiles);
// AWS_CA_BUNDLE, the profile. NULL: the system's.
const char *aws_ca_bundle(const struct aws_profiles *profiles);
