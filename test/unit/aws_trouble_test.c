// SPDX-License-Identifier: Apache-2.0
// What each answer is about, and what is said of it. Codes: PutMetricData, PutLogEvents and the
// errors common to all services, API references.
#include <string.h>

#include "base.h"
#include "sink/aws_trouble.h"
#include "support/unit.h"

struct answered {
    enum aws_outcome outcome;
    long status;
    const char *code;
    enum aws_trouble expected;
};

static void each_answer_has_its_meaning(void **state)
{
    (void)state;
    static const struct answered cases[] = {
        {AWS_FAILED, 0, "", AWS_TROUBLE_FAILED},
        {AWS_FAILED, 500, "InternalFailure", AWS_TROUBLE_FAILED},
        {AWS_FAILED, 503, "", AWS_TROUBLE_FAILED},
        {AWS_FAILED, 400, "InvalidSignatureException", AWS_TROUBLE_FAILED},
        {AWS_FAILED, 400, "ThrottlingException", AWS_TROUBLE_THROTTLED},
        {AWS_FAILED, 400, "Throttling", AWS_TROUBLE_THROTTLED},
        {AWS_FAILED, 429, "", AWS_TROUBLE_THROTTLED},
        {AWS_EXPIRED, 400, "ExpiredTokenException", AWS_TROUBLE_EXPIRED},
        {AWS_EXPIRED, 0, "", AWS_TROUBLE_EXPIRED},
        {AWS_DENIED, 400, "AccessDeniedException", AWS_TROUBLE_DENIED},
        {AWS_DENIED, 413, "AccessDeniedException", AWS_TROUBLE_DENIED},
        {AWS_DENIED, 403, "", AWS_TROUBLE_STRANGER},
        {AWS_REFUSED, 400, "InvalidParameterValue", AWS_TROUBLE_REFUSED},
        {AWS_REFUSED, 404, "UnknownOperationException", AWS_TROUBLE_REFUSED},
        {AWS_REFUSED, 400, "OptInRequired", AWS_TROUBLE_REFUSED},
        {AWS_REFUSED, 400, "", AWS_TROUBLE_STRANGER},
        {AWS_REFUSED, 404, "", AWS_TROUBLE_STRANGER},
        {AWS_REFUSED, 307, "", AWS_TROUBLE_STRANGER},
        {AWS_REFUSED, 413, "", AWS_TROUBLE_SIZE},
        {AWS_REFUSED, 413, "RequestEntityTooLarge", AWS_TROUBLE_SIZE},
        {AWS_REFUSED, 400, "RequestEntityTooLargeException", AWS_TROUBLE_SIZE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct aws_answer answer = {
            .status = cases[i].status, .code = cases[i].code, .message = ""};
        enum aws_trouble trouble = aws_trouble_of(cases[i].outcome, &answer);
        if (trouble != cases[i].expected)
            fail_msg("%ld %s: %d", cases[i].status, cases[i].code, (int)trouble);
    }
}

static void what_somebody_has_to_mend_lasts(void **state)
{
    (void)state;
    static const struct {
        enum aws_trouble trouble;
        bool lasts;
    } cases[] = {
        {AWS_TROUBLE_FAILED, false},
        {AWS_TROUBLE_THROTTLED, false},
        {AWS_TROUBLE_EXPIRED, false},
        {AWS_TROUBLE_DENIED, false},
        {AWS_TROUBLE_STRANGER, true},
        {AWS_TROUBLE_REFUSED, true},
        {AWS_TROUBLE_SIZE, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(aws_trouble_lasts(cases[i].trouble), cases[i].lasts);
}

static void assert_words(const struct aws_answer *answer, const char *expected)
{
    scoped_free char *words = aws_trouble_words(answer);
    assert_string_equal(words, expected);
}

static void what_was_said_is_told_with_its_code(void **state)
{
    (void)state;
    assert_words(
        &(struct aws_answer){.status = 500, .code = "InternalFailure", .message = "of mine"},
        "InternalFailure: of mine");
    assert_words(&(struct aws_answer){.status = 500, .code = "InternalFailure", .message = ""},
        "InternalFailure");
    assert_words(&(struct aws_answer){.status = 502, .code = "", .message = ""}, "HTTP status 502");
    assert_words(&(struct aws_answer){.status = 502, .code = "", .message = "Bad Gateway"},
        "HTTP status 502: Bad Gateway");
    assert_words(&(struct aws_answer){.status = 0, .code = "", .message = "connection refused"},
        "connection refused");
    assert_words(&(struct aws_answer){.status = 0, .code = "", .message = ""}, "no answer");
}

static void who_can_mend_it_is_told_how(void **state)
{
    (void)state;
    static const struct aws_trouble_place place = {
        "Some Service", "section", "some:Action", "packaging/iam/some.json"};
    static const struct {
        enum aws_trouble trouble;
        const char *remedy;
    } cases[] = {
        {AWS_TROUBLE_THROTTLED, "; the service throttles calls of this account: raise"},
        {AWS_TROUBLE_THROTTLED, "raise publish.period or section.spread"},
        {AWS_TROUBLE_EXPIRED, "; the keys are not taken: see to what gives them"},
        {AWS_TROUBLE_DENIED, "the IAM action some:Action, as in packaging/iam/some.json"},
        {AWS_TROUBLE_STRANGER, "no answer of Some Service: see to the proxy, or to section.endp"},
        {AWS_TROUBLE_REFUSED, ", in answer to some:Action; "},
        {AWS_TROUBLE_REFUSED, "see to section.endpoint and section.region"},
        {AWS_TROUBLE_SIZE, "what cannot be divided is too large"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        scoped_free char *remedy = aws_trouble_remedy(cases[i].trouble, &place);
        assert_non_null(strstr(remedy, cases[i].remedy));
    }
    scoped_free char *none = aws_trouble_remedy(AWS_TROUBLE_FAILED, &place);
    assert_string_equal(none, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_its_meaning),
        cmocka_unit_test(what_somebody_has_to_mend_lasts),
        cmocka_unit_test(what_was_said_is_told_with_its_code),
        cmocka_unit_test(who_can_mend_it_is_told_how),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
