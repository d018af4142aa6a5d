// SPDX-License-Identifier: Apache-2.0
// What becomes of data after each answer. Codes: PutMetricData and the errors common to all
// services, API references.
#include <string.h>

#include "base.h"
#include "sink/cloudwatch_trouble.h"
#include "support/unit.h"

struct answered {
    enum aws_outcome outcome;
    long status;
    const char *code;
    enum cloudwatch_trouble expected;
};

static void each_answer_has_its_meaning(void **state)
{
    (void)state;
    static const struct answered cases[] = {
        {AWS_FAILED, 0, "", TROUBLE_FAILED},
        {AWS_FAILED, 500, "InternalFailure", TROUBLE_FAILED},
        {AWS_FAILED, 503, "", TROUBLE_FAILED},
        {AWS_FAILED, 400, "InvalidSignatureException", TROUBLE_FAILED},
        {AWS_FAILED, 400, "ThrottlingException", TROUBLE_THROTTLED},
        {AWS_FAILED, 400, "Throttling", TROUBLE_THROTTLED},
        {AWS_FAILED, 429, "", TROUBLE_THROTTLED},
        {AWS_EXPIRED, 400, "ExpiredTokenException", TROUBLE_EXPIRED},
        {AWS_EXPIRED, 0, "", TROUBLE_EXPIRED},
        {AWS_DENIED, 400, "AccessDeniedException", TROUBLE_DENIED},
        {AWS_DENIED, 403, "", TROUBLE_STRANGER},
        {AWS_REFUSED, 400, "InvalidParameterValue", TROUBLE_DATA},
        {AWS_REFUSED, 400, "InvalidParameterValueException", TROUBLE_DATA},
        {AWS_REFUSED, 400, "InvalidParameterCombination", TROUBLE_DATA},
        {AWS_REFUSED, 400, "InvalidParameterCombinationException", TROUBLE_DATA},
        {AWS_REFUSED, 400, "MissingParameter", TROUBLE_DATA},
        {AWS_REFUSED, 400, "MissingRequiredParameterException", TROUBLE_DATA},
        {AWS_REFUSED, 400, "ValidationError", TROUBLE_DATA},
        {AWS_REFUSED, 400, "ValidationException", TROUBLE_DATA},
        {AWS_REFUSED, 404, "UnknownOperationException", TROUBLE_REFUSED},
        {AWS_REFUSED, 400, "SerializationException", TROUBLE_REFUSED},
        {AWS_REFUSED, 400, "OptInRequired", TROUBLE_REFUSED},
        {AWS_REFUSED, 400, "Invalid", TROUBLE_REFUSED},
        {AWS_REFUSED, 400, "", TROUBLE_STRANGER},
        {AWS_REFUSED, 404, "", TROUBLE_STRANGER},
        {AWS_REFUSED, 307, "", TROUBLE_STRANGER},
        {AWS_REFUSED, 413, "", TROUBLE_SIZE},
        {AWS_REFUSED, 413, "RequestEntityTooLarge", TROUBLE_SIZE},
        {AWS_REFUSED, 400, "RequestEntityTooLargeException", TROUBLE_SIZE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct aws_answer answer = {
            .status = cases[i].status, .code = cases[i].code, .message = ""};
        enum cloudwatch_trouble trouble = cloudwatch_judge(cases[i].outcome, &answer);
        if (trouble != cases[i].expected)
            fail_msg("%ld %s: %d", cases[i].status, cases[i].code, (int)trouble);
    }
}

static void assert_told(
    enum cloudwatch_trouble trouble, const struct aws_answer *answer, const char *expected)
{
    scoped_free char *told = cloudwatch_tell(trouble, answer);
    assert_string_equal(told, expected);
}

static void what_was_said_is_told_with_its_code(void **state)
{
    (void)state;
    assert_told(TROUBLE_FAILED,
        &(struct aws_answer){.status = 500, .code = "InternalFailure", .message = "of mine"},
        "InternalFailure: of mine");
    assert_told(TROUBLE_FAILED,
        &(struct aws_answer){.status = 500, .code = "InternalFailure", .message = ""},
        "InternalFailure");
    assert_told(TROUBLE_FAILED, &(struct aws_answer){.status = 502, .code = "", .message = ""},
        "HTTP status 502");
    assert_told(TROUBLE_FAILED,
        &(struct aws_answer){.status = 502, .code = "", .message = "Bad Gateway"},
        "HTTP status 502: Bad Gateway");
    assert_told(TROUBLE_FAILED,
        &(struct aws_answer){.status = 0, .code = "", .message = "connection refused"},
        "connection refused");
    assert_told(
        TROUBLE_FAILED, &(struct aws_answer){.status = 0, .code = "", .message = ""}, "no answer");
}

static void who_can_mend_it_is_told_how(void **state)
{
    (void)state;
    static const struct {
        enum cloudwatch_trouble trouble;
        const char *remedy;
    } cases[] = {
        {TROUBLE_THROTTLED, "raise publish.period or cloudwatch.spread"},
        {TROUBLE_EXPIRED, "see to what gives them"},
        {TROUBLE_DENIED, "cloudwatch:PutMetricData, as in packaging/iam/cloudwatch.json"},
        {TROUBLE_STRANGER, "see to the proxy, or to cloudwatch.endpoint"},
        {TROUBLE_REFUSED, "see to cloudwatch.endpoint and cloudwatch.region"},
        {TROUBLE_SIZE, "one datum alone is too large"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct aws_answer answer = {.status = 400, .code = "Code", .message = "said"};
        scoped_free char *told = cloudwatch_tell(cases[i].trouble, &answer);
        assert_true(strncmp(told, "Code: said; ", 12) == 0);
        assert_non_null(strstr(told, cases[i].remedy));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_its_meaning),
        cmocka_unit_test(what_was_said_is_told_with_its_code),
        cmocka_unit_test(who_can_mend_it_is_told_how),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
