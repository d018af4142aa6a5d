// SPDX-License-Identifier: Apache-2.0
// Which codes are about the data. Codes: PutMetricData and the errors common to all services, API
// references.
#include "base.h"
#include "sink/cloudwatch_trouble.h"
#include "support/unit.h"

static void parameters_are_our_data_and_nothing_else_is(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        bool is_of_data;
    } cases[] = {
        {"InvalidParameterValue", true},
        {"InvalidParameterValueException", true},
        {"InvalidParameterCombination", true},
        {"InvalidParameterCombinationException", true},
        {"MissingParameter", true},
        {"MissingRequiredParameterException", true},
        {"ValidationError", true},
        {"ValidationException", true},
        {"UnknownOperationException", false},
        {"SerializationException", false},
        {"OptInRequired", false},
        {"Invalid", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (cloudwatch_blames_data(cases[i].code) != cases[i].is_of_data)
            fail_msg("%s", cases[i].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_our_data_and_nothing_else_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
