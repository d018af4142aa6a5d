// SPDX-License-Identifier: Apache-2.0
// One request in the hands of libcurl: its options, what comes back, and what its end is called.
// http_curl.c owns them and lets curl work.
#pragma once

#include <curl/curl.h>

#include "os/http.h"
#include "os/http_address.h"

struct http_exchange {
    struct http_exchange *next, **link; // of all that have not been ended; link points at this one
    enum http_outcome outcome;
    CURL *easy; // NULL: it is over
    struct curl_slist *headers, *resolve;
    uint64_t started_ns, total_ms;
    char *place;                      // NULL: no old address is of use
    struct http_addresses *addresses; // borrowed
    const char *ca_bundle;            // borrowed; NULL: the system's
    bool has_address;                 // of the host or its proxy, for a connection of its own
    bool is_connected;                // by TCP, to the host or its proxy
    unsigned int n_sent;              // how often it went out, or began to
    size_t max_body_bytes, n_header_bytes;
    char *answer_headers; // of the answer, each terminated; n_answer_header_bytes
    size_t n_answer_header_bytes;
    bool has_all_headers;
    char *body;
    size_t n_body_bytes, n_reserved_bytes; // NULL and none until something came
    bool is_too_large;
    bool is_fresh_connection;
    long status;
    char said[CURL_ERROR_SIZE]; // by curl
    char *first_reason;         // why the name did not resolve, and where it goes instead; or NULL
    char *reason;               // NULL until it has failed
};

// `exchange` is zero but for its list, `addresses` and `ca_bundle`. What it has is freed by
// http_exchange_finish().
void http_exchange_init(struct http_exchange *exchange, const struct http_request *request);
void http_exchange_finish(struct http_exchange *exchange);

// Whether it ended for want of an address and may go out again by an old one; it then has the
// options for that.
bool http_exchange_revive(struct http_exchange *exchange, CURLcode code);
// It ended with `code`: the outcome, and what is told of it.
void http_exchange_conclude(struct http_exchange *exchange, CURLcode code);
// Frees what only curl needs, which has it no more.
void http_exchange_drop(struct http_exchange *exchange);

const char *http_exchange_header(const struct http_exchange *exchange, const char *name);
