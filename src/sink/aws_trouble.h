// SPDX-License-Identifier: Apache-2.0
// What an answer of a service of AWS that is not a yes is about, and how to say so: the words, and
// what to do where somebody has to do something. Pure. A part of the sinks for AWS.
#pragma once

#include "aws/client.h"

enum aws_trouble {
    AWS_TROUBLE_FAILED,    // the network, the service: not now
    AWS_TROUBLE_THROTTLED, // not now
    AWS_TROUBLE_EXPIRED,   // the keys
    AWS_TROUBLE_DENIED,    // who we are may not do it
    AWS_TROUBLE_STRANGER,  // a no without AWS's words: a proxy, or what is at a wrong endpoint
    AWS_TROUBLE_REFUSED,   // what was asked, where, or how
    AWS_TROUBLE_SIZE,      // how much it was
};

// Of any outcome but AWS_BUSY and AWS_DONE.
enum aws_trouble aws_trouble_of(enum aws_outcome outcome, const struct aws_answer *answer);
// Whether somebody has to mend it.
bool aws_trouble_lasts(enum aws_trouble trouble);

// "ThrottlingException: Rate exceeded", "HTTP status 503", "Connection refused"; the caller's.
char *aws_trouble_words(const struct aws_answer *answer);

struct aws_trouble_place {
    const char *service; // "CloudWatch"
    const char *section; // of our configuration: "cloudwatch"
    const char *action;  // of IAM, that the request takes: "cloudwatch:PutMetricData"
    const char *policy;  // the file that allows it: "packaging/iam/cloudwatch.json"
};

// Goes after the words; "" where nobody has to do anything. The caller's.
char *aws_trouble_remedy(enum aws_trouble trouble, const struct aws_trouble_place *place);
