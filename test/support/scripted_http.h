// SPDX-License-Identifier: Apache-2.0
// HTTP in memory: what is asked, and the answers that the test laid out. What did not fail before
// it was sent may have arrived. Left alone it is a metadata service without a key: it gives tokens,
// and takes none but the last one it gave; other URLs need none. The test owns it, where it stays.
#pragma once

#include "os/http.h"

#define SCRIPTED_ENDPOINT   "http://imds.test"
#define SCRIPTED_TOKEN_PATH "api/token"

// As it was sent.
struct scripted_request {
    char *method, *url;
    char *path;    // the rest of the URL below SCRIPTED_ENDPOINT/latest/; "" for any other URL
    char *headers; // each ended by a newline
    char *body;    // terminated
    size_t n_body_bytes;
    uint64_t connect_ms, total_ms;
    size_t max_body_bytes;
    bool is_direct;
};

struct scripted_answer {
    enum http_outcome outcome;
    long status;
    const char *body;    // copied; NULL: empty
    size_t n_body_bytes; // 0: the length of the text
    size_t n_times;      // then the answer laid out before it; 0: for good
    const char *headers; // "Name: value", each ended by a newline; copied; NULL: none
    bool is_fresh_connection, is_by_old_address, is_repeated;
};

struct scripted_http {
    struct http base;
    bool is_held; // no answer arrives
    size_t n_rules;
    struct scripted_rule *rules;
    size_t n_requests;
    struct scripted_request *requests;
    size_t n_live, n_busy;     // exchanges that were not ended; those without an answer
    size_t n_tokens;           // given: the last one is TOKEN-n_tokens
    size_t n_without_a_token;  // GETs that had no token, or an old one: answered with 401
    bool has_forgotten_tokens; // takes none until it has given another
};

void scripted_http_init(struct scripted_http *http);
// Asserts that every exchange was ended.
void scripted_http_finish(struct scripted_http *http);

// Lays out the answer to a method and a path below /latest/. The newest comes first.
void scripted_http_answer(struct scripted_http *http, const char *method, const char *path,
    const struct scripted_answer *answer);
// 200 to a GET.
void scripted_http_key(struct scripted_http *http, const char *path, const char *body);
// GETs and PUTs of whatever path: nothing but this, until scripted_http_recover().
void scripted_http_break(struct scripted_http *http, const struct scripted_answer *answer);
void scripted_http_recover(struct scripted_http *http);

const struct scripted_request *scripted_http_last(const struct scripted_http *http);
// How many requests there were, from the `first` on, of this method for exactly this path, or for
// all below it where it ends in a star.
size_t scripted_http_count(
    const struct scripted_http *http, size_t first, const char *method, const char *path);
