// SPDX-License-Identifier: Apache-2.0
// The client of the EC2 instance metadata service: version 2 only, one question at a time, over one
// connection. Paths, headers and status codes: EC2 User Guide, "Access instance metadata". The
// identity owns one, and so does the credential provider that asks it.
#pragma once

#include <stdbool.h>

#include "flow/backoff.h"
#include "flow/outage.h"
#include "os/http.h"

#define IMDS_ENDPOINT_IPV4   "http://169.254.169.254"
#define IMDS_ENDPOINT_IPV6   "http://[fd00:ec2::254]"
#define IMDS_TOKEN_TTL_S     21600              // the most that it grants
#define IMDS_MAX_BODY        ((size_t)64 << 10) // user data, its largest answer, has at most 16 KiB
#define IMDS_MIN_PATIENCE_NS (60 * NS_PER_S)    // the network may come up after us

// Why it gave no answer to the last question.
enum imds_trouble {
    IMDS_FINE,
    IMDS_UNREACHABLE, // nothing there
    IMDS_HOP_LIMIT,   // it takes connections, and no token has ever arrived
    IMDS_SILENT,      // it gave a token once, and is not in time now
    IMDS_DISABLED,    // 403
    IMDS_THROTTLED,   // 429, 503
    IMDS_FOREIGN,     // what answers there gives no tokens
    IMDS_BROKEN,      // answers that break off, tokens that it does not know again, other errors
};

enum imds_answer {
    IMDS_NOTHING_NEW,
    IMDS_VALUE,
    IMDS_ABSENT,    // no such key
    IMDS_TOO_LARGE, // more than IMDS_MAX_BODY
    IMDS_FAILED,    // `trouble`; it rests before the next question
};

// What the service said: `body` is NULL where there is no such key, and terminated; borrowed.
struct answer {
    const char *body;
    size_t n_bytes;
};

struct imds {
    struct http *http;    // borrowed
    const char *endpoint; // borrowed: http://host, without a slash at the end
    uint64_t token_ttl_s;
    uint64_t patience_ns;    // trouble that lasts longer is asked about every five minutes only
    char *token;             // NULL: none
    uint64_t token_until_ns; // boot time
    bool has_had_token;
    char *path;                     // of the question in hand, NULL: none
    struct http_exchange *exchange; // under way: for the token, or for the question
    bool is_for_token;
    bool is_second_try;             // with a new token after a 401
    struct http_exchange *answered; // holds the body that was given out last
    struct backoff backoff;
    struct outage outage;
    enum imds_trouble trouble;
    bool is_quiet;           // its owner says what is wrong, not we
    unsigned int told;       // troubles of this outage that the log knows of, a bit each
    unsigned int n_failures; // of questions, in a row
    uint64_t n_requests;     // sent, since the start
    uint64_t n_failed;       // questions, since the start
};

void imds_init(struct imds *imds, struct http *http, const char *endpoint, uint64_t seed);
void imds_finish(struct imds *imds);

// Whether a question may be asked: none is in hand, and it does not rest.
bool imds_is_ready(const struct imds *imds, const struct now *now);
// `path` below /latest/, copied.
void imds_ask(struct imds *imds, const struct now *now, const char *path);
// Goes on without waiting. The answer is borrowed until the next question, and may hold anything,
// NULs too; an empty one stands for one that was too large.
enum imds_answer imds_work(struct imds *imds, const struct now *now, struct answer *ret_answer);
// Boot time until which it rests; 0: it does not.
uint64_t imds_rests_until_ns(const struct imds *imds);

// What is wrong, after the endpoint and a colon, and what to do about it: for a log and for
// `enawatch check`.
const char *imds_trouble_text(enum imds_trouble trouble);
const char *imds_trouble_remedy(enum imds_trouble trouble);
