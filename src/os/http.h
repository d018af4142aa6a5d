// SPDX-License-Identifier: Apache-2.0
// HTTP without waiting: this request, that response, later. The seam between what asks (the
// metadata service; AWS) and what carries it: http_curl.c, or a script in the tests. The daemon
// owns one and gives it the time and its descriptor's events.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base.h"
#include "now.h"

enum http_outcome {
    HTTP_BUSY,        // under way
    HTTP_ANSWERED,    // there is a status and a body, whatever they say
    HTTP_UNRESOLVED,  // the host's name, or its proxy's, has no address, or none within connect_ms
    HTTP_UNREACHABLE, // no connection: refused, or no route
    HTTP_NO_CONTACT,  // no connection, and no word why, within connect_ms
    HTTP_UNTRUSTED,   // the TLS handshake failed, or the certificate is not to be believed
    HTTP_SILENT,      // connected, but without a whole answer within total_ms
    HTTP_BROKEN,      // the connection ended too early, or what came is no HTTP
    HTTP_TOO_LARGE,   // the answer is beyond max_body_bytes, or its headers beyond HTTP_MAX_HEADERS
};

#define HTTP_MAX_HEADERS ((size_t)64 << 10) // bytes of all headers of one answer; ours

// All texts are copied by send().
struct http_request {
    const char *method;
    const char *url;            // http:// or https://
    const char *const *headers; // "Name: value"; NULL ends them; NULL: none
    const void *body;           // NULL: none
    size_t n_body_bytes;
    uint64_t connect_ms, total_ms; // at most; total counts from the start
    size_t max_body_bytes;         // of the answer
    bool is_direct;                // never by a proxy: link-local addresses
};

struct http_response {
    long status;      // of HTTP, when answered
    const char *body; // terminated, and may hold NULs; borrowed until end()
    size_t n_body_bytes;
    const char *reason;       // when not answered: why, in a few words; borrowed until end()
    bool is_fresh_connection; // one was made for it; else it had a kept one, or none
    bool is_by_old_address;   // its name did not resolve: it went where an earlier request had gone
    bool is_repeated;         // it went out twice: a kept connection ended without a word in answer
    bool may_have_arrived;    // false: not one byte of it was sent, so nobody has acted on it
};

struct http_exchange; // one request and what became of it

struct http {
    const struct http_ops *ops;
};

struct http_ops {
    // Starts it; never blocks, and never fails: what is wrong is the outcome. Redirects are
    // answers. It can arrive twice: where a kept connection ends without a word in answer, it goes
    // out again on a fresh one, and may then have arrived even if that one does not come about.
    struct http_exchange *(*send)(struct http *http, const struct http_request *request);
    // `ret_response` is written unless it is busy.
    enum http_outcome (*poll)(struct http *http, const struct http_exchange *exchange,
        struct http_response *ret_response);
    // Of the answer, not of what a proxy or an interim answer (1xx) said before it: the first
    // header of that name, in whatever case, without blanks around it; borrowed until end(). NULL:
    // there is none, or no answer.
    const char *(*header)(
        const struct http *http, const struct http_exchange *exchange, const char *name);
    // Forgets it, and ends it if it is under way. NULL is fine.
    void (*end)(struct http *http, struct http_exchange *exchange);
    // What to wait for: readable when work() has something to do, and the boot time at which it has
    // (0: none).
    int (*descriptor)(const struct http *http);
    uint64_t (*deadline_ns)(const struct http *http);
    void (*work)(struct http *http, const struct now *now);
    void (*destroy)(struct http *http); // and ends every exchange
};

struct http_curl_options {
    // A file of CA certificates, PEM, in the place of the system's; NULL: the system's, of which a
    // folder counts only where there is no file. Copied. It is read when TLS connects and then kept
    // for a day; where it cannot be, requests are HTTP_UNTRUSTED, and the reason says why.
    const char *ca_bundle;
};

// On libcurl. TLS is 1.2 at least, and certificates and the names in them are verified. Requests
// that are not direct go by the proxy that the environment names: https_proxy, HTTPS_PROXY,
// http_proxy, all_proxy and ALL_PROXY, but for the hosts in no_proxy and NO_PROXY.
//
// Where the name of an https host does not resolve, and it did once, the request is tried again
// at once by the address that it had then, in what is left of total_ms: throttled DNS must not keep
// its own evidence from getting out. TLS tells whether that is still the host. What connects by a
// proxy leaves the resolving to it.
//
// The process ignores SIGPIPE, which TLS can raise. Negative errno: this machine is out of
// descriptors, or libcurl does not start (-ELIBACC).
must_check int http_curl_create(const struct http_curl_options *options, struct http **ret_http);
