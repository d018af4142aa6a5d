// SPDX-License-Identifier: Apache-2.0
// The credential chain: the first provider that is configured here is the one, and stays it, even
// if it fails: never silently another identity (AWS SDKs and Tools Reference Guide, "Standardized
// credential providers"; order of botocore, credentials.py): environment, role of a profile, web
// identity, keys of a profile, container endpoint, metadata service. Keys are renewed ahead of
// their end; those of the container endpoint and of the metadata service go on being used when that
// fails. Owns the providers and the keys; says which provider is in use, once, and what is wrong
// with it.
#pragma once

#include "aws/keys.h"
#include "aws/profile.h"
#include "os/http.h"

// All borrowed, until it is destroyed.
struct credentials_setting {
    struct http *http;
    const struct aws_profiles *profiles;
    const char *imds_endpoint; // NULL: not one packet to the metadata service
    uint64_t seed;
};

struct credentials; // heap

// Reads the environment: what changes in it, or in the profiles, later is not seen. Token files are
// read anew each time.
struct credentials *credentials_create(const struct credentials_setting *setting);
void credentials_destroy(struct credentials *credentials);

// What clients sign from; as long as the credentials live.
struct key_source *credentials_source(struct credentials *credentials);
// STS is regional; NULL while it is not known: providers that need it wait, a minute long in
// silence. Copied.
void credentials_set_region(struct credentials *credentials, const char *region);
// Goes on without waiting. To be called whenever its owner is awake: the end of keys is of the wall
// clock, which may step.
void credentials_work(struct credentials *credentials, const struct now *now);
// Boot time at which there is something to do; UINT64_MAX: when an answer comes.
uint64_t credentials_due_ns(const struct credentials *credentials);

struct credentials_view {
    const char *provider; // "web identity"; NULL: the chain is empty
    const char *about;    // which role, which file; NULL: its name says it all
    const char *trouble;  // what it says it lacks; NULL: nothing. Of an empty chain: what was tried
    bool has_keys;
    bool is_settled;    // it has keys, or has tried and has none: trouble says why
    int64_t expires_ms; // of the keys, if it has any: wall clock, or AWS_NEVER_EXPIRES
};

// For `enawatch check`. Texts are borrowed until it works again.
struct credentials_view credentials_view(const struct credentials *credentials);
