// SPDX-License-Identifier: Apache-2.0
// The Security Token Service: another identity for keys (AssumeRole) or for a token
// (AssumeRoleWithWebIdentity). One question at a time, in the Query protocol (STS, API reference,
// version 2011-06-15). Embedded in the provider that asks.
#pragma once

#include "aws/provider.h"

#define STS_SESSION_NAME "enawatch" // where nobody gives one

struct sts_setting {
    const struct credentials_setting *credentials; // borrowed
    struct key_source *keys;                       // borrowed; NULL: nothing is signed
    uint64_t seed;
    // The role, which is asked for each time. Taken.
    char *role_arn;
    char *session_name;
    char *external_id; // NULL: none
    char *duration_s;  // digits; NULL: an hour, or what the service has for its own default
};

struct sts {
    struct sts_setting setting;
    char *region; // NULL: not known yet
    char *endpoint;
    struct aws_client *client; // NULL: not made yet; of one region
    bool is_asked;             // a question is in hand,
    bool is_sent;              // and on its way
    uint64_t wait_until_ns;    // boot time: for the region
    char *body;                // of the request; a secret where there is a token
    size_t n_body_bytes;
    char *reason; // of the last failure
};

void sts_init(struct sts *sts, const struct sts_setting *setting);
void sts_finish(struct sts *sts);
// NULL: not known. Copied.
void sts_set_region(struct sts *sts, const char *region);

// `token` is NULL with AssumeRole, by the keys of the asker.
void sts_ask(struct sts *sts, const struct now *now, const char *token);
// FETCH_DONE or FETCH_FAILED once; `reason` is borrowed until the next question.
enum fetch sts_work(struct sts *sts, const struct now *now, struct fetched *ret_fetched);
uint64_t sts_due_ns(const struct sts *sts);

// NULL, or what would be allowed.
const char *sts_check_role(const char *arn);
const char *sts_check_session_name(const char *name);
const char *sts_check_external_id(const char *id);
const char *sts_check_duration(const char *digits); // seconds
// The answer of AssumeRole or AssumeRoleWithWebIdentity. False: there are no keys in it, or no end
// of theirs.
bool sts_read_keys(const char *xml, size_t n_bytes, struct aws_keys *ret_keys);
