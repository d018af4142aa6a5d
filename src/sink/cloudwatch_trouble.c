// SPDX-License-Identifier: Apache-2.0
// A list of codes.
#include <string.h>

#include "base.h"
#include "sink/cloudwatch_trouble.h"

// Errors that blame a parameter, which for us is a datum: the namespace was checked before.
// Beginnings of codes: PutMetricData, API reference, and the errors common to all services. What
// says only that the body could not be read (SerializationException) may blame whoever changed it
// on its way.
static const char *const data_codes[] = {"InvalidParameterValue", "InvalidParameterCombination",
    "MissingParameter", "MissingRequiredParameter", "ValidationError", "ValidationException"};

bool cloudwatch_blames_data(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(data_codes); i++)
        if (strncmp(code, data_codes[i], strlen(data_codes[i])) == 0)
            return true;
    return false;
}
