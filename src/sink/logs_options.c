// SPDX-License-Identifier: Apache-2.0
// The rows of the section.
#include "sink/logs_names.h"
#include "sink/logs_options.h"

const struct option logs_rows[LOGS_N_ROWS] = {
    AWS_REGION_ROW("write to"),
    AWS_ENDPOINT_ROW("CloudWatch Logs"),
    {.name = "stream",
        .type = OPTION_STRING,
        .offset = offsetof(struct logs_options, stream),
        .check = logs_stream_check,
        .help =
            "The log stream; empty: the instance id, or the host name while that is not known."},
    AWS_SPREAD_ROW,
};
