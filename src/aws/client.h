// SPDX-License-Identifier: Apache-2.0
// One request at a time to one service: signed anew for each attempt, and tried again as AWS's own
// SDKs do (SDKs and Tools Reference Guide, "Retry behavior", standard mode). What the service says
// is decided by its error code, not by the status. Says nothing; its owner does.
#pragma once

#include <stdbool.h>

#include "aws/error.h"
#include "aws/keys.h"
#include "os/http.h"

// Of a request. One more where keys had to be renewed after the last.
#define AWS_MAX_ATTEMPTS 3

enum aws_outcome {
    AWS_BUSY,    // under way, or there are no keys to sign with yet
    AWS_DONE,    // status 2xx: the body
    AWS_FAILED,  // not now: the network, a 5xx, throttling, a clock; every attempt was used up
    AWS_EXPIRED, // keys that it does not take, and fresh ones neither, or there were none in time
    AWS_DENIED,  // access denied: this identity may not do it
    AWS_REFUSED, // it will not take this request however often it comes; a redirect too
    // Denied or refused without a code: it may not be the service that says so, but a proxy, or
    // what is at a wrong endpoint.
};

struct aws_request {
    const char *target; // of X-Amz-Target, NULL: none
    const char *content_type;
    const char *encoding; // of Content-Encoding: "gzip"; NULL: none
    const void *body;
    size_t n_body_bytes;
};

// Texts are borrowed until the next send.
struct aws_answer {
    long status;      // 0: no answer
    const char *body; // NULL without one
    size_t n_body_bytes;
    const char *code;    // of an error: "ThrottlingException"; "" without one
    const char *message; // what the service or the network says, cleaned for a log; "" for nothing
    unsigned int n_attempts;
    unsigned int n_connections; // that were made for its attempts
    // An attempt that failed may have been taken all the same: it broke off after it was sent, or
    // ended with 500, 502 or 504.
    bool may_have_arrived;
};

struct aws_client_setting {
    struct http *http;       // borrowed, as is all of this
    struct key_source *keys; // NULL: requests are not signed
    const char *endpoint;    // "https://host[:port][/path]", as aws/endpoint.h gives it
    const char *region;
    const char *signing_name;
    uint64_t seed; // of the jitter
};

struct aws_client; // one connection's worth of state: heap

struct aws_client *aws_client_create(const struct aws_client_setting *setting);
void aws_client_destroy(struct aws_client *client);

// What the request points to stays until there is an answer. One that is under way is ended. The
// next work() sends it.
void aws_client_send(
    struct aws_client *client, const struct now *now, const struct aws_request *request);
// Goes on without waiting. `ret_answer` is written unless it is busy; without a request it is.
enum aws_outcome aws_client_work(
    struct aws_client *client, const struct now *now, struct aws_answer *ret_answer);
// Ends a request that is under way.
void aws_client_cancel(struct aws_client *client);
// Boot time at which there is something to do; UINT64_MAX: when an answer or keys come.
uint64_t aws_client_due_ns(const struct aws_client *client);
// What the service's clock is ahead of ours by, as its answers say; ms.
int64_t aws_client_skew_ms(const struct aws_client *client);
