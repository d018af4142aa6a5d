// SPDX-License-Identifier: Apache-2.0
// What the sinks for AWS have in common: when a batch goes out, how far it has come, what happens
// when it fails, and what the log is told. Which request that makes, and what an answer means for
// its items, is the sink's. Embedded in each of them.
#pragma once

#include <stdbool.h>

#include "aws/link.h"
#include "sink.h"
#include "sink/bisect.h"
#include "sink/patience.h"
#include "sink/spread.h"

// All constant, or borrowed for as long as it lives.
struct aws_delivery_setting {
    const struct aws_link *link;
    const char *policy; // the file that allows what it needs: "packaging/iam/logs.json"
    uint64_t spread_ms;
    uint64_t period_ms;
    uint64_t seed;
};

struct aws_delivery {
    struct sink *sink; // whose it is: named in the log, its counts kept
    struct aws_delivery_setting setting;
    struct spread spread;
    struct patience patience;
    bool is_resting;
    bool has_delivered; // ever, in which case the log knows
    bool has_connected; // ever
    // The batch in flight.
    const struct batch *batch; // borrowed; NULL: none
    uint64_t hold_until_ns;    // boot time; 0: not held
    bool is_new;               // it has not been looked at
    struct bisect part;        // of it, what is sent next
    unsigned char *is_refused;
    size_t capacity;
    size_t n_refused;
    char *reason; // of the first that was refused; owned
};

void aws_delivery_init(
    struct aws_delivery *delivery, struct sink *sink, const struct aws_delivery_setting *setting);
void aws_delivery_finish(struct aws_delivery *delivery);

// Neither a batch nor a rest is in the way of the next one.
bool aws_delivery_is_ready(const struct aws_delivery *delivery);
// `who` we are decides on our turn.
void aws_delivery_submit(struct aws_delivery *delivery, const struct batch *batch, const char *who);
void aws_delivery_hurry(struct aws_delivery *delivery);
// Goes on with rest and spread. Whether there is a batch whose next part may be sent now.
bool aws_delivery_work(struct aws_delivery *delivery, const struct now *now);
// Boot time; UINT64_MAX: nothing is waited for.
uint64_t aws_delivery_due_ns(const struct aws_delivery *delivery);

// --- What became of the part that was sent ---

// Counts what an answer says of connections and, where it is the answer to the part, of attempts
// that may have arrived.
void aws_delivery_note(
    struct aws_delivery *delivery, const struct aws_answer *answer, bool is_of_part);
// Item `i` of the batch will never be taken; the part that it is in has to be settled all the same.
// The log hears of it when the batch ends.
void aws_delivery_refuse(struct aws_delivery *delivery, size_t i, const char *reason);
// The part is off our hands. When it was the last one, `ret_answer` takes the batch.
void aws_delivery_settle(
    struct aws_delivery *delivery, const struct now *now, struct ship_answer *ret_answer);

#define AWS_DELIVERY_MAX_REQUESTS 4

// The request that failed.
struct aws_delivery_failure {
    enum aws_outcome outcome;
    const struct aws_answer *answer;
    unsigned int request; // which of the sink's, below AWS_DELIVERY_MAX_REQUESTS: told apart
    const char *action;   // of IAM, that it takes: "logs:PutLogEvents"
    bool is_seldom;       // it does not pass by itself
};

// What is not settled comes again after a rest, and the log says why.
void aws_delivery_fail(struct aws_delivery *delivery, const struct now *now,
    const struct aws_delivery_failure *failure, struct ship_answer *ret_answer);
