// SPDX-License-Identifier: Apache-2.0
// Both ends of HTTP in one thread: libcurl's, driven as the daemon drives it (only when its
// descriptor is readable or its time has come), and a server on the loopback interface that says
// what the test says. The test owns it. Whatever takes longer than 30 s fails the test.
#pragma once

#include "os/http.h"
#include "support/loopback.h"

#define PEER_REQUEST_MAX ((size_t)2 << 20)
#define PEER_URL_MAX     80

struct http_peer {
    struct http *http;
    struct loopback loopback;
    char url[PEER_URL_MAX]; // of its root, with the slash
    struct http_response response;
    size_t n_works;        // how often there was something to do
    char *request;         // the last one received, headers and body; terminated
    size_t n_header_bytes; // of it, with the empty line
    size_t n_body_bytes;
};

// cmocka setup and teardown; *state is the peer, which listens. Also ignores SIGPIPE, as the daemon
// does.
int http_peer_setup(void **state);
int http_peer_teardown(void **state);

// Another one in the place of its http, and of what that had under way. It keeps nothing of what
// the first knew.
void http_peer_restart(struct http_peer *peer, const struct http_curl_options *options);

#define http_test(function)                                                                        \
    cmocka_unit_test_setup_teardown(function, http_peer_setup, http_peer_teardown)

// GET of its root, with bounds that no sound exchange reaches: 20 s, a megabyte.
struct http_request http_peer_get(const struct http_peer *peer);
struct http_exchange *http_peer_send(struct http_peer *peer, const struct http_request *request);
enum http_outcome http_peer_poll(struct http_peer *peer, const struct http_exchange *exchange);
void http_peer_end(struct http_peer *peer, struct http_exchange *exchange);

// Works until nothing has happened for `ms`.
void http_peer_settle(struct http_peer *peer, int ms);
// Works until the outcome is there, and returns it.
enum http_outcome http_peer_await(struct http_peer *peer, const struct http_exchange *exchange);
// Works until a connection comes in, or until all of a request has; `fd` belongs to the caller.
int http_peer_accept(struct http_peer *peer);
void http_peer_receive(struct http_peer *peer, int fd);
// Works until all is written; false where the other end has closed.
bool http_peer_write(struct http_peer *peer, int fd, const char *bytes, size_t n);
bool http_peer_say(struct http_peer *peer, int fd, const char *text);

// Accepts, receives, says `answer` and awaits the outcome; the connection stays open.
enum http_outcome http_peer_serve(
    struct http_peer *peer, const struct http_exchange *exchange, const char *answer, int *ret_fd);

// Passes on what `fd` and `other` say to each other until the outcome is there: a tunnel.
enum http_outcome http_peer_relay(
    struct http_peer *peer, const struct http_exchange *exchange, int fd, int other);
