// SPDX-License-Identifier: Apache-2.0
// The environment goes before the profile.
#include <stdlib.h>
#include <strings.h>

#include "aws/environment.h"
#include "aws/partition.h"
#include "base.h"
#include "log.h"

// One of both.
struct place {
    const char *variable; // of the environment
    const char *key;      // of the profile
};

// The index is the bit in `told` of the profiles.
static const struct place places[] = {
    {.variable = "AWS_USE_FIPS_ENDPOINT"},
    {.key = "use_fips_endpoint"},
    {.variable = "AWS_USE_DUALSTACK_ENDPOINT"},
    {.key = "use_dualstack_endpoint"},
    {.variable = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"},
    {.key = "ignore_configured_endpoint_urls"},
    {.variable = "AWS_REGION"},
    {.variable = "AWS_DEFAULT_REGION"},
    {.key = "region"},
};

#define N_PER_SWITCH ((size_t)2)
#define FIRST_REGION (N_PER_SWITCH * AWS_N_SWITCHES)

const char *aws_variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

static const char *value_in(const struct aws_profiles *profiles, const struct place *place)
{
    if (place->variable != NULL)
        return aws_variable(place->variable);
    const char *value = aws_profile_get(profiles, NULL, place->key);
    return value != NULL && *value != '\0' ? value : NULL;
}

static void tell_wrong(const struct aws_profiles *profiles, size_t index, const char *allowed)
{
    const struct place *place = &places[index];
    if (profiles->told != NULL && (*profiles->told >> index & 1) != 0)
        return;
    if (profiles->told != NULL)
        *profiles->told |= 1U << index;
    log_warning("%s%s is passed over: allowed is %s",
        place->variable != NULL ? place->variable : place->key,
        place->variable != NULL ? "" : " of the profile in AWS's files", allowed);
}

bool aws_switch_is_on(const struct aws_profiles *profiles, enum aws_switch which)
{
    for (size_t i = N_PER_SWITCH * which; i < N_PER_SWITCH * (which + 1); i++) {
        const char *value = value_in(profiles, &places[i]);
        if (value == NULL)
            continue;
        if (strcasecmp(value, "true") == 0)
            return true;
        if (strcasecmp(value, "false") == 0)
            return false;
        tell_wrong(profiles, i, "true or false");
    }
    return false;
}

const char *aws_region_of(const struct aws_profiles *profiles)
{
    for (size_t i = FIRST_REGION; i < ARRAY_SIZE(places); i++) {
        const char *value = value_in(profiles, &places[i]);
        if (value == NULL)
            continue;
        if (aws_is_region(value))
            return value;
        tell_wrong(profiles, i, "a region, such as eu-west-1");
    }
    return NULL;
}

const char *aws_ca_bundle(const struct aws_profiles *profiles)
{
    const char *value = aws_variable("AWS_CA_BUNDLE");
    return value != NULL ? value : value_in(profiles, &(struct place){.key = "ca_bundle"});
}
