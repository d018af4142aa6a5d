// SPDX-License-Identifier: Apache-2.0
// What the sinks for AWS have in common: when a batch goes out, how far it has come, what happens
// when it fails, and what the log is told. Which request that makes, and what an answer means for
// its items, is the sink's. Each of them begins with one; owns the link to the service.
#pragma once

#include <stdbool.h>

#include "aws/link.h"
#include "sink.h"
#include "sink/bisect.h"
#include "sink/patience.h"
#include "sink/spread.h"

// An answer, and where to write what becomes of the batch.
struct aws_reply {
    const struct now *now;
    enum aws_outcome outcome; // not AWS_BUSY
    const struct aws_answer *answer;
    struct ship_answer *ret_answer;
};

struct aws_delivery;

// What one sink for AWS has of its own. Its options begin with struct aws_options.
struct aws_delivery_kind {
    const struct sink_ops *ops;
    enum aws_service service;
    const char *items;  // what they are called in the log: "documents"
    const char *action; // of IAM, that sending them takes: "logs:PutLogEvents"
    const char *policy; // the file that allows what it needs: "packaging/iam/logs.json"
    size_t n_named;     // refused items of a batch that the sink names in lines of its own
    // Makes one request, that of the part that is next or one which has to come before it.
    void (*send)(struct aws_delivery *delivery, const struct now *now);
    // Says what the answer to it means.
    void (*take)(struct aws_delivery *delivery, const struct aws_reply *reply);
};

struct aws_delivery {
    struct sink sink;
    const struct aws_delivery_kind *kind;
    const struct place *place; // borrowed
    struct aws_link *link;
    char *who; // NULL until it matters; the hash of `spread` is of it
    struct spread spread;
    struct patience patience;
    uint64_t turn_ns; // boot time of our turn in this period; 0: it has come
    bool is_resting;
    bool has_delivered; // ever, in which case the log knows
    bool has_connected; // ever
    // The batch in flight.
    const struct batch *batch; // borrowed; NULL: none
    bool has_begun;            // something of it was sent: turns are not for it any more
    struct bisect part;        // of it, what is sent next
    unsigned char *is_refused;
    size_t capacity;
    size_t n_refused;
    char *reason; // of the first that was refused; owned
};

void aws_delivery_init(struct aws_delivery *delivery, const struct aws_delivery_kind *kind,
    const struct sink_setting *setting);
void aws_delivery_finish(struct aws_delivery *delivery);
// The link of such a sink to its service; the caller's.
struct aws_link *aws_delivery_link(
    const struct aws_delivery_kind *kind, const struct sink_setting *setting);

// The instance id, or before it is known the host name, which also decides on our turn. Borrowed
// until it is asked again.
const char *aws_delivery_who(struct aws_delivery *delivery);

// For struct sink_ops, of a sink that begins with a delivery. Not ready before our turn, nor in a
// rest: what waits does so in the journal. A batch that came on an old word of it, in a period that
// began meanwhile, is held until our turn; one that has begun goes on.
bool aws_delivery_is_ready(const struct sink *sink);
void aws_delivery_submit(struct sink *sink, const struct batch *batch);
void aws_delivery_wait(const struct sink *sink, struct sink_wait *ret_wait);
void aws_delivery_hurry(struct sink *sink);
// Sends what may be sent, and has each answer taken. 0.
must_check int aws_delivery_work(
    struct sink *sink, const struct now *now, struct ship_answer *ret_answer);

// From send(); as aws_link_send().
void aws_delivery_send(
    struct aws_delivery *delivery, const struct now *now, const struct aws_request *request);

// --- What became of the part that was sent; from take() ---

// Counts what an answer says of connections and, where it is the answer to the part, of attempts
// that may have arrived.
void aws_delivery_note(
    struct aws_delivery *delivery, const struct aws_answer *answer, bool is_of_part);
// The part was taken. When it was the last one, so is the batch.
void aws_delivery_succeed(struct aws_delivery *delivery, const struct aws_reply *reply);
// It goes on with half of the part. False: the part is one item.
bool aws_delivery_halve(struct aws_delivery *delivery, const struct aws_answer *answer);
// Item `i` of the batch will never be taken; the part that it is in has to be settled all the same.
// The log hears of the first reason when the batch ends, unless the sink names all of them.
void aws_delivery_refuse(struct aws_delivery *delivery, size_t i, const char *reason);
// The part is off our hands, though it was not taken; as aws_delivery_succeed().
void aws_delivery_settle(struct aws_delivery *delivery, const struct aws_reply *reply);

#define AWS_DELIVERY_MAX_REQUESTS 4

// The request that failed.
struct aws_delivery_failure {
    unsigned int request; // which of the sink's, below AWS_DELIVERY_MAX_REQUESTS: told apart
    const char *action;   // of IAM, that it takes: "logs:PutLogEvents"
    bool may_pass;        // by itself, though it is a no
};

// What is not settled comes again after a rest, and the log says why.
void aws_delivery_fail(struct aws_delivery *delivery, const struct aws_reply *reply,
    const struct aws_delivery_failure *failure);
