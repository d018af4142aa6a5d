// SPDX-License-Identifier: Apache-2.0
// What is asked of CloudWatch Logs, and what it means when it does not say yes (model 2014-03-28).
// Pure. A part of the logs sink.
#pragma once

#include "aws/client.h"

#define LOGS_CONTENT_TYPE "application/x-amz-json-1.1"
#define LOGS_PUT_ACTION   "logs:PutLogEvents" // of IAM

enum logs_step { LOGS_PUT, LOGS_CREATE_STREAM, LOGS_CREATE_GROUP, LOGS_N_STEPS };

struct logs_operation {
    const char *target; // X-Amz-Target
    const char *action; // of IAM, that it takes
};

extern const struct logs_operation logs_operations[LOGS_N_STEPS];

enum logs_meaning {
    LOGS_DONE,      // of a creation also: it was there
    LOGS_ACCEPTED,  // these events were taken before
    LOGS_ABSENT,    // the group or the stream is not there
    LOGS_INVALID,   // something in the events is wrong
    LOGS_TOO_LARGE, // for something on the way
    LOGS_FAILED,    // not now
    LOGS_MISPLACED, // not until somebody mends it: it blames neither events nor names
};

enum logs_meaning logs_judge(
    enum logs_step step, enum aws_outcome outcome, const struct aws_answer *answer);
