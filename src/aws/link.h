// SPDX-License-Identifier: Apache-2.0
// One service of AWS from here: where it is, who we are to it, and the client that asks it. What a
// sink for AWS owns. Says when it waits for a region, when it knows where to go, and when the
// clocks are apart; of keys its credentials speak, of errors of requests its owner.
#pragma once

#include <stdbool.h>

#include "aws/client.h"
#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "place.h"

// All borrowed for as long as the link lives.
struct aws_link_setting {
    enum aws_service service;
    const char *name;     // of the sink, which begins its lines in the log: "cloudwatch"
    const char *region;   // of our configuration; NULL: environment, profile, or the place
    const char *endpoint; // of our configuration; NULL: environment, profile, or the rule sets
    struct http *http;
    const struct aws_profiles *profiles; // all zero serves as well
    const char *imds_endpoint;           // NULL: the metadata service is not to be asked
    const struct place *place;
    uint64_t seed;
};

struct aws_link; // heap

struct aws_link *aws_link_create(const struct aws_link_setting *setting);
void aws_link_destroy(struct aws_link *link);

// Whether a request would be sent now: the endpoint is known, there are keys, and none is under
// way.
bool aws_link_is_ready(const struct aws_link *link);
// As aws_client_send() and aws_client_work(), and goes on with region and keys. AWS_BUSY without a
// request. Only what is_ready() may be sent.
void aws_link_send(struct aws_link *link, const struct now *now, const struct aws_request *request);
enum aws_outcome aws_link_work(
    struct aws_link *link, const struct now *now, struct aws_answer *ret_answer);
// Boot time at which there is something to do; UINT64_MAX: when an answer, keys or the region come.
uint64_t aws_link_due_ns(const struct aws_link *link);

// For a log and `enawatch check`; texts are borrowed until it works again.
struct aws_link_view {
    const char *endpoint; // NULL while it is not known
    const char *region;   // NULL while it is not known
    const char *trouble;  // why nothing can be sent, with the remedy; NULL: something can, or soon
    struct credentials_view credentials;
};

struct aws_link_view aws_link_view(const struct aws_link *link);
