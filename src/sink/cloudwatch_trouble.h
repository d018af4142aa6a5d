// SPDX-License-Identifier: Apache-2.0
// What an answer of PutMetricData that is not a yes means for the data, and how to say so. Pure. A
// part of the cloudwatch sink.
#pragma once

#include "aws/client.h"

enum cloudwatch_trouble {
    TROUBLE_FAILED,    // the network, the service: not now
    TROUBLE_THROTTLED, // not now
    TROUBLE_EXPIRED,   // the keys
    TROUBLE_DENIED,    // who we are may not do it
    TROUBLE_STRANGER,  // a no without AWS's words: a proxy, or what is at a wrong endpoint
    TROUBLE_REFUSED,   // of where it was sent, or of how, but not of the data
    TROUBLE_DATA,      // of something in the data
    TROUBLE_SIZE,      // of how much it was
};

// Of any outcome but AWS_BUSY and AWS_DONE.
enum cloudwatch_trouble cloudwatch_judge(enum aws_outcome outcome, const struct aws_answer *answer);
// What was said, and what to do where somebody has to do something; the caller's.
char *cloudwatch_tell(enum cloudwatch_trouble trouble, const struct aws_answer *answer);
