// SPDX-License-Identifier: Apache-2.0
// What is sent to PutMetricData: datums of a batch, one after the other, in the frame that names
// their namespace (AWS JSON 1.0). A part of the cloudwatch sink.
#pragma once

#include <stdbool.h>

#include "batch.h"

// PutMetricData, API reference: datums in a request, and bytes of it, ours before compression.
#define CLOUDWATCH_MAX_DATUMS 1000
#define CLOUDWATCH_MAX_BYTES  ((size_t)1000000)

struct cloudwatch_frame {
    char *head; // up to the first datum; owned
    bool is_gzip;
};

struct cloudwatch_body {
    void *bytes; // owned
    size_t n_bytes;
};

void cloudwatch_frame_init(struct cloudwatch_frame *frame, const char *namespace, bool is_gzip);
void cloudwatch_frame_finish(struct cloudwatch_frame *frame);
void cloudwatch_frame_limits(const struct cloudwatch_frame *frame, struct batch_limits *ret_limits);

// Items of a batch, at least one.
struct cloudwatch_span {
    const struct batch *batch;
    size_t first, end;
};

// In place of what it held.
void cloudwatch_body_make(struct cloudwatch_body *body, const struct cloudwatch_frame *frame,
    const struct cloudwatch_span *span);
void cloudwatch_body_finish(struct cloudwatch_body *body);

// Which metric a datum is of, for the log: "NAME {InstanceId=i-1}"; the caller's.
char *cloudwatch_name_item(const struct batch *batch, size_t item);
