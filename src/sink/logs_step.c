// SPDX-License-Identifier: Apache-2.0
// Codes first: a status alone may be anybody's.
#include <stdbool.h>
#include <string.h>

#include "base.h"
#include "sink/aws_trouble.h"
#include "sink/logs_step.h"

const struct logs_operation logs_operations[LOGS_N_STEPS] = {
    [LOGS_PUT] = {"Logs_20140328.PutLogEvents", LOGS_PUT_ACTION},
    [LOGS_CREATE_STREAM] = {"Logs_20140328.CreateLogStream", "logs:CreateLogStream"},
    [LOGS_CREATE_GROUP] = {"Logs_20140328.CreateLogGroup", "logs:CreateLogGroup"},
};

// Sequence tokens are ignored now; where they are not, "already accepted" means just that. Group
// and stream passed their checks, so that what is invalid in a PutLogEvents is an event. An
// operation was aborted because another node creates the same thing just now.
static const struct {
    const char *code;
    bool is_of_put, is_of_creation;
    enum logs_meaning meaning;
} meanings[] = {
    {"ResourceNotFoundException", true, true, LOGS_ABSENT},
    {"ResourceAlreadyExistsException", false, true, LOGS_DONE},
    {"OperationAbortedException", false, true, LOGS_DONE},
    {"DataAlreadyAcceptedException", true, false, LOGS_ACCEPTED},
    {"InvalidParameterException", true, false, LOGS_INVALID},
};

static enum logs_meaning judge_refusal(enum logs_step step, const struct aws_answer *answer)
{
    bool is_put = step == LOGS_PUT;
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if ((is_put ? meanings[i].is_of_put : meanings[i].is_of_creation) &&
            strcmp(meanings[i].code, answer->code) == 0)
            return meanings[i].meaning;
    bool is_too_large = is_put && aws_trouble_of(AWS_REFUSED, answer) == AWS_TROUBLE_SIZE;
    return is_too_large ? LOGS_TOO_LARGE : LOGS_MISPLACED;
}

enum logs_meaning logs_judge(
    enum logs_step step, enum aws_outcome outcome, const struct aws_answer *answer)
{
    if (outcome == AWS_DONE)
        return LOGS_DONE;
    return outcome == AWS_REFUSED ? judge_refusal(step, answer) : LOGS_FAILED;
}
