// SPDX-License-Identifier: Apache-2.0
// The credential chain: the first provider that is configured here is the one, and stays it (AWS
// SDKs and Tools Reference Guide, "Standardized credential providers"; order of botocore):
// environment, profile, web identity, container endpoint, metadata service. Keys are renewed ahead
// of their end; those of the metadata service go on being used when that fails. Owns the providers
// and the keys; says which provider is in use, once, and what is wrong with it.
#pragma once

#include "aws/keys.h"
#include "aws/profile.h"
#include "os/http.h"

// All borrowed.
struct credentials_setting {
    struct http *http;
    const struct aws_profiles *profiles;
    const char *imds_endpoint; // NULL: not one packet to the metadata service
    uint64_t seed;
};

struct credentials; // heap

struct credentials *credentials_create(const struct credentials_setting *setting);
void credentials_destroy(struct credentials *credentials);

// What clients sign from.
struct key_source *credentials_source(struct credentials *credentials);
// STS is regional; NULL while it is not known: providers that need it wait. Copied.
void credentials_set_region(struct credentials *credentials, const char *region);
// Goes on without waiting.
void credentials_work(struct credentials *credentials, const struct now *now);
uint64_t credentials_due_ns(const struct credentials *credentials);

struct credentials_view {
    const char *provider; // "web identity"; NULL: the chain is empty
    const char *trouble;  // what it says it lacks; NULL: nothing. Of an empty chain: what was tried
    bool has_keys;
    int64_t expires_ms;
};

// For `enawatch check`. Texts are borrowed until it works again.
struct credentials_view credentials_view(const struct credentials *credentials);
