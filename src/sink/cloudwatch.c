// SPDX-License-Identifier: Apache-2.0
// Datums to CloudWatch itself, by PutMetricData: no agent, no log group. A batch is one request;
// what an error says of the data decides whether it is sent again, in halves, or refused.
#include "log.h"
#include "sink/aws_check.h"
#include "sink/aws_delivery.h"
#include "sink/aws_trouble.h"
#include "sink/cloudwatch_body.h"
#include "sink/cloudwatch_options.h"
#include "sink/cloudwatch_trouble.h"

#define TARGET       "GraniteServiceVersion20100801.PutMetricData"
#define CONTENT_TYPE "application/x-amz-json-1.0"
#define ACTION       "cloudwatch:PutMetricData"

#define MAX_NAMED 8 // refused datums of a batch, each with a line of the log

struct cloudwatch {
    struct aws_delivery delivery;
    struct cloudwatch_frame frame;
    struct cloudwatch_body body; // of the part under way
};

static void send(struct aws_delivery *delivery, const struct now *now)
{
    struct cloudwatch *cloudwatch = (struct cloudwatch *)delivery;
    cloudwatch_body_make(&cloudwatch->body, &cloudwatch->frame,
        &(struct cloudwatch_span){
            delivery->batch, delivery->part.begin, bisect_end(&delivery->part)});
    aws_delivery_send(delivery, now,
        &(struct aws_request){.target = TARGET,
            .content_type = CONTENT_TYPE,
            .encoding = cloudwatch->frame.is_gzip ? "gzip" : NULL,
            .body = cloudwatch->body.bytes,
            .n_body_bytes = cloudwatch->body.n_bytes});
}

static void refuse_datum(struct aws_delivery *delivery, const struct aws_reply *reply)
{
    size_t i = delivery->part.begin;
    scoped_free char *name = cloudwatch_name_item(delivery->batch, i);
    scoped_free char *reason = aws_trouble_words(reply->answer);
    aws_delivery_refuse(delivery, i, reason);
    if (delivery->n_refused <= MAX_NAMED)
        log_error("cloudwatch: a datum of %s is refused for good, and dropped: %s", name, reason);
    aws_delivery_settle(delivery, reply);
}

// What is left of the batch goes on at once, or comes again later.
static void take_no(struct aws_delivery *delivery, const struct aws_reply *reply)
{
    const struct aws_answer *answer = reply->answer;
    enum aws_trouble trouble = aws_trouble_of(reply->outcome, answer);
    bool is_of_data = trouble == AWS_TROUBLE_REFUSED && cloudwatch_blames_data(answer->code);
    if ((is_of_data || trouble == AWS_TROUBLE_SIZE) && aws_delivery_halve(delivery, answer))
        return;
    if (is_of_data)
        refuse_datum(delivery, reply);
    else
        aws_delivery_fail(delivery, reply, &(struct aws_delivery_failure){.action = ACTION});
}

static void take(struct aws_delivery *delivery, const struct aws_reply *reply)
{
    struct cloudwatch *cloudwatch = (struct cloudwatch *)delivery;
    aws_delivery_note(delivery, reply->answer, true);
    cloudwatch_body_finish(&cloudwatch->body);
    if (reply->outcome == AWS_DONE)
        aws_delivery_succeed(delivery, reply);
    else
        take_no(delivery, reply);
}

// --- The sink ---

extern const struct sink_ops sink_cloudwatch;

static const struct aws_delivery_kind kind = {.ops = &sink_cloudwatch,
    .service = AWS_CLOUDWATCH,
    .items = "data",
    .action = ACTION,
    .policy = "packaging/iam/cloudwatch.json",
    .n_named = MAX_NAMED,
    .send = send,
    .take = take};

static void cloudwatch_destroy(struct sink *sink)
{
    struct cloudwatch *cloudwatch = (struct cloudwatch *)sink;
    if (cloudwatch == NULL)
        return;
    aws_delivery_finish(&cloudwatch->delivery);
    cloudwatch_frame_finish(&cloudwatch->frame);
    cloudwatch_body_finish(&cloudwatch->body);
    free(cloudwatch);
}

static int cloudwatch_create(const struct sink_setting *setting, struct sink **ret_sink)
{
    const struct cloudwatch_options *wanted = setting->options;
    struct cloudwatch *cloudwatch = xcalloc(1, sizeof(*cloudwatch));
    aws_delivery_init(&cloudwatch->delivery, &kind, setting);
    cloudwatch_frame_init(
        &cloudwatch->frame, setting->namespace, wanted->compression == COMPRESSION_GZIP);
    *ret_sink = &cloudwatch->delivery.sink;
    return 0;
}

static void cloudwatch_limits(const struct sink *sink, struct batch_limits *ret_limits)
{
    cloudwatch_frame_limits(&((const struct cloudwatch *)sink)->frame, ret_limits);
}

static void cloudwatch_check(const struct sink_setting *setting, struct sink_finding *ret_finding)
{
    aws_check(&kind, setting, ret_finding);
}

const struct sink_ops sink_cloudwatch = {
    .name = "cloudwatch",
    .table = {.section = "cloudwatch",
        .rows = cloudwatch_rows,
        .n_rows = CLOUDWATCH_N_ROWS,
        .options_size = sizeof(struct cloudwatch_options)},
    .form = SINK_FORM_DATUM,
    .needs_http = true,
    .create = cloudwatch_create,
    .limits = cloudwatch_limits,
    .is_ready = aws_delivery_is_ready,
    .submit = aws_delivery_submit,
    .work = aws_delivery_work,
    .wait = aws_delivery_wait,
    .hurry = aws_delivery_hurry,
    .destroy = cloudwatch_destroy,
    .check = cloudwatch_check,
};
