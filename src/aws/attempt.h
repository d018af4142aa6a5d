// SPDX-License-Identifier: Apache-2.0
// A request on its way: the endpoint as HTTP wants it, the headers, and the signature of this one
// attempt. For client.c only.
#pragma once

#include "aws/client.h"

// Of an endpoint; owned.
struct aws_address {
    char *url;
    char *host; // the value of Host: without the port that the scheme has by itself
    char *path; // "/" where there is none
};

void aws_address_init(struct aws_address *address, const char *endpoint);
void aws_address_finish(struct aws_address *address);

// All borrowed.
struct aws_attempt {
    const struct aws_client_setting *setting;
    const struct aws_address *address;
    const struct aws_request *request;
    const struct sigv4_keys *keys; // NULL: it is not signed
    unsigned int number;           // from 1
    int64_t time_s;                // of the signing
};

// Signs it with what `sigv4` keeps between attempts, and sends it. Negative errno: of sigv4_sign().
must_check int aws_attempt_send(
    const struct aws_attempt *attempt, struct sigv4 *sigv4, struct http_exchange **ret_exchange);
